import type { FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';
import { anything, each, flag, object, readRepresentation, text, texts } from '../http/bodies.ts';
import { ownOrigin } from '../http/headers.ts';
import { DEFAULT_SCOPES, OPTIONAL_SCOPES } from '../realm/built-in.ts';
import { type Client, hasFlag, originOf } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { ClientRepresentation } from '../realm/representation.ts';

/** The members of a client's metadata (RFC 7591 §2) that have an effect here. */
export interface ClientMetadata {
  readonly redirect_uris?: readonly string[];
  readonly token_endpoint_auth_method?: string;
  readonly grant_types?: readonly string[];
  readonly client_name?: string;
  readonly client_uri?: string;
  readonly logo_uri?: string;
  readonly policy_uri?: string;
  readonly tos_uri?: string;
  readonly jwks_uri?: string;
  readonly scope?: string;
  readonly [member: string]: unknown;
}

/** How the realm's policies change a client that registers without a token. */
interface RegistrationPolicies {
  readonly consentRequired: boolean;
  readonly fullScope: boolean;
}

const SHAPES = {
  ...each(
    `token_endpoint_auth_method token_endpoint_auth_signing_alg application_type
    client_id client_secret client_name client_uri policy_uri tos_uri logo_uri jwks_uri scope subject_type
    sector_identifier_uri id_token_signed_response_alg id_token_encrypted_response_alg id_token_encrypted_response_enc
    userinfo_signed_response_alg userinfo_encrypted_response_alg userinfo_encrypted_response_enc
    request_object_signing_alg request_object_encryption_alg request_object_encryption_enc
    initiate_login_uri software_id software_version software_statement registration_client_uri registration_access_token
    tls_client_auth_subject_dn backchannel_logout_uri backchannel_token_delivery_mode
    backchannel_client_notification_endpoint backchannel_authentication_request_signing_alg
    frontchannel_logout_uri authorization_signed_response_alg authorization_encrypted_response_alg
    authorization_encrypted_response_enc`,
    text,
  ),
  ...each(
    `redirect_uris grant_types response_types contacts default_acr_values request_uris post_logout_redirect_uris`,
    texts,
  ),
  ...each(
    `request_object_required require_auth_time tls_client_certificate_bound_access_tokens dpop_bound_access_tokens
    backchannel_logout_session_required backchannel_logout_revoke_offline_tokens frontchannel_logout_session_required
    require_pushed_authorization_requests`,
    flag,
  ),
  ...each('default_max_age client_id_issued_at client_secret_expires_at', anything),
  jwks: object,
};

/** @throws {Fault} 400 in Keycloak's words */
export const readMetadata = (body: string): ClientMetadata =>
  readRepresentation(body, 'OIDCClientRepresentation', SHAPES);

/** The client as in a realm file. The requested scopes become its optional ones. */
export function toRepresentation(
  metadata: ClientMetadata,
  clientId: string,
  secret: string,
  { consentRequired, fullScope }: RegistrationPolicies,
): ClientRepresentation {
  const isPublic = metadata.token_endpoint_auth_method === 'none';
  const grants = metadata.grant_types ?? ['authorization_code', 'refresh_token'];
  const uris = [...(metadata.redirect_uris ?? [])];
  return {
    id: clientId,
    clientId,
    enabled: true,
    protocol: 'openid-connect',
    publicClient: isPublic,
    consentRequired,
    fullScopeAllowed: fullScope,
    redirectUris: uris,
    webOrigins: [...new Set(uris.flatMap(originOf))],
    standardFlowEnabled: grants.includes('authorization_code'),
    implicitFlowEnabled: grants.includes('implicit'),
    directAccessGrantsEnabled: grants.includes('password'),
    serviceAccountsEnabled: !isPublic && grants.includes('client_credentials'),
    attributes: {
      'post.logout.redirect.uris': '+',
      'oauth2.device.authorization.grant.enabled': String(grants.includes(DEVICE_GRANT)),
      'dpop.bound.access.tokens': String(metadata.dpop_bound_access_tokens === true),
    },
    ...(metadata.client_name === undefined ? {} : { name: metadata.client_name }),
    ...(isPublic ? {} : { secret, clientAuthenticatorType: 'client-secret' }),
    ...(metadata.scope === undefined || metadata.scope.trim() === ''
      ? {}
      : { defaultClientScopes: ['basic'], optionalClientScopes: metadata.scope.split(' ') }),
  };
}

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** The answer to a registration (RFC 7591 §3.2.1, RFC 7592 §3). */
export function toRegistration(client: Client, uri: string, token: string, issuedAt: number) {
  const { clientId, secret, isPublic, redirectUris, optionalScopes, representation } = client;
  return {
    redirect_uris: redirectUris,
    token_endpoint_auth_method: isPublic ? 'none' : 'client_secret_basic',
    grant_types: [
      ...(client.standardFlow ? ['authorization_code'] : []),
      ...(client.implicitFlow ? ['implicit'] : []),
      'refresh_token',
      ...(client.directGrants ? ['password'] : []),
      ...(client.serviceAccounts ? ['client_credentials'] : []),
      ...(hasFlag(client, 'oauth2.device.authorization.grant.enabled') ? [DEVICE_GRANT] : []),
    ],
    response_types: ['code', 'none'],
    client_id: clientId,
    ...(secret === undefined ? {} : { client_secret: secret }),
    ...(representation.name === undefined ? {} : { client_name: representation.name }),
    scope: optionalScopes.join(' '),
    subject_type: 'public',
    request_uris: [],
    tls_client_certificate_bound_access_tokens: false,
    dpop_bound_access_tokens: hasFlag(client, 'dpop.bound.access.tokens'),
    post_logout_redirect_uris: redirectUris,
    client_id_issued_at: issuedAt,
    ...(secret === undefined ? {} : { client_secret_expires_at: 0 }),
    registration_client_uri: uri,
    registration_access_token: token,
    backchannel_logout_session_required: false,
    require_pushed_authorization_requests: false,
    frontchannel_logout_session_required: false,
  };
}

/** A policy, as in `components` of a realm file. */
interface PolicyComponent {
  readonly name?: string;
  readonly providerId?: string;
  readonly subType?: string;
  readonly config?: Readonly<Record<string, readonly string[] | undefined>>;
}

const TYPE = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy';

/** Keycloak's policies of a new realm, as in `components` of a realm file. They trust nobody else. */
export const policiesOf = (trustedHosts: readonly string[] = [], webOrigins: readonly string[] = []) => ({
  [TYPE]: [
    policy('Consent Required', 'consent-required'),
    policy('Full Scope Disabled', 'scope'),
    policy('Max Clients Limit', 'max-clients', { 'max-clients': ['200'] }),
    policy('Allowed Client Scopes', 'allowed-client-templates', { 'allow-default-scopes': ['true'] }),
    policy('Allowed Registration Web Origins', 'registration-web-origins', { 'web-origins': webOrigins }),
    policy('Trusted Hosts', 'trusted-hosts', { 'trusted-hosts': trustedHosts }),
  ],
});

const DEFAULTS = policiesOf();

function policy(name: string, providerId: string, config: PolicyComponent['config'] = {}): PolicyComponent {
  return { name, providerId, subType: 'anonymous', config };
}

/**
 * Checks a registration without a token against the realm's policies.
 *
 * @throws {Fault} 403 in Keycloak's words: `Invalid origin`, or `insufficient_scope` with the policy's name
 * @see Keycloak, Securing Applications: "Client registration policies"
 */
export function assertMayRegister(
  realm: Realm,
  request: FastifyRequest,
  metadata: ClientMetadata,
): RegistrationPolicies {
  const components = realm.settings.components as typeof DEFAULTS | undefined;
  const own = components?.[TYPE] ?? [];
  const policies = (own.length === 0 ? DEFAULTS[TYPE] : own).filter(
    ({ subType }) => subType === undefined || subType === 'anonymous',
  );
  const find = (providerId: string) => policies.find((one) => one.providerId === providerId);
  assertOrigin(request, valuesOf(find('registration-web-origins'), 'web-origins'));
  const refuse = (component: PolicyComponent, details: string) =>
    new Fault(
      403,
      'insufficient_scope',
      `Policy '${component.name}' rejected request to client-registration service. Details: ${details}`,
    );
  const scopes = find('allowed-client-templates');
  if (scopes !== undefined && !areAllowed(realm, scopes, metadata.scope))
    throw refuse(scopes, 'Not permitted to use specified clientScope');
  const hosts = find('trusted-hosts');
  if (hosts !== undefined) {
    const trusted = valuesOf(hosts, 'trusted-hosts');
    if (isOn(hosts, 'host-sending-registration-request-must-match') && !isTrusted(trusted, request.ip))
      throw refuse(hosts, 'Host not trusted.');
    const uris = [...(metadata.redirect_uris ?? []), ...URI_MEMBERS.flatMap((name) => metadata[name] ?? [])];
    const isForeign = (uri: unknown) =>
      isOn(hosts, 'client-uris-must-match') && !isTrusted(trusted, hostOf(String(uri)));
    const noMatch = (kind: string) =>
      refuse(hosts, `${kind} doesn't match any trusted host or trusted domain`);
    // Keycloak looks at the home page first, and calls that one a URL.
    if (metadata.client_uri !== undefined && isForeign(metadata.client_uri)) throw noMatch('URL');
    if (uris.some(isForeign)) throw noMatch('URI');
  }
  const most = find('max-clients');
  if (most !== undefined && [...realm.clients()].length >= Number(valuesOf(most, 'max-clients')[0] ?? 200))
    throw refuse(
      most,
      `It's allowed to have max ${valuesOf(most, 'max-clients')[0] ?? 200} clients per realm`,
    );
  return { consentRequired: find('consent-required') !== undefined, fullScope: find('scope') === undefined };
}

const URI_MEMBERS = ['logo_uri', 'policy_uri', 'tos_uri', 'jwks_uri'] as const;

const valuesOf = (component: PolicyComponent | undefined, name: string): readonly string[] =>
  component?.config?.[name] ?? [];
/** Switches that are on by default. */
const isOn = (component: PolicyComponent, name: string): boolean => valuesOf(component, name)[0] !== 'false';

function assertOrigin(request: FastifyRequest, allowed: readonly string[]): void {
  const { origin } = request.headers;
  if (origin === undefined || origin === ownOrigin(request)) return;
  if (!allowed.includes(origin) && !allowed.includes('*')) throw new Fault(403, 'Invalid origin');
}

/** `openid` is not a client scope, so nobody may register with it. */
function areAllowed(realm: Realm, component: PolicyComponent, scope: unknown): boolean {
  if (typeof scope !== 'string' || scope.trim() === '') return true;
  const { defaultDefaultClientScopes = [], defaultOptionalClientScopes = OPTIONAL_SCOPES } = realm.settings;
  const defaults = [...DEFAULT_SCOPES, ...defaultDefaultClientScopes, ...defaultOptionalClientScopes];
  const allowed = new Set([
    ...valuesOf(component, 'allowed-client-scopes'),
    ...(isOn(component, 'allow-default-scopes') ? defaults : []),
  ]);
  return scope.split(' ').every((one) => allowed.has(one));
}

function hostOf(uri: string): string {
  return URL.canParse(uri) ? new URL(uri).hostname.replace(/^\[|\]$/g, '') : '';
}

/** An address, a name, or `*.` and a domain. */
function isTrusted(trusted: readonly string[], host: string): boolean {
  if (host === '') return false;
  const plain = host.replace(/^::ffff:/, '');
  return trusted.some((entry) => {
    if (entry.startsWith('*.')) return plain.endsWith(entry.slice(1));
    return entry === plain || (entry === 'localhost' && LOOPBACK.has(plain));
  });
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1']);
