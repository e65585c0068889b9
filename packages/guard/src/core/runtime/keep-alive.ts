/** As much of `process` as tells the runtimes apart. */
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
