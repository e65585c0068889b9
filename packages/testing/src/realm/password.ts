import { createHash, timingSafeEqual } from 'node:crypto';
import { hashPassword, isKnownHash } from './password-hash.ts';
import type { CredentialRepresentation, UserRepresentation } from './representation.ts';

/** Compares in a time that does not depend on the passwords. */
export async function isPasswordOf(user: UserRepresentation | undefined, password: string): Promise<boolean> {
  const credential = user?.credentials?.find(({ type }) => type === undefined || type === 'password');
  if (credential?.value !== undefined) return equal(credential.value, password);
  if (credential?.secretData !== undefined) return matchesHash(credential, password);
  equal('', password);
  return false;
}

/** True where a user's password is hashed in a way that cannot be checked here. */
export function hasUnreadablePassword(user: UserRepresentation): boolean {
  return (user.credentials ?? []).some(
    ({ value, credentialData }) =>
      value === undefined && credentialData !== undefined && !isKnownHash(credentialData),
  );
}

function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

async function matchesHash(credential: CredentialRepresentation, password: string): Promise<boolean> {
  const { value, salt } = JSON.parse(credential.secretData!) as { value: string; salt: string };
  const expected = Buffer.from(value, 'base64');
  const actual = await hashPassword(credential.credentialData ?? '{}', {
    password,
    salt: Buffer.from(salt, 'base64'),
    length: expected.length,
  });
  return actual !== undefined && timingSafeEqual(actual, expected);
}
