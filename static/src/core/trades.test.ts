import { expect, it } from 'vitest';
import { TradeLog, type SeenTrade } from './trades';

const trade = (id: number): SeenTrade => ({ id, price: '1', quantity: '2', time: id * 1000, up: true });

it('keeps each trade once and in order', () => {
  const log = new TradeLog();
  expect(log.add(trade(5))).toBe(true);
  expect(log.add(trade(5))).toBe(false);
  log.merge([trade(4), trade(5), trade(3)]);
  expect(log.trades.map((each) => each.id)).toEqual([3, 4, 5]);
});

it('forgets the oldest of many', () => {
  const log = new TradeLog();
  for (let id = 1; id <= 2_500; id += 1) log.add(trade(id));
  expect(log.trades.length).toBeLessThanOrEqual(1_000);
  expect(log.trades.at(-1)?.id).toBe(2_500);
});
