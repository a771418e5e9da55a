// One market's candles of one length, oldest first. Chart numbers are floats: they are only drawn.
import type { KlineEvent } from '../feed/protocol';

export interface Candle {
  /** When it opened, in milliseconds. */
  time: number;
  /** The last millisecond that belongs to it. */
  end: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  /** How many trades it holds: of two versions of a candle, the one with more is the newer. */
  trades: number;
}

/** A row of `GET /api/v3/klines`, as far as the chart reads it. */
export type KlineRow = [
  time: number,
  open: string,
  high: string,
  low: string,
  close: string,
  volume: string,
  end: number,
  quoteVolume: string,
  trades: number,
  ...rest: unknown[],
];

export function fromRow([time, open, high, low, close, volume, end, , trades]: KlineRow): Candle {
  return { time, end, open: +open, high: +high, low: +low, close: +close, volume: +volume, trades };
}

export function fromEvent({ k }: KlineEvent): Candle {
  return { time: k.t, end: k.T, open: +k.o, high: +k.h, low: +k.l, close: +k.c, volume: +k.v, trades: k.n };
}

export class CandleStore {
  candles: Candle[] = [];
  /** The first candle ever is here, so there is nothing older to ask for. */
  whole = false;
  /** Rises when anything but the end of the list changed, so that a follower has to start over. */
  rewrites = 0;

  get oldest(): Candle | undefined {
    return this.candles[0];
  }

  get newest(): Candle | undefined {
    return this.candles.at(-1);
  }

  clear(): void {
    this.candles = [];
    this.whole = false;
    this.rewrites += 1;
  }

  /** The candle as it is now; most of the time the last one, or the one after it. */
  put(candle: Candle): void {
    const last = this.newest;
    if (!last || candle.time > last.time) this.candles.push(candle);
    else if (candle.time === last.time) this.candles[this.candles.length - 1] = candle;
    else this.merge([candle]);
  }

  /** A page from the exchange: older candles, or those that were missed. */
  merge(page: Candle[]): void {
    const byTime = new Map(this.candles.map((candle) => [candle.time, candle]));
    for (const candle of page) {
      const known = byTime.get(candle.time);
      if (!known || candle.trades >= known.trades) byTime.set(candle.time, candle);
    }
    this.candles = [...byTime.values()].sort((a, b) => a.time - b.time);
    this.rewrites += 1;
  }

  /** A trade updates the open candle before the exchange does; its volume comes with the next update. */
  touch(price: number, time: number): boolean {
    const last = this.newest;
    if (!last || time < last.time || time > last.end || price === last.close) return false;
    this.candles[this.candles.length - 1] = {
      ...last,
      high: Math.max(last.high, price),
      low: Math.min(last.low, price),
      close: price,
    };
    return true;
  }
}
