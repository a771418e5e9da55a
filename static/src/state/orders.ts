// Placing and cancelling. An order whose answer is lost is queried by its client order id and never sent twice.
import { call, Refused, Unknown } from '../api/client';
import { explain } from '../api/errors';
import type { Canceled, Order } from '../api/types';
import type { OrderRequest } from '../core/request';
import { t } from '../i18n/index.svelte';
import { account } from './account.svelte';
import { market } from './market.svelte';
import { session } from './session.svelte';
import { toasts } from './toasts.svelte';

const ASK_TIMES = 5;
const ASK_EVERY = 1_000;
/** The error code when there is nothing to cancel. */
const NONE_OPEN = -2011;
/** Error codes of an order that the market does not admit. */
const BY_RULES = [-2010, -1013];

/** Sends the order, or the list of orders; true once the exchange has it. What became of it comes as an event. */
export async function place({ path, parameters }: OrderRequest): Promise<boolean> {
  const id = clientOrderId();
  const isList = path !== '/api/v3/order';
  try {
    await call<unknown>('POST', path, { ...parameters, [isList ? 'listClientOrderId' : 'newClientOrderId']: id });
    return true;
  } catch (error) {
    if (error instanceof Unknown) return askAfter(id, isList ? null : (parameters['symbol'] ?? ''));
    refuse(error);
    return false;
  }
}

/** Cancels the order, and with it the list it belongs to. */
export async function cancel({ symbol, orderId, orderListId }: Order): Promise<void> {
  await attempt(() =>
    orderListId >= 0
      ? call('DELETE', '/api/v3/orderList', { symbol, orderListId })
      : call('DELETE', '/api/v3/order', { symbol, orderId }),
  );
}

/** Cancels everything open in the markets of these orders, and shows one notice with their number. */
export async function cancelAll(orders: readonly Order[]): Promise<void> {
  account.hush(orders);
  const symbols: string[] = [];
  let count = 0;
  for (const symbol of new Set(orders.map((order) => order.symbol))) {
    try {
      const canceled = await call<Canceled[]>('DELETE', '/api/v3/openOrders', { symbol });
      symbols.push(symbol);
      count += canceled.reduce((sum, { orderReports }) => sum + (orderReports?.length ?? 1), 0);
    } catch (error) {
      // What there was has traded or ended meanwhile.
      if (!(error instanceof Refused) || error.code !== NONE_OPEN) refuse(error);
    }
  }
  if (count > 0) toasts.say('good', t('news.canceledAll', { count: String(count), symbols: symbols.join(', ') }));
}

async function attempt(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    refuse(error);
  }
}

function refuse(error: unknown): void {
  if (error instanceof Refused && error.status === 401) session.lose();
  // The page has checked the order: its trading rules may have changed.
  if (error instanceof Refused && BY_RULES.includes(error.code)) market.rereadRules().catch(() => {});
  toasts.say('bad', explain(error));
}

/** Asks for the order of that market under that id, or for the list where there is no market. */
async function askAfter(origClientOrderId: string, symbol: string | null): Promise<boolean> {
  toasts.say('bad', t('news.unknown'), origClientOrderId);
  for (let asked = 0; asked < ASK_TIMES; asked += 1) {
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY));
    try {
      if (symbol === null) await call('GET', '/api/v3/orderList', { origClientOrderId });
      else await call('GET', '/api/v3/order', { symbol, origClientOrderId });
      toasts.dismiss(origClientOrderId);
      return true;
    } catch (error) {
      // An order not found may still be in flight, so only the last answer counts.
      if (error instanceof Refused && asked === ASK_TIMES - 1) {
        toasts.say('bad', t('news.notPlaced'), origClientOrderId);
        return false;
      }
    }
  }
  toasts.say('bad', t('news.stillUnknown'), origClientOrderId);
  return false;
}

/** Not `crypto.randomUUID`: that exists on secure origins only, and an exchange on a local network is none. */
function clientOrderId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `web-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
