import type { Mutable, Time, TimeScalePoint, UTCTimestamp } from 'lightweight-charts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { calendar } from '../i18n/format';
import { LOCAL, UTC, ZonedTimeScale } from './localtime';

const HOUR = 3_600;
/** The marks' weights, as the library has them. */
const [HOURLY, DAILY] = [30, 50];

const zone = process.env['TZ'];
beforeEach(() => {
  process.env['TZ'] = 'Europe/Berlin';
});
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

/** The weights of hours in a row. */
function weights(first: string, hours: number, offset = LOCAL): number[] {
  const scale = new ZonedTimeScale();
  scale.offset = offset;
  const times = Array.from({ length: hours }, (_, hour) => Date.parse(first) / 1000 + hour * HOUR);
  const points = times.map(
    (time) =>
      ({ time: scale.convertHorzItemToInternal(time as UTCTimestamp as Time), originalTime: time, timeWeight: 0 }) as unknown as Mutable<TimeScalePoint>,
  );
  scale.fillWeightsForPoints(points, 0);
  // One more at the end, as a new candle comes.
  const last = points.at(-1);
  const whole = points.map(({ timeWeight }) => timeWeight as number);
  if (last) last.timeWeight = 0 as TimeScalePoint['timeWeight'];
  scale.fillWeightsForPoints(points, points.length - 1);
  expect(points.map(({ timeWeight }) => timeWeight as number)).toEqual(whole);
  return whole;
}

describe('in a zone whose clocks change', () => {
  it('each date has its own offset', () => {
    expect(LOCAL(Date.parse('2026-01-15T12:00Z') / 1000)).toBe(HOUR);
    expect(LOCAL(Date.parse('2026-07-15T12:00Z') / 1000)).toBe(2 * HOUR);
    expect(LOCAL(Date.parse('2026-10-25T00:59:59Z') / 1000)).toBe(2 * HOUR);
    expect(LOCAL(Date.parse('2026-10-25T01:00:00Z') / 1000)).toBe(HOUR);
  });

  it('days are marked at local midnight, in winter and in summer', () => {
    // From 22:00 UTC on: midnight is an hour later in winter, now in summer.
    expect(weights('2026-01-15T20:00Z', 5).indexOf(DAILY)).toBe(3);
    expect(weights('2026-07-15T20:00Z', 5).indexOf(DAILY)).toBe(2);
    expect(weights('2026-07-15T20:00Z', 5, UTC).indexOf(DAILY)).toBe(4);
  });

  it('a day has one mark, whether an hour of it comes twice or never', () => {
    const autumn = weights('2026-10-24T21:00Z', 8);
    expect(autumn.indexOf(DAILY)).toBe(1);
    // Two bars have the same wall time; every other hour has its mark.
    expect(autumn.filter((weight) => weight >= HOURLY)).toHaveLength(7);
    expect(weights('2026-03-28T22:00Z', 8).filter((weight) => weight === DAILY)).toHaveLength(1);
  });

  it('labels are written in the offset of their date', () => {
    const write = calendar('en', { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
    expect(write(Date.parse('2026-01-15T12:00Z'))).toBe('15 Jan, 13:00');
    expect(write(Date.parse('2026-07-15T12:00Z'))).toBe('15 Jul, 14:00');
    expect(calendar('en', { dateStyle: 'medium' }, 'UTC')(Date.parse('2026-07-15T00:00Z'))).toBe('15 Jul 2026');
  });
});
