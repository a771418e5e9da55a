import { expect, it } from 'vitest';
import type { ExecutionReport } from '../feed/protocol';
import { en } from '../i18n/en';
import { newsOf } from './news';
import type { Sentence } from './sentence';

const order: ExecutionReport = {
  e: 'executionReport', s: 'BTCUSDT', c: 'a', C: '', S: 'BUY', o: 'MARKET', f: 'GTC', q: '0.30000000', p: '0.00000000',
  x: 'NEW', X: 'NEW', r: 'NONE', i: 1, l: '0.00000000', L: '0.00000000', z: '0.00000000', Z: '0.00000000', Q: '0.00000000', T: 1,
};
const units = { base: 'BTC', quote: 'USDT', priceDigits: 2 };

function words(change: Partial<ExecutionReport>): string | null {
  const news = newsOf({ ...order, ...change }, units);
  const text = ({ key, values }: Sentence) => en[key].replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  return news && [news.what, ...(news.why ? [news.why] : [])].map(text).join(' ').replace('{side}', 'Buy');
}

it('says of a purchase by money what was bought, for how much of it, at what price and why not more', () => {
  expect(
    words({ x: 'EXPIRED', X: 'EXPIRED', q: '0.18410000', z: '0.18410000', Z: '11770.12000000', Q: '100000.00000000', eR: 'EXECUTION_RULE_PRICE_RANGE_EXCEEDED' }),
  ).toBe(
    'Expired: Buy BTCUSDT for 100,000 USDT. Filled: 0.1841 BTC for 11,770.12 USDT, at 63,933.29 on average. ' +
      'The next price was beyond the price limit of market orders.',
  );
  expect(words({ x: 'EXPIRED', X: 'EXPIRED', q: '0.00000000', Q: '100000.00000000', eR: 'INSUFFICIENT_LIQUIDITY' })).toBe(
    'Expired: Buy BTCUSDT for 100,000 USDT. Nothing was filled. The book had no more within the price limit of market orders.',
  );
});

it('says of an order by quantity how much was filled, at what price and why not more', () => {
  const expired = { x: 'EXPIRED', X: 'EXPIRED' };
  expect(words({ ...expired, z: '0.10000000', Z: '6500.00000000', eR: 'INSUFFICIENT_LIQUIDITY' })).toBe(
    'Expired: Buy 0.3 BTCUSDT, 0.1 filled at 65,000.00. The book had no more within the price limit of market orders.',
  );
  expect(words({ ...expired, eR: 'EXECUTION_RULE_PRICE_RANGE_EXCEEDED' })).toContain('or the balance covered no more.');
  for (const eR of ['UNFILLED_IOC_QUANTITY_EXPIRED', 'UNFILLED_FOK_ORDER_EXPIRED', 'GOOD_TILL_DATE', 'EXCHANGE_CANCELED', 'REJECTED']) {
    expect(words({ ...expired, eR }), eR).toMatch(/^Expired: Buy 0.3 BTCUSDT, nothing filled. .+\.$/);
  }
  expect(words({ x: 'TRADE_PREVENTION', X: 'EXPIRED_IN_MATCH' })).toContain('own order');
  expect(words({ ...expired, g: 7 })).toContain('list');
  expect(words({ ...expired, eR: 'SOMETHING_NEW' })).toBe('Expired: Buy 0.3 BTCUSDT, nothing filled.');
});

it('says the average of several fills, not the last price', () => {
  expect(words({ x: 'TRADE', X: 'FILLED', z: '0.30000000', Z: '19530.00000000', L: '65200.00000000' })).toBe('Filled: Buy 0.3 BTCUSDT at 65,100.00');
  expect(words({ x: 'TRADE', X: 'PARTIALLY_FILLED', z: '0.20000000', Z: '13000.00000000' })).toBe('Filled so far: Buy 0.2 of 0.3 BTCUSDT');
  expect(words({ x: 'TRADE', X: 'PARTIALLY_FILLED', q: '0.10000000', z: '0.20000000', Z: '13000.00000000', Q: '20000.00000000' })).toBe(
    'Filled so far: Buy 0.2 BTCUSDT for 13,000 of 20,000 USDT',
  );
});

it('says nothing of a market order that is only taken up', () => {
  expect(words({})).toBeNull();
  expect(words({ o: 'LIMIT' })).toBe('Placed: Buy 0.3 BTCUSDT');
});
