// Shows a refusal at the field it is about.
import { t, type Key } from '../i18n/index.svelte';
import { Refused } from './client';
import { explain } from './errors';

const NAMED = /parameter '(\w+)'/;

/** Reasons the server gives after the field's name; the others are shown in its own words. */
const REASONS: [part: string, key: Key][] = [
  ['not a public key in PEM', 'keys.publicKeyBad'],
  ['the public key is of another type', 'keys.publicKeyType'],
  ['not a usable Ed25519 key', 'keys.publicKeyUnusable'],
  ['an RSA key has', 'keys.publicKeyRsa'],
];

/** The field a refusal belongs to, or '' for the whole form, and its text. */
export function fieldErrorOf(error: unknown): { field: string; text: string } {
  if (!(error instanceof Refused)) return { field: '', text: explain(error) };
  if (error.status === 429) {
    return { field: '', text: error.retryAfter === null ? t('error.tooMany') : t('account.wait', { seconds: String(error.retryAfter) }) };
  }
  const field = NAMED.exec(error.message)?.[1] ?? '';
  const reason = REASONS.find(([part]) => error.message.includes(part))?.[1];
  return { field, text: reason ? t(reason) : field === '' ? explain(error) : error.message };
}
