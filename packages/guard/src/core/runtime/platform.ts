import { executionAsyncResource } from 'node:async_hooks';

/** The part of `process` that differs between runtimes. */
interface Builtins {
  getBuiltinModule?(name: string): unknown;
}
type WaitUntil = (work: Promise<unknown>) => void;

/**
 * Cloudflare Workers cancel a request's work when it ends, so other requests waiting for it would hang. There the
 * platform is asked to let it finish. Other runtimes need nothing.
 */
export function createKeepAlive(builtins: Builtins | undefined): <T>(work: Promise<T>) => Promise<T> {
  const workers = builtins?.getBuiltinModule?.('cloudflare:workers') as { waitUntil?: WaitUntil } | undefined;
  const { waitUntil } = workers ?? {};
  if (typeof waitUntil !== 'function') return (work) => work;
  return (work) => {
    // Those who wait for it get the rejection.
    const ended = work.then(
      () => {},
      () => {},
    );
    try {
      waitUntil(ended);
    } catch {
      // No request is under way: nothing ends it.
    }
    return work;
  };
}

/** For work that several requests wait for, or none. */
export const keepAlive = createKeepAlive(globalThis.process as Builtins | undefined);

/** A timer that does not keep the process alive. Not every runtime knows the difference. */
export function startBackgroundTimer(act: () => unknown, afterMs: number): NodeJS.Timeout {
  const timer = setTimeout(act, afterMs);
  timer.unref?.();
  return timer;
}

/** Kept for the whole process. */
export const tickShape: { kept?: object } = {};

/**
 * Keeps `process.nextTick` quick. Up to Node 22, V8 forgets the shape of what it queues when a full garbage collection
 * finds none of them alive, and from then on builds each one the slow way, several for each HTTP request. `fetch` alone
 * brings in so much that such a collection comes soon, so it would be the verifier that slows its application down.
 * One of them that stays alive is enough: a Fastify app with one guard takes 18 µs of processor time for a request with
 * it, 28 without (Node 20). To see it: `node --cpu-prof`, and look for the time in `nextTick` itself.
 */
export function keepTickShape(): void {
  process.nextTick(() => {
    tickShape.kept ??= executionAsyncResource();
  });
}
