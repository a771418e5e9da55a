import { expect, it } from 'vitest';
import { percent, short, stamp } from './format';

it('writes a share with its sign, and none for what rounds to nothing', () => {
  expect([percent(0.0123), percent(-0.5), percent(0), percent(-0.00001)]).toEqual(['+1.23%', '-50.00%', '0.00%', '0.00%']);
});

it('writes large amounts in short', () => {
  expect([short(0), short(0.5), short(9_999), short(12_345), short(1_234_567), short(2.5e9)]).toEqual(['0.00', '0.500', '9,999', '12.35K', '1.23M', '2.50B']);
});

it('writes small amounts with three digits that count, without an exponent', () => {
  expect([short(0.046667), short(0.093333), short(0.14), short(0.00000123)]).toEqual(['0.0467', '0.0933', '0.140', '0.00000123']);
});

it('writes a moment in short, in either language', () => {
  const moment = new Date(2026, 2, 5, 7, 8, 9).getTime();
  expect(stamp('en', moment)).toBe('5 Mar, 07:08:09');
  expect(stamp('zh', moment)).toBe('3月5日 07:08:09');
});
