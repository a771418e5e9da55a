// One market, its prices and an order in it, for the tests of the ticket.
import type { SymbolInfo } from '../api/types';
import { parse } from './decimal';
import type { MarketContext, Draft } from './draft';
import { rulesOf } from './rules';

export const info: SymbolInfo = {
  symbol: 'BTCUSDT',
  status: 'TRADING',
  baseAsset: 'BTC',
  quoteAsset: 'USDT',
  quotePrecision: 8,
  orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'TAKE_PROFIT_LIMIT'],
  icebergAllowed: true,
  ocoAllowed: true,
  otoAllowed: true,
  allowTrailingStop: true,
  marketCollar: '0.05000000',
  filters: [
    { filterType: 'PRICE_FILTER', minPrice: '0.01000000', maxPrice: '1000000.00000000', tickSize: '0.01000000' },
    { filterType: 'LOT_SIZE', minQty: '0.00001000', maxQty: '9000.00000000', stepSize: '0.00001000' },
    { filterType: 'MARKET_LOT_SIZE', minQty: '0.00000000', maxQty: '100.00000000', stepSize: '0.00000000' },
    { filterType: 'NOTIONAL', minNotional: '5.00000000', applyMinToMarket: true, maxNotional: '9000000.00000000' },
    {
      filterType: 'PERCENT_PRICE_BY_SIDE',
      bidMultiplierUp: '5',
      bidMultiplierDown: '0.2',
      askMultiplierUp: '5',
      askMultiplierDown: '0.2',
    },
    { filterType: 'MAX_NUM_ORDERS', maxNumOrders: 200 },
    { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: 5 },
    { filterType: 'ICEBERG_PARTS', limit: 10 },
    {
      filterType: 'TRAILING_DELTA',
      minTrailingAboveDelta: 10,
      maxTrailingAboveDelta: 2000,
      minTrailingBelowDelta: 20,
      maxTrailingBelowDelta: 1000,
    },
  ],
};
export const rules = rulesOf(info);
/** What a purchase and a sale meet. */
const BOOK: Record<'BUY' | 'SELL', [price: string, quantity: string][]> = {
  BUY: [['65001', '0.05'], ['65100', '1'], ['68000', '1'], ['69000', '5']],
  SELL: [['64999', '0.05'], ['64900', '1'], ['62000', '1'], ['60000', '5']],
};
export const marketContext: MarketContext = {
  bestBid: parse('64999.00'),
  bestAsk: parse('65001.00'),
  last: parse('65000.00'),
  freeBase: parse('1'),
  freeQuote: parse('10000'),
  fee: parse('0.001') ?? 0n,
  fees: { maker: parse('0.001') ?? 0n, taker: parse('0.002') ?? 0n },
  levels: (side) => BOOK[side].map(([price, quantity]) => ({ price: parse(price) ?? 0n, quantity: parse(quantity) ?? 0n })),
  openOrders: 0,
  openConditional: 0,
  now: new Date('2026-01-01T00:00').getTime(),
};
export const limit: Draft = {
  side: 'BUY',
  kind: 'limit',
  price: '65000.50',
  trigger: '',
  trail: '',
  profit: '',
  stop: '',
  stopLimit: '',
  amount: '0.1',
  iceberg: '',
  unit: 'base',
  timeInForce: 'GTC',
  goodTill: '',
  postOnly: false,
};
