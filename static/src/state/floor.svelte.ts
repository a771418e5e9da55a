// The trading floor: one socket, and who listens to what comes from it.
import type { Numbered } from '../feed/protocol';
import { Feed, type Link } from '../feed/socket';
import { account } from './account.svelte';
import { market } from './market.svelte';
import { session } from './session.svelte';
import { ticket } from './ticket.svelte';

/** What a trader may believe of the prices on the page. */
export type Trust = 'live' | 'syncing' | 'gap' | 'stale' | 'connecting' | 'down';

const PUBLIC = '/stream';
const PRIVATE = '/x/v1/stream';
const SYMBOL_KEY = 'lightning.symbol';

class Floor {
  link = $state<Link>('connecting');
  latency = $state<number | null>(null);
  failed = $state(false);

  readonly trust = $derived<Trust>(this.link === 'open' ? market.bookState : this.link);

  #feed = new Feed({
    subscribed: () => {
      market.subscribed();
      if (session.current) void account.load();
    },
    message: (stream, data) => {
      if (stream === 'user') account.receive(data as Numbered);
      else market.message(stream, data);
    },
    link: (link) => {
      if (link === this.link) return;
      this.link = link;
      if (link === 'down' || link === 'connecting') {
        this.latency = null;
        market.disconnected();
        account.disconnected();
      }
      if (link === 'down' && session.current) void this.#recheck();
    },
    latency: (milliseconds) => {
      this.latency = milliseconds;
    },
  });

  async start(): Promise<void> {
    this.failed = false;
    try {
      await Promise.all([market.load(), session.resume()]);
    } catch {
      this.failed = true;
      return;
    }
    this.show(remembered());
    addEventListener('hashchange', () => {
      const symbol = named();
      if (symbol) this.show(symbol);
    });
  }

  show(symbol: string): void {
    if (symbol === market.rules?.symbol) return;
    this.#feed.want(market.show(symbol));
    ticket.clear();
    remember(market.rules?.symbol ?? '');
  }

  /** Opens the socket that fits who is signed in; to be called again whenever that changes. */
  connect(): void {
    if (!session.current) account.clear();
    this.#feed.open(session.current ? PRIVATE : PUBLIC);
  }

  /** The private socket was refused or lost; if that is because the session ended, go on as a visitor. */
  async #recheck(): Promise<void> {
    try {
      await session.resume();
    } catch {
      // Not reachable at all; the socket goes on trying.
    }
  }
}

/** The address names the market, so a link can; else it is the one of the last visit. */
function remembered(): string {
  try {
    return named() ?? localStorage.getItem(SYMBOL_KEY) ?? '';
  } catch {
    return '';
  }
}

/** The address's fragment, unless it is a place on the page. */
function named(): string | undefined {
  const fragment = location.hash.slice(1).toUpperCase();
  return market.symbols.find((each) => each.symbol === fragment)?.symbol;
}

function remember(symbol: string): void {
  history.replaceState(null, '', `#${symbol}`);
  try {
    localStorage.setItem(SYMBOL_KEY, symbol);
  } catch {
    // The address still names it.
  }
}

export const floor = new Floor();
