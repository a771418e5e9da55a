import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Refused } from '../api/client';
import { PAGE, Pages, PAUSE, WHOLE } from './history.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The rows `count` to 1, paged as the exchange pages them. */
class Shelf {
  asked: (string | null)[] = [];
  fails = false;

  constructor(public count: number) {}

  readonly pages = new Pages<number>(async (before, limit) => {
    this.asked.push(before);
    await Promise.resolve();
    if (this.fails) throw new Error('lost');
    const newest = before === null ? this.count : Number(before) - 1;
    return Array.from({ length: Math.max(0, Math.min(limit, newest)) }, (_, index) => newest - index);
  }, String);

  get ends(): (number | undefined)[] {
    return [this.pages.rows[0], this.pages.rows.at(-1)];
  }
}

async function settled(time = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(time);
}

it('shows the newest page, and whether there is an older one', async () => {
  const shelf = new Shelf(PAGE);
  expect(shelf.pages.phase).toBe('loading');
  void shelf.pages.refresh();
  await settled();
  expect([shelf.pages.phase, shelf.pages.hasOlder, shelf.pages.rows.length]).toEqual(['ready', false, PAGE]);
  shelf.count += 1;
  await settled(PAUSE);
  void shelf.pages.refresh();
  await settled();
  expect([shelf.pages.hasOlder, ...shelf.ends]).toEqual([true, PAGE + 1, 2]);
});

it('turns back to the first row there was, and forward again', async () => {
  const shelf = new Shelf(2 * PAGE + 7);
  void shelf.pages.refresh();
  await settled();
  for (const [first, last] of [
    [PAGE + 7, 8],
    [7, 1],
  ]) {
    await shelf.pages.older();
    expect(shelf.ends).toEqual([first, last]);
  }
  expect([shelf.pages.page, shelf.pages.hasOlder]).toEqual([2, false]);
  await shelf.pages.older();
  expect(shelf.pages.page).toBe(2);
  await shelf.pages.newer();
  await shelf.pages.newer();
  expect([shelf.pages.page, ...shelf.ends]).toEqual([0, 2 * PAGE + 7, PAGE + 8]);
});

it('does not lose a turn to news, nor the place to it', async () => {
  const shelf = new Shelf(2 * PAGE);
  void shelf.pages.refresh();
  await settled(PAUSE);
  const turned = shelf.pages.older();
  shelf.count += 3;
  void shelf.pages.refresh();
  await turned;
  await settled(PAUSE);
  expect([shelf.pages.page, ...shelf.ends]).toEqual([1, PAGE, 1]);
});

it('asks once more for all that happened meanwhile', async () => {
  const shelf = new Shelf(1);
  for (let news = 0; news < 50; news += 1) void shelf.pages.refresh();
  await settled();
  expect(shelf.asked.length).toBe(1);
  await settled(PAUSE);
  expect(shelf.asked.length).toBe(2);
  await settled(10 * PAUSE);
  expect(shelf.asked.length).toBe(2);
});

it('keeps the page on show when another one cannot be had, and says so', async () => {
  const shelf = new Shelf(3 * PAGE);
  void shelf.pages.refresh();
  await settled(PAUSE);
  shelf.fails = true;
  await shelf.pages.older();
  expect([shelf.pages.phase, shelf.pages.page, ...shelf.ends]).toEqual(['failed', 0, 3 * PAGE, 2 * PAGE + 1]);
  shelf.fails = false;
  await shelf.pages.retry();
  expect([shelf.pages.phase, shelf.pages.page]).toEqual(['ready', 0]);
  await shelf.pages.older();
  expect(shelf.ends).toEqual([2 * PAGE, PAGE + 1]);
});

it('fetches every page at once for a file, and waits where it is told to', async () => {
  const shelf = new Shelf(WHOLE + 5);
  const progress: number[] = [];
  let refusals = 1;
  const pages = new Pages<number>(async (before, limit) => {
    if (before !== null && refusals-- > 0) throw new Refused(429, -1003, 'Too many requests', 2);
    const newest = before === null ? shelf.count : Number(before) - 1;
    return Array.from({ length: Math.min(limit, newest) }, (_, index) => newest - index);
  }, String);
  const all = pages.all((count) => progress.push(count));
  await settled(1_999);
  expect(progress).toEqual([WHOLE]);
  await settled(1);
  expect((await all).length).toBe(WHOLE + 5);
  expect(progress).toEqual([WHOLE, WHOLE + 5]);
});

it('gives a file up when the exchange does not answer', async () => {
  const shelf = new Shelf(3);
  shelf.fails = true;
  await expect(shelf.pages.all(() => undefined)).rejects.toThrow('lost');
});
