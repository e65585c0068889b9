import { Fault } from '../fault.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { ClientScopeRepresentation, ProtocolMapperRepresentation } from '../realm/representation.ts';
import type { User } from '../realm/user.ts';
import {
  areOrganizationScopesValid,
  clientScopeOf,
  isOrganizationScopeGranted,
  narrowOrganization,
  organizationScopeOf,
} from './organization-scope.ts';

/** The granted client scopes with their mappers, and whether `openid` is among them. */
export interface GrantedScopes {
  readonly openid: boolean;
  readonly offline: boolean;
  readonly scopes: readonly ClientScopeRepresentation[];
  /** Every name, for the refresh token. */
  readonly names: readonly string[];
  /** The names for the claim `scope`. */
  readonly text: string;
}

/**
 * The client's default scopes, and the optional ones that it asks for.
 *
 * @param user whose they are, once that is known
 * @throws {Fault} 400 `invalid_scope` for a scope that it may not have
 */
export function grantScopes(
  realm: Realm,
  client: Client,
  requested: string | undefined,
  user?: User,
): GrantedScopes {
  const asked = requested === undefined ? [] : requested.split(' ');
  const allowed = new Set(['openid', ...client.defaultScopes, ...client.optionalScopes]);
  const isAllowed = (name: string) =>
    allowed.has(name) || (clientScopeOf(realm, name) !== undefined && allowed.has(name.split(':')[0] ?? ''));
  if (requested === '' || !asked.every(isAllowed) || !areOrganizationScopesValid(realm, asked)) {
    throw new Fault(400, 'invalid_scope', `Invalid scopes: ${requested}`);
  }
  return toGranted(realm, [...asked, ...client.defaultScopes], user);
}

/** The scopes of a refresh token, narrowed to the requested ones. The client's default scopes stay. */
export function narrowScopes(
  realm: Realm,
  client: Client,
  held: readonly string[],
  requested: string | undefined,
  user: User,
): GrantedScopes {
  if (requested === undefined || requested === '') return { ...toGranted(realm, held, user), names: held };
  grantScopes(realm, client, requested);
  const asked = requested.split(' ');
  const kept = new Set([...asked, ...client.defaultScopes]);
  const narrowed = held.flatMap((name) => {
    const isOther = kept.has(name) && organizationScopeOf(realm, name) === undefined;
    return isOther ? name : (narrowOrganization(realm, name, asked) ?? []);
  });
  // The access token loses "openid", but there is still an ID token. The next refresh token has what this one has.
  return { ...toGranted(realm, narrowed, user), openid: held.includes('openid'), names: held };
}

/** @param user whose scopes they are: an organization that this is not a member of is left out */
export function toGranted(realm: Realm, wanted: readonly string[], user?: User): GrantedScopes {
  const names = [...new Set(wanted)].filter(
    (name) =>
      name === 'openid' ||
      (clientScopeOf(realm, name) !== undefined && isOrganizationScopeGranted(realm, name, user)),
  );
  const scopes = names.flatMap((name) => clientScopeOf(realm, name) ?? []);
  const visible = scopes.filter(({ attributes }) => attributes?.['include.in.token.scope'] !== 'false');
  const openid = names.includes('openid');
  return {
    openid,
    offline: names.includes('offline_access'),
    scopes,
    names,
    text: [...(openid ? ['openid'] : []), ...visible.map(({ name }) => name)].join(' '),
  };
}

/** The mappers of the client and of its granted scopes. */
export function mappersOf(client: Client, granted: GrantedScopes): ProtocolMapperRepresentation[] {
  return [...client.mappers, ...granted.scopes.flatMap(({ protocolMappers }) => protocolMappers ?? [])];
}

export const isLightweight = (client: Client): boolean =>
  hasFlag(client, 'client.use.lightweight.access.token.enabled');
