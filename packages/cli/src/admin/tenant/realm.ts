import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type GroupRepresentation from '@keycloak/keycloak-admin-client/lib/defs/groupRepresentation.js';
import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js';
import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js';
import { withParents } from '../current.ts';
import { audiencesOf, type Mapper, mappersOf, opensAudience } from '../mappers.ts';
import { completeClient, createClient, type TargetClient } from '../plan/complete-client.ts';
import { added, type Blocked, change, type Plan, type Step, toChange, toCreate } from '../plan/step.ts';

/** The attribute of a tenant's realm that names its template, so that all tenants can be found. */
export const TEMPLATE_ATTRIBUTE = 'keycloak-guard.template';

export const BUILT_IN =
  /^(account(-console)?|admin-cli|broker|realm-management|security-admin-console|.*-realm)$/;
/** Settings of a realm that are its own: no file of a template brings keys that its author has. */
const OWN = /^(id|realm|enabled|notBefore|keycloakVersion|.*Key|certificate|codeSecret|.*Flow)$/;

/**
 * Members of the template's clients that a tenant's clients get. Ids, secrets and keys are the realm's own: those of one tenant must not open
 * another. Flows have ids of their realm; permissions without policies would grant everything before Keycloak 26.7.
 */
const CLIENT_MEMBERS = [
  ...['clientId', 'name', 'description', 'type', 'protocol', 'enabled', 'alwaysDisplayInConsole'],
  ...['rootUrl', 'adminUrl', 'baseUrl', 'redirectUris', 'webOrigins', 'attributes', 'protocolMappers'],
  ...['publicClient', 'bearerOnly', 'clientAuthenticatorType', 'consentRequired', 'surrogateAuthRequired'],
  ...['standardFlowEnabled', 'implicitFlowEnabled', 'directAccessGrantsEnabled', 'serviceAccountsEnabled'],
  ...['frontchannelLogout', 'fullScopeAllowed', 'nodeReRegistrationTimeout'],
  ...['defaultClientScopes', 'optionalClientScopes'],
];

const SCOPE_MEMBERS = ['name', 'description', 'protocol', 'attributes', 'protocolMappers'];

const MAPPER_MEMBERS = ['name', 'protocol', 'protocolMapper', 'consentRequired', 'config'];

/** Attributes of clients that are secrets (Keycloak's export has the private keys), or say whose key proves the client. */
const PRIVATE_ATTRIBUTE = /\.private\.key$|^client\.secret\./;
const KEY_ATTRIBUTE = /^(use\.)?jwks\.|^jwt\.credential\.|^x509\./;

/** The named members of an object that somebody else wrote. */
function pick<T extends object>(from: T, members: readonly string[]): T {
  const own = Object.entries(from).filter(([name]) => members.includes(name));
  return Object.fromEntries(own) as T;
}

const pickMappers = (mappers: readonly ProtocolMapperRepresentation[]) =>
  mappers.map((one) => pick(one, MAPPER_MEMBERS));

function pickClient(client: ClientRepresentation): ClientRepresentation {
  const attributes = Object.entries(client.attributes ?? {}).filter(
    ([name]) => !PRIVATE_ATTRIBUTE.test(name) && !KEY_ATTRIBUTE.test(name),
  );
  return {
    ...pick(client, CLIENT_MEMBERS),
    ...(client.attributes && { attributes: Object.fromEntries(attributes) }),
    ...(client.protocolMappers && { protocolMappers: pickMappers(client.protocolMappers) }),
  };
}

function pickScope(scope: ClientScopeRepresentation): ClientScopeRepresentation {
  const own = pick(scope, SCOPE_MEMBERS);
  return scope.protocolMappers ? { ...own, protocolMappers: pickMappers(scope.protocolMappers) } : own;
}

/** The template for one tenant: `{tenant}` is its name, and what must not be shared is left out. */
export function toTenant(template: RealmRepresentation, name: string): RealmRepresentation {
  // First: a name can complete that of an attribute.
  const { clients, clientScopes, ...realm } = fillIn(template, name);
  return {
    ...realm,
    ...(clients && { clients: clients.map(pickClient) }),
    ...(clientScopes && { clientScopes: clientScopes.map(pickScope) }),
  };
}

/** The same value with the name in place of `{tenant}` (in URIs `%7Btenant%7D`), in every string and key: never in text of JSON, which a name could end. */
export function fillIn<T>(value: T, name: string): T {
  if (typeof value === 'string') return value.replace(/\{tenant\}|%7Btenant%7D/gi, () => name) as T;
  if (Array.isArray(value)) return value.map((one) => fillIn(one, name)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [fillIn(key, name), fillIn(one, name)]);
  return Object.fromEntries(entries) as T;
}

