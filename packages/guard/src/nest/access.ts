import type { Requirements } from '../core/index.ts';
import type { GuardOptions } from '../core/internal.ts';

/** What the decorators say about one controller class, or about one handler. */
export interface Access {
  readonly isPublic: boolean;
  readonly isOptional: boolean;
  /** All of them must be met. */
  readonly requirements: readonly Requirements[];
}

/** The same in each copy of this package: an application may have it as an ES module and as CommonJS. */
const KEY = Symbol.for('keycloak-guard.access');
const NOTHING: Access = { isPublic: false, isOptional: false, requirements: [] };

/** @param on a class, or the function that handles */
export function accessOf(on: object): Access | undefined {
  return Reflect.getOwnMetadata(KEY, on) as Access | undefined;
}

/** Several decorators on one class or handler add up. @throws {TypeError} where one opens and another one guards */
export function addAccess(on: object, added: Partial<Access>): void {
  const before = accessOf(on) ?? NOTHING;
  const access: Access = {
    isPublic: before.isPublic || added.isPublic === true,
    isOptional: before.isOptional || added.isOptional === true,
    requirements: [...before.requirements, ...(added.requirements ?? [])],
  };
  if (access.isPublic && (access.isOptional || access.requirements.length > 0)) {
    throw new TypeError(
      `${nameOf(on)}: @Public() stands beside a decorator that guards; only one can be meant`,
    );
  }
  Reflect.defineMetadata(KEY, access, on);
}

/**
 * What a request to a handler has to bring: what the handler requires, and its class, and the classes that it extends, all
 * of it. `@Public()` takes away what is required further out, never what is required further in.
 *
 * @returns `null`: nobody is asked who they are
 */
export function toGuardOptions(controller: object, handler: object): GuardOptions | null {
  const requirements: Requirements[] = [];
  let optional: boolean | undefined;
  for (const access of levelsOf(controller, handler)) {
    if (access.isPublic) {
      if (optional === undefined) return null;
      break;
    }
    requirements.push(...access.requirements);
    optional ??= access.isOptional;
  }
  return { ...merge(requirements), optional: optional ?? false };
}

/** The nearest first. */
function* levelsOf(controller: object, handler: object): Generator<Access> {
  const own = accessOf(handler);
  if (own !== undefined) yield own;
  for (let one: object | null = controller; one !== null; one = Object.getPrototypeOf(one)) {
    const access = accessOf(one);
    if (access !== undefined) yield access;
  }
}

function merge(requirements: readonly Requirements[]): Requirements {
  // What requires nothing beside a token cannot stand in a list.
  const some = requirements.filter((one) => Object.keys(one).length > 0);
  return some.length > 1 ? { allOf: some } : (some[0] ?? {});
}

function nameOf(on: object): string {
  return (on as { name?: string }).name ?? 'A handler';
}
