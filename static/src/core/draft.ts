// The order ticket's arithmetic: a draft as typed, checked against the symbol's rules, becomes order parameters.
import type { Side, TimeInForce } from '../api/types';
import { divide, fixed, floorTo, multiply, parse, plain } from './decimal';
import type { Range, Rules } from './rules';

export type Kind = 'limit' | 'market';
/** What the amount counts: the asset bought or sold, or the money spent or received. */
export type Unit = 'base' | 'quote';

export interface Draft {
  side: Side;
  kind: Kind;
  price: string;
  amount: string;
  unit: Unit;
  timeInForce: TimeInForce;
  postOnly: boolean;
}

/** What the check needs to know of the market and the account; `null` where it is not known. */
export interface Around {
  bestBid: bigint | null;
  bestAsk: bigint | null;
  last: bigint | null;
  freeBase: bigint | null;
  freeQuote: bigint | null;
  openOrders: number;
}

export type ProblemKey =
  | 'problem.number'
  | 'problem.tooLow'
  | 'problem.tooHigh'
  | 'problem.step'
  | 'problem.minNotional'
  | 'problem.maxNotional'
  | 'problem.balance'
  | 'problem.band'
  | 'problem.crosses'
  | 'problem.emptyBook'
  | 'problem.maxOrders';

export interface Problem {
  key: ProblemKey;
  values: Record<string, string>;
}

export interface Verdict {
  price: Problem | null;
  amount: Problem | null;
  /** The order's worth in quote, estimated at the best price for a market order. */
  total: bigint | null;
  /** What to send, once everything is filled in and nothing is wrong. */
  parameters: Record<string, string> | null;
}

export function check(draft: Draft, rules: Rules, around: Around): Verdict {
  const price = draft.kind === 'limit' ? parse(draft.price) : reference(draft.side, around);
  const quantity = parse(draft.amount);
  const byQuote = draft.kind === 'market' && draft.unit === 'quote';
  const total = quantity === null || price === null ? null : byQuote ? quantity : multiply(price, quantity);

  const priceProblem = draft.kind === 'limit' ? ofPrice(draft, price, rules, around) : null;
  const amountProblem =
    draft.amount.trim() === ''
      ? null
      : (ofAmount(draft, quantity, byQuote, rules) ?? ofWorth(draft, total, rules) ?? ofFunds(draft, quantity, byQuote, total, around, rules));

  const complete = draft.amount.trim() !== '' && (draft.kind === 'market' || draft.price.trim() !== '');
  const sound = complete && !priceProblem && !amountProblem && quantity !== null && quantity > 0n;
  return {
    price: priceProblem,
    amount: amountProblem,
    total,
    parameters: sound ? parametersOf(draft, price, quantity, byQuote, rules) : null,
  };
}

/** The amount that spends `percent` of what the account can, floored to the symbol's steps. */
export function amountFor(percent: number, draft: Draft, rules: Rules, around: Around): string {
  const share = (free: bigint | null): bigint => ((free ?? 0n) * BigInt(Math.round(percent * 100))) / 10_000n;
  const lot = draft.kind === 'market' ? tighter(rules.lot, rules.marketLot) : rules.lot;
  if (draft.side === 'SELL' && !(draft.kind === 'market' && draft.unit === 'quote')) {
    return plain(within(share(around.freeBase), lot));
  }
  const price = draft.kind === 'limit' ? parse(draft.price) : reference(draft.side, around);
  if (draft.kind === 'market' && draft.unit === 'quote') {
    const money = draft.side === 'BUY' ? share(around.freeQuote) : multiply(share(around.freeBase), price ?? 0n);
    return fixed(money, rules.quoteDigits).replace(/\.?0+$/, '');
  }
  return plain(within(divide(share(around.freeQuote), price ?? 0n), lot));
}

/** The largest allowed amount that is not above `value`. */
function within(value: bigint, lot: Range): bigint {
  return floorTo(lot.max > 0n && value > lot.max ? lot.max : value, lot.step);
}

/** The price a market order would meet first. */
function reference(side: Side, around: Around): bigint | null {
  return side === 'BUY' ? around.bestAsk : around.bestBid;
}

function problem(key: ProblemKey, values: Record<string, string> = {}): Problem {
  return { key, values };
}

