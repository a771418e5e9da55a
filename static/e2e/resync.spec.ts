// A bad network between the page and the exchange: frames are lost, the socket closes, the connection goes silent.
import type { Page } from '@playwright/test';
import { Counterparty, quietPrice } from './exchange';
import { expect, test } from './app';
import { Line } from './line';

/** Holds every book snapshot back until released. */
async function holdSnapshots(page: Page): Promise<() => void> {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/api/v3/depth*', async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

const isDepth = (message: string): boolean => message.includes('"depthUpdate"');

test('a lost frame greys the prices at once and the book recovers whole', async ({ app, page }) => {
  const ask = await quietPrice('ETHUSDT');
  const other = await Counterparty.open({ ETH: '10' });
  try {
    const line = await Line.tap(page);
    await other.limit('ETHUSDT', 'SELL', (ask + 3).toFixed(2), '1');
    await app.open('ETHUSDT');
    await expect(app.asks((ask + 3).toFixed(2))).toBeVisible();
    const release = await holdSnapshots(page);

    line.swallow = isDepth;
    await other.limit('ETHUSDT', 'SELL', (ask + 2).toFixed(2), '1');
    await expect.poll(() => line.swallowed).toBeGreaterThan(0);
    line.swallow = () => false;
    await other.limit('ETHUSDT', 'SELL', (ask + 1).toFixed(2), '1');

    await expect(app.status).toHaveAttribute('data-status', 'gap');
    await expect(app.status).toHaveClass(/doubtful/);
    await expect(page.getByTestId('gaps')).toHaveText('1');
    await expect(app.asks((ask + 3).toFixed(2))).toBeVisible();
    release();

    await app.live();
    await expect(app.status).not.toHaveClass(/doubtful/);
    for (const price of [ask + 1, ask + 2, ask + 3]) await expect(app.asks(price.toFixed(2))).toBeVisible();
    expect(line.sockets).toHaveLength(1);
  } finally {
    await other.cancelAll('ETHUSDT');
  }
});

test('a closed socket is opened again and the book follows', async ({ app, page }) => {
  const ask = await quietPrice('ETHUSDT');
  const other = await Counterparty.open({ ETH: '10' });
  try {
    const line = await Line.tap(page);
    await other.limit('ETHUSDT', 'SELL', (ask + 2).toFixed(2), '1');
    await app.open('ETHUSDT');
    await expect(app.asks((ask + 2).toFixed(2))).toBeVisible();

    const release = await holdSnapshots(page);
    await line.sockets[0]?.close({ code: 1012, reason: 'service restart' });
    await expect.poll(() => line.sockets.length).toBe(2);
    await expect(app.status).toHaveAttribute('data-status', 'syncing');
    await other.limit('ETHUSDT', 'SELL', (ask + 1).toFixed(2), '1');
    release();

    await app.live();
    await expect(app.asks((ask + 1).toFixed(2))).toBeVisible();
    await expect(page.getByTestId('gaps')).toHaveText('0');
  } finally {
    await other.cancelAll('ETHUSDT');
  }
});

test('lost private events are noticed by their numbers and made good', async ({ app, page }) => {
  const line = await Line.tap(page);
  const price = (await quietPrice('BTCUSDT')) * 0.9;
  await app.open('BTCUSDT');
  await app.enter({ USDT: '5000' });
  await app.limit('Buy', (price - 200).toFixed(0), '0.01');
  await expect(app.orders).toHaveCount(1);

  line.swallow = (message) => message.includes('"stream":"user"');
  await app.limit('Buy', price.toFixed(0), '0.01');
  await expect.poll(() => line.swallowed).toBeGreaterThan(1);
  await expect(app.orders).toHaveCount(1);
  line.swallow = () => false;
  await app.limit('Buy', (price - 100).toFixed(0), '0.01');
  await expect(app.orders).toHaveCount(3);

  await page.getByRole('button', { name: 'Cancel all' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel 3' }).click();
  await expect(app.orders).toHaveCount(0);
});

test('a silent line is called stale, and live again when it speaks', async ({ app, page }) => {
  const line = await Line.tap(page);
  await app.open('BTCUSDT');
  line.swallow = () => true;
  await expect(app.status).toHaveAttribute('data-status', 'stale', { timeout: 12_000 });
  line.swallow = () => false;
  const other = await Counterparty.open({ USDT: '5000' });
  await other.limit('BTCUSDT', 'BUY', ((await quietPrice('BTCUSDT')) * 0.9).toFixed(0), '0.01');
  await app.live();
  await other.cancelAll('BTCUSDT');
});
