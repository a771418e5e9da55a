// The candles of the current market: closed candles by request, the open candle by stream, and no gap between them.
import { call, Refused } from '../api/client';
import { CandleStore, fromEvent, fromRow, type KlineRow } from '../chart/candles';
import { Frame } from '../core/frame';
import type { Interval } from '../core/interval';
import type { KlineEvent } from '../feed/protocol';

const FIRST_PAGE = 500;
const PAGE = 1000;
/** After a longer absence the newest page is worth more than everything between. */
const CATCH_UP_PAGES = 4;
const RETRY_FIRST = 250;
const RETRY_LAST = 10_000;

class Candles {
  readonly store = new CandleStore();
  /** Rises with every published change. */
  version = $state(0);
  /** Nothing to show yet, and a request is in flight. */
  loading = $state(true);

  #symbol = '';
  #interval: Interval = '1m';
  #stream = '';
  /** The stream has just started, or was interrupted: what happened before it has to be fetched. */
  #behind = true;
  /** There is no hole: everything from the oldest candle to the stream is here. */
  #complete = false;
  /** The newest candle of before the interruption. */
  #since: number | null = null;
  #turn = 0;
  #reaching = false;
  #frame = new Frame(() => {
    this.version += 1;
  });

  get interval(): Interval {
    return this.#interval;
  }

  /** Shows that market's candles and returns the stream they need. */
  show(symbol: string, interval: Interval): string {
    this.#turn += 1;
    this.#symbol = symbol;
    this.#interval = interval;
    this.#stream = `${symbol.toLowerCase()}@kline_${interval}`;
    this.#behind = true;
    this.#complete = false;
    this.#since = null;
    this.#reaching = false;
    this.loading = true;
    this.store.clear();
    this.#frame.mark();
    return this.#stream;
  }

  subscribed(active: ReadonlySet<string>): void {
    if (!this.#behind || !active.has(this.#stream)) return;
    this.#behind = false;
    void this.#catchUp();
  }

  disconnected(): void {
    if (this.#complete) this.#since = this.store.newest?.time ?? null;
    this.#complete = false;
    this.#behind = true;
    this.#turn += 1;
    this.#reaching = false;
  }

  message(stream: string, data: unknown): boolean {
    if (stream !== this.#stream) return false;
    this.store.put(fromEvent(data as KlineEvent));
    this.#frame.mark();
    return true;
  }

  /** A trade of the current market. */
  trade(price: string, time: number): void {
    if (!this.#behind && this.store.touch(Number(price), time)) this.#frame.mark();
  }

  /** Fetches the page before the oldest candle, unless that was the first ever. */
  async older(): Promise<void> {
    const { oldest } = this.store;
    if (!this.#complete || this.#reaching || this.store.whole || !oldest) return;
    const turn = this.#turn;
    this.#reaching = true;
    try {
      const page = await this.#page({ endTime: oldest.time - 1, limit: PAGE });
      if (turn !== this.#turn) return;
      if (page.every((candle) => candle.time >= oldest.time)) this.store.whole = true;
      else this.store.merge(page);
      this.#frame.mark();
    } catch {
      // The next scroll asks again.
    } finally {
      if (turn === this.#turn) this.#reaching = false;
    }
  }

  async #catchUp(): Promise<void> {
    const turn = this.#turn;
    for (let wait = RETRY_FIRST; turn === this.#turn; wait = Math.min(wait * 2, RETRY_LAST)) {
      try {
        await this.#fill(turn);
        return;
      } catch (error) {
        if (error instanceof Refused && error.retryAfter !== null) wait = Math.max(wait, error.retryAfter * 1000);
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  /** Fetches what is missing between the loaded candles and the stream. */
  async #fill(turn: number): Promise<void> {
    for (let pages = 0; this.#since !== null && pages < CATCH_UP_PAGES; pages += 1) {
      const page = await this.#page({ startTime: this.#since, limit: PAGE });
      if (turn !== this.#turn) return;
      this.store.merge(page);
      this.#frame.mark();
      if (page.length < PAGE) {
        this.#complete = true;
        return;
      }
      this.#since = page.at(-1)?.time ?? null;
    }
    const page = await this.#page({ limit: FIRST_PAGE });
    if (turn !== this.#turn) return;
    // Never two runs of candles with a hole between: the older run goes.
    if (this.#since !== null) this.store.clear();
    this.store.merge(page);
    this.#complete = true;
    this.loading = false;
    this.#frame.mark();
  }

  async #page(bounds: Record<string, number>) {
    const parameters = { symbol: this.#symbol, interval: this.#interval, ...bounds };
    return (await call<KlineRow[]>('GET', '/api/v3/klines', parameters)).map(fromRow);
  }
}

export const candles = new Candles();
