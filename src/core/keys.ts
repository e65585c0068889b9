import type { JsonWebKey } from 'node:crypto';
import type { Epoch } from './epoch.ts';
import { AuthError } from './errors.ts';
import { fetchJson } from './fetch-json.ts';
import type { Issuer } from './issuer.ts';
import type { ResolvedOptions } from './options.ts';
import { adviseOnRealm } from './realm-advice.ts';
import { importVerificationKey, type VerificationKey } from './signature.ts';

/** A public key of the realm that may sign access tokens. */
export interface SigningKey {
  readonly kid: string;
  /** The one algorithm this key may be used with (RFC 8725 §3.1). */
  readonly alg: string;
  readonly key: VerificationKey;
  /** Its public parameters, to tell when another key comes under the same id. */
  readonly parameters: string;
}

/** Finds signing keys by id. */
export interface KeyFinder {
  /** A key that is in memory. */
  get(kid: string): SigningKey | undefined;
  /**
   * Finds a key, and loads the JWKS anew where it is not there: at most once per 5 s, however many ask. The first
   * time, it does what `KeySet.start` does.
   *
   * @throws {AuthError} `provider_unavailable` or `provider_misconfigured` when the key is not known and the JWKS
   * could not be loaded the last time
   */
  find(kid: string): Promise<SigningKey | undefined>;
}

/** The signing keys of a realm, kept in memory. */
export interface KeySet extends KeyFinder {
  /** When the keys were last loaded; `null` before the first time. Unit: milliseconds since 1970. */
  readonly loadedAt: number | null;
  /** Why the last load failed; `null` when it did not. */
  readonly lastError: AuthError | null;
  /** How often the JWKS was asked for. */
  readonly fetches: number;
  /** Loads issuer and keys and goes on doing so in the background; resolves when the first try is over. Never rejects. */
  start(): Promise<void>;
  /** Ends what goes on in the background; only `start` begins it anew. */
  close(): void;
}

/** Between two loads that requests cause. Failures count: a flood of made-up key ids costs Keycloak nothing. */
const COOLDOWN_MS = 5_000;
const MAX_KEYS = 100;
/** Longest wait of a request for keys while Keycloak is known not to answer. */
const PATIENCE_MS = 1_000;

type KeyOptions = Pick<
  ResolvedOptions,
  'algorithms' | 'clock' | 'fetch' | 'keysMaxAgeSeconds' | 'onNotice' | 'timeoutMs'
>;

/**
 * Keeps the signing keys of a realm (RFC 7517).
 *
 * Keycloak's JWKS has neither max-age nor ETag, so the lifetime is chosen here. Old keys serve while Keycloak is
 * down. A key that leaves the JWKS moves `epoch` on, which makes every cached token be looked at again.
 */
