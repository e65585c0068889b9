import { keyOf, type Permission } from './permission.ts';
import type { ProtectionApi } from './protection-api.ts';
import { findOwnResource, findResource, type Resource } from './resource-list.ts';

/** What guards ask at every request: it can be looked up before the first one. */
export type NamedPermissions = ReturnType<typeof createNamedPermissions>;

/** An application that makes a guard for each request must not fill the memory with what its callers name. */
const MOST = 10_000;

export function createNamedPermissions(most = MOST) {
  const known = new Map<string, Permission>();
  const resources = new Set<string>();
  const later: (() => Promise<readonly Permission[]>)[] = [];
  const add = (permissions: readonly Permission[]): void => {
    for (const one of permissions) {
      if (known.size >= most) return;
      known.set(keyOf(one), one);
      if (one.resource !== undefined) resources.add(one.resource);
    }
  };
  return {
    add,
    /** Whether a guard asks for this resource at every request. */
    hasResource: (name: string): boolean => resources.has(name),
    /** Known only after Keycloak was asked. */
    addLater: (find: () => Promise<readonly Permission[]>) => void later.push(find),
    /** Each once. Rejects as what was added for later does. */
    async all(): Promise<readonly Permission[]> {
      const found = await Promise.all(later.map((find) => find()));
      add(found.flat());
      return [...known.values()];
    },
  };
}

/** Look-ups at once. */
const AT_ONCE = 20;

/**
 * Those whose resource or scope Keycloak does not have.
 *
 * @throws {AuthError} as `ProtectionApi.call` does
 */
export async function findUnknown(
  api: ProtectionApi,
  clientId: string,
  permissions: readonly Permission[],
): Promise<Permission[]> {
  const byResource = new Map<string, Permission[]>();
  for (const one of permissions) {
    const { scope: _, ...resource } = one;
    const key = keyOf(resource);
    byResource.set(key, [...(byResource.get(key) ?? []), one]);
  }
  const unknown: Permission[] = [];
  const groups = [...byResource.values()];
  for (let at = 0; at < groups.length; at += AT_ONCE) {
    await Promise.all(
      groups.slice(at, at + AT_ONCE).map(async (group) => {
        const found = await look(api, clientId, group[0] as Permission);
        unknown.push(...group.filter((one) => !has(found, one)));
      }),
    );
  }
  return unknown;
}

function look(
  api: ProtectionApi,
  clientId: string,
  { resource, resourceId }: Permission,
): Promise<Resource | undefined> {
  if (resourceId !== undefined) return findResource(api, resourceId);
  return findOwnResource(api, clientId, resource as string);
}

/** Without a scope a resource is meant that has none. */
function has(resource: Resource | undefined, { scope }: Permission): boolean {
  if (resource === undefined) return false;
  return scope === undefined ? resource.scopes.length === 0 : resource.scopes.includes(scope);
}
