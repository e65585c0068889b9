import type { OptionRule } from '../options/check-options.ts';
import { loadPart } from '../runtime/concurrency.ts';
import type { CallObserver } from './observed-call.ts';

/** A list of observers. */
export const OBSERVERS: OptionRule = {
  rule: 'must be a list of observers, for example of prometheus(), opentelemetry() or audit()',
  example: '[prometheus()]',
  accepts: (value) =>
    Array.isArray(value) &&
    value.every((one: unknown) =>
      ['watch', 'call', 'check', 'event'].some(
        (name) => typeof (one as Record<string, unknown> | null)?.[name] === 'function',
      ),
    ),
};

/** Beside each observed `fetch`, so that another one can be observed by the same. */
const observersOf = new WeakMap<typeof fetch, readonly CallObserver[]>();

/** A `fetch` that reports its calls to observers; unchanged if none of them has `call`: then the code for it is not loaded. */
export function observeFetch(
  fetch: typeof globalThis.fetch,
  observers: readonly CallObserver[],
): typeof globalThis.fetch {
  const listening = observers.filter(({ call }) => call !== undefined);
  if (listening.length === 0 || observersOf.has(fetch)) return fetch;

  const part = loadPart(() => import('./observed-call.ts'));
  const observed: typeof globalThis.fetch = async (input, init = {}) =>
    (part.loaded ?? (await part.loading)).callObserved(fetch, listening, input, init);
  observersOf.set(observed, listening);
  return observed;
}

/** A credential that is the connection itself has a `fetch` of its own, with the same observers. */
export function fetchWith(
  credential: { readonly fetch?: typeof fetch | undefined },
  other: typeof fetch,
): typeof fetch {
  return credential.fetch === undefined
    ? other
    : observeFetch(credential.fetch, observersOf.get(other) ?? []);
}
