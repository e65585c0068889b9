import { Fault, unexpected } from '../fault.ts';
import { field } from '../http/bodies.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type {
  ClientScopeRepresentation,
  ProtocolMapperRepresentation,
  RealmRepresentation,
} from '../realm/representation.ts';
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
  const names = requested === undefined ? [] : namesIn(requested);
  const allowed = new Set(['openid', ...client.defaultScopes, ...client.optionalScopes]);
  const isAllowed = (name: string) =>
    allowed.has(name) || (clientScopeOf(realm, name) !== undefined && allowed.has(name.split(':')[0] ?? ''));
  if (requested === '' || !names.every(isAllowed) || !areOrganizationScopesValid(realm, names))
    throw new Fault(400, 'invalid_scope', `Invalid scopes: ${requested}`);
  return toGranted(realm, [...names, ...client.defaultScopes], user);
}

/** As in Java, blanks at the end do not count; others stand for a scope without a name, which nobody may have. */
const namesIn = (requested: string): string[] => {
  const text = requested.replace(/(?<! ) +$/, '');
  return text === '' ? [] : text.split(' ');
};

/** The scopes of a refresh token, narrowed to the requested ones. The client's default scopes stay. */
export function narrowScopes(
  realm: Realm,
  client: Client,
  granted: readonly string[],
  requested: string | undefined,
  user: User,
): GrantedScopes {
  if (requested === undefined) return { ...toGranted(realm, granted, user), names: granted };
  grantScopes(realm, client, requested);
  const requestedNames = namesIn(requested);
  const kept = new Set([...requestedNames, ...client.defaultScopes]);
  const narrowed = granted.flatMap((name) => {
    const isOther = kept.has(name) && organizationScopeOf(realm, name) === undefined;
    return isOther ? name : (narrowOrganization(realm, name, requestedNames) ?? []);
  });
  // The access token loses "openid", but there is still an ID token. The next refresh token has what this one has.
  return { ...toGranted(realm, narrowed, user), openid: granted.includes('openid'), names: granted };
}

/** @param user whose scopes they are: an organization that this is not a member of is left out */
export function toGranted(realm: Realm, scopeNames: readonly string[], user?: User): GrantedScopes {
  const names = [...new Set(scopeNames)].filter(
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

const MAP = 'acr.loa.map';

/** Names of levels of authentication, as the attribute `acr.loa.map` has them: `{"silver":1}`. */
export function namesOfLevels(attributes: Readonly<Record<string, string>> = {}): Record<string, number> {
  try {
    return (JSON.parse(attributes[MAP] ?? '{}') as Record<string, number> | null) ?? {};
  } catch {
    return {};
  }
}

/** The `acr` of a login with a password, level 1. The names of the client win over those of the realm. */
export function acrOf(client: Client, { attributes }: RealmRepresentation): string {
  const own = namesOfLevels(client.attributes);
  const names = Object.keys(own).length > 0 ? own : namesOfLevels(attributes);
  return Object.keys(names).find((name) => Number(names[name]) === 1) ?? '1';
}

// RFC 8707 as in Keycloak's feature `resource-indicators`: one resource, which is a client.

const UNUSABLE = 'The requested resource is invalid, missing, unknown, or malformed.';
const CHANGED = 'The requested resource is not matching the original request.';
const CLIENT = 'urn:client:';

/**
 * The resource that a token request asks for; `undefined` if there is none, or the feature is off.
 *
 * @throws {Fault} 400 `invalid_target` for a text that cannot be a resource
 */
export function requestedResource({ features }: Realm, form: URLSearchParams): string | undefined {
  const resource = features.has('resource-indicators') ? field(form, 'resource') : undefined;
  if (resource !== undefined && !isResource(resource)) throw new Fault(400, 'invalid_target', UNUSABLE);
  return resource;
}

/**
 * The resource of a code or refresh token, which cannot change.
 *
 * @param original the resource that the code or refresh token was issued for
 * @throws {Fault} 400 `invalid_target` if the request asks for another one
 */
export function keptResource(realm: Realm, form: URLSearchParams, original: unknown): string | undefined {
  const resource = requestedResource(realm, form);
  if (resource !== undefined && resource !== original) throw new Fault(400, 'invalid_target', CHANGED);
  return typeof original === 'string' ? original : undefined;
}

/**
 * The only audience of a token for a resource: a client that is in the token's audience anyway, found by its id or by the URL
 * in its attribute `resource_url`.
 *
 * @throws {Fault} 400 `invalid_target` if there is none; 500, as in Keycloak, for a token without an audience
 */
export function audienceOf(realm: Realm, resource: string, audience: unknown): string {
  if (audience === undefined) throw unexpected();
  const known = [audience].flat() as string[];
  const isAudience = (id: string) =>
    resource.startsWith(CLIENT)
      ? id === resource.slice(CLIENT.length)
      : realm.client(id)?.attributes.resource_url === resource;
  const match = known.find(isAudience);
  if (match === undefined) throw new Fault(400, 'invalid_target', UNUSABLE);
  return resource.startsWith(CLIENT) ? match : resource;
}

/** RFC 8707 §2: an absolute URI without a fragment. Keycloak allows no query either. */
function isResource(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:[^\s?#]+$/i.test(text) && (/^urn:/i.test(text) || URL.canParse(text));
}
