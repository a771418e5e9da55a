import { setStatus } from './exchange';
import { expect, test } from './app';

// No other test trades in this market.
const MARKET = 'ETHBTC';

test('a market that halts says so where orders are placed, and opens again', async ({ app, page }) => {
  const status = page.getByTestId('market-status');
  await app.open(MARKET);
  await app.enter({ BTC: '10' });
  await expect(status).toHaveCount(0);
  await setStatus(MARKET, 'HALT');
  app.expected = /status of 400/;
  try {
    await app.limit('Buy', '0.05', '1');
    await expect(app.toasts).toContainText('This market is closed.');
    await expect(status).toHaveText('Trading is halted in this market. You can still cancel.');
    await setStatus(MARKET, 'POST_ONLY');
    await page.reload();
    await expect(status).toHaveText('This market is about to open. Only post-only orders are accepted.');
  } finally {
    await setStatus(MARKET, 'TRADING');
  }
  await page.reload();
  await expect(page.getByTestId('last').first()).toBeVisible();
  await expect(status).toHaveCount(0);
});
