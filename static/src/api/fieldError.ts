// Shows a refusal at the field it is about.
import { t } from '../i18n/index.svelte';
import { Refused } from './client';
import { explain } from './errors';

const NAMED = /parameter '(\w+)'/;

/** The field a refusal belongs to, or '' for the whole form, and its text. */
export function fieldErrorOf(error: unknown): { field: string; text: string } {
  if (!(error instanceof Refused)) return { field: '', text: explain(error) };
  if (error.status === 429) {
    return { field: '', text: error.retryAfter === null ? t('error.tooMany') : t('account.wait', { seconds: String(error.retryAfter) }) };
  }
  const field = NAMED.exec(error.message)?.[1] ?? '';
  return { field, text: field === '' ? explain(error) : error.message };
}
