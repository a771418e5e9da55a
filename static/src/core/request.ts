// A sound draft as the exchange wants it: the endpoint and its parameters.
import { activatesInProfit, byQuote, expires, opposite, type MarketContext, type Draft, type Numbers } from './draft';
import { floorTo, multiply, plain } from './decimal';
import type { Kind } from './kinds';
import type { Rules } from './rules';

export type OrderPath = '/api/v3/order' | '/api/v3/orderList/oco' | '/api/v3/orderList/otoco';

export interface OrderRequest {
  path: OrderPath;
  parameters: Record<string, string>;
}

const TYPES: Partial<Record<Kind, string>> = {
  stopLimit: 'STOP_LOSS_LIMIT',
  stopMarket: 'STOP_LOSS',
  profitLimit: 'TAKE_PROFIT_LIMIT',
  profitMarket: 'TAKE_PROFIT',
};

const ONE = 100_000_000n;

export function requestOf(draft: Draft, numbers: Numbers, rules: Rules, marketContext: MarketContext): OrderRequest {
  const { symbol } = rules;
  const text = (value: bigint | null): string => plain(value ?? 0n);
  const quantity = text(numbers.amount);
  const one = (parameters: Record<string, string>): OrderRequest => ({
    path: '/api/v3/order',
    parameters: { symbol, side: draft.side, ...parameters },
  });
  switch (draft.kind) {
    case 'market':
      return one({ type: 'MARKET', [byQuote(draft) ? 'quoteOrderQty' : 'quantity']: quantity });
    case 'limit':
      return one({
        ...limit(draft),
        price: text(numbers.price),
        quantity,
        ...(numbers.iceberg === null ? {} : { icebergQty: text(numbers.iceberg) }),
      });
    case 'stopLimit':
    case 'profitLimit':
      return one({
        type: TYPES[draft.kind] ?? '',
        stopPrice: text(numbers.trigger),
        price: text(numbers.price),
        quantity,
        timeInForce: draft.timeInForce === 'GTD' ? 'GTC' : draft.timeInForce,
      });
    case 'stopMarket':
    case 'profitMarket':
      return one({ type: TYPES[draft.kind] ?? '', stopPrice: text(numbers.trigger), quantity });
    case 'trailing':
      // A profit order becomes active on the profitable side of the price, a stop on the other one.
      return one({
        type: activatesInProfit(draft, numbers, marketContext) ? 'TAKE_PROFIT' : 'STOP_LOSS',
        trailingDelta: String((numbers.trail ?? 0n) / 1_000_000n),
        quantity,
        ...(numbers.trigger === null ? {} : { stopPrice: text(numbers.trigger) }),
      });
    case 'oco':
      return {
        path: '/api/v3/orderList/oco',
        parameters: { symbol, side: draft.side, quantity, ...legs(draft.side === 'SELL', numbers, '') },
      };
    case 'bracket':
      return {
        path: '/api/v3/orderList/otoco',
        parameters: {
          symbol,
          workingType: 'LIMIT',
          workingSide: draft.side,
          workingPrice: text(numbers.price),
          workingQuantity: quantity,
          workingTimeInForce: 'GTC',
          pendingSide: opposite(draft.side),
          pendingQuantity: plain(closingAmount(draft, numbers, rules, marketContext)),
          ...legs(draft.side === 'BUY', numbers, 'pending'),
        },
      };
  }
}

/** What a bracket closes: the fee of a purchase is taken from what was bought, and only the rest can be sold. */
export function closingAmount(draft: Draft, numbers: Numbers, rules: Rules, marketContext: MarketContext): bigint {
  const amount = numbers.amount ?? 0n;
  return draft.side === 'SELL' ? amount : floorTo(multiply(amount, ONE - marketContext.fee), rules.lot.step);
}

function limit(draft: Draft): Record<string, string> {
  // LIMIT_MAKER rests or is refused, so it takes no time in force.
  if (draft.postOnly) return { type: 'LIMIT_MAKER' };
  const { timeInForce } = draft;
  return expires(draft)
    ? { type: 'LIMIT', timeInForce, goodTillDate: String(new Date(draft.goodTill).getTime()) }
    : { type: 'LIMIT', timeInForce };
}

/** The profit and the stop of a pair; for a sale the profit is the leg above the price, for a purchase the one below. */
function legs(selling: boolean, numbers: Numbers, prefix: '' | 'pending'): Record<string, string> {
  const name = (leg: string, field: string): string => {
    const whole = `${leg}${field}`;
    return prefix === '' ? whole.charAt(0).toLowerCase() + whole.slice(1) : prefix + whole;
  };
  const [profit, stop] = selling ? ['Above', 'Below'] : ['Below', 'Above'];
  const parameters: Record<string, string> = {
    [name(profit, 'Type')]: 'LIMIT_MAKER',
    [name(profit, 'Price')]: plain(numbers.profit ?? 0n),
    [name(stop, 'Type')]: numbers.stopLimit === null ? 'STOP_LOSS' : 'STOP_LOSS_LIMIT',
    [name(stop, 'StopPrice')]: plain(numbers.stop ?? 0n),
  };
  if (numbers.stopLimit !== null) {
    parameters[name(stop, 'Price')] = plain(numbers.stopLimit);
    parameters[name(stop, 'TimeInForce')] = 'GTC';
  }
  return parameters;
}
