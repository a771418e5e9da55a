// Turns an execution report into a notification.
import type { Side } from '../api/types';
import type { ExecutionReport } from '../feed/protocol';
import { averageText } from './average';
import { amount, grouped, tidy } from './decimal';
import { say, type Sentence } from './sentence';

export type Tone = 'good' | 'bad' | 'plain';

/** The assets and price digits of the order's market. */
export interface Units {
  base: string;
  quote: string;
  priceDigits: number;
}

/** Sentences for the wire's `expiryReason`. */
const REASONS = {
  INSUFFICIENT_LIQUIDITY: 'ended.book',
  EXECUTION_RULE_PRICE_RANGE_EXCEEDED: 'ended.collar',
  UNFILLED_IOC_QUANTITY_EXPIRED: 'ended.rest',
  UNFILLED_FOK_ORDER_EXPIRED: 'ended.kill',
  GOOD_TILL_DATE: 'ended.date',
  EXCHANGE_CANCELED: 'ended.exchange',
  REJECTED: 'ended.rejected',
} as const;

/** Returns the notification and its reason; `null` for reports that need none. */
export function newsOf(report: ExecutionReport, units: Units): { tone: Tone; what: Sentence; why: Sentence | null } | null {
  const values = valuesOf(report, units);
  const news = (tone: Tone, what: Sentence, why: Sentence | null = null) => ({ tone, what, why });
  const isWhole = report.X === 'FILLED' || (report.x === 'TRADE' && report.z === report.q);
  if (isWhole) return news('good', say('news.filled', { ...values, amount: values.filled }));
  if (report.x === 'TRADE') return news('good', say(isByQuote(report) ? 'news.partlyMoney' : 'news.partly', { ...values, amount: values.filled }));
  if (report.x === 'CANCELED') return news('plain', say('news.canceled', values));
  if (report.X.startsWith('EXPIRED')) return news('bad', expired(report, values), whyEnded(ended(report)));
  if (report.x === 'REJECTED') return news('bad', say('news.rejected', values));
  if (report.x === 'NEW' && report.X === 'NEW' && report.o !== 'MARKET') return news('good', say('news.placed', values));
  return null;
}

function ended(report: ExecutionReport): Ended {
  return { status: report.X, reason: report.eR, side: report.S, isByQuote: isByQuote(report), isListed: (report.g ?? -1) >= 0 };
}

type Values = ReturnType<typeof valuesOf>;

function valuesOf(report: ExecutionReport, { base, quote, priceDigits }: Units) {
  return {
    symbol: report.s,
    base,
    quote,
    amount: tidy(report.q),
    whole: tidy(report.q),
    filled: tidy(report.z),
    money: tidy(report.Z),
    budget: tidy(report.Q),
    price: grouped(averageText(report.Z, report.z, priceDigits) ?? '0'),
  };
}

function isByQuote(report: ExecutionReport): boolean {
  return amount(report.Q) > 0n;
}

function expired(report: ExecutionReport, values: Values): Sentence {
  const hasTraded = amount(report.z) > 0n;
  if (isByQuote(report)) return say(hasTraded ? 'news.expiredMoney' : 'news.expiredMoneyWhole', values);
  return say(hasTraded ? 'news.expiredPartly' : 'news.expired', values);
}

/** The properties of an order that decide why it ended. */
export interface Ended {
  status: string;
  /** Wire `expiryReason`. */
  reason: string | undefined;
  side: Side;
  isByQuote: boolean;
  isListed: boolean;
}

/** Returns why an order expired, if the exchange gives a reason. */
export function whyEnded({ status, reason, side, isByQuote, isListed }: Ended): Sentence | null {
  if (status === 'EXPIRED_IN_MATCH') return say('ended.own');
  if (status !== 'EXPIRED') return null;
  const key = REASONS[reason as keyof typeof REASONS];
  // A buy by quantity is also bounded by the balance, and the exchange reports both with one reason.
  if (key === 'ended.collar' && side === 'BUY' && !isByQuote) return say('ended.collarOrFunds');
  if (key) return say(key);
  return isListed ? say('ended.list') : null;
}
