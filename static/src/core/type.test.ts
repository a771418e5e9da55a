import { expect, it } from 'vitest';
import type { Order } from '../api/types';
import { typeOf } from './type';

const order = (change: Partial<Order>): Order => ({
  symbol: 'BTCUSDT', orderId: 1, clientOrderId: '', price: '1', origQty: '1', executedQty: '0', status: 'NEW', timeInForce: 'GTC',
  type: 'LIMIT_MAKER', side: 'SELL', time: 0, isWorking: true, orderListId: -1, ...change,
});

it('calls the profit leg of a pair what it is for', () => {
  const profit = order({ orderListId: 5 });
  const stop = order({ orderListId: 5, orderId: 2, type: 'STOP_LOSS' });
  expect(typeOf(profit, [profit, stop])).toBe('TAKE_PROFIT_LIMIT');
  expect(typeOf(stop, [profit, stop])).toBe('STOP_LOSS');
  expect(typeOf(profit, [profit])).toBe('TAKE_PROFIT_LIMIT');
});

it('calls every other order what the exchange calls it', () => {
  const entry = order({ orderListId: 5, side: 'BUY' });
  expect(typeOf(entry, [entry, order({ orderListId: 5, orderId: 2, type: 'STOP_LOSS' })])).toBe('LIMIT_MAKER');
  expect(typeOf(order({}), [order({ orderId: 2 })])).toBe('LIMIT_MAKER');
  expect(typeOf(order({ type: 'STOP_LOSS', trailingDelta: 100 }), [])).toBe('trailing');
});
