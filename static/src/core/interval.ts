// The candle lengths of the exchange, under the names of its wire.

export const INTERVALS = [
  '1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M',
] as const;

export type Interval = (typeof INTERVALS)[number];

export function isInterval(value: unknown): value is Interval {
  return (INTERVALS as readonly unknown[]).includes(value);
}

/** A candle of a day or longer: it opens at midnight UTC, so it is named by its date there. */
export function isDaily(interval: Interval): boolean {
  return /[dwM]$/.test(interval);
}
