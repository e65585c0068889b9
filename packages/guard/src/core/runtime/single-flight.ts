import { keepAlive } from './keep-alive.ts';

/** One call at a time for each key: callers who come while it is under way share its result. */
export type SingleFlight<V> = (key: string, call: () => Promise<V>) => Promise<V>;

export function createSingleFlight<V>(): SingleFlight<V> {
  const underWay = new Map<string, Promise<V>>();
  return (key, call) => {
    const known = underWay.get(key);
    if (known !== undefined) return known;
    const called = call().finally(() => underWay.delete(key));
    underWay.set(key, called);
    return keepAlive(called);
  };
}
