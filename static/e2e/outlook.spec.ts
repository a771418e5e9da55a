// What the ticket says before an order is sent: what the book gives, what it costs, and whether the price is meant.
import type { Page } from '@playwright/test';
import { Counterparty, quietPrice } from './exchange';
import { expect, shown, test, type AppPage } from './app';

const SYMBOL = 'ETHUSDT';
const field = (page: Page, name: string) => page.getByRole('textbox', { name, exact: true });

/** A market that just traded, with two levels to buy from within the collar and one beyond it. */
async function enter(app: AppPage): Promise<{ other: Counterparty; last: number }> {
  const last = await quietPrice(SYMBOL);
  const other = await Counterparty.open({ ETH: '50', USDT: '500000' });
  await other.print(SYMBOL, last.toFixed(2), '1');
  await other.limit(SYMBOL, 'SELL', (last + 2).toFixed(2), '1');
  await other.limit(SYMBOL, 'SELL', (last + 4).toFixed(2), '1');
  await other.limit(SYMBOL, 'SELL', (last * 1.2).toFixed(2), '1');
  await app.open(SYMBOL);
  await app.enter({ USDT: '100000' });
  await expect(app.asks((last + 4).toFixed(2))).toBeVisible();
  return { other, last };
}

test('a market order is estimated by the book, within the collar, with its fee, and says afterwards what it did', async ({ app, page }) => {
  const { other, last } = await enter(app);
  try {
    await page.getByRole('radio', { name: 'Market', exact: true }).check({ force: true });
    await field(page, 'Amount').fill('2');
    await expect(page.getByTestId('average')).toHaveText(shown(last + 3));
    await expect(page.getByTestId('worst')).toHaveText(shown(last + 4));
    await expect(page.getByTestId('total')).toHaveText(`${shown(2 * last + 6)} USDT`);
    await expect(page.getByTestId('fee')).toHaveText('≈ 0.002 ETH (0.1%)');
    await expect(page.getByTestId('warning')).toBeEmpty();

    await page.getByRole('radio', { name: 'USDT', exact: true }).check({ force: true });
    await field(page, 'Spend').fill('50,000');
    await expect(page.getByTestId('total')).toHaveText(`${shown(2 * last + 6)} USDT`);
    const warning = page.getByTestId('warning');
    await expect(warning).toContainText(`Only about ${shown(2 * last + 6)} USDT of 50,000.00 USDT would fill`);
    await expect(warning).toContainText(`stop at ${shown(last * 1.05)}, 5% from the last price of ${shown(last)}.`);
    await app.submit();
    await expect(app.toasts).toContainText(`Expired: Buy ${SYMBOL} for 50,000 USDT. Filled: 2 ETH for ${(2 * last + 6).toLocaleString('en')} USDT, at ${shown(last + 3)} on average.`);
    await expect(app.toasts).toContainText('The book had no more within the price limit of market orders.');

    await page.getByRole('tab', { name: 'Order history' }).click();
    const row = page.getByTestId('history-row').first();
    await expect(row).toContainText(`${(2 * last + 6).toLocaleString('en')} / 50,000 USDT`);
    await expect(row).toContainText('The book had no more');
  } finally {
    await other.cancelAll(SYMBOL);
  }
});

test('a price far through the market is asked about, and sent only with a second yes', async ({ app, page }) => {
  const { other, last } = await enter(app);
  try {
    let sent = 0;
    page.on('request', (request) => (sent += request.method() === 'POST' && request.url().endsWith('/api/v3/order') ? 1 : 0));
    await app.limit('Buy', (last * 2).toFixed(2), '0.5');
    const dialog = page.getByRole('dialog', { name: 'Check the price' });
    await expect(dialog).toContainText(`The limit price of ${shown(last * 2)} is`);
    await expect(dialog).toContainText(`above the best ask of ${shown(last + 2)}.`);
    await expect(dialog).toContainText('About 0.5 ETH would fill immediately');
    await dialog.getByRole('button', { name: 'Change the order' }).click();
    await expect(dialog).toHaveCount(0);
    expect(sent).toBe(0);
    await expect(field(page, 'Price')).toHaveValue((last * 2).toFixed(2));

    await app.submit();
    await dialog.getByRole('button', { name: 'Place it anyway' }).click();
    await expect(app.toasts).toContainText(`Filled: Buy 0.5 ${SYMBOL} at ${shown(last + 2)}`);
    expect(sent).toBe(1);

    await app.limit('Buy', (last + 2).toFixed(2), '0.5');
    await expect(app.toasts.getByText('Filled')).toHaveCount(2);
    await expect(dialog).toHaveCount(0);
  } finally {
    await other.cancelAll(SYMBOL);
  }
});

test('what was typed for one kind of order or one market is not taken for another', async ({ app, page }) => {
  const { other, last } = await enter(app);
  try {
    await app.fill({ Price: (last - 10).toFixed(2), Amount: '0.5' });
    await page.getByRole('checkbox', { name: 'Post only' }).check();
    await app.conditional('Buy', 'Stop limit');
    for (const name of ['Trigger', 'Price', 'Amount']) await expect(field(page, name)).toHaveValue('');
    await app.fill({ Trigger: (last + 10).toFixed(2), Price: (last + 10).toFixed(2) });
    await page.getByLabel('Time in force').selectOption('FOK');
    await page.getByLabel('Kind of order').selectOption({ label: 'Take profit limit' });
    for (const name of ['Trigger', 'Price']) await expect(field(page, name)).toHaveValue('');
    await expect(page.getByLabel('Time in force')).toHaveValue('GTC');

    // Money to be spent is no amount of coins, wherever the next price comes from.
    await page.getByRole('radio', { name: 'Market', exact: true }).check({ force: true });
    await page.getByRole('radio', { name: 'USDT', exact: true }).check({ force: true });
    await field(page, 'Spend').fill('20000');
    await app.asks((last + 4).toFixed(2)).click();
    await expect(page.getByRole('radio', { name: 'Limit', exact: true })).toBeChecked();
    await expect(field(page, 'Price')).toHaveValue((last + 4).toFixed(2));
    await expect(field(page, 'Amount')).toHaveValue('');
    await expect(page.getByRole('checkbox', { name: 'Post only' })).not.toBeChecked();

    await page.getByRole('spinbutton', { name: 'Percent of the balance' }).fill('40');
    await page.goto(`/#BTCUSDT`);
    await expect(field(page, 'Price')).toHaveValue('');
    await expect(field(page, 'Amount')).toHaveValue('');
    await expect(page.getByRole('spinbutton', { name: 'Percent of the balance' })).toHaveValue('0');
  } finally {
    await other.cancelAll(SYMBOL);
  }
});
