import { expect, it } from 'vitest';
import { found } from './search';

const symbols = [['BTC', 'USDT'], ['ETH', 'USDT'], ['ETH', 'BTC']].map(([baseAsset = '', quoteAsset = '']) => ({
  symbol: baseAsset + quoteAsset,
  status: 'TRADING',
  baseAsset,
  quoteAsset,
  orderTypes: [],
  filters: [],
}));
const names = (sought: string, favourites: string[] = []) => found(symbols, sought, favourites).map(({ symbol }) => symbol);

it('finds a market however it is written', () => {
  expect(names('')).toEqual(['BTCUSDT', 'ETHUSDT', 'ETHBTC']);
  expect(names(' eth/b ')).toEqual(['ETHBTC']);
  expect(names('ｅｔｈ／Ｂ')).toEqual(['ETHBTC']);
  expect(names('usdt')).toEqual(['BTCUSDT', 'ETHUSDT']);
  expect(names('xrp')).toEqual([]);
});

it('lists favourites first', () => {
  expect(names('', ['ETHBTC'])).toEqual(['ETHBTC', 'BTCUSDT', 'ETHUSDT']);
});
