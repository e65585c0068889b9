import type { ClientRepresentation } from './representation.ts';
import { stableId } from './stable-id.ts';

/** A client with Keycloak's defaults filled in. */
export type Client = Readonly<ReturnType<typeof toClient>>;

/** @param always client scopes that it has, whatever its list says */
export function toClient(
  realm: string,
  rep: ClientRepresentation,
  scopes: { default: readonly string[]; optional: readonly string[] },
  always: readonly string[] = [],
) {
  const serviceAccounts = rep.serviceAccountsEnabled ?? false;
  const assigned = rep.defaultClientScopes ?? scopes.default;
  const hasOwnScope = serviceAccounts && rep.defaultClientScopes === undefined;
  return {
    id: rep.id ?? stableId(realm, 'client', rep.clientId),
    clientId: rep.clientId,
    enabled: rep.enabled ?? true,
    secret: rep.secret,
    authenticator: rep.clientAuthenticatorType ?? 'client-secret',
    isPublic: rep.publicClient ?? false,
    bearerOnly: rep.bearerOnly ?? false,
    standardFlow: rep.standardFlowEnabled ?? true,
    implicitFlow: rep.implicitFlowEnabled ?? false,
    directGrants: rep.directAccessGrantsEnabled ?? false,
    serviceAccounts,
    consentRequired: rep.consentRequired ?? false,
    fullScope: rep.fullScopeAllowed ?? true,
    notBefore: rep.notBefore ?? 0,
    rootUrl: rep.rootUrl ?? '',
    redirectUris: (rep.redirectUris ?? []).map((uri) => toAbsolute(uri, rep.rootUrl)),
    webOrigins: rep.webOrigins ?? [],
    attributes: rep.attributes ?? {},
    mappers: rep.protocolMappers ?? [],
    // A list that is written down is the whole list.
    defaultScopes: [...new Set([...assigned, ...always, ...(hasOwnScope ? ['service_account'] : [])])],
    optionalScopes: rep.optionalClientScopes ?? scopes.optional,
    representation: rep,
  };
}

/** A URI that may be relative to the client's root URL. */
export const toAbsolute = (uri: string, rootUrl = ''): string =>
  uri.startsWith('/') ? rootUrl.replace(/\/$/, '') + uri : uri;

/** Whether the client's attribute `name` is "true". */
export function hasFlag(client: Client, name: string): boolean {
  return client.attributes[name] === 'true';
}

/** Origins whose pages may use a client. `+` stands for those of its redirect URIs. */
export function allowedOrigins(client: Client): string[] {
  return [
    ...new Set(
      client.webOrigins.flatMap((origin) =>
        origin === '+' ? client.redirectUris.flatMap(originOf) : [origin],
      ),
    ),
  ];
}

export function isAllowedOrigin(client: Client, origin: string): boolean {
  const allowed = allowedOrigins(client);
  return allowed.includes('*') || allowed.includes(origin);
}

/** None, if the URI is relative, or of a scheme of its own. */
export function originOf(uri: string): string[] {
  const match = /^https?:\/\/[^/*?#]+/.exec(uri);
  return match === null ? [] : [match[0]];
}
