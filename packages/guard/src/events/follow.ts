import { AuthError, isAuthError, type Notice, type Revocation, type Verifier } from '../core/index.ts';
import { partsOf, startBackgroundTimer, type VerifierParts } from '../core/internal.ts';
import type { EventSource, KeycloakEvent } from './event-source.ts';
import { type Cursors, cursorsAt, isUnproven, readRound } from './read-round.ts';
import { toRevocations } from './to-revocations.ts';

interface FollowOptions {
  readonly verifier: Verifier<object>;
  readonly source: EventSource;
  readonly pollMs: number;
  /** Events count from then on, by Keycloak's clock, and until then by the clock here. Unit: milliseconds. */
  readonly onRead: (since: number, until: number) => void;
  readonly onEvents: (events: readonly KeycloakEvent[]) => void;
}

/** How far the events were read. Times are Keycloak's. */
interface Position {
  /** Every event since then was read; `null`: events were lost, and nothing is known. Unit: milliseconds since 1970. */
  readonly since: number | null;
  readonly cursors: Cursors;
}

type Known = Position & { readonly since: number };

/** After so long without reading them nothing is known. Unit: milliseconds. */
const SILENCE_MS = 5_000;
/** How often Keycloak is asked whether it keeps events at all. Unit: milliseconds. */
const CONFIG_MS = 5_000;
/** A process that starts reads what happened for so long before: more than a restart takes. Unit: milliseconds. */
const LOOK_BACK_MS = 600_000;
const SET_UP = 'npx keycloak-guard setup events, which shows first what it would change';
/** With more new events than this, asking about every token is cheaper. */
const MOST_ROUNDS = 20;

/**
 * Each process reads for itself: a process that reported "no events" to others could keep a disabled user in. It shares the
 * revocations, for processes that do not follow events.
 */
export function follow({ verifier, source, pollMs, onRead, onEvents }: FollowOptions) {
  const { clock } = verifier.context.options;
  let isClosed = false;
  let failure: unknown;
  // By a monotonic clock.
  const startedAt = performance.now();
  let readAt: number | undefined;
  let isReported = false;
  let timer: NodeJS.Timeout | undefined;
  let isAwaited = false;
  let working: Promise<void> = Promise.resolve();
  let setReady: () => void = () => {};
  const firstRead = new Promise<void>((resolve) => {
    setReady = resolve;
  });
  const isHealthy = () => readAt !== undefined && performance.now() - readAt < SILENCE_MS;
  const reader = createReader(verifier, source, isHealthy);

  async function look(): Promise<void> {
    const begin = clock();
    await reader.assertKept();
    const { since, events } = await reader.read();
    if (isClosed) return;
    failure = undefined;
    readAt = performance.now();
    onRead(since, begin);
    setReady();
    onEvents(events);
  }

  function report(): void {
    const isSilent = performance.now() - (readAt ?? startedAt) >= SILENCE_MS;
    if (isSilent === isReported) return;
    isReported = isSilent;
    const notice: Notice = isReported
      ? {
          level: 'warn',
          code: 'events_lost',
          message: `Keycloak's events are not read, so Keycloak is asked about tokens as without them: ${whyOf(failure)}`,
          ...(failure instanceof AuthError && failure.code === 'provider_misconfigured' && { fix: SET_UP }),
        }
      : { level: 'info', code: 'events_back', message: "Keycloak's events are read again" };
    verifier.notify(notice);
  }

  function run(): void {
    const begin = performance.now();
    working = look()
      .catch((error: unknown) => {
        failure = error;
      })
      .then(() => {
        report();
        const tookMs = performance.now() - begin;
        if (isClosed) return;
        timer = startBackgroundTimer(run, Math.max(pollMs - tookMs, pollMs / 5));
        if (isAwaited && readAt === undefined) timer.ref?.();
      });
  }
  run();

  return {
    get isHealthy(): boolean {
      return isHealthy();
    },
    /** Since the events were last read. Unit: seconds. */
    get lagSeconds(): number {
      return (performance.now() - (readAt ?? startedAt)) / 1000;
    },
    /** Resolves when they are read for the first time. */
    firstRead,
    /** The same, for somebody who waits for it in a process that may have nothing else open: it stays alive until then. */
    whenReady(): Promise<void> {
      isAwaited = true;
      if (readAt === undefined) timer?.ref?.();
      return firstRead;
    },
    async close(): Promise<void> {
      isClosed = true;
      clearTimeout(timer);
      await working;
    },
  };
}

