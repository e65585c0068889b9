import { randomUUID } from 'node:crypto';
import { AuthError, isAuthError, type Notice, type Verifier } from '../core/index.ts';
import { type NewsSeat, startBackgroundTimer, toJsonObject } from '../core/internal.ts';
import type { EventSource } from './event-source.ts';
import type { HeardEvent } from './heard-event.ts';
import { type Cursors, cursorsAt, isCursors, isUnproven, readRound } from './read-round.ts';
import { toRevocations } from './to-revocations.ts';

/** Follows the events of one realm: in one of several processes, for all of them. */
export type Follower = ReturnType<typeof follow>;

interface FollowOptions {
  readonly verifier: Verifier<object>;
  readonly source: EventSource;
  readonly seat: NewsSeat;
  readonly topic: string;
  readonly pollMs: number;
  /** News counts from then on, by Keycloak's clock, and until then by the clock here. Unit: milliseconds. */
  readonly onNews: (since: number, until: number) => void;
  /** Called with the news, in the process that reads. */
  readonly onEvents: (events: readonly HeardEvent[]) => void;
  /** Another process reads. */
  readonly onRest: () => void;
}

/** What the reader tells. Times are Keycloak's. */
interface News {
  /** Of everything since then it was heard; `null`: events were lost, and nothing is known. Unit: milliseconds since 1970. */
  readonly since: number | null;
  readonly cursors: Cursors;
  /** How long the reading took. Unit: milliseconds. */
  readonly tookMs: number;
}

/** After so long without news they are not heard. Unit: milliseconds. */
const SILENCE_MS = 5_000;
/** The reader keeps its seat for so long: another one takes it when it dies. Unit: milliseconds. */
const SEAT_MS = 5_000;
/** How often Keycloak is asked whether it keeps events at all. Unit: milliseconds. */
const CONFIG_MS = 5_000;
/** Messages arrive later than they are sent. Unit: milliseconds. */
const ON_THE_WAY_MS = 2_000;
const SET_UP = 'npx keycloak-guard setup events, which shows first what it would change';
/** With more new events than this, asking about every token is cheaper. */
const MOST_ROUNDS = 20;

