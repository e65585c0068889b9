import { lineageOf } from './access.ts';
import type { Registered } from './handlers.ts';

/** What a decorator is called with. */
export type Decorated = [target: object, key?: string | symbol, descriptor?: PropertyDescriptor];

/** A method that a decorator stood on, by its name. */
interface Remembered {
  readonly name: string | symbol;
  readonly method: object;
}

/** Shared by every copy of this package, as the metadata of {@link lineageOf}'s classes is. */
const KEY = Symbol.for('keycloak-guard.decorated');

/**
 * The class, or the handler function, that metadata is written on. A method is remembered: a decorator above ours may put
 * another function in its place, without the metadata, and Nest would call that one for everybody.
 *
 * @throws {TypeError} for a property that is no method
 */
export function toMarked([target, name, descriptor]: Decorated): object {
  if (name === undefined) return target;
  const method: unknown = descriptor?.value;
  if (typeof method !== 'function') throw new TypeError(`${String(name)} is no method: nothing guards it`);
  const before = rememberedIn(target);
  if (!before.some((one) => one.name === name && one.method === method)) {
    Reflect.defineMetadata(KEY, [...before, { name, method }], target);
  }
  return method;
}

/**
 * Handlers in whose place another decorator put a function that lacks what was required of them.
 *
 * @param isLost whether the function that Nest calls lacks something that was written on the decorated one
 */
export function findReplaced(
  { controller, handlers }: Registered,
  isLost: (decorated: object, called: object) => boolean,
): string[] {
  const replaced = lineageOf(controller.prototype).flatMap((level) =>
    rememberedIn(level).flatMap(({ name, method }) => {
      const called: unknown = Object.getOwnPropertyDescriptor(level, name)?.value;
      return typeof called === 'function' && called !== method && isLost(method, called) ? [called] : [];
    }),
  );
  return handlers
    .filter(({ kinds, method }) => kinds.length > 0 && replaced.some((called) => called === method))
    .map(({ name }) => `${name}: ${ADVICE}`);
}

const ADVICE =
  'another decorator replaced it by a function that has none of this. Write that decorator below this one';

function rememberedIn(level: object): readonly Remembered[] {
  return (Reflect.getOwnMetadata(KEY, level) as readonly Remembered[] | undefined) ?? [];
}
