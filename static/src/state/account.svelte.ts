// The trader's balances and open orders: a snapshot, then the account's own gapless run of events.
import { call, Refused } from '../api/client';
import type { Account, Balance, Order } from '../api/types';
import { amount, plain } from '../core/decimal';
import type { ExecutionReport, Numbered, PrivateEvent } from '../feed/protocol';
import { t } from '../i18n/index.svelte';
import { market } from './market.svelte';
import { session } from './session.svelte';
import { toasts } from './toasts.svelte';

const OPEN = new Set(['NEW', 'PARTIALLY_FILLED']);
const RETRY = 1_000;

class AccountState {
  balances = $state.raw<Balance[]>([]);
  orders = $state.raw<Order[]>([]);

  #seq: number | null = null;
  #loading = 0;
  /** Events that came while the snapshot was on its way; null when none is. */
  #waiting: PrivateEvent[] | null = null;

  free(asset: string): bigint | null {
    const balance = this.balances.find((each) => each.asset === asset);
    return balance ? amount(balance.free) : null;
  }

  /** Forgets everything; the next snapshot starts anew. */
  clear(): void {
    this.#loading += 1;
    this.#seq = null;
    this.#waiting = null;
    this.balances = [];
    this.orders = [];
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
        this.orders = orders;
        for (const event of this.#waiting ?? []) this.#apply(event);
        this.#waiting = null;
        return;
      } catch (error) {
        if (error instanceof Refused && error.status === 401) return session.leave();
        await new Promise((resolve) => setTimeout(resolve, RETRY));
      }
    }
  }

  disconnected(): void {
    this.#seq = null;
  }

  receive({ seq, event }: Numbered): void {
    if (this.#seq !== null && seq !== this.#seq + 1) void this.load();
    this.#seq = seq;
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
    };
    this.orders = [...others, order].sort((a, b) => a.orderId - b.orderId);
  }

  /** Says what happened to an order. What only confirms a click on this page is said where the click is answered. */
  #announce(event: PrivateEvent): void {
    if (event.e === 'balanceUpdate') {
      toasts.say('good', t('news.received', { amount: plain(amount(event.d)), asset: event.a }));
      return;
    }
    if (event.e !== 'executionReport') return;
    const values = {
      side: t(event.S === 'BUY' ? 'ticket.buy' : 'ticket.sell'),
      symbol: event.s,
      whole: plain(amount(event.q)),
      filled: plain(amount(event.z)),
      price: market.priceText(event.s, event.L),
    };
    const key = `order ${event.i}`;
    const whole = event.X === 'FILLED' || (event.x === 'TRADE' && event.z === event.q);
    if (whole) toasts.say('good', t('news.filled', { ...values, amount: values.filled }), key);
    else if (event.x === 'TRADE') toasts.say('good', t('news.partly', { ...values, amount: values.filled }), key);
    else if (event.x === 'CANCELED') toasts.say('plain', t('news.canceled', { ...values, amount: values.whole }), key);
    else if (event.X.startsWith('EXPIRED')) toasts.say('bad', t('news.expired', { ...values, amount: values.whole }), key);
    else if (event.x === 'REJECTED') toasts.say('bad', t('news.rejected', { ...values, amount: values.whole }), key);
    else if (event.x === 'NEW' && event.o !== 'MARKET') toasts.say('good', t('news.placed', { ...values, amount: values.whole }), key);
  }
}

export const account = new AccountState();
