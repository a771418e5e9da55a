import { expect, it } from 'vitest';
import { fold, TradeLog, type SeenTrade } from './candles';

const trade = (id: number, seconds: number, price: string): SeenTrade => ({ id, price, quantity: '2', time: seconds * 1000, up: true });

it('folds trades into candles and goes on from an unfinished one', () => {
  const first = fold([trade(1, 0, '10'), trade(2, 30, '12'), trade(3, 59, '9'), trade(4, 60, '11')], 60);
  expect(first).toEqual([
    { time: 0, open: 10, high: 12, low: 9, close: 9, volume: 6 },
    { time: 60, open: 11, high: 11, low: 11, close: 11, volume: 2 },
  ]);
  expect(fold([trade(5, 70, '13'), trade(6, 120, '1')], 60, first[1])).toEqual([
    { time: 60, open: 11, high: 13, low: 11, close: 13, volume: 4 },
    { time: 120, open: 1, high: 1, low: 1, close: 1, volume: 2 },
  ]);
});

it('keeps each trade once and in order', () => {
  const log = new TradeLog();
  expect(log.add(trade(5, 5, '1'))).toBe(true);
  expect(log.add(trade(5, 5, '1'))).toBe(false);
  log.merge([trade(4, 4, '1'), trade(5, 5, '1'), trade(3, 3, '1')]);
  expect(log.trades.map((each) => each.id)).toEqual([3, 4, 5]);
  expect(log.rewrites).toBe(1);
});
