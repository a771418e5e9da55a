// Texts in the chosen language. Reading one inside a template follows the choice.
import { prefs, type Language } from '../state/prefs.svelte';
import { en } from './en';
import { zh } from './zh';

export type Key = keyof typeof en;

const WORDS: Record<Language, Record<Key, string>> = { en, zh };

export function t(key: Key, values: Record<string, string> = {}): string {
  return WORDS[prefs.language][key].replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** The text for a server's enum value, or the value itself when there is none. */
export function word(prefix: string, value: string): string {
  const key = `${prefix}.${value}`;
  return key in en ? t(key as Key) : value;
}
