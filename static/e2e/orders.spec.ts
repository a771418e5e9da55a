import { Counterparty, quietPrice } from './exchange';
import { expect, shown, test } from './app';

test('a limit order rests, is marked in the book, and is cancelled', async ({ app, page }) => {
  const price = (await quietPrice('BTCUSDT')).toFixed(2);
  await app.open('BTCUSDT');
  await app.enter({ USDT: '5000' });
  await app.limit('Buy', price, '0.01');

  await expect(app.orders).toHaveCount(1);
  await expect(app.orders.first()).toContainText(shown(price));
  await expect(app.bids(price)).toContainText('your order');
  await expect(app.toasts).toContainText('Placed: Buy 0.01 BTCUSDT');

  await app.orders.first().getByRole('button').click();
  await expect(app.orders).toHaveCount(0);
  await expect(app.toasts).toContainText('Cancelled');
  await expect(page.getByRole('textbox', { name: 'Amount', exact: true })).toHaveValue('');
});

test('a market order meets a counterparty, by quantity and by quote amount', async ({ app, page }) => {
  const ask = (await quietPrice('ETHUSDT')).toFixed(2);
  const other = await Counterparty.open({ ETH: '10' });
  try {
    await other.limit('ETHUSDT', 'SELL', ask, '4');
    await app.open('ETHUSDT');
    await app.enter({ USDT: '100000' });
    await expect(app.asks(ask)).toBeVisible();

    await page.getByRole('radio', { name: 'Market', exact: true }).check({ force: true });
    await page.getByRole('textbox', { name: 'Amount' }).fill('1');
    await app.submit();
    await expect(app.toasts).toContainText('Filled: Buy 1 ETHUSDT');
    await expect(page.getByTestId('last').first()).toContainText(Number(ask).toLocaleString('en'));

    await page.getByRole('radio', { name: 'USDT', exact: true }).check({ force: true });
    await page.getByRole('textbox', { name: 'Spend' }).fill((Number(ask) * 2).toFixed(2));
    await app.submit();
    await expect(app.toasts).toContainText('Filled: Buy 2 ETHUSDT');
    await expect(app.orders).toHaveCount(0);
  } finally {
    await other.cancelAll('ETHUSDT');
  }
});

test('what was done is kept: orders with what became of them, and own trades', async ({ app, page }) => {
  const ask = await quietPrice('ETHUSDT');
  const other = await Counterparty.open({ ETH: '10' });
  try {
    await other.limit('ETHUSDT', 'SELL', ask.toFixed(2), '4');
    await app.open('ETHUSDT');
    const rows = page.getByTestId('history-row');
    await page.getByRole('tab', { name: 'Order history' }).click();
    await expect(page.getByText('Sign in to see your orders and balances.')).toBeVisible();
    await app.enter({ USDT: '100000' }, false);
    await expect(app.asks(ask.toFixed(2))).toBeVisible();

    await app.limit('Buy', ask.toFixed(2), '1.25');
    await expect(rows.first()).toContainText('1.25 / 1.25');
    await expect(rows.first()).toContainText('Filled');
    await app.limit('Buy', (ask - 1).toFixed(2), '0.75');
    await expect(rows.first()).toContainText(/0 \/ 0.75\s*Open/);

    await page.getByRole('tab', { name: 'My trades' }).click();
    await expect(rows.first()).toContainText('Buy');
    await expect(rows.first()).toContainText(shown(ask));
    await expect(rows.first()).toContainText('1.25');
    await expect(rows.first()).toContainText(/0.00125\s*ETH/);

    await page.getByRole('tab', { name: 'Open orders' }).click();
    await app.orders.first().getByRole('button').click();
    await expect(app.orders).toHaveCount(0);
    await page.getByRole('tab', { name: 'Order history' }).click();
    await expect(rows.first()).toContainText('Cancelled');
  } finally {
    await other.cancelAll('ETHUSDT');
  }
});

test('a price is taken from the book, by click and by keyboard', async ({ app, page }) => {
  const ask = await quietPrice('ETHUSDT');
  const other = await Counterparty.open({ ETH: '10' });
  try {
    await other.limit('ETHUSDT', 'SELL', (ask + 1).toFixed(2), '1');
    await other.limit('ETHUSDT', 'SELL', ask.toFixed(2), '1');
    await app.open('ETHUSDT');
    const field = page.getByRole('textbox', { name: 'Price', exact: true });
    await app.asks((ask + 1).toFixed(2)).click();
    await expect(field).toHaveValue((ask + 1).toFixed(2));
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect(field).toHaveValue(ask.toFixed(2));
  } finally {
    await other.cancelAll('ETHUSDT');
  }
});

