import { createBoundedCache, createSingleFlight, personOfClaims, readCompactJws } from '../core/internal.ts';
import type { AuthzContext } from './context.ts';
import type { NamedPermissions } from './known-names.ts';
import type { Permission } from './permission.ts';
import type { ProtectionApi } from './protection-api.ts';
import { findOwnResource, type Resource } from './resource-list.ts';

/** Looks up resources by name. */
export type Catalog = ReturnType<typeof createCatalog>;

interface Entry {
  readonly resource: Resource;
  /** Unit: milliseconds since 1970. */
  readonly readAt: number;
}

const MAX_NAMES = 10_000;
/** Names that Keycloak does not know are kept apart, so that made-up ones take the place of none that exists. */
const MAX_MISSING = 1_000;
/** An older entry is read again if it lacks a scope, or a resource is missing: they may have been added. Unit: milliseconds. */
const YOUNG_MS = 1_000;

export function createCatalog(
  context: AuthzContext,
  api: ProtectionApi,
  named: Pick<NamedPermissions, 'hasResource'>,
) {
  const known = createBoundedCache<Entry>(MAX_NAMES);
  // When each was missing. Unit: milliseconds since 1970.
  const missing = createBoundedCache<number>(MAX_MISSING);
  const once = createSingleFlight<Entry | undefined>();

  /** Who pays for a look-up: the API for the names of its guards, else the user who asks. */
  function payerOf(name: string, token: string | undefined): string | undefined {
    if (token === undefined || named.hasResource(name)) return undefined;
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
    const entry = { resource, readAt };
    known.set(name, entry);
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
      const isAll = (one: Entry) => scope === undefined || one.resource.scopes.includes(scope);
      if (entry === undefined || ageOf(entry) >= context.permissionMs) entry = await loadOnce(name, token);
      else if (!isAll(entry) && ageOf(entry) >= YOUNG_MS) entry = await loadOnce(name, token);
      return entry !== undefined && isAll(entry) ? entry.resource.id : 'unknown';
    },
    /** Looks the name up again next time. */
    forget: (name: string): void => known.delete(name),
  };
}
