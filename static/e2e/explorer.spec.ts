// The explorer of the API: every route is there, and one can be tried with a session.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '@playwright/test';

test('a route is found, read and tried', async ({ page }) => {
  const broken: string[] = [];
  page.on('pageerror', (error) => broken.push(error.message));
  page.on('console', (message) => {
    // The browser notes answers too: 401 before there is a session, and 400 for the order that is refused.
    if (message.type() === 'error' && !/status of 40[01]/.test(message.text())) broken.push(message.text());
  });
  await page.goto('/api-docs/');
  await expect(page.getByRole('heading', { name: 'Order lists' })).toBeVisible();
  expect(await page.locator('article').count()).toBeGreaterThan(80);

  await page.getByRole('button', { name: 'Start a demo session' }).click();
  await expect(page.getByText('Requests are sent for account')).toBeVisible();
  await page.getByRole('searchbox').fill('order/test');
  const route = page.locator('article');
  await expect(route).toHaveCount(1);
  await route.getByRole('button').first().click();
  const field = (name: string) => route.locator('label', { has: page.locator('code', { hasText: new RegExp(`^${name}$`) }) });
  await field('symbol').getByRole('textbox').fill('BTCUSDT');
  await field('side').getByRole('combobox').selectOption('BUY');
  await field('type').getByRole('combobox').selectOption('LIMIT');
  await field('timeInForce').getByRole('combobox').selectOption('GTC');
  await field('quantity').getByRole('textbox').fill('0.001');
  await field('price').getByRole('textbox').fill('oops');
  await route.getByRole('button', { name: 'Send' }).click();
  await expect(route.locator('pre')).toContainText('-1100');

  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect(width[0]).toBeLessThanOrEqual(width[1] ?? 0);
  expect(broken).toEqual([]);
});
