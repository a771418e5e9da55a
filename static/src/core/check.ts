// The order ticket's arithmetic: a draft checked against the market's rules and the account.
import { divide, fixed, floorTo, grouped, multiply, parse, plain, SCALE } from './decimal';
import {
  activatesInProfit,
  byQuote,
  expires,
  mayHide,
  numbersOf,
  opposite,
  readingsOf,
  reference,
  unitOf,
  waitsForRise,
  type MarketContext,
  type Draft,
  type Numbers,
  type Readings,
} from './draft';
import { isMarket, SHAPES, type FieldName, type Kind } from './kinds';
import { basis, farOf, feeOf, outlookOf, warningOf, type Fee, type Outlook } from './outlook';
import { nearestIn, ofRange, ofSide, ofTyped, problem, upTo, type Problem } from './problem';
import { requestOf, type OrderRequest } from './request';
import type { Range, Rules } from './rules';
import type { Sentence } from './sentence';

export interface Verdict {
  problems: Partial<Record<FieldName | 'goodTill', Problem>>;
  readings: Readings;
  numbers: Numbers;
  /** The order's worth in quote; of a market order what it would trade now. */
  total: bigint | null;
  /** What trades at once. */
  outlook: Outlook | null;
  fee: Fee | null;
  /** What will not trade, and why. */
  warning: Sentence | null;
  /** Why to ask before it is sent. */
  far: Sentence | null;
  /** What to send, once everything is filled in and nothing is wrong. */
  request: OrderRequest | null;
}

/** A hundredth of a percent, in which the exchange counts how far a trigger trails. */
const TRAIL_STEP = 1_000_000n;

export function check(draft: Draft, rules: Rules, marketContext: MarketContext): Verdict {
  const { needed, optional } = SHAPES[draft.kind];
  const readings = readingsOf(draft, rules);
  const numbers = numbersOf(readings);
  const problems: Verdict['problems'] = {};
  const outlook = outlookOf(draft, numbers, rules, marketContext);
  const worth = worthOf(draft, numbers, marketContext);
  const total = draft.kind === 'market' ? (outlook?.money ?? null) : worth;
  for (const field of [...needed, ...optional]) {
    if (draft[field].trim() === '' || (field === 'iceberg' && !mayHide(draft))) continue;
    const value = numbers[field];
    const context = { draft, numbers, rules, marketContext, worth };
    const found = value === null ? ofTyped(readings[field], unitOf(field, draft, rules), rangeOf(field, draft, rules)) : ofField(field, value, context);
    if (found) problems[field] = found;
  }
  const complete = needed.every((field) => numbers[field] !== null);
  const date = ofGoodTill(draft, marketContext, complete);
  if (date) problems.goodTill = date;

  const sound = complete && Object.keys(problems).length === 0;
  return {
    problems,
    readings,
    numbers,
    total,
    outlook,
    fee: feeOf(draft, numbers, outlook, total, rules, marketContext),
    warning: warningOf(draft, numbers, outlook, rules, marketContext),
    far: farOf(draft, numbers, outlook, rules, marketContext),
    request: sound ? requestOf(draft, numbers, rules, marketContext) : null,
  };
}

/** The amount that spends `percent` of what the account can, floored to the market's steps. */
export function amountFor(percent: number, draft: Draft, rules: Rules, marketContext: MarketContext): string {
  const share = (free: bigint | null): bigint => ((free ?? 0n) * BigInt(Math.round(percent * 100))) / 10_000n;
  const lot = isMarket(draft.kind) ? tighter(rules.lot, rules.marketLot) : rules.lot;
  if (draft.side === 'SELL' && !byQuote(draft)) return plain(within(share(marketContext.freeBase), lot));
  const price = dearest(draft, numbersOf(readingsOf(draft, rules)), marketContext);
  if (byQuote(draft)) {
    const money = draft.side === 'BUY' ? share(marketContext.freeQuote) : multiply(share(marketContext.freeBase), basis('SELL', marketContext) ?? 0n);
    return plain(parse(fixed(money, rules.quoteDigits)) ?? 0n);
  }
  return plain(within(divide(share(marketContext.freeQuote), price ?? 0n), lot));
}

