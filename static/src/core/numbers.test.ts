import { describe, expect, it } from 'vitest';
import { fixed, grouped, parse, plain } from './decimal';
import { parseTyped, valueTyped, type Typed } from './numbers';

/** What was read, in plain digits; or why not. */
function read(text: string, unit = ''): string {
  const typed = parseTyped(text, unit);
  switch (typed.kind) {
    case 'number':
      return plain(typed.value);
    case 'unclear':
      return `? ${typed.choices.map(plain).join(' or ')}`;
    case 'wrong':
      return typed.fault;
    case 'empty':
      return '';
  }
}

/** mulberry32: the same numbers in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const wide = (text: string): string => text.replace(/[!-~]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0));

describe('a number as it is typed', () => {
  it.each([
    ['1,5', '1.5'],
    ['0,05', '0.05'],
    [',5', '0.5'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['5,', '5'],
    ['50,000.00', '50000'],
    ['63,997.18', '63997.18'],
    ['1 234.5', '1234.5'],
    ['1 234,5', '1234.5'],
    ['1 234,567', '1234.567'],
    ['1\u00a0234\u202f567,8', '1234567.8'],
    ["1'234.5", '1234.5'],
    ['1’234,50', '1234.5'],
    ['1_000_000', '1000000'],
    ['1.234,5', '1234.5'],
    ['1.234.567', '1234567'],
    ['1,234,567', '1234567'],
    ['12,34,567.8', '1234567.8'],
    ['1234,567', '1234.567'],
    ['0,500', '0.5'],
    ['1, 234.5', '1234.5'],
    ['１２３．５', '123.5'],
    ['１２３。５', '123.5'],
    ['１，２３４．５', '1234.5'],
    ['+2', '2'],
    ['1e3', '1000'],
    ['1e-7', '0.0000001'],
    ['2.5k', '2500'],
    ['1.2M', '1200000'],
    ['3万', '30000'],
    ['1.5 亿', '150000000'],
    ['12.35K', '12350'],
    ['00012', '12'],
    ['0.10000000', '0.1'],
  ])('%s is %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it('is read from what the page shows', () => {
    for (const text of ['63,997.18 USDT', '63,997.18', '▲ 63,997.18', '▼ 63,997.18', '≥ 63,997.18', '≈ 63,997.18 USDT', '+63,997.18', '\u2068 63,997.18\u2069']) {
      expect(read(text, 'USDT'), text).toBe('63997.18');
    }
    expect(read('1.5%', '%')).toBe('1.5');
  });

  it('is said back unless there is no doubt', () => {
    const isPlain = (text: string): boolean => (parseTyped(text) as Extract<Typed, { kind: 'number' }>).isPlain;
    for (const text of ['1', '0.5', '.5', '5.', '64999.69', '1.5000', '0.500', '1234.500']) expect(isPlain(text), text).toBe(true);
    for (const text of ['1,5', '50,000.00', '1 234', '１', '1e3', '2k', '50.000', '1.500']) expect(isPlain(text), text).toBe(false);
  });

  it('with one comma before three digits is in thousands, as the page writes it, and offers the other reading', () => {
    expect(parseTyped('1,500')).toEqual({ kind: 'number', value: parse('1500'), isPlain: false, other: parse('1.5') });
    expect(parseTyped('１，５００')).toEqual({ kind: 'number', value: parse('1500'), isPlain: false, other: parse('1.5') });
    for (const text of ['1,500.0', '1,500,000', '1,50', '0,500', '1 500']) expect(parseTyped(text), text).toMatchObject({ other: null });
  });

  it('is asked about where its marks stand in places that no way of writing has', () => {
    expect(read('1.234.5')).toBe('? 1234.5 or 12345');
    expect(read('1,23,4')).toBe('? 123.4 or 1234');
    expect(read('1,23.4')).toBe('? 123.4');
    expect(read('12 34')).toBe('? 1234');
    expect(read('0,123,456')).toBe('? 123.456 or 123456');
    expect(read("1'234 567")).toBe('? 1234567');
    expect(read('0.000 01')).toBe('? 0.00001');
  });

  it('is refused with the reason', () => {
    expect(read('')).toBe('');
    expect(read('  \u200b')).toBe('');
    for (const text of ['oops', '1x', '.', ',', 'NaN', '0x1', '1/2', '10²', '½', '--1', '1-2', '1e', '1e333', '٣']) expect(read(text), text).toBe('form');
    for (const text of ['-1', '−0.5', '－１']) expect(read(text), text).toBe('negative');
    expect(parseTyped('0.123456789')).toMatchObject({ fault: 'decimals', nearest: parse('0.12345678') });
    expect(parseTyped('0.000000001')).toMatchObject({ fault: 'decimals', nearest: null });
    expect(read('1e-9')).toBe('decimals');
    expect(read('1234567890123456789')).toBe('digits');
    expect(read('1e99')).toBe('digits');
    expect(parseTyped('0.5 BTC', 'USDT')).toMatchObject({ fault: 'unit', found: 'BTC' });
    expect(parseTyped('50%', 'USDT')).toMatchObject({ fault: 'unit', found: '%' });
    expect(read('0.5 btc', 'BTC')).toBe('0.5');
    expect(read('2k USDT', 'USDT')).toBe('2000');
  });
});

describe('every number', () => {
  const draw = seeded(1);
  const values = Array.from({ length: 4_000 }, () => {
    const digits = Array.from({ length: 1 + draw(26) }, () => String(draw(10))).join('');
    return BigInt(digits);
  });

  it('that the page writes is read as it was, in every width, with or without its unit', () => {
    for (const value of values) {
      const text = plain(value);
      const shown = [text, grouped(text), fixed(value, 8), grouped(fixed(value, 8)), `${grouped(text)} ETH`, `▼ ${grouped(text)}`];
      for (const one of [...shown, ...shown.map(wide)]) expect(valueTyped(one, 'ETH'), one).toBe(value);
    }
  });

  it('in the ways of other countries is read, or is the page’s own thousands, which offer it', () => {
    for (const value of values) {
      const [whole = '', fraction = ''] = grouped(plain(value)).split('.');
      const tail = fraction === '' ? '' : `,${fraction}`;
      for (const mark of [' ', '\u00a0', '\u202f', "'", '’']) expect(valueTyped(whole.replaceAll(',', mark) + tail), mark).toBe(value);
      if (fraction !== '' && whole.includes(',')) expect(valueTyped(whole.replaceAll(',', '.') + tail)).toBe(value);
      const bare = parseTyped(whole.replaceAll(',', '') + tail);
      expect(bare.kind === 'number' && [bare.value, bare.other].includes(value), plain(value) + tail).toBe(true);
    }
  });

  it('that is said back reads as itself', () => {
    for (const value of values) {
      const typed = parseTyped(grouped(plain(value)));
      expect(typed.kind === 'number' && valueTyped(plain(typed.value)) === value).toBe(true);
    }
  });
});

it('whatever is typed is read, asked about or refused, and what is offered is read without doubt', () => {
  const draw = seeded(2);
  const alphabet = "00123459..,,   ''_+-−ekMB万亿%₿xУSDT０５，．。、\u00a0\u202f\u200b";
  for (let turn = 0; turn < 40_000; turn += 1) {
    const text = Array.from({ length: draw(12) }, () => alphabet.charAt(draw(alphabet.length))).join('');
    const typed = parseTyped(text, 'USDT');
    const offered =
      typed.kind === 'unclear' ? typed.choices
      : typed.kind === 'number' ? [typed.value, typed.other]
      : typed.kind === 'wrong' ? [typed.nearest]
      : [];
    for (const value of offered) {
      if (value === null) continue;
      expect(value >= 0n && value < 10n ** 26n, text).toBe(true);
      expect(valueTyped(plain(value)), text).toBe(value);
    }
    if (typed.kind === 'unclear') expect(new Set(typed.choices).size).toBe(typed.choices.length);
  }
});
