import { createBoundedCache } from '../core/internal.ts';
import type { AuthzContext } from './context.ts';
import type { Permission } from './permission.ts';
import type { ProtectionApi } from './protection-api.ts';
import { findOwnResource, type Resource } from './resource-list.ts';

/** Looks up resources by name. */
export interface Catalog {
  /**
   * The id of a permission's resource, or `unknown` if there is no such resource or it has no such scope.
   *
   * Permissions are asked by id, never by name: Keycloak also takes a name for an id, and for the name of the caller's own
   * resource. A user who may register resources could choose either and be granted what belongs to somebody else.
   */
  idOf(permission: Permission): Promise<string | 'unknown'>;
  /** Looks the name up again next time. */
  forget(name: string): void;
}

interface Entry {
  readonly resource: Resource;
  /** Unit: milliseconds since 1970. */
  readonly readAt: number;
}

const MAX_NAMES = 10_000;
/** An older entry is read again if it lacks a scope, which may have been added since. Unit: milliseconds. */
const YOUNG_MS = 1_000;

export function createCatalog(context: AuthzContext, api: ProtectionApi): Catalog {
  const known = createBoundedCache<Entry>(MAX_NAMES);
  const pending = new Map<string, Promise<Entry | undefined>>();

  async function load(name: string): Promise<Entry | undefined> {
    const readAt = context.clock();
    const resource = await findOwnResource(api, context.clientId, name);
    if (resource === undefined) {
      known.delete(name);
      return undefined;
    }
    const entry = { resource, readAt };
    known.set(name, entry);
    return entry;
  }

  /** Concurrent callers share one request. */
  function loadOnce(name: string): Promise<Entry | undefined> {
    let loading = pending.get(name);
    if (loading === undefined) {
      loading = load(name).finally(() => pending.delete(name));
      pending.set(name, loading);
    }
    return loading;
  }

  /** Milliseconds since it was read; infinite if the clock was set back. */
  function ageOf({ readAt }: Entry): number {
    const age = context.clock() - readAt;
    return age >= 0 ? age : Number.POSITIVE_INFINITY;
  }

  return {
    async idOf({ resource: name, resourceId, scope }) {
      if (name === undefined) return resourceId;
      let entry = known.get(name);
      const isAll = (one: Entry) => scope === undefined || one.resource.scopes.includes(scope);
      if (entry === undefined || ageOf(entry) >= context.permissionMs) entry = await loadOnce(name);
      else if (!isAll(entry) && ageOf(entry) >= YOUNG_MS) entry = await loadOnce(name);
      return entry !== undefined && isAll(entry) ? entry.resource.id : 'unknown';
    },
    forget: (name) => known.delete(name),
  };
}
