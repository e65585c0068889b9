import { type RedisConnection, RedisUnavailable } from '../../packages/guard/src/redis/connection.ts';

const HUNG = new Error('it hangs');

type Call = readonly [name: string, ...args: unknown[]];

/** A connection whose commands are answered by a function. */
export function createConnection(answer: (...call: Call) => unknown) {
  const calls: Call[] = [];
  const listeners = new Set<() => void>();
  const limits = new Set<number>();
  const client = new Proxy(
    {},
    {
      get:
        (_, name) =>
        async (...args: unknown[]) => {
          calls.push([String(name), ...args]);
          return answer(String(name), ...args);
        },
    },
  );
  const state = { isReady: true, isWritable: undefined as boolean | undefined, closed: 0 };
  const connection: RedisConnection & { calls: Call[]; become(isReady: boolean): void } = {
    keyPrefix: 'p',
    calls,
    get isReady() {
      return state.isReady;
    },
    run: async (command, timeoutMs) => {
      if (timeoutMs !== undefined) limits.add(timeoutMs);
      if (!state.isReady) throw new RedisUnavailable('away');
      try {
        return await command(client as never);
      } catch (error) {
        if (error === HUNG) throw new RedisUnavailable('did not answer in time');
        throw new RedisUnavailable('refused', { cause: error });
      }
    },
    onReady(listener) {
      listeners.add(listener);
      if (state.isReady) listener();
      return () => listeners.delete(listener);
    },
    duplicate: () => connection,
    close: () => void state.closed++,
    become(isReady) {
      state.isReady = isReady;
      if (isReady) for (const one of listeners) one();
    },
  };
  return { connection, calls, state, listeners, limits };
}

/** A Redis that has a stream. */
export function createStreamServer() {
  const stream: { id: string; message: Record<string, string> }[] = [];
  const redis = {
    mark: undefined as string | undefined,
    policies: [] as string[],
    appended: [] as string[],
    refuses: new Set<string>(),
    hangs: new Set<string>(),
    reads: 0,
    put(text: string, at = '0') {
      stream.push({ id: `${stream.length + 1}-0`, message: { r: text, at } });
    },
    lose() {
      stream.length = 0;
      redis.mark = undefined;
    },
    stream,
  };
  let wake = () => {};
  const answer = (name: string, ...args: never[]): unknown => {
    if (redis.hangs.has(name)) throw HUNG;
    if (redis.refuses.has(name)) throw new Error(`WRONGTYPE ${name}`);
    const [key, value] = args as unknown as [unknown, unknown];
    switch (name) {
      case 'set':
        if (String(key).endsWith(':mark')) redis.mark ??= String(value);
        return 'OK';
      case 'get':
        return redis.mark ?? null;
      case 'hVals':
        return redis.policies;
      case 'xRange':
        return stream.filter(({ id }) => id === value);
      case 'eval': {
        const { arguments: [text = '', at] = [] } = value as { arguments: string[] };
        redis.appended.push(text);
        redis.mark ??= 'new';
        redis.put(text, at);
        wake();
        return '1-0';
      }
      case 'xRead': {
        redis.reads++;
        const from = stream.findIndex(({ id }) => id === (key as { id: string }).id) + 1;
        const { COUNT, BLOCK } = value as { COUNT: number; BLOCK?: number };
        const messages = stream.slice(from, from + COUNT);
        if (messages.length > 0) return [{ messages }];
        if (BLOCK === undefined) return null;
        return new Promise((resolve) => {
          wake = () => resolve(null);
        });
      }
      default:
        throw new Error(name);
    }
  };
  return { redis, answer, wake: () => wake() };
}
