import { createHash, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { CredentialRepresentation, UserRepresentation } from './representation.ts';

const derive = promisify(pbkdf2);
const PBKDF2: Record<string, string> = {
  pbkdf2: 'sha1',
  'pbkdf2-sha256': 'sha256',
  'pbkdf2-sha512': 'sha512',
};

/** Compares in a time that does not depend on the passwords. */
export async function isPasswordOf(user: UserRepresentation | undefined, password: string): Promise<boolean> {
  const credential = user?.credentials?.find(({ type }) => type === undefined || type === 'password');
  if (credential?.value !== undefined) return equal(credential.value, password);
  if (credential?.secretData !== undefined) return matchesHash(credential, password);
  equal('', password);
  return false;
}

/** True where a user's password is hashed in a way that cannot be checked here (argon2). */
export function hasUnreadablePassword(user: UserRepresentation): boolean {
  return (user.credentials ?? []).some(
    ({ value, credentialData }) =>
      value === undefined && credentialData !== undefined && hashOf(credentialData) === undefined,
  );
}

function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function hashOf(credentialData: string): { digest: string; iterations: number } | undefined {
  const { algorithm, hashIterations } = JSON.parse(credentialData) as {
    algorithm?: string;
    hashIterations?: number;
  };
  const digest = PBKDF2[algorithm ?? ''];
  return digest === undefined ? undefined : { digest, iterations: hashIterations ?? 1 };
}

async function matchesHash(credential: CredentialRepresentation, password: string): Promise<boolean> {
  const hash = hashOf(credential.credentialData ?? '{}');
  if (hash === undefined) return false;
  const { value, salt } = JSON.parse(credential.secretData!) as { value: string; salt: string };
  const expected = Buffer.from(value, 'base64');
  const actual = await derive(
    password,
    Buffer.from(salt, 'base64'),
    hash.iterations,
    expected.length,
    hash.digest,
  );
  return timingSafeEqual(actual, expected);
}
