import { isSimpleKind, isUnderstood } from '../authz/policies.ts';
import { namesOf, ownerText, WORDS } from '../authz/read-settings.ts';
import { mayAssert } from '../client-auth/assertions.ts';
import type {
  AuthorizationSettings,
  PolicyRepresentation,
  ResourceRepresentation,
} from '../realm/authorization-settings.ts';
import { BUILT_IN_CLIENTS } from '../realm/built-in.ts';
import type { Client } from '../realm/client.ts';
import { hasUnreadablePassword } from '../realm/password.ts';
import type { Realm } from '../realm/realm.ts';
import type { RealmRepresentation } from '../realm/representation.ts';
import { isKnownMapper } from '../tokens/mappers.ts';

/** Types of policies that apply other policies. */
const APPLYING = new Set(['aggregate', 'resource', 'scope']);

/** Authorization settings of a client that this provider does not support, or Keycloak would not import. */
function warningsOfAuthorization(client: Client, realm: Realm): string[] {
  const { clientId, representation, isPublic, serviceAccounts } = client;
  if (representation.authorizationServicesEnabled !== true) return [];
  const settings = representation.authorizationSettings ?? {};
  const warnings = [
    isPublic && 'it is public, so it has no authorization services',
    !isPublic &&
      !serviceAccounts &&
      'authorization services need "serviceAccountsEnabled": true beside them, or Keycloak does not import it',
    ...(['policyEnforcementMode', 'decisionStrategy'] as const).map(
      (member) =>
        isOther(WORDS[member], settings[member]) &&
        `"${member}" is "${settings[member]}", which Keycloak does not import: taken as ${WORDS[member][0]}`,
    ),
    ...(settings.resources ?? []).map(
      ({ name, owner }) =>
        owner !== undefined &&
        !isOwner(owner, client, realm) &&
        `the resource "${name}" has an owner that is not in the file: it is the client's here, and Keycloak does not import it`,
    ),
    ...(settings.policies ?? []).flatMap((policy) =>
      warningsOfPolicy(policy, settings, realm).map(
        (what) => `the ${policy.type} policy "${policy.name}" ${what}`,
      ),
    ),
  ];
  return warnings.flatMap((what) => (what ? [`client ${clientId}: ${what}`] : []));
}

/** Whether it is given, and none of these words. */
function isOther(words: readonly string[], word: string | undefined): boolean {
  return word !== undefined && word !== null && !words.includes(word);
}

function isOwner(owner: ResourceRepresentation['owner'], client: Client, realm: Realm): boolean {
  const ownerName = ownerText(owner);
  if (ownerName === undefined || ownerName === client.id || ownerName === client.clientId) return true;
  return (realm.userById(ownerName) ?? realm.userByName(ownerName)) !== undefined;
}

function warningsOfPolicy(
  policy: PolicyRepresentation,
  settings: AuthorizationSettings,
  realm: Realm,
): string[] {
  const { type, config = {} } = policy;
  const wrong = (['logic', 'decisionStrategy'] as const).filter((member) =>
    isOther(WORDS.ofPolicy[member], policy[member]),
  );
  if (wrong.length > 0)
    return wrong.map(
      (member) => `has the ${member} "${policy[member]}", which Keycloak does not import: it denies`,
    );
  if (!APPLYING.has(type) && !isSimpleKind(type))
    return ['is of a type that this provider does not know: it denies'];
  if (!isUnderstood({ type, config }))
    return type === 'regex'
      ? [`has a pattern that JavaScript does not understand (${config.pattern}): it denies`]
      : ['has a list that is no JSON: it denies'];
  const { policies = [], resources = [], scopes = [] } = settings;
  const scopeNames = [...scopes, ...resources.flatMap((one) => one.scopes ?? [])];
  const isKnown: Readonly<Record<string, (name: string) => boolean>> = {
    applyPolicies: (name) => policies.some((one) => one.name === name || one.id === name),
    resources: (name) => resources.some((one) => one.name === name || one._id === name),
    scopes: (name) => scopeNames.some((one) => (typeof one === 'string' ? one : one.name) === name),
    ...(type === 'user'
      ? { users: (name: string) => (realm.userById(name) ?? realm.userByName(name)) !== undefined }
      : {}),
  };
  return Object.entries(isKnown).flatMap(([list, knows]) =>
    namesOf(config, list)
      .filter((name) => !knows(name))
      .map((name) => `names "${name}" under "${list}", which is not in the file`),
  );
}

