import { describe, expect, it } from 'vitest';
import { amountFor, check } from './check';
import { parse } from './decimal';
import type { MarketContext, Draft } from './draft';
import { conditional } from './kinds';
import { rulesOf } from './rules';
import { marketContext, info, limit, rules } from './sample';

const verdict = (change: Partial<Draft>, world: Partial<MarketContext> = {}) =>
  check({ ...limit, ...change }, rules, { ...marketContext, ...world });
const sent = (change: Partial<Draft>) => verdict(change).request?.parameters;
const wrong = (change: Partial<Draft>, world: Partial<MarketContext> = {}) => verdict(change, world).problems;

describe('the request', () => {
  const common = { symbol: 'BTCUSDT', side: 'BUY' };

  it('of a limit order, in each of its forms', () => {
    const priced = { ...common, price: '65000.5', quantity: '0.1' };
    expect(verdict({}).request).toEqual({ path: '/api/v3/order', parameters: { ...priced, type: 'LIMIT', timeInForce: 'GTC' } });
    expect(sent({ postOnly: true })).toEqual({ ...priced, type: 'LIMIT_MAKER' });
    expect(sent({ iceberg: '0.01' })).toEqual({ ...priced, type: 'LIMIT', timeInForce: 'GTC', icebergQty: '0.01' });
    expect(sent({ iceberg: '0.01', timeInForce: 'IOC' })).toEqual({ ...priced, type: 'LIMIT', timeInForce: 'IOC' });
    const till = '2026-01-02T12:30';
    expect(sent({ timeInForce: 'GTD', goodTill: till })).toEqual({
      ...priced,
      type: 'LIMIT',
      timeInForce: 'GTD',
      goodTillDate: String(new Date(till).getTime()),
    });
  });

  it('of a market order, counted in either asset', () => {
    expect(sent({ kind: 'market' })).toEqual({ ...common, type: 'MARKET', quantity: '0.1' });
    expect(sent({ kind: 'market', unit: 'quote', amount: '50' })).toEqual({ ...common, type: 'MARKET', quoteOrderQty: '50' });
  });

  it('of an order that waits for a price', () => {
    const stop = { ...common, stopPrice: '66000', quantity: '0.1' };
    expect(sent({ kind: 'stopMarket', trigger: '66000' })).toEqual({ ...stop, type: 'STOP_LOSS' });
    expect(sent({ kind: 'stopLimit', trigger: '66000', price: '66100' })).toEqual({
      ...stop,
      type: 'STOP_LOSS_LIMIT',
      price: '66100',
      timeInForce: 'GTC',
    });
    expect(sent({ kind: 'profitMarket', side: 'SELL', trigger: '66000' })).toEqual({ ...stop, side: 'SELL', type: 'TAKE_PROFIT' });
    expect(sent({ kind: 'profitLimit', side: 'SELL', trigger: '66000', price: '65900', timeInForce: 'FOK' })).toEqual({
      ...stop,
      side: 'SELL',
      type: 'TAKE_PROFIT_LIMIT',
      price: '65900',
      timeInForce: 'FOK',
    });
  });

  it('of a trailing stop, in hundredths of a percent', () => {
    const trailing = { kind: 'trailing', side: 'SELL', trail: '1.5' } as const;
    const expected = { symbol: 'BTCUSDT', side: 'SELL', trailingDelta: '150', quantity: '0.1' };
    expect(sent(trailing)).toEqual({ ...expected, type: 'STOP_LOSS' });
    expect(sent({ ...trailing, trigger: '70000' })).toEqual({ ...expected, type: 'TAKE_PROFIT', stopPrice: '70000' });
    expect(sent({ ...trailing, trigger: '60000' })).toEqual({ ...expected, type: 'STOP_LOSS', stopPrice: '60000' });
  });

  it('of a pair, with the profit above for a sale and below for a purchase', () => {
    expect(verdict({ kind: 'oco', side: 'SELL', profit: '70000', stop: '60000' }).request).toEqual({
      path: '/api/v3/orderList/oco',
      parameters: {
        symbol: 'BTCUSDT',
        side: 'SELL',
        quantity: '0.1',
        aboveType: 'LIMIT_MAKER',
        abovePrice: '70000',
        belowType: 'STOP_LOSS',
        belowStopPrice: '60000',
      },
    });
    expect(sent({ kind: 'oco', profit: '60000', stop: '70000', stopLimit: '70100' })).toEqual({
      symbol: 'BTCUSDT',
      side: 'BUY',
      quantity: '0.1',
      belowType: 'LIMIT_MAKER',
      belowPrice: '60000',
      aboveType: 'STOP_LOSS_LIMIT',
      aboveStopPrice: '70000',
      abovePrice: '70100',
      aboveTimeInForce: 'GTC',
    });
  });

  it('of a bracket, which closes what is left of a purchase after the fee', () => {
    expect(verdict({ kind: 'bracket', price: '64000', profit: '70000', stop: '60000', stopLimit: '59900' }).request).toEqual({
      path: '/api/v3/orderList/otoco',
      parameters: {
        symbol: 'BTCUSDT',
        workingType: 'LIMIT',
        workingSide: 'BUY',
        workingPrice: '64000',
        workingQuantity: '0.1',
        workingTimeInForce: 'GTC',
        pendingSide: 'SELL',
        pendingQuantity: '0.0999',
        pendingAboveType: 'LIMIT_MAKER',
        pendingAbovePrice: '70000',
        pendingBelowType: 'STOP_LOSS_LIMIT',
        pendingBelowStopPrice: '60000',
        pendingBelowPrice: '59900',
        pendingBelowTimeInForce: 'GTC',
      },
    });
    expect(sent({ kind: 'bracket', side: 'SELL', price: '66000', profit: '60000', stop: '67000' })).toMatchObject({
      workingSide: 'SELL',
      pendingSide: 'BUY',
      pendingQuantity: '0.1',
      pendingBelowType: 'LIMIT_MAKER',
      pendingBelowPrice: '60000',
      pendingAboveType: 'STOP_LOSS',
      pendingAboveStopPrice: '67000',
    });
  });

  it('is not made of a draft that is only begun', () => {
    expect(verdict({ amount: '', price: '' })).toMatchObject({ problems: {}, total: null, request: null });
    expect(sent({ timeInForce: 'GTD' })).toBeUndefined();
    expect(sent({ kind: 'oco', side: 'SELL', profit: '70000' })).toBeUndefined();
    expect(sent({ kind: 'trailing' })).toBeUndefined();
  });
});

