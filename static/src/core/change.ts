// A market's change over 24 hours.
import { amount, fixed, grouped, plain } from './decimal';

export interface Change {
  /** Against the price 24 hours ago, with its sign, in the market's digits. */
  absolute: string;
  /** In percent with two digits, with its sign. */
  percent: string;
  /** Null when nothing changed. */
  up: boolean | null;
}

export function change(open: string, last: string, digits: number): Change {
  const [from, to] = [amount(open), amount(last)];
  const difference = to - from;
  const up = difference === 0n ? null : difference > 0n;
  const sign = difference > 0n ? '+' : '';
  // Half away from zero at two digits: the truncated 1.999 % must not read 1.99 %.
  const hundredths = from === 0n ? 0n : (difference * 20_000n + (difference < 0n ? -from : from)) / (2n * from);
  return { absolute: sign + grouped(fixed(difference, digits)), percent: `${sign}${twoDigits(hundredths)}%`, up };
}

function twoDigits(hundredths: bigint): string {
  const size = hundredths < 0n ? -hundredths : hundredths;
  return `${hundredths < 0n ? '-' : ''}${grouped(String(size / 100n))}.${String(size % 100n).padStart(2, '0')}`;
}

/** Whether a market traded at all: one that never did is quoted at zero. */
export function traded(last: string): boolean {
  return plain(amount(last)) !== '0';
}
