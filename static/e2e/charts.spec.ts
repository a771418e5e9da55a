// The candle chart, the depth chart, the day's statistics and the list of markets.
import type { Page } from '@playwright/test';
import { ask, Counterparty, quietPrice } from './exchange';
import { expect, test } from './app';
import { Line } from './line';

const INTERVALS = ['1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M'];
const ONE_SECOND = { theme: 'dark', language: 'en', interval: '1s' };

interface Shown {
  count: number;
  oldest: number;
  newest: number;
}

async function shown(page: Page): Promise<Shown> {
  return page
    .getByTestId('candles')
    .evaluate(({ dataset }) => ({ count: Number(dataset['count']), oldest: Number(dataset['oldest']), newest: Number(dataset['newest']) }));
}

/** Candles of a second that are missing between the first and the last. */
async function holes(page: Page): Promise<number> {
  const { count, oldest, newest } = await shown(page);
  return count === 0 ? -1 : (newest - oldest) / 1000 + 1 - count;
}

test('candles of every length are shown, and kept at hand with a star', async ({ app, page }) => {
  test.slow();
  const price = (await quietPrice('ETHUSDT')).toFixed(2);
  const other = await Counterparty.open({ ETH: '10', USDT: '100000' });
  await other.print('ETHUSDT', price, '1');
  await app.open('ETHUSDT');
  for (const interval of INTERVALS) {
    const answer = page.waitForResponse((response) => response.url().includes(`interval=${interval}&`));
    await page.getByRole('button', { name: 'All candle lengths' }).click();
    await page.getByRole('button', { name: interval, exact: true }).click();
    const rows = (await (await answer).json()) as unknown[];
    expect(rows.length).toBeGreaterThan(0);
    await expect.poll(async () => (await shown(page)).count).toBeGreaterThanOrEqual(rows.length);
    await expect(page.getByTestId('legend')).toContainText(/O .*H .*L .*C .*Vol/);
  }
  await page.getByRole('button', { name: 'All candle lengths' }).click();
  await page.getByRole('button', { name: 'Keep 8h at hand' }).click();
  await expect(page.getByRole('button', { name: 'Keep 8h at hand' })).toHaveAttribute('aria-pressed', 'true');
});

test('the candle under way follows the trades', async ({ app, page }) => {
  const middle = await quietPrice('ETHUSDT');
  const other = await Counterparty.open({ ETH: '10', USDT: '100000' });
  await other.print('ETHUSDT', middle.toFixed(2), '1');
  await app.open('ETHUSDT');
  const legend = page.getByTestId('legend');
  for (const price of [middle + 1, middle - 1]) {
    await other.print('ETHUSDT', price.toFixed(2), '0.5');
    await expect(legend).toContainText(new RegExp(`C ${Number(price).toLocaleString('en')}\\.00`));
    await expect(page.getByTestId('last')).toContainText(Number(price).toLocaleString('en'));
  }
  await expect(page.getByTestId('day')).toContainText(/24 h high/);
  await expect(page.getByTestId('change')).toContainText('%');
});

test('scrolling back loads older candles until the first ever', async ({ app, page }) => {
  const other = await Counterparty.open({ ETH: '10', USDT: '100000' });
  await other.print('ETHUSDT', (await quietPrice('ETHUSDT')).toFixed(2), '1');
  // Small pages, so that a young exchange has several of them.
  await page.route('**/api/v3/klines*', (route) => {
    const url = new URL(route.request().url());
    url.searchParams.set('limit', String(Math.min(100, Number(url.searchParams.get('limit')))));
    return route.continue({ url: url.toString() });
  });
  const [first] = await ask<[number][]>('/api/v3/klines?symbol=ETHUSDT&interval=1s&startTime=0&limit=1');
  await app.open('ETHUSDT', ONE_SECOND);
  await expect.poll(async () => (await shown(page)).count).toBeGreaterThan(0);
  const wider = page.getByRole('button', { name: 'Show more candles' });
  for (let click = 0; click < 5; click += 1) await wider.click({ force: true });
  await expect
    .poll(
      async () => {
        await page.getByRole('button', { name: 'Earlier' }).click({ force: true });
        return (await shown(page)).oldest;
      },
      { timeout: 40_000, intervals: [100] },
    )
    .toBe(first?.[0]);
  expect(await holes(page)).toBe(0);
});

