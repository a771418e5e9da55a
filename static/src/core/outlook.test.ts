import { describe, expect, it } from 'vitest';
import { check } from './check';
import { fixed, parse, plain } from './decimal';
import type { MarketContext, Draft } from './draft';
import { marketContext, limit, rules } from './sample';
import { averageOf } from './walk';

const rich: MarketContext = { ...marketContext, freeQuote: parse('10000000'), freeBase: parse('100') };
const verdict = (change: Partial<Draft>, world: Partial<MarketContext> = {}) => check({ ...limit, ...change }, rules, { ...rich, ...world });
const market: Partial<Draft> = { kind: 'market', price: '' };

describe('a market order', () => {
  it('is estimated by the visible book, not by its best price', () => {
    const { total, outlook } = verdict({ ...market, amount: '1' });
    // 0.05 at 65,001 and 0.95 at 65,100.
    expect(plain(total ?? 0n)).toBe('65095.05');
    expect(outlook && fixed(averageOf(outlook) ?? 0n, 2)).toBe('65095.05');
    expect(outlook?.worst).toBe(parse('65100'));
    expect(verdict({ ...market, amount: '1' }).warning).toBeNull();
  });

  it('spends no more than the book holds within the collar, and says so', () => {
    const { total, outlook, warning, request } = verdict({ ...market, unit: 'quote', amount: '1000000' });
    expect(plain(total ?? 0n)).toBe('136350.05');
    expect(outlook?.end).toBe('limit');
    expect(warning).toEqual({
      key: 'warn.collar',
      values: { part: '136,350.05 USDT', whole: '1,000,000.00 USDT', price: '68,250.00', from: '65,000.00', share: '5%' },
    });
    expect(request).not.toBeNull();
  });

  it('says where the book or the balance ends it', () => {
    const shallow: Partial<MarketContext> = { levels: () => [{ price: parse('65001') ?? 0n, quantity: parse('0.18107') ?? 0n }] };
    expect(verdict({ ...market, unit: 'quote', amount: '100000' }, shallow).warning).toEqual({
      key: 'warn.book',
      values: { part: '11,769.73 USDT', whole: '100,000.00 USDT' },
    });
    expect(verdict({ ...market, amount: '1' }, { freeQuote: parse('65010') }).warning?.key).toBe('warn.funds');
    expect(verdict({ ...market, amount: '9' }, { levels: () => [] }).warning).toMatchObject({ key: 'warn.book', values: { part: '0 BTC', whole: '9 BTC' } });
  });

  it('is held to what the exchange holds it to', () => {
    expect(verdict({ ...market, amount: '1' }, { freeQuote: parse('64999') }).problems.amount?.key).toBe('problem.balance');
    expect(verdict({ ...market, side: 'SELL', unit: 'quote', amount: '70000' }, { freeBase: parse('1') }).problems.amount?.key).toBe('problem.balance');
    expect(verdict({ ...market, unit: 'quote', amount: '6500001' }).problems.amount).toMatchObject({
      key: 'problem.tooHigh',
      values: { limit: '6,500,000 USDT' },
      nearest: '6500000',
    });
    expect(verdict(market, { bestAsk: null }).problems.amount?.key).toBe('problem.emptyBook');
  });
});

describe('a limit order', () => {
  it('that kills or cancels its rest says what that will be', () => {
    expect(verdict({ price: '65050', timeInForce: 'FOK' }).warning).toEqual({ key: 'warn.kill', values: { part: '0.05 BTC', whole: '0.1 BTC' } });
    expect(verdict({ price: '65050', timeInForce: 'IOC' }).warning?.key).toBe('warn.rest');
    expect(verdict({ price: '64000', timeInForce: 'IOC' }).warning?.key).toBe('warn.idle');
    expect(verdict({ price: '65050' }).warning).toBeNull();
    expect(verdict({ price: '65100', timeInForce: 'FOK' }).warning).toBeNull();
  });
});

