import { createClient, ErrorReply } from '@redis/client';
import {
  checkOptions,
  createNoticeLines,
  type OptionRules,
  optionRules,
  startBackgroundTimer,
  toSafeListener,
} from '../core/internal.ts';
import { mendOf, refusesWrites, whyLost } from './replies.ts';

/** A client of the installed version of `@redis/client`. */
export type RedisClient = ReturnType<typeof createClient>;

/** Redis or Valkey is down, or did not answer in time. */
export class RedisUnavailable extends Error {
  override readonly name = 'RedisUnavailable';
}

/** Options of {@link openRedis}. */
export interface RedisOptions {
  /** `redis://` or, with TLS, `rediss://`; user, password and database in it. Only host and port are logged. */
  readonly url: string;
  /** Start of every key, so that several applications can share one Redis. Default `keycloak-guard`. */
  readonly keyPrefix?: string | undefined;
  /** Bound on every command. Unit: milliseconds. Default 1,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Called once when the connection or a duplicate is lost, and once when all are restored. When Redis refuses writes, once for
   * each cause, and once when it takes them again; other refusals once for each cause until a minute passes without it. Default:
   * a line on stderr for each. `false`: no notices. Its errors are ignored.
   */
  readonly onNotice?: ((notice: RedisNotice) => void) | false | undefined;
}

const RULES: OptionRules<RedisOptions> = {
  // Without a URL, the client would try localhost.
  url: optionRules.required({
    rule: 'must be a redis:// or rediss:// URL',
    example: "'redis://localhost:6379'",
    accepts: isRedisUrl,
  }),
  keyPrefix: optionRules.string('must be a string without surrounding spaces', "'my-api'"),
  timeoutMs: optionRules.whole(10, 60_000, 1_000),
  onNotice: optionRules.NOTICE_LISTENER,
};

/** The connection was lost or restored, or Redis refuses commands. */
export interface RedisNotice {
  readonly level: 'warn' | 'info';
  readonly code: 'redis_lost' | 'redis_refused' | 'redis_back';
  readonly message: string;
  /** The mend, if it is known. */
  readonly fix?: string | undefined;
}

/** A connection that restores itself. Commands are not queued: while Redis is down, they fail at once. */
export interface RedisConnection {
  readonly isReady: boolean;
  /** False while there is no connection, or Redis refuses writes. */
  readonly isWritable?: boolean;
  readonly keyPrefix: string;
  /**
   * Runs a command.
   *
   * @param timeoutMs instead of that of the connection, for commands that block
   * @throws {RedisUnavailable} at once without a connection, otherwise after the timeout
   */
  run<T>(command: (client: RedisClient) => Promise<T>, timeoutMs?: number): Promise<T>;
  /** Calls `listener` whenever the connection is made, and at once if it exists. Returns a function that stops this. */
  onReady(listener: () => void): () => void;
  /** Another connection to the same server, for commands that block. */
  duplicate(): RedisConnection;
  close(): void;
}

const LONGEST_PAUSE_MS = 1_000;
/** After this long without a cause of refusals, the next one is reported again. Unit: milliseconds. */
const QUIET_MS = 60_000;
/** After this long without a refusal, it is looked whether Redis takes writes again. Unit: milliseconds. */
const TRY_MS = 5_000;

/**
 * Opens a connection in the background and returns at once, even if Redis is down.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown; it does not repeat the URL, which may
 * hold a password
 * @example
 * const redis = openRedis({ url: 'redis://localhost:6379' });
 */
export function openRedis(options: RedisOptions): RedisConnection {
  checkOptions('openRedis', options, RULES);
  const { onNotice = createNoticeLines('Redis') } = options;
  return openConnection({ ...options, onNotice: toSafeListener<RedisNotice>(onNotice), tryMs: TRY_MS });
}

type InnerOptions = RedisOptions & { onNotice: (notice: RedisNotice) => void; tryMs: number };

type Outage = ReturnType<typeof createOutage>;

/**
 * What is wrong with a connection and its duplicates, which are lost and restored together, until it ends.
 *
 * @param write rejects if Redis does not take it
 */
function createOutage({ onNotice, tryMs }: InnerOptions, write: () => Promise<unknown>) {
  /** When each cause of a refusal came last. Unit: milliseconds, monotonic. */
  const causes = new Map<string, number>();
  let nextTry: NodeJS.Timeout | undefined;

  const self = {
    /** How many of them are lost. */
    lost: 0,
    get refusesWrites(): boolean {
      return nextTry !== undefined;
    },
    /** @returns whether it was not reported lately */
    note(error: unknown): boolean {
      const [why, now] = [whyLost(error), performance.now()];
      const before = causes.get(why) ?? Number.NEGATIVE_INFINITY;
      causes.set(why, now);
      return now - before > QUIET_MS;
    },
    /** A write was refused: after a while without another refusal, one is tried. */
    refuseWrites(): void {
      clearTimeout(nextTry);
      const mine = startBackgroundTimer(async () => {
        const isTaken = await write().catch(() => false);
        // A refusal meanwhile, of this one too, has set another.
        if (nextTry !== mine) return;
        // A connection that is lost, and a user who may not write this key, are no refusal of all writes.
        nextTry = undefined;
        if (isTaken) self.end('Redis takes writes again');
      }, tryMs);
      nextTry = mine;
    },
    /** The next refusal is another incident. */
    end(message: string): void {
      clearTimeout(nextTry);
      nextTry = undefined;
      causes.clear();
      onNotice({ level: 'info', code: 'redis_back', message });
    },
  };
  return self;
}

