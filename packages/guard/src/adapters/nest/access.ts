import type { ExecutionContext } from '@nestjs/common';
import type { Principal, Requirements } from '../../core/index.ts';
import type {
  Decide,
  Engine,
  GuardRequirements,
  PermitOptions,
  PermitRule,
  PushedClaims,
  RequestGuardOptions,
} from '../engine/internal.ts';
import type { Call, KeycloakRequest } from './call.ts';
import type { Registered } from './handlers.ts';

/** A function given to `@Permission`. It gets Express's or Fastify's request, and Nest's context for everything else. */
export type OfRequest<T> = (
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  request: any,
  principal: Principal,
  context: ExecutionContext,
) => T | Promise<T>;

/** Options of `@Permission`; see `PermitOptions` of `keycloak-guard/authz`. */
export type PermissionOptions = Omit<PermitOptions<never>, 'owner' | 'claims'> & {
  readonly owner?: OfRequest<string | null | undefined> | undefined;
  readonly claims?: OfRequest<PushedClaims> | undefined;
};

/** The rule of one `@Permission`. */
export interface RequiredPermission {
  readonly rule: PermitRule | OfRequest<PermitRule>;
  readonly options: PermissionOptions;
}

/** All permissions, asked in order; `undefined` if none is required. @throws {Error} if permissions are not turned on */
export function toPermit(
  permits: Engine<Call, Call>['permits'],
  required: readonly RequiredPermission[],
): Decide<Call> | undefined {
  const [first, ...others] = required.map(({ rule, options }) =>
    permits.permit(rule as PermitRule, options as PermitOptions<unknown>),
  );
  return first && others.reduce(toBoth, first);
}

/** Asks the second only if the first is granted. */
function toBoth(first: Decide<Call>, second: Decide<Call>): Decide<Call> {
  return (...args) => {
    const decided = first(...args);
    return decided === undefined ? second(...args) : decided.then(() => second(...args));
  };
}

/** The requirement of one decorator: a function gets the platform's request and Nest's context. */
export type Required = GuardRequirements<KeycloakRequest, Requirements>;

/** The demands of the decorators of one class, or of one handler. */
export interface Access {
  readonly isPublic: boolean;
  readonly isOptional: boolean;
  /** Whether the guard of the MCP server decides first. */
  readonly isMcp: boolean;
  /** All of them must be met. */
  readonly requirements: readonly Required[];
  /** All of them must be granted. */
  readonly permissions: readonly RequiredPermission[];
}

/** Shared by every copy of this package: an application may load it as an ES module and as CommonJS. */
const KEY = Symbol.for('keycloak-guard.access');
const NOTHING: Access = {
  isPublic: false,
  isOptional: false,
  isMcp: false,
  requirements: [],
  permissions: [],
};

/** @param on a class, or the handler function */
export function accessOf(on: object): Access | undefined {
  return Reflect.getOwnMetadata(KEY, on) as Access | undefined;
}

/** Decorators on one class or handler add up. @throws {TypeError} if one of them opens what another guards */
export function addAccess(on: object, added: Partial<Access>): void {
  const before = accessOf(on) ?? NOTHING;
  const access: Access = {
    isPublic: before.isPublic || added.isPublic === true,
    isOptional: before.isOptional || added.isOptional === true,
    isMcp: before.isMcp || added.isMcp === true,
    requirements: [...before.requirements, ...(added.requirements ?? [])],
    permissions: [...before.permissions, ...(added.permissions ?? [])],
  };
  const required = access.requirements.length + access.permissions.length;
  if (access.isPublic && (access.isOptional || access.isMcp || required > 0)) {
    throw new TypeError(`${nameOf(on)}: @Public() stands beside a decorator that guards; keep one of them`);
  }
  Reflect.defineMetadata(KEY, access, on);
}

/** Whether what guards a method is missing on the function that stands in its place. */
export function isAccessLost(decorated: object, called: object): boolean {
  const [before, now] = [accessOf(decorated) ?? NOTHING, accessOf(called)];
  if (before.isPublic) return false;
  if (now === undefined) return true;
  return !(
    (!before.isMcp || now.isMcp) &&
    before.requirements.every((one) => now.requirements.includes(one)) &&
    before.permissions.every((one) => now.permissions.includes(one))
  );
}

/**
 * Everything that a handler, its class and the classes it extends require. `@Public()` removes requirements further out,
 * never those further in.
 *
 * @returns `null` if the handler is open to everybody
 */
