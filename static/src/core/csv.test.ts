import { expect, it } from 'vitest';
import { csv, fileName } from './csv';

it('writes a head and a line a row, each ended', () => {
  const rows = [
    { time: 0, price: '1.50', id: 7 },
    { time: 1_700_000_000_001, price: '-2', id: 8 },
  ];
  expect(csv(['id', 'time', 'price'], rows)).toBe('id,time,price\r\n7,1970-01-01T00:00:00.000Z,1.50\r\n8,2023-11-14T22:13:20.001Z,-2\r\n');
  expect(csv(['id'], [])).toBe('id\r\n');
});

it('quotes what would otherwise be read as more than one cell', () => {
  const rows = [{ name: 'a,b' }, { name: 'say "hi"' }, { name: 'two\nlines' }, { name: ' spaced' }, { name: 'plain; text' }];
  expect(csv(['name'], rows)).toBe('name\r\n"a,b"\r\n"say ""hi"""\r\n"two\nlines"\r\n" spaced"\r\nplain; text\r\n');
});

it('leaves a cell empty where there is nothing', () => {
  const rows: { id: number; symbol?: string }[] = [{ id: 1 }, { id: 2, symbol: 'BTCUSDT' }];
  expect(csv(['symbol', 'id'], rows)).toBe('symbol,id\r\n,1\r\nBTCUSDT,2\r\n');
});

it('names the file after what is in it, whose, and the day here', () => {
  expect(fileName('orders', 12, new Date(2026, 2, 5, 23, 59))).toBe('lightning-orders-12-2026-03-05.csv');
});
