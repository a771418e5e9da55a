// What can be wrong with one number of an order: the rule it breaks, and the nearest value that does not.
import { fixed, grouped, plain } from './decimal';
import type { Fault, Typed } from './numbers';
import type { Range, Rules } from './rules';

export type ProblemKey =
  | 'problem.number'
  | 'problem.unclear'
  | 'problem.negative'
  | 'problem.decimals'
  | 'problem.digits'
  | 'problem.unit'
  | 'problem.tooLow'
  | 'problem.tooHigh'
  | 'problem.step'
  | 'problem.minNotional'
  | 'problem.maxNotional'
  | 'problem.balance'
  | 'problem.band'
  | 'problem.crosses'
  | 'problem.emptyBook'
  | 'problem.maxOrders'
  | 'problem.maxConditional'
  | 'problem.above'
  | 'problem.below'
  | 'problem.trail'
  | 'problem.icebergParts'
  | 'problem.icebergWhole'
  | 'problem.noDate'
  | 'problem.notFuture';

export interface Problem {
  key: ProblemKey;
  values: Record<string, string>;
  /** What to put there instead. */
  nearest?: string;
  /** What may be meant, where the text does not say. */
  choices?: string[];
}

export function problem(key: ProblemKey, values: Record<string, string> = {}, nearest?: bigint): Problem {
  return nearest !== undefined && nearest > 0n ? { key, values, nearest: plain(nearest) } : { key, values };
}

const OF_FAULT: Record<Fault, ProblemKey> = {
  form: 'problem.number',
  negative: 'problem.negative',
  decimals: 'problem.decimals',
  digits: 'problem.digits',
  unit: 'problem.unit',
};

/** Why what was typed is not a certain number of that unit. What is proposed instead lies in the range. */
export function ofTyped(typed: Typed, unit: string, range: Range | null): Problem | null {
  if (typed.kind === 'unclear') return { key: 'problem.unclear', values: {}, choices: typed.choices.map(plain) };
  if (typed.kind !== 'wrong') return null;
  const nearest = typed.nearest === null || range === null ? typed.nearest : nearestIn(typed.nearest, range);
  return problem(OF_FAULT[typed.fault], { unit, found: typed.found }, nearest ?? undefined);
}

/** The multiple of the step inside the range that lies nearest; of two, the lower. */
export function nearestIn(value: bigint, { min, max, step }: Range): bigint {
  const unit = step > 0n ? step : 1n;
  const least = upTo(min > 0n ? min : unit, unit);
  const most = max > 0n ? max - (max % unit) : null;
  const below = value - (value % unit);
  const rounded = value - below > below + unit - value ? below + unit : below;
  if (rounded < least) return least;
  return most !== null && rounded > most ? most : rounded;
}

/** The smallest multiple of the step that is not below the value. */
export function upTo(value: bigint, step: bigint): bigint {
  return step > 0n && value % step !== 0n ? value - (value % step) + step : value;
}

/** The exchange's own rule: a multiple of the step itself, not of the step counted from the minimum. */
export function ofRange(value: bigint, range: Range, unit: string): Problem | null {
  const nearest = nearestIn(value, range);
  if (value < range.min || value === 0n) {
    const least = range.min > 0n ? range.min : range.step;
    return problem('problem.tooLow', { limit: `${grouped(plain(least))} ${unit}` }, nearest);
  }
  if (range.max > 0n && value > range.max) return problem('problem.tooHigh', { limit: `${grouped(plain(range.max))} ${unit}` }, nearest);
  if (range.step > 0n && value % range.step !== 0n) return problem('problem.step', { step: grouped(plain(range.step)) }, nearest);
  return null;
}

/** A price that has to lie on one side of another one. */
export function ofSide(value: bigint, above: boolean, other: bigint, rules: Rules): Problem | null {
  if (above ? value > other : value < other) return null;
  const { step } = rules.price;
  const nearest = above ? other - (other % step) + step : upTo(other, step) - step;
  return problem(above ? 'problem.above' : 'problem.below', { limit: grouped(fixed(other, rules.priceDigits)) }, nearest);
}
