// The current market: its rules, its book, its trades. Messages change plain data; one frame publishes views.
import { call, Refused } from '../api/client';
import type { ExchangeInfo, Side, SymbolInfo, Trade } from '../api/types';
import { Book, type BookState, type Snapshot } from '../core/book';
import { amount, fixed, grouped, SCALE, units, unitsText } from '../core/decimal';
import { Frame } from '../core/frame';
import { ladder, type Rung } from '../core/ladder';
import { rulesOf, type Rules } from '../core/rules';
import { TradeLog, type SeenTrade } from '../core/trades';
import type { Level } from '../core/walk';
import type { DepthEvent, TradeEvent } from '../feed/protocol';
import { clock } from '../i18n/format';
import { candles } from './candles.svelte';

const SNAPSHOT_LEVELS = 1000;
const BACKFILL = 200;
const TAPE_ROWS = 60;
const STEPS = [1, 10, 100, 1000];
const RETRY_FIRST = 100;
const RETRY_LAST = 5_000;

export interface BookRow {
  /** In plain digits, to be put into a field; what follows is to be shown. */
  price: string;
  quantity: string;
  total: string;
  /** The running total against the larger side's, 0 to 1. */
  fill: number;
  /** Exact when the book is not grouped; own orders are found by it. */
  units: number;
}

export interface BookView {
  asks: BookRow[];
  bids: BookRow[];
  spread: string | null;
  bestAsk: bigint | null;
  bestBid: bigint | null;
}

export interface TapeRow {
  id: number;
  price: string;
  quantity: string;
  time: string;
  up: boolean;
}

export interface LastPrice {
  /** As the page shows it, as the server sent it, and as an amount. */
  text: string;
  raw: string;
  value: bigint;
  /** Against the last different price; null while there was none. */
  up: boolean | null;
}

const NOTHING: BookView = { asks: [], bids: [], spread: null, bestAsk: null, bestBid: null };

class Market {
  symbols = $state.raw<SymbolInfo[]>([]);
  rules = $state.raw<Rules | null>(null);
  step = $state(1);
  rows = $state(14);

  view = $state.raw<BookView>(NOTHING);
  tape = $state.raw<TapeRow[]>([]);
  last = $state.raw<LastPrice | null>(null);
  bookState = $state<BookState>('syncing');
  updateId = $state(0);
  gaps = $state(0);
  /** Rises with every published change of the book. */
  bookAt = $state(0);

  #log = new TradeLog();
  #book = new Book(2, 5);
  /** Price digits of every market. */
  #digits = new Map<string, number>();
  #streams: string[] = [];
  #tradesChanged = false;
  #frame = new Frame(() => this.#publish());
  #syncs = 0;
  /** The streams have just started, or were interrupted: what was before them has to be fetched. */
  #behind = true;

  /** The whole book, to be read after `bookAt` changed. */
  get book(): Book {
    return this.#book;
  }

  /** Levels an order of that side trades against, best price first; to be read again after `bookAt` changed. */
  *levels(side: Side): Iterable<Level> {
    const { asks, bids, priceDigits, quantityDigits } = this.#book;
    const half = side === 'BUY' ? asks : bids;
    const [perPrice, perQuantity] = [10n ** BigInt(SCALE - priceDigits), 10n ** BigInt(SCALE - quantityDigits)];
    for (const price of half.prices()) {
      yield { price: BigInt(price) * perPrice, quantity: BigInt(half.levels.get(price) ?? 0) * perQuantity };
    }
  }

  /** Price steps to group the book by, in the integer units of the book. */
  get steps(): number[] {
    const tick = this.tick;
    return STEPS.map((factor) => factor * tick);
  }

