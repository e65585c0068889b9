import { createHash, timingSafeEqual } from 'node:crypto';
import { hashPassword, isKnownHash } from './password-hash.ts';
import type { CredentialRepresentation, UserRepresentation } from './representation.ts';

/** Compares in constant time. */
export async function isPasswordOf(user: UserRepresentation | undefined, password: string): Promise<boolean> {
  const credential = user?.credentials?.find(({ type }) => type === undefined || type === 'password');
  if (credential?.value !== undefined) return equal(credential.value, password);
  if (credential?.secretData !== undefined) return matchesHash(credential, password);
  equal('', password);
  return false;
}

/** Whether everybody can read the user's password in the realm file. */
export const hasOpenPassword = ({ credentials = [] }: UserRepresentation): boolean =>
  credentials.some(({ type = 'password', value }) => type === 'password' && value !== undefined);

/** Whether a user's password hash cannot be checked here. */
export function hasUnreadablePassword(user: UserRepresentation): boolean {
  return (user.credentials ?? []).some(
    ({ type = 'password', value, credentialData }) =>
      type === 'password' &&
      value === undefined &&
      credentialData !== undefined &&
      !isKnownHash(credentialData),
  );
}

function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

async function matchesHash(credential: CredentialRepresentation, password: string): Promise<boolean> {
  const secret = readSecret(credential.secretData as string);
  if (secret === undefined) return false;
  const { expected, salt } = secret;
  const length = expected.length;
  const actual = await hashPassword(credential.credentialData ?? '{}', { password, salt, length });
  return actual !== undefined && timingSafeEqual(actual, expected);
}

/** `undefined` if there is no usable hash. */
function readSecret(secretData: string): { expected: Buffer; salt: Buffer } | undefined {
  try {
    const { value, salt } = JSON.parse(secretData) as { value: string; salt: string };
    const expected = Buffer.from(value, 'base64');
    return expected.length === 0 ? undefined : { expected, salt: Buffer.from(salt, 'base64') };
  } catch {
    return undefined;
  }
}
