// Exact decimals. Money is a BigInt of 10^-SCALE units; floats are for pixels only.

/** Fraction digits of every amount the exchange names. */
export const SCALE = 8;
export const ONE = 10n ** BigInt(SCALE);

const GRAMMAR = /^(\d{1,18})(?:\.(\d*))?$/;

/** Parses a plain decimal, or `null` when it is none or finer than the exchange's scale. */
export function parse(text: string): bigint | null {
  const match = GRAMMAR.exec(text.trim().replace(/^\.(?=\d)/, '0.'));
  if (!match) return null;
  const fraction = (match[2] ?? '').replace(/0+$/, '');
  if (fraction.length > SCALE) return null;
  return BigInt(match[1]!) * ONE + BigInt(fraction.padEnd(SCALE, '0'));
}

/** Parses what the server sent; a malformed amount is a broken contract, so it throws. */
export function amount(text: string): bigint {
  const negative = text.startsWith('-');
  const value = parse(negative ? text.slice(1) : text);
  if (value === null) throw new Error(`not a decimal: ${text}`);
  return negative ? -value : value;
}

/** Writes with exactly `digits` fraction digits, truncating: a balance is never rounded up. */
export function fixed(value: bigint, digits: number): string {
  const negative = value < 0n;
  const text = (negative ? -value : value).toString().padStart(SCALE + 1, '0');
  const whole = text.slice(0, -SCALE);
  const fraction = text.slice(-SCALE).slice(0, digits);
  return (negative ? '-' : '') + (digits > 0 ? `${whole}.${fraction}` : whole);
}

/** Writes without trailing zeros. */
export function plain(value: bigint): string {
  return fixed(value, SCALE).replace(/\.?0+$/, '');
}

export function multiply(left: bigint, right: bigint): bigint {
  return (left * right) / ONE;
}

/** `left / right`, truncated at the scale. */
export function divide(left: bigint, right: bigint): bigint {
  return right === 0n ? 0n : (left * ONE) / right;
}

/** The largest multiple of `step` that is not above `value`; a zero step means every value is allowed. */
export function floorTo(value: bigint, step: bigint): bigint {
  return step > 0n ? value - (value % step) : value;
}

/** The fraction digits a step needs: "0.01000000" needs 2, "1.00000000" none. */
export function digitsOf(step: string): number {
  const fraction = (step.split('.')[1] ?? '').replace(/0+$/, '');
  return fraction.length;
}

/** Formats a server's amount: without trailing zeros, with thousands separators. */
export function tidy(text: string): string {
  return grouped(plain(amount(text)));
}

/** Inserts thousands separators: the format of every number on the page, except what it puts into a field. */
export function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const commas = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? commas : `${commas}.${fraction}`;
}

// The hot path: a book level as a plain integer. Prices and sizes in their symbol's own digits stay far below 2^53.

/** Parses into integer units of 10^-digits. */
export function units(text: string, digits: number): number {
  const dot = text.indexOf('.');
  if (dot < 0) return Number(text) * 10 ** digits;
  const fraction = text.slice(dot + 1, dot + 1 + digits).padEnd(digits, '0');
  return Number(text.slice(0, dot)) * 10 ** digits + Number(fraction);
}

/** Writes integer units of 10^-digits. */
export function unitsText(value: number, digits: number): string {
  if (digits === 0) return String(value);
  const text = String(value).padStart(digits + 1, '0');
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
