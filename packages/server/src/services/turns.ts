import type { Socket } from 'node:net';
import { ClientError } from 'keycloak-guard/client';
import { networksOf } from 'keycloak-guard/limits';
import { LRUCache } from 'lru-cache';

/**
 * The line in which a request waits, and the crowd to which that line belongs. Whoever has many networks of 64 bits has them
 * in one of 48; and whoever has many of those has them in one of 32.
 */
export function lineOf(address: string): { readonly network: string; readonly crowd: string } {
  const [crowd = address, network = address] = networksOf(address, [16, 32], [32, 48]);
  return { network, crowd };
}

/** How often logins failed lately, by the network they came from. Bounded, in this process alone. */
export type FailedLogins = ReturnType<typeof createFailedLogins>;

const HALF_LIFE_MS = 60_000;
const MAX_NETWORKS = 50_000;

/** @param now unit: milliseconds, never set back */
export function createFailedLogins(now: () => number = () => performance.now()) {
  // It takes room for all of them at once, which a service without failures does not need.
  let counts: LRUCache<string, { readonly count: number; readonly at: number }> | undefined;

  function left(network: string): number {
    const known = counts?.get(network);
    return known === undefined ? 0 : known.count * 0.5 ** ((now() - known.at) / HALF_LIFE_MS);
  }

  return {
    /** A whole number. Each failure counts half after a minute, a quarter after two: a typo is soon forgotten. */
    of: (network: string): number => Math.round(left(network)),
    add(network: string): void {
      counts ??= new LRUCache({ max: MAX_NETWORKS });
      counts.set(network, { count: left(network) + 1, at: now() });
    },
  };
}

/** Bounds of {@link createTurns}. */
export interface TurnBounds {
  /** Calls that run at the same time. */
  readonly maxInFlight: number;
  /** Calls that wait for their turn. */
  readonly maxWaiting: number;
  /** Longest wait for a turn. Unit: milliseconds. */
  readonly maxWaitMs: number;
  /** Default: a new one. */
  readonly failedLogins?: FailedLogins | undefined;
}

interface TurnOptions extends TurnBounds {
  /** Whether a result or an error counts against the caller: the input was guessed or made up. */
  readonly isFailure: (outcome: unknown) => boolean;
  readonly tooMany: ClientError;
  readonly gone: ClientError;
}

/**
 * The error of a call that got no turn. Made once: in a flood the trace of where it was made would cost more than the rest of
 * the refusal.
 */
export const toNoTurn = (id: string, cause: string, fix: string): ClientError =>
  new ClientError({ id, kind: 'provider_unavailable', cause, fix });

/** The connection of a request: its end tells that nobody waits for the answer any more. */
export type Connection = Pick<Socket, 'destroyed' | 'once' | 'off' | 'setMaxListeners'>;

/** Limits concurrent calls to Keycloak. */
export interface Turns {
  readonly inFlight: number;
  readonly waiting: number;
  /**
   * @param address where the request comes from
   * @param connection what has not begun at its end is left out. Not the `close` of request or response: it may have come while
   * the limits were asked, and never comes to a request that waits behind another on its connection
   * @throws {ClientError} `provider_unavailable` when too many wait already, its turn does not come in time, or
   * whoever asked has gone
   */
  run<T>(call: () => Promise<T>, address: string, connection?: Connection): Promise<T>;
}

/** The requests of one network that wait. */
interface Line {
  readonly network: string;
  readonly crowd: string;
  readonly waiting: { start(): void; giveUp(reason: ClientError): void }[];
  /** Recent failures. */
  failed: number;
}

/** From this many recent failures on, a network counts as one that guesses. */
const GUESSING_FROM = 5;

/**
 * The next turn is that of the network with the fewest recent failures; among equals, of the one whose last turn is the
 * longest ago. When too many wait, the newest of the network with the most failures goes (then: of the crowd, and in
 * it of the network, with the most waiting). And networks where something is guessed have at most half of what may run at a
 * time.
 *
 * So a flood of guesses from any number of addresses waits behind, and makes room for, people who come from
 * elsewhere; while nobody else comes, guesses run, half as many. People who share a network with the guesses wait with them:
 * nothing here tells them apart.
 */