/** Client ids of the template that have a secret in each tenant's realm: Keycloak makes it, whatever the template says. */
export const clientsWithSecret = ({ clients = [] }: RealmRepresentation): string[] =>
  clients
    .filter((one) => !one.publicClient && !one.bearerOnly && !BUILT_IN.test(one.clientId ?? ''))
    .filter((one) => (one.protocol ?? 'openid-connect') === 'openid-connect')
    .filter((one) => /^client-secret/.test(one.clientAuthenticatorType ?? 'client-secret'))
    .map(({ clientId = '' }) => clientId);

/**
 * Adds what a tenant's realm lacks of the template. An existing realm keeps its settings, roles and clients; clients are
 * completed, and lists only grow.
 *
 * @param there the realm, as Keycloak exports it
 */
export function planTenant(
  there: RealmRepresentation | undefined,
  template: RealmRepresentation,
  realm: string,
): Plan {
  const target = toTenant(template, realm);
  const clientsOf = ({ clients = [] }: RealmRepresentation) =>
    clients.filter(({ clientId = '' }) => !BUILT_IN.test(clientId));
  const had = new Map((there?.clients ?? []).map((one) => [one.clientId, one]));
  const steps: Step[] = there === undefined ? [createRealm(target, template.realm ?? '', realm)] : [];
  const create = (subject: string, action: Step['action'], isThere: boolean) => {
    if (!isThere) steps.push(toCreate(subject, action));
  };

  const roles = new Set((there?.roles?.realm ?? []).map(({ name }) => name));
  for (const { name = '' } of target.roles?.realm ?? [])
    if (!/^(offline_access|uma_authorization|default-roles-.*)$/.test(name))
      create(`realm role ${name}`, { type: 'create-realm-role', name }, roles.has(name));
  const groups = new Set(pathsOf(there?.groups));
  for (const path of withParents(pathsOf(target.groups)))
    create(`group ${path}`, { type: 'create-group', path }, groups.has(path));
  // Keycloak creates its own scopes in a new realm, so existing ones count as done.
  const scopes = new Set((there?.clientScopes ?? []).map(({ name }) => name));
  const usual = new Set([
    ...(target.defaultDefaultClientScopes ?? []),
    ...(target.defaultOptionalClientScopes ?? []),
  ]);
  for (const scope of target.clientScopes ?? [])
    if (!usual.has(scope.name ?? '') && !BUILT_IN_SCOPES.test(scope.name ?? ''))
      create(`client scope ${scope.name}`, { type: 'create-scope', scope }, scopes.has(scope.name));

  for (const client of clientsOf(target)) {
    const one = had.get(client.clientId);
    steps.push(
      ...(one === undefined
        ? [createClient(toTargetClient(client))]
        : completeTenantClient(one, client, there ?? {}, target)),
    );
    const own = new Set((there?.roles?.client?.[client.clientId ?? ''] ?? []).map(({ name }) => name));
    for (const { name = '' } of target.roles?.client?.[client.clientId ?? ''] ?? [])
      create(
        `role ${name} of the client ${client.clientId}`,
        { type: 'create-client-role', name, client: client.clientId ?? '' },
        own.has(name),
      );
  }
  return {
    steps,
    kept: steps.length === 0 ? [`realm ${realm}`] : [],
    blocked: there === undefined ? leftOut(template) : [],
  };
}

const BUILT_IN_SCOPES =
  /^(acr|address|basic|email|microprofile-jwt|offline_access|organization|phone|profile|role_list|roles|saml_organization|service_account|web-origins|AuthnContextClassRef)$/;

function createRealm(target: RealmRepresentation, template: string, realm: string): Step {
  const isSimple = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value);
  const settings = Object.fromEntries(
    Object.entries(target).filter(([key, value]) => !OWN.test(key) && isSimple(value) && value !== ''),
  );
  const attributes = { ...target.attributes, [TEMPLATE_ATTRIBUTE]: template };
  const changes = Object.entries(settings).map(([field, to]) => change(field, String(to)));
  // Of a whole export, only what people look at first.
  const summary =
    changes.length > 10 ? [change('Settings', `${changes.length}, as in ${template}`)] : changes;
  const action = { type: 'create-realm', realm: { ...settings, attributes, realm, enabled: true } } as const;
  return toCreate(`realm ${realm}`, action, summary);
}

