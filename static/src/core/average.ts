// What was paid or received on average.
import { amount, divide, fixed } from './decimal';

/** The mean price of what was filled, cut to so many digits; null when nothing was. */
export function averageText(money: string, filled: string, digits: number): string | null {
  const quantity = amount(filled);
  return quantity === 0n ? null : fixed(divide(amount(money), quantity), digits);
}
