import type { CustomDecorator } from '@nestjs/common';
import { type Principal, type Requirements, toGuard } from 'keycloak-guard';
import { type Decorated, lineageOf, toMarked } from 'keycloak-guard/unstable/nest';
import { attachPrincipal, Token } from '../express/token.ts';
import { META_ROLE_MATCHING_MODE, META_ROLES, META_UNPROTECTED, type RoleMatch } from './constants.ts';

/** The guard that reads what a decorator wrote. */
export type Reader = 'RoleGuard' | 'ResourceGuard';

const KEY = Symbol.for('keycloak-guard.nest-connect.readers');

/** Writes metadata on a class or handler, and remembers which guard must read it. */
export function mark(metadata: Readonly<Record<string, unknown>>, reader?: Reader): CustomDecorator {
  const [key = ''] = Object.keys(metadata);
  const decorator = (...decorated: Decorated): void => {
    const on = toMarked(decorated);
    for (const [name, value] of Object.entries(metadata)) Reflect.defineMetadata(name, value, on);
    if (reader !== undefined) Reflect.defineMetadata(KEY, [...readersOf(on), reader], on);
  };
  return Object.assign(decorator, { KEY: key }) as CustomDecorator;
}

/** The guards that a class (with those that it extends) or a handler needs. */
export function readersOf(on: object): readonly Reader[] {
  return (Reflect.getMetadata(KEY, on) as readonly Reader[] | undefined) ?? [];
}

/** Whether a guard would miss, on the function in the place of a method, what was written on that. */
export function isMarkLost(decorated: object, called: object): boolean {
  const read = readersOf(called);
  return readersOf(decorated).some((one) => !read.includes(one));
}

/** Whether a decorator stands on a class or a method, and not only on one that it extends. */
export const isMarkedItself = (on: object): boolean =>
  [KEY, META_UNPROTECTED].some((key) => Reflect.getOwnMetadata(key, on) !== undefined);

/** @throws {TypeError} or an `OptionsError` for roles that can never be met, or that are no roles */
export function assertRoles(value: unknown): void {
  const { roles, mode } = readRoles(value);
  toGuard(toRequirements(roles, mode), 'this-api');
}

/**
 * Requires the roles of a handler, its class and the classes it extends, all of them. `null` if there are none.
 *
 * @throws {TypeError} if the metadata is in no shape that nest-keycloak-connect writes
 */
export function rolesOf(controller: object, handler: object): Requirements | null {
  const required: Requirements[] = [];
  let isAll = false;
  // Outermost first.
  for (const on of [handler, ...lineageOf(controller)].reverse()) {
    const value: unknown = Reflect.getOwnMetadata(META_ROLES, on);
    const roles = value === undefined ? undefined : readRoles(value);
    for (const mode of [Reflect.getOwnMetadata(META_ROLE_MATCHING_MODE, on), roles?.mode])
      isAll ||= toMode(mode) === 'all';
    if (roles !== undefined) required.push(toRequirements(roles.roles, isAll ? 'all' : 'any'));
  }
  if (required.length === 0) return null;
  return required.length === 1 ? (required[0] as Requirements) : { allOf: required };
}

interface RoleData {
  readonly roles: readonly string[];
  readonly mode?: RoleMatch | undefined;
}

/** `{ roles, mode }` in 1.x, a list in 2.0. A decorator of the application may have written it. */
function readRoles(value: unknown): RoleData {
  const { roles, mode } = (Array.isArray(value) ? { roles: value } : (value ?? {})) as Partial<RoleData>;
  if (!Array.isArray(roles) || roles.length === 0 || roles.some((role) => typeof role !== 'string'))
    throw new TypeError(
      "@Roles() needs a role: metadata 'roles' must be a list of strings or { roles, mode }. Otherwise it would admit everybody",
    );
  return { roles, mode: toMode(mode) };
}

function toMode(mode: unknown): RoleMatch | undefined {
  if (mode === undefined || mode === 'all' || mode === 'any') return mode;
  throw new TypeError("The mode of @Roles must be 'all' or 'any'");
}

function toRequirements(roles: readonly string[], mode: RoleMatch = 'any'): Requirements {
  const each = roles.map(toRequirement);
  return mode === 'all' ? { allOf: each } : { anyOf: each };
}

/** `realm:<role>`, `<client>:<role>`, or a role of this client. */
function toRequirement(role: string): Requirements {
  const at = role.indexOf(':');
  if (at === -1) return { clientRole: role };
  const [where, name] = [role.slice(0, at), role.slice(at + 1)];
  return where === 'realm' ? { realmRole: name } : { clientRole: { [where]: name } };
}

export function toConnectToken(token: string, principal: Principal, clientId: string): Token {
  const made = new Token(token, clientId);
  attachPrincipal(made, principal);
  return made;
}
