import { Fault } from '../fault.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { ClientScopeRepresentation, ProtocolMapperRepresentation } from '../realm/representation.ts';

/** What a client is granted: client scopes with their mappers, and `openid` where it was asked for. */
export interface GrantedScopes {
  readonly openid: boolean;
  readonly offline: boolean;
  readonly scopes: readonly ClientScopeRepresentation[];
  /** Every name, for the refresh token. */
  readonly names: readonly string[];
  /** The names a client gets to see, for the `scope` of a token. */
  readonly text: string;
}

/**
 * Default scopes of the client and the optional ones it asks for.
 *
 * @throws {Fault} 400 `invalid_scope` if it asks for one it may not have
 */
export function grantScopes(realm: Realm, client: Client, requested: string | undefined): GrantedScopes {
  const asked = requested === undefined ? [] : requested.split(' ');
  const allowed = new Set(['openid', ...client.defaultScopes, ...client.optionalScopes]);
  if (requested === '' || asked.some((name) => !allowed.has(name))) {
    throw new Fault(400, 'invalid_scope', `Invalid scopes: ${requested}`);
  }
  return toGranted(realm, [...asked, ...client.defaultScopes]);
}

/** The scopes of a refresh token, narrowed to what the request asks for (defaults of the client stay). */
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
  // The access token loses "openid"; an ID token comes along all the same.
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

/** The mappers of the client and of the scopes it was granted. */
export function mappersOf(client: Client, granted: GrantedScopes): ProtocolMapperRepresentation[] {
  return [...client.mappers, ...granted.scopes.flatMap(({ protocolMappers }) => protocolMappers ?? [])];
}

export const isLightweight = (client: Client): boolean =>
  hasFlag(client, 'client.use.lightweight.access.token.enabled');
