// Parses numbers as users type and paste them. The page formats every number with a decimal point and commas between thousands;
// that format always reads back unchanged. Other notations are accepted where only one number can be meant, and the field shows
// the reading. Where several can be meant, the trader chooses.
import { SCALE } from './decimal';

/** Why a text is not accepted: not a number, negative, too many decimals or digits, or an amount of another unit. */
export type Fault = 'form' | 'negative' | 'decimals' | 'digits' | 'unit';

export type Typed =
  | { kind: 'empty' }
  /** `isPlain` for plain digits, which need no confirmation; `other` is a second plausible reading. */
  | { kind: 'number'; value: bigint; isPlain: boolean; other: bigint | null }
  | { kind: 'unclear'; choices: bigint[] }
  /** `nearest` is a number to offer instead; `found` is the unit in the text. */
  | { kind: 'wrong'; fault: Fault; nearest: bigint | null; found: string };

/** Whole digits of the largest amount. */
const WHOLE_DIGITS = 18;
const LIMIT = 10n ** BigInt(WHOLE_DIGITS + SCALE);

/** Multiples written after a number: the page's own abbreviations, and the Chinese ones. */
const MULTIPLES: Readonly<Record<string, number>> = { k: 3, m: 6, b: 9, 千: 3, 万: 4, 萬: 4, 亿: 8, 億: 8 };

const NOTHING: Typed = { kind: 'empty' };
const PLAIN = /^(?:\d+\.?\d*|\.\d+)$/;
/** A point and three digits that end in zero: thousands for readers who group with points. */
const LIKE_THOUSANDS = /^[1-9]\d{0,2}\.\d\d0$/;
const GROUPS_OF_THREE = /^[1-9]\d{0,2}(?:,\d{3})+$/;
/** Indian grouping. */
const GROUPS_OF_TWO = /^[1-9]\d?(?:,\d\d)+,\d{3}$/;

