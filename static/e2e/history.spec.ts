// What was done, page by page: orders, trades and the statement; what is chosen of them, and as a file. And taking everything back.
import { readFile } from 'node:fs/promises';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { Counterparty, deposit, quietPrice } from './exchange';
import { expect, test, type AppPage } from './app';
import { freshName, signUp, type Entered } from './accounts';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Signs up with an unused account. */
async function enter(page: Page, app: AppPage, prefs?: object): Promise<Entered> {
  await app.open('ETHUSDT', prefs);
  const entered = await signUp(page, freshName());
  await deposit(entered.accountId, 'USDT', '100000');
  await expect(page.getByTestId('available')).toContainText(/[1-9]/);
  return entered;
}

/** Places limit orders without the ticket, one after the other. */
async function place(page: Page, { csrfToken }: Entered, symbol: string, price: number, count: number): Promise<void> {
  const form = { symbol, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.02', price: price.toFixed(2) };
  for (let placed = 0; placed < count; placed += 1) {
    const answer = await page.request.post('/api/v3/order', { headers: { 'X-CSRF-Token': csrfToken }, form });
    expect(answer.status(), await answer.text()).toBe(200);
  }
}

/** The controls above a list; on a phone they are behind a button. */
async function filter(page: Page, values: Record<string, string>): Promise<void> {
  const toggle = page.getByRole('button', { name: 'Filter' });
  if ((await toggle.isVisible()) && (await toggle.getAttribute('aria-expanded')) === 'false') await toggle.click();
  for (const [label, value] of Object.entries(values)) {
    const control = page.getByRole('tabpanel').last().getByLabel(label, { exact: true });
    if (label.endsWith('day')) await control.fill(value);
    else await control.selectOption(value);
  }
}

async function saved(page: Page): Promise<{ name: string; lines: string[] }> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'CSV' }).click();
  const file = await download;
  const text = await readFile(await file.path(), 'utf8');
  return { name: file.suggestedFilename(), lines: text.trimEnd().split('\r\n') };
}

/** A day so many days from today, as a date field has it. */
function day(later: number): string {
  const then = new Date();
  then.setDate(then.getDate() + later);
  return [then.getFullYear(), then.getMonth() + 1, then.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}

test('orders are paged, chosen and saved as a file', async ({ app, page }) => {
  const ether = (await quietPrice('ETHUSDT')) * 0.9;
  const entered = await enter(page, app);
  await place(page, entered, 'ETHUSDT', ether, 55);
  await page.request.delete('/api/v3/openOrders?symbol=ETHUSDT', { headers: { 'X-CSRF-Token': entered.csrfToken } });
  await place(page, entered, 'BTCUSDT', (await quietPrice('BTCUSDT')) * 0.9, 2);

  const rows = page.getByTestId('history-row');
  const number = page.getByRole('tabpanel').last().getByRole('status');
  await page.getByRole('tab', { name: 'Order history' }).click();
  await expect(rows).toHaveCount(50);
  await expect(rows.first()).toContainText('BTCUSDT');
  await page.getByRole('button', { name: 'Older' }).click();
  await expect(rows).toHaveCount(7);
  await expect(number).toHaveText('Page 2');
  await expect(page.getByRole('button', { name: 'Older' })).toHaveAttribute('aria-disabled', 'true');
  await page.getByRole('button', { name: 'Newer' }).press('Enter');
  await expect(rows).toHaveCount(50);
  await expect(number).toHaveText('Page 1');

  const all = await saved(page);
  expect(all.name).toBe(`lightning-orders-${entered.accountId}-${day(0)}.csv`);
  expect(all.lines.length).toBe(58);
  expect(all.lines[0]).toMatch(/^time,symbol,orderId,clientOrderId,side,/);
  await expect(app.toasts).toContainText('Saved 57 rows');

  await filter(page, { State: 'NEW' });
  await expect(rows).toHaveCount(2);
  await filter(page, { State: 'CANCELED', Market: 'ETHUSDT', Side: 'BUY', 'From day': day(0), 'To day': day(0) });
  await expect(rows).toHaveCount(50);
  await expect(rows.first()).toContainText('Cancelled');
  expect((await saved(page)).lines.length).toBe(56);
  await filter(page, { Side: 'SELL' });
  await expect(page.getByText('Nothing matches.')).toBeVisible();
  await filter(page, { 'To day': day(-1) });
  await expect(page.getByText('The last day is before the first.')).toBeVisible();
  await filter(page, { 'From day': day(-1) });
  await page.getByRole('button', { name: 'Show all' }).click();
  await expect(rows).toHaveCount(50);
  await expect(rows.first()).toContainText('BTCUSDT');
});

test('trades and the statement tell the same story', async ({ app, page }) => {
  const ask = await quietPrice('ETHUSDT');
  const other = await Counterparty.open({ ETH: '10' });
  try {
    await other.limit('ETHUSDT', 'SELL', ask.toFixed(2), '4');
    const entered = await enter(page, app);
    await place(page, entered, 'ETHUSDT', ask, 3);
    const rows = page.getByTestId('history-row');
    await page.getByRole('tab', { name: 'My trades' }).click();
    await expect(rows).toHaveCount(3);
    await filter(page, { Market: 'BTCUSDT' });
    await expect(page.getByText('Nothing matches.')).toBeVisible();
    await filter(page, { Market: 'ETHUSDT', Side: 'BUY' });
    await expect(rows).toHaveCount(3);
    expect((await saved(page)).lines[1]).toContain(`,ETHUSDT,`);

    await page.getByRole('tab', { name: 'Statement' }).click();
    // Three trades of two assets each, what signing up grants in three assets, and the deposit.
    await expect(rows).toHaveCount(10);
    await filter(page, { Type: 'DEPOSIT' });
    await expect(rows).toHaveCount(4);
    await expect(rows.first()).toContainText('+100,000');
    await filter(page, { Type: 'TRADE', Asset: 'ETH' });
    await expect(rows).toHaveCount(3);
    await expect(rows.first()).toContainText('+0.01998');
    await expect(rows.first()).toContainText('ETHUSDT #');
    const { name, lines } = await saved(page);
    expect([name, lines.length]).toEqual([`lightning-ledger-${entered.accountId}-${day(0)}.csv`, 4]);
    await filter(page, { Type: '', Asset: '' });
    await deposit(entered.accountId, 'USDT', '5');
    await expect(rows).toHaveCount(11);
  } finally {
    await other.cancelAll('ETHUSDT');
  }
});

test('a history that cannot be read is said, and asked again', async ({ app, page }) => {
  app.expected = /status of 503/;
  const entered = await enter(page, app);
  await place(page, entered, 'ETHUSDT', (await quietPrice('ETHUSDT')) * 0.9, 1);
  const refusal = { code: -94002, msg: 'The history cannot be read at the moment. Please try again later.' };
  await page.route('**/x/v1/orders?*', (route) => route.fulfill({ status: 503, json: refusal }));
  await page.getByRole('tab', { name: 'Order history' }).click();
  const alert = page.getByRole('alert').filter({ hasText: 'The history cannot be read at the moment.' });
  await expect(alert).toBeVisible();
  await page.getByRole('button', { name: 'CSV' }).click();
  await expect(app.toasts).toContainText('Nothing was saved.');
  await page.unroute('**/x/v1/orders?*');
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByTestId('history-row')).toHaveCount(1);
  await expect(alert).toHaveCount(0);
});

