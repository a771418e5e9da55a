// The state of the application: one socket, and the stores that receive its messages.
import { named } from '../core/address';
import type { Interval } from '../core/interval';
import type { Numbered } from '../feed/protocol';
import { Feed, type Link } from '../feed/socket';
import { t } from '../i18n/index.svelte';
import { account } from './account.svelte';
import { candles } from './candles.svelte';
import { market } from './market.svelte';
import { navigation } from './navigation';
import { prefs } from './prefs.svelte';
import { session } from './session.svelte';
import { tickers } from './tickers.svelte';
import { ticket } from './ticket.svelte';
import { toasts } from './toasts.svelte';

/** How far the prices on the page can be relied on. */
export type DataStatus = 'live' | 'syncing' | 'gap' | 'stale' | 'connecting' | 'down';

const PUBLIC = '/stream';
const PRIVATE = '/x/v1/stream';
const SYMBOL_KEY = 'lightning.symbol';

/** How often trading rules are read again, in milliseconds. */
const RULES_EVERY = 60_000;

class AppState {
  link = $state<Link>('connecting');
  latency = $state<number | null>(null);
  failed = $state(false);
  #isFollowing = false;

  readonly dataStatus = $derived<DataStatus>(this.link === 'open' ? market.bookState : this.link);

  #market: string[] = [];
  #candles = '';
  #day = '';
  #list: string[] = [];
  #feed = new Feed({
    subscribed: (active) => {
      market.subscribed(active);
      candles.subscribed(active);
      tickers.subscribed(active);
      if (session.followed) account.subscribed();
    },
    message: (stream, data) => {
      if (stream === 'user') account.receive(data as Numbered);
      else if (!candles.message(stream, data) && !tickers.message(stream, data)) market.message(stream, data);
    },
    link: (link) => {
      if (link === this.link) return;
      this.link = link;
      if (link === 'open') this.#rereadRules();
      if (link === 'down' || link === 'connecting') {
        this.latency = null;
        market.disconnected();
        candles.disconnected();
        tickers.disconnected();
        account.disconnected();
      }
      if (link === 'down' && session.followed) void this.#recheck();
    },
    latency: (milliseconds) => {
      this.latency = milliseconds;
    },
  });

  async start(): Promise<void> {
    this.failed = false;
    try {
      await Promise.all([market.load(), session.start()]);
    } catch {
      this.failed = true;
      return;
    }
    this.#turn(lastSymbol());
    this.#follow();
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    navigation.start(() => this.#follow());
    setInterval(() => this.#rereadRules(), RULES_EVERY);
  }

  #rereadRules(): void {
    // The rules the page has stand until they can be read again.
    market.rereadRules().catch(() => {});
  }

  /** Shows another market; Back returns to this one. */
  show(symbol: string): void {
    if (symbol === market.rules?.symbol) return;
    this.#turn(symbol);
    navigation.go(`#${market.rules?.symbol ?? ''}`);
  }

  /** Shows the market named by the address; an unknown name is reported and corrected. */
  #follow(): void {
    const asked = named(location.hash, market.symbols);
    // The fragment may be the id of an element, as in the skip link.
    if (asked && 'unknown' in asked && document.getElementById(location.hash.slice(1))) return;
    if (asked && 'symbol' in asked) this.#turn(asked.symbol);
    const shown = market.rules;
    if (!shown) return;
    navigation.replace(`#${shown.symbol}`);
    if (asked && 'unknown' in asked) toasts.say('bad', t('symbol.unknown', { asked: asked.unknown, shown: `${shown.base}/${shown.quote}` }));
  }

  #turn(symbol: string): void {
    if (symbol === market.rules?.symbol) return;
    this.#market = market.show(symbol);
    const shown = market.rules?.symbol ?? '';
    this.#candles = candles.show(shown, prefs.interval);
    this.#day = tickers.show(shown);
    this.#want();
    ticket.clear();
    remember(shown);
  }

  /** Switches to candles of that length. */
  chart(interval: Interval): void {
    if (interval === candles.interval) return;
    prefs.set('interval', interval);
    this.#candles = candles.show(market.rules?.symbol ?? '', interval);
    this.#want();
  }

  /** Keeps the prices of all markets live while the list of them is open. */
  watchAll(yes: boolean): void {
    this.#list = tickers.watch(yes);
    this.#want();
  }

  /** Opens the public or the private socket, depending on the session; to be called whenever that changes. */
  connect(): void {
    if (!session.current) account.clear();
    this.#feed.open(session.followed ? PRIVATE : PUBLIC);
  }

  #want(): void {
    this.#feed.want([...this.#market, this.#candles, this.#day, ...this.#list]);
  }

  /** The private socket was refused or lost; if that is because the session ended, continue signed out. */
  async #recheck(): Promise<void> {
    try {
      await session.resume();
    } catch {
      // Not reachable at all; the socket keeps reconnecting.
    }
  }
}

/** The market of the last visit. */
function lastSymbol(): string {
  try {
    return localStorage.getItem(SYMBOL_KEY) ?? '';
  } catch {
    return '';
  }
}

function remember(symbol: string): void {
  try {
    localStorage.setItem(SYMBOL_KEY, symbol);
  } catch {
    // The address still names it.
  }
}

export const app = new AppState();
