import { expect, it } from 'vitest';
import { ofName, ofPassword } from './credentials';

it('knows a name', () => {
  expect(ofName('Ada_L.1-x')).toBeNull();
  expect(ofName('ab')).toBe('account.nameShort');
  expect(ofName('a'.repeat(33))).toBe('account.nameShort');
  expect(ofName('ada lovelace')).toBe('account.nameForm');
  expect(ofName('阿达')).toBe('account.nameForm');
});

it('knows a password, counted in bytes', () => {
  expect(ofPassword('123456789', 'ada')).toBe('account.passwordShort');
  expect(ofPassword('1234567890', 'ada')).toBeNull();
  expect(ofPassword('密码密码', 'ada')).toBeNull();
  expect(ofPassword('x'.repeat(129), 'ada')).toBe('account.passwordLong');
  expect(ofPassword('Lovelace.1', 'lovelace.1')).toBe('account.passwordName');
});
