import type { DevRealm } from '../dev-idp.ts';
import { recordUserChange } from '../events/event-log.ts';
import type { Misbehaviour } from '../http/misbehaviour.ts';
import { endSession } from '../provider/end-session.ts';
import type { Provider } from '../provider/provider.ts';
import type { Realm } from '../realm/realm.ts';
import type { OrganizationRepresentation, UserRepresentation } from '../realm/representation.ts';
import { mintToken, type TokenKey, type TokenRequest } from '../tokens/mint.ts';
import { warningsOf } from './warnings.ts';

/** The controls of a realm, for tests. @param issuer issuer of its tokens */
export function createControls(provider: Provider, issuer: string): DevRealm {
  const { realm, keys, sessions, lockout, misbehaviour, events } = provider;
  const updateUser = (username: string, change: Partial<UserRepresentation>) => {
    assertNames('updateUser', change, USER);
    const before = realm.userByName(username);
    realm.updateUser(username, change);
    if (before !== undefined) recordUserChange(events, realm, before, change);
  };
  const { settings: file } = realm;
  return {
    issuer,
    realm: realm.name,
    get warnings() {
      return warningsOf(file, realm);
    },
    async issueToken(request = {}) {
      assertNames('issueToken', request, TOKEN_REQUEST);
      const { type = 'access', key = 'RS256' } = request;
      if (!Object.hasOwn(TYPES, type))
        throw new TypeError(`issueToken: "type" is one of ${Object.keys(TYPES).join(', ')}`);
      if (!Object.hasOwn(KEYS, key))
        throw new TypeError(`issueToken: "key" is one of ${Object.keys(KEYS).join(', ')}`);
      const user = userOf(realm, request.username ?? file.users?.[0]?.username ?? '');
      const clientId = request.clientId ?? file.clients?.[0]?.clientId ?? '';
      const client = realm.client(clientId);
      if (client === undefined) throw new TypeError(`there is no client '${clientId}' in the realm`);
      return mintToken(provider, request, user, client, issuer);
    },
    rotateKeys: (how) => keys.rotate(how),
    sessionsOf: (username) => sessions.ofUser(userOf(realm, username).id).map(({ id }) => id),
    async endSession(sessionId) {
      const session = sessions.find(sessionId) ?? sessions.find(sessionId, true);
      if (session === undefined) throw new TypeError('there is no such session');
      await endSession(provider, session, issuer);
      const { offline } = session;
      events.recordAdmin('DELETE', 'USER_SESSION', `sessions/${sessionId}`, { offline });
    },
    async logoutUser(username) {
      const { id } = userOf(realm, username);
      for (const session of sessions.ofUser(id)) await endSession(provider, session, issuer);
      events.recordAdmin('ACTION', 'USER', `users/${id}/logout`);
    },
    disableUser: (username) => updateUser(username, { enabled: false }),
    enableUser: (username) => updateUser(username, { enabled: true }),
    addUser(user) {
      assertNames('addUser', user, USER);
      const { id } = realm.addUser(user);
      const { credentials: _, ...rest } = user;
      events.recordAdmin('CREATE', 'USER', `users/${id}`, rest);
    },
    removeUser(username) {
      const user = userOf(realm, username);
      for (const session of sessions.ofUser(user.id)) sessions.end(session);
      realm.removeUser(user);
      events.recordAdmin('DELETE', 'USER', `users/${user.id}`);
    },
    addClient(client) {
      assertNames('addClient', client, CLIENT);
      if (typeof client?.clientId !== 'string' || client.clientId === '')
        throw new TypeError('a client has a clientId');
      if (realm.client(client.clientId) !== undefined)
        throw new TypeError(`there is a client '${client.clientId}' in the realm ${realm.name}`);
      const { id } = realm.addClient({ enabled: true, ...client });
      const { secret: _, ...rest } = client;
      events.recordAdmin('CREATE', 'CLIENT', `clients/${id}`, rest);
    },
    addOrganization(organization) {
      assertOrganization('addOrganization', realm, organization);
      realm.addOrganization(organization);
    },
    updateUser,
    updateClient(clientId, change) {
      assertNames('updateClient', change, CLIENT);
      const { id } = realm.updateClient(clientId, change);
      events.recordAdmin('UPDATE', 'CLIENT', `clients/${id}`, change);
    },
    updateRealm(change) {
      assertNames('updateRealm', change, SETTINGS);
      for (const one of change.organizations ?? []) assertOrganization('updateRealm', realm, one);
      realm.settings = { ...realm.settings, ...change };
      events.recordAdmin('UPDATE', 'REALM', undefined, change);
    },
    unlockUsers: () => lockout.clear(),
    ...createMoods(misbehaviour),
  };
}

const TOKEN_REQUEST: Record<keyof TokenRequest, true> = {
  ...{ username: true, clientId: true, scope: true, type: true },
  ...{ claims: true, header: true, key: true, session: true },
};
const TYPES: Record<NonNullable<TokenRequest['type']>, true> = { access: true, id: true, refresh: true };
const KEYS: Record<TokenKey, true> = {
  ...{ RS256: true, ES256: true, unknown: true, 'unknown-kid': true },
  ...{ 'public-key-as-secret': true, none: true, broken: true },
};