describe('what is wrong', () => {
  it('with a price, and the nearest one that is allowed', () => {
    expect(wrong({ price: 'x' }).price?.key).toBe('problem.number');
    expect(wrong({ price: '65000.001' }).price).toEqual({ key: 'problem.step', values: { step: '0.01' }, nearest: '65000' });
    expect(wrong({ price: '65000.006' }).price?.nearest).toBe('65000.01');
    expect(wrong({ price: '0' }).price).toMatchObject({ key: 'problem.tooLow', nearest: '0.01' });
    expect(wrong({ price: '1000000.01' }).price).toMatchObject({ key: 'problem.tooHigh', nearest: '1000000' });
    expect(wrong({ price: '325000.01' }).price).toEqual({
      key: 'problem.band',
      values: { low: '13,000.00', high: '325,000.00' },
      nearest: '325000',
    });
    expect(wrong({ price: '65001', postOnly: true }).price).toMatchObject({ key: 'problem.crosses', nearest: '65000.99' });
    expect(wrong({}, { openOrders: 200 }).price?.key).toBe('problem.maxOrders');
  });

  it('with a price outside the band, whose bounds may themselves be sent', () => {
    const last = parse('3208.07');
    const low = wrong({ price: '1' }, { last }).price;
    expect(low).toEqual({ key: 'problem.band', values: { low: '641.62', high: '16,040.35' }, nearest: '641.62' });
    expect(wrong({ price: '641.62', amount: '1' }, { last }).price).toBeUndefined();
    expect(wrong({ price: '641.61', amount: '1' }, { last }).price).toBeDefined();
  });

  it('with more digits than any number has: what is proposed is on the step', () => {
    expect(wrong({ price: '3200.123456789' }).price).toMatchObject({ key: 'problem.decimals', nearest: '3200.12' });
    expect(wrong({ amount: '0.100007777' }).amount?.nearest).toBe('0.10001');
    expect(wrong({ kind: 'trailing', side: 'SELL', trail: '1.234567891' }).trail?.nearest).toBe('1.23');
  });

  it('with an amount, and the nearest one that is allowed', () => {
    expect(wrong({ amount: '0.100004' }).amount).toMatchObject({ key: 'problem.step', nearest: '0.1' });
    expect(wrong({ amount: '0.00001' }).amount).toMatchObject({ key: 'problem.minNotional', nearest: '0.00008' });
    expect(wrong({ amount: '9001' }).amount).toMatchObject({ key: 'problem.tooHigh', nearest: '9000' });
    expect(wrong({ kind: 'market', amount: '101' }).amount).toMatchObject({ key: 'problem.tooHigh', nearest: '100' });
    expect(wrong({ amount: '0.2' }).amount).toEqual({ key: 'problem.balance', values: { asset: 'USDT' }, nearest: '0.15384' });
    expect(wrong({ side: 'SELL', amount: '1.1' }).amount).toEqual({ key: 'problem.balance', values: { asset: 'BTC' }, nearest: '1' });
    expect(wrong({ kind: 'market' }, { bestAsk: null }).amount?.key).toBe('problem.emptyBook');
  });

  it('with a trigger on the wrong side of the price', () => {
    expect(wrong({ kind: 'stopMarket', trigger: '64000' }).trigger).toEqual({
      key: 'problem.above',
      values: { limit: '65,000.00' },
      nearest: '65000.01',
    });
    expect(wrong({ kind: 'stopMarket', side: 'SELL', trigger: '65000' }).trigger).toMatchObject({ key: 'problem.below', nearest: '64999.99' });
    expect(wrong({ kind: 'profitMarket', trigger: '66000' }).trigger?.key).toBe('problem.below');
    expect(wrong({ kind: 'profitMarket', side: 'SELL', trigger: '64000' }).trigger?.key).toBe('problem.above');
    expect(wrong({ kind: 'stopMarket', trigger: '66000' }, { openConditional: 5 }).trigger?.key).toBe('problem.maxConditional');
  });

  it('with how far a trailing stop stays behind, by the direction it follows', () => {
    const trail = (side: 'BUY' | 'SELL', text: string, trigger = '') => wrong({ kind: 'trailing', side, trail: text, trigger }).trail;
    expect(trail('SELL', '0.1')).toEqual({ key: 'problem.trail', values: { min: '0.2', max: '10' }, nearest: '0.2' });
    expect(trail('BUY', '0.1')).toBeUndefined();
    expect(trail('BUY', '20.01')?.nearest).toBe('20');
    expect(trail('SELL', '0.1', '70000')).toBeUndefined();
    expect(trail('SELL', '1.555')?.nearest).toBe('1.55');
  });

  it('with the legs of a pair and of a bracket', () => {
    const pair = wrong({ kind: 'oco', side: 'SELL', profit: '64000', stop: '66000' });
    expect([pair.profit?.key, pair.stop?.key]).toEqual(['problem.above', 'problem.below']);
    const bracket = wrong({ kind: 'bracket', price: '60000', profit: '59000', stop: '61000' });
    expect(bracket.profit).toMatchObject({ key: 'problem.above', values: { limit: '60,000.00' } });
    expect(bracket.stop).toMatchObject({ key: 'problem.below', nearest: '59999.99' });
  });

  it('with the part of an iceberg that shows', () => {
    expect(wrong({ iceberg: '0.1' }).iceberg?.key).toBe('problem.icebergWhole');
    expect(wrong({ iceberg: '0.009' }).iceberg).toEqual({ key: 'problem.icebergParts', values: { limit: '10' }, nearest: '0.01' });
    expect(wrong({ iceberg: '0.01' }).iceberg).toBeUndefined();
  });

  it('with a date that is over, or missing once the rest is there', () => {
    expect(wrong({ timeInForce: 'GTD' }).goodTill?.key).toBe('problem.noDate');
    expect(wrong({ timeInForce: 'GTD', amount: '' }).goodTill).toBeUndefined();
    expect(wrong({ timeInForce: 'GTD', goodTill: '2025-12-31T23:59' }).goodTill?.key).toBe('problem.notFuture');
  });

  it('is mended by the nearest value that is proposed', () => {
    for (const change of [{ price: '65000.001' }, { price: '1000000.01', amount: '0.00001' }, { amount: '0.00001' }, { amount: '0.2' }]) {
      const { problems } = verdict(change);
      const mended = Object.fromEntries(Object.entries(problems).map(([field, each]) => [field, each.nearest]));
      expect(verdict({ ...change, ...mended }).problems.amount).toBeUndefined();
    }
  });
});

