// Sessions that end without being asked to, and browsers that keep none.
import { quietPrice } from './exchange';
import { expect, test } from './floor';
import { freshName, give, PASSWORD, signUp } from './people';
import { Line } from './line';

test('a session the exchange no longer knows is said to have ended, and leads back to the open orders', async ({ floor, page, context }) => {
  floor.expected = /status of 401|WebSocket|ERR_/;
  const price = ((await quietPrice('BTCUSDT')) * 0.9).toFixed(0);
  const line = await Line.tap(page);
  await floor.visit('BTCUSDT');
  await floor.enter({ USDT: '5000' });
  await floor.limit('Buy', price, '0.01');
  await expect(floor.orders).toHaveCount(1);

  // As after a restart: the cookie means nothing to the exchange, and the connection is gone.
  await context.clearCookies();
  await line.sockets.at(-1)?.close({ code: 1012, reason: 'service restart' });
  const ended = page.getByTestId('session-ended');
  await expect(ended).toContainText('Your session has ended');
  await expect(ended).toContainText('Open orders of the demo account stay open.');
  await floor.live();
  await expect(page.getByRole('tab', { name: 'Open orders' })).toHaveText('Open orders');
  await expect(page.getByTestId('why')).toContainText('Your session has ended.');
  await page.getByRole('tab', { name: 'Balances' }).click();
  await expect(ended).toBeVisible();

  // It is still so for who comes back later.
  await page.reload();
  await floor.live();
  await expect(ended).toBeVisible();
  await ended.getByRole('button', { name: 'Start the demo again' }).click();
  await expect(floor.orders).toHaveCount(1);
  await expect(ended).toHaveCount(0);
  await floor.orders.first().getByRole('button').click();
  await expect(floor.orders).toHaveCount(0);
});

test('an account of one’s own is signed in to again; who signed out is told nothing', async ({ floor, page, context }) => {
  floor.expected = /status of 401/;
  const name = freshName();
  await floor.visit('BTCUSDT');
  await signUp(page, name);
  await context.clearCookies();
  await page.reload();
  const ended = page.getByTestId('session-ended');
  await expect(ended).toContainText('Sign in to see your orders and balances.');
  await ended.getByRole('button', { name: 'Sign in' }).click();
  await give(page, name, PASSWORD);
  await expect(page.locator('header')).toContainText(name);
  await expect(page.getByText('No open orders')).toBeVisible();

  await page.locator('header .tools [aria-expanded]').first().click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByText('Sign in to see your orders and balances.')).toBeVisible();
  await page.reload();
  await floor.live();
  await expect(ended).toHaveCount(0);
});

test('a browser that keeps no cookie is told so, and goes on seeing live prices', async ({ floor, page }) => {
  floor.expected = /status of 401/;
  // Such a browser often refuses to store anything else either.
  await page.addInitScript(() => {
    Object.defineProperty(window, 'localStorage', {
      get: () => {
        throw new DOMException('denied', 'SecurityError');
      },
    });
  });
  await page.route('**/x/v1/session/demo', async (route) => {
    const response = await route.fetch();
    const { 'set-cookie': _, ...headers } = response.headers();
    await page.context().clearCookies();
    await route.fulfill({ status: response.status(), headers, body: await response.text() });
  });
  await page.goto('/#BTCUSDT');
  await floor.live();
  await page.locator('header .primary').click();
  await expect(page.getByTestId('why')).toContainText('does not keep cookies from this site');
  await expect(floor.toasts).toContainText('Allow cookies');
  await expect(page.locator('header .primary')).toBeVisible();
  await floor.live();
});
