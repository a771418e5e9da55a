// Matches an order against the visible book, level by level. Hidden iceberg quantity can only improve the result.
import type { Side } from '../api/types';
import { divide, floorTo, ONE } from './decimal';
import type { Range } from './rules';

/** A price and the quantity visible there. */
export interface Level {
  price: bigint;
  quantity: bigint;
}

/** Limits of an order; all apply at once, `null` is no limit. */
export interface Bounds {
  side: Side;
  /** The worst price. */
  limit: bigint | null;
  /** In the base asset. */
  amount: bigint | null;
  /** In the quote asset. */
  budget: bigint | null;
  /** The order is by quote amount: `budget` is its size, and `amount` only what the account can sell. */
  byBudget: boolean;
  /** The lot step. */
  step: bigint;
}

/** Why an order does not fill completely: the visible book ends, its worst price, or the account's funds. */
export type End = 'book' | 'limit' | 'funds';

export interface Walk {
  /** Base quantity filled, and its value in quote. */
  filled: bigint;
  money: bigint;
  /** The first and last fill price; `null` without a fill. */
  best: bigint | null;
  worst: bigint | null;
  /** `null` when the order fills; a quote amount counts as filled when the rest buys no lot. */
  end: End | null;
}

/** Matches against the levels of the other side, best price first. */
export function walk(levels: Iterable<Level>, { side, limit, amount, budget, byBudget, step }: Bounds): Walk {
  let filled = 0n;
  /** Value, in price units times quantity units. */
  let product = 0n;
  let best: bigint | null = null;
  let worst: bigint | null = null;
  const ended = (end: End | null): Walk => ({ filled, money: product / ONE, best, worst, end });
  for (const { price, quantity } of levels) {
    if (limit !== null && (side === 'BUY' ? price > limit : price < limit)) return ended('limit');
    const wanted = amount === null ? quantity : least(quantity, amount - filled);
    const affordable = budget === null ? wanted : floorTo((budget * ONE - product) / price, step);
    const traded = least(wanted, affordable);
    if (traded > 0n) {
      best ??= price;
      worst = price;
      filled += traded;
      product += price * traded;
    }
    if (affordable < wanted) return ended(byBudget && filled > 0n ? null : 'funds');
    if (filled === amount) return ended(byBudget ? 'funds' : null);
  }
  return ended(byBudget && budget !== null && product === budget * ONE ? null : 'book');
}

export function averageOf({ filled, money }: Walk): bigint | null {
  return filled > 0n ? divide(money, filled) : null;
}

/** The worst price a market order may trade at (ADR 0004): so far from the reference, rounded towards it, within PRICE_FILTER. */
export function collarOf(side: Side, rate: bigint, reference: bigint, { min, max, step }: Range): bigint {
  const scaled = reference * (side === 'BUY' ? ONE + rate : ONE - least(rate, ONE));
  const tick = step * ONE;
  const ticks = scaled / tick + (side === 'SELL' && scaled % tick > 0n ? 1n : 0n);
  const bound = most(most(ticks * step, min), step);
  return max > 0n ? least(bound, max) : bound;
}

function least(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

function most(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}