test('everything is taken back after a question, of one market or of all, from the keyboard', async ({ app, page }) => {
  const entered = await enter(page, app);
  await place(page, entered, 'ETHUSDT', (await quietPrice('ETHUSDT')) * 0.9, 3);
  await place(page, entered, 'BTCUSDT', (await quietPrice('BTCUSDT')) * 0.9, 2);
  await expect(app.orders).toHaveCount(5);
  const button = page.getByRole('button', { name: 'Cancel all' });
  const dialog = page.getByRole('dialog');

  await button.press('Enter');
  await expect(dialog).toContainText('All 3 open orders in ETHUSDT will be cancelled.');
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(button).toBeFocused();
  await expect(app.orders).toHaveCount(5);

  await button.press('Enter');
  await dialog.getByRole('button', { name: 'Cancel 3' }).press('Enter');
  await expect(app.orders).toHaveCount(2);
  await expect(app.toasts).toContainText('Orders cancelled: 3 (ETHUSDT)');
  await expect(app.toasts).not.toContainText('Cancelled: Buy');

  await place(page, entered, 'ETHUSDT', (await quietPrice('ETHUSDT')) * 0.9, 1);
  await expect(app.orders).toHaveCount(3);
  await button.press('Enter');
  await dialog.getByRole('radio', { name: 'ETHUSDT (1)' }).press('ArrowRight');
  await expect(dialog).toContainText('All 3 open orders in BTCUSDT, ETHUSDT will be cancelled.');
  await dialog.getByRole('button', { name: 'Cancel 3' }).press('Enter');
  await expect(app.orders).toHaveCount(0);
  await expect(button).toBeFocused();
  await expect(button).toHaveAttribute('aria-disabled', 'true');
  await button.press('Enter');
  await expect(dialog).toHaveCount(0);
});

for (const [theme, language, tabs] of [
  ['dark', 'en', ['Order history', 'My trades', 'Statement']],
  ['light', 'zh', ['历史委托', '我的成交', '资金流水']],
] as const) {
  test(`axe finds nothing in the lists and in the question, ${theme}, ${language}`, async ({ app, page }) => {
    test.slow();
    const ask = await quietPrice('ETHUSDT');
    const other = await Counterparty.open({ ETH: '10' });
    const clean = async (): Promise<void> => {
      const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
      expect(violations).toEqual([]);
      const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect(width[0]).toBeLessThanOrEqual(width[1] ?? 0);
    };
    try {
      await other.limit('ETHUSDT', 'SELL', ask.toFixed(2), '1');
      await app.open('ETHUSDT', { theme, language: 'en' });
      const entered = await signUp(page, freshName());
      await deposit(entered.accountId, 'USDT', '100000');
      await place(page, entered, 'ETHUSDT', ask, 2);
      await place(page, entered, 'ETHUSDT', ask * 0.9, 2);
      await place(page, entered, 'BTCUSDT', (await quietPrice('BTCUSDT')) * 0.9, 1);
      await page.locator('header .tools [aria-expanded]').last().click();
      await page.getByRole('radio', { name: language === 'en' ? 'English' : '中文' }).check({ force: true });
      await page.keyboard.press('Escape');
      for (const tab of tabs) {
        await page.getByRole('tab', { name: tab }).click();
        await expect(page.getByTestId('history-row').first()).toBeVisible();
        const toggle = page.getByRole('button', { name: /^(Filter|筛选)/ });
        if (await toggle.isVisible()) await toggle.click();
        await clean();
      }
      await page.getByRole('tab', { name: /Open orders|当前委托/ }).click();
      await page.getByRole('button', { name: /Cancel all|撤销全部/ }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
      await clean();
    } finally {
      await other.cancelAll('ETHUSDT');
    }
  });
}