/** Settings of a realm file that this provider does not support. */
export function warningsOf(rep: RealmRepresentation, realm: Realm): string[] {
  const hashed = (rep.users ?? []).filter(hasUnreadablePassword).map(({ username }) => username);
  const holders = [
    ...[...realm.clients()].map((client) => ({
      name: `client ${client.clientId}`,
      mappers: speaksSaml(client) ? [] : client.mappers,
    })),
    ...[...realm.scopes.values()].map(({ name, protocol, protocolMappers }) => ({
      name: `client scope ${name}`,
      mappers: protocol === 'saml' ? [] : (protocolMappers ?? []),
    })),
  ];
  const mappings = [rep.scopeMappings ?? [], ...Object.values(rep.clientScopeMappings ?? {})].flat();
  const mapped = mappings.map(({ client }) => client);
  const own = [...realm.clients()].filter(isOwn);
  return [
    ...warningsOfLogin(rep),
    ...warningsOfRealm(rep),
    ...warningsOfScopes(mappings),
    ...hashed.map(
      (username) =>
        `user ${username}: the password is hashed in a way this provider cannot check; ` +
        'give the user a password with "value" in the realm file',
    ),
    ...(rep.organizations ?? []).flatMap(({ name, members = [] }) => {
      const strangers = members.map((one) => one.username).filter((one) => !realm.userByName(one));
      return strangers.map((one) => `organization ${name}: its member "${one}" is no user of the file`);
    }),
    ...warningsOfSecrets(own.filter(isUnusable)),
    ...own.flatMap((client) => [
      ...warningsOfClient(client, mapped),
      ...warningsOfAuthorization(client, realm),
    ]),
    ...holders.flatMap(({ name, mappers }) =>
      mappers
        .filter(({ protocolMapper }) => !isKnownMapper(protocolMapper))
        .map(
          (mapper) =>
            `${name}: the mapper "${mapper.name}" (${mapper.protocolMapper}) is not known, and left out`,
        ),
    ),
  ];
}

const STORAGE = 'org.keycloak.storage.UserStorageProvider';

/** Settings of the login that have an effect in Keycloak alone. */
function warningsOfLogin(rep: RealmRepresentation): string[] {
  const others = (rep.identityProviders ?? []).filter((one) => one.enabled !== false && !mayAssert(one));
  const federated = Object.keys(rep.components ?? {}).includes(STORAGE);
  const second = (rep.users ?? []).filter(({ credentials = [] }) =>
    credentials.some(({ type = 'password' }) => type !== 'password'),
  );
  const flows = [
    [rep.browserFlow, 'browser'],
    [rep.directGrantFlow, 'direct grant'],
  ].filter(([flow, usual]) => typeof flow === 'string' && flow !== usual);
  return [
    ...(rep.users ?? [])
      .filter(({ enabled }) => enabled === undefined)
      .map(
        ({ username }) => `user ${username}: disabled, as in Keycloak, because "enabled": true is missing`,
      ),
    ...others.map(({ alias }) => `identity provider ${alias}: nobody can sign in with it here`),
    ...second.map(({ username }) => `user ${username}: the password alone signs in, without a second factor`),
    ...(federated ? ['user federation is left out: only the users of the file are there'] : []),
    ...flows.map(([flow]) => `the login flow "${flow}" is left out: a name and a password sign in`),
  ];
}

/** Other settings of a realm that have an effect in Keycloak alone. */
function warningsOfRealm(rep: RealmRepresentation): string[] {
  const { clientPolicies } = rep as {
    clientPolicies?: { policies?: { name?: string; enabled?: boolean; conditions?: object[] }[] };
  };
  const policies = (clientPolicies?.policies ?? []).filter(
    (one) => one.enabled && !JSON.stringify(one.conditions ?? []).includes('client-id-uri'),
  );
  const algorithm = rep.defaultSignatureAlgorithm ?? 'RS256';
  // The export of a realm whose users stand elsewhere, or that the console left out.
  const isWithoutUsers =
    rep.keycloakVersion !== undefined && !rep.users?.some((one) => !one.serviceAccountClientId);
  const warnings = [
    isWithoutUsers &&
      rep.realm !== 'master' &&
      'the file has no users, as a partial export: nobody can sign in. Write some into it, each with a password, or export with ' +
        '"kc.sh export --users same_file"',
    !['RS256', 'ES256'].includes(algorithm) && `tokens are signed with RS256, not with ${algorithm}`,
    rep.registrationAllowed === true && 'nobody can register on the login page',
    rep.verifyEmail === true && 'nobody is asked to confirm an e-mail address',
  ];
  return [
    ...warnings.flatMap((what) => (what ? [what] : [])),
    ...policies.map(({ name }) => `client policy "${name}" is left out: clients may do what it forbids`),
  ];
}

