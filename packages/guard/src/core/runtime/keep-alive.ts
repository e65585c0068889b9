/** As much of `process` as tells the runtimes apart. */
interface Builtins {
  getBuiltinModule?(name: string): unknown;
}
type WaitUntil = (work: Promise<unknown>) => void;

/**
 * Cloudflare Workers end what a request began with that request, and whoever else waits for it waits for ever: there the
 * platform is asked to let it finish. Elsewhere nothing has to be done.
 */
export function createKeepAlive(builtins: Builtins | undefined): <T>(work: Promise<T>) => Promise<T> {
  const workers = builtins?.getBuiltinModule?.('cloudflare:workers') as { waitUntil?: WaitUntil } | undefined;
  const { waitUntil } = workers ?? {};
  if (typeof waitUntil !== 'function') return (work) => work;
  return (work) => {
    // What it rejects with is told to whoever waits for it.
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
