import { expect, it } from 'vitest';
import { change, traded } from './change';

it('says how far a price went, with its sign', () => {
  expect(change('100.00', '102.50', 2)).toEqual({ absolute: '+2.50', percent: '+2.50%', up: true });
  expect(change('100.00000000', '99.00000000', 2)).toEqual({ absolute: '-1.00', percent: '-1.00%', up: false });
  expect(change('5', '5', 2)).toEqual({ absolute: '0.00', percent: '0.00%', up: null });
  expect(change('0', '5', 2).percent).toBe('+0.00%');
});

it('rounds the share half away from zero', () => {
  expect(change('300', '305.999', 2).percent).toBe('+2.00%');
  expect(change('300', '294.001', 2).percent).toBe('-2.00%');
  expect(change('80000', '80004', 2).percent).toBe('+0.01%');
  expect(change('80000', '79996', 2).percent).toBe('-0.01%');
});

it('knows a market without a trade', () => {
  expect(traded('0.00000000')).toBe(false);
  expect(traded('0.00000001')).toBe(true);
});
