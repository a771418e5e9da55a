// An order being entered, and what follows from it without knowing the market's rules.
import type { Side, TimeInForce } from '../api/types';
import { has, type FieldName, type Kind } from './kinds';
import { parseTyped, type Typed } from './numbers';
import type { Rules } from './rules';
import type { Level } from './walk';

/** What the amount counts: the asset bought or sold, or the money spent or received. */
export type Unit = 'base' | 'quote';

/** Everything as it was typed; only the fields of the kind count. */
export interface Draft extends Record<FieldName, string> {
  side: Side;
  kind: Kind;
  unit: Unit;
  timeInForce: TimeInForce;
  postOnly: boolean;
  /** The last moment of a good-till-date order, as a local date and time. */
  goodTill: string;
}

/** What the check needs to know of the market and the account; `null` where it is not known. */
export interface MarketContext {
  bestBid: bigint | null;
  bestAsk: bigint | null;
  last: bigint | null;
  freeBase: bigint | null;
  freeQuote: bigint | null;
  /** The part of a purchase that goes to the exchange. */
  fee: bigint;
  /** The account's fee rates in this market; `null` when signed out. */
  fees: { maker: bigint; taker: bigint } | null;
  /** Levels of the visible book an order of that side trades against, best price first. */
  levels: (side: Side) => Iterable<Level>;
  openOrders: number;
  openConditional: number;
  /** In milliseconds. */
  now: number;
}

/** The parsed fields of a draft; fields its kind does not have are empty. */
export type Readings = Record<FieldName, Typed>;

export function readingsOf(draft: Draft, rules: Rules): Readings {
  const { trigger, trail, price, profit, stop, stopLimit, amount, iceberg } = draft;
  const texts: Record<FieldName, string> = { trigger, trail, price, profit, stop, stopLimit, amount, iceberg: mayHide(draft) ? iceberg : '' };
  const read = (name: FieldName): Typed => parseTyped(has(draft.kind, name) ? texts[name] : '', unitOf(name, draft, rules));
  return Object.fromEntries(Object.keys(texts).map((name) => [name, read(name as FieldName)])) as Readings;
}

/** The numbers of a draft; `null` where a field is empty or its number uncertain. */
export type Numbers = Record<FieldName, bigint | null>;

export function numbersOf(readings: Readings): Numbers {
  return Object.fromEntries(
    Object.entries(readings).map(([name, typed]) => [name, typed.kind === 'number' ? typed.value : null]),
  ) as Numbers;
}

/** Returns the unit of a field. */
export function unitOf(field: FieldName, draft: Draft, rules: Rules): string {
  if (field === 'trail') return '%';
  if (field === 'iceberg') return rules.base;
  return field !== 'amount' || byQuote(draft) ? rules.quote : rules.base;
}

/** Whether the order may show only a part of itself: it has to rest until cancelled. */
export function mayHide(draft: Draft): boolean {
  return draft.kind === 'limit' && (draft.postOnly || draft.timeInForce === 'GTC');
}

/** Whether the draft ends at a date. */
export function expires(draft: Draft): boolean {
  return draft.kind === 'limit' && !draft.postOnly && draft.timeInForce === 'GTD';
}

/** Whether a market order is counted in money. */
export function byQuote(draft: Draft): boolean {
  return draft.kind === 'market' && draft.unit === 'quote';
}

/** Whether the order waits for a rise (else for a fall) of the price. */
export function waitsForRise(kind: Kind, side: Side): boolean {
  const profit = kind === 'profitLimit' || kind === 'profitMarket';
  return (side === 'BUY') !== profit;
}

/** Whether a trailing stop starts to follow only once the price has moved in the trader's favour. */
export function activatesInProfit(draft: Draft, numbers: Numbers, marketContext: MarketContext): boolean {
  if (numbers.trigger === null || marketContext.last === null) return false;
  return draft.side === 'SELL' ? numbers.trigger > marketContext.last : numbers.trigger < marketContext.last;
}

/** The price a market order would meet first. */
export function reference(side: Side, marketContext: MarketContext): bigint | null {
  return side === 'BUY' ? marketContext.bestAsk : marketContext.bestBid;
}

export function opposite(side: Side): Side {
  return side === 'BUY' ? 'SELL' : 'BUY';
}
