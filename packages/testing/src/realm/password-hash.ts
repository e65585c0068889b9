import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);
const PBKDF2: Record<string, string> = {
  pbkdf2: 'sha1',
  'pbkdf2-sha256': 'sha256',
  'pbkdf2-sha512': 'sha512',
};
const ARGON2 = { d: 'argon2d', i: 'argon2i', id: 'argon2id' } as const;
/** Keycloak takes 600,000 and fewer, of SHA-1 1,300,000. Ten million are some seconds, which nothing can cut short. */
const MOST_ROUNDS = 10_000_000;
/** Unit: KiB. Keycloak takes 7,168; each login that is under way takes as much. */
const MOST_MEMORY = 256 * 1024;
/** Memory, as often as it is gone through: a second or two, in which this process answers nobody. Keycloak: 35,840. */
const MOST_WORK = 1024 * 1024;
const MOST_ITERATIONS = 100;
const MOST_LANES = 64;

/** What Keycloak writes into `credentialData`; numbers among the parameters are texts in a list. */
interface HashSettings {
  readonly algorithm?: string;
  readonly hashIterations?: number;
  readonly additionalParameters?: Readonly<Record<string, readonly string[]>>;
}

interface Input {
  readonly password: string;
  readonly salt: Uint8Array;
  /** Of the hash. Unit: bytes. */
  readonly length: number;
}

/**
 * True where a password hashed like this can be checked: PBKDF2, and Argon2, which Keycloak 24 and later use, with no
 * more memory than a login may take here.
 */
export function isKnownHash(credentialData: string): boolean {
  const settings = readSettings(credentialData);
  return pbkdf2Of(settings) !== undefined || argon2Of(settings) !== undefined;
}

/** The hash of a password, or `undefined` where the way of hashing is not known. */
export async function hashPassword(credentialData: string, input: Input): Promise<Buffer | undefined> {
  const settings = readSettings(credentialData);
  const { password, salt, length } = input;
  const rounds = pbkdf2Of(settings);
  if (rounds !== undefined) return derive(password, salt, rounds.iterations, length, rounds.digest);
  const found = argon2Of(settings);
  // The library has no hash for an empty password, which Keycloak lets nobody have.
  if (found === undefined || password === '') return undefined;
  const { kind, ...cost } = found;
  // Loaded when it is needed: WebAssembly, and most realm files have no such password.
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

/** A file that people edit may hold anything. */
function readSettings(credentialData: string): HashSettings {
  try {
    return (JSON.parse(credentialData) as HashSettings | null) ?? {};
  } catch {
    return {};
  }
}

/** How a password is hashed with PBKDF2, or `undefined` where that is not to be done here. */
function pbkdf2Of({ algorithm = '', hashIterations: iterations = 1 }: HashSettings) {
  const isPossible = Object.hasOwn(PBKDF2, algorithm) && isWithin(iterations, 1, MOST_ROUNDS);
  return isPossible ? { iterations, digest: PBKDF2[algorithm] as string } : undefined;
}

/** How a password is hashed with Argon2, or `undefined` where that is not Argon2 1.3, or not to be done here. */
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
