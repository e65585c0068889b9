import type { FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';
import { ownOrigin } from '../http/headers.ts';
import { OPTIONAL_SCOPES } from '../realm/built-in.ts';
import type { Realm } from '../realm/realm.ts';
import type { ClientMetadata, RegistrationPolicies } from './metadata.ts';

/** A policy, as in `components` of a realm file. */
interface PolicyComponent {
  readonly name?: string;
  readonly providerId?: string;
  readonly subType?: string;
  readonly config?: Readonly<Record<string, readonly string[] | undefined>>;
}

const TYPE = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy';

/** Keycloak's policies for a realm whose file has none: they trust nobody. */
const DEFAULTS: readonly PolicyComponent[] = [
  policy('Consent Required', 'consent-required'),
  policy('Full Scope Disabled', 'scope'),
  policy('Max Clients Limit', 'max-clients', { 'max-clients': ['200'] }),
  policy('Allowed Client Scopes', 'allowed-client-templates', { 'allow-default-scopes': ['true'] }),
  policy('Allowed Registration Web Origins', 'registration-web-origins'),
  policy('Trusted Hosts', 'trusted-hosts'),
];

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
  const policies = policiesOf(realm);
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

function policiesOf(realm: Realm): readonly PolicyComponent[] {
  const components = realm.settings.components as Record<string, PolicyComponent[] | undefined> | undefined;
  const own = components?.[TYPE];
  return (own === undefined || own.length === 0 ? DEFAULTS : own).filter(
    ({ subType }) => subType === undefined || subType === 'anonymous',
  );
}

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
  const defaults = [...BASIC_DEFAULTS, ...defaultDefaultClientScopes, ...defaultOptionalClientScopes];
  const allowed = new Set([
    ...valuesOf(component, 'allowed-client-scopes'),
    ...(isOn(component, 'allow-default-scopes') ? defaults : []),
  ]);
  return scope.split(' ').every((one) => allowed.has(one));
}

const BASIC_DEFAULTS = ['profile', 'email', 'roles', 'web-origins', 'acr', 'basic'] as const;

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
