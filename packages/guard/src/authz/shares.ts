import { AuthError, type Principal } from '../core/index.ts';
import { toPermission } from './permission.ts';
import { engineOf, type Permissions } from './permissions.ts';
import { findResource, type Resource, toUnusable } from './resource-list.ts';
import { requestAccess } from './share-request.ts';
import { listShares, type Share } from './share-tickets.ts';

/** Whom a scope of a resource is shared with. A {@link Share} is one. */
export interface ShareTarget {
  readonly resourceId: string;
  readonly scope: string;
  /** User id (`sub`). */
  readonly requester: string;
}

/**
 * What owners share with others (User-Managed Access). Each call names who acts, and does what they may: the owner of a
 * resource shares it, whoever else asks to. A share counts for permissions within `permissionSeconds`.
 */
export interface Shares {
  /**
   * What the caller shares with others, or is asked to share (`by: 'owner'`, the default); or what others share with the
   * caller, and the caller asked for (`by: 'requester'`).
   */
  list(
    who: Principal<object>,
    filter?: {
      readonly by?: 'owner' | 'requester';
      readonly resourceId?: string;
      readonly isGranted?: boolean;
    },
  ): Promise<readonly Share[]>;
  /**
   * Asks the owner for a scope: Keycloak keeps the request until the owner grants it, or revokes it. `granted`: the caller
   * has it already. `refused`: the owner cannot share it.
   */
  request(
    who: Principal<object>,
    wanted: Omit<ShareTarget, 'requester'>,
  ): Promise<'granted' | 'requested' | 'refused'>;
  /**
   * Shares, or agrees to a request. Once more changes nothing.
   *
   * @throws {AuthError} `permission_denied` unless the caller owns the resource, and it may be shared
   */
  grant(owner: Principal<object>, target: ShareTarget): Promise<void>;
  /**
   * Ends a share, or refuses a request: the owner, and whoever it is for. Once more changes nothing.
   *
   * @throws {AuthError} `permission_denied` for anybody else
   */
  revoke(who: Principal<object>, target: ShareTarget): Promise<void>;
}

/**
 * Lets users share what they own, by the tickets of Keycloak's protection API. The API acts as itself, so it looks first
 * who owns what. Resources are registered with their owner by the Admin API: the protection API gives them to whoever
 * calls it.
 *
 * @throws {TypeError} for permissions that `createPermissions` did not make
 * @see Keycloak, Authorization Services Guide: "Managing permission requests"
 * @example
 * const shares = createShares(permissions);
 * await shares.grant(principal, { resourceId: album.id, scope: 'view', requester: friend.id });
 */
export function createShares(permissions: Permissions): Shares {
  const engine = engineOf(permissions);
  const { api, judge } = engine;

  /** @throws {AuthError} `token_…` where the token of the caller is no longer good */
  async function subjectOf(who: Principal<object>): Promise<string> {
    await judge.tokenFor(who);
    if (who.subject !== null) return who.subject;
    throw new AuthError('permission_denied', 'The token names no user: the client needs the scope basic');
  }

  function findTickets({ resourceId, scope, requester }: ShareTarget): Promise<Share[]> {
    return listShares(api, { resourceId, requester }).then((all) => all.filter((one) => one.scope === scope));
  }

  /** One answer for all others: nobody learns of a resource by it. */
  async function ownedBy(subject: string, resourceId: string): Promise<Resource> {
    const resource = await findResource(api, resourceId);
    if (resource?.ownerId === subject) return resource;
    throw denied('The caller owns no such resource');
  }

  return {
    async list(who, { by = 'owner', resourceId, isGranted } = {}) {
      const subject = await subjectOf(who);
      return listShares(api, { resourceId, isGranted, [by]: subject });
    },
    async request(who, { resourceId, scope }) {
      assertTarget({ resourceId, scope, requester: await subjectOf(who) });
      return requestAccess(engine, await judge.tokenFor(who), resourceId, scope);
    },
    async grant(owner, target) {
      assertTarget(target);
      const { resourceId: resource, scope: scopeName, requester } = target;
      const { isOwnerManaged, scopes } = await ownedBy(await subjectOf(owner), resource);
      if (!isOwnerManaged) throw denied('"User-Managed Access" of the resource is off in Keycloak');
      if (!scopes.includes(scopeName)) throw denied('The resource has no such scope');
      const known = await findTickets(target);
      if (known.some(({ isGranted }) => isGranted)) return;
      const asked = known[0];
      const answer =
        asked === undefined
          ? await api.call('POST', 'permission/ticket', { resource, requester, scopeName, granted: true })
          : await api.call('PUT', 'permission/ticket', {
              id: asked.id,
              resource,
              requester,
              scopeName,
              granted: true,
            });
      if (answer.status < 300) return;
      if (answer.status === 403) {
        throw new AuthError(
          'provider_misconfigured',
          `This Keycloak lets an API share nothing for an owner that was not asked for (${answer.seen}): update it, or let the other user ask first`,
        );
      }
      if (answer.status === 400) throw denied(`Keycloak does not share it (${answer.seen})`);
      throw toUnusable(answer);
    },
    async revoke(who, target) {
      assertTarget(target);
      const subject = await subjectOf(who);
      if (subject !== target.requester) await ownedBy(subject, target.resourceId);
      const known = await findTickets(target);
      for (const { id } of known) {
        const answer = await api.call('DELETE', `permission/ticket/${encodeURIComponent(id)}`);
        if (answer.status >= 300 && answer.status !== 404) throw toUnusable(answer);
      }
    },
  };
}

/** @throws {PermissionSyntaxError} or `TypeError` where a part is no text */
function assertTarget({ resourceId, scope, requester }: ShareTarget): void {
  toPermission({ resourceId, scope: String(scope) });
  if (typeof requester !== 'string' || requester === '')
    throw new TypeError('A share needs the id of a user');
}

function denied(reason: string): AuthError {
  return new AuthError('permission_denied', reason);
}