  /** A price of any market with that market's digits, as the page shows it. */
  priceText(symbol: string, price: string): string {
    return grouped(fixed(amount(price), this.#digits.get(symbol) ?? SCALE));
  }

  /** Assets and price digits of a market. */
  unitsOf(symbol: string): { base: string; quote: string; priceDigits: number } {
    const info = this.symbols.find((each) => each.symbol === symbol);
    return { base: info?.baseAsset ?? '', quote: info?.quoteAsset ?? '', priceDigits: this.#digits.get(symbol) ?? SCALE };
  }

  /** The asset that prices of a market are in. */
  quoteOf(symbol: string): string {
    return this.symbols.find((info) => info.symbol === symbol)?.quoteAsset ?? '';
  }

  stepText(step: number): string {
    return grouped(unitsText(step, this.rules?.priceDigits ?? 2));
  }

  async load(): Promise<void> {
    this.symbols = (await call<ExchangeInfo>('GET', '/api/v3/exchangeInfo')).symbols;
    this.#digits = new Map(this.symbols.map((info) => [info.symbol, rulesOf(info).priceDigits]));
  }

  /** Reads the trading rules again: an operator may change them while the page is open. */
  async rereadRules(): Promise<void> {
    const shown = (): SymbolInfo | undefined => this.symbols.find((each) => each.symbol === this.rules?.symbol);
    const before = JSON.stringify(shown());
    await this.load();
    const info = shown();
    if (info && JSON.stringify(info) !== before) this.rules = rulesOf(info);
  }

  /** Whether the market shown trades, as the exchange names it. */
  get status(): string {
    return this.symbols.find((each) => each.symbol === this.rules?.symbol)?.status ?? 'TRADING';
  }

  /** Shows that symbol and returns the streams it needs. */
  show(symbol: string): string[] {
    const info = this.symbols.find((each) => each.symbol === symbol) ?? this.symbols[0];
    if (!info) return [];
    this.rules = rulesOf(info);
    this.#book = new Book(this.rules.priceDigits, this.rules.quantityDigits);
    this.step = this.tick;
    this.#log.clear();
    this.view = NOTHING;
    this.last = null;
    this.tape = [];
    this.#tradesChanged = true;
    this.#behind = true;
    const name = info.symbol.toLowerCase();
    this.#streams = [`${name}@depth@100ms`, `${name}@trade`];
    this.#frame.mark();
    return this.#streams;
  }

  subscribed(active: ReadonlySet<string>): void {
    if (!this.#behind || !this.#streams.every((stream) => active.has(stream))) return;
    this.#behind = false;
    void this.#syncBook();
    void this.#backfill();
  }

  disconnected(): void {
    this.#syncs += 1;
    this.#behind = true;
    this.#book.disconnected();
    this.#frame.mark();
  }

  message(stream: string, data: unknown): void {
    if (stream === this.#streams[0]) {
      if (!this.#book.diff(data as DepthEvent)) {
        // Grey before the next paint, not only after the snapshot is requested.
        this.bookState = 'gap';
        void this.#syncBook();
      }
    } else if (stream === this.#streams[1]) {
      const { t, p, q, T, m } = data as TradeEvent;
      if (this.#log.add({ id: t, price: p, quantity: q, time: T, up: !m })) {
        this.#tradesChanged = true;
        candles.trade(p, T);
      }
    }
    this.#frame.mark();
  }

  /** The view depends on something else that changed: the price step or the space for rows. */
  refresh(): void {
    this.#frame.mark();
  }

  /** The price step, in the integer units of the book. */
  get tick(): number {
    const rules = this.rules;
    return rules ? Math.max(1, Number(rules.price.step / 10n ** BigInt(8 - rules.priceDigits))) : 1;
  }

  async #syncBook(): Promise<void> {
    const mine = ++this.#syncs;
    const book = this.#book;
    const symbol = this.rules?.symbol ?? '';
    for (let wait = RETRY_FIRST; mine === this.#syncs; wait = Math.min(wait * 2, RETRY_LAST)) {
      try {
        const snapshot = await call<Snapshot>('GET', '/api/v3/depth', { symbol, limit: SNAPSHOT_LEVELS });
        if (mine !== this.#syncs) return;
        if (book.state === 'gap') book.sync();
        if (book.snapshot(snapshot)) {
          this.#frame.mark();
          return;
        }
      } catch (error) {
        if (error instanceof Refused && error.retryAfter !== null) wait = Math.max(wait, error.retryAfter * 1000);
      }
      this.#frame.mark();
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  async #backfill(): Promise<void> {
    const symbol = this.rules?.symbol ?? '';
    try {
      const trades = await call<Trade[]>('GET', '/api/v3/trades', { symbol, limit: BACKFILL });
      if (symbol !== this.rules?.symbol) return;
      this.#log.merge(trades.map(({ id, price, qty, time, isBuyerMaker }) => ({ id, price, quantity: qty, time, up: !isBuyerMaker })));
      this.#tradesChanged = true;
      this.#frame.mark();
    } catch {
      // The chart starts with the trades still to come.
    }
  }

  #publish(): void {
    const book = this.#book;
    this.bookState = book.state;
    this.updateId = book.lastUpdateId;
    this.gaps = book.gaps;
    this.view = this.#bookView();
    this.bookAt += 1;
    if (this.#tradesChanged) {
      this.#tradesChanged = false;
      this.#publishTrades();
    }
  }

  #bookView(): BookView {
    const book = this.#book;
    const asks = ladder(book.asks, this.step, this.rows, true);
    const bids = ladder(book.bids, this.step, this.rows, false);
    const deepest = Math.max(asks.at(-1)?.total ?? 0, bids.at(-1)?.total ?? 0, 1);
    const row = (rung: Rung): BookRow => ({
      price: unitsText(rung.price, book.priceDigits),
      quantity: grouped(unitsText(rung.quantity, book.quantityDigits)),
      total: grouped(unitsText(rung.total, book.quantityDigits)),
      fill: rung.total / deepest,
      units: rung.price,
    });
    const ask = book.asks.best();
    const bid = book.bids.best();
    return {
      asks: asks.map(row),
      bids: bids.map(row),
      spread: ask !== null && bid !== null && ask >= bid ? grouped(unitsText(ask - bid, book.priceDigits)) : null,
      bestAsk: ask === null ? null : amount(unitsText(ask, book.priceDigits)),
      bestBid: bid === null ? null : amount(unitsText(bid, book.priceDigits)),
    };
  }

  #publishTrades(): void {
    const trades = this.#log.trades;
    const digits = this.rules?.priceDigits ?? 2;
    const known = new Map(this.tape.map((row) => [row.id, row]));
    this.tape = trades
      .slice(-TAPE_ROWS)
      .reverse()
      .map((trade) => known.get(trade.id) ?? this.#tapeRow(trade, digits));
    const newest = trades.at(-1);
    if (newest) {
      const text = this.tape[0]?.price ?? grouped(newest.price);
      const previous = trades.findLast((trade) => trade.price !== newest.price);
      const up = previous ? units(newest.price, digits) > units(previous.price, digits) : null;
      this.last = { text, raw: newest.price, value: amount(newest.price), up };
    }
  }

  #tapeRow(trade: SeenTrade, digits: number): TapeRow {
    return {
      id: trade.id,
      price: grouped(unitsText(units(trade.price, digits), digits)),
      quantity: grouped(unitsText(units(trade.quantity, this.#book.quantityDigits), this.#book.quantityDigits)),
      time: clock(trade.time),
      up: trade.up,
    };
  }
}

export const market = new Market();