interface Context {
  draft: Draft;
  numbers: Numbers;
  rules: Rules;
  marketContext: MarketContext;
  /** What the exchange judges the order by, in quote. */
  worth: bigint | null;
}

/** The values a field may have, as far as its own rule says; `null` for an amount of money, which has no step. */
function rangeOf(field: FieldName, draft: Draft, rules: Rules): Range | null {
  switch (field) {
    case 'amount':
      return byQuote(draft) ? null : isMarket(draft.kind) ? tighter(rules.lot, rules.marketLot) : rules.lot;
    case 'iceberg':
      return rules.lot;
    case 'trail':
      return { min: TRAIL_STEP, max: 0n, step: TRAIL_STEP };
    default:
      return rules.price;
  }
}

function ofField(field: FieldName, value: bigint, context: Context): Problem | null {
  const { rules } = context;
  switch (field) {
    case 'amount':
      return ofAmount(value, context) ?? ofWorth(value, context) ?? ofFunds(value, context);
    case 'trail':
      return ofTrail(value, context);
    case 'iceberg':
      return ofIceberg(value, context);
    case 'price':
      return ofRange(value, rules.price, rules.quote) ?? ofLimit(value, context);
    case 'trigger':
      return ofRange(value, rules.price, rules.quote) ?? ofTrigger(value, context);
    case 'profit':
      return ofRange(value, rules.price, rules.quote) ?? ofLeg(value, context, true);
    case 'stop':
      return ofRange(value, rules.price, rules.quote) ?? ofLeg(value, context, false);
    case 'stopLimit':
      return ofRange(value, rules.price, rules.quote);
  }
}

function ofLimit(price: bigint, { draft, rules, marketContext }: Context): Problem | null {
  const buying = draft.side === 'BUY';
  if (draft.kind === 'limit' && draft.postOnly) {
    const other = buying ? marketContext.bestAsk : marketContext.bestBid;
    if (other !== null && (buying ? price >= other : price <= other)) {
      return problem('problem.crosses', {}, buying ? other - rules.price.step : other + rules.price.step);
    }
  }
  if (marketContext.last !== null) {
    const { bidUp, bidDown, askUp, askDown } = rules.band;
    const [up, down] = buying ? [bidUp, bidDown] : [askUp, askDown];
    const high = multiply(marketContext.last, up);
    const low = multiply(marketContext.last, down);
    if ((up > 0n && price > high) || price < low) {
      // The bounds shown are prices that may be sent, so they are on the tick.
      const [least, most] = [upTo(low, rules.price.step), floorTo(high, rules.price.step)];
      const nearest = price < low ? least : most;
      return problem('problem.band', { low: grouped(fixed(least, rules.priceDigits)), high: grouped(fixed(most, rules.priceDigits)) }, nearest);
    }
  }
  const rests = draft.kind !== 'limit' || draft.postOnly || draft.timeInForce === 'GTC' || draft.timeInForce === 'GTD';
  if (rests && rules.maxOrders > 0 && marketContext.openOrders >= rules.maxOrders) {
    return problem('problem.maxOrders', { limit: String(rules.maxOrders) });
  }
  return null;
}

function ofTrigger(trigger: bigint, { draft, rules, marketContext }: Context): Problem | null {
  // Where a trailing stop starts to follow, either side is sensible.
  if (draft.kind !== 'trailing' && marketContext.last !== null) {
    const wrong = ofSide(trigger, waitsForRise(draft.kind, draft.side), marketContext.last, rules);
    if (wrong) return wrong;
  }
  if (rules.maxConditional > 0 && marketContext.openConditional >= rules.maxConditional) {
    return problem('problem.maxConditional', { limit: String(rules.maxConditional) });
  }
  return null;
}

