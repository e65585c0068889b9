import { AuthError } from '../core/index.ts';
import type { ProtectionAnswer, ProtectionApi } from './protection-api.ts';

/** A resource as Keycloak describes it. */
export interface Resource {
  readonly id: string;
  readonly name: string;
  /** Id of its owner: a user, or the API's client. */
  readonly ownerId: string;
  readonly scopes: readonly string[];
  /** Paths or patterns. */
  readonly uris: readonly string[];
  /** Whether the owner may share it. */
  readonly isOwnerManaged: boolean;
}

/** Resources per request: Keycloak's default is 100, and answers over 1 MiB are not read. */
const PAGE = 200;

/** Lists the resources that the API's client owns. Users may give theirs any name and any path. */
export async function listOwnResources(
  api: ProtectionApi,
  clientId: string,
  filter: Readonly<Record<string, string>> = {},
): Promise<Resource[]> {
  const found: Resource[] = [];
  for (let first = 0; ; first += PAGE) {
    const page = new URLSearchParams({ deep: 'true', owner: clientId, first: `${first}`, max: `${PAGE}` });
    for (const [name, value] of Object.entries(filter)) page.set(name, value);
    const answer = await api.call('GET', `resource_set?${page}`);
    if (answer.status !== 200 || !Array.isArray(answer.json)) throw toUnusable(answer);
    found.push(...answer.json.flatMap((one) => toResource(one) ?? []));
    if (answer.json.length < PAGE) return found;
  }
}

/** The API's client's own resource of that name; `undefined` if there is none. */
export async function findOwnResource(
  api: ProtectionApi,
  clientId: string,
  name: string,
): Promise<Resource | undefined> {
  const found = await listOwnResources(api, clientId, { name, exactName: 'true' });
  // Keycloak ignores case here.
  return found.find((one) => one.name === name);
}

/** `undefined` if there is none. */
export async function findResource(api: ProtectionApi, id: string): Promise<Resource | undefined> {
  const answer = await api.call('GET', `resource_set/${encodeURIComponent(id)}`);
  if (answer.status === 404) return undefined;
  const resource = answer.status === 200 ? toResource(answer.json) : undefined;
  if (resource?.id !== id) throw toUnusable(answer);
  return resource;
}

export function toUnusable({ seen }: ProtectionAnswer): AuthError {
  return new AuthError('provider_unavailable', `Keycloak's protection API gave no usable answer (${seen})`);
}

function toResource(value: unknown): Resource | undefined {
  const { _id: id, name, owner, scopes, uris, ownerManagedAccess } = (value ?? {}) as Record<string, unknown>;
  const ownerId = (owner as { id?: unknown } | null | undefined)?.id;
  if (typeof id !== 'string' || typeof name !== 'string' || typeof ownerId !== 'string') return undefined;
  return {
    id,
    name,
    ownerId,
    scopes: toList(scopes).flatMap((one) => toText((one as { name?: unknown } | null)?.name)),
    uris: toList(uris).flatMap(toText),
    isOwnerManaged: ownerManagedAccess === true,
  };
}

const toList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const toText = (value: unknown): string[] => (typeof value === 'string' ? [value] : []);
