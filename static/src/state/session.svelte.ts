// Who is trading here. The cookie itself is out of reach; a mark in this browser says whether asking makes sense.
import { call, Refused, setCsrf } from '../api/client';
import type { Session } from '../api/types';

const MARK = 'lightning.session';

class SessionState {
  current = $state.raw<Session | null>(null);
  /** False once the exchange said that it opens no demo accounts. */
  demo = $state(true);

  /** Takes up the session of an earlier visit, if this browser had one. */
  async resume(): Promise<void> {
    if (!remembered()) return;
    try {
      this.#enter(await call<Session>('GET', '/x/v1/session'));
    } catch (error) {
      if (error instanceof Refused) this.leave();
      else throw error;
    }
  }

  async startDemo(): Promise<Session | null> {
    try {
      const session = await call<Session>('POST', '/x/v1/session/demo');
      this.#enter(session);
      return session;
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
      this.demo = false;
      return null;
    }
  }

  async signOut(): Promise<void> {
    await call('DELETE', '/x/v1/session');
    this.leave();
  }

  /** The session ended, here or at the server. */
  leave(): void {
    this.current = null;
    setCsrf('');
    remember(false);
  }

  #enter(session: Session): void {
    setCsrf(session.csrfToken);
    this.current = session;
    remember(true);
  }
}

function remembered(): boolean {
  try {
    return localStorage.getItem(MARK) !== null;
  } catch {
    return false;
  }
}

function remember(yes: boolean): void {
  try {
    if (yes) localStorage.setItem(MARK, '1');
    else localStorage.removeItem(MARK);
  } catch {
    // Nothing is kept then; the next visit signs in again.
  }
}

export const session = new SessionState();
