// Who is trading here. The cookie itself is out of reach; a mark in this browser says whether asking makes sense.
import { call, Refused, setCsrf, tell } from '../api/client';
import type { Session, SessionOptions } from '../api/types';

const MARK = 'lightning.session';

export interface Credentials {
  name: string;
  password: string;
}

class SessionState {
  current = $state.raw<Session | null>(null);
  #ending = $state(false);
  /** Whether the account's own events are followed: somebody is signed in, and not on the way out. */
  readonly followed = $derived(this.current !== null && !this.#ending);
  /** How one may come in here. */
  options = $state.raw<SessionOptions>({ signUp: false, demo: false });

  /** Asks how one may come in, and takes up the session of an earlier visit, if this browser had one. */
  async begin(): Promise<void> {
    const asked = call<SessionOptions>('GET', '/x/v1/session/options');
    await this.resume();
    this.options = await asked;
  }

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
      this.options = { ...this.options, demo: false };
      return null;
    }
  }

  async signIn(credentials: Credentials): Promise<void> {
    this.#enter(await tell<Session>('POST', '/x/v1/session', credentials));
  }

  async signUp(credentials: Credentials): Promise<void> {
    this.#enter(await tell<Session>('POST', '/x/v1/signup', credentials));
  }

  async changePassword(current: string, next: string): Promise<void> {
    await tell('POST', '/x/v1/password', { current, new: next });
  }

  async signOut(): Promise<void> {
    // The private socket goes first: the exchange would close it, and the page would ask why.
    this.#ending = true;
    try {
      await call('DELETE', '/x/v1/session');
      this.leave();
    } finally {
      this.#ending = false;
    }
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
