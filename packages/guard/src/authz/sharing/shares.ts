import { AuthError, type Principal } from '../../core/index.ts';
import { checkOptions, type OptionRules, optionRules, personOf } from '../../core/internal.ts';
import { toPermission } from '../asking/permission.ts';
import { engineOf, type Permissions, type PermissionsEngine } from '../asking/permissions.ts';
import {
  findResource,
  type ProtectionApi,
  type Resource,
  takeTicket,
  toUnusable,
} from '../keycloak/protection-api.ts';
import { listShares, type Share } from './tickets.ts';

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
   * Lists the shares of the user's own resources (`by: 'owner'`, the default), or those that the user has or asks for
   * (`by: 'requester'`).
   *
   * @throws {OptionsError} (a `TypeError`) rejects with one for another `by`, or an empty or unknown member
   * @example
   * const open = await shares.list(principal, { isGranted: false });
   */
  list(
    caller: Principal<object>,
    filter?: {
      readonly by?: 'owner' | 'requester' | undefined;
      readonly resourceId?: string | undefined;
      readonly isGranted?: boolean | undefined;
    },
  ): Promise<readonly Share[]>;
  /**
   * Asks the owner for a scope. Keycloak keeps the request until the owner grants or revokes it.
   *
   * @returns `requested`; `granted` if the user already has it; `refused` if the owner cannot share it
   * @throws {AuthError} rejects with `permission_denied` if the resource or scope does not exist
   * @throws {PermissionSyntaxError} rejects with one for a wrong id or scope
   * @example
   * const state = await shares.request(principal, { resourceId: album.id, scope: 'view' });
   */
  request(
    caller: Principal<object>,
    target: Omit<ShareTarget, 'requester'>,
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
  revoke(caller: Principal<object>, target: ShareTarget): Promise<void>;
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
  const { judge } = engine;

  /** @throws {AuthError} `token_…` if the user's token is no longer valid */
  async function actAs(caller: Principal<object>): Promise<Acting> {
    const token = await judge.tokenFor(caller);
    const { subject } = caller;
    if (subject !== null) {
      return { subject, token, api: engine.api.onBehalfOf(personOf(caller)) };
    }
    throw new AuthError('permission_denied', 'The token names no user: the client needs the scope basic');
  }

  function findTickets(api: ProtectionApi, { resourceId, scope, requester }: ShareTarget): Promise<Share[]> {
    return listShares(api, { resourceId, requester }).then((all) => all.filter((one) => one.scope === scope));
  }

  /** Refuses everybody else alike, so that nobody learns which resources exist. */
  async function ownedBy({ api, subject }: Acting, resourceId: string): Promise<Resource> {
    const resource = await findResource(api, resourceId);
    if (resource?.ownerId === subject) return resource;
    throw denied('The caller owns no such resource');
  }

  return {
    async list(caller, filter = {}) {
      const { by = 'owner', resourceId, isGranted } = readFilter(filter);
      const { api, subject } = await actAs(caller);
      return listShares(api, { resourceId, isGranted, [by]: subject });
    },
    async request(caller, { resourceId, scope }) {
      const { api, token, subject } = await actAs(caller);
      assertTarget({ resourceId, scope, requester: subject });
      return requestAccess({ api, submit: engine.submit }, token, resourceId, scope);
    },
    async grant(owner, target) {
      assertTarget(target);
      const { resourceId: resource, scope: scopeName, requester } = target;
      const acting = await actAs(owner);
      const { api } = acting;
      const { isOwnerManaged, scopes } = await ownedBy(acting, resource);
      if (!isOwnerManaged) throw denied('"User-Managed Access" of the resource is off in Keycloak');
      if (!scopes.includes(scopeName)) throw denied('The resource has no such scope');
      const known = await findTickets(api, target);
      if (known.some(({ isGranted }) => isGranted)) return;
      const open = known[0];
      const answer =
        open === undefined
          ? await api.call('POST', 'permission/ticket', { resource, requester, scopeName, granted: true })
          : await api.call('PUT', 'permission/ticket', {
              id: open.id,
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
    async revoke(caller, target) {
      assertTarget(target);
      const acting = await actAs(caller);
      const { api } = acting;
      if (acting.subject !== target.requester) await ownedBy(acting, target.resourceId);
      const known = await findTickets(api, target);
      for (const { id } of known) {
        const answer = await api.call('DELETE', `permission/ticket/${encodeURIComponent(id)}`);
        if (answer.status >= 300 && answer.status !== 404) throw toUnusable(answer);
      }
    },
  };
}

/** The user who acts, and the API's calls that are made for that user. */
interface Acting {
  readonly subject: string;
  readonly token: string;
  readonly api: ProtectionApi;
}

/**
 * The filter often comes from a query string. A value that Keycloak would not understand must not widen the list.
 *
 * @throws {OptionsError}
 */
function readFilter(filter: ListFilter): ListFilter {
  checkOptions<ListFilter>('shares.list', filter, FILTER);
  return filter;
}

type ListFilter = NonNullable<Parameters<Shares['list']>[1]>;

const FILTER: OptionRules<ListFilter> = {
  by: optionRules.oneOf('owner', 'requester'),
  resourceId: optionRules.string('must be the id of a resource', 'album.id'),
  isGranted: optionRules.trueOrFalse(false),
};

/** @throws {PermissionSyntaxError} or a `TypeError` if a part is not a string */
function assertTarget({ resourceId, scope, requester }: ShareTarget): void {
  toPermission({ resourceId, scope: String(scope) });
  if (typeof requester !== 'string' || requester === '')
    throw new TypeError('A share needs the id of a user');
}

function denied(reason: string): AuthError {
  return new AuthError('permission_denied', reason);
}

/**
 * Asks for one scope with a ticket. If it is not granted, Keycloak files a request with the owner: only here is
 * `submit_request` on.
 */
async function requestAccess(
  { api, submit }: Pick<PermissionsEngine, 'api' | 'submit'>,
  token: string,
  resourceId: string,
  scope: string,
): Promise<'granted' | 'requested' | 'refused'> {
  const taken = await takeTicket(api, [{ resource_id: resourceId, resource_scopes: [scope] }]);
  if (taken.ticket !== null) return submit(token, taken.ticket);
  // Callers may ask for something that does not exist: that is a refusal, not a fault.
  throw new AuthError('permission_denied', `Keycloak gives no ticket (${taken.seen})`);
}
