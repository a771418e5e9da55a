// Placing and canceling. An order whose answer is lost is asked after by its own id and never sent twice.
import { call, Refused, Unknown } from '../api/client';
import { explain } from '../api/errors';
import type { Order, OrderAnswer } from '../api/types';
import { t } from '../i18n/index.svelte';
import { session } from './session.svelte';
import { toasts } from './toasts.svelte';

const ASK_TIMES = 5;
const ASK_EVERY = 1_000;

/** Sends the order; true once the exchange has it. What became of it comes as an event. */
export async function place(parameters: Record<string, string>): Promise<boolean> {
  const newClientOrderId = clientOrderId();
  try {
    await call<OrderAnswer>('POST', '/api/v3/order', { ...parameters, newClientOrderId });
    return true;
  } catch (error) {
    if (error instanceof Unknown) return askAfter(parameters['symbol'] ?? '', newClientOrderId);
    refuse(error);
    return false;
  }
}

export async function cancel(order: Order): Promise<void> {
  await attempt(() => call('DELETE', '/api/v3/order', { symbol: order.symbol, orderId: order.orderId }));
}

export async function cancelAll(symbol: string): Promise<void> {
  await attempt(() => call('DELETE', '/api/v3/openOrders', { symbol }));
}

async function attempt(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    refuse(error);
  }
}

function refuse(error: unknown): void {
  if (error instanceof Refused && error.status === 401) session.leave();
  toasts.say('bad', explain(error));
}

async function askAfter(symbol: string, origClientOrderId: string): Promise<boolean> {
  toasts.say('bad', t('news.unknown'), origClientOrderId);
  for (let asked = 0; asked < ASK_TIMES; asked += 1) {
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY));
    try {
      await call<Order>('GET', '/api/v3/order', { symbol, origClientOrderId });
      toasts.dismiss(origClientOrderId);
      return true;
    } catch (error) {
      // Not there yet may still mean on its way, so only the last answer counts.
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
