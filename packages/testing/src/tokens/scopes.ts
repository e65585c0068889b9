import { Fault } from '../fault.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { ClientScopeRepresentation, ProtocolMapperRepresentation } from '../realm/representation.ts';

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
 * @throws {Fault} 400 `invalid_scope` for a scope that it may not have
 */
export function grantScopes(realm: Realm, client: Client, requested: string | undefined): GrantedScopes {
  const asked = requested === undefined ? [] : requested.split(' ');
  const allowed = new Set(['openid', ...client.defaultScopes, ...client.optionalScopes]);
  if (requested === '' || asked.some((name) => !allowed.has(name))) {
    throw new Fault(400, 'invalid_scope', `Invalid scopes: ${requested}`);
  }
  return toGranted(realm, [...asked, ...client.defaultScopes]);
}

/** The scopes of a refresh token, narrowed to the requested ones. The client's default scopes stay. */
export function narrowScopes(
  realm: Realm,
  client: Client,
  held: readonly string[],
  requested: string | undefined,
): GrantedScopes {
  if (requested === undefined || requested === '') return toGranted(realm, held);
  grantScopes(realm, client, requested);
  const asked = new Set([...requested.split(' '), ...client.defaultScopes]);
  const narrowed = toGranted(
    realm,
    held.filter((name) => asked.has(name)),
  );
  // The access token loses "openid", but there is still an ID token.
  return { ...narrowed, openid: held.includes('openid') };
}

export function toGranted(realm: Realm, wanted: readonly string[]): GrantedScopes {
  const names = [...new Set(wanted)].filter((name) => name === 'openid' || realm.scopes.has(name));
  const scopes = names.flatMap((name) => realm.scopes.get(name) ?? []);
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
