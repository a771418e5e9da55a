// Coming in and going out, and a word about it.
import { explain } from '../api/errors';
import { t } from '../i18n/index.svelte';
import { session } from './session.svelte';
import { toasts } from './toasts.svelte';

export async function startDemo(): Promise<void> {
  try {
    const started = await session.startDemo();
    if (!started) return toasts.say('bad', t('session.noDemo'));
    toasts.say('good', t('session.welcome', { id: String(started.accountId) }));
  } catch (error) {
    toasts.say('bad', explain(error));
  }
}

export async function leave(): Promise<void> {
  try {
    await session.signOut();
  } catch (error) {
    toasts.say('bad', explain(error));
  }
}
