import { AuthError } from '../http/errors.ts';
import { importVerificationKey, type JsonWebKey } from '../jwt/signature.ts';
import type { SigningKey } from '../jwt/signed-jwt.ts';
import type { Epoch } from '../revocation/revocation-list.ts';
import type { Notice } from '../runtime/notice.ts';
import { keepAlive } from '../runtime/platform.ts';
import { fetchJson } from './fetch-json.ts';
import type { Issuer } from './issuer.ts';
import { adviseOnRealm, type Outage } from './outage.ts';

const MAX_KEYS = 100;
/** How often the keys are fetched again, in the background. Unit: milliseconds. */
const MAX_AGE_MS = 60_000;

/**
 * The signing keys of a JWKS (RFC 7517 §5), by id. A key that is known already stays the same object.
 *
 * @returns `unusable`: by their parameters, the algorithms of keys that are too weak or not what their algorithm needs
 */
function readJwks(
  jwks: Record<string, unknown>,
  algorithms: ReadonlySet<string>,
  known: ReadonlyMap<string, SigningKey>,
): { keys: Map<string, SigningKey>; unusable: Map<string, string> } {
  const keys = new Map<string, SigningKey>();
  const unusable = new Map<string, string>();
  const list = Array.isArray(jwks.keys) ? jwks.keys.slice(0, MAX_KEYS) : [];
  for (const jwk of list as unknown[]) {
    if (!isSigningJwk(jwk, algorithms)) continue;
    // Only the public parameters: `x5c`, `x5u` and the rest have no say.
    const { kty, n, e, crv, x, y, alg } = jwk;
    const parameters = JSON.stringify([kty, n, e, crv, x, y, alg]);
    const before = known.get(jwk.kid);
    if (before?.parameters === parameters) {
      keys.set(jwk.kid, before);
      continue;
    }
    try {
      const key = importVerificationKey({ kty, n, e, crv, x, y } as JsonWebKey, alg);
      keys.set(jwk.kid, { kid: jwk.kid, alg, key, parameters });
    } catch {
      unusable.set(parameters, alg);
    }
  }
  return { keys, unusable };
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

/** The keys that are in memory, and how they get there. */
export type KeyLoader = ReturnType<typeof createKeyLoader>;

/** Without getters: an object that has some costs each of a thousand tenants half a kilobyte. */
export interface KeyState {
  /** When the keys were last loaded; `null` before the first time. Unit: milliseconds since 1970. */
  loadedAt: number | null;
  /** Why the last load failed; `null` if it did not. */
  lastError: AuthError | null;
  /** How often the JWKS was requested. */
  fetches: number;
  /** The load under way. */
  pending: Promise<void> | undefined;
}

export interface KeyOptions {
  readonly algorithms: ReadonlySet<string>;
  readonly clock: () => number;
  readonly fetch: typeof fetch;
  readonly onNotice: (notice: Notice) => void;
  readonly timeoutMs: number;
}

export function createKeyLoader(issuer: Issuer, options: KeyOptions, epoch: Epoch, outage: Outage) {
  const { clock, onNotice } = options;
  let keys: ReadonlyMap<string, SigningKey> = new Map();
  let ignored: ReadonlyMap<string, string> = new Map();
  let loadedIssuer: string | undefined;
  let lastLoadAt = Number.NEGATIVE_INFINITY;
  const state: KeyState = { loadedAt: null, lastError: null, fetches: 0, pending: undefined };

  async function load(withDiscovery: boolean): Promise<void> {
    lastLoadAt = clock();
    try {
      const discovery = await (withDiscovery ? issuer.refresh() : issuer.discover());
      state.fetches++;
      const answer = await fetchJson(issuer.endpoints.certs, { ...options, what: 'the JWKS' });
      const { keys: loaded, unusable } = readJwks(answer, options.algorithms, keys);
      reportIgnored(unusable);
      if (loaded.size === 0) {
        throw new AuthError('provider_unavailable', `${issuer.endpoints.certs} holds no usable signing key`);
      }
      accept(loaded, discovery.issuer);
    } catch (error) {
      // All that is thrown here is an AuthError: the answer is checked by hand.
      fail(error as AuthError);
    }
  }

  function accept(loaded: ReadonlyMap<string, SigningKey>, loadedFrom: string): void {
    const hasLeft = [...keys].some(([kid, key]) => loaded.get(kid) !== key);
    const hasMoved = loadedIssuer !== undefined && loadedIssuer !== loadedFrom;
    const isOver = outage.answered('keys') || state.lastError?.code === 'provider_misconfigured';
    if (state.loadedAt === null || isOver) {
      onNotice({ level: 'info', code: 'keys_loaded', message: `signing keys loaded: ${loaded.size}` });
    }
    if (hasMoved) reportChange(`with the issuer ${loadedIssuer}: it is ${loadedFrom} now`);
    const staying = new Set(loaded.values());
    const gone = [...keys].filter(([, key]) => !staying.has(key)).map(([kid]) => kid.slice(0, 64));
    if (gone.length > 0) reportChange(`by keys that left the realm: ${gone.slice(0, 3).join(', ')}`);
    keys = loaded;
    loadedIssuer = loadedFrom;
    if (hasLeft || hasMoved) epoch.advance();
    state.loadedAt = clock();
    state.lastError = null;
  }

  function reportChange(which: string): void {
    onNotice({
      level: 'warn',
      code: 'realm_changed',
      message: `tokens are refused that were issued ${which}`,
    });
  }

  function fail(failure: AuthError): void {
    const isNewCause = state.lastError?.reason !== failure.reason;
    state.lastError = failure;
    if (failure.code === 'provider_unavailable') outage.failed('keys', failure, isNewCause);
    else if (isNewCause) {
      const fix = adviseOnRealm(failure);
      onNotice({ level: 'error', code: 'keys_misconfigured', message: failure.reason, fix });
    }
  }

  /** Once for each key, while it stays. */
  function reportIgnored(unusable: ReadonlyMap<string, string>): void {
    for (const [key, alg] of unusable) {
      if (!ignored.has(key))
        onNotice({ level: 'warn', code: 'key_ignored', message: `a key for ${alg} is not usable` });
    }
    ignored = unusable;
  }

  return {
    /** A key that is in memory. */
    get: (kid: string): SigningKey | undefined => keys.get(kid),
    /** See `KeyFinder`. */
    alias(kid: string, of: string): void {
      const key = keys.get(of);
      if (key !== undefined) keys = new Map(keys).set(kid, key);
    },
    state: state as Readonly<KeyState>,
    /** How long the keys can stay; 0 if there are none, or Keycloak is down. Unit: milliseconds. */
    freshForMs(): number {
      if (state.loadedAt === null || state.lastError !== null) return 0;
      const age = clock() - state.loadedAt;
      // Negative: the clock was set back, so their age is unknown.
      return age < 0 ? 0 : Math.max(0, MAX_AGE_MS - age);
    },
    /** Twice the lifetime passed without a load: timers ended with the request that started them, or the machine slept. */
    isOverdue: (): boolean => state.loadedAt !== null && clock() - lastLoadAt > 2 * MAX_AGE_MS,
    /** Loads the keys. Calls during a load wait for that one. Never rejects. */
    load(withDiscovery: boolean): Promise<void> {
      state.pending ??= keepAlive(
        load(withDiscovery).finally(() => {
          state.pending = undefined;
        }),
      );
      return state.pending;
    },
  };
}
