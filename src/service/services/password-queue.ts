import { ClientError } from '../../client/index.ts';
import { networkOf } from './addresses.ts';
import { createFailedLogins, type FailedLogins } from './failed-logins.ts';

/** Bounds of {@link createPasswordQueue}. */
export interface PasswordQueueOptions {
  /** Password checks that run at the same time. */
  readonly maxInFlight: number;
  /** Password checks that wait for their turn. */
  readonly maxWaiting: number;
  /** Longest wait for a turn. Unit: milliseconds. */
  readonly maxWaitMs: number;
  /** Default: one of its own. */
  readonly failedLogins?: FailedLogins | undefined;
}

/** Lets only so many password checks through at a time: each costs Keycloak a tenth of a second of a core. */
export interface PasswordQueue {
  readonly inFlight: number;
  readonly waiting: number;
  /**
   * @param address where the login comes from
   * @param gone aborted when nobody waits for the answer any more: what has not begun is left out
   * @throws {ClientError} `provider_unavailable` when too many wait already, its turn does not come in time, or
   * whoever asked has gone
   */
  run<T>(check: () => Promise<T>, address: string, gone?: AbortSignal): Promise<T>;
}

/** Those who wait, of one network. */
interface Line {
  readonly network: string;
  readonly waiting: { start(): void; giveUp(reason: ClientError): void }[];
  /** Failed logins when the last one came. */
  failed: number;
}

/** From so many failures of late on, a network is taken for one where passwords are guessed. */
const GUESSING_FROM = 5;

/**
 * Whose turn is it? The network with the fewest failed logins of late; among equals, the one whose last turn is the
 * longest ago. When all places are taken, the newest of the network with the most failures goes (then: with the most
 * waiting). And networks where passwords are guessed have at most half of what may run at a time.
 *
 * So a flood of guesses from any number of addresses waits behind, and makes room for, people who log in from
 * elsewhere; while nobody else comes, guesses run, half as many. Who shares an address with the guesses waits with
 * them: nothing here tells them apart.
 */
export function createPasswordQueue(options: PasswordQueueOptions): PasswordQueue {
  const { maxInFlight, maxWaiting, maxWaitMs, failedLogins = createFailedLogins() } = options;
  const maxGuessing = Math.max(1, Math.floor(maxInFlight / 2));
  // In the order of their last turns.
  const lines = new Map<string, Line>();
  let inFlight = 0;
  let guessing = 0;
  let waiting = 0;

  const mayStart = (failed: number): boolean =>
    inFlight < maxInFlight && (failed < GUESSING_FROM || guessing < maxGuessing);

  async function start<T>(check: () => Promise<T>, network: string, failed: number): Promise<T> {
    const isGuessing = failed >= GUESSING_FROM;
    inFlight++;
    if (isGuessing) guessing++;
    try {
      return await check();
    } catch (error) {
      if (isWrongPassword(error)) failedLogins.add(network);
      throw error;
    } finally {
      inFlight--;
      if (isGuessing) guessing--;
      startNext();
    }
  }

  function startNext(): void {
    while (waiting > 0) {
      let next: Line | undefined;
      for (const line of lines.values()) {
        if (next === undefined || line.failed < next.failed) next = line;
      }
      if (next === undefined || !mayStart(next.failed)) return;
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

  /** False where the one who comes is the one who has to go. */
  function makeRoom(network: string, failed: number): boolean {
    let worst = { failed, length: (lines.get(network)?.waiting.length ?? 0) + 1 };
    let line: Line | undefined;
    for (const other of lines.values()) {
      const { length } = other.waiting;
      if (other.failed < worst.failed || (other.failed === worst.failed && length <= worst.length)) continue;
      worst = { failed: other.failed, length };
      line = other;
    }
    if (line === undefined || line.network === network) return false;
    line.waiting.at(-1)?.giveUp(TOO_MANY);
    return true;
  }

  return {
    get inFlight() {
      return inFlight;
    },
    get waiting() {
      return waiting;
    },
    run(check, address, gone) {
      if (gone?.aborted) return Promise.reject(GONE);
      const network = networkOf(address);
      const failed = failedLogins.of(network);
      if (mayStart(failed)) return start(check, network, failed);
      if (waiting >= maxWaiting && !makeRoom(network, failed)) return Promise.reject(TOO_MANY);
      return new Promise((resolve, reject) => {
        const line = lines.get(network) ?? { network, waiting: [], failed };
        line.failed = failed;
        lines.set(network, line);
        const place = {
          start() {
            stopWaiting();
            start(check, network, failed).then(resolve, reject);
          },
          giveUp(reason: ClientError) {
            stopWaiting();
            leave(line, line.waiting.indexOf(place));
            reject(reason);
          },
        };
        const hangUp = (): void => place.giveUp(GONE);
        const timer = setTimeout(() => place.giveUp(TOO_MANY), maxWaitMs);
        gone?.addEventListener('abort', hangUp);
        function stopWaiting(): void {
          clearTimeout(timer);
          gone?.removeEventListener('abort', hangUp);
        }
        line.waiting.push(place);
        waiting++;
      });
    },
  };
}

function isWrongPassword(error: unknown): boolean {
  return (
    error instanceof ClientError &&
    (error.kind === 'invalid_credentials' || error.kind === 'account_disabled')
  );
}

/** Made once: in a flood the trace of where it was made would cost more than the rest of the refusal. */
const TOO_MANY = new ClientError({
  id: 'too-many-logins',
  kind: 'provider_unavailable',
  cause: 'more logins come than Keycloak checks passwords',
  fix: 'Somebody may be guessing passwords. Otherwise give Keycloak more processors, then raise LOGIN_MAX_IN_FLIGHT.',
});

const GONE = new ClientError({
  id: 'caller-gone',
  kind: 'provider_unavailable',
  cause: 'whoever wanted to log in hung up before it was their turn',
  fix: 'Logins wait for their turn: give Keycloak more processors, or callers more patience.',
});
