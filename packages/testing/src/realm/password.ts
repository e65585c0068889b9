import { createHash, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { CredentialRepresentation, UserRepresentation } from './representation.ts';

const derive = promisify(pbkdf2);
const PBKDF2: Record<string, string> = {
  pbkdf2: 'sha1',
  'pbkdf2-sha256': 'sha256',
  'pbkdf2-sha512': 'sha512',
};
const ARGON2 = { d: 'argon2d', i: 'argon2i', id: 'argon2id' } as const;
/** Keycloak uses up to 600,000 rounds, with SHA-1 1,300,000. Ten million take seconds, which nothing can cut short. */
const MOST_ROUNDS = 10_000_000;
/** Keycloak uses 7,168. Each login under way needs as much. Unit: KiB. */
const MOST_MEMORY = 256 * 1024;
/** Memory times passes: a second or two, in which this process answers nobody. Keycloak: 35,840. */
const MOST_WORK = 1024 * 1024;
const MOST_ITERATIONS = 100;
const MOST_LANES = 64;

/** The content of Keycloak's `credentialData`. Numeric parameters are texts in a list. */
interface HashSettings {
  readonly algorithm?: string;
  readonly hashIterations?: number;
  readonly additionalParameters?: Readonly<Record<string, readonly string[]>>;
}

interface Input {
  readonly password: string;
  readonly salt: Uint8Array;
  /** Length of the hash. Unit: bytes. */
  readonly length: number;
}

/**
 * Whether a password with this hash can be checked: PBKDF2, or Argon2 (Keycloak 24 and later) within the memory that a login
 * may use here.
 */
function isKnownHash(credentialData: string): boolean {
  const settings = readSettings(credentialData);
  return pbkdf2Of(settings) !== undefined || argon2Of(settings) !== undefined;
}

/** The hash of a password, or `undefined` for an unknown algorithm. */
async function hashPassword(credentialData: string, input: Input): Promise<Buffer | undefined> {
  const settings = readSettings(credentialData);
  const { password, salt, length } = input;
  const rounds = pbkdf2Of(settings);
  if (rounds !== undefined) return derive(password, salt, rounds.iterations, length, rounds.digest);
  const parameters = argon2Of(settings);
  // The library does not hash an empty password, which Keycloak does not allow either.
  if (parameters === undefined || password === '') return undefined;
  const { kind, ...cost } = parameters;
  // Loaded on demand: it is WebAssembly, and few realm files have such a password.
  const argon2 = (await import('hash-wasm'))[ARGON2[kind]];
  const hash = await argon2({
    password,
    salt,
    ...cost,
    hashLength: length,
    outputType: 'binary',
  });
  return Buffer.from(hash);
}

/** Tolerates anything, because people edit realm files. */
function readSettings(credentialData: string): HashSettings {
  try {
    return (JSON.parse(credentialData) as HashSettings | null) ?? {};
  } catch {
    return {};
  }
}

/** The parameters of PBKDF2, or `undefined` for another algorithm or too much work. */
function pbkdf2Of({ algorithm = '', hashIterations: iterations = 1 }: HashSettings) {
  const isPossible = Object.hasOwn(PBKDF2, algorithm) && isWithin(iterations, 1, MOST_ROUNDS);
  return isPossible ? { iterations, digest: PBKDF2[algorithm] as string } : undefined;
}

/** The parameters of Argon2 1.3, or `undefined` for another algorithm or too much work. */
function argon2Of(settings: HashSettings) {
  if (settings.algorithm !== 'argon2' || (parameter(settings, 'version') ?? '1.3') !== '1.3')
    return undefined;
  const kind = parameter(settings, 'type') ?? 'id';
  const number = (name: string, otherwise: number) => Number(parameter(settings, name) ?? otherwise);
  const iterations = settings.hashIterations ?? 1;
  const parallelism = number('parallelism', 1);
  const memorySize = number('memory', 7168);
  const isPossible =
    isWithin(iterations, 1, MOST_ITERATIONS) &&
    isWithin(parallelism, 1, MOST_LANES) &&
    // RFC 9106 §3.1
    isWithin(memorySize, 8 * parallelism, MOST_MEMORY) &&
    memorySize * iterations <= MOST_WORK;
  if (!Object.hasOwn(ARGON2, kind) || !isPossible) return undefined;
  return { kind: kind as keyof typeof ARGON2, iterations, parallelism, memorySize };
}

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;

const parameter = ({ additionalParameters }: HashSettings, name: string): string | undefined =>
  additionalParameters?.[name]?.[0];

/** Compares in constant time. */
export async function isPasswordOf(user: UserRepresentation | undefined, password: string): Promise<boolean> {
  const credential = user?.credentials?.find(({ type }) => type === undefined || type === 'password');
  if (credential?.value !== undefined) return isSameSecret(credential.value, password);
  if (credential?.secretData !== undefined) return matchesHash(credential, password);
  isSameSecret('', password);
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

/** Compares secrets in a time that does not depend on them. */
export function isSameSecret(a: string, b: string): boolean {
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
