import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);
const PBKDF2: Record<string, string> = {
  pbkdf2: 'sha1',
  'pbkdf2-sha256': 'sha256',
  'pbkdf2-sha512': 'sha512',
};
const ARGON2 = { d: 'argon2d', i: 'argon2i', id: 'argon2id' } as const;

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

/** True where a password hashed like this can be checked: PBKDF2, and Argon2, which Keycloak 24 and later use. */
export function isKnownHash(credentialData: string): boolean {
  const settings = JSON.parse(credentialData) as HashSettings;
  return Object.hasOwn(PBKDF2, settings.algorithm ?? '') || argon2KindOf(settings) !== undefined;
}

/** The hash of a password, or `undefined` where the way of hashing is not known. */
export async function hashPassword(credentialData: string, input: Input): Promise<Buffer | undefined> {
  const settings = JSON.parse(credentialData) as HashSettings;
  const { algorithm = '', hashIterations: iterations = 1 } = settings;
  const { password, salt, length } = input;
  if (Object.hasOwn(PBKDF2, algorithm)) return derive(password, salt, iterations, length, PBKDF2[algorithm]!);
  const kind = argon2KindOf(settings);
  // The library has no hash for an empty password, which Keycloak lets nobody have.
  if (kind === undefined || password === '') return undefined;
  const number = (name: string, otherwise: number) => Number(parameter(settings, name) ?? otherwise);
  // Loaded when it is needed: WebAssembly, and most realm files have no such password.
  const argon2 = (await import('hash-wasm'))[ARGON2[kind]];
  const hash = await argon2({
    password,
    salt,
    iterations,
    parallelism: number('parallelism', 1),
    memorySize: number('memory', 7168),
    hashLength: length,
    outputType: 'binary',
  });
  return Buffer.from(hash);
}

function argon2KindOf(settings: HashSettings): keyof typeof ARGON2 | undefined {
  if (settings.algorithm !== 'argon2' || (parameter(settings, 'version') ?? '1.3') !== '1.3')
    return undefined;
  const kind = parameter(settings, 'type') ?? 'id';
  return Object.hasOwn(ARGON2, kind) ? (kind as keyof typeof ARGON2) : undefined;
}

const parameter = ({ additionalParameters }: HashSettings, name: string): string | undefined =>
  additionalParameters?.[name]?.[0];
