// A symbol's trading rules, read once from exchangeInfo into exact amounts.
import type { Filter, SymbolInfo } from '../api/types';
import { amount, digitsOf } from './decimal';

export interface Range {
  min: bigint;
  max: bigint;
  step: bigint;
}

export interface Rules {
  symbol: string;
  base: string;
  quote: string;
  priceDigits: number;
  quantityDigits: number;
  quoteDigits: number;
  price: Range;
  lot: Range;
  marketLot: Range;
  minNotional: bigint;
  maxNotional: bigint;
  minAppliesToMarket: boolean;
  /** How far from the last price each side may quote, as factors; zero when there is no such rule. */
  band: { bidUp: bigint; bidDown: bigint; askUp: bigint; askDown: bigint };
  /** How far from the last price a market order may trade, as a share of it; `null` when the exchange does not say. */
  collar: bigint | null;
  maxOrders: number;
  /** Conditional orders an account may have open; zero when there is no such rule. */
  maxConditional: number;
  icebergParts: number;
  /** A trailing stop's distance in hundredths of a percent, where it follows upwards and downwards; zero is no bound. */
  trailing: { above: Bounds; below: Bounds };
  /** What the market offers. */
  orderTypes: ReadonlySet<string>;
  iceberg: boolean;
  oco: boolean;
  oto: boolean;
  trailingStop: boolean;
}

export interface Bounds {
  min: number;
  max: number;
}

export function rulesOf(info: SymbolInfo): Rules {
  const filter = (type: string): Filter => info.filters.find((each) => each.filterType === type) ?? { filterType: type };
  const price = filter('PRICE_FILTER');
  const lot = filter('LOT_SIZE');
  const notional = filter('NOTIONAL');
  const band = filter('PERCENT_PRICE_BY_SIDE');
  const trailing = filter('TRAILING_DELTA');
  return {
    symbol: info.symbol,
    base: info.baseAsset,
    quote: info.quoteAsset,
    priceDigits: digitsOf(text(price, 'tickSize')),
    quantityDigits: digitsOf(text(lot, 'stepSize')),
    quoteDigits: Math.min(info.quotePrecision ?? 8, 8),
    price: { min: value(price, 'minPrice'), max: value(price, 'maxPrice'), step: value(price, 'tickSize') },
    lot: lotOf(lot),
    marketLot: lotOf(filter('MARKET_LOT_SIZE')),
    minNotional: value(notional, 'minNotional'),
    maxNotional: value(notional, 'maxNotional'),
    minAppliesToMarket: notional['applyMinToMarket'] === true,
    band: {
      bidUp: value(band, 'bidMultiplierUp'),
      bidDown: value(band, 'bidMultiplierDown'),
      askUp: value(band, 'askMultiplierUp'),
      askDown: value(band, 'askMultiplierDown'),
    },
    collar: info.marketCollar === undefined ? null : amount(info.marketCollar),
    maxOrders: Number(filter('MAX_NUM_ORDERS')['maxNumOrders'] ?? 0),
    maxConditional: Number(filter('MAX_NUM_ALGO_ORDERS')['maxNumAlgoOrders'] ?? 0),
    icebergParts: Number(filter('ICEBERG_PARTS')['limit'] ?? 0),
    trailing: { above: bounds(trailing, 'TrailingAboveDelta'), below: bounds(trailing, 'TrailingBelowDelta') },
    orderTypes: new Set(info.orderTypes),
    iceberg: info.icebergAllowed === true,
    oco: info.ocoAllowed === true,
    oto: info.otoAllowed === true,
    trailingStop: info.allowTrailingStop === true,
  };
}

function lotOf(filter: Filter): Range {
  return { min: value(filter, 'minQty'), max: value(filter, 'maxQty'), step: value(filter, 'stepSize') };
}

function bounds(filter: Filter, name: string): Bounds {
  return { min: Number(filter[`min${name}`] ?? 0), max: Number(filter[`max${name}`] ?? 0) };
}

function text(filter: Filter, name: string): string {
  return String(filter[name] ?? '0');
}

function value(filter: Filter, name: string): bigint {
  return amount(text(filter, name));
}
