// One symbol's order book, kept from a snapshot and a gapless run of diffs:
// syncing -> live -> gap -> syncing. It does no I/O; the caller fetches a snapshot when one is needed.
import { units } from './decimal';

export type Level = readonly [price: string, quantity: string];
export type BookState = 'syncing' | 'live' | 'gap';

export interface Snapshot {
  lastUpdateId: number;
  bids: Level[];
  asks: Level[];
}

/** A depth update as the stream sends it: first and last update id, then absolute quantities. */
export interface Diff {
  U: number;
  u: number;
  b: Level[];
  a: Level[];
}

/** Diffs kept while a snapshot is on its way; beyond this a newer snapshot is cheaper than the replay. */
const BUFFER_LIMIT = 4096;

/** The prices of one side, best first, in integer units. */
export class Side {
  readonly levels = new Map<number, number>();
  #sorted: number[] | null = null;

  constructor(readonly descending: boolean) {}

  set(price: number, quantity: number): void {
    if (quantity === 0) {
      if (this.levels.delete(price)) this.#sorted = null;
    } else {
      if (!this.levels.has(price)) this.#sorted = null;
      this.levels.set(price, quantity);
    }
  }

  clear(): void {
    this.levels.clear();
    this.#sorted = null;
  }

  /** Sorted again only when a price came or went. */
  prices(): readonly number[] {
    this.#sorted ??= [...this.levels.keys()].sort(this.descending ? (a, b) => b - a : (a, b) => a - b);
    return this.#sorted;
  }

  best(): number | null {
    return this.prices()[0] ?? null;
  }
}

export class Book {
  readonly bids = new Side(true);
  readonly asks = new Side(false);
  state: BookState = 'syncing';
  lastUpdateId = 0;
  gaps = 0;
  #buffer: Diff[] = [];

  constructor(
    readonly priceDigits: number,
    readonly quantityDigits: number,
  ) {}

  /** Starts over: a new connection, or the snapshot after a gap is being fetched. Old levels stay to be shown greyed. */
  sync(): void {
    this.state = 'syncing';
  }

  /** The connection is gone, so are the diffs that belong to it. */
  disconnected(): void {
    this.state = 'syncing';
    this.#buffer = [];
  }

  /** Applies a diff. False means that a snapshot is needed to continue. */
  diff(diff: Diff): boolean {
    if (this.state !== 'live') {
      this.#keep(diff);
      return true;
    }
    if (diff.u <= this.lastUpdateId) return true;
    if (diff.U > this.lastUpdateId + 1) {
      this.state = 'gap';
      this.gaps += 1;
      this.#buffer = [diff];
      return false;
    }
    this.#apply(diff);
    return true;
  }

  /** Takes a snapshot and replays what was kept. False means that it was too old and a newer one is needed. */
  snapshot(snapshot: Snapshot): boolean {
    const kept = this.#buffer.filter((diff) => diff.u > snapshot.lastUpdateId);
    let last = snapshot.lastUpdateId;
    for (const diff of kept) {
      if (diff.U > last + 1) return false;
      last = diff.u;
    }
    this.bids.clear();
    this.asks.clear();
    this.#levels(this.bids, snapshot.bids);
    this.#levels(this.asks, snapshot.asks);
    this.lastUpdateId = snapshot.lastUpdateId;
    for (const diff of kept) this.#apply(diff);
    this.#buffer = [];
    this.state = 'live';
    return true;
  }

  #keep(diff: Diff): void {
    const previous = this.#buffer.at(-1);
    // A hole in the buffer itself: only a snapshot from after the hole can help, so what lies before it is useless.
    if (previous && diff.U > previous.u + 1) this.#buffer = [];
    if (this.#buffer.length >= BUFFER_LIMIT) this.#buffer.shift();
    this.#buffer.push(diff);
  }

  #apply(diff: Diff): void {
    this.#levels(this.bids, diff.b);
    this.#levels(this.asks, diff.a);
    this.lastUpdateId = diff.u;
  }

  #levels(side: Side, levels: Level[]): void {
    for (const [price, quantity] of levels) {
      side.set(units(price, this.priceDigits), units(quantity, this.quantityDigits));
    }
  }
}
