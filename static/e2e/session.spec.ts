// Sessions that end without being asked to, and browsers that keep none.
import { quietPrice } from './exchange';
import { expect, test } from './app';
import { freshName, submitCredentials, PASSWORD, signUp } from './accounts';
import { Line } from './line';

test('a session the exchange no longer knows is said to have ended, and leads back to the open orders', async ({ app, page, context }) => {
  app.expected = /status of 401|WebSocket|ERR_/;
  const price = ((await quietPrice('BTCUSDT')) * 0.9).toFixed(0);
  const line = await Line.tap(page);
  await app.open('BTCUSDT');
  await app.enter({ USDT: '5000' });
  await app.limit('Buy', price, '0.01');
  await expect(app.orders).toHaveCount(1);

  // As after a restart: the cookie means nothing to the exchange, and the connection is gone.
  await context.clearCookies();
  await line.sockets.at(-1)?.close({ code: 1012, reason: 'service restart' });
  const ended = page.getByTestId('session-ended');
  await expect(ended).toContainText('Your session has ended');
  await expect(ended).toContainText('Open orders of the demo account stay open.');
  await app.live();
  await expect(page.getByRole('tab', { name: 'Open orders' })).toHaveText('Open orders');
  await expect(page.getByTestId('why')).toContainText('Your session has ended.');
  await page.getByRole('tab', { name: 'Balances' }).click();
  await expect(ended).toBeVisible();

  // It is still so for who comes back later.
  await page.reload();
  await app.live();
  await expect(ended).toBeVisible();
  await ended.getByRole('button', { name: 'Start the demo again' }).click();
  await expect(app.orders).toHaveCount(1);
  await expect(ended).toHaveCount(0);
  await app.orders.first().getByRole('button').click();
  await expect(app.orders).toHaveCount(0);
});

test('an account of one’s own is signed in to again; who signed out is told nothing', async ({ app, page, context }) => {
  app.expected = /status of 401/;
  const name = freshName();
  await app.open('BTCUSDT');
  await signUp(page, name);
  await context.clearCookies();
  await page.reload();
  const ended = page.getByTestId('session-ended');
  await expect(ended).toContainText('Sign in to see your orders and balances.');
  await ended.getByRole('button', { name: 'Sign in' }).click();
  await submitCredentials(page, name, PASSWORD);
  await expect(page.locator('header')).toContainText(name);
  await expect(page.getByText('No open orders')).toBeVisible();

  await page.locator('header .tools [aria-expanded]').first().click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByText('Sign in to see your orders and balances.')).toBeVisible();
  await page.reload();
  await app.live();
  await expect(ended).toHaveCount(0);
});

test('a browser that keeps no cookie is told so, and goes on seeing live prices', async ({ app, page }) => {
  app.expected = /status of 401/;
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
  await app.live();
  await page.locator('header .primary').click();
  await expect(page.getByTestId('why')).toContainText('does not keep cookies from this site');
  await expect(app.toasts).toContainText('Allow cookies');
  await expect(page.locator('header .primary')).toBeVisible();
  await app.live();
});
