import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { History, PAUSE } from './history.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('shows the newest first', async () => {
  const history = new History(() => Promise.resolve([1, 2, 3]));
  expect(history.phase).toBe('loading');
  void history.refresh();
  await vi.advanceTimersByTimeAsync(0);
  expect(history.rows).toEqual([3, 2, 1]);
  expect(history.phase).toBe('ready');
});

it('asks once more for all that happened meanwhile', async () => {
  let asked = 0;
  const history = new History(() => Promise.resolve([(asked += 1)]));
  for (let news = 0; news < 50; news += 1) void history.refresh();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toBe(1);
  await vi.advanceTimersByTimeAsync(PAUSE);
  expect(asked).toBe(2);
  await vi.advanceTimersByTimeAsync(10 * PAUSE);
  expect(asked).toBe(2);
  expect(history.rows).toEqual([2]);
});

it('keeps what it had when the exchange does not answer, and says so', async () => {
  const answers = [() => Promise.resolve([1]), () => Promise.reject(new Error('lost')), () => Promise.resolve([1, 2])];
  const history = new History<number>(() => answers.shift()!());
  void history.refresh();
  await vi.advanceTimersByTimeAsync(PAUSE);
  void history.refresh();
  await vi.advanceTimersByTimeAsync(PAUSE);
  expect(history.phase).toBe('failed');
  expect(history.rows).toEqual([1]);
  void history.refresh();
  await vi.advanceTimersByTimeAsync(PAUSE);
  expect(history.phase).toBe('ready');
  expect(history.rows).toEqual([2, 1]);
});
