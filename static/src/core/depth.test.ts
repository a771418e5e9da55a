import { describe, expect, it } from 'vitest';
import { Side } from './book';
import { cumulate, reach, staircase, worth } from './depth';

function side(descending: boolean, levels: [number, number][]): Side {
  const made = new Side(descending);
  for (const [price, quantity] of levels) made.set(price, quantity);
  return made;
}

const bids = side(true, [[99, 2], [98, 3], [90, 5]]);
const asks = side(false, [[101, 1], [104, 4], [120, 8]]);

describe('depth', () => {
  it('adds up from the best price to the bound', () => {
    expect(cumulate(bids, 95)).toEqual([{ price: 99, total: 2 }, { price: 98, total: 5 }]);
    expect(cumulate(asks, 104)).toEqual([{ price: 101, total: 1 }, { price: 104, total: 5 }]);
    expect(cumulate(side(true, []), 0)).toEqual([]);
  });

  it('answers how much lies up to a price, on both sides', () => {
    const [buyers, sellers] = [cumulate(bids, 0), cumulate(asks, 200)];
    expect(reach(buyers, 98, true)).toEqual({ price: 98, total: 5 });
    expect(reach(buyers, 91, true)).toEqual({ price: 98, total: 5 });
    expect(reach(buyers, 100, true)).toBeNull();
    expect(reach(sellers, 103, false)).toEqual({ price: 101, total: 1 });
    expect(reach(sellers, 100, false)).toBeNull();
  });

  it('values what lies up to a point exactly', () => {
    const points = cumulate(bids, 0);
    expect(worth(points, points[1]!)).toBe(99n * 2n + 98n * 3n);
    const big = cumulate(side(false, [[12_345_678_901, 9_007_199_254_740_991]]), Infinity);
    expect(worth(big, big[0]!)).toBe(12_345_678_901n * 9_007_199_254_740_991n);
  });

  it('draws steps and closes them at the foot', () => {
    const path = staircase(cumulate(asks, 110), (price) => price - 100, (total) => 10 - total, 10, 10);
    expect(path).toBe('M1 10H1V9H4V5H10V10Z');
    expect(staircase([], Number, Number, 0, 0)).toBe('');
  });
});