test('an interrupted line leaves no hole between the candles', async ({ app, page }) => {
  test.skip(test.info().project.name === 'phone', 'the line is the same on a phone');
  const middle = await quietPrice('ETHUSDT');
  const other = await Counterparty.open({ ETH: '10', USDT: '100000' });
  await other.print('ETHUSDT', middle.toFixed(2), '1');
  const line = await Line.tap(page);
  await app.open('ETHUSDT', ONE_SECOND);
  await expect.poll(() => holes(page)).toBe(0);
  const before = await shown(page);

  // Frames are lost for some seconds before the connection breaks, so only a request can recover those candles.
  line.swallow = (message) => message.includes('kline');
  await expect.poll(() => line.swallowed).toBeGreaterThan(2);
  await other.print('ETHUSDT', (middle + 2).toFixed(2), '1');
  line.swallow = () => false;
  await line.sockets[0]?.close({ code: 1012, reason: 'service restart' });
  await expect.poll(() => line.sockets.length).toBe(2);
  await app.live();
  await expect.poll(async () => (await shown(page)).newest).toBeGreaterThan(before.newest + 2_000);
  await expect.poll(() => holes(page)).toBe(0);
});

test('the depth chart adds up the book, for the pointer and the keyboard', async ({ app, page }) => {
  const middle = await quietPrice('ETHUSDT');
  const other = await Counterparty.open({ ETH: '10', USDT: '100000' });
  try {
    await other.limit('ETHUSDT', 'SELL', (middle + 1).toFixed(2), '2');
    await other.limit('ETHUSDT', 'SELL', (middle + 2).toFixed(2), '3');
    await other.limit('ETHUSDT', 'BUY', (middle - 1).toFixed(2), '4');
    await app.open('ETHUSDT');
    await page.getByRole('tab', { name: 'Depth' }).click();
    await page.getByRole('radio', { name: '±0.5%' }).check({ force: true });
    await expect(page.getByTestId('depth-asks')).toHaveAttribute('d', /^M.*Z$/);
    await expect(page.getByTestId('depth-summary')).toContainText(/bids for [\d.]+ ETH, asks of [\d.]+ ETH/);

    const plot = page.getByRole('slider', { name: /Read the depth/ });
    await plot.focus();
    await page.keyboard.press('Home');
    await expect(plot).toHaveAttribute('aria-valuetext', /bids for [\d,.]+ ETH, worth [\d,.]+ USDT/);
    await page.keyboard.press('End');
    await expect(plot).toHaveAttribute('aria-valuetext', /asks of [\d,.]+ ETH, worth [\d,.]+ USDT/);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('textbox', { name: 'Price', exact: true })).toHaveValue(/\d/);

    const box = await plot.boundingBox();
    if (!box) throw new Error('the depth chart has no box');
    await plot.hover({ position: { x: box.width - 4, y: box.height / 2 } });
    await expect(page.getByTestId('depth-tip')).toContainText('Asks up to here');
  } finally {
    await other.cancelAll('ETHUSDT');
  }
});

test('the list of markets is live, searched, and starred', async ({ app, page }) => {
  const price = (await quietPrice('ETHUSDT')).toFixed(2);
  const other = await Counterparty.open({ ETH: '10', USDT: '100000' });
  await other.print('ETHUSDT', price, '1');
  await page.goto('/#BTCUSDT');
  await app.live();
  const open = page.locator('header').getByRole('button', { name: 'Choose a market' });
  const rows = page.locator('.pick');
  await open.click();
  const row = rows.filter({ hasText: 'ETH/USDT' });
  await expect(row).toContainText(Number(price).toLocaleString('en'));
  await expect(row).toContainText('%');
  await other.print('ETHUSDT', (Number(price) + 3).toFixed(2), '1');
  await expect(row).toContainText((Number(price) + 3).toLocaleString('en'));

  await page.getByRole('button', { name: 'Favourite: ETH/USDT' }).click();
  await page.getByRole('searchbox').fill('no such');
  await expect(page.getByText('No market matches.')).toBeVisible();
  await page.keyboard.press('Escape');
  await page.reload();
  await app.live();
  await open.click();
  await expect(rows.first()).toContainText('ETH/USDT');
});