export function createKeySet(issuer: Issuer, options: KeyOptions, epoch: Epoch): KeySet {
  let keys: ReadonlyMap<string, SigningKey> = new Map();
  let loadedAt: number | null = null;
  let loadedIssuer: string | undefined;
  let lastError: AuthError | null = null;
  let fetches = 0;
  let lastAskedAt = Number.NEGATIVE_INFINITY;
  let pending: Promise<void> | undefined;
  let started: Promise<void> | undefined;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  async function load(withDiscovery: boolean): Promise<void> {
    try {
      const discovery = await (withDiscovery ? issuer.refresh() : issuer.discover());
      fetches++;
      const answer = await fetchJson(issuer.endpoints.certs, { ...options, what: 'the JWKS' });
      const loaded = importKeys(answer, options, keys);
      if (loaded.size === 0) {
        throw new AuthError('provider_unavailable', `${issuer.endpoints.certs} holds no usable signing key`);
      }
      const hasLeft = [...keys].some(([kid, key]) => loaded.get(kid) !== key);
      const hasMoved = loadedIssuer !== undefined && loadedIssuer !== discovery.issuer;
      if (loadedAt === null || lastError !== null) {
        options.onNotice({
          level: 'info',
          code: 'keys_loaded',
          message: `signing keys loaded: ${loaded.size}`,
        });
      }
      keys = loaded;
      loadedIssuer = discovery.issuer;
      if (hasLeft || hasMoved) epoch.advance();
      loadedAt = options.clock();
      lastError = null;
    } catch (error) {
      // Nothing else is thrown: what is read is checked by hand.
      const failure = error as AuthError;
      if (lastError?.reason !== failure.reason) {
        const fix = adviseOnRealm(failure);
        options.onNotice({ level: 'error', code: 'keys_unavailable', message: failure.reason, fix });
      }
      lastError = failure;
    }
  }

  /** Single flight: whoever comes while a load is under way waits for it. */
  function refresh(withDiscovery: boolean): Promise<void> {
    pending ??= load(withDiscovery).finally(() => {
      pending = undefined;
    });
    return pending;
  }

  function mayAsk(): boolean {
    const now = options.clock();
    const sinceAsked = now - lastAskedAt;
    if (sinceAsked >= 0 && sinceAsked < COOLDOWN_MS) return false;
    lastAskedAt = now;
    return true;
  }

  async function find(kid: string): Promise<SigningKey | undefined> {
    const known = keys.get(kid);
    if (known !== undefined) return known;
    const looking = lookAgain(kid);
    // The last try failed: this one may, and a request should not wait until it has.
    await (lastError === null ? looking : Promise.race([looking, patience()]));
    const found = keys.get(kid);
    // It may be a key that was published while Keycloak cannot be asked: that is no fault of the token.
    if (found === undefined && lastError !== null) throw toNotLoaded(lastError);
    return found;
  }

  async function lookAgain(kid: string): Promise<void> {
    if (started === undefined && !isClosed) {
      lastAskedAt = options.clock();
      return start();
    }
    // What is under way may have begun before the key was published: its answer need not be the last word.
    if (pending !== undefined) await pending;
    if (!keys.has(kid) && mayAsk()) await refresh(loadedAt === null);
    else if (!keys.has(kid) && pending !== undefined) await pending;
  }

  /** How long the keys can stay as they are; 0 while there are none, or Keycloak is down. */
  function freshForMs(): number {
    if (loadedAt === null || lastError !== null) return 0;
    const age = options.clock() - loadedAt;
    // Less than none means that the clock was set back: nobody knows how old they are.
    return age < 0 ? 0 : Math.max(0, options.keysMaxAgeSeconds * 1000 - age);
  }

  function schedule(): void {
    clearTimeout(timer);
    timer = setTimeout(
      async () => {
        if (freshForMs() === 0) await refresh(true);
        if (!isClosed) schedule();
      },
      Math.max(freshForMs() || COOLDOWN_MS, 1_000),
    ).unref();
  }

  function start(): Promise<void> {
    isClosed = false;
    started ??= refresh(true).then(() => {
      if (!isClosed) schedule();
    });
    return started;
  }

  return {
    get loadedAt() {
      return loadedAt;
    },
    get lastError() {
      return lastError;
    },
    get fetches() {
      return fetches;
    },
    get: (kid) => keys.get(kid),
    find,
    start,
    close() {
      isClosed = true;
      started = undefined;
      clearTimeout(timer);
    },
  };
}

function toNotLoaded({ code, reason }: AuthError): AuthError {
  return new AuthError(
    code === 'provider_misconfigured' ? 'provider_misconfigured' : 'provider_unavailable',
    `No signing keys can be loaded: ${reason}`,
  );
}

function patience(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref());
}

/** A key that is known already stays the same object. */
function importKeys(
  jwks: Record<string, unknown>,
  options: KeyOptions,
  known: ReadonlyMap<string, SigningKey>,
): Map<string, SigningKey> {
  const keys = new Map<string, SigningKey>();
  const list = Array.isArray(jwks.keys) ? jwks.keys.slice(0, MAX_KEYS) : [];
  for (const jwk of list as unknown[]) {
    if (!isSigningJwk(jwk, options.algorithms)) continue;
    try {
      // Only the public parameters: `x5c`, `x5u` and the rest have no say.
      const { kty, n, e, crv, x, y, alg } = jwk;
      const parameters = JSON.stringify([kty, n, e, crv, x, y, alg]);
      const before = known.get(jwk.kid);
      if (before?.parameters === parameters) {
        keys.set(jwk.kid, before);
        continue;
      }
      const key = importVerificationKey({ kty, n, e, crv, x, y } as JsonWebKey, alg);
      keys.set(jwk.kid, { kid: jwk.kid, alg, key, parameters });
    } catch {
      options.onNotice({ level: 'warn', code: 'key_ignored', message: `a key for ${jwk.alg} is not usable` });
    }
  }
  return keys;
}

/** Keycloak publishes its encryption key in the same list, in most realms first. */
function isSigningJwk(
  jwk: unknown,
  algorithms: ReadonlySet<string>,
): jwk is JsonWebKey & { kid: string; alg: string } {
  if (typeof jwk !== 'object' || jwk === null) return false;
  const { kid, alg, use } = jwk as Record<string, unknown>;
  return use === 'sig' && typeof kid === 'string' && typeof alg === 'string' && algorithms.has(alg);
}
