// A list kept by the exchange, page by page, the newest first. It is reloaded after events, but not after every single one.
import { Refused } from '../api/client';

export type Phase = 'loading' | 'ready' | 'failed';

/** The shortest time between two automatic reloads. */
export const PAUSE = 1_000;
/** Rows of a page, and of a request when all are fetched. */
export const PAGE = 50;
export const WHOLE = 1_000;

const TOO_MANY = 429;

export class Pages<Row> {
  /** The current page, the newest first. */
  rows = $state.raw<Row[]>([]);
  phase = $state<Phase>('loading');
  /** Why it failed. */
  failure = $state.raw<unknown>(null);
  /** 0 is the newest. */
  page = $state(0);
  hasOlder = $state(false);
  /** Another page is being loaded. */
  turning = $state(false);

  /** The cursors before which each page after the newest starts, down to the requested one. */
  #ends: string[] = [];
  #asked = 0;
  #news = 0;
  #busy = false;

  /** `ask` returns the rows before a cursor, the newest first; `cursorOf` returns the cursor of a row. */
  constructor(
    private readonly ask: (before: string | null, limit: number) => Promise<Row[]>,
    private readonly cursorOf: (row: Row) => string,
  ) {}

  /** Something happened. Events during a request, or soon after it, share the next request. */
  async refresh(): Promise<void> {
    this.#news += 1;
    if (this.#busy) return;
    this.#busy = true;
    let seen;
    do {
      seen = this.#news;
      await this.#show();
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    } while (seen !== this.#news);
    this.#busy = false;
  }

  /** Reloads at once. */
  async retry(): Promise<void> {
    this.phase = 'loading';
    await this.#show();
  }

  async older(): Promise<void> {
    const last = this.rows.at(-1);
    if (this.turning || !this.hasOlder || last === undefined) return;
    await this.#turn([...this.#ends, this.cursorOf(last)]);
  }

  async newer(): Promise<void> {
    if (this.turning || this.page === 0) return;
    await this.#turn(this.#ends.slice(0, -1));
  }

  /** Fetches every page and reports the number of rows so far. Waits as long as `Retry-After` says. */
  async all(onProgress: (count: number) => void): Promise<Row[]> {
    const rows: Row[] = [];
    for (;;) {
      const last = rows.at(-1);
      try {
        const found = await this.ask(last === undefined ? null : this.cursorOf(last), WHOLE);
        rows.push(...found);
        onProgress(rows.length);
        if (found.length < WHOLE) return rows;
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== TOO_MANY || error.retryAfter === null) throw error;
        const wait = error.retryAfter * 1_000;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  async #turn(ends: string[]): Promise<void> {
    const before = this.#ends;
    this.#ends = ends;
    this.turning = true;
    await this.#show();
    // The page that could not be loaded is not the current one.
    if (this.phase === 'failed' && this.#ends === ends) this.#ends = before;
    this.turning = false;
  }

  /** One row more than a page shows whether there is another page. */
  async #show(): Promise<void> {
    const mine = ++this.#asked;
    const ends = this.#ends;
    try {
      const found = await this.ask(ends.at(-1) ?? null, PAGE + 1);
      if (mine !== this.#asked) return;
      this.rows = found.slice(0, PAGE);
      this.hasOlder = found.length > PAGE;
      this.page = ends.length;
      this.phase = 'ready';
    } catch (error) {
      if (mine !== this.#asked) return;
      this.failure = error;
      this.phase = 'failed';
    }
  }
}
