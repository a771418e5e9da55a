// Everybody can use the page: no rule of axe is broken in any theme or language, and nothing sticks out of a phone.
import { AxeBuilder } from '@axe-core/playwright';
import { Counterparty, quietPrice } from './exchange';
import { expect, test } from './app';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

for (const theme of ['dark', 'light']) {
  for (const [language, palette] of [
    ['en', 'blue'],
    ['zh', 'red'],
  ]) {
    test(`axe finds nothing in ${theme}, ${language}`, async ({ app, page }) => {
      const price = ((await quietPrice('BTCUSDT')) * 0.9).toFixed(0);
      await app.open('BTCUSDT', { theme, language, palette });
      const closed = await new AxeBuilder({ page }).withTags(TAGS).analyze();
      expect(closed.violations).toEqual([]);

      await app.enter({ USDT: '5000' });
      const [priceField, amountField] = [page.locator('#ticket input[inputmode=decimal]').nth(0), page.locator('#ticket input[inputmode=decimal]').nth(1)];
      await priceField.fill(price);
      await amountField.fill('0.01');
      await app.submit();
      await expect(app.orders).toHaveCount(1);
      await amountField.fill('oops');
      await page.locator('header .tools [aria-expanded]').last().click();
      const open = await new AxeBuilder({ page }).withTags(TAGS).analyze();
      expect(open.violations).toEqual([]);

      const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect(width[0]).toBeLessThanOrEqual(width[1] ?? 0);
      const cancel = await app.orders.first().getByRole('button').boundingBox();
      expect((cancel?.x ?? 0) + (cancel?.width ?? 0)).toBeLessThanOrEqual(width[1] ?? 0);
      await page.keyboard.press('Escape');
      await app.orders.first().getByRole('button').click();
      await expect(app.orders).toHaveCount(0);
    });
  }
}

test('the languages and themes change in place and are kept', async ({ app, page }) => {
  await page.goto('/');
  await app.live();
  await page.locator('header .tools [aria-expanded]').last().click();
  await page.getByRole('radio', { name: '中文' }).check({ force: true });
  await expect(page.getByRole('heading', { name: '委托簿' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await page.getByRole('radio', { name: '浅色' }).check({ force: true });
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  await page.reload();
  await expect(page.getByRole('heading', { name: '委托簿' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
});

test('the market is switched from the keyboard and the address follows', async ({ app, page }) => {
  await app.open('BTCUSDT');
  await page.locator('header').getByRole('button', { name: 'Choose a market' }).click();
  await page.getByRole('searchbox').fill('ethb');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#ETHBTC$/);
  await app.live();
  await expect(page.locator('header').getByRole('button', { name: 'Choose a market' })).toContainText('ETH/BTC');
});

test('the page moves nothing under the reader while it loads', async ({ app, page }) => {
  await page.addInitScript(() => {
    const shifts: number[] = [];
    const add = (entries: PerformanceEntryList): void => {
      for (const entry of entries) shifts.push((entry as unknown as { value: number }).value);
    };
    const observer = new PerformanceObserver((list) => add(list.getEntries()));
    observer.observe({ type: 'layout-shift', buffered: true });
    Object.assign(window, {
      shifts: () => {
        add(observer.takeRecords());
        return shifts;
      },
    });
  });
  const price = (await quietPrice('ETHUSDT')).toFixed(2);
  const other = await Counterparty.open({ ETH: '10', USDT: '100000' });
  await other.print('ETHUSDT', price, '1');
  await app.open('ETHUSDT');
  // Everything is there that comes late: candles, the day, the ways in.
  await expect(page.getByTestId('legend')).toContainText(/C /);
  await expect(page.getByTestId('change')).toContainText('%');
  await expect(page.locator('header .primary')).toBeVisible();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const shifts = await page.evaluate(() => (window as unknown as { shifts: () => number[] }).shifts());
  expect(shifts.reduce((sum, each) => sum + each, 0)).toBeLessThan(0.05);
});
