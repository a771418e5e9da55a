// A translatable sentence: its key and the values it contains.
import type { en } from '../i18n/en';

type Key = keyof typeof en;

export interface Sentence {
  key: Key;
  values: Record<string, string>;
}

export function say(key: Key, values: Record<string, string> = {}): Sentence {
  return { key, values };
}