export function createTurns(options: TurnOptions): Turns {
  const {
    maxInFlight,
    maxWaiting,
    maxWaitMs,
    isFailure,
    tooMany,
    failedLogins = createFailedLogins(),
  } = options;
  const maxGuessing = Math.max(1, Math.floor(maxInFlight / 2));
  // In the order of their last turns.
  const lines = new Map<string, Line>();
  let inFlight = 0;
  let guessing = 0;
  let waiting = 0;

  const mayStart = (failed: number): boolean =>
    inFlight < maxInFlight && (failed < GUESSING_FROM || guessing < maxGuessing);

  async function start<T>(call: () => Promise<T>, network: string, failed: number): Promise<T> {
    const isGuessing = failed >= GUESSING_FROM;
    inFlight++;
    if (isGuessing) guessing++;
    try {
      const result = await call();
      if (isFailure(result)) fail(network);
      return result;
    } catch (error) {
      if (isFailure(error)) fail(network);
      throw error;
    } finally {
      inFlight--;
      if (isGuessing) guessing--;
      startNext();
    }
  }

  function fail(network: string): void {
    failedLogins.add(network);
    const line = lines.get(network);
    if (line !== undefined) line.failed = failedLogins.of(network);
  }

  function findNext(): Line | undefined {
    let next: Line | undefined;
    for (const line of lines.values()) {
      if (next === undefined || line.failed < next.failed) next = line;
    }
    return next;
  }

  function startNext(): void {
    for (let next = findNext(); next !== undefined && mayStart(next.failed); next = findNext()) {
      const first = next.waiting[0];
      leave(next, 0);
      lines.delete(next.network);
      if (next.waiting.length > 0) lines.set(next.network, next);
      first?.start();
    }
  }

  function leave(line: Line, index: number): void {
    line.waiting.splice(index, 1);
    waiting--;
    if (line.waiting.length === 0) lines.delete(line.network);
  }

  /** False if the new request itself has to leave. */
  function makeRoom(newest: Omit<Line, 'waiting'>): boolean {
    const line = findWorst(lines, newest);
    if (line === undefined || line.network === newest.network) return false;
    line.waiting.at(-1)?.giveUp(tooMany);
    return true;
  }

  return {
    get inFlight() {
      return inFlight;
    },
    get waiting() {
      return waiting;
    },
    run(call, address, connection) {
      if (connection?.destroyed) return Promise.reject(options.gone);
      const { network, crowd } = lineOf(address);
      const failed = failedLogins.of(network);
      if (mayStart(failed)) return start(call, network, failed);
      if (waiting >= maxWaiting && !makeRoom({ network, crowd, failed })) return Promise.reject(tooMany);
      return new Promise((resolve, reject) => {
        const line = lines.get(network) ?? { network, crowd, waiting: [], failed };
        line.failed = failed;
        lines.set(network, line);
        const caller = {
          start() {
            stopWaiting();
            start(call, network, line.failed).then(resolve, reject);
          },
          giveUp(reason: ClientError) {
            stopWaiting();
            leave(line, line.waiting.indexOf(caller));
            reject(reason);
          },
        };
        const hangUp = (): void => caller.giveUp(options.gone);
        const timer = setTimeout(() => caller.giveUp(tooMany), maxWaitMs);
        // One for each request that waits on this connection.
        connection?.setMaxListeners(0).once('close', hangUp);
        function stopWaiting(): void {
          clearTimeout(timer);
          connection?.off('close', hangUp);
        }
        line.waiting.push(caller);
        waiting++;
      });
    },
  };
}

/** The line whose newest request has to leave; `undefined`: the new request itself. */
function findWorst(lines: ReadonlyMap<string, Line>, newest: Omit<Line, 'waiting'>): Line | undefined {
  const crowds = new Map([[newest.crowd, 1]]);
  for (const { crowd, waiting } of lines.values()) {
    crowds.set(crowd, (crowds.get(crowd) ?? 0) + waiting.length);
  }
  const rankOf = ({ failed, crowd }: Omit<Line, 'waiting'>, length: number) =>
    [failed, crowds.get(crowd) ?? 0, length] as const;
  let worst = rankOf(newest, (lines.get(newest.network)?.waiting.length ?? 0) + 1);
  let line: Line | undefined;
  for (const other of lines.values()) {
    const rank = rankOf(other, other.waiting.length);
    if (!isWorse(rank, worst)) continue;
    worst = rank;
    line = other;
  }
  return line;
}

/** Compares the first number that differs. */
function isWorse(rank: readonly number[], than: readonly number[]): boolean {
  const i = rank.findIndex((value, at) => value !== than[at]);
  return i >= 0 && (rank[i] as number) > (than[i] as number);
}