function toTargetClient(client: ClientRepresentation): TargetClient {
  const { clientId = '', redirectUris = [], webOrigins = [], attributes = {}, protocolMappers = [] } = client;
  return {
    publicClient: false,
    standardFlowEnabled: true,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: false,
    ...client,
    ...{ clientId, redirectUris, webOrigins, attributes, protocolMappers },
  } as TargetClient;
}

function completeTenantClient(
  there: ClientRepresentation,
  client: ClientRepresentation,
  before: RealmRepresentation,
  target: RealmRepresentation,
): Step[] {
  const { clientId = '' } = client;
  const known = [...(before.clientScopes ?? []), ...(target.clientScopes ?? [])];
  const names = new Set((there.protocolMappers ?? []).map(({ name }) => name));
  const mappers = (client.protocolMappers ?? []).filter(({ name }) => !names.has(name));
  const has = new Set([...(there.defaultClientScopes ?? []), ...(there.optionalClientScopes ?? [])]);
  const scopes = (['default', 'optional'] as const).flatMap((how) =>
    (client[`${how}ClientScopes`] ?? [])
      .filter((name) => !has.has(name))
      .map((name) => ({ how, name, mappers: known.find((one) => one.name === name)?.protocolMappers ?? [] })),
  );
  // The audiences that tokens can have together afterwards.
  const all = [
    ...mappersOf(there, known),
    ...mappersOf(there, known, 'optionalClientScopes'),
    ...mappers,
    ...scopes.flatMap((one) => one.mappers),
  ];
  const step = (
    field: string,
    name: string,
    what: readonly ProtocolMapperRepresentation[],
    action: Step['action'],
  ): Step => {
    const audiences = audiencesOf(what);
    const consequence =
      audiences.length > 0
        ? `its tokens are for ${audiences.join(', ')}, too`
        : 'its tokens say what is in it';
    const opens = [
      `${clientId} gets ${name}: ${consequence}`,
      ...audiences.flatMap((one) => opensAudience(clientId, one, all)),
    ];
    return toChange(`client ${clientId}`, [added(field, name)], action, opens);
  };
  return [
    ...completeClient(there, toTargetClient(client)),
    ...mappers.map((one) =>
      step('Mapper', one.name ?? '', [one], { type: 'put-mapper', mapper: one as Mapper, client: clientId }),
    ),
    ...scopes.map(({ how, name, mappers: inScope }) =>
      step(`Client scopes (${how})`, name, inScope, {
        type: 'add-scope',
        scope: name,
        how,
        client: clientId,
      }),
    ),
  ];
}

function pathsOf(groups: readonly GroupRepresentation[] = [], parent = ''): string[] {
  return groups.flatMap(({ name, subGroups = [] }) => {
    const path = `${parent}/${name}`;
    return [path, ...pathsOf(subGroups, path)];
  });
}

function leftOut({ clients = [], ...template }: RealmRepresentation): Blocked[] {
  const { browserFlow = 'browser', identityProviders = [], smtpServer = {}, roles } = template;
  const flows = clients.filter((one) => Object.keys(one.authenticationFlowBindingOverrides ?? {}).length > 0);
  const deciding = clients.filter((one) => one.authorizationServicesEnabled);
  const proven = clients.filter(({ attributes = {} }) =>
    // Keycloak exports the switches of most clients, as 'false'.
    Object.entries(attributes).some(([one, value]) => KEY_ATTRIBUTE.test(one) && value !== 'false'),
  );
  const composite = (roles?.realm ?? []).filter(
    (one) => one.composite && !one.name?.startsWith('default-roles-'),
  );
  const namesOf = (list: readonly ClientRepresentation[]) => list.map(({ clientId }) => clientId).join(', ');
  const rows: [isThere: boolean, why: string, fix: string][] = [
    [browserFlow !== 'browser', `the login flow "${browserFlow}"`, 'Authentication: make it, and bind it'],
    [flows.length > 0, `login flows of ${namesOf(flows)}`, 'Authentication: make them, and bind them'],
    [
      deciding.length > 0,
      `permissions of ${namesOf(deciding)}`,
      'keycloak-guard authz apply --realm <tenant>',
    ],
    [
      proven.length > 0,
      `the keys of ${namesOf(proven)}`,
      'setup api or setup service --realm <tenant> --credential key',
    ],
    [identityProviders.length > 0, 'identity providers', 'Identity providers: each tenant has its own'],
    [Object.keys(smtpServer).length > 0, 'the mail server', 'Realm settings > Email'],
    [composite.length > 0, 'what composite roles include', 'Realm roles > Associated roles'],
  ];
  return rows
    .filter(([isThere]) => isThere)
    .map(([, why, fix]) => ({ subject: 'template', why: `${why}: not in a tenant that is made of it`, fix }));
}