/** Parses the text of a field that counts `unit`. */
export function parseTyped(text: string, unit = ''): Typed {
  const clean = normalized(text);
  if (clean === '') return NOTHING;
  const match = /^[▲▼≥≤≈~]?\s*([+-]?)\s*((?:\d|[.,]\d)[\d.,' ]*)(.*)$/u.exec(clean);
  if (!match) return wrong('form');
  const [, sign = '', rawBody = '', rawRest = ''] = match;
  const shift = shiftOf(rawRest.trim(), unit);
  if (typeof shift !== 'number') return shift;
  if (sign === '-') return wrong('negative');
  return readBody(rawBody.trim(), shift, PLAIN.test(text.trim()) && !LIKE_THOUSANDS.test(clean));
}

/** Returns the number in a text, or `null` unless it is certain. */
export function valueTyped(text: string, unit = ''): bigint | null {
  const typed = parseTyped(text, unit);
  return typed.kind === 'number' ? typed.value : null;
}

/** Maps full-width forms to ASCII and variants of spaces, apostrophes and minus signs to one each; drops invisible characters. */
function normalized(text: string): string {
  return text
    .replace(/[\uFF01-\uFF5E]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/[\u200B-\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]/g, '')
    .replace(/[。｡٫·]/g, '.')
    .replace(/[、､٬]/g, ',')
    .replace(/[’‘ʼ′`_]/g, "'")
    .replace(/[−–—]/g, '-')
    .replace(/\s+/g, ' ')
    .replace(/ ?([.,']) ?/g, '$1')
    .trim();
}

/** Returns the power of ten that the text after the digits stands for, or why it is not accepted. */
function shiftOf(rest: string, unit: string): number | Typed {
  if (rest === '' || isUnit(rest, unit)) return 0;
  const exponent = /^e([+-]?\d{1,2})$/i.exec(rest);
  if (exponent) return Number(exponent[1]);
  const multiple = MULTIPLES[rest.charAt(0).toLowerCase()];
  const behind = rest.slice(1).trim();
  if (multiple !== undefined && (behind === '' || isUnit(behind, unit))) return multiple;
  return /^(?:%|[A-Z]{2}[A-Z0-9]{0,10})$/i.test(rest) ? wrong('unit', null, rest.toUpperCase()) : wrong('form');
}

function isUnit(text: string, unit: string): boolean {
  return unit !== '' && text.toUpperCase() === unit.toUpperCase();
}

function readBody(body: string, shift: number, isPlain: boolean): Typed {
  const points = count(body, '.');
  const commas = count(body, ',');
  const soft = /[' ]/.test(body);
  // The last mark is the decimal mark if it occurs once; a mark that occurs alone and repeatedly groups digits.
  const last = body.lastIndexOf('.') > body.lastIndexOf(',') ? '.' : ',';
  const once = (last === '.' ? points : commas) === 1;
  const both = points > 0 && commas > 0;
  const groups = !both && last === ',' && !soft && GROUPS_OF_THREE.test(body);
  const decimal = points + commas > 0 && once && !groups ? last : '';
  const [whole = '', fraction = ''] = decimal === '' ? [body] : split(body, body.lastIndexOf(decimal));

  if (!wellGrouped(whole) || /\D/.test(fraction)) return unclear(body, shift);
  const read = scaled(digitsOf(whole), fraction, shift, isPlain);
  if (!groups || commas > 1 || read.kind !== 'number') return read;
  // "1,500" is fifteen hundred in the page's own format, and one and a half in others.
  const other = scaled(...split(body, body.indexOf(',')), shift, false);
  return { ...read, other: other.kind === 'number' ? other.value : null };
}

/** Accepts bare digits, or one kind of mark between well-formed groups. */
function wellGrouped(whole: string): boolean {
  const marks = new Set(whole.replace(/\d/g, ''));
  if (marks.size === 0) return true;
  const commas = whole.replace(/\D/g, ',');
  return marks.size === 1 && (GROUPS_OF_THREE.test(commas) || GROUPS_OF_TWO.test(commas));
}

/** Collects the readings of malformed grouping: the last mark as the decimal mark, or none. A single point is always the decimal mark. */
function unclear(body: string, shift: number): Typed {
  const at = Math.max(body.lastIndexOf('.'), body.lastIndexOf(','));
  const [whole, fraction] = split(body, at);
  const readings = [
    at < 0 ? null : scaled(digitsOf(whole), digitsOf(fraction), shift, false),
    body[at] === '.' && count(body, '.') === 1 ? null : scaled(digitsOf(body), '', shift, false),
  ];
  const choices = readings.filter((read) => read?.kind === 'number').map(({ value }) => value);
  return choices.length === 0 ? wrong('form') : { kind: 'unclear', choices: [...new Set(choices)] };
}

function scaled(whole: string, fraction: string, shift: number, isPlain: boolean): Typed {
  const decimals = fraction.length - shift;
  const digits = BigInt(`0${whole}${fraction}`);
  if (decimals <= SCALE) {
    const value = digits * 10n ** BigInt(SCALE - decimals);
    return value < LIMIT ? { kind: 'number', value, isPlain, other: null } : wrong('digits');
  }
  const unit = 10n ** BigInt(decimals - SCALE);
  const value = digits / unit;
  if (value >= LIMIT) return wrong('digits');
  if (value * unit === digits) return { kind: 'number', value, isPlain, other: null };
  return wrong('decimals', value > 0n ? value : null);
}

function wrong(fault: Fault, nearest: bigint | null = null, found = ''): Typed {
  return { kind: 'wrong', fault, nearest, found };
}

function split(text: string, at: number): [before: string, after: string] {
  return [text.slice(0, at), text.slice(at + 1)];
}

function digitsOf(text: string): string {
  return text.replace(/\D/g, '');
}

function count(text: string, mark: string): number {
  return text.split(mark).length - 1;
}