/** Client scopes that Keycloak gives to some people alone. Those of `offline_access` are in every export. */
function warningsOfScopes(mappings: readonly { clientScope?: string; roles?: string[] }[]): string[] {
  return mappings.flatMap(({ clientScope, roles = [] }) =>
    clientScope === undefined || clientScope === 'offline_access'
      ? []
      : [`client scope ${clientScope}: everybody gets it here; in Keycloak, who has ${roles.join(' or ')}`],
  );
}

/** Keycloak's admin API writes this in place of a secret. */
const MASKED = '**********';

/** Ways for a client to authenticate, by their names in a realm file. */
const AUTHENTICATORS = ['client-secret', 'client-secret-jwt', 'client-jwt', 'federated-jwt'];

const isUnusable = (client: Client): boolean =>
  !client.isPublic &&
  !client.bearerOnly &&
  !speaksSaml(client) &&
  client.authenticator.startsWith('client-secret') &&
  (client.secret === undefined || client.secret === MASKED);

/** One line, however many there are: a partial export has the secret of none. */
function warningsOfSecrets(clients: readonly Client[]): string[] {
  const [first] = clients;
  if (first === undefined) return [];
  const names = clients.map(({ clientId }) => clientId).join(', ');
  const [who, its, it] =
    clients.length === 1 ? ['client', 'its secret is', 'it'] : ['clients', 'their secrets are', 'they'];
  const secretText = clients.every(({ secret }) => secret === undefined) ? 'none' : MASKED;
  return [
    `${who} ${names}: ${its} not in the file (${secretText}), so ${it} cannot log in: Keycloak's console leaves secrets out of a ` +
      `partial export. Write the one under Clients > ${first.clientId} > Credentials into the file as "secret", or export ` +
      'with "kc.sh export"',
  ];
}

const speaksSaml = ({ representation }: Client): boolean => representation.protocol === 'saml';
const isOwn = ({ clientId }: Client): boolean => BUILT_IN_CLIENTS.every((one) => one.clientId !== clientId);

/** Settings of a client by their names in Keycloak, and what is missing without them. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'require.pushed.authorization.requests':
    'it must push its authorization requests (PAR), which this provider does not take: nobody can sign in with it',
  'request.object.required': 'it must sign its authorization requests in Keycloak, and need not here',
  'client_credentials.use_refresh_token': 'its service account gets no refresh token here',
  'tls.client.certificate.bound.access.tokens': 'its tokens are bound to no TLS certificate here',
};

/** @param mapped clients with scope mappings */
function warningsOfClient(client: Client, mapped: readonly unknown[]): string[] {
  const { clientId, authenticator, fullScope, isPublic } = client;
  const warnings = [
    speaksSaml(client) && 'it speaks SAML; this provider speaks OpenID Connect alone',
    !isPublic &&
      !AUTHENTICATORS.includes(authenticator) &&
      `it authenticates by "${authenticator}"; this provider knows ${AUTHENTICATORS.join(', ')}`,
    ...Object.entries(LEFT_OUT).map(
      ([name, what]) => !['', 'false'].includes(client.attributes[name] ?? '') && what,
    ),
    !['', 'RS256', 'ES256'].includes(client.attributes['access.token.signed.response.alg'] ?? '') &&
      `its tokens are signed with RS256, not with ${client.attributes['access.token.signed.response.alg']}`,
    client.representation.frontchannelLogout === true &&
      Boolean(client.attributes['frontchannel.logout.url']) &&
      'its front-channel logout is left out',
    Object.keys(client.representation.authenticationFlowBindingOverrides ?? {}).length > 0 &&
      'its own login flow is left out: a name and a password sign in',
    !fullScope &&
      mapped.includes(clientId) &&
      'it has no full scope, and its scope mappings are left out: its tokens have its own roles alone',
  ];
  return warnings.flatMap((what) => (what ? [`client ${clientId}: ${what}`] : []));
}