const toNames = (names: string) =>
  Object.fromEntries(names.split(/\s+/).map((name) => [name, true as const]));
/** Those of Keycloak 26.7, for what a realm file holds can be added as it is: first those that count here. */
const USER =
  toNames(`username id enabled email emailVerified firstName lastName attributes credentials requiredActions
  realmRoles clientRoles groups serviceAccountClientId notBefore access clientConsents createdTimestamp
  disableableCredentialTypes federatedIdentities federationLink origin self socialLinks totp userProfileMetadata
  verifiableCredentials issuedVerifiableCredentials applicationRoles`);
const CLIENT =
  toNames(`clientId id name enabled clientAuthenticatorType secret publicClient bearerOnly standardFlowEnabled
  implicitFlowEnabled directAccessGrantsEnabled serviceAccountsEnabled authorizationServicesEnabled authorizationSettings
  consentRequired fullScopeAllowed notBefore rootUrl baseUrl redirectUris webOrigins attributes protocolMappers
  defaultClientScopes optionalClientScopes frontchannelLogout protocol access adminUrl alwaysDisplayInConsole
  authenticationFlowBindingOverrides defaultRoles description nodeReRegistrationTimeout origin registeredNodes
  registrationAccessToken surrogateAuthRequired type directGrantsOnly clientTemplate useTemplateConfig useTemplateScope
  useTemplateMappers`);
const ORGANIZATION = toNames(
  'name alias id enabled domains attributes groups members description redirectUrl identityProviders',
);
const MEMBER = { ...USER, membershipType: true as const };
const DOMAIN = toNames('name verified');
/** Those that count as soon as they are changed. */
const SETTINGS =
  toNames(`enabled sslRequired notBefore accessTokenLifespan ssoSessionIdleTimeout ssoSessionMaxLifespan rememberMe
  ssoSessionIdleTimeoutRememberMe ssoSessionMaxLifespanRememberMe clientSessionIdleTimeout clientSessionMaxLifespan
  offlineSessionIdleTimeout offlineSessionMaxLifespanEnabled offlineSessionMaxLifespan clientOfflineSessionIdleTimeout
  clientOfflineSessionMaxLifespan accessCodeLifespan accessCodeLifespanLogin oauth2DeviceCodeLifespan
  oauth2DevicePollingInterval revokeRefreshToken refreshTokenMaxReuse defaultSignatureAlgorithm loginWithEmailAllowed
  duplicateEmailsAllowed registrationAllowed bruteForceProtected permanentLockout bruteForceStrategy failureFactor
  waitIncrementSeconds maxFailureWaitSeconds maxDeltaTimeSeconds quickLoginCheckMilliSeconds
  minimumQuickLoginWaitSeconds identityProviders organizationsEnabled organizations adminEventsEnabled
  adminEventsDetailsEnabled eventsEnabled enabledEventTypes eventsExpiration attributes components clientPolicies
  clientProfiles defaultDefaultClientScopes defaultOptionalClientScopes`);

/** A test that misspells what is to be refused would see it succeed. @throws {TypeError} */
export function assertNames(call: string, given: object, names: Readonly<Record<string, true>>): void {
  const all = Object.keys(names).join(', ');
  if (typeof given === 'string') throw new TypeError(`${call}: "${given}" must be an object of ${all}`);
  const misspelt = Object.keys(Object(given)).find((name) => !Object.hasOwn(names, name));
  if (misspelt !== undefined) throw new TypeError(`${call}: there is no "${misspelt}". It takes ${all}`);
}

function assertOrganization(call: string, realm: Realm, organization: OrganizationRepresentation): void {
  assertNames(call, organization, ORGANIZATION);
  for (const one of organization?.domains ?? []) assertNames(call, one, DOMAIN);
  for (const one of organization?.members ?? []) {
    assertNames(call, one, MEMBER);
    if (realm.userByName(one.username) === undefined)
      throw new TypeError(`there is no user '${one.username}' in the realm ${realm.name}`);
  }
}

/** The controls of how a realm, or all of them, misbehave. */
export const createMoods = (misbehaviour: Misbehaviour): Moods => ({
  answerSlowly: (delayMs, endpoint) => misbehaviour.set({ kind: 'slow', delayMs }, endpoint),
  answerWithError: (statusCode = 500, endpoint) => misbehaviour.set({ kind: 'error', statusCode }, endpoint),
  answerGarbage: (endpoint) => misbehaviour.set({ kind: 'garbage' }, endpoint),
  answerNormally: () => misbehaviour.clear(),
});

type Moods = Pick<DevRealm, 'answerSlowly' | 'answerWithError' | 'answerGarbage' | 'answerNormally'>;

function userOf(realm: Realm, username: string) {
  const user = realm.userByLogin(username);
  if (user === undefined) throw new TypeError(`there is no user '${username}' in the realm`);
  return user;
}
