import { beforeEach, describe, expect, it } from 'vitest';
import { CandleStore, fromEvent, fromRow, type Candle } from './candles';

const candle = (minute: number, close: number, trades = 1): Candle => ({
  time: minute * 60_000,
  end: minute * 60_000 + 59_999,
  open: 10,
  high: Math.max(10, close),
  low: Math.min(10, close),
  close,
  volume: trades,
  trades,
});

let store: CandleStore;
beforeEach(() => {
  store = new CandleStore();
  store.merge([candle(5, 11), candle(6, 12)]);
});

describe('candles', () => {
  it('reads both forms of the wire alike', () => {
    const row = fromRow([60_000, '1.5', '2', '1', '1.8', '30', 119_999, '50', 7, '10', '20', '0']);
    const k = { t: 60_000, T: 119_999, s: 'BTCUSDT', i: '1m', o: '1.5', h: '2', l: '1', c: '1.8', v: '30', n: 7, x: false };
    expect(fromEvent({ e: 'kline', s: 'BTCUSDT', k })).toEqual(row);
    expect(row).toEqual({ time: 60_000, end: 119_999, open: 1.5, high: 2, low: 1, close: 1.8, volume: 30, trades: 7 });
  });

  it('follows the candle under way without a rewrite', () => {
    const { rewrites } = store;
    store.put(candle(6, 13, 2));
    store.put(candle(7, 14));
    expect(store.candles.map(({ close }) => close)).toEqual([11, 13, 14]);
    expect(store.rewrites).toBe(rewrites);
  });

  it('puts older pages before and missed ones between', () => {
    store.put(candle(9, 15));
    const { rewrites } = store;
    store.merge([candle(3, 1), candle(4, 2)]);
    store.merge([candle(6, 12.5, 3), candle(7, 3), candle(8, 4)]);
    expect(store.candles.map(({ time }) => time / 60_000)).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect(store.candles[3]?.close).toBe(12.5);
    expect(store.rewrites).toBe(rewrites + 2);
  });

  it('does not let an old page undo what the stream said since', () => {
    store.put(candle(6, 20, 9));
    store.merge([candle(6, 12, 4)]);
    expect(store.newest?.close).toBe(20);
  });

  it('takes a final candle that comes after its successor', () => {
    store.put(candle(7, 14));
    store.put(candle(6, 12.7, 5));
    expect(store.candles.map(({ close }) => close)).toEqual([11, 12.7, 14]);
  });

  it('is moved by a trade inside the last candle only', () => {
    expect(store.touch(9, 6 * 60_000 + 1)).toBe(true);
    expect(store.newest).toMatchObject({ low: 9, close: 9, high: 12, volume: 1 });
    expect(store.touch(99, 5 * 60_000)).toBe(false);
    expect(store.touch(99, 7 * 60_000)).toBe(false);
    expect(store.newest?.close).toBe(9);
  });
});
