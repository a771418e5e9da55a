// The depth chart's numbers: how much can be bought or sold up to a price. Integer units, as the book keeps them.
import type { Side } from './book';

export interface DepthPoint {
  price: number;
  /** Everything from the best price to this one. */
  total: number;
}

/** Running totals of one side, best price first, up to the price `bound`. */
export function cumulate(side: Side, bound: number): DepthPoint[] {
  const points: DepthPoint[] = [];
  let total = 0;
  for (const price of side.prices()) {
    if (side.descending ? price < bound : price > bound) break;
    total += side.levels.get(price) ?? 0;
    points.push({ price, total });
  }
  return points;
}

/** The last point that lies between the best price and `price`; null where nothing does. */
export function reach(points: readonly DepthPoint[], price: number, descending: boolean): DepthPoint | null {
  return points.findLast((point) => (descending ? point.price >= price : point.price <= price)) ?? null;
}

/** What everything up to `point` is worth, exactly, in units of price times units of quantity. */
export function worth(points: readonly DepthPoint[], point: DepthPoint): bigint {
  let sum = 0n;
  let before = 0;
  for (const { price, total } of points) {
    sum += BigInt(price) * BigInt(total - before);
    before = total;
    if (price === point.price) break;
  }
  return sum;
}

/** An SVG path of steps through the points, in a box of `width` by `height`, closed along its foot. */
export function staircase(
  points: readonly DepthPoint[],
  x: (price: number) => number,
  y: (total: number) => number,
  edge: number,
  foot: number,
): string {
  const first = points[0];
  if (!first) return '';
  let path = `M${round(x(first.price))} ${foot}`;
  for (const { price, total } of points) path += `H${round(x(price))}V${round(y(total))}`;
  return `${path}H${round(edge)}V${foot}Z`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
