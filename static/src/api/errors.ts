// Refusals in the trader's language; the others are shown with the server's message.
import { t, type Key } from '../i18n/index.svelte';
import { CookieRefused, NO_HISTORY, Refused } from './client';

const BY_CODE: Record<number, Key> = {
  [-1003]: 'error.tooMany',
  [-1015]: 'error.tooMany',
  [-1008]: 'error.busy',
  [-2011]: 'error.noSuchOrder',
  [-2013]: 'error.noSuchOrder',
  [-1002]: 'error.signedOut',
  [-2015]: 'error.signedOut',
  [-92201]: 'error.cancelOnly',
  [-92202]: 'error.frozen',
  [-92203]: 'error.accountClosed',
};

const BY_MESSAGE: [start: string, key: Key][] = [
  ['Account has insufficient balance', 'error.balance'],
  ['Order would immediately match', 'error.wouldMatch'],
  ['Market is closed', 'error.closed'],
  ['Market is about to open', 'error.aboutToOpen'],
  ['Trading is halted', 'error.halted'],
  ['The disk is nearly full', 'error.diskFull'],
  ['The order book is full', 'error.bookFull'],
  ['Duplicate order sent', 'error.duplicate'],
  ['IcebergQty exceeds QTY', 'error.icebergWhole'],
  ['Filter failure: PERCENT_PRICE', 'error.band'],
  ['Filter failure: NOTIONAL', 'error.notional'],
  ['Filter failure: MAX_NUM_ORDERS', 'error.maxOrders'],
  ['Filter failure: MAX_NUM_ALGO_ORDERS', 'error.maxConditional'],
  ['Filter failure: MAX_NUM_ICEBERG_ORDERS', 'error.maxIcebergs'],
  ['Filter failure: PRICE_FILTER', 'error.price'],
  ['Filter failure: LOT_SIZE', 'error.amount'],
  ['Filter failure: MARKET_LOT_SIZE', 'error.amount'],
  ['Filter failure: TRAILING_DELTA', 'error.trail'],
  ['Filter failure: ICEBERG_PARTS', 'error.iceberg'],
  ['Order would trigger immediately', 'error.wouldTrigger'],
  ['The relationship of the prices', 'error.legs'],
];

export function explain(error: unknown): string {
  if (error instanceof CookieRefused) return t('session.noCookie');
  if (!(error instanceof Refused)) return t('error.noAnswer');
  if (error.code === NO_HISTORY) return t('error.history');
  // Before the status: a full disk answers 503 too, and trying again would not help.
  const byMessage = BY_MESSAGE.find(([start]) => error.message.startsWith(start))?.[1];
  if (error.status === 503 && !byMessage) return t('error.busy');
  if (error.status === 401) return t('error.signedOut');
  const key = byMessage ?? BY_CODE[error.code];
  const said = key ? t(key) : t('error.other', { message: error.message, code: String(error.code) });
  const nearest = nearestOf(error.data);
  return nearest === null ? said : t('error.nearest', { said, nearest });
}

/** What the server would have taken: one value, or one of each name. */
function nearestOf(data: unknown): string | null {
  const { nearestValid } = (data ?? {}) as { nearestValid?: unknown };
  if (typeof nearestValid === 'string' || typeof nearestValid === 'number') return String(nearestValid);
  if (typeof nearestValid !== 'object' || nearestValid === null) return null;
  return Object.entries(nearestValid)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}
