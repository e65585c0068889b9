import type { Provider } from '../../provider.ts';
import type { Client } from '../../realm/client.ts';
import type { Realm } from '../../realm/realm.ts';
import type { RoleSet } from '../../realm/roles.ts';
import type { User } from '../../realm/user.ts';
import type { Claims } from '../../tokens/issue.ts';
import type { GoodToken } from '../../tokens/read-access-token.ts';
import { isLightweight } from '../../tokens/scopes.ts';
import type { Subject } from '../evaluation/subject.ts';

/** The subject of a token. A service account counts as its client. */
export function subjectOf({ realm }: Pick<Provider, 'realm'>, { claims, client, user }: GoodToken): Subject {
  const isServiceAccount = isAccountOf(realm, client, user);
  const tokenRoles = isLightweight(client) ? realm.rolesInScope(user, client) : rolesIn(claims);
  return {
    id: isServiceAccount ? client.id : user.id,
    username: user.username,
    isServiceAccount,
    attributes: toAttributes(claims, tokenRoles),
    tokenRoles,
    roles: realm.rolesOf(user),
    groups: realm.groupsOf(user).map(({ path }) => path),
  };
}

function isAccountOf(realm: Realm, client: Client, user: User): boolean {
  return client.serviceAccounts && realm.serviceAccountOf(client).id === user.id;
}

function rolesIn({ realm_access, resource_access }: Claims): RoleSet {
  const namesOf = (access: unknown) =>
    new Set([(access as { roles?: string[] } | undefined)?.roles ?? []].flat());
  const clients = Object.entries((resource_access ?? {}) as object);
  return {
    realm: namesOf(realm_access),
    client: new Map(clients.map(([clientId, access]) => [clientId, namesOf(access)])),
  };
}

/** Every claim as texts, objects as JSON, and the roles under Keycloak's names. */
function toAttributes(claims: Claims, roles: RoleSet): ReadonlyMap<string, readonly string[]> {
  const attributes = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(claims)) {
    const texts = (Array.isArray(value) ? value : [value]).map(toText);
    if (texts.length > 0 && (Array.isArray(value) || texts[0] !== '')) attributes.set(name, texts);
  }
  if (roles.realm.size > 0) attributes.set('kc.realm.roles', [...roles.realm]);
  for (const [clientId, names] of roles.client) attributes.set(`kc.client.${clientId}.roles`, [...names]);
  return attributes;
}

const toText = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');
