// What the book panel shows: a side grouped into price steps, best first, with running totals.
import type { Side } from './book';

export interface Rung {
  price: number;
  quantity: number;
  total: number;
}

/** Groups so that a shown price is never better than the orders in it: asks round up, bids round down. */
export function ladder(side: Side, step: number, count: number, roundUp: boolean): Rung[] {
  const rungs: Rung[] = [];
  let last: Rung | undefined;
  let total = 0;
  for (const exact of side.prices()) {
    const price = (roundUp ? Math.ceil(exact / step) : Math.floor(exact / step)) * step;
    const quantity = side.levels.get(exact) ?? 0;
    if (last?.price !== price) {
      if (rungs.length === count) break;
      last = { price, quantity: 0, total: 0 };
      rungs.push(last);
    }
    total += quantity;
    last.quantity += quantity;
    last.total = total;
  }
  return rungs;
}
