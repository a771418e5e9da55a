// Times as the reader writes them, shares and large amounts. The time of day is in the reader's own zone; both languages write it alike.
import { grouped } from '../core/decimal';
import type { Language } from '../state/prefs.svelte';

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

export function clock(milliseconds: number): string {
  return CLOCK.format(milliseconds);
}

const LOCALES: Record<Language, string> = { en: 'en-GB', zh: 'zh-CN' };

/** A formatter for moments, in the reader's own zone unless it is for days, which are UTC's. */
export function calendar(language: Language, options: Intl.DateTimeFormatOptions, zone?: 'UTC'): (milliseconds: number) => string {
  const format = new Intl.DateTimeFormat(LOCALES[language], { ...options, ...(zone && { timeZone: zone }), hourCycle: 'h23' });
  return (milliseconds) => format.format(milliseconds);
}

/** A day and a time in the reader's own zone. */
export function moment(language: Language, milliseconds: number): string {
  return new Intl.DateTimeFormat(LOCALES[language], { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' }).format(milliseconds);
}

/** The same in short and to the second, for lists of what was lately. */
export function stamp(language: Language, milliseconds: number): string {
  const options: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' };
  return new Intl.DateTimeFormat(LOCALES[language], { ...options, hourCycle: 'h23' }).format(milliseconds);
}

/** A share in percent, with its sign. */
export function percent(share: number): string {
  const text = (share * 100).toFixed(2);
  if (Number(text) === 0) return '0.00%';
  return `${share > 0 ? '+' : ''}${grouped(text)}%`;
}

/** A large amount in short: three or four digits and a letter, and three significant digits of what is below one. */
export function short(value: number): string {
  if (value > 0 && value < 1) return plainDigits(value);
  const [size, letter] = value >= 1e9 ? [1e9, 'B'] : value >= 1e6 ? [1e6, 'M'] : value >= 1e4 ? [1e3, 'K'] : [1, ''];
  const scaled = value / size;
  return `${grouped(scaled.toFixed(scaled >= 1000 ? 0 : scaled >= 100 ? 1 : 2))}${letter}`;
}

/** Three significant digits without an exponent: lines at even distances must not be labelled unevenly. */
function plainDigits(value: number): string {
  const digits = 2 - Math.floor(Math.log10(value));
  return digits > 8 ? value.toFixed(8) : value.toFixed(digits);
}