export function toGuardOptions(
  controller: object,
  handler: object,
): RequestGuardOptions<KeycloakRequest> | null {
  const requirements: Required[] = [];
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

/** Permissions of a handler and its classes, outermost first. `@Public()` removes those further out. */
export function permissionsOf(controller: object, handler: object): RequiredPermission[] {
  const permissions: RequiredPermission[] = [];
  for (const access of levelsOf(controller, handler)) {
    if (access.isPublic) break;
    permissions.unshift(...access.permissions);
  }
  return permissions;
}

/** Whether a handler, or a class of it, is an MCP server. */
export function isMcp(controller: object, handler: object): boolean {
  for (const access of levelsOf(controller, handler)) {
    if (access.isPublic) return false;
    if (access.isMcp) return true;
  }
  return false;
}

/** Nearest first. */
function levelsOf(controller: object, handler: object): Access[] {
  return [handler, ...lineageOf(controller)].flatMap((one) => accessOf(one) ?? []);
}

/** A class and the classes it extends, nearest first. */
export function lineageOf(controller: object): object[] {
  const classes: object[] = [];
  for (let one: object | null = controller; one !== null; one = Object.getPrototypeOf(one)) classes.push(one);
  return classes;
}

function merge(requirements: readonly Required[]): RequestGuardOptions<KeycloakRequest, Requirements> {
  // `allOf` refuses an empty requirement, which asks for a token and nothing else.
  const some = requirements.filter((one) => typeof one === 'function' || Object.keys(one).length > 0);
  const [only = {}] = some;
  // A function has no members: spread out it would require nothing.
  return some.length > 1 || typeof only === 'function' ? { allOf: some } : only;
}

function nameOf(on: object): string {
  return (on as { name?: string }).name ?? 'A handler';
}

/** The arguments of a decorator. */
export type Decorated = [target: object, key?: string | symbol, descriptor?: PropertyDescriptor];

/** A method that a decorator stood on, by its name. */
interface Remembered {
  readonly name: string | symbol;
  readonly method: object;
}

/** Shared by every copy of this package, as the metadata of {@link lineageOf}'s classes is. */
const DECORATED = Symbol.for('keycloak-guard.decorated');

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
    Reflect.defineMetadata(DECORATED, [...before, { name, method }], target);
  }
  return method;
}

/** Reads what decorators wrote, for {@link findReplaced}. */
export interface Written {
  /** Whether the function that Nest calls lacks something that was written on the decorated one. */
  isLost(decorated: object, called: object): boolean;
  /** Whether a decorator, also one that opens, stands on a class or a method itself. */
  isMarked(on: object): boolean;
}

/**
 * Handlers without what was required of the method in whose place they are: another decorator put a function there, or a class that
 * extends the decorated one has a method of that name, and says nothing of who may call it.
 */
export function findReplaced({ controller, handlers }: Registered, { isLost, isMarked }: Written): string[] {
  const levels = lineageOf(controller.prototype);
  const methodOf = (level: object, name: string | symbol): unknown =>
    Object.getOwnPropertyDescriptor(level, name)?.value;
  const advice = new Map<unknown, string>();
  for (const level of levels) {
    for (const { name, method } of rememberedIn(level)) {
      const here = methodOf(level, name);
      if (typeof here === 'function' && here !== method && isLost(method, here)) advice.set(here, REPLACED);
      const last = levels.find((one) => typeof methodOf(one, name) === 'function');
      // A decorator above made an accessor of it, which Nest takes for no handler.
      if (last === undefined) continue;
      const called = methodOf(last, name) as object;
      const isSilent = last !== level && !isMarked(called) && !isMarked(last.constructor);
      if (isSilent && isLost(method, called)) advice.set(called, OVERRIDDEN);
    }
  }
  return handlers
    .filter(({ kinds, method }) => kinds.length > 0 && advice.has(method))
    .map(({ name, method }) => `${name}: ${advice.get(method)}`);
}

const REPLACED =
  'another decorator replaced it by a function that has none of this. Write that decorator below this one';
const OVERRIDDEN =
  'it stands in the place of a guarded method of the class that this one extends, and has none of its decorators. Repeat them here, or open it with @Public()';

function rememberedIn(level: object): readonly Remembered[] {
  return (Reflect.getOwnMetadata(DECORATED, level) as readonly Remembered[] | undefined) ?? [];
}
