import { isPlainObject } from '../core/internal.ts';
import type { TenantSettings } from './options.ts';

/** The names of a tenant in one string. None of them holds a line break: `isClean` sees to it. */
export function keyOf({ serverUrl = '', realm = '', clientId = '', tenant = '' }: TenantSettings): string {
  return `${serverUrl}\n${realm}\n${clientId}\n${tenant}`;
}

/** Without a line break, no two tenants have the same key. */
export function isClean(settings: TenantSettings): boolean {
  return keyOf(settings).split('\n').length === 4;
}

/** Whether two settings say the same: the application may make a new object for each request. */
export function isSame(one: TenantSettings, other: TenantSettings): boolean {
  return hasSameMembers(one as never, other as never);
}

function isAlike(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) && one.length === other.length && one.every((item, at) => isAlike(item, other[at]))
    );
  }
  return isPlainObject(one) && isPlainObject(other) && hasSameMembers(one, other);
}

function hasSameMembers(
  one: Readonly<Record<string, unknown>>,
  other: Readonly<Record<string, unknown>>,
): boolean {
  let members = 0;
  for (const name in one) {
    if (!isAlike(one[name], other[name])) return false;
    members++;
  }
  for (const _ in other) members--;
  return members === 0;
}
