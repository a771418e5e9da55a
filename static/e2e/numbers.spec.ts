// Numbers as users type them, and as they copy them from the page.
import type { Page } from '@playwright/test';
import { Counterparty, quietPrice } from './exchange';
import { expect, shown, test } from './app';

const field = (page: Page, name: string) => page.getByRole('textbox', { name, exact: true });

test('a number is read as people write it, and what was read is said', async ({ app, page }) => {
  await app.open('ETHUSDT');
  await app.enter({ USDT: '5000' });
  const amount = field(page, 'Amount');
  const readAs = page.getByTestId('read-as');
  await amount.fill('0.5');
  await expect(readAs).toHaveCount(0);
  for (const [text, read] of [
    ['0,5', '0.5'],
    ['1 234.5', '1,234.5'],
    ['１２３．５', '123.5'],
    ['１２３。５', '123.5'],
    ['2,000.00', '2,000'],
    ['1.234,5', '1,234.5'],
  ]) {
    await amount.fill(text ?? '');
    await expect(readAs).toHaveText(`Read as ${read} ETH.`);
    await expect(page.getByText('Enter a plain number.')).toHaveCount(0);
  }
});

test('two readings are both offered, and what stands for no number is asked about', async ({ app, page }) => {
  await app.open('ETHUSDT');
  await app.enter({ USDT: '5000' });
  const amount = field(page, 'Amount');
  await amount.fill('1,500');
  await expect(page.getByTestId('read-as')).toHaveText('Read as 1,500 ETH.');
  await page.getByRole('button', { name: 'Use 1.5', exact: true }).click();
  await expect(amount).toHaveValue('1.5');
  await amount.fill('1.234.5');
  await expect(page.getByText('Which number is meant?')).toBeVisible();
  await expect(page.locator('button.submit')).toBeDisabled();
  await page.getByRole('button', { name: 'Use 1,234.5', exact: true }).click();
  await expect(amount).toHaveValue('1234.5');
  await amount.fill('5 USDT');
  await expect(page.getByText('This is in USDT, but ETH is needed.')).toBeVisible();
  await page.getByRole('spinbutton', { name: 'Percent of the balance' }).fill('２５％');
  await expect(page.getByRole('slider', { name: 'Share of the balance' })).toHaveValue('25');
});

test('what the page shows can be copied into its fields, and is sent as it was', async ({ app, page }) => {
  const ask = await quietPrice('ETHUSDT');
  const other = await Counterparty.open({ ETH: '10', USDT: '100000' });
  try {
    await other.print('ETHUSDT', ask.toFixed(2), '1');
    await other.limit('ETHUSDT', 'SELL', (ask + 1).toFixed(2), '1');
    await app.open('ETHUSDT');
    await app.enter({ USDT: '100000' });
    const tape = page.getByRole('region', { name: 'Trades' });
    const places = [page.getByTestId('last'), page.getByTestId('high'), tape.locator('tbody td').first()];
    for (const place of places) {
      // What would be copied: text for screen readers is not.
      const text = await place.evaluate((element) => {
        getSelection()?.selectAllChildren(element);
        return String(getSelection());
      });
      expect(text).toMatch(/^\W*\d,\d{3}\.\d\d\s*$/);
      await field(page, 'Price').fill(text);
      await expect(page.getByTestId('read-as')).toHaveText(/^Read as [\d,.]+ USDT\.$/);
    }
    await field(page, 'Price').fill(`${shown(ask - 100)} USDT`);
    await field(page, 'Amount').fill('0,01');
    const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/v3/order'));
    await app.submit();
    const form = new URLSearchParams((await sent).postData() ?? '');
    expect([form.get('price'), form.get('quantity')]).toEqual([String(ask - 100), '0.01']);
    await expect(app.orders).toHaveCount(1);
    await expect(app.orders.first()).toContainText(shown(ask - 100));
    await app.orders.first().getByRole('button').click();
    await expect(app.orders).toHaveCount(0);
  } finally {
    await other.cancelAll('ETHUSDT');
  }
});
