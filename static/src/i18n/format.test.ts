import { expect, it } from 'vitest';
import { percent, short } from './format';

it('writes a share with its sign, and none for what rounds to nothing', () => {
  expect([percent(0.0123), percent(-0.5), percent(0), percent(-0.00001)]).toEqual(['+1.23%', '-50.00%', '0.00%', '0.00%']);
});

it('writes large amounts in short', () => {
  expect([short(0.5), short(9_999), short(12_345), short(1_234_567), short(2.5e9)]).toEqual(['0.50', '9999', '12.35K', '1.23M', '2.50B']);
});
