// Describes what the order will do: the keys of the sentences and their values.
import type { Side } from '../api/types';
import type { Verdict } from './check';
import { fixed, grouped, plain } from './decimal';
import { activatesInProfit, byQuote, reference, waitsForRise, type MarketContext, type Draft } from './draft';
import { closingAmount } from './request';
import type { Rules } from './rules';

export interface Sentence {
  key: string;
  values: Record<string, string>;
}

/** Nothing until the order could be sent. */
export function planOf(draft: Draft, { numbers, total, request }: Verdict, rules: Rules, marketContext: MarketContext): Sentence[] {
  if (!request) return [];
  const price = (value: bigint | null): string => (value === null ? '–' : grouped(fixed(value, rules.priceDigits)));
  const coins = (value: bigint | null): string => `${grouped(plain(value ?? 0n))} ${rules.base}`;
  const amount = coins(numbers.amount);
  const by = (side: Side, stem: string): string => `plan.${stem}${side === 'BUY' ? 'Buy' : 'Sell'}`;
  const say = (key: string, values: Record<string, string> = {}): Sentence => ({ key, values });

  const when = (): Sentence =>
    say(waitsForRise(draft.kind, draft.side) ? 'plan.rises' : 'plan.falls', { trigger: price(numbers.trigger) });
  const limit = (): Sentence => say(by(draft.side, 'limit'), { amount, price: price(numbers.price) });
  const market = (): Sentence => say(by(draft.side, 'market'), { amount });
  const pair = (side: Side, closing: bigint | null): Sentence =>
    say(by(side, numbers.stopLimit === null ? 'pair' : 'pairLimit'), {
      amount: coins(closing),
      profit: price(numbers.profit),
      stop: price(numbers.stop),
      limit: price(numbers.stopLimit),
    });
  const holds = (): Sentence[] =>
    draft.side === 'SELL'
      ? [say('plan.holds', { amount })]
      : total === null ? [] : [say('plan.holds', { amount: `${grouped(fixed(total, Math.max(rules.priceDigits, 2)))} ${rules.quote}` })];

  switch (draft.kind) {
    case 'limit': {
      const sentences = [limit()];
      if (numbers.iceberg !== null) sentences.push(say('plan.iceberg', { part: coins(numbers.iceberg) }));
      return [...sentences, say(draft.postOnly ? 'plan.postOnly' : `plan.${draft.timeInForce}`, { time: draft.goodTill.replace('T', ' ') })];
    }
    case 'market':
      return [
        byQuote(draft)
          ? say(by(draft.side, 'money'), { amount: `${grouped(plain(numbers.amount ?? 0n))} ${rules.quote}` })
          : say(by(draft.side, 'market'), { amount }),
        say('plan.about', { price: price(reference(draft.side, marketContext)) }),
      ];
    case 'stopLimit':
    case 'profitLimit':
      return [when(), limit(), ...holds()];
    case 'stopMarket':
    case 'profitMarket':
      return [when(), market()];
    case 'trailing': {
      const trail = say(by(draft.side, 'trail'), { amount, trail: plain(numbers.trail ?? 0n) });
      if (numbers.trigger === null) return [trail];
      const up = activatesInProfit(draft, numbers, marketContext) === (draft.side === 'SELL');
      return [say(up ? 'plan.rises' : 'plan.falls', { trigger: price(numbers.trigger) }), trail];
    }
    case 'oco':
      return [pair(draft.side, numbers.amount), ...holds()];
    case 'bracket': {
      const closing = closingAmount(draft, numbers, rules, marketContext);
      return [limit(), say(by(draft.side, 'then')), pair(draft.side === 'BUY' ? 'SELL' : 'BUY', closing)];
    }
  }
}
