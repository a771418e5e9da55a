// The list of markets: what was searched for, favourites first.
import type { SymbolInfo } from '../api/types';

/** "btc", "BTC/USDT" and "btcusdt", in full width too, all find BTC/USDT; the order stays, but favourites come first. */
export function found(symbols: readonly SymbolInfo[], sought: string, favourites: readonly string[]): SymbolInfo[] {
  const wanted = sought.normalize('NFKC').toUpperCase().replace(/[^\p{L}\p{N}]/gu, '');
  const hits = symbols.filter((info) => `${info.baseAsset}${info.quoteAsset}`.toUpperCase().includes(wanted));
  const isFavourite = (info: SymbolInfo): boolean => favourites.includes(info.symbol);
  return [...hits.filter(isFavourite), ...hits.filter((info) => !isFavourite(info))];
}