describe('the fee', () => {
  const fee = (change: Partial<Draft>, world: Partial<MarketContext> = {}): string | null => {
    const estimate = verdict(change, world).fee;
    return estimate && `${plain(estimate.amount)} ${estimate.asset} ${estimate.rate}`;
  };

  it('is taken from what is received: a taker’s of what trades at once, a maker’s of what rests', () => {
    expect(fee({ ...market, amount: '1' })).toBe('0.002 BTC 0.2%');
    expect(fee({ ...market, side: 'SELL', amount: '0.05' })).toBe('6.4999 USDT 0.2%');
    expect(fee({ price: '64000' })).toBe('0.0001 BTC 0.1%');
    expect(fee({ price: '65050' })).toBe('0.00015 BTC 0.2% / 0.1%');
    expect(fee({ price: '65050', timeInForce: 'IOC' })).toBe('0.0001 BTC 0.2%');
    expect(fee({ price: '64000', postOnly: true })).toBe('0.0001 BTC 0.1%');
    expect(fee({ kind: 'stopMarket', trigger: '66000', price: '' })).toBe('0.0002 BTC 0.2%');
    expect(fee({ ...market, amount: '0.00008' })).toBe('0.00000016 BTC 0.2%');
  });

  it('is not known of a visitor, nor of an order that would not trade', () => {
    expect(fee({ ...market, amount: '1' }, { fees: null })).toBeNull();
    expect(fee({ price: '64000', timeInForce: 'IOC' })).toBeNull();
    expect(fee({ amount: '' })).toBeNull();
  });
});

describe('a price far from the market', () => {
  const far = (change: Partial<Draft>, world: Partial<MarketContext> = {}) => verdict(change, world).far;

  it('is asked about when it goes more than a twentieth through the best of the other side', () => {
    expect(far({ price: '130002' })).toEqual({ key: 'confirm.buyBest', values: { price: '130,002.00', from: '65,001.00', share: '100%' } });
    expect(far({ price: '68251.05' })).toBeNull();
    expect(far({ price: '68251.06' })?.key).toBe('confirm.buyBest');
    expect(far({ side: 'SELL', price: '32000' })).toMatchObject({ key: 'confirm.sellBest', values: { share: '50.7%' } });
    expect(far({ side: 'SELL', price: '61749.05' })).toBeNull();
  });

  it('is nothing special where it only rests', () => {
    expect(far({ price: '30000' })).toBeNull();
    expect(far({ side: 'SELL', price: '130000' })).toBeNull();
    expect(far({ price: '130000', postOnly: true })).toBeNull();
  });

  it('is measured by the last price where there is no other side, and by the trigger where it waits for one', () => {
    expect(far({ price: '130000' }, { bestAsk: null })?.key).toBe('confirm.buyLast');
    expect(far({ price: '130000' }, { bestAsk: null, last: null })).toBeNull();
    expect(far({ kind: 'stopLimit', trigger: '66000', price: '70000' })).toMatchObject({ key: 'confirm.buyTrigger', values: { from: '66,000.00' } });
    expect(far({ kind: 'oco', side: 'SELL', profit: '70000', stop: '60000', stopLimit: '50000' })?.key).toBe('confirm.sellTrigger');
    expect(far({ kind: 'bracket', price: '64000', profit: '70000', stop: '60000', stopLimit: '50000' })?.key).toBe('confirm.sellTrigger');
    expect(far({ kind: 'bracket', price: '130000', profit: '140000', stop: '60000' })?.key).toBe('confirm.buyBest');
  });

  it('is what a market order would come to, where the collar is wide', () => {
    const wide = { ...rules, collar: parse('0.5') };
    expect(check({ ...limit, ...market, amount: '3' }, wide, rich).far).toMatchObject({ key: 'confirm.buyMarket', values: { price: '69,000.00' } });
    expect(far({ ...market, amount: '3' })).toBeNull();
  });
});
