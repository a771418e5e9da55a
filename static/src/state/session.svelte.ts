// The session of this browser. The cookie itself is not readable; a mark in local storage records whether there is a session, and
// whether the exchange ended the last one.
import { call, CookieRefused, Refused, setCsrf, send } from '../api/client';
import type { Session, SessionOptions } from '../api/types';

const MARK = 'lightning.session';
const UNAUTHORIZED = 401;

/** The kind of the last session, and whether the exchange ended it. */
type Mark = 'demo' | 'person' | 'demo ended' | 'person ended';

export interface Credentials {
  name: string;
  password: string;
}

class SessionState {
  current = $state.raw<Session | null>(null);
  /** The kind of the session that the exchange ended, until the next sign-in or sign-out. */
  ended = $state<'demo' | 'person' | null>(null);
  /** Whether this browser was found to refuse the session cookie. */
  isCookieRefused = $state(false);
  #ending = $state(false);
  /** Whether the account's own events are followed: signed in, and not signing out. */
  readonly followed = $derived(this.current !== null && !this.#ending);
  /** How one may come in here. */
  options = $state.raw<SessionOptions>({ signUp: false, demo: false });

  /** Fetches which ways to sign in there are, and resumes the browser's earlier session, if it had one. */
  async start(): Promise<void> {
    const asked = call<SessionOptions>('GET', '/x/v1/session/options');
    await this.resume();
    this.options = await asked;
  }

  /** Checks whether the session is still valid. */
  async resume(): Promise<void> {
    const mark = remembered();
    if (this.current === null && (mark === null || mark.endsWith('ended'))) {
      this.ended = mark === null ? null : kindOf(mark);
      return;
    }
    try {
      this.#take(await call<Session>('GET', '/x/v1/session'));
    } catch (error) {
      if (error instanceof Refused) this.lose();
      else throw error;
    }
  }

  async startDemo(): Promise<Session | null> {
    try {
      return await this.#enter(call<Session>('POST', '/x/v1/session/demo'));
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
      this.options = { ...this.options, demo: false };
      return null;
    }
  }

  async signIn(credentials: Credentials): Promise<void> {
    await this.#enter(send<Session>('POST', '/x/v1/session', credentials));
  }

  async signUp(credentials: Credentials): Promise<void> {
    await this.#enter(send<Session>('POST', '/x/v1/signup', credentials));
  }

  async changePassword(current: string, next: string): Promise<void> {
    await send('POST', '/x/v1/password', { current, new: next });
  }

  async signOut(): Promise<void> {
    // The private socket goes first: the exchange would close it, and the page would ask why.
    this.#ending = true;
    try {
      await call('DELETE', '/x/v1/session').catch((error: unknown) => {
        // The session has ended already.
        if (!(error instanceof Refused) || error.status !== UNAUTHORIZED) throw error;
      });
      this.#leave(null);
      this.ended = null;
    } finally {
      this.#ending = false;
    }
  }

  /** The exchange rejected the session: after a restart, on expiry, or when it was ended elsewhere. */
  lose(): void {
    const kind = this.current ? (this.current.demo ? 'demo' : 'person') : kindOf(remembered() ?? 'person');
    this.#leave(`${kind} ended`);
    this.ended = kind;
  }

  #leave(mark: Mark | null): void {
    this.current = null;
    setCsrf('');
    remember(mark);
  }

  /** Accepts the session once the browser has sent its cookie back. */
  async #enter(started: Promise<Session>): Promise<Session> {
    const session = await started;
    try {
      await call<Session>('GET', '/x/v1/session');
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== UNAUTHORIZED) throw error;
      this.isCookieRefused = true;
      throw new CookieRefused();
    }
    this.#take(session);
    return session;
  }

  #take(session: Session): void {
    setCsrf(session.csrfToken);
    this.current = session;
    this.ended = null;
    this.isCookieRefused = false;
    remember(session.demo ? 'demo' : 'person');
  }
}

function kindOf(mark: Mark): 'demo' | 'person' {
  return mark.startsWith('demo') ? 'demo' : 'person';
}

function remembered(): Mark | null {
  try {
    return localStorage.getItem(MARK) as Mark | null;
  } catch {
    return null;
  }
}

function remember(mark: Mark | null): void {
  try {
    if (mark) localStorage.setItem(MARK, mark);
    else localStorage.removeItem(MARK);
  } catch {
    // Nothing is kept then; the next visit signs in again.
  }
}

export const session = new SessionState();
