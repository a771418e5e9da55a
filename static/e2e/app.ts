// The page as a user sees it, and a test fixture that fails when the console reports an error.
import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { deposit } from './exchange';

export { expect };

export const test = base.extend<{ app: AppPage }>({
  app: async ({ page }, use) => {
    const complaints: string[] = [];
    page.on('console', (message) => {
      // Policy violations are console errors too.
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    const app = new AppPage(page);
    await use(app);
    expect(complaints.filter((text) => !app.expected?.test(text))).toEqual([]);
  },
});

/** A price of a market in USDT, as the page writes it. */
export function shown(price: number | string): string {
  return Number(price).toLocaleString('en', { minimumFractionDigits: 2 });
}

export class AppPage {
  /** A console error that the test itself provokes. */
  expected: RegExp | null = null;

  constructor(readonly page: Page) {}

  get status(): Locator {
    return this.page.locator('[data-status]');
  }
  get orders(): Locator {
    return this.page.getByTestId('order');
  }
  get toasts(): Locator {
    return this.page.locator('.toasts');
  }
  asks(price: string): Locator {
    return this.page.getByTestId('asks').getByRole('button').filter({ hasText: shown(price) });
  }
  bids(price: string): Locator {
    return this.page.getByTestId('bids').getByRole('button').filter({ hasText: shown(price) });
  }

  async open(symbol: string, prefs: object = { theme: 'dark', language: 'en' }): Promise<void> {
    await this.page.addInitScript((saved) => localStorage.setItem('lightning.prefs', saved), JSON.stringify(prefs));
    await this.page.goto(`/#${symbol}`);
    await this.live();
  }

  async live(): Promise<void> {
    await expect(this.status).toHaveAttribute('data-status', 'live');
  }

  /**
   * Enters the shared demo account, cancels its open orders and deposits the funds.
   * Unless `listed` is false, waits until the visible list of open orders is empty.
   */
  async enter(funds: Record<string, string>, listed = true): Promise<void> {
    const answer = this.page.waitForResponse('**/x/v1/session/demo');
    await this.page.locator('header .primary').click();
    const { accountId, csrfToken } = (await (await answer).json()) as { accountId: number; csrfToken: string };
    await this.live();
    await this.#sweep({ 'X-CSRF-Token': csrfToken });
    if (listed) await expect(this.orders).toHaveCount(0);
    for (const [asset, amount] of Object.entries(funds)) {
      await deposit(accountId, asset, amount);
    }
    await expect(this.page.getByTestId('available')).toContainText(/[1-9]/);
  }

  async #sweep(headers: Record<string, string>): Promise<void> {
    const open = await this.page.request.get('/api/v3/openOrders', { headers });
    const symbols = new Set(((await open.json()) as { symbol: string }[]).map((order) => order.symbol));
    for (const symbol of symbols) await this.page.request.delete(`/api/v3/openOrders?symbol=${symbol}`, { headers });
  }

  async limit(side: 'Buy' | 'Sell', price: string, amount: string): Promise<void> {
    await this.page.getByRole('radio', { name: side, exact: true }).check({ force: true });
    await this.page.getByRole('radio', { name: 'Limit', exact: true }).check({ force: true });
    await this.fill({ Price: price, Amount: amount });
    await this.submit();
  }

  /** Chooses a conditional order type. */
  async conditional(side: 'Buy' | 'Sell', kind: string): Promise<void> {
    await this.page.getByRole('radio', { name: side, exact: true }).check({ force: true });
    await this.page.getByRole('radio', { name: 'Stop & more', exact: true }).check({ force: true });
    await this.page.getByLabel('Kind of order').selectOption({ label: kind });
  }

  /** Types into the ticket's fields, by their labels. */
  async fill(values: Record<string, string>): Promise<void> {
    for (const [label, value] of Object.entries(values)) {
      await this.page.getByRole('textbox', { name: label, exact: true }).fill(value);
    }
  }

  async submit(): Promise<void> {
    await this.page.locator('button.submit').click();
  }
}
