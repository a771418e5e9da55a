// The run of candles against an exchange that answers by the rules of `GET /api/v3/klines`.
import { beforeEach, expect, it, vi } from 'vitest';
import { candles } from './candles.svelte';

const MINUTE = 60_000;
const STREAM = 'btcusdt@kline_1m';
/** The exchange's candles run from this minute to `now`. */
const FIRST = 1_000;
let now = 0;
let asked: string[] = [];
/** Holds answers back while set. */
let gate: Promise<void> | null = null;

function row(minute: number): unknown[] {
  return [minute * MINUTE, '1', '2', '0.5', '1.5', '10', minute * MINUTE + MINUTE - 1, '15', 3, '5', '7', '0'];
}

function answer(url: string): unknown[][] {
  const query = new URL(url, 'http://x').searchParams;
  const limit = Number(query.get('limit'));
  const start = query.get('startTime');
  const end = query.get('endTime');
  let from = FIRST;
  let to = now;
  if (start !== null) {
    from = Math.max(FIRST, Math.ceil(Number(start) / MINUTE));
    to = Math.min(now, from + limit - 1);
  } else {
    to = end === null ? now : Math.min(now, Math.floor(Number(end) / MINUTE));
    from = Math.max(FIRST, to - limit + 1);
  }
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => row(from + index));
}

vi.stubGlobal('requestAnimationFrame', (run: () => void) => run());
vi.stubGlobal('fetch', async (url: string) => {
  asked.push(url);
  await gate;
  return new Response(JSON.stringify(answer(url)), { headers: { 'Content-Type': 'application/json' } });
});

function live(minute: number): void {
  const [t, T] = [minute * MINUTE, minute * MINUTE + MINUTE - 1];
  const k = { t, T, s: 'BTCUSDT', i: '1m', o: '1', h: '2', l: '0.5', c: '1.5', v: '10', n: 3, x: false };
  candles.message(STREAM, { e: 'kline', s: 'BTCUSDT', k });
}

const minutes = (): number[] => candles.store.candles.map(({ time }) => time / MINUTE);
const run = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(async () => {
  now = 3_000;
  asked = [];
  gate = null;
  candles.show('BTCUSDT', '1m');
  candles.subscribed(new Set([STREAM]));
  await settled();
});

it('begins with the newest page and goes on with the stream', () => {
  expect(minutes()).toEqual(run(2_501, 3_000));
  live(3_001);
  expect(minutes().at(-1)).toBe(3_001);
  expect(asked).toHaveLength(1);
});

it('asks for nothing before its stream flows, and only once', async () => {
  asked = [];
  candles.show('ETHUSDT', '1m');
  candles.subscribed(new Set([STREAM]));
  await settled();
  expect(asked).toHaveLength(0);
  candles.subscribed(new Set([STREAM, 'ethusdt@kline_1m']));
  candles.subscribed(new Set([STREAM, 'ethusdt@kline_1m']));
  await settled();
  expect(asked).toHaveLength(1);
});

it('fetches what happened while nobody listened', async () => {
  candles.disconnected();
  now = 4_700;
  candles.subscribed(new Set([STREAM]));
  live(4_701);
  await settled();
  expect(minutes()).toEqual(run(2_501, 4_701));
});

it('does not forget where it stopped when the line breaks again at once', async () => {
  candles.disconnected();
  now = 3_100;
  gate = new Promise(() => undefined);
  candles.subscribed(new Set([STREAM]));
  live(3_101);
  candles.disconnected();
  gate = null;
  now = 3_105;
  candles.subscribed(new Set([STREAM]));
  await settled();
  expect(minutes()).toEqual(run(2_501, 3_105));
});

it('starts over rather than leave a hole after a long absence', async () => {
  candles.disconnected();
  now = 20_000;
  candles.subscribed(new Set([STREAM]));
  await settled();
  expect(minutes()).toEqual(run(19_501, 20_000));
});

it('reaches back page by page to the first candle ever, and asks no further', async () => {
  await candles.older();
  expect(minutes()).toEqual(run(1_501, 3_000));
  await candles.older();
  expect(minutes()).toEqual(run(FIRST, 3_000));
  await candles.older();
  expect(candles.store.whole).toBe(true);
  const before = asked.length;
  await candles.older();
  expect(asked).toHaveLength(before);
});

it('drops the page of a market that is no longer on show', async () => {
  let release = (): void => undefined;
  gate = new Promise((resolve) => (release = resolve));
  const older = candles.older();
  candles.show('ETHUSDT', '1h');
  release();
  await older;
  expect(minutes()).toEqual([]);
});
