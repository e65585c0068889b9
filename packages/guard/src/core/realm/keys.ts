import { AuthError } from '../http/errors.ts';
import type { ResolvedOptions } from '../options.ts';
import type { Epoch } from '../revocation/epoch.ts';
import { startBackgroundTimer } from '../runtime/background-timer.ts';
import { keepAlive } from '../runtime/keep-alive.ts';
import { fetchJson } from './fetch-json.ts';
import type { Issuer } from './issuer.ts';
import { readJwks, type SigningKey } from './jwks.ts';
import type { Outage } from './outage.ts';
import { adviseOnRealm } from './realm-advice.ts';

/** Finds signing keys by id. */
export interface KeyFinder {
  /** A key that is in memory. */
  get(kid: string): SigningKey | undefined;
  /** Finds a key that is in memory by another id too, until the keys are loaded again: one that was proved to be its name. */
  alias(kid: string, of: string): void;
  /** It is time to load the keys again, and nothing has: `find` does, before it answers. */
  readonly isOverdue: boolean;
  /**
   * Finds a key, and loads the JWKS anew where it is not there: at most once per 5 s, however many ask. The first
   * time, it does what `KeySet.start` does.
   *
   * @param mayBeNew whether the key may have been published after a time (milliseconds since 1970). Where it may, and
   * the JWKS was asked for before that, the next load is waited for: up to 5 s. Default: it may not
   * @throws {AuthError} `provider_unavailable` or `provider_misconfigured` when the key is not known and the JWKS
   * could not be loaded the last time; `provider_unavailable` where too many wait already
   */
  find(kid: string, mayBeNew?: (since: number) => boolean): Promise<SigningKey | undefined>;
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
  /** Stops the work in the background; only `start` begins it again. */
  close(): void;
}