export function follow(options: FollowOptions) {
  const { verifier, source, seat, topic, pollMs } = options;
  const holder = randomUUID();
  let news: News | undefined;
  let lastTold: string | undefined;
  let isReader = false;
  let isClosed = false;
  let configAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  // By a monotonic clock.
  const startedAt = performance.now();
  let heardAt: number | undefined;
  let isTold = false;
  let timer: NodeJS.Timeout | undefined;
  let isAwaited = false;
  let working: Promise<void> = Promise.resolve();
  let setReady: () => void = () => {};
  const firstNews = new Promise<void>((resolve) => {
    setReady = resolve;
  });
  const isHealthy = () => heardAt !== undefined && performance.now() - heardAt < SILENCE_MS;
  const issuerOf = async () => verifier.issuer.pinned ?? (await verifier.issuer.discover()).issuer;

  const stopListening = seat.listen(topic, (text) => {
    const { since, tookMs = 0 } = (toJsonObject(text) ?? {}) as Partial<News>;
    if (typeof since !== 'number' || isClosed) return;
    heardAt = performance.now();
    options.onNews(since, clock() - tookMs - (isReader ? 0 : ON_THE_WAY_MS));
    setReady();
  });
  const clock = verifier.context.options.clock;

  async function look(): Promise<void> {
    const told = await seat.take(topic, holder, SEAT_MS);
    if (told === undefined) {
      isReader = false;
      news = undefined;
      failure = undefined;
      options.onRest();
      return;
    }
    // Another process may have had the seat since.
    if (!isReader || told !== lastTold) news = told === null ? undefined : parseNews(told);
    isReader = true;
    const begin = performance.now();
    await assertKept();
    const events: HeardEvent[] = [];
    const next = await readAll(events);
    const tookMs = Math.ceil(performance.now() - begin);
    if (!(await tell({ ...next, tookMs }))) return;
    failure = undefined;
    options.onEvents(events);
  }

  async function assertKept(): Promise<void> {
    if (performance.now() - configAt < CONFIG_MS) return;
    if (await source.isKept()) {
      configAt = performance.now();
      return;
    }
    // The next reader must know that something was missed.
    if (news?.since !== null) await tell({ since: null, cursors: cursorsAt(source.now()), tookMs: 0 });
    throw new AuthError('provider_misconfigured', 'Keycloak does not keep the events of this realm');
  }

  /** @param heard receives the news */
  async function readAll(heard: HeardEvent[]): Promise<Omit<News, 'tookMs'>> {
    const issuer = await issuerOf();
    if (news === undefined) return begin();
    let { cursors } = news;
    let isLost = news.since === null || (!isHealthy() && isUnproven(cursors, source.now()));
    for (let rounds = 1, isMore = true; isMore && !isLost; rounds++) {
      const round = await readRound(source, cursors);
      ({ cursors, isMore } = round);
      isLost = round.isLost || rounds > MOST_ROUNDS;
      heard.push(...round.events);
    }
    if (isLost) return await beginAgain(issuer);
    const revocations = heard.flatMap((event) => toRevocations(event, issuer));
    for (const revocation of unique(revocations)) await verifier.revoke(revocation);
    return { since: news.since, cursors };
  }

  /** Events before are not known. The next second is the first that is known from its beginning. */
  function begin(): Omit<News, 'tookMs'> {
    const now = source.now();
    return { since: now + 1_000, cursors: cursorsAt(now) };
  }

  async function beginAgain(issuer: string): Promise<Omit<News, 'tookMs'>> {
    const next = begin();
    const issuedUntil = Math.floor((next.since as number) / 1000);
    await verifier.revoke({ type: 'doubt', issuer, issuedUntil, setAt: issuedUntil });
    verifier.notify({
      level: 'warn',
      code: 'events_missed',
      message: 'Keycloak deleted events before they were read, or did not keep them: every token is checked',
      fix: SET_UP,
    });
    return next;
  }

  async function tell(next: News): Promise<boolean> {
    lastTold = JSON.stringify(next);
    const isMine = await seat.tell(topic, holder, lastTold);
    if (isMine) news = next;
    else isReader = false;
    return isMine;
  }

  function report(): void {
    const silentMs = performance.now() - (heardAt ?? startedAt);
    if (isTold !== isHealthy() || (!isTold && silentMs < SILENCE_MS)) return;
    isTold = !isTold;
    const notice: Notice = isTold
      ? {
          level: 'warn',
          code: 'events_lost',
          message: `Keycloak's events are not heard, so Keycloak is asked about tokens as without them: ${whyOf(failure)}`,
          ...(failure instanceof AuthError && failure.code === 'provider_misconfigured' && { fix: SET_UP }),
        }
      : { level: 'info', code: 'events_back', message: "Keycloak's events are heard again" };
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
        if (isAwaited && heardAt === undefined) timer.ref?.();
      });
  }
  run();

  return {
    /** The events are heard, here or in another process. */
    get isHealthy(): boolean {
      return isHealthy();
    },
    /** This process reads them. */
    get isReader(): boolean {
      return isReader;
    },
    /** Since the events were last read, as far as this process was told. Unit: seconds. */
    get lagSeconds(): number {
      return (performance.now() - (heardAt ?? startedAt)) / 1000;
    },
    /** Resolves when they are heard for the first time. */
    firstNews,
    /** The same, for somebody who waits for it in a process that may have nothing else open: it stays alive until then. */
    whenReady(): Promise<void> {
      isAwaited = true;
      if (heardAt === undefined) timer?.ref?.();
      return firstNews;
    },
    /** @param rest what has to end before another process may begin */
    async close(rest: Promise<void> | undefined): Promise<void> {
      isClosed = true;
      clearTimeout(timer);
      await working;
      stopListening();
      await rest;
      await seat.leave(topic, holder).catch(() => {});
    },
  };
}

/** From another version, or from an unknown sender: as if events were lost. */
function parseNews(text: string): News {
  const { since, cursors } = (toJsonObject(text) ?? {}) as Partial<News>;
  const isWhole = typeof since === 'number' && isCursors(cursors);
  return { since: isWhole ? since : null, cursors: isWhole ? cursors : cursorsAt(0), tookMs: 0 };
}

/** A realm that is changed a hundred times in a second is asked about once. */
function unique<T>(all: readonly T[]): T[] {
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

/** Only an `AuthError` is written so that it may be shown. */
function whyOf(failure: unknown): string {
  if (failure === undefined) return 'no process reads them';
  return isAuthError(failure) ? failure.reason : 'what processes share does not work';
}
