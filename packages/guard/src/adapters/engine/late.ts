import { then } from '../../core/internal.ts';
import type { OwnCall } from './parts/calls.ts';

// Functions whose making is put off: until a part is loaded, or the application's options are known.

// biome-ignore lint/suspicious/noExplicitAny: what it is called with is passed on
type Call = (...args: any[]) => any;

/** A function that is made when it is called. */
export function toLate<F extends Call>(make: () => F | Promise<F>): F {
  return ((...args) => then(make(), (made) => made(...args))) as F;
}

/** The same of a call that can say as the client of which tenant. */
export function toLateOwn<AppRequest, F extends Call>(
  make: () => OwnCall<AppRequest, F> | Promise<OwnCall<AppRequest, F>>,
): OwnCall<AppRequest, F> {
  const by = (select: (made: OwnCall<AppRequest, F>) => F) => toLate<F>(() => then(make(), select));
  return Object.assign(
    by((made) => made),
    {
      of: (who: Parameters<OwnCall<AppRequest, F>['of']>[0]) => by(({ of }) => of(who)),
      ofTenant: (name: string) => by(({ ofTenant }) => ofTenant(name)),
    },
  );
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
