import { AuthError } from '../http/errors.ts';
import type { SigningKey } from '../jwt/key-finder.ts';
import type { Epoch } from '../revocation/epoch.ts';
import { startBackgroundTimer } from '../runtime/background-timer.ts';
import type { Issuer } from './issuer.ts';
import { createKeyLoader, type KeyOptions } from './key-loader.ts';
import { COOLDOWN_MS, createLoadTurns } from './load-turns.ts';
import { createNextLoad } from './next-load.ts';
import type { Outage } from './outage.ts';

/** Longest wait of a request for keys while Keycloak is known not to answer. Unit: milliseconds. */
const PATIENCE_MS = 1_000;

/**
 * Keeps the signing keys of a realm (RFC 7517).
 *
 * Keycloak's JWKS has neither max-age nor ETag, so the lifetime is chosen here. While Keycloak is down, the known keys stay
 * in use. A key that leaves the JWKS advances `epoch`, so that every cached token is judged again.
 *
 * @param hasTimer false: `refresh` is called from outside
 */
export function createKeySet(
  issuer: Issuer,
  options: KeyOptions,
  epoch: Epoch,
  outage: Outage,
  hasTimer = true,
) {
  const loader = createKeyLoader(issuer, options, epoch, outage);
  const turns = createLoadTurns(options.clock);
  const nextLoad = createNextLoad(turns, loader);
  let started: Promise<void> | undefined;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  async function find(kid: string, mayBeNew?: (since: number) => boolean): Promise<SigningKey | undefined> {
    if (isOverdue() && turns.take(kid)) await Promise.race([loader.load(true), patience()]);
    const known = loader.get(kid);
    if (known !== undefined) return known;
    const looking = lookAgain(kid, mayBeNew);
    // After a failed load this one may fail too, and a request should not wait for that.
    await (loader.lastError === null ? looking : Promise.race([looking, patience()]));
    const found = loader.get(kid);
    // The key may have been published while Keycloak is down: that is not the token's fault.
    if (found === undefined && loader.lastError !== null) throw toNotLoaded(loader.lastError);
    return found;
  }

  async function lookAgain(kid: string, mayBeNew?: (since: number) => boolean): Promise<void> {
    if (started === undefined && !isClosed) {
      turns.begin();
      return start();
    }
    // A load under way may have begun before the key was published, so another one may follow.
    await loader.pending;
    if (loader.get(kid) !== undefined) return;
    if (turns.take(kid)) return loader.load(loader.loadedAt === null);
    if (loader.pending !== undefined) return loader.pending;
    if (loader.lastError !== null || turns.hasMissed(kid) || options.clock() <= turns.lastAt) return;
    if (!mayBeNew?.(turns.lastAt)) return;
    // It may be the new key of a rotation, which a flood of made-up key ids must not hide.
    await nextLoad.wait();
    turns.addMissed(kid);
  }

  function isOverdue(): boolean {
    return !isClosed && loader.isOverdue;
  }

  function schedule(): void {
    clearTimeout(timer);
    timer = startBackgroundTimer(
      async () => {
        if (loader.freshForMs === 0) await loader.load(true);
        if (!isClosed) schedule();
      },
      Math.max(loader.freshForMs || COOLDOWN_MS, 1_000),
    );
  }

  /** Loads issuer and keys, and repeats it in the background; resolves after the first try. Never rejects. */
  function start(): Promise<void> {
    isClosed = false;
    started ??= loader.load(true).then(() => {
      if (!isClosed && hasTimer) schedule();
    });
    return started;
  }

  return {
    get loadedAt() {
      return loader.loadedAt;
    },
    get lastError() {
      return loader.lastError;
    },
    get fetches() {
      return loader.fetches;
    },
    get isOverdue() {
      return isOverdue();
    },
    get: loader.get,
    alias: loader.alias,
    find,
    start,
    /** Loads again in the background what is due, of keys that were loaded before. */
    refresh(): void {
      if (loader.loadedAt !== null && loader.freshForMs === 0) void loader.load(true);
    },
    /** Stops the work in the background; only `start` begins it again. */
    close(): void {
      isClosed = true;
      started = undefined;
      clearTimeout(timer);
      nextLoad.close();
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
