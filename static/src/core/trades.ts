// Trades seen, in order of their id.

export interface SeenTrade {
  id: number;
  price: string;
  quantity: string;
  time: number;
  /** The taker bought. */
  up: boolean;
}

/** Enough for the tape and for the direction of the last price. */
const KEPT = 500;

export class TradeLog {
  trades: SeenTrade[] = [];

  clear(): void {
    this.trades = [];
  }

  /** Adds a trade that just happened; an id already seen is a repetition. */
  add(trade: SeenTrade): boolean {
    const last = this.trades.at(-1);
    if (last && trade.id <= last.id) return false;
    this.trades.push(trade);
    // Cut in blocks, so that a busy market does not copy the list with every trade.
    if (this.trades.length > KEPT * 2) this.trades = this.trades.slice(-KEPT);
    return true;
  }

  /** Adds trades from before the subscription or from an interruption. */
  merge(older: SeenTrade[]): void {
    const byId = new Map([...older, ...this.trades].map((trade) => [trade.id, trade]));
    this.trades = [...byId.values()].sort((a, b) => a.id - b.id).slice(-KEPT);
  }
}
