import { AuthError } from '../http/errors.ts';
import type { SigningKey } from '../jwt/signed-jwt.ts';
import type { Epoch } from '../revocation/revocation-list.ts';
import { startBackgroundTimer } from '../runtime/platform.ts';
import type { Issuer } from './issuer.ts';
import { createKeyLoader, type KeyLoader, type KeyOptions } from './key-loader.ts';
import type { Outage } from './outage.ts';

/** Unit: milliseconds. */
const COOLDOWN_MS = 5_000;

/**
 * Decides when requests may cause a load of the keys: once per {@link COOLDOWN_MS}. Failed loads count too, so a flood of
 * made-up key ids costs Keycloak nothing.
 */
export type LoadTurns = ReturnType<typeof createLoadTurns>;

function createLoadTurns(clock: () => number) {
  let lastAt = Number.NEGATIVE_INFINITY;
  let missed = new Set<string>();

  function begin(...kids: string[]): void {
    lastAt = clock();
    missed = new Set(kids);
  }

  return {
    /** When the last turn began. Unit: milliseconds since 1970. */
    lastAt: (): number => lastAt,
    /** Time until the next turn. Unit: milliseconds. */
    restMs: (): number => COOLDOWN_MS - (clock() - lastAt),
    /** Begins a turn for this key id. @returns false if it is too early */
    take(kid: string): boolean {
      const age = clock() - lastAt;
      if (age >= 0 && age < COOLDOWN_MS) return false;
      begin(kid);
      return true;
    },
    /** Begins a turn at once, for no key id. */
    begin: (): void => begin(),
    /** Whether the last turn looked for this key id and did not find it. */
    hasMissed: (kid: string): boolean => missed.has(kid),
    /** The last turn did not find this key id either. */
    addMissed: (kid: string): void => void missed.add(kid),
  };
}

/** Most requests that wait for the next load: a flood of made-up key ids holds no more. */
const MAX_WAITING = 1_000;

/** The next load of the keys that requests may cause: one for all who wait. */
function createNextLoad(turns: LoadTurns, loader: KeyLoader) {
  let next: Promise<void> | undefined;
  let waiting = 0;
  let refuse: (() => void) | undefined;

  function pause(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, turns.restMs());
      refuse = () => {
        clearTimeout(timer);
        reject(new AuthError('provider_unavailable', 'Closed while requests waited for signing keys'));
      };
    });
  }

  async function load(): Promise<void> {
    const before = turns.lastAt();
    await pause().finally(() => {
      next = undefined;
      refuse = undefined;
    });
    // Another request may have taken the turn.
    if (turns.lastAt() !== before) return loader.state.pending;
    turns.begin();
    return loader.load(false);
  }

  return {
    /** @throws {AuthError} `provider_unavailable` if too many wait already, or the keys are closed */
    async wait(): Promise<void> {
      if (waiting >= MAX_WAITING)
        throw new AuthError('provider_unavailable', 'Too many requests wait for signing keys');
      waiting++;
      try {
        next ??= load();
        await next;
      } finally {
        waiting--;
      }
    },
    /** Refuses all who wait. */
    close: (): void => refuse?.(),
  };
}

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
  const { state } = loader;
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
    await (state.lastError === null ? looking : Promise.race([looking, patience()]));
    const key = loader.get(kid);
    // The key may have been published while Keycloak is down: that is not the token's fault.
    if (key === undefined && state.lastError !== null) throw toNotLoaded(state.lastError);
    return key;
  }

  async function lookAgain(kid: string, mayBeNew?: (since: number) => boolean): Promise<void> {
    if (started === undefined && !isClosed) {
      turns.begin();
      return start();
    }
    // A load under way may have begun before the key was published, so another one may follow.
    await state.pending;
    if (loader.get(kid) !== undefined) return;
    if (turns.take(kid)) return loader.load(state.loadedAt === null);
    if (state.pending !== undefined) return state.pending;
    if (state.lastError !== null || turns.hasMissed(kid) || options.clock() <= turns.lastAt()) return;
    if (!mayBeNew?.(turns.lastAt())) return;
    // It may be the new key of a rotation, which a flood of made-up key ids must not hide.
    await nextLoad.wait();
    turns.addMissed(kid);
  }

  function isOverdue(): boolean {
    return !isClosed && loader.isOverdue();
  }

  function schedule(): void {
    clearTimeout(timer);
    timer = startBackgroundTimer(
      async () => {
        if (loader.freshForMs() === 0) await loader.load(true);
        if (!isClosed) schedule();
      },
      Math.max(loader.freshForMs() || COOLDOWN_MS, 1_000),
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
    state,
    isOverdue,
    get: loader.get,
    alias: loader.alias,
    find,
    start,
    /** Loads again in the background what is due, of keys that were loaded before. */
    refresh(): void {
      if (state.loadedAt !== null && loader.freshForMs() === 0) void loader.load(true);
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

const toNotLoaded = ({ code, reason, seen }: AuthError): AuthError =>
  new AuthError(code, `No signing keys can be loaded: ${reason}`, { seen });

function patience(): Promise<void> {
  return new Promise((resolve) => startBackgroundTimer(resolve, PATIENCE_MS));
}