/** Reads the events of a realm from where it stopped, and shares the revocations that they mean. */
function createReader(verifier: Verifier<object>, source: EventSource, isHealthy: () => boolean) {
  const { store, revokeHere } = partsOf(verifier) as VerifierParts;
  let position: Position | undefined;
  let configAt = Number.NEGATIVE_INFINITY;
  const issuerOf = async () => verifier.issuer.pinned ?? (await verifier.issuer.discover()).issuer;

  async function assertKept(): Promise<void> {
    if (performance.now() - configAt < CONFIG_MS) return;
    if (await source.isKept()) {
      configAt = performance.now();
      return;
    }
    // Once they are kept again, it is known that some were missed.
    if (position !== undefined) position = { since: null, cursors: cursorsAt(source.now()) };
    throw new AuthError('provider_misconfigured', 'Keycloak does not keep the events of this realm');
  }

  /** @param read receives the events */
  async function readAll(read: KeycloakEvent[]): Promise<Known> {
    const issuer = await issuerOf();
    const now = source.now();
    const isFirst = position === undefined;
    // Of what happened just before the start the other processes know, and Keycloak: but no token is vouched for by it.
    const { since, cursors: from } = position ?? {
      ...toPosition(now),
      cursors: cursorsAt(now - LOOK_BACK_MS),
    };
    let cursors = from;
    let isLost = !isFirst && !isHealthy() && isUnproven(cursors, now);
    for (let rounds = 1, isMore = true; isMore && !isLost && since !== null; rounds++) {
      const round = await readRound(source, cursors);
      ({ cursors, isMore } = round);
      isLost = round.isLost || rounds > MOST_ROUNDS;
      read.push(...round.events);
    }
    if (isLost && isFirst) return toPosition(now);
    if (isLost || since === null) return beginAgain(issuer);
    for (const revocation of unique(read.flatMap((event) => toRevocations(event, issuer)))) {
      // One that came from another process is there already. A store that does not answer says so itself, and repeats it.
      if (revokeHere(revocation)) store.add(revocation).catch(() => {});
    }
    return { since, cursors };
  }

  function beginAgain(issuer: string): Known {
    const next = toPosition(source.now());
    const issuedUntil = Math.floor(next.since / 1000);
    revokeHere({ type: 'recheck', issuer, issuedUntil, setAt: next.since / 1000 });
    verifier.notify({
      level: 'warn',
      code: 'events_missed',
      message: 'Keycloak deleted events before they were read, or did not keep them: every token is checked',
      fix: SET_UP,
    });
    return next;
  }

  return {
    /** @throws {AuthError} rejects with one while Keycloak keeps no events */
    assertKept,
    /** The events since the last time, and since when all of them are known. */
    async read(): Promise<{ readonly since: number; readonly events: readonly KeycloakEvent[] }> {
      const events: KeycloakEvent[] = [];
      const next = await readAll(events);
      position = next;
      return { since: next.since, events };
    },
  };
}

/** Events before are not known. The next second is the first that is known from its beginning. */
const toPosition = (now: number): Known => ({ since: now + 1_000, cursors: cursorsAt(now) });

/** A realm that is changed a hundred times in a second is asked about once. */
function unique(all: readonly Revocation[]): Revocation[] {
  return [...new Map(all.map((one) => [JSON.stringify({ ...one, setAt: 0 }), one])).values()];
}

/** Only an `AuthError` is written so that it may be shown. */
function whyOf(failure: unknown): string {
  return isAuthError(failure) ? failure.reason : 'they could not be read';
}
