// The order being written, where the book and the charts can put a price into it.
import type { Side, TimeInForce } from '../api/types';
import type { Draft, Unit } from '../core/draft';
import { has, SHAPES, type FieldName, type Kind } from '../core/kinds';

const FIELDS: readonly FieldName[] = ['trigger', 'trail', 'price', 'profit', 'stop', 'stopLimit', 'amount', 'iceberg'];

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
  /** The share of the balance the amount was computed from, in percent; 0 when it was typed. */
  percent = $state(0);

  /** Switches the order type, which starts with empty fields. */
  pick(kind: Kind): void {
    if (kind === this.kind) return;
    this.kind = kind;
    this.clear();
  }

  turn(side: Side): void {
    this.side = side;
    this.forget();
  }

  count(unit: Unit): void {
    this.unit = unit;
    this.forget();
  }

  /** A price picked from the book or a chart: it goes where it is missing first, else into the price. */
  take(price: string): void {
    if (this.kind === 'market') this.pick('limit');
    const prices: FieldName[] = ['trigger', 'price', 'profit', 'stop'];
    const mine = prices.filter((field) => has(this.kind, field));
    const missing = mine.find((field) => SHAPES[this.kind].needed.includes(field) && this[field].trim() === '');
    const field = missing ?? (mine.includes('price') ? 'price' : mine[0]);
    if (field) this[field] = price;
  }

  /** Clears the amounts after an order was placed, or when they change their meaning. */
  forget(): void {
    this.percent = 0;
    this.amount = '';
    this.iceberg = '';
  }

  /** Resets everything but side and type. */
  clear(): void {
    for (const field of FIELDS) this[field] = '';
    this.percent = 0;
    this.unit = 'base';
    this.timeInForce = 'GTC';
    this.goodTill = '';
    this.postOnly = false;
  }
}

export const ticket = new Ticket();
