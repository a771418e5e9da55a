// Refusals in the trader's language; what is not listed is shown in the server's own words.
import { t, type Key } from '../i18n/index.svelte';
import { Refused } from './client';

const BY_CODE: Record<number, Key> = {
  [-1003]: 'error.tooMany',
  [-1015]: 'error.tooMany',
  [-1008]: 'error.busy',
  [-2011]: 'error.noSuchOrder',
  [-2013]: 'error.noSuchOrder',
  [-1002]: 'error.signedOut',
  [-2015]: 'error.signedOut',
};

const BY_MESSAGE: [start: string, key: Key][] = [
  ['Account has insufficient balance', 'error.balance'],
  ['Order would immediately match', 'error.wouldMatch'],
  ['Market is closed', 'error.halted'],
  ['Filter failure: PERCENT_PRICE', 'error.band'],
  ['Filter failure: NOTIONAL', 'error.notional'],
  ['Filter failure: MAX_NUM_ORDERS', 'error.maxOrders'],
];

export function explain(error: unknown): string {
  if (!(error instanceof Refused)) return t('error.noAnswer');
  if (error.status === 503) return t('error.busy');
  if (error.status === 401) return t('error.signedOut');
  const key = BY_MESSAGE.find(([start]) => error.message.startsWith(start))?.[1] ?? BY_CODE[error.code];
  return key ? t(key) : t('error.other', { message: error.message, code: String(error.code) });
}
