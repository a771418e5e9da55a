// Every kind of order that waits for something, from the ticket to the list of open orders and back.
import { Counterparty, quietPrice } from './exchange';
import { expect, shown, test, type AppPage } from './app';

const SYMBOL = 'ETHUSDT';

interface Scene {
  other: Counterparty;
  /** The last price, with nothing resting near it. */
  last: number;
}

/** A signed-in trader in a market that just traded. */
async function enter(app: AppPage): Promise<Scene> {
  const last = await quietPrice(SYMBOL);
  const other = await Counterparty.open({ ETH: '50', USDT: '500000' });
  await other.print(SYMBOL, last.toFixed(2), '1');
  await app.open(SYMBOL);
  await app.enter({ USDT: '100000', ETH: '20' });
  await expect(app.page.getByTestId('last')).toContainText(last.toLocaleString('en'));
  return { other, last };
}

/** One after another, because open orders are counted. */
const singles: { kind: string; side: 'Buy' | 'Sell'; values: (last: number) => Record<string, string>; row: (last: number) => string[] }[] = [
  {
    kind: 'Stop limit',
    side: 'Buy',
    values: (last) => ({ Trigger: (last + 50).toFixed(2), Price: (last + 60).toFixed(2), Amount: '0.1' }),
    row: (last) => [shown(last + 50), shown(last + 60)],
  },
  {
    kind: 'Stop market',
    side: 'Sell',
    values: (last) => ({ Trigger: (last - 50).toFixed(2), Amount: '0.1' }),
    row: (last) => [shown(last - 50), 'Market'],
  },
  {
    kind: 'Take profit limit',
    side: 'Sell',
    values: (last) => ({ Trigger: (last + 50).toFixed(2), Price: (last + 40).toFixed(2), Amount: '0.1' }),
    row: (last) => [shown(last + 50), shown(last + 40)],
  },
  {
    kind: 'Take profit market',
    side: 'Buy',
    values: (last) => ({ Trigger: (last - 50).toFixed(2), Amount: '0.1' }),
    row: (last) => [shown(last - 50), 'Market'],
  },
  {
    kind: 'Trailing stop',
    side: 'Sell',
    values: () => ({ 'Trail by': '1.5', Amount: '0.1' }),
    row: () => ['trail 1.5%', 'Market'],
  },
];

for (const { kind, side, values, row } of singles) {
  test(`${kind}: placed, shown and cancelled`, async ({ app, page }) => {
    const { last } = await enter(app);
    await app.conditional(side, kind);
    await app.fill(values(last));
    await expect(page.getByTestId('plan')).toContainText(side === 'Buy' ? /buys/i : /sells/i);
    await app.submit();
    await expect(app.orders).toHaveCount(1);
    for (const text of row(last)) await expect(app.orders.first()).toContainText(text);
    await app.orders.first().getByRole('button').click();
    await expect(app.orders).toHaveCount(0);
  });
}

test('a stop is triggered by a trade and fills', async ({ app }) => {
  const { other, last } = await enter(app);
  try {
    await app.conditional('Buy', 'Stop market');
    await app.fill({ Trigger: (last + 5).toFixed(2), Amount: '0.1' });
    await app.submit();
    await expect(app.orders).toHaveCount(1);
    await other.limit(SYMBOL, 'SELL', (last + 6).toFixed(2), '1');
    await other.print(SYMBOL, (last + 5).toFixed(2), '0.1');
    await expect(app.toasts).toContainText(`Filled: Buy 0.1 ${SYMBOL} at ${shown(last + 6)}`);
    await expect(app.orders).toHaveCount(0);
  } finally {
    await other.cancelAll(SYMBOL);
  }
});

test('an OCO is two orders of one list, cancelled together', async ({ app, page }) => {
  const { last } = await enter(app);
  await app.conditional('Sell', 'OCO: profit or stop');
  await app.fill({ 'Take profit': (last + 50).toFixed(2), 'Stop trigger': (last - 50).toFixed(2), 'Stop limit': (last - 55).toFixed(2), Amount: '0.2' });
  await expect(page.getByTestId('plan')).toContainText('the other is cancelled.');
  await app.submit();
  await expect(app.orders).toHaveCount(2);
  await expect(app.orders.filter({ hasText: shown(last + 50) })).toHaveCount(1);
  await expect(app.orders.filter({ hasText: shown(last - 55) })).toHaveCount(1);
  await expect(app.orders.filter({ hasText: 'Take profit limit' })).toHaveCount(1);
  await expect(app.orders.filter({ hasText: 'Post only' })).toHaveCount(0);
  await app.orders.first().getByRole('button', { name: /^Cancel list/ }).click();
  await expect(app.orders).toHaveCount(0);
});

test('a bracket waits for its entry', async ({ app, page }) => {
  const { last } = await enter(app);
  await app.conditional('Buy', 'Bracket: entry, profit, stop');
  await app.fill({ Price: (last - 20).toFixed(2), 'Take profit': (last + 50).toFixed(2), 'Stop trigger': (last - 50).toFixed(2), Amount: '0.2' });
  await expect(page.getByTestId('plan')).toContainText('Once all of it is bought:');
  await app.submit();
  await expect(app.orders.filter({ hasText: shown(last - 20) })).toHaveCount(1);
  await app.orders.first().getByRole('button', { name: /^Cancel list/ }).click();
  await expect(app.orders).toHaveCount(0);
});

test('an iceberg shows a part of itself, and a dated order its end', async ({ app, page }) => {
  const { last } = await enter(app);
  const price = (last - 30).toFixed(2);
  await app.fill({ Price: price, Amount: '0.5', Visible: '0.1' });
  await expect(page.getByTestId('plan')).toContainText('at most 0.1 ETH of it');
  await app.submit();
  await expect(app.orders).toHaveCount(1);
  await expect(app.bids(price)).toContainText('0.1');
  await app.orders.first().getByRole('button').click();
  await expect(app.orders).toHaveCount(0);

  await page.getByLabel('Time in force').selectOption('GTD');
  await page.getByLabel('Until').fill('2020-01-01T00:00');
  await app.fill({ Price: price, Amount: '0.5' });
  await expect(page.getByText('Must be in the future.')).toBeVisible();
  await expect(page.locator('button.submit')).toBeDisabled();
  await page.getByLabel('Until').fill('2099-01-01T00:00');
  await app.submit();
  await expect(app.orders).toHaveCount(1);
  await app.orders.first().getByRole('button').click();
  await expect(app.orders).toHaveCount(0);
});

test('a wrong number is named and mended with a click', async ({ app, page }) => {
  const { last } = await enter(app);
  await app.conditional('Buy', 'Stop market');
  await app.fill({ Trigger: (last - 10).toFixed(2), Amount: '0.1' });
  await expect(page.getByText(`Must be above ${shown(last)}.`)).toBeVisible();
  await expect(page.locator('button.submit')).toBeDisabled();
  await page.getByRole('button', { name: /^Use / }).click();
  await expect(page.getByRole('textbox', { name: 'Trigger', exact: true })).toHaveValue(`${last}.01`);
  await expect(page.locator('button.submit')).toBeEnabled();
});
