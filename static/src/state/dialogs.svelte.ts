// Which dialog of the account is open; starting the demo and signing out.
import { explain } from '../api/errors';
import { t } from '../i18n/index.svelte';
import { session } from './session.svelte';
import { toasts } from './toasts.svelte';

export type DialogName = 'signIn' | 'signUp' | 'password' | 'keys';

class DialogState {
  current = $state<DialogName | null>(null);

  open(current: DialogName): void {
    this.current = current;
  }

  close(): void {
    this.current = null;
  }

  async startDemo(): Promise<void> {
    try {
      const started = await session.startDemo();
      if (!started) return toasts.say('bad', t('session.noDemo'));
      toasts.say('good', t('session.welcome', { id: String(started.accountId) }));
    } catch (error) {
      toasts.say('bad', explain(error));
    }
  }

  async leave(): Promise<void> {
    try {
      await session.signOut();
      this.close();
    } catch (error) {
      toasts.say('bad', explain(error));
    }
  }
}

export const dialogs = new DialogState();
