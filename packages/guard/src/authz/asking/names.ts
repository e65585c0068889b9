import {
  createBoundedCache,
  createSingleFlight,
  personOfClaims,
  readCompactJws,
} from '../../core/internal.ts';
import type { AuthzContext } from '../keycloak/context.ts';
import {
  findOwnResource,
  findResource,
  type ProtectionApi,
  type Resource,
} from '../keycloak/protection-api.ts';
import { keyOf, type Permission } from './permission.ts';

/** Permissions that guards ask at every request: they can be looked up before the first one. */
export type KnownNames = ReturnType<typeof createKnownNames>;

/** An application that makes a guard for each request must not fill the memory with its callers' names. */
const MOST = 10_000;

export function createKnownNames(most = MOST) {
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
    /** Each once. Rejects as the functions of `addLater` do. */
    async all(): Promise<readonly Permission[]> {
      const late = await Promise.all(later.map((find) => find()));
      add(late.flat());
      return [...known.values()];
    },
  };
}

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
        const existing = await look(api, clientId, group[0] as Permission);
        unknown.push(...group.filter((one) => !has(existing, one)));
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

/** Without a scope, the resource must have none. */
function has(resource: Resource | undefined, { scope }: Permission): boolean {
  if (resource === undefined) return false;
  return scope === undefined ? resource.scopes.length === 0 : resource.scopes.includes(scope);
}

export type Catalog = ReturnType<typeof createCatalog>;

interface Entry extends Pick<Resource, 'id' | 'scopes'> {
  /** Unit: milliseconds since 1970. */
  readonly readAt: number;
}

const MAX_NAMES = 10_000;
/** A resource with more scopes is looked up each time: the server may be a tenant's own. Unit: characters. */
const MOST_OF_ONE = 10_000;
/** Names that Keycloak does not know are kept apart, so that made-up ones take the place of none that exists. */
const MAX_MISSING = 1_000;
/** An older entry is read again if it lacks a scope, or a resource is missing: they may have been added. Unit: milliseconds. */
const YOUNG_MS = 1_000;

export function createCatalog(
  context: AuthzContext,
  api: ProtectionApi,
  names: Pick<KnownNames, 'hasResource'>,
) {
  const known = createBoundedCache<Entry>(MAX_NAMES);
  // By name, the time at which it was missing. Unit: milliseconds since 1970.
  const missing = createBoundedCache<number>(MAX_MISSING);
  const once = createSingleFlight<Entry | undefined>();

  /** The user whose slots a look-up takes; `undefined` for the names of guards: those are the API's. */
  function payerOf(name: string, token: string | undefined): string | undefined {
    if (token === undefined || names.hasResource(name)) return undefined;
    return personOfClaims(readCompactJws(token).payload());
  }

  async function load(name: string, payer: string | undefined): Promise<Entry | undefined> {
    const readAt = context.clock();
    const calls = payer === undefined ? api : api.onBehalfOf(payer);
    const resource = await findOwnResource(calls, context.clientId, name);
    if (resource === undefined) {
      known.delete(name);
      missing.set(name, readAt);
      return undefined;
    }
    const entry = { id: resource.id, scopes: resource.scopes, readAt };
    if (JSON.stringify(entry).length <= MOST_OF_ONE) known.set(name, entry);
    else known.delete(name);
    return entry;
  }

  /** Concurrent calls of one payer share a request: that of another may wait for its slot. */
  function loadOnce(name: string, token: string | undefined): Promise<Entry | undefined> {
    if (isYoung(missing.get(name))) return Promise.resolve(undefined);
    const payer = payerOf(name, token);
    return once(JSON.stringify([payer, name]), () => load(name, payer));
  }

  /** Milliseconds since it was read; infinite if the clock was set back. */
  function ageOf({ readAt }: Pick<Entry, 'readAt'>): number {
    const age = context.clock() - readAt;
    return age >= 0 ? age : Number.POSITIVE_INFINITY;
  }

  function isYoung(readAt: number | undefined): boolean {
    return readAt !== undefined && ageOf({ readAt }) < Math.min(YOUNG_MS, context.permissionMs);
  }

  return {
    /**
     * The id of a permission's resource, or `unknown` if the resource or its scope does not exist.
     *
     * Permissions are asked by id, never by name: Keycloak also takes a name for an id, and for the name of the caller's own
     * resource. A user who may register resources could choose either and be granted what belongs to somebody else.
     *
     * @param token of the caller who asks: a name that no guard has may be the caller's invention, and its look-up takes a slot
     * of that user
     */
    async idOf(
      { resource: name, resourceId, scope }: Permission,
      token?: string,
    ): Promise<string | 'unknown'> {
      if (name === undefined) return resourceId;
      let entry = known.get(name);
      const isAll = (one: Entry) => scope === undefined || one.scopes.includes(scope);
      if (entry === undefined || ageOf(entry) >= context.permissionMs) entry = await loadOnce(name, token);
      else if (!isAll(entry) && ageOf(entry) >= YOUNG_MS) entry = await loadOnce(name, token);
      return entry !== undefined && isAll(entry) ? entry.id : 'unknown';
    },
    forget: (name: string): void => known.delete(name),
  };
}
