// Names order types.
import type { Order } from '../api/types';

/** Returns the type to show: the wire's, or the purpose of an OCO leg. */
export function typeOf(order: Order, others: readonly Order[]): string {
  if (order.trailingDelta !== undefined) return 'trailing';
  return isProfitLeg(order, others) ? 'TAKE_PROFIT_LIMIT' : order.type;
}

/**
 * The profit leg of an OCO is a LIMIT_MAKER. So may be the working order of an OTO, but then the other known orders of its list are
 * on the opposite side.
 */
function isProfitLeg(order: Order, others: readonly Order[]): boolean {
  if (order.type !== 'LIMIT_MAKER' || order.orderListId < 0) return false;
  const list = others.filter((each) => each.orderListId === order.orderListId && each.orderId !== order.orderId);
  return list.length === 0 || list.some((each) => each.side === order.side);
}
