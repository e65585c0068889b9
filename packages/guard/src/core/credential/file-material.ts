import { AuthError } from '../http/errors.ts';
import { readCompactJws } from '../jwt/compact-jws.ts';
import { createSingleFlight } from '../runtime/concurrency.ts';
import type { CredentialContext } from './credential.ts';

/** Where a credential comes from: the secret, the key, or the token. */
export interface Material<M> {
  /**
   * All that can be tried, the best first.
   *
   * @throws {AuthError} `provider_unavailable` if there is nothing that can be used
   */
  candidates(): Promise<readonly M[]>;
  /** Keycloak has taken one, or refused one. */
  accepted(one: M): void;
  refused(one: M): void;
  /** All that is in memory. */
  readonly loaded: readonly M[];
}

interface FileOptions<M> {
  /** For messages, for example `token file`. */
  readonly what: string;
  readonly path: string;
  /** @throws {Error} if the content cannot be used; the message must not repeat it */
  readonly parse: (text: string) => readonly M[];
  /** Until when it can be used. Unit: milliseconds since 1970. Default: always. */
  readonly goodUntil?: ((one: M) => number) | undefined;
}

/** How long the older of two is tried first after Keycloak has refused the newer. Unit: milliseconds. */
const OLDER_FIRST_MS = 10_000;
/** A file that is being written is no trouble. Unit: milliseconds. */
const WRITING_MS = 1_000;
/** Longer content is none of a credential. Unit: characters. */
const LONGEST = 256 * 1024;

/**
 * The content of a file. It is read at each call: writers replace it whenever they like. The content before stays in use while the
 * new one is missing, half written, expired or not known to Keycloak yet, as long as it is good itself.
 */
export function fileMaterial<M>(
  options: FileOptions<M>,
  context: Pick<CredentialContext, 'clock' | 'onNotice'>,
): Material<M> {
  const { what, path, parse, goodUntil = () => Number.POSITIVE_INFINITY } = options;
  let text: string | undefined;
  let newest: readonly M[] = [];
  let older: readonly M[] = [];
  let olderFirstUntil = Number.NEGATIVE_INFINITY;
  const once = createSingleFlight<string | undefined>();
  let reported: 'credential_missing' | 'credential_old' | undefined;
  let troubledSince: number | undefined;

  const isGood = (one: M) => goodUntil(one) > context.clock();

  /** @returns why the file cannot be used; `undefined` if it can */
  async function read(): Promise<string | undefined> {
    try {
      const content = await readText(path);
      if (content !== text || newest.length === 0) {
        const parsed = parse(content);
        if (!parsed.some(isGood)) return 'what is in it has expired';
        if (newest.length > 0) older = newest;
        newest = parsed;
        text = content;
        olderFirstUntil = Number.NEGATIVE_INFINITY;
      }
      return newest.some(isGood) ? undefined : 'what is in it has expired';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    }
  }

  function report(trouble: string | undefined, isLost: boolean): void {
    troubledSince = trouble === undefined ? undefined : (troubledSince ?? performance.now());
    const isLasting = troubledSince !== undefined && performance.now() - troubledSince >= WRITING_MS;
    const now = isLost ? 'credential_missing' : isLasting ? 'credential_old' : undefined;
    if (now === reported || (now === undefined && trouble !== undefined)) return;
    reported = now;
    const subject = `The ${what} ${path}`;
    if (now === undefined) {
      context.onNotice({ level: 'info', code: 'credential_back', message: `${subject} can be used again` });
      return;
    }
    const rest = isLost
      ? 'and there is no older one that is still good: calls to Keycloak are refused'
      : 'the one before is used until it expires';
    context.onNotice({
      level: isLost ? 'error' : 'warn',
      code: now,
      message: `${subject} cannot be used (${trouble}), ${rest}`,
      fix: `Look at who writes ${path}, and whether this process may read it`,
    });
  }

  return {
    async candidates() {
      const trouble = await once(path, read);
      const isOlderFirst = performance.now() < olderFirstUntil;
      const good = (isOlderFirst ? [...older, ...newest] : [...newest, ...older]).filter(isGood);
      report(trouble, good.length === 0);
      if (good.length > 0) return good;
      throw new AuthError('provider_unavailable', `The ${what} ${path} cannot be used: ${trouble}`);
    },
    accepted(one) {
      if (older.includes(one)) olderFirstUntil = performance.now() + OLDER_FIRST_MS;
    },
    refused(one) {
      older = older.filter((other) => other !== one);
    },
    get loaded() {
      return [...newest, ...older];
    },
  };
}

/** Loaded when it is needed: some runtimes have no files. */
async function readText(path: string): Promise<string> {
  const { readFile, stat } = process.getBuiltinModule('node:fs/promises');
  // To open a pipe waits for somebody who writes into it.
  if (!(await stat(path)).isFile()) throw new Error('it is not a file');
  const text = await readFile(path, 'utf8');
  if (text.length > LONGEST) throw new Error('it is too long');
  return text;
}

/** A token that somebody else signed for this application. */
interface FileToken {
  readonly token: string;
  /** Unit: milliseconds since 1970. */
  readonly expiresAt: number;
}

/** It has to be good when it arrives. Unit: milliseconds. */
const ON_THE_WAY_MS = 1_000;

/** How the file of a Kubernetes service account, or of SPIFFE, is read. */
export const readTokenFile = {
  /** @throws {Error} for what is not a signed token, as one that is half written; without its content */
  parse(text: string): FileToken[] {
    const token = text.trim();
    const { exp } = readClaims(token);
    return [{ token, expiresAt: typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY }];
  },
  goodUntil: ({ expiresAt }: FileToken): number => expiresAt - ON_THE_WAY_MS,
};

function readClaims(token: string): Readonly<Record<string, unknown>> {
  try {
    const { payload, signature } = readCompactJws(token);
    if (signature.length > 0) return payload();
  } catch {
    // Its message would be about a token that was sent here.
  }
  throw new Error('it is not a signed token');
}

/** The content of a file with a secret. @throws {Error} for what is none, without its content */
export function readSecret(text: string): string[] {
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new Error('it is empty');
  if (secret.trim() !== secret || /[\r\n]/.test(secret)) throw new Error('it is more than a secret');
  return [secret];
}
