import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, type context, ROOT_CONTEXT } from '@opentelemetry/api';

/** Has a context, which may be made when it is first asked for. */
export interface Traced {
  readonly context: Context;
}

/** Knows the span of the request that runs, in one app: two apps in a process do not see each other's spans. */
export interface RequestContext {
  /** For spans of token checks and calls. */
  readonly context: Pick<typeof context, 'active' | 'with'>;
  /** Within it until the first `await`. */
  run(within: Traced, next: () => void): void;
  /** Within it to the end, with all that it awaits. */
  runThrough(within: Traced, next: () => void): void;
  /** To be called at the end of each that was given to `runThrough`. */
  end(within: Traced): void;
}

/**
 * An `AsyncLocalStorage` makes every promise and every socket of the process dearer (before Node 24), so it is on only while
 * something runs that needs it. A request with a known token does not.
 */
export function createRequestContext(): RequestContext {
  const storage = new AsyncLocalStorage<Traced>();
  const open = new Set<Traced>();
  let now: Traced | undefined;

  function end(of: Traced): void {
    if (open.delete(of) && open.size === 0) storage.disable();
  }

  return {
    end,
    run(within, next) {
      const before = now;
      now = within;
      try {
        next();
      } finally {
        now = before;
      }
    },
    runThrough(within, next) {
      open.add(within);
      storage.run(within, next);
    },
    context: {
      active: () => (storage.getStore() ?? now)?.context ?? ROOT_CONTEXT,
      with(context, run, self, ...args) {
        const within = { context };
        open.add(within);
        const result = storage.run(within, () => run.call(self as never, ...args));
        // All that is run here is a check of a token.
        Promise.resolve(result).then(
          () => end(within),
          () => end(within),
        );
        return result;
      },
    },
  };
}