/** Between two loads that requests cause. Failures count: a flood of made-up key ids costs Keycloak nothing. */
const COOLDOWN_MS = 5_000;
/** Most requests that wait for the next load: so many a flood of made-up key ids can hold. */
const MAX_WAITING = 1_000;
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
export function createKeySet(issuer: Issuer, options: KeyOptions, epoch: Epoch, outage: Outage): KeySet {
  let keys: ReadonlyMap<string, SigningKey> = new Map();
  let loadedAt: number | null = null;
  let loadedIssuer: string | undefined;
  let lastError: AuthError | null = null;
  let fetches = 0;
  let lastAskedAt = Number.NEGATIVE_INFINITY;
  let lastLoadAt = Number.NEGATIVE_INFINITY;
  let pending: Promise<void> | undefined;
  let nextLoad: Promise<void> | undefined;
  let waiting = 0;
  // Key ids that the last load was made for, and did not find.
  let missed = new Set<string>();
  let ignored: ReadonlyMap<string, string> = new Map();
  let started: Promise<void> | undefined;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let endWait: (() => void) | undefined;

  async function load(withDiscovery: boolean): Promise<void> {
    lastLoadAt = options.clock();
    try {
      const discovery = await (withDiscovery ? issuer.refresh() : issuer.discover());
      fetches++;
      const answer = await fetchJson(issuer.endpoints.certs, { ...options, what: 'the JWKS' });
      const { keys: loaded, unusable } = readJwks(answer, options.algorithms, keys);
      tellIgnored(unusable);
      if (loaded.size === 0) {
        throw new AuthError('provider_unavailable', `${issuer.endpoints.certs} holds no usable signing key`);
      }
      const hasLeft = [...keys].some(([kid, key]) => loaded.get(kid) !== key);
      const hasMoved = loadedIssuer !== undefined && loadedIssuer !== discovery.issuer;
      const isOver = outage.answered('keys') || lastError?.code === 'provider_misconfigured';
      if (loadedAt === null || isOver) {
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
      const isNewCause = lastError?.reason !== failure.reason;
      lastError = failure;
      outage.remember(failure);
      if (failure.code === 'provider_unavailable') outage.failed('keys', failure, isNewCause);
      else if (isNewCause) {
        const fix = adviseOnRealm(failure);
        options.onNotice({ level: 'error', code: 'keys_unavailable', message: failure.reason, fix });
      }
    }
  }

  /** Single flight: whoever comes while a load is under way waits for it. */
  function refresh(withDiscovery: boolean): Promise<void> {
    pending ??= keepAlive(
      load(withDiscovery).finally(() => {
        pending = undefined;
      }),
    );
    return pending;
  }

  function mayAsk(): boolean {
    const now = options.clock();
    const sinceAsked = now - lastAskedAt;
    if (sinceAsked >= 0 && sinceAsked < COOLDOWN_MS) return false;
    lastAskedAt = now;
    return true;
  }

  async function find(
    kid: string,
    mayBeNew: (since: number) => boolean = () => false,
  ): Promise<SigningKey | undefined> {
    if (isOverdue() && mayAsk()) {
      missed = new Set([kid]);
      await Promise.race([refresh(true), patience()]);
    }
    const known = keys.get(kid);
    if (known !== undefined) return known;
    const looking = lookAgain(kid, mayBeNew);
    // The last try failed: this one may, and a request should not wait until it has.
    await (lastError === null ? looking : Promise.race([looking, patience()]));
    const found = keys.get(kid);
    // It may be a key that was published while Keycloak cannot be asked: that is no fault of the token.
    if (found === undefined && lastError !== null) throw toNotLoaded(lastError);
    return found;
  }

  async function lookAgain(kid: string, mayBeNew: (since: number) => boolean): Promise<void> {
    if (started === undefined && !isClosed) {
      lastAskedAt = options.clock();
      return start();
    }
    // What is under way may have begun before the key was published: its answer need not be the last word.
    if (pending !== undefined) await pending;
    if (keys.has(kid)) return;
    if (mayAsk()) {
      missed = new Set([kid]);
      await refresh(loadedAt === null);
    } else if (pending !== undefined) {
      await pending;
    } else if (lastError === null && !missed.has(kid) && options.clock() > lastAskedAt) {
      if (mayBeNew(lastAskedAt)) await waitForNextLoad(kid);
    }
  }

  /**
   * It may be the new key of a rotation, which made-up key ids must not hide: no token is refused before the keys were
   * loaded again.
   */
  async function waitForNextLoad(kid: string): Promise<void> {
    if (waiting >= MAX_WAITING)
      throw new AuthError('provider_unavailable', 'Too many requests wait for signing keys');
    waiting++;
    try {
      nextLoad ??= loadLater();
      await nextLoad;
      missed.add(kid);
    } finally {
      waiting--;
    }
  }

  /** One load for all who wait, when its time has come. */
  async function loadLater(): Promise<void> {
    const before = lastAskedAt;
    const restMs = COOLDOWN_MS - (options.clock() - before);
    await new Promise<void>((resolve, reject) => {
      const wait = setTimeout(resolve, restMs);
      endWait = () => {
        clearTimeout(wait);
        reject(new AuthError('provider_unavailable', 'Closed while signing keys were waited for'));
      };
    }).finally(() => {
      nextLoad = undefined;
      endWait = undefined;
    });
    // Somebody else may have come first.
    if (lastAskedAt === before) {
      lastAskedAt = options.clock();
      missed = new Set();
      await refresh(loadedAt === null);
    } else await pending;
  }

  /** Once for each key, while it stays. */
  function tellIgnored(unusable: ReadonlyMap<string, string>): void {
    for (const [key, alg] of unusable) {
      if (ignored.has(key)) continue;
      options.onNotice({ level: 'warn', code: 'key_ignored', message: `a key for ${alg} is not usable` });
    }
    ignored = unusable;
  }

  /** How long the keys can stay as they are; 0 while there are none, or Keycloak is down. */
  function freshForMs(): number {
    if (loadedAt === null || lastError !== null) return 0;
    const age = options.clock() - loadedAt;
    // Negative: the clock was set back: nobody knows how old they are.
    return age < 0 ? 0 : Math.max(0, options.keysMaxAgeSeconds * 1000 - age);
  }

  /** Where timers end with the request that started them, or the machine slept. */
  function isOverdue(): boolean {
    return (
      loadedAt !== null && !isClosed && options.clock() - lastLoadAt > 2 * options.keysMaxAgeSeconds * 1000
    );
  }

  function schedule(): void {
    clearTimeout(timer);
    timer = startBackgroundTimer(
      async () => {
        if (freshForMs() === 0) await refresh(true);
        if (!isClosed) schedule();
      },
      Math.max(freshForMs() || COOLDOWN_MS, 1_000),
    );
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
    alias(kid, of) {
      const key = keys.get(of);
      if (key !== undefined) keys = new Map(keys).set(kid, key);
    },
    find,
    get isOverdue() {
      return isOverdue();
    },
    start,
    close() {
      isClosed = true;
      started = undefined;
      clearTimeout(timer);
      endWait?.();
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
  return new Promise((resolve) => startBackgroundTimer(resolve, PATIENCE_MS));
}