/** One leg of a pair that closes a position: the profit on one side of the price, the stop on the other. */
function ofLeg(value: bigint, { draft, numbers, rules, marketContext }: Context, profit: boolean): Problem | null {
  const closing = draft.kind === 'bracket' ? opposite(draft.side) : draft.side;
  const from = draft.kind === 'bracket' ? numbers.price : marketContext.last;
  if (from === null) return null;
  return ofSide(value, (closing === 'SELL') === profit, from, rules);
}

function ofTrail(trail: bigint, { draft, rules, marketContext, numbers }: Context): Problem | null {
  const profitSide = activatesInProfit(draft, numbers, marketContext);
  const { min, max } = (draft.side === 'BUY') !== profitSide ? rules.trailing.above : rules.trailing.below;
  const step = TRAIL_STEP;
  const range: Range = { min: BigInt(Math.max(min, 1)) * step, max: BigInt(max) * step, step };
  if (ofRange(trail, range, '%') === null) return null;
  const limits = { min: plain(range.min), max: max > 0 ? plain(range.max) : '100' };
  return problem('problem.trail', limits, nearestIn(trail, range));
}

function ofIceberg(part: bigint, { numbers, rules }: Context): Problem | null {
  const wrong = ofRange(part, rules.lot, rules.base);
  const amount = numbers.amount;
  if (wrong || amount === null) return wrong;
  if (part >= amount) return problem('problem.icebergWhole');
  const parts = (amount + part - 1n) / part;
  if (rules.icebergParts > 0 && parts > BigInt(rules.icebergParts)) {
    const least = upTo((amount + BigInt(rules.icebergParts) - 1n) / BigInt(rules.icebergParts), rules.lot.step);
    return problem('problem.icebergParts', { limit: String(rules.icebergParts) }, least);
  }
  return null;
}

function ofAmount(amount: bigint, { draft, rules, marketContext }: Context): Problem | null {
  if (byQuote(draft)) {
    const from = basis(draft.side, marketContext) ?? 0n;
    const most = floorTo(multiply(rules.marketLot.max, from), 10n ** BigInt(SCALE - Math.min(rules.quoteDigits, rules.priceDigits)));
    if (most > 0n && amount > most) return problem('problem.tooHigh', { limit: `${grouped(plain(most))} ${rules.quote}` }, most);
    if (amount > 0n) return null;
    return problem('problem.tooLow', { limit: `${grouped(plain(rules.minNotional))} ${rules.quote}` }, rules.minNotional);
  }
  return ofRange(amount, rules.lot, rules.base) ?? (isMarket(draft.kind) ? ofMarketLot(amount, rules) : null);
}

function ofMarketLot(amount: bigint, rules: Rules): Problem | null {
  const wrong = ofRange(amount, rules.marketLot, rules.base);
  return wrong && { ...wrong, nearest: plain(nearestIn(amount, tighter(rules.lot, rules.marketLot))) };
}

function ofWorth(amount: bigint, { draft, numbers, rules, marketContext, worth }: Context): Problem | null {
  if (worth === null) return draft.kind === 'market' ? problem('problem.emptyBook') : null;
  const price = cheapest(draft, numbers, marketContext);
  const least = byQuote(draft) || price === null ? worth : multiply(price, amount);
  const minApplies = !isMarket(draft.kind) || rules.minAppliesToMarket;
  if (minApplies && least < rules.minNotional) {
    const enough = price ? upTo(divide(rules.minNotional, price) + 1n, rules.lot.step) : undefined;
    const nearest = byQuote(draft) ? rules.minNotional : enough;
    return problem('problem.minNotional', { limit: `${grouped(plain(rules.minNotional))} ${rules.quote}` }, nearest);
  }
  if (rules.maxNotional > 0n && worth > rules.maxNotional && !isMarket(draft.kind)) {
    const nearest = floorTo(divide(rules.maxNotional, divide(worth, amount)), rules.lot.step);
    return problem('problem.maxNotional', { limit: `${grouped(plain(rules.maxNotional))} ${rules.quote}` }, nearest);
  }
  return null;
}

