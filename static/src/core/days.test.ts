import { expect, it } from 'vitest';
import { span } from './days';

const at = (...parts: [number, number, number]): number => new Date(...parts).getTime();

it('reaches from the first moment of one day to the last of the other', () => {
  expect(span('2026-03-05', '2026-03-31')).toEqual({ startTime: at(2026, 2, 5), endTime: at(2026, 3, 1) - 1 });
  expect(span('2026-03-05', '2026-03-05')).toEqual({ startTime: at(2026, 2, 5), endTime: at(2026, 2, 6) - 1 });
});

it('is open where no day was chosen, or not all of it typed', () => {
  expect(span('', '')).toEqual({});
  expect(span('2026-03-05', '')).toEqual({ startTime: at(2026, 2, 5) });
  expect(span('', '2026-03-05')).toEqual({ endTime: at(2026, 2, 6) - 1 });
  expect(span('0002-03-05', '')).toEqual({});
});

it('is none when the days are the wrong way round', () => {
  expect(span('2026-03-06', '2026-03-05')).toBeNull();
});
