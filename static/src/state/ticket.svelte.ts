// The order being written, where the book and the charts can put a price into it.
import type { Side, TimeInForce } from '../api/types';
import type { Draft, Unit } from '../core/draft';
import { has, SHAPES, type FieldName, type Kind } from '../core/kinds';

class Ticket implements Draft {
  side = $state<Side>('BUY');
  kind = $state<Kind>('limit');
  trigger = $state('');
  trail = $state('');
  price = $state('');
  profit = $state('');
  stop = $state('');
  stopLimit = $state('');
  amount = $state('');
  iceberg = $state('');
  unit = $state<Unit>('base');
  timeInForce = $state<TimeInForce>('GTC');
  goodTill = $state('');
  postOnly = $state(false);

  /** A price picked from the book or a chart: it goes where it is missing first, else into the price. */
  take(price: string): void {
    if (this.kind === 'market') this.kind = 'limit';
    const prices: FieldName[] = ['trigger', 'price', 'profit', 'stop'];
    const mine = prices.filter((field) => has(this.kind, field));
    const missing = mine.find((field) => SHAPES[this.kind].needed.includes(field) && this[field].trim() === '');
    const field = missing ?? (mine.includes('price') ? 'price' : mine[0]);
    if (field) this[field] = price;
  }

  /** Another market: its numbers mean something else. */
  clear(): void {
    const fields: FieldName[] = ['trigger', 'trail', 'price', 'profit', 'stop', 'stopLimit', 'amount', 'iceberg'];
    for (const field of fields) this[field] = '';
  }
}

export const ticket = new Ticket();
