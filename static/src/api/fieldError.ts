// A refusal beside the field it is about.
import { t } from '../i18n/index.svelte';
import { Refused } from './client';
import { explain } from './errors';

const NAMED = /parameter '(\w+)'/;

/** Where the refusal belongs: a field's name, or '' for the whole form; and what it says. */
export function fieldErrorOf(error: unknown): { field: string; text: string } {
  if (!(error instanceof Refused)) return { field: '', text: explain(error) };
  if (error.status === 429) {
    return { field: '', text: error.retryAfter === null ? t('error.tooMany') : t('account.wait', { seconds: String(error.retryAfter) }) };
  }
  const field = NAMED.exec(error.message)?.[1] ?? '';
  return { field, text: field === '' ? explain(error) : error.message };
}