test('the ticket says what is wrong before anything is sent', async ({ app, page }) => {
  await app.open('BTCUSDT');
  await app.enter({ USDT: '1000' });
  const amount = page.getByRole('textbox', { name: 'Amount', exact: true });
  await page.getByRole('textbox', { name: 'Price', exact: true }).fill('100.001');
  await expect(page.getByText('Must be a multiple of 0.01.')).toBeVisible();
  await amount.fill('1x');
  await expect(page.getByText('Enter a plain number.')).toBeVisible();
  await expect(amount).toHaveAttribute('aria-invalid', 'true');
  await amount.fill('0.000001');
  await expect(page.getByText(/At least 0.00001 BTC|Must be a multiple of 0.00001/)).toBeVisible();
  await expect(page.locator('button.submit')).toBeDisabled();
});

test('post only is kept from trading, and immediate or cancel from resting', async ({ app, page }) => {
  const ask = await quietPrice('ETHUSDT');
  const other = await Counterparty.open({ ETH: '10' });
  try {
    await other.limit('ETHUSDT', 'SELL', ask.toFixed(2), '1');
    await app.open('ETHUSDT');
    await app.enter({ USDT: '100000' });
    await expect(app.asks(ask.toFixed(2))).toBeVisible();
    await page.getByRole('checkbox', { name: 'Post only' }).check();
    await page.getByRole('textbox', { name: 'Price', exact: true }).fill(ask.toFixed(2));
    await expect(page.getByText('Would trade at once; a post-only order must not.')).toBeVisible();
    await page.getByRole('checkbox', { name: 'Post only' }).uncheck();

    await page.getByLabel('Time in force').selectOption('IOC');
    await app.limit('Buy', ask.toFixed(2), '3');
    await expect(app.toasts).toContainText('Expired: Buy 3 ETHUSDT, 1 filled');
    await expect(app.orders).toHaveCount(0);
  } finally {
    await other.cancelAll('ETHUSDT');
  }
});

test('a share of the balance becomes an amount', async ({ app, page }) => {
  const price = ((await quietPrice('ETHUSDT')) * 0.9).toFixed(0);
  await app.open('ETHUSDT');
  await app.enter({ USDT: '10000' });
  await page.getByRole('textbox', { name: 'Price', exact: true }).fill(price);
  const amount = page.getByRole('textbox', { name: 'Amount', exact: true });
  await page.getByRole('spinbutton', { name: 'Percent of the balance' }).fill('50');
  const half = Number(await amount.inputValue());
  expect(half).toBeGreaterThan(0);
  await page.getByRole('slider', { name: 'Share of the balance' }).press('End');
  const whole = Number(await amount.inputValue());
  expect(Math.abs(whole - 2 * half)).toBeLessThan(0.001);
  await app.submit();
  await expect(app.orders).toHaveCount(1);
  await app.orders.first().getByRole('button').click();
  await expect(app.orders).toHaveCount(0);
});

test('an order whose answer is lost is found by its own id and never sent twice', async ({ app, page }) => {
  const price = ((await quietPrice('BTCUSDT')) * 0.9).toFixed(0);
  app.expected = /ERR_FAILED/;
  await app.open('BTCUSDT');
  await app.enter({ USDT: '5000' });
  let sent = 0;
  await page.route('**/api/v3/order', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    sent += 1;
    await route.fetch();
    await route.abort();
  });
  const asked = page.waitForRequest('**/api/v3/order?*origClientOrderId=*');
  await app.limit('Buy', price, '0.01');
  await expect(app.toasts).toContainText('checking whether the order was placed');
  await asked;
  await expect(app.toasts).not.toContainText('checking whether the order was placed');
  await expect(app.orders).toHaveCount(1);
  expect(sent).toBe(1);
  await app.orders.first().getByRole('button').click();
  await expect(app.orders).toHaveCount(0);
});

test('a session outlives a reload and ends with signing out', async ({ app, page }) => {
  await app.open('BTCUSDT');
  await app.enter({ USDT: '1000' });
  await page.reload();
  await app.live();
  // However long the exchange takes to answer, no request is sent for a session that has ended.
  const sockets: unknown[] = [];
  page.on('websocket', (socket) => sockets.push(socket));
  await page.route('**/x/v1/session', async (route) => {
    const response = await route.fetch();
    if (route.request().method() === 'DELETE') await expect.poll(() => sockets.length).toBe(1);
    await route.fulfill({ response });
  });
  await page.locator('header').getByRole('button', { name: 'Demo account' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.locator('header .primary')).toBeVisible();
  await app.live();
});
