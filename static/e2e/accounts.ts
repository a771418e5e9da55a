// Signing up, in and out.
import type { Page } from '@playwright/test';
import { expect } from './app';

export interface Entered {
  accountId: number;
  csrfToken: string;
}

export const PASSWORD = 'correct horse battery';

/** An unused name; names are never released. */
export function freshName(): string {
  return `t-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 6)}`;
}

export async function openDialog(page: Page, name: string): Promise<void> {
  await page.locator('header .tools [aria-expanded]').first().click();
  await page.getByRole('group', { name: 'Account' }).getByRole('button', { name }).click();
}

export async function submitCredentials(page: Page, name: string, password: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill(name);
  await dialog.getByLabel('Password', { exact: true }).fill(password);
  await dialog.locator('button.primary').click();
}

/** Signs up, which signs in. */
export async function signUp(page: Page, name: string): Promise<Entered> {
  const answer = page.waitForResponse('**/x/v1/signup');
  await page.locator('header').getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign up' }).click();
  await submitCredentials(page, name, PASSWORD);
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.locator('header')).toContainText(name);
  return (await (await answer).json()) as Entered;
}

export async function signOut(page: Page): Promise<void> {
  await openDialog(page, 'Sign out');
  await expect(page.locator('header').getByRole('button', { name: 'Sign in' })).toBeVisible();
}
