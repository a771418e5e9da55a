// Where the page is: the market in its address, Back and Forward, and the list of markets.
import type { Page } from '@playwright/test';
import { expect, test } from './app';
import { Line } from './line';

const chooser = (page: Page) => page.locator('header').getByRole('button', { name: 'Choose a market' });

async function choose(page: Page, sought: string): Promise<void> {
  await chooser(page).click();
  await expect(page.getByRole('searchbox')).toBeFocused();
  await page.keyboard.type(sought);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
}

test('the list of markets is searched as soon as it is open', async ({ app, page }) => {
  await app.open('BTCUSDT');
  await choose(page, 'ethb');
  await expect(page).toHaveURL(/#ETHBTC$/);
});

test('Back and Forward lead through the markets that were looked at', async ({ app, page }) => {
  await app.open('BTCUSDT');
  await choose(page, 'ethusdt');
  await expect(chooser(page)).toContainText('ETH/USDT');
  await choose(page, 'ethbtc');
  await expect(chooser(page)).toContainText('ETH/BTC');
  await page.goBack();
  await expect(chooser(page)).toContainText('ETH/USDT');
  await page.goBack();
  await expect(chooser(page)).toContainText('BTC/USDT');
  await expect(page).toHaveURL(/#BTCUSDT$/);
  await app.live();
  await page.goForward();
  await expect(chooser(page)).toContainText('ETH/USDT');
});

test('Back closes what lies over the page, and only that', async ({ app, page }) => {
  await app.open('BTCUSDT');
  await choose(page, 'ethusdt');
  await page.locator('header').getByRole('button', { name: 'Sign in' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toBeVisible();
  await page.goBack();
  await expect(dialog).toHaveCount(0);
  await expect(chooser(page)).toContainText('ETH/USDT');

  await chooser(page).click();
  await expect(page.getByRole('searchbox')).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('searchbox')).toHaveCount(0);
  await expect(chooser(page)).toContainText('ETH/USDT');

  // What was closed otherwise does not stand in the way.
  await page.locator('header').getByRole('button', { name: 'Sign in' }).click();
  await dialog.getByRole('button', { name: 'Sign up' }).click();
  await expect(dialog.getByRole('heading', { name: 'Sign up' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await page.goBack();
  await expect(chooser(page)).toContainText('BTC/USDT');
});

test('an address that names no market says so', async ({ app, page }) => {
  await app.open('DOGEUSDT');
  await expect(app.toasts).toContainText('There is no market “DOGEUSDT” here. Showing BTC/USDT.');
  await expect(page).toHaveURL(/#BTCUSDT$/);
  await page.goto('/#eth/usdt');
  await expect(chooser(page)).toContainText('ETH/USDT');
  await expect(page).toHaveURL(/#ETHUSDT$/);
  await page.goto('/#nothing');
  await expect(app.toasts).toContainText('There is no market “nothing” here. Showing ETH/USDT.');
  await expect(page).toHaveURL(/#ETHUSDT$/);
});

test.describe('in a zone whose clocks change', () => {
  test.use({ timezoneId: 'Europe/Berlin' });

  for (const [season, opened, local] of [
    ['winter', '2026-01-15T12:00:00Z', '15 Jan, 13:00'],
    ['summer', '2026-07-15T12:00:00Z', '15 Jul, 14:00'],
  ] as const) {
    test(`a candle of ${season} is labelled with the time of ${season}`, async ({ app, page }) => {
      const line = await Line.tap(page);
      line.swallow = (message) => message.includes('kline') || message.includes('@trade');
      await page.route('**/api/v3/klines*', (route) => {
        const first = new URL(route.request().url()).searchParams.has('endTime');
        const last = Date.parse(opened);
        const rows = Array.from({ length: 60 }, (_, minute) => last - (59 - minute) * 60_000);
        return route.fulfill({ json: first ? [] : rows.map((time) => [time, '100', '102', '99', '101', '5', time + 59_999, '500', 3, '1', '1', '0']) });
      });
      await app.open('ETHUSDT');
      await expect(page.locator('.legend .when')).toHaveText(local);
    });
  }
});
