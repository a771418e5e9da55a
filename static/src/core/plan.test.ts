import { expect, it } from 'vitest';
import { check } from './check';
import type { MarketContext, Draft } from './draft';
import { KINDS } from './kinds';
import { planOf } from './plan';
import { marketContext, limit, rules } from './sample';
import { en } from '../i18n/en';

const world: MarketContext = { ...marketContext, freeBase: null, freeQuote: null };
const draft: Draft = { ...limit, price: '64000', trigger: '70000', trail: '1.5', profit: '70000', stop: '60000' };

function words(change: Partial<Draft>): string {
  const changed = { ...draft, ...change };
  const sentences = planOf(changed, check(changed, rules, world), rules, world);
  return sentences
    .map(({ key, values }) => en[key as keyof typeof en].replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole))
    .join(' ');
}

it('says what a limit order will do', () => {
  expect(words({})).toBe('Buys up to 0.1 BTC at 64,000.00 or lower. The rest waits in the book until you cancel it.');
  expect(words({ postOnly: true, iceberg: '0.01' })).toContain('The book shows at most 0.01 BTC of it at a time.');
  expect(words({ timeInForce: 'FOK' })).toContain('All of it trades at once, or none.');
});

it('says what a market order will do', () => {
  expect(words({ kind: 'market' })).toBe('Buys 0.1 BTC at the market. The best price is 65,001.00 now.');
  expect(words({ kind: 'market', unit: 'quote', amount: '500', side: 'SELL' })).toContain('500 USDT');
});

it('says what an order waits for', () => {
  expect(words({ kind: 'stopMarket' })).toBe('When the price rises to 70,000.00: Buys 0.1 BTC at the market.');
  expect(words({ kind: 'profitLimit', trigger: '60000', price: '60000' })).toMatch(/^When the price falls to 60,000.00: .* Holds 6,000.00 USDT.$/);
  expect(words({ kind: 'trailing', side: 'SELL' })).toBe(
    'When the price rises to 70,000.00: Follows the price upwards and sells 0.1 BTC at the market once it falls 1.5% below its highest.',
  );
});

it('says what the legs of a pair and a bracket do', () => {
  expect(words({ kind: 'oco', side: 'SELL' })).toMatch(/^Sells 0.1 BTC at 70,000.00 or higher, or at the market once the price falls to 60,000.00\./);
  expect(words({ kind: 'bracket', stopLimit: '59900' })).toMatch(
    /Once all of it is bought: Sells 0.0999 BTC at 70,000.00 or higher, or at 59,900.00 or higher once the price falls to 60,000.00\./,
  );
});

it('says nothing before the order can be sent', () => {
  expect(words({ amount: '' })).toBe('');
});

it('has words for every kind, side and variant', () => {
  for (const kind of KINDS) {
    for (const side of ['BUY', 'SELL'] as const) {
      for (const timeInForce of ['GTC', 'IOC', 'FOK', 'GTD'] as const) {
        for (const variant of [{}, { unit: 'quote' }, { postOnly: true }, { trigger: '60000' }, { stopLimit: '59900' }] as Partial<Draft>[]) {
          const turned = side === 'SELL' && kind === 'bracket' ? { profit: '60000', stop: '70000' } : {};
          const changed = { ...draft, kind, side, timeInForce, goodTill: '2099-01-01T00:00', ...turned, ...variant };
          for (const { key } of planOf(changed, check(changed, rules, world), rules, world)) expect(Object.keys(en)).toContain(key);
        }
      }
    }
  }
});
