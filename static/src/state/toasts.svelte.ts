// Short news for the polite live region.

export type Tone = 'good' | 'bad' | 'plain';

export interface Toast {
  key: string;
  tone: Tone;
  text: string;
}

/** The least time; longer texts stay longer. */
const SHOWN_FOR = 6_000;
const PER_LETTER = 80;
const PER_CHARACTER = 250;
const AT_MOST = 4;

class Toasts {
  list = $state.raw<Toast[]>([]);
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #next = 1;

  /** Shows the news; news of the same key replaces the older, so that ten fills of one order are one toast. */
  say(tone: Tone, text: string, key = `#${this.#next++}`): void {
    this.list = [...this.list.filter((toast) => toast.key !== key), { key, tone, text }].slice(-AT_MOST);
    clearTimeout(this.#timers.get(key));
    this.#timers.set(
      key,
      setTimeout(() => this.dismiss(key), Math.max(SHOWN_FOR, readingTime(text))),
    );
  }

  dismiss(key: string): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    this.list = this.list.filter((toast) => toast.key !== key);
  }
}

function readingTime(text: string): number {
  const characters = text.match(/\p{Script=Han}/gu)?.length ?? 0;
  return characters * PER_CHARACTER + (text.length - characters) * PER_LETTER;
}

export const toasts = new Toasts();
