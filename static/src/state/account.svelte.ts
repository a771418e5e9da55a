// The trader's balances and open orders: a snapshot, then the account's own gapless run of events.
import { call, Refused } from '../api/client';
import type { Account, Balance, Commission, Order } from '../api/types';
import { amount, tidy } from '../core/decimal';
import { newsOf } from '../core/news';
import type { ExecutionReport, Numbered, PrivateEvent } from '../feed/protocol';
import { t } from '../i18n/index.svelte';
import { market } from './market.svelte';
import { session } from './session.svelte';
import { toasts } from './toasts.svelte';

const OPEN = new Set(['NEW', 'PENDING_NEW', 'PARTIALLY_FILLED']);
const NO_LIST = -1;
const RETRY = 1_000;

export interface Fees {
  maker: bigint;
  taker: bigint;
}

class AccountState {
  balances = $state.raw<Balance[]>([]);
  orders = $state.raw<Order[]>([]);
  /** The larger of the two fees, as a share of what is received. */
  fee = $state(0n);
  /** Fee rates by market, as far as requested. */
  fees = $state.raw<ReadonlyMap<string, Fees>>(new Map());
  /** Grows with everything that becomes of an order, and with every deposit and withdrawal. */
  news = $state(0);

  #seq: number | null = null;
  #loading = 0;
  /** The event stream has just started, or was interrupted. */
  #behind = true;
  /** Events that came while the snapshot was on its way; null when none is. */
  #waiting: PrivateEvent[] | null = null;
  /** Orders whose cancel is announced together with others'. */
  #hushed = new Set<number>();

  free(asset: string): bigint | null {
    const balance = this.balances.find((each) => each.asset === asset);
    return balance ? amount(balance.free) : null;
  }

  /** Forgets everything; the next snapshot starts anew. */
  clear(): void {
    this.#loading += 1;
    this.#seq = null;
    this.#behind = true;
    this.#waiting = null;
    this.#hushed.clear();
    this.balances = [];
    this.orders = [];
    this.fees = new Map();
  }

  /** Suppresses the notice when these are cancelled: the caller shows one. */
  hush(orders: readonly Order[]): void {
    for (const { orderId } of orders) this.#hushed.add(orderId);
  }

  /** Fetches the state of now. Events carry absolute values, so those seen meanwhile are simply applied again. */
  async load(): Promise<void> {
    const mine = ++this.#loading;
    this.#waiting = [];
    while (mine === this.#loading) {
      try {
        const [account, orders] = await Promise.all([
          call<Account>('GET', '/api/v3/account'),
          call<Order[]>('GET', '/api/v3/openOrders'),
        ]);
        if (mine !== this.#loading) return;
        this.balances = account.balances;
        const { maker = '0', taker = '0' } = account.commissionRates ?? {};
        this.fee = [amount(maker), amount(taker)].reduce((most, each) => (each > most ? each : most));
        this.orders = orders;
        for (const event of this.#waiting ?? []) this.#apply(event);
        this.#waiting = null;
        return;
      } catch (error) {
        if (error instanceof Refused && error.status === 401) return session.lose();
        await new Promise((resolve) => setTimeout(resolve, RETRY));
      }
    }
  }

  /** Requests the fee rates of a market, once. */
  async loadFees(symbol: string): Promise<void> {
    if (this.fees.has(symbol)) return;
    const owner = session.current;
    try {
      const { standardCommission } = await call<Commission>('GET', '/api/v3/account/commission', { symbol });
      const { maker, taker } = standardCommission;
      if (owner === session.current) this.fees = new Map([...this.fees, [symbol, { maker: amount(maker), taker: amount(taker) }]]);
    } catch {
      // The ticket then shows no fee.
    }
  }

  /** The events flow; what was before them is fetched once. */
  subscribed(): void {
    if (!this.#behind) return;
    this.#behind = false;
    void this.load();
  }

  disconnected(): void {
    this.#seq = null;
    this.#behind = true;
  }

  receive({ seq, event }: Numbered): void {
    if (this.#seq !== null && seq !== this.#seq + 1) void this.load();
    this.#seq = seq;
    if (event.e === 'executionReport' || event.e === 'balanceUpdate') this.news += 1;
    this.#announce(event);
    if (this.#waiting) this.#waiting.push(event);
    else this.#apply(event);
  }

  #apply(event: PrivateEvent): void {
    if (event.e === 'executionReport') this.#order(event);
    else if (event.e === 'outboundAccountPosition') {
      const changed = new Map(event.B.map(({ a, f, l }) => [a, { asset: a, free: f, locked: l }]));
      const kept = this.balances.map((balance) => changed.get(balance.asset) ?? balance);
      const known = new Set(this.balances.map((balance) => balance.asset));
      this.balances = [...kept, ...[...changed.values()].filter((balance) => !known.has(balance.asset))];
    }
  }

  #order(report: ExecutionReport): void {
    const others = this.orders.filter((order) => order.orderId !== report.i);
    // A market order never rests, whatever its state on the way.
    if (!OPEN.has(report.X) || report.o === 'MARKET') {
      this.orders = others;
      return;
    }
    const order: Order = {
      symbol: report.s,
      orderId: report.i,
      clientOrderId: report.c,
      price: report.p,
      origQty: report.q,
      executedQty: report.z,
      status: report.X,
      timeInForce: report.f,
      type: report.o,
      side: report.S,
      time: report.O ?? report.T,
      isWorking: report.w ?? true,
      orderListId: report.g ?? NO_LIST,
    };
    if (positive(report.P)) order.stopPrice = report.P;
    if (positive(report.F)) order.icebergQty = report.F;
    if (report.d !== undefined) order.trailingDelta = report.d;
    if (report.goodTillDate !== undefined) order.goodTillDate = report.goodTillDate;
    this.orders = [...others, order].sort((a, b) => a.orderId - b.orderId);
  }

  /** Announces what happened to an order. The result of a click on this page is shown where the click is answered. */
  #announce(event: PrivateEvent): void {
    if (event.e === 'balanceUpdate') {
      toasts.say('good', t('news.received', { amount: tidy(event.d), asset: event.a }));
      return;
    }
    if (event.e !== 'executionReport') return;
    if (event.x === 'CANCELED' && this.#hushed.delete(event.i)) return;
    const news = newsOf(event, market.unitsOf(event.s));
    if (!news) return;
    const side = t(event.S === 'BUY' ? 'ticket.buy' : 'ticket.sell');
    const { tone, what, why } = news;
    const text = t(what.key, { ...what.values, side });
    toasts.say(tone, why ? t('news.because', { text, why: t(why.key, why.values) }) : text, `order ${event.i}`);
  }
}

function positive(text: string | undefined): text is string {
  return text !== undefined && amount(text) > 0n;
}

export const account = new AccountState();
