// The order being written, where the book can put a price into it.
import type { Side, TimeInForce } from '../api/types';
import type { Draft, Kind, Unit } from '../core/draft';

class Ticket implements Draft {
  side = $state<Side>('BUY');
  kind = $state<Kind>('limit');
  price = $state('');
  amount = $state('');
  unit = $state<Unit>('base');
  timeInForce = $state<TimeInForce>('GTC');
  postOnly = $state(false);

  /** A price picked from the book or the tape. */
  take(price: string): void {
    this.kind = 'limit';
    this.price = price;
  }

  /** Another market: its numbers mean something else. */
  clear(): void {
    this.price = '';
    this.amount = '';
  }
}

export const ticket = new Ticket();
