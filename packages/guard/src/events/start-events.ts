import { type ClientContext, contextOfVerifier } from '../client/internal.ts';
import type { Verifier } from '../core/index.ts';
import { createMemoryLeases, partsOf, type VerifierParts } from '../core/internal.ts';
import { createSharedCursor } from './cursor.ts';
import { createEventSource } from './event-source.ts';
import { createFeed, type Feed, type UserHandlers } from './feed.ts';
import { follow } from './follow.ts';
import { type EventsOptions, resolveEvents } from './options.ts';
import { toUserChange } from './to-revocations.ts';

/** Keycloak's events, followed. */
export interface KeycloakEvents {
  /**
   * Reports changes of users to the application: each at least once, those of one user in their order, in one of several processes.
   * It begins with changes after the first call ever, and continues where it stopped. Call it once.
   *
   * @throws {Error} the second time
   * @example
   * events.onUser({
   *   created: ({ subject }) => db.users.insert(subject),
   *   deleted: ({ subject }) => db.users.remove(subject),
   * });
   */
  onUser(handlers: UserHandlers): void;
  /**
   * Resolves when events are read for the first time. Until then, and for at most three seconds, new tokens wait. A process that
   * waits for it stays alive.
   */
  readonly ready: Promise<void>;
  status(): EventsStatus;
  /**
   * Ends following; tokens are then checked as without it. Closing the verifier does the same. It waits for functions of `onUser`
   * that are under way, for five seconds at most: a change that is not handled by then is delivered again at the next start.
   */
  close(): Promise<void>;
}

/** For metrics and health checks. */
export interface EventsStatus {
  /** Events are read. If not, Keycloak is asked about tokens as without them. */
  readonly isHealthy: boolean;
  /** Since they were last read. Unit: seconds. */
  readonly lagSeconds: number;
  /** Events that this process has read. */
  readonly events: number;
  /** How often this process asked Keycloak for them. */
  readonly calls: number;
  /** Changes that the application could not handle yet. */
  readonly waiting: number;
}

/** The longest time for which new tokens wait. Unit: milliseconds. */
const LONGEST_WAIT_MS = 3_000;
/** How often to look for changes without a sign of any. Unit: milliseconds. */
const FEED_MS = 30_000;

/**
 * Follows Keycloak's events of one realm: changes of users, sessions and tokens count within two seconds, so that
 * Keycloak is rarely asked about tokens. Each process reads them: with the defaults, two questions a second.
 *
 * Needs a credential, the service account of the client with the role `view-events` of `realm-management`, and a realm that
 * keeps events: `keycloak-guard setup events` does this.
 *
 * @throws {OptionsError} naming every option that is wrong or unknown
 * @example
 * const events = startEvents(verifier);
 * events.onUser({ deleted: ({ subject }) => removeOrders(subject) });
 */
export function startEvents(verifier: Verifier<object>, options: EventsOptions = {}): KeycloakEvents {
  const { pollMs, recheckSeconds, cursor } = resolveEvents(verifier, options);
  const {
    coverage,
    holdNewTokens,
    atClose,
    store: revocations,
    events: health,
  } = partsOf(verifier) as VerifierParts;
  const { clock, clockToleranceSeconds } = verifier.context.options;
  const source = createEventSource(contextOfVerifier(verifier) as ClientContext, clock);
  const topic = JSON.stringify([verifier.issuer.baseUrl, verifier.clientId]);
  const issuer = () => verifier.context.issuer();
  let feed: Feed | undefined;
  let shared: ReturnType<typeof createSharedCursor> | undefined;
  let events = 0;
  let fedAt = Number.NEGATIVE_INFINITY;

  const follower = follow({
    ...{ verifier, source, pollMs },
    onRead(since, until) {
      coverage.since = since + clockToleranceSeconds * 1000;
      coverage.until = until;
      coverage.askAfterMs = recheckSeconds * 1000;
    },
    onEvents(batch) {
      events += batch.length;
      const isOfUser = batch.some((event) => toUserChange(event, issuer()) !== undefined);
      if (
        feed === undefined ||
        !(isOfUser || feed.isBehind || feed.waiting > 0 || performance.now() - fedAt >= FEED_MS)
      )
        return;
      fedAt = performance.now();
      feed.wake();
    },
  });
  const patience = new AbortController();
  holdNewTokens(withinTime(follower.firstRead, patience.signal));

  async function close(): Promise<void> {
    atClose.delete(close);
    patience.abort();
    coverage.until = 0;
    await follower.close();
    // A handler may take long, and no other process begins with the same change meanwhile.
    await feed?.close();
    await shared?.close();
  }
  atClose.add(close);
  const status = () => ({
    ...{ isHealthy: follower.isHealthy, lagSeconds: follower.lagSeconds, events },
    ...{ calls: source.calls, waiting: feed?.waiting ?? 0 },
  });
  health.status = status;

  return {
    onUser(handlers) {
      if (feed !== undefined) throw new Error('events: onUser was called before');
      shared = createSharedCursor(revocations.leases ?? createMemoryLeases(), topic, cursor);
      feed = createFeed({ source, store: shared, handlers, issuer, onNotice: verifier.notify });
    },
    get ready() {
      return follower.whenReady();
    },
    status,
    close,
  };
}

/** Tokens wait for it, perhaps in a process that has nothing else open: the timer keeps that alive. */
function withinTime(ready: Promise<void>, isClosed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, LONGEST_WAIT_MS);
    isClosed.addEventListener('abort', end);
    void ready.then(end);
  });
}
