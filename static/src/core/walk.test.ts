import { describe, expect, it } from 'vitest';
import { parse, plain } from './decimal';
import { averageOf, collarOf, walk, type Bounds, type Level } from './walk';

const value = (text: string): bigint => parse(text) ?? 0n;
const levels = (...rows: [price: string, quantity: string][]): Level[] =>
  rows.map(([price, quantity]) => ({ price: value(price), quantity: value(quantity) }));

const asks = levels(['100', '1'], ['101', '2'], ['110', '5']);
const bids = levels(['99', '1'], ['98', '2'], ['90', '5']);
const bounds: Bounds = { side: 'BUY', limit: null, amount: null, budget: null, byBudget: false, step: value('0.01') };

function walked(rows: Level[], change: Partial<Bounds>) {
  const result = walk(rows, { ...bounds, ...change });
  const text = (number: bigint | null): string | null => (number === null ? null : plain(number));
  return [plain(result.filled), plain(result.money), text(averageOf(result)), text(result.worst), result.end];
}

describe('a walk through the book', () => {
  it('takes level by level until the amount is traded', () => {
    expect(walked(asks, { amount: value('0.5') })).toEqual(['0.5', '50', '100', '100', null]);
    expect(walked(asks, { amount: value('1') })).toEqual(['1', '100', '100', '100', null]);
    expect(walked(asks, { amount: value('2') })).toEqual(['2', '201', '100.5', '101', null]);
    expect(walked(bids, { side: 'SELL', amount: value('3') })).toEqual(['3', '295', '98.33333333', '98', null]);
  });

  it('ends where the book, the worst price or the money does', () => {
    expect(walked(asks, { amount: value('9') })).toEqual(['8', '852', '106.5', '110', 'book']);
    expect(walked(asks, { amount: value('9'), limit: value('105') })).toEqual(['3', '302', '100.66666666', '101', 'limit']);
    expect(walked(bids, { side: 'SELL', amount: value('9'), limit: value('95') })).toEqual(['3', '295', '98.33333333', '98', 'limit']);
    expect(walked(asks, { amount: value('2'), budget: value('150') })).toEqual(['1.49', '149.49', '100.32885906', '101', 'funds']);
    expect(walked([], { amount: value('1') })).toEqual(['0', '0', null, null, 'book']);
    expect(walked(asks, { amount: value('1'), limit: value('99') })).toEqual(['0', '0', null, null, 'limit']);
  });

  it('spends a budget as far as it buys a lot', () => {
    const spend = (text: string) => walked(asks, { budget: value(text), byBudget: true });
    expect(spend('100')).toEqual(['1', '100', '100', '100', null]);
    expect(spend('150.7')).toEqual(['1.5', '150.5', '100.33333333', '101', null]);
    expect(spend('852')).toEqual(['8', '852', '106.5', '110', null]);
    expect(spend('100000')).toEqual(['8', '852', '106.5', '110', 'book']);
    expect(spend('0.5')).toEqual(['0', '0', null, null, 'funds']);
    expect(walked(asks, { budget: value('100000'), byBudget: true, limit: value('105') })).toEqual(['3', '302', '100.66666666', '101', 'limit']);
    expect(walked(bids, { side: 'SELL', budget: value('200'), byBudget: true, amount: value('1.5') })).toEqual(['1.5', '148', '98.66666666', '98', 'funds']);
  });
});

it('a collar is rounded towards the reference and stays within PRICE_FILTER', () => {
  const range = { min: value('0.01'), max: value('1000'), step: value('0.01') };
  const collar = (side: 'BUY' | 'SELL', rate: string, reference: string): string => plain(collarOf(side, value(rate), value(reference), range));
  expect(collar('BUY', '0.05', '100.01')).toBe('105.01');
  expect(collar('SELL', '0.05', '100.01')).toBe('95.01');
  expect(collar('SELL', '0.05', '100')).toBe('95');
  expect(collar('BUY', '0.05', '999')).toBe('1000');
  expect(collar('SELL', '2', '100')).toBe('0.01');
  expect(collar('SELL', '0.00000001', '0.03')).toBe('0.03');
  expect(collar('BUY', '0', '5')).toBe('5');
});
