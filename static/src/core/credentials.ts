// The exchange's rules for names and passwords, checked before anything is sent.

export type CredentialKey = 'account.nameShort' | 'account.nameForm' | 'account.passwordShort' | 'account.passwordLong' | 'account.passwordName';

const NAME_MIN = 3;
const NAME_MAX = 32;
/** In bytes of UTF-8, as the exchange counts. */
const PASSWORD_MIN = 10;
const PASSWORD_MAX = 128;

/** The problem with a name, or `null`; names are compared in lower case. */
export function ofName(name: string): CredentialKey | null {
  if (!/^[a-z0-9_.-]*$/.test(name.toLowerCase())) return 'account.nameForm';
  return name.length < NAME_MIN || name.length > NAME_MAX ? 'account.nameShort' : null;
}

/** What is wrong with a new password, or `null`. */
export function ofPassword(password: string, name: string): CredentialKey | null {
  const bytes = new TextEncoder().encode(password).length;
  if (bytes < PASSWORD_MIN) return 'account.passwordShort';
  if (bytes > PASSWORD_MAX) return 'account.passwordLong';
  return name !== '' && password.toLowerCase() === name.toLowerCase() ? 'account.passwordName' : null;
}
