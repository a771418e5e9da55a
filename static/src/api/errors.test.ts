import { expect, it, vi } from 'vitest';

// The language is a preference of the browser.
vi.stubGlobal('matchMedia', () => ({ matches: false }));
vi.stubGlobal('navigator', { language: 'en-GB' });

const { CookieRefused, Refused, Unknown } = await import('./client');
const { explain } = await import('./errors');
const { fieldErrorOf } = await import('./fieldError');

const refused = (message: string, data: unknown = null, code = -1013, status = 400, wait: number | null = null) =>
  new Refused(status, code, message, wait, data);

it('says a refusal in plain words, or in the exchange’s own', () => {
  expect(explain(refused('Order would trigger immediately.', null, -2010))).toBe('The order would be triggered at once.');
  expect(explain(refused('Something new.', null, -4321))).toBe('Refused: Something new. (-4321)');
  expect(explain(new Unknown('lost'))).toBe('The exchange does not answer.');
  expect(explain(new CookieRefused())).toContain('cookie');
});

it('does not advise to try again where that would not help', () => {
  const full = 'The disk is nearly full: only cancels and deposits are accepted.';
  expect(explain(refused(full, null, -1008, 503))).toBe('The exchange is short of disk space; you can still cancel.');
  expect(explain(refused('Server is currently overloaded with other requests.', null, -1008, 503))).toContain('try again');
  expect(explain(refused('Market is closed.', null, -2010))).toBe('This market is closed.');
  const opening = 'Market is about to open: only LIMIT_MAKER orders are accepted.';
  expect(explain(refused(opening, null, -2010))).toContain('about to open');
  expect(explain(refused('Trading is halted: only cancels and deposits are accepted.', null, -2010))).toContain('halted');
});

it('adds the nearest value that the exchange would take', () => {
  const text = 'Filter failure: LOT_SIZE';
  expect(explain(refused(text, { stepSize: '0.001', nearestValid: '0.123' }))).toContain('Nearest allowed: 0.123');
  expect(explain(refused(text, { nearestValid: { quantity: '0.1', price: '5' } }))).toContain('quantity 0.1, price 5');
  expect(explain(refused(text, { other: 1 }))).not.toContain('Nearest');
});

it('puts a refusal beside the field it is about', () => {
  expect(fieldErrorOf(refused("Data sent for parameter 'publicKey' is not valid: no PEM.", null, -1130)).field).toBe('publicKey');
  expect(fieldErrorOf(refused('Too many tries.', null, -1003, 429, 30))).toEqual({ field: '', text: 'Too many attempts. Try again in 30 s.' });
  const malformed = "Data sent for parameter 'publicKey' is not valid: not a public key in PEM (BEGIN PUBLIC KEY).";
  expect(fieldErrorOf(refused(malformed, null, -1130)).text).toContain('not a PEM public key');
  expect(fieldErrorOf(new Unknown('lost')).field).toBe('');
});
