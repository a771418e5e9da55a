// What an order is called.
import type { Order } from '../api/types';

/** The name of its type: the exchange's, or what the order is for. */
export function typeOf(order: Order, others: readonly Order[]): string {
  if (order.trailingDelta !== undefined) return 'trailing';
  return isProfitLeg(order, others) ? 'TAKE_PROFIT_LIMIT' : order.type;
}

/**
 * The profit leg of a pair is sent as post only, but stands for the profit to be taken. The working order of a list may be post
 * only too: then the others of the list, as far as they are known, close what it opens.
 */
function isProfitLeg(order: Order, others: readonly Order[]): boolean {
  if (order.type !== 'LIMIT_MAKER' || order.orderListId < 0) return false;
  const list = others.filter((each) => each.orderListId === order.orderListId && each.orderId !== order.orderId);
  return list.length === 0 || list.some((each) => each.side === order.side);
}
