import { isThenable } from './concurrency.ts';

/**
 * A part of the library that is loaded when the application turns it on, so that nobody loads what is not used. Its options are
 * checked before that, at once; a request that comes before it is there waits for it.
 */
export interface Part<T> {
  /** `undefined` until it is loaded. */
  readonly loaded: T | undefined;
  readonly loading: Promise<T>;
}

export function loadPart<T>(load: () => Promise<T>): Part<T> {
  let loaded: T | undefined;
  const loading = load().then((part) => {
    loaded = part;
    return part;
  });
  // Each request that needs the part rejects with the error.
  loading.catch(() => {});
  return {
    get loaded() {
      return loaded;
    },
    loading,
  };
}

/** The part, or a promise of it. */
export const partOf = <T>({ loaded, loading }: Part<T>): T | Promise<T> => loaded ?? loading;

/** Calls a function with a value: at once, unless the value is a promise. */
export function then<T, R>(value: T | Promise<T>, act: (value: T) => R | Promise<R>): R | Promise<R> {
  return isThenable(value) ? (value as Promise<T>).then(act) : act(value as T);
}
