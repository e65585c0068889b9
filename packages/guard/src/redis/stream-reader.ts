import { randomUUID } from 'node:crypto';
import type { RedisClient, RedisConnection, RedisUnavailable } from './connection.ts';
import type { RevocationKeys } from './revocation-format.ts';

/** Listens to the stream of revocations. */
export interface StreamListener {
  onRevocation(text: string): void;
  /** Redis lost its data, or it is another server that knows less. */
  onLoss(): void;
}

/** How long one read waits for a new entry. Unit: milliseconds. */
const BLOCK_MS = 2_000;
const BATCH = 1_000;
/** How often to check whether Redis still has its data. Unit: milliseconds. */
const CHECK_MS = 2_000;
const PAUSE_MS = 100;

/** Reads the stream from its start, then waits for new entries. After an outage it continues where it stopped. */
export function followStream(connection: RedisConnection, keys: RevocationKeys, listener: StreamListener) {
  // A separate connection: its reads block.
  const reader = connection.duplicate();
  let last = '0-0';
  let mark: string | undefined;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let isCaughtUp = false;
  let isRereading = false;
  let isClosed = false;
  let isReading = false;
  let lagSeconds = 0;

  /** `undefined` if Redis refuses, for example for a key of another type: the other keys still help. */
  async function ask<T>(command: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    try {
      return await reader.run(command);
    } catch (error) {
      if (reader.isReady && (error as RedisUnavailable).cause !== undefined) return undefined;
      throw error;
    }
  }

  async function checkPosition(): Promise<void> {
    checkedAt = performance.now();
    await ask((client) => client.set(keys.mark, randomUUID(), { condition: 'NX' }));
    const current = (await ask((client) => client.get(keys.mark))) ?? undefined;
    const isOther = mark !== undefined && current !== mark;
    mark = current;
    // Look for the exact entry: others may have written since. A missing one that was only trimmed does no harm.
    const isGone =
      last !== '0-0' && !(await reader.run((client) => client.xRange(keys.stream, last, last)))?.length;
    if (!isOther && !isGone) return;
    last = '0-0';
    isRereading = true;
    listener.onLoss();
  }

  async function readBatch(): Promise<void> {
    const isLive = isCaughtUp && !isRereading;
    const wait = isLive ? { BLOCK: BLOCK_MS } : {};
    const streams = (await reader.run(
      (client) => client.xRead({ key: keys.stream, id: last }, { COUNT: BATCH, ...wait }),
      BLOCK_MS + 2_000,
    )) as { messages: { id: string; message: Record<string, string> }[] }[] | null;
    const messages = streams?.[0]?.messages ?? [];
    for (const { id, message } of messages) {
      const { r: text = '', at = '' } = message;
      last = id;
      const lagMs = Date.now() - Number(at);
      if (isLive && Number.isFinite(lagMs)) lagSeconds = Math.max(0, lagMs / 1000);
      listener.onRevocation(text);
    }
    if (messages.length < BATCH) {
      isCaughtUp = true;
      isRereading = false;
    }
  }

  async function read(): Promise<void> {
    if (isReading) return;
    isReading = true;
    try {
      await checkPosition();
      const policies = (await ask((client) => client.hVals(keys.notBefore))) ?? [];
      for (const text of policies) listener.onRevocation(text);
      while (!isClosed) {
        if (performance.now() - checkedAt >= CHECK_MS) await checkPosition();
        await readBatch();
      }
    } catch {
      // The connection restores itself and then calls this again.
    } finally {
      isReading = false;
      if (!isClosed && reader.isReady) setTimeout(() => void read(), PAUSE_MS).unref();
    }
  }

  const stopReading = reader.onReady(() => void read());

  return {
    /** True once the whole stream was read. */
    get isCaughtUp(): boolean {
      return isCaughtUp;
    },
    /** True while the stream is read again from its start, because Redis lost its data. */
    get isRereading(): boolean {
      return isRereading;
    },
    /** Time from a revocation in another process until its arrival here. Unit: seconds. */
    get lagSeconds(): number {
      return lagSeconds;
    },
    close(): void {
      isClosed = true;
      stopReading();
      reader.close();
    },
  };
}
