// Trades seen, in order of their id, and the candles they fold into. Chart numbers are floats: they are only drawn.

export interface SeenTrade {
  id: number;
  price: string;
  quantity: string;
  time: number;
  /** The taker bought. */
  up: boolean;
}

export interface Candle {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

const KEPT = 20_000;

export class TradeLog {
  trades: SeenTrade[] = [];
  /** Rises when trades were put in before the newest, so that a follower has to start over. */
  rewrites = 0;

  clear(): void {
    this.trades = [];
    this.rewrites += 1;
  }

  /** Adds a trade that just happened; an id already seen is a repetition. */
  add(trade: SeenTrade): boolean {
    const last = this.trades.at(-1);
    if (last && trade.id <= last.id) return false;
    this.trades.push(trade);
    if (this.trades.length > KEPT * 1.25) {
      this.trades = this.trades.slice(-KEPT);
      this.rewrites += 1;
    }
    return true;
  }

  /** Adds what happened before or while nobody listened. */
  merge(older: SeenTrade[]): void {
    const byId = new Map([...older, ...this.trades].map((trade) => [trade.id, trade]));
    this.trades = [...byId.values()].sort((a, b) => a.id - b.id).slice(-KEPT);
    this.rewrites += 1;
  }
}

/** Folds trades into candles of `seconds`, on top of an unfinished last candle if there is one. */
export function fold(trades: Iterable<SeenTrade>, seconds: number, unfinished?: Candle): Candle[] {
  const candles: Candle[] = unfinished ? [{ ...unfinished }] : [];
  for (const trade of trades) {
    const price = Number(trade.price);
    const time = Math.floor(trade.time / 1000 / seconds) * seconds;
    const last = candles.at(-1);
    if (last && time <= last.time) {
      last.high = Math.max(last.high, price);
      last.low = Math.min(last.low, price);
      last.close = price;
      last.volume += Number(trade.quantity);
    } else {
      candles.push({ time, open: price, high: price, low: price, close: price, volume: Number(trade.quantity) });
    }
  }
  return candles;
}
