import { expect, it } from 'vitest';
import { filters } from './filters.svelte';

it('asks for what was chosen, of each list what it knows', () => {
  filters.set('symbol', 'BTCUSDT');
  filters.set('status', 'FILLED');
  filters.set('from', '2026-03-05');
  const startTime = new Date(2026, 2, 5).getTime();
  expect(filters.parameters(['symbol', 'status', 'from', 'to'])).toEqual({ symbol: 'BTCUSDT', status: 'FILLED', startTime });
  expect(filters.parameters(['asset', 'type', 'from', 'to'])).toEqual({ startTime });
  expect([filters.count(['symbol', 'side', 'status', 'from', 'to']), filters.count(['asset', 'type'])]).toEqual([3, 0]);
  filters.set('to', '2026-03-04');
  expect(filters.parameters(['symbol', 'from', 'to'])).toBeNull();
  filters.clear(['status', 'from', 'to']);
  expect(filters.parameters(['symbol', 'status', 'from', 'to'])).toEqual({ symbol: 'BTCUSDT' });
});
