// Estimates an order before it is placed: what fills immediately, the fee, what would not fill and why, and whether its price is
// far enough through the market to be a typing error.
import type { Side } from '../api/types';
import { divide, fixed, grouped, multiply, ONE, plain } from './decimal';
import { byQuote, opposite, reference, type MarketContext, type Draft, type Numbers } from './draft';
import { isMarket } from './kinds';
import type { Rules } from './rules';
import { say, type Sentence } from './sentence';
import { averageOf, collarOf, walk, type Walk } from './walk';

export interface Outlook extends Walk {
  /** The worst price it may trade at; `null` when unknown. */
  limit: bigint | null;
}

export interface Fee {
  amount: bigint;
  asset: string;
  /** The rate in percent; taker's and maker's where the order fills in part and rests in part. */
  rate: string;
}

/** How far through the market a price may go without a confirmation, as a share. */
const FAR = ONE / 20n;

/** Returns the exchange's reference price of a market order: the last trade, else the best price of the other side. */
export function basis(side: Side, marketContext: MarketContext): bigint | null {
  return marketContext.last ?? reference(side, marketContext);
}

/** Estimates the immediate fill of a market or limit order; `null` for other orders, or without a book. */
export function outlookOf(draft: Draft, numbers: Numbers, rules: Rules, marketContext: MarketContext): Outlook | null {
  const { side } = draft;
  const { amount, price } = numbers;
  if (amount === null || amount === 0n || reference(side, marketContext) === null) return null;
  const bounds = { side, step: rules.lot.step, byBudget: byQuote(draft) };
  const levels = marketContext.levels(side);
  if (draft.kind === 'limit' && !draft.postOnly && price !== null) {
    return { limit: price, ...walk(levels, { ...bounds, limit: price, amount, budget: null }) };
  }
  if (draft.kind !== 'market') return null;
  const from = basis(side, marketContext);
  const limit = rules.collar === null || from === null ? null : collarOf(side, rules.collar, from, rules.price);
  const cap = side === 'BUY' ? marketContext.freeQuote : marketContext.freeBase;
  if (byQuote(draft)) return { limit, ...walk(levels, { ...bounds, limit, amount: side === 'SELL' ? cap : null, budget: amount }) };
  return { limit, ...walk(levels, { ...bounds, limit, amount, budget: side === 'BUY' ? cap : null }) };
}

/** Estimates the fee in the asset received: the taker rate on the immediate fill, the maker rate on what rests. */
export function feeOf(draft: Draft, numbers: Numbers, outlook: Outlook | null, total: bigint | null, rules: Rules, marketContext: MarketContext): Fee | null {
  const { fees } = marketContext;
  const { amount } = numbers;
  if (fees === null || amount === null || total === null) return null;
  const buying = draft.side === 'BUY';
  const asset = buying ? rules.base : rules.quote;
  const whole = buying && !byQuote(draft) ? amount : total;
  const now = outlook ? (buying ? outlook.filled : outlook.money) : 0n;
  const [taken, made] =
    draft.kind === 'market' ? [now, 0n]
    : draft.kind !== 'limit' ? [whole, 0n]
    : draft.postOnly ? [0n, whole]
    : [now, draft.timeInForce === 'IOC' || draft.timeInForce === 'FOK' || whole < now ? 0n : whole - now];
  if (taken + made === 0n) return null;
  const rates = [...new Set([...(taken > 0n ? [fees.taker] : []), ...(made > 0n ? [fees.maker] : [])])];
  return { amount: share(taken, fees.taker) + share(made, fees.maker), asset, rate: rates.map((rate) => `${plain(rate * 100n)}%`).join(' / ') };
}

/** Returns how much of an order would not fill, and why; `null` when it fills or rests. */
export function warningOf(draft: Draft, numbers: Numbers, outlook: Outlook | null, rules: Rules, marketContext: MarketContext): Sentence | null {
  const { amount } = numbers;
  if (!outlook || amount === null) return null;
  const isMarketOrder = draft.kind === 'market';
  if (!isMarketOrder && draft.timeInForce !== 'IOC' && draft.timeInForce !== 'FOK') return null;
  if (!isMarketOrder && outlook.filled === 0n) return say('warn.idle');
  if (outlook.end === null) return null;
  const inQuote = byQuote(draft);
  const text = (value: bigint): string => (inQuote ? `${grouped(fixed(value, money(rules)))} ${rules.quote}` : `${grouped(plain(value))} ${rules.base}`);
  const values = { part: text(inQuote ? outlook.money : outlook.filled), whole: text(amount) };
  if (!isMarketOrder) return say(draft.timeInForce === 'FOK' ? 'warn.kill' : 'warn.rest', values);
  if (outlook.end === 'funds') return say('warn.funds', values);
  const from = basis(draft.side, marketContext);
  if (outlook.end === 'book' || outlook.limit === null || from === null) return say('warn.book', values);
  const price = (value: bigint): string => grouped(fixed(value, rules.priceDigits));
  return say('warn.collar', { ...values, price: price(outlook.limit), from: price(from), share: percent(rules.collar ?? 0n) });
}

/** Returns why a price needs a confirmation: it lies far through the market, or through its trigger price. */
export function farOf(draft: Draft, numbers: Numbers, outlook: Outlook | null, rules: Rules, marketContext: MarketContext): Sentence | null {
  const { side, kind } = draft;
  const price = (value: bigint): string => grouped(fixed(value, rules.priceDigits));
  const far = (of: Side, value: bigint | null, from: bigint | null, stem: 'Best' | 'Last' | 'Trigger' | 'Market'): Sentence | null => {
    if (value === null || from === null || from === 0n) return null;
    const beyond = divide(of === 'BUY' ? value - from : from - value, from);
    if (beyond <= FAR) return null;
    return say(`confirm.${of === 'BUY' ? 'buy' : 'sell'}${stem}`, { price: price(value), from: price(from), share: percent(beyond) });
  };
  if (kind === 'market') return far(side, outlook?.worst ?? null, outlook?.best ?? null, 'Market');
  if (kind === 'stopLimit' || kind === 'profitLimit') return far(side, numbers.price, numbers.trigger, 'Trigger');
  if (kind === 'oco') return far(side, numbers.stopLimit, numbers.stop, 'Trigger');
  const best = reference(side, marketContext);
  const entry = far(side, numbers.price, best ?? marketContext.last, best === null ? 'Last' : 'Best');
  if (kind === 'bracket') return entry ?? far(opposite(side), numbers.stopLimit, numbers.stop, 'Trigger');
  return isMarket(kind) || draft.postOnly ? null : entry;
}

/** Returns how many digits quote amounts are shown with. */
export function money(rules: Rules): number {
  return Math.max(rules.priceDigits, 2);
}

/** Rounds up, as the exchange does. */
function share(value: bigint, rate: bigint): bigint {
  const exact = multiply(value, rate);
  return exact * ONE < value * rate ? exact + 1n : exact;
}

/** Formats a share in percent with one digit, rounded down. */
function percent(value: bigint): string {
  return `${grouped(fixed(value * 100n, 1)).replace(/\.0$/, '')}%`;
}

export function averageText(outlook: Outlook, rules: Rules): string {
  const average = averageOf(outlook);
  return average === null ? '–' : grouped(fixed(average, rules.priceDigits));
}
