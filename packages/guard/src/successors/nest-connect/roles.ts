import type { Requirements } from '../../core/index.ts';
import { toGuard } from '../../core/index.ts';
import type { RoleMatch } from './constants.ts';

/** The roles of one class or handler. */
interface RoleData {
  readonly roles?: readonly string[];
  readonly mode?: RoleMatch;
}

const KEY = Symbol.for('keycloak-guard.nest-connect.roles');

/** @throws {TypeError} or an `OptionsError` for roles that can never be met */
export function addRoles(on: object, added: RoleData): void {
  if (added.roles !== undefined) toGuard(toRequirements(added.roles, added.mode), 'this-api');
  Reflect.defineMetadata(KEY, { ...(Reflect.getOwnMetadata(KEY, on) as RoleData), ...added }, on);
}

/**
 * Requires the roles of a handler, its class and the classes it extends, all of them. `null` if there are none.
 */
export function rolesOf(controller: object, handler: object): Requirements | null {
  const required: Requirements[] = [];
  let isAll = false;
  for (const { roles, mode } of outermostFirst(controller, handler)) {
    isAll ||= mode === 'all';
    if (roles !== undefined) required.push(toRequirements(roles, isAll ? 'all' : 'any'));
  }
  if (required.length === 0) return null;
  return required.length === 1 ? (required[0] as Requirements) : { allOf: required };
}

function outermostFirst(controller: object, handler: object): RoleData[] {
  const found: object[] = [handler];
  for (let one: object | null = controller; one !== null; one = Object.getPrototypeOf(one)) found.push(one);
  return found.reverse().flatMap((one) => (Reflect.getOwnMetadata(KEY, one) as RoleData | undefined) ?? []);
}

function toRequirements(roles: readonly string[], mode: RoleMatch = 'any'): Requirements {
  const each = roles.map(toRequirement);
  if (each.length === 0) throw new TypeError('@Roles() needs a role: without one it would let everybody in');
  return mode === 'all' ? { allOf: each } : { anyOf: each };
}

/** `realm:<role>`, `<client>:<role>`, or a role of this client. */
function toRequirement(role: string): Requirements {
  const at = role.indexOf(':');
  if (at === -1) return { clientRole: role };
  const [where, name] = [role.slice(0, at), role.slice(at + 1)];
  return where === 'realm' ? { realmRole: name } : { clientRole: { [where]: name } };
}
