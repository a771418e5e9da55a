import { expect, it } from 'vitest';
import { Side } from './book';
import { ladder } from './ladder';

function side(descending: boolean, levels: [number, number][]): Side {
  const made = new Side(descending);
  for (const [price, quantity] of levels) made.set(price, quantity);
  return made;
}

it('shows the best levels with running totals', () => {
  const asks = side(false, [[103, 3], [101, 1], [102, 2]]);
  expect(ladder(asks, 1, 2, true)).toEqual([
    { price: 101, quantity: 1, total: 1 },
    { price: 102, quantity: 2, total: 3 },
  ]);
});

it('rounds asks up and bids down', () => {
  const levels: [number, number][] = [[101, 1], [109, 2], [111, 4]];
  expect(ladder(side(false, levels), 10, 5, true).map((rung) => [rung.price, rung.quantity])).toEqual([[110, 3], [120, 4]]);
  expect(ladder(side(true, levels), 10, 5, false).map((rung) => [rung.price, rung.quantity])).toEqual([[110, 4], [100, 3]]);
});