/** @param shared that of the connection of which this one is a duplicate */
export function openConnection(options: InnerOptions, shared?: Outage): RedisConnection {
  const { keyPrefix = 'keycloak-guard', timeoutMs = 1_000, onNotice } = options;
  const listeners = new Set<() => void>();
  // Duplicates may be blocked, so none of them tries.
  const outage = shared ?? createOutage(options, write);
  let isLost = false;
  let isClosed = false;
  let client = open();

  function open(): RedisClient {
    const opened = toClient(options.url);
    // The client limits the time to connect, but not the time of the handshake after it.
    let endHandshake = () => {};
    opened.on('connect', () => {
      endHandshake();
      endHandshake = startLimit(timeoutMs, () => replace(opened));
    });
    opened.on('error', (error) => {
      endHandshake();
      lose(error);
    });
    opened.on('ready', () => {
      endHandshake();
      if (isLost && --outage.lost === 0) outage.end('Redis answers again');
      isLost = false;
      for (const listener of listeners) listener();
    });
    opened.connect().catch(lose);
    return opened;
  }

  function lose(error: unknown): void {
    if (isClosed) return;
    const isFirst = !isLost && ++outage.lost === 1;
    isLost = true;
    if (!isFirst) return void refused(error);
    outage.note(error);
    const message = `Redis at ${new URL(options.url).host || 'localhost'} does not answer: ${whyLost(error)}`;
    const fix = 'Look whether it runs there, and at the URL (REDIS_URL). It heals by itself';
    onNotice({ level: 'warn', code: 'redis_lost', message, fix });
  }

  /** Redis answers, and refuses: an operator has to act. */
  function refused(error: unknown): void {
    if (isClosed || !(error instanceof ErrorReply)) return;
    if (refusesWrites(error)) outage.refuseWrites();
    if (!outage.note(error)) return;
    const message = `Redis refuses commands: ${whyLost(error)}`;
    onNotice({ level: 'warn', code: 'redis_refused', message, fix: mendOf(error) });
  }

  function write(): Promise<unknown> {
    const expiration = { type: 'PX', value: 1 } as const;
    return run((used) => used.set(`${keyPrefix}:writable`, '', { expiration }));
  }

  /** Replaces a hung connection: the client does not notice it. */
  function replace(hung: RedisClient): void {
    if (isClosed || hung !== client) return;
    lose({ name: 'timeout' });
    discard(hung);
    client = open();
  }

  async function run<T>(command: (client: RedisClient) => Promise<T>, limitMs = timeoutMs): Promise<T> {
    const used = client;
    if (!used.isReady) throw new RedisUnavailable('Redis is not connected');
    let end = () => {};
    const timeout = new Promise<never>((_, reject) => {
      end = startLimit(limitMs, () => {
        reject(new RedisUnavailable(`Redis did not answer within ${limitMs} ms`));
        replace(used);
      });
    });
    try {
      return await Promise.race([command(used), timeout]);
    } catch (error) {
      if (error instanceof RedisUnavailable) throw error;
      refused(error);
      throw new RedisUnavailable('Redis refused a command, or the connection broke', { cause: error });
    } finally {
      end();
    }
  }

  return {
    keyPrefix,
    get isReady() {
      return client.isReady;
    },
    get isWritable() {
      return client.isReady && !outage.refusesWrites;
    },
    run,
    onReady(listener) {
      listeners.add(listener);
      if (client.isReady) listener();
      return () => listeners.delete(listener);
    },
    duplicate: () => openConnection(options, outage),
    close() {
      if (isLost && !isClosed) outage.lost--;
      isClosed = true;
      listeners.clear();
      discard(client);
    },
  };
}

/** In two halves: a process that stood still for one has the other to read what came meanwhile. @returns what ends it */
function startLimit(ms: number, giveUp: () => void): () => void {
  let timer = setTimeout(() => {
    timer = setTimeout(giveUp, ms / 2).unref();
  }, ms / 2).unref();
  return () => clearTimeout(timer);
}

function toClient(url: string): RedisClient {
  return createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    disableClientInfo: true,
    // Each command has a bound here: a signal for each would cost more than the rest of it.
    commandOptions: { timeout: 0 },
    // Its own five seconds for a connection are for a process that is starting, too.
    socket: { reconnectStrategy: pauseMs },
  }) as RedisClient;
}

/** As the client judges. Its error contains the URL, so it is dropped. */
function isRedisUrl(url: unknown): boolean {
  if (typeof url !== 'string' || url === '') return false;
  try {
    createClient({ url });
    return true;
  } catch {
    return false;
  }
}

/** With jitter, so that replicas do not all reconnect at once. */
function pauseMs(retries: number): number {
  return Math.min(50 * 2 ** Math.min(retries, 10), LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);
}

function discard(client: RedisClient): void {
  client.removeAllListeners();
  // Later errors do not matter.
  client.on('error', () => {});
  try {
    client.destroy();
  } catch {
    // It is closed already.
  }
}