function ofFunds(amount: bigint, { draft, rules, marketContext, worth }: Context): Problem | null {
  const all = (): bigint | undefined => parse(amountFor(100, draft, rules, marketContext)) ?? undefined;
  if (draft.side === 'BUY') {
    if (marketContext.freeQuote !== null && worth !== null && worth > marketContext.freeQuote) {
      return problem('problem.balance', { asset: rules.quote }, all());
    }
  } else if (marketContext.freeBase !== null) {
    const from = basis('SELL', marketContext);
    const needed = !byQuote(draft) ? amount : from ? divide(amount, from) : 0n;
    if (needed > marketContext.freeBase) return problem('problem.balance', { asset: rules.base }, all());
  }
  return null;
}

function ofGoodTill(draft: Draft, marketContext: MarketContext, isFilledIn: boolean): Problem | null {
  if (!expires(draft)) return null;
  // Shown once the rest is filled in: before that, the missing date is not what disables the button.
  if (draft.goodTill === '') return isFilledIn ? problem('problem.noDate') : null;
  const time = new Date(draft.goodTill).getTime();
  return Number.isNaN(time) || time <= marketContext.now ? problem('problem.notFuture') : null;
}

function worthOf(draft: Draft, numbers: Numbers, marketContext: MarketContext): bigint | null {
  const { amount } = numbers;
  if (amount === null || (draft.kind === 'market' && reference(draft.side, marketContext) === null)) return null;
  if (byQuote(draft)) return amount;
  const price = draft.kind === 'market' ? basis(draft.side, marketContext) : dearest(draft, numbers, marketContext);
  return price === null ? null : multiply(price, amount);
}

/** Every price the order may trade at, as far as it is known before. */
function prices(draft: Draft, numbers: Numbers, marketContext: MarketContext): bigint[] {
  const candidates: Record<Kind, (bigint | null)[]> = {
    limit: [numbers.price],
    market: [reference(draft.side, marketContext), basis(draft.side, marketContext)],
    stopLimit: [numbers.price],
    profitLimit: [numbers.price],
    stopMarket: [numbers.trigger],
    profitMarket: [numbers.trigger],
    trailing: [numbers.trigger ?? marketContext.last],
    oco: [numbers.profit, numbers.stopLimit ?? numbers.stop],
    bracket: [numbers.price],
  };
  return candidates[draft.kind].filter((price) => price !== null);
}

function dearest(draft: Draft, numbers: Numbers, marketContext: MarketContext): bigint | null {
  const all = prices(draft, numbers, marketContext);
  return all.reduce<bigint | null>((most, price) => (most === null || price > most ? price : most), null);
}

function cheapest(draft: Draft, numbers: Numbers, marketContext: MarketContext): bigint | null {
  const closing = draft.kind === 'bracket' ? [numbers.stopLimit ?? numbers.stop, numbers.profit] : [];
  const all = [...prices(draft, numbers, marketContext), ...closing.filter((price) => price !== null)];
  return all.reduce<bigint | null>((least, price) => (least === null || price < least ? price : least), null);
}

/** The largest allowed amount that is not above `value`. */
function within(value: bigint, lot: Range): bigint {
  return floorTo(lot.max > 0n && value > lot.max ? lot.max : value, lot.step);
}

/** What both LOT_SIZE and MARKET_LOT_SIZE allow; the latter may leave its step or its bounds open. */
function tighter(lot: Range, marketLot: Range): Range {
  return {
    min: marketLot.min > lot.min ? marketLot.min : lot.min,
    max: marketLot.max > 0n && (lot.max === 0n || marketLot.max < lot.max) ? marketLot.max : lot.max,
    step: marketLot.step > lot.step ? marketLot.step : lot.step,
  };
}
