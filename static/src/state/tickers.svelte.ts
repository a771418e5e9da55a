// The last 24 hours: in full for the current market, in short for every market while the list of them is open.
import { call } from '../api/client';
import type { Ticker } from '../api/types';
import type { MiniTickerEvent, TickerEvent } from '../feed/protocol';

/** The 24-hour figures of a market that the page shows. */
export interface Day {
  open: string;
  last: string;
  high: string;
  low: string;
  volume: string;
  quoteVolume: string;
}

const EVERYBODY = '!miniTicker@arr';

class Tickers {
  #days = $state.raw<ReadonlyMap<string, Day>>(new Map());
  #symbol = '';
  #stream = '';
  #watching = false;
  #behind = true;
  #listed = false;

  of(symbol: string | undefined): Day | null {
    return this.#days.get(symbol ?? '') ?? null;
  }

  /** Follows that market and returns the stream it needs. */
  show(symbol: string): string {
    this.#symbol = symbol;
    this.#stream = `${symbol.toLowerCase()}@ticker`;
    this.#behind = true;
    return this.#stream;
  }

  /** Follows all markets, or stops; returns the streams that needs. */
  watch(all: boolean): string[] {
    this.#watching = all;
    if (all) this.#listed = false;
    return all ? [EVERYBODY] : [];
  }

  subscribed(active: ReadonlySet<string>): void {
    if (this.#watching && !this.#listed && active.has(EVERYBODY)) {
      this.#listed = true;
      void this.#load({});
    }
    if (this.#behind && active.has(this.#stream)) {
      this.#behind = false;
      void this.#load({ symbol: this.#symbol });
    }
  }

  disconnected(): void {
    this.#behind = true;
    this.#listed = false;
  }

  message(stream: string, data: unknown): boolean {
    if (stream === this.#stream) this.#put([[this.#symbol, fromEvent(data as TickerEvent)]]);
    else if (stream === EVERYBODY) this.#put((data as MiniTickerEvent[]).map((event) => [event.s, fromEvent(event)]));
    else return false;
    return true;
  }

  async #load(parameters: Record<string, string>): Promise<void> {
    try {
      const answer = await call<Ticker | Ticker[]>('GET', '/api/v3/ticker/24hr', parameters);
      const list = Array.isArray(answer) ? answer : [answer];
      this.#put(list.map((ticker) => [ticker.symbol, fromAnswer(ticker)]));
    } catch {
      // The stream speaks with the next trade; until then there is nothing to say.
    }
  }

  #put(days: [symbol: string, day: Day][]): void {
    this.#days = new Map([...this.#days, ...days]);
  }
}

function fromEvent({ o, c, h, l, v, q }: MiniTickerEvent | TickerEvent): Day {
  return { open: o, last: c, high: h, low: l, volume: v, quoteVolume: q };
}

function fromAnswer(ticker: Ticker): Day {
  return {
    open: ticker.openPrice,
    last: ticker.lastPrice,
    high: ticker.highPrice,
    low: ticker.lowPrice,
    volume: ticker.volume,
    quoteVolume: ticker.quoteVolume,
  };
}

export const tickers = new Tickers();
