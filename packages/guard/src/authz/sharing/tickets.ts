import { type ProtectionApi, toUnusable } from '../keycloak/protection-api.ts';

/** A scope of a resource that its owner shares with somebody, or is asked to share. */
export interface Share {
  /** Id of the permission ticket in Keycloak. */
  readonly id: string;
  /** Id of the resource. */
  readonly resourceId: string;
  /** Name of the resource. Empty if Keycloak sends none. */
  readonly resourceName: string;
  /** Name of the scope. */
  readonly scope: string;
  /** User id (`sub`) of the owner. */
  readonly owner: string;
  /** User id (`sub`) of the user who has the scope, or asks for it. */
  readonly requester: string;
  /** Username of that user. Empty if Keycloak sends none. */
  readonly requesterName: string;
  /** False if the owner has not agreed yet. */
  readonly isGranted: boolean;
}

export interface ShareFilter {
  readonly resourceId?: string | undefined;
  readonly owner?: string | undefined;
  readonly requester?: string | undefined;
  readonly isGranted?: boolean | undefined;
}

/** Tickets per request: Keycloak's default is 100. */
const TICKETS_PER_PAGE = 500;

export async function listShares(api: ProtectionApi, filter: ShareFilter): Promise<Share[]> {
  const { resourceId, owner, requester, isGranted } = filter;
  const query = new URLSearchParams({ returnNames: 'true', max: `${TICKETS_PER_PAGE}` });
  if (resourceId !== undefined) query.set('resourceId', resourceId);
  if (owner !== undefined) query.set('owner', owner);
  if (requester !== undefined) query.set('requester', requester);
  if (isGranted !== undefined) query.set('granted', String(isGranted));
  const shares: Share[] = [];
  for (let first = 0; ; first += TICKETS_PER_PAGE) {
    query.set('first', `${first}`);
    const answer = await api.call('GET', `permission/ticket?${query}`);
    if (answer.status !== 200 || !Array.isArray(answer.json)) throw toUnusable(answer);
    // Keycloak also accepts names as ids, so its answer may hold tickets of others.
    shares.push(...answer.json.flatMap((one) => toShare(one) ?? []).filter((share) => fits(share, filter)));
    if (answer.json.length < TICKETS_PER_PAGE) return shares;
  }
}

function fits(share: Share, filter: ShareFilter): boolean {
  return (['resourceId', 'owner', 'requester', 'isGranted'] as const).every(
    (name) => filter[name] === undefined || share[name] === filter[name],
  );
}

function toShare(value: unknown): Share | undefined {
  const ticket = (value ?? {}) as Record<string, unknown>;
  const { id, resource, scopeName, owner, requester } = ticket;
  const ids = [id, resource, scopeName, owner, requester];
  if (!ids.every((one) => typeof one === 'string')) return undefined;
  return {
    id: id as string,
    resourceId: resource as string,
    resourceName: toText(ticket.resourceName),
    scope: scopeName as string,
    owner: owner as string,
    requester: requester as string,
    requesterName: toText(ticket.requesterName),
    isGranted: ticket.granted === true,
  };
}

const toText = (value: unknown): string => (typeof value === 'string' ? value : '');
