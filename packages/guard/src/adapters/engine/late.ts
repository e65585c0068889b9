import { then } from '../../core/internal.ts';

// Functions whose making is put off: until a part is loaded, or the application's options are known.

// biome-ignore lint/suspicious/noExplicitAny: what it is called with is passed on
export type Call = (...args: any[]) => any;

/** A function that is made when it is called. */
export function toLate<F extends Call>(make: () => F | Promise<F>): F {
  return ((...args) => then(make(), (made) => made(...args))) as F;
}

/** Functions of an object, each of which is called when the object is there. A promise of each also reports why it is not. */
export function lateMembers<T extends object, N extends keyof T>(
  load: () => T | Promise<T>,
  ...names: readonly N[]
): Pick<T, N> {
  const toMember =
    (name: N) =>
    async (...args: unknown[]) =>
      ((await load())[name] as Call)(...args);
  return Object.fromEntries(names.map((name) => [name, toMember(name)])) as Pick<T, N>;
}