describe('the ticket', () => {
  it('offers what the market offers', () => {
    expect(conditional(rules)).toEqual(['stopLimit', 'stopMarket', 'profitLimit', 'profitMarket', 'trailing', 'oco', 'bracket']);
    expect(conditional({ ...rules, trailingStop: false, oto: false })).not.toContain('trailing');
    expect(conditional(rulesOf({ ...info, orderTypes: ['LIMIT', 'MARKET'], ocoAllowed: false, otoAllowed: false }))).toEqual([]);
  });

  it('turns a share of the balance into an amount on the step', () => {
    expect(amountFor(100, limit, rules, marketContext)).toBe('0.15384');
    expect(amountFor(25, { ...limit, side: 'SELL' }, rules, marketContext)).toBe('0.25');
    expect(amountFor(50, { ...limit, kind: 'market', unit: 'quote' }, rules, marketContext)).toBe('5000');
    expect(amountFor(100, { ...limit, side: 'SELL' }, rules, { ...marketContext, freeBase: parse('99999') })).toBe('9000');
    expect(amountFor(100, { ...limit, side: 'SELL', kind: 'market' }, rules, { ...marketContext, freeBase: parse('99999') })).toBe('100');
    expect(amountFor(100, { ...limit, kind: 'oco', profit: '50000', stop: '80000' }, rules, marketContext)).toBe('0.125');
    expect(amountFor(0, limit, rules, marketContext)).toBe('0');
    expect(verdict({ amount: amountFor(100, limit, rules, marketContext) }).request).not.toBeNull();
  });
});
