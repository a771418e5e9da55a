import { describe, expect, it } from 'vitest';
import type { SymbolInfo } from '../api/types';
import { parse } from './decimal';
import { amountFor, check, type Around, type Draft } from './draft';
import { rulesOf } from './rules';

const info: SymbolInfo = {
  symbol: 'BTCUSDT',
  status: 'TRADING',
  baseAsset: 'BTC',
  quoteAsset: 'USDT',
  quotePrecision: 8,
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
  ],
};
const rules = rulesOf(info);
const around: Around = {
  bestBid: parse('64999.00'),
  bestAsk: parse('65001.00'),
  last: parse('65000.00'),
  freeBase: parse('1'),
  freeQuote: parse('10000'),
  openOrders: 0,
};
const limit: Draft = {
  side: 'BUY',
  kind: 'limit',
  price: '65000.50',
  amount: '0.1',
  unit: 'base',
  timeInForce: 'GTC',
  postOnly: false,
};
const verdict = (change: Partial<Draft>, world: Partial<Around> = {}) =>
  check({ ...limit, ...change }, rules, { ...around, ...world });

describe('draft', () => {
  it('makes the parameters of each kind of order', () => {
    const common = { symbol: 'BTCUSDT', side: 'BUY' };
    expect(verdict({}).parameters).toEqual({ ...common, type: 'LIMIT', price: '65000.5', quantity: '0.1', timeInForce: 'GTC' });
    expect(verdict({ postOnly: true }).parameters).toEqual({ ...common, type: 'LIMIT_MAKER', price: '65000.5', quantity: '0.1' });
    expect(verdict({ kind: 'market' }).parameters).toEqual({ ...common, type: 'MARKET', quantity: '0.1' });
    expect(verdict({ kind: 'market', unit: 'quote', amount: '50' }).parameters).toEqual({
      ...common,
      type: 'MARKET',
      quoteOrderQty: '50',
    });
  });

  it('says nothing about a draft that is only begun', () => {
    expect(verdict({ amount: '', price: '' })).toEqual({ price: null, amount: null, total: null, parameters: null });
  });

  it('names the rule that a price breaks', () => {
    expect(verdict({ price: 'x' }).price?.key).toBe('problem.number');
    expect(verdict({ price: '65000.001' }).price).toEqual({ key: 'problem.step', values: { step: '0.01' } });
    expect(verdict({ price: '0' }).price?.key).toBe('problem.tooLow');
    expect(verdict({ price: '1000000.01' }).price?.key).toBe('problem.tooHigh');
    expect(verdict({ price: '325000.01' }).price).toEqual({
      key: 'problem.band',
      values: { low: '13000.00', high: '325000.00' },
    });
    expect(verdict({ price: '65001', postOnly: true }).price?.key).toBe('problem.crosses');
    expect(verdict({}, { openOrders: 200 }).price?.key).toBe('problem.maxOrders');
  });

  it('names the rule that an amount breaks', () => {
    expect(verdict({ amount: '0.000011' }).amount?.key).toBe('problem.step');
    expect(verdict({ amount: '0.00001' }).amount?.key).toBe('problem.minNotional');
    expect(verdict({ amount: '9001' }).amount?.key).toBe('problem.tooHigh');
    expect(verdict({ kind: 'market', amount: '101' }).amount?.key).toBe('problem.tooHigh');
    expect(verdict({ amount: '0.2' }).amount).toEqual({ key: 'problem.balance', values: { asset: 'USDT' } });
    expect(verdict({ side: 'SELL', amount: '1.1' }).amount).toEqual({ key: 'problem.balance', values: { asset: 'BTC' } });
    expect(verdict({ kind: 'market' }, { bestAsk: null }).amount?.key).toBe('problem.emptyBook');
  });

  it('turns a share of the balance into an amount on the step', () => {
    expect(amountFor(100, limit, rules, around)).toBe('0.15384');
    expect(amountFor(25, { ...limit, side: 'SELL' }, rules, around)).toBe('0.25');
    expect(amountFor(50, { ...limit, kind: 'market', unit: 'quote' }, rules, around)).toBe('5000');
    expect(amountFor(100, { ...limit, side: 'SELL' }, rules, { ...around, freeBase: parse('99999') })).toBe('9000');
    expect(amountFor(100, { ...limit, side: 'SELL', kind: 'market' }, rules, { ...around, freeBase: parse('99999') })).toBe('100');
    expect(amountFor(0, limit, rules, around)).toBe('0');
    expect(verdict({ amount: amountFor(100, limit, rules, around) }).parameters).not.toBeNull();
  });
});
