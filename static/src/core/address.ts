// The market in the page's address.
import type { SymbolInfo } from '../api/types';

/** Characters of an unknown name shown to the reader. */
const REPEATED = 24;

/** A market, in any spelling; an unknown name; or nothing. */
export type Named = { symbol: string } | { unknown: string } | null;

export function named(hash: string, symbols: readonly SymbolInfo[]): Named {
  const text = decoded(hash.replace(/^#/, '')).trim();
  if (text === '') return null;
  const wanted = bare(text);
  const found = symbols.find(({ symbol }) => symbol === text) ?? symbols.find(({ symbol }) => bare(symbol) === wanted);
  return found ? { symbol: found.symbol } : { unknown: text.length > REPEATED ? `${text.slice(0, REPEATED)}…` : text };
}

/** "btc/usdt" and "BTC-USDT" are BTCUSDT. */
function bare(text: string): string {
  return text.normalize('NFKC').toUpperCase().replace(/[^\p{L}\p{N}]/gu, '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