function ofRange(value: bigint, range: Range, unit: string): Problem | null {
  if (value < range.min || value === 0n) {
    const least = range.min > 0n ? range.min : range.step;
    return problem('problem.tooLow', { limit: `${plain(least)} ${unit}` });
  }
  if (range.max > 0n && value > range.max) return problem('problem.tooHigh', { limit: `${plain(range.max)} ${unit}` });
  if (range.step > 0n && (value - range.min) % range.step !== 0n) return problem('problem.step', { step: plain(range.step) });
  return null;
}

function ofPrice(draft: Draft, price: bigint | null, rules: Rules, around: Around): Problem | null {
  if (draft.price.trim() === '') return null;
  if (price === null) return problem('problem.number');
  const outside = ofRange(price, rules.price, rules.quote);
  if (outside) return outside;
  if (draft.postOnly) {
    const buying = draft.side === 'BUY';
    const other = buying ? around.bestAsk : around.bestBid;
    if (other !== null && (buying ? price >= other : price <= other)) return problem('problem.crosses');
  }
  if (around.last !== null) {
    const { bidUp, bidDown, askUp, askDown } = rules.band;
    const [up, down] = draft.side === 'BUY' ? [bidUp, bidDown] : [askUp, askDown];
    const high = multiply(around.last, up);
    const low = multiply(around.last, down);
    if ((up > 0n && price > high) || price < low) {
      return problem('problem.band', { low: fixed(low, rules.priceDigits), high: fixed(high, rules.priceDigits) });
    }
  }
  if (rules.maxOrders > 0 && around.openOrders >= rules.maxOrders && draft.timeInForce === 'GTC') {
    return problem('problem.maxOrders', { limit: String(rules.maxOrders) });
  }
  return null;
}

function ofAmount(draft: Draft, quantity: bigint | null, byQuote: boolean, rules: Rules): Problem | null {
  if (quantity === null) return problem('problem.number');
  if (byQuote) return quantity === 0n ? problem('problem.tooLow', { limit: `${plain(rules.minNotional)} ${rules.quote}` }) : null;
  return (
    ofRange(quantity, rules.lot, rules.base) ??
    (draft.kind === 'market' ? ofRange(quantity, rules.marketLot, rules.base) : null)
  );
}

function ofWorth(draft: Draft, total: bigint | null, rules: Rules): Problem | null {
  if (total === null) return draft.kind === 'market' ? problem('problem.emptyBook') : null;
  const minApplies = draft.kind === 'limit' || rules.minAppliesToMarket;
  if (minApplies && total < rules.minNotional) {
    return problem('problem.minNotional', { limit: `${plain(rules.minNotional)} ${rules.quote}` });
  }
  if (rules.maxNotional > 0n && total > rules.maxNotional && draft.kind === 'limit') {
    return problem('problem.maxNotional', { limit: `${plain(rules.maxNotional)} ${rules.quote}` });
  }
  return null;
}

function ofFunds(
  draft: Draft,
  quantity: bigint | null,
  byQuote: boolean,
  total: bigint | null,
  around: Around,
  rules: Rules,
): Problem | null {
  if (draft.side === 'BUY') {
    if (around.freeQuote !== null && total !== null && total > around.freeQuote) {
      return problem('problem.balance', { asset: rules.quote });
    }
  } else if (around.freeBase !== null && quantity !== null && !byQuote && quantity > around.freeBase) {
    return problem('problem.balance', { asset: rules.base });
  }
  return null;
}

function parametersOf(
  draft: Draft,
  price: bigint | null,
  quantity: bigint,
  byQuote: boolean,
  rules: Rules,
): Record<string, string> {
  const common = { symbol: rules.symbol, side: draft.side };
  if (draft.kind === 'market') {
    return { ...common, type: 'MARKET', [byQuote ? 'quoteOrderQty' : 'quantity']: plain(quantity) };
  }
  const limit = { ...common, price: plain(price ?? 0n), quantity: plain(quantity) };
  // LIMIT_MAKER rests or is refused, so it takes no time in force.
  return draft.postOnly ? { ...limit, type: 'LIMIT_MAKER' } : { ...limit, type: 'LIMIT', timeInForce: draft.timeInForce };
}

/** What both LOT_SIZE and MARKET_LOT_SIZE allow; the latter may leave its step or its bounds open. */
function tighter(lot: Range, marketLot: Range): Range {
  return {
    min: marketLot.min > lot.min ? marketLot.min : lot.min,
    max: marketLot.max > 0n && (lot.max === 0n || marketLot.max < lot.max) ? marketLot.max : lot.max,
    step: marketLot.step > lot.step ? marketLot.step : lot.step,
  };
}
