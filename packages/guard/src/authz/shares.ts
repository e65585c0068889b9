import { AuthError, type Principal } from '../core/index.ts';
import { toPermission } from './permission.ts';
import { engineOf, type Permissions } from './permissions.ts';
import { findResource, type Resource, toUnusable } from './resource-list.ts';
import { requestAccess } from './share-request.ts';
import { listShares, type Share } from './share-tickets.ts';

/** A scope of a resource, and the user to share it with. A {@link Share} is one. */
export interface ShareTarget {
  /** Id of the resource. */
  readonly resourceId: string;
  /** Name of the scope. */
  readonly scope: string;
  /** User id (`sub`) of the other user. */
  readonly requester: string;
}

/**
 * Lets owners share resources with others (User-Managed Access). Each call names the acting user and does what that user
 * may do: owners share, others ask. A share takes effect on permissions within `permissionSeconds`. All methods also reject
 * with an `AuthError` `token_…` if the user's token is no longer valid, `provider_unavailable` or `provider_misconfigured`.
 */
export interface Shares {
  /**
   * Lists what the user shares or is asked to share (`by: 'owner'`, the default), or what the user has or has asked for
   * (`by: 'requester'`).
   *
   * @example
   * const open = await shares.list(principal, { isGranted: false });
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
   * Asks the owner for a scope. Keycloak keeps the request until the owner grants or revokes it.
   *
   * @returns `requested`; `granted` if the user already has it; `refused` if the owner cannot share it
   * @throws {AuthError} rejects with `permission_denied` if there is no such resource or scope
   * @throws {PermissionSyntaxError} rejects with one for a wrong id or scope
   * @example
   * const state = await shares.request(principal, { resourceId: album.id, scope: 'view' });
   */
  request(
    who: Principal<object>,
    wanted: Omit<ShareTarget, 'requester'>,
  ): Promise<'granted' | 'requested' | 'refused'>;
  /**
   * Shares a scope, or agrees to a request. Repeating it changes nothing.
   *
   * @throws {AuthError} rejects with `permission_denied` unless the user owns the resource and it may be shared
   * @throws {PermissionSyntaxError} rejects with one for a wrong id or scope
   * @example
   * await shares.grant(principal, { resourceId: album.id, scope: 'view', requester: friend.id });
   */
  grant(owner: Principal<object>, target: ShareTarget): Promise<void>;
  /**
   * Ends a share, or refuses a request. The owner and the other user may do it. Repeating it changes nothing.
   *
   * @throws {AuthError} rejects with `permission_denied` for any other user
   * @throws {PermissionSyntaxError} rejects with one for a wrong id or scope
   * @example
   * for (const share of await shares.list(principal)) await shares.revoke(principal, share);
   */
  revoke(who: Principal<object>, target: ShareTarget): Promise<void>;
}

/**
 * Lets users share what they own, with permission tickets of Keycloak's protection API. The API acts with its own token, so
 * it checks the owner first. Register resources with their owner by the Admin API: the protection API makes its caller the
 * owner.
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

  /** @throws {AuthError} `token_…` if the user's token is no longer valid */
  async function subjectOf(who: Principal<object>): Promise<string> {
    await judge.tokenFor(who);
    if (who.subject !== null) return who.subject;
    throw new AuthError('permission_denied', 'The token names no user: the client needs the scope basic');
  }

  function findTickets({ resourceId, scope, requester }: ShareTarget): Promise<Share[]> {
    return listShares(api, { resourceId, requester }).then((all) => all.filter((one) => one.scope === scope));
  }

  /** Gives everybody else the same answer, so that nobody learns which resources exist. */
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
          `This Keycloak lets an API share only what was asked for (${answer.seen}): update Keycloak, or let the other user ask first`,
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

/** @throws {PermissionSyntaxError} or a `TypeError` if a part is not a text */
function assertTarget({ resourceId, scope, requester }: ShareTarget): void {
  toPermission({ resourceId, scope: String(scope) });
  if (typeof requester !== 'string' || requester === '')
    throw new TypeError('A share needs the id of a user');
}

function denied(reason: string): AuthError {
  return new AuthError('permission_denied', reason);
}
