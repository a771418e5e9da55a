// An account of one's own: signing up and in, the password, and the keys for programs.
import { AxeBuilder } from '@axe-core/playwright';
import { accountOf } from './exchange';
import { expect, test } from './app';
import { freshName, submitCredentials, openDialog, PASSWORD, signOut, signUp } from './accounts';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
test('signs up, out and in again; what is wrong is said beside the field', async ({ app, page }) => {
  app.expected = /status of (401|409)/;
  const name = freshName();
  await app.open('BTCUSDT');
  await page.locator('header').getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign up' }).click();
  await submitCredentials(page, 'not a name', PASSWORD);
  await expect(page.getByText('Only letters a to z')).toBeVisible();
  await submitCredentials(page, name, 'short');
  await expect(page.getByText('Too short: at least 10 characters.')).toBeVisible();
  await expect(page.getByLabel('Password', { exact: true })).toHaveAttribute('autocomplete', 'new-password');
  await page.getByRole('button', { name: 'Show: Password' }).click();
  await expect(page.getByLabel('Password', { exact: true })).toHaveAttribute('type', 'text');
  await submitCredentials(page, name, PASSWORD);
  await expect(page.locator('header')).toContainText(name);
  await app.live();
  await signOut(page);

  await page.locator('header').getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByLabel('Password', { exact: true })).toHaveAttribute('autocomplete', 'current-password');
  await submitCredentials(page, name, 'wrong horse battery');
  await expect(page.getByText('The name or the password is wrong.')).toBeVisible();
  await submitCredentials(page, name, PASSWORD);
  await expect(page.locator('header')).toContainText(name);
  await page.reload();
  await expect(page.locator('header')).toContainText(name);
  await signOut(page);

  await page.locator('header').getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign up' }).click();
  await submitCredentials(page, name, PASSWORD);
  await expect(page.getByText('This name is taken.')).toBeVisible();
});

test('changes the password', async ({ app, page }) => {
  app.expected = /status of 400/;
  const name = freshName();
  await app.open('BTCUSDT');
  await signUp(page, name);
  await openDialog(page, 'Change password');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Current password', { exact: true }).fill('not the password');
  await dialog.getByLabel('New password', { exact: true }).fill('staple tractor dawn');
  await dialog.locator('button.primary').click();
  await expect(page.getByText('This is not your password.')).toBeVisible();
  await dialog.getByLabel('Current password', { exact: true }).fill(PASSWORD);
  await dialog.locator('button.primary').click();
  await expect(app.toasts).toContainText('The password has been changed.');
  await signOut(page);
  await page.locator('header').getByRole('button', { name: 'Sign in' }).click();
  await submitCredentials(page, name, 'staple tractor dawn');
  await expect(page.locator('header')).toContainText(name);
});

test('a key is made, works for a program, and is revoked', async ({ app, page }) => {
  app.expected = /status of 400/;
  await app.open('BTCUSDT');
  await signUp(page, freshName());
  await openDialog(page, 'API keys');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('No keys yet');
  await dialog.getByLabel('Label', { exact: true }).fill('my bot');
  await dialog.getByRole('button', { name: 'Create a key' }).click();
  await expect(dialog).toContainText('The secret is shown only now.');
  const [apiKey = '', secret = ''] = await dialog.locator('.pair pre').allTextContents();
  expect((await accountOf(apiKey, secret)).balances).toBeInstanceOf(Array);
  await expect(dialog.getByRole('tabpanel')).toContainText(`'apiKey': '${apiKey}'`);
  await expect(dialog.getByRole('tabpanel')).toContainText("'sapi': 'http");
  await dialog.getByRole('tab', { name: 'python-binance' }).click();
  await expect(dialog.getByRole('tabpanel')).toContainText('BaseClient.API_URL');
  await dialog.getByRole('button', { name: 'Done' }).click();

  await expect(dialog.getByTestId('key')).toContainText('my bot');
  await expect(dialog).not.toContainText(secret);
  await dialog.getByRole('radio', { name: 'Ed25519' }).check({ force: true });
  await dialog.getByLabel('Label', { exact: true }).fill('second');
  await dialog.getByLabel('Public key (PEM)').fill('-----BEGIN NOTHING-----');
  await dialog.getByRole('button', { name: 'Create a key' }).click();
  await expect(dialog.locator('.wrong').filter({ hasText: /\S/ })).toBeVisible();
  await expect(dialog.getByTestId('key')).toHaveCount(1);

  await dialog.getByRole('button', { name: 'Revoke: my bot' }).click();
  await dialog.getByRole('button', { name: 'Sure? Revoke: my bot' }).click();
  await expect(dialog.getByTestId('key')).toHaveCount(0);
  await expect(accountOf(apiKey, secret)).rejects.toThrow('-2015');
});

for (const theme of ['dark', 'light']) {
  test(`axe finds nothing in the dialogs and lists, ${theme}`, async ({ app, page }) => {
    test.slow();
    const clean = async (): Promise<void> => {
      const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
      expect(violations).toEqual([]);
    };
    await app.open('BTCUSDT', { theme, language: 'en' });
    await page.locator('header').getByRole('button', { name: 'Sign in' }).click();
    await submitCredentials(page, '', '');
    await expect(page.getByText('Please fill this in.')).toBeVisible();
    await clean();
    await page.keyboard.press('Escape');
    await signUp(page, freshName());
    await openDialog(page, 'API keys');
    await expect(page.getByRole('dialog')).toContainText('No keys yet');
    await clean();
    await page.getByLabel('Label', { exact: true }).fill('bot');
    await page.getByRole('button', { name: 'Create a key' }).click();
    await expect(page.getByText('The secret is shown only now.')).toBeVisible();
    await clean();
    await page.keyboard.press('Escape');
    await page.getByRole('tab', { name: 'Depth' }).click();
    await page.getByRole('tab', { name: 'My trades' }).click();
    await expect(page.getByText('Nothing yet')).toBeVisible();
    await page.getByRole('button', { name: 'Choose a market' }).click();
    await clean();
  });
}
