import {
  addClaim,
  addDirectory,
  addStep,
  dropDirectory,
  dropFlow,
  forbidOffline,
  LOCALES,
  makeOptional,
  NO_LOCALES,
  serveNotFound,
  serveOtherKeycloak,
  setRealm,
  soon,
  withoutMappers,
} from './breakages.ts';
import type { Failure } from './failures.ts';
import type { Visit } from './lab.ts';

const ADMIN: Visit = { admin: true };

/** Less usual, each with another failure that Keycloak answers the same. */
export const RARE_FAILURES: readonly Failure[] = [
  {
    name: 'offline-tokens-not-allowed',
    check: 'login.password',
    cause: /offline tokens are not allowed for 'anna'.*does not have the role offline_access/,
    fix: /Assign role: offline_access.*as Optional/,
    break: (lab) => forbidOffline(lab).then(() => undefined),
  },
  {
    name: 'lightweight-without-audience',
    check: 'login.lightweight',
    cause: /no audience mapper names the client 'lab-api'.*answers 401 to each/,
    fix: /Included Client Audience = lab-api, Add to token introspection ON/,
    break: async (lab) => {
      await withoutMappers(lab);
      await lab.client({}, { 'client.use.lightweight.access.token.enabled': 'true' });
      return undefined;
    },
  },
  {
    name: 'not-before-ahead, only userinfo can be asked, no admin',
    check: 'login.userinfo',
    cause: /revoked until .* \(not-before of the realm, of the client or of the user\)/,
    fix: /Revocation > Clear\nkcadm\.sh update realms\/doctor-lab -s notBefore=0/,
    break: async (lab) => {
      await withoutMappers(lab);
      await setRealm({ notBefore: soon() })(lab);
      return undefined;
    },
  },
  {
    name: 'as-many-sessions-as-allowed',
    check: 'login.password',
    cause: /'anna' has as many sessions as the realm allows/,
    fix: /Logout all sessions/,
    break: async (lab) => {
      const limit = { userRealmLimit: '1', userClientLimit: '0', behavior: 'Deny new session' };
      await addStep(lab, 'user-session-limits', limit);
      await lab.calls.passwordGrant(lab.username, lab.password);
      return undefined;
    },
    mend: dropFlow,
  },
  {
    name: 'denied-after-the-password',
    check: 'login.password',
    cause: /later step of the login flow 'own grant' refuses 'anna' \(its own steps: Deny access\)/,
    fix: /steps after Password/,
    break: (lab) => addStep(lab, 'deny-access-authenticator').then(() => ADMIN),
    mend: dropFlow,
  },
  {
    name: 'step-without-its-settings',
    check: 'login.password',
    cause: /What is unusual here: the step 'User session count limiter' of the flow 'own grant'/,
    fix: /a step without its settings fails/,
    break: (lab) => addStep(lab, 'user-session-limits').then(() => ADMIN),
    mend: dropFlow,
  },
  {
    name: 'id-token-signed-with-none',
    check: 'login.password',
    cause: /id\.token\.signed\.response\.alg = none/,
    fix: /Fine grain OpenID Connect configuration/,
    break: (lab) => lab.client({}, { 'id.token.signed.response.alg': 'none' }).then(() => ADMIN),
  },
  {
    name: 'token-longer-than-keycloak-takes',
    check: 'login.userinfo',
    cause: /is \d{5} bytes long, more than fits into a header: Keycloak takes 64 KB.*large/,
    fix: /take out scopes and mappers/,
    break: (lab) => addClaim(lab, 'large', 'x'.repeat(3_500), 16).then(() => undefined),
  },
  {
    name: 'token-longer-than-this-service-takes',
    check: 'login.size',
    cause: /Node \(this service\) takes 16 KB/,
    fix: /take out scopes and mappers/,
    break: (lab) => addClaim(lab, 'large', 'x'.repeat(3_500), 4).then(() => undefined),
  },
  {
    name: 'token-longer-than-proxies-take',
    check: 'login.size',
    status: 'warn',
    cause: /proxies take 8 KB/,
    fix: /take out scopes and mappers/,
    break: (lab) => addClaim(lab, 'large', 'x'.repeat(3_500), 2).then(() => undefined),
  },
  {
    name: 'session-shorter-than-token',
    check: 'login.lifespan',
    status: 'warn',
    cause: /session ends after 150 s without a refresh, and the access token with it/,
    fix: /SSO Session Idle and Max.*Client Session Idle and Max/,
    break: async (lab) => {
      await lab.client({}, { 'client.session.idle.timeout': '150' });
      return undefined;
    },
  },
  {
    name: 'mapper-over-azp',
    check: 'login.userinfo',
    cause: /cannot read the token .*azp \('other', and not the client\)/,
    fix: /take out the mapper of azp/,
    break: (lab) => addClaim(lab, 'azp', 'other').then(() => undefined),
  },
  {
    name: 'mapper-over-realm-access',
    check: 'login.userinfo',
    cause: /cannot read the token .*realm_access \(of another type/,
    fix: /take out the mapper of realm_access/,
    break: (lab) => addClaim(lab, 'realm_access', 'x').then(() => undefined),
  },
  {
    name: 'profile-as-optional',
    check: 'scopes.profile',
    cause: /the scope 'profile' as Optional/,
    fix: /profile > Default/,
    break: (lab) => makeOptional(lab, 'profile').then(() => undefined),
  },
  {
    name: 'unknown-client, pages in another language',
    check: 'client.known',
    cause: /no client 'nobody-knows'/,
    fix: /KEYCLOAK_CLIENT_ID/,
    break: async (lab) => {
      await setRealm(LOCALES)(lab);
      return { settings: { KEYCLOAK_CLIENT_ID: 'nobody-knows' } };
    },
    mend: setRealm(NO_LOCALES),
  },
  {
    name: 'disabled-client, pages in another language',
    check: 'client.enabled',
    cause: /is disabled/,
    fix: /Enabled .*ON/,
    break: async (lab) => {
      await setRealm(LOCALES)(lab);
      await lab.client({ enabled: false });
      return undefined;
    },
    mend: setRealm(NO_LOCALES),
  },
  {
    name: 'client-id-in-another-case, without an admin',
    check: 'client.known',
    cause: /has 'lab-api'/,
    fix: /KEYCLOAK_CLIENT_ID=lab-api/,
    break: () => ({ settings: { KEYCLOAK_CLIENT_ID: 'LAB-API' } }),
  },
  {
    name: 'client-in-another-realm',
    check: 'client.known',
    cause: /no client 'made-in-master', but the realm 'master' has/,
    fix: /KEYCLOAK_REALM=master/,
    break: async (lab) => {
      await lab.api.clients.create({ realm: 'master', clientId: 'made-in-master' });
      return { settings: { KEYCLOAK_CLIENT_ID: 'made-in-master' } };
    },
    mend: async ({ api }) => {
      const [client] = await api.clients.find({ realm: 'master', clientId: 'made-in-master' });
      await api.clients.del({ realm: 'master', id: client?.id ?? '' });
    },
  },
  {
    name: 'user-of-another-realm',
    check: 'user.exists',
    cause: /no user 'admin', but the realm 'master' has one/,
    fix: /cannot log in at another/,
    break: () => ({ ...ADMIN, env: { DOCTOR_USER: process.env.KC_TEST_ADMIN_USER ?? '' } }),
  },
  {
    name: 'directory-down',
    check: 'realm.federation',
    cause: /does not reach 'people' \(ldap:\/\/127\.0\.0\.1:9\)/,
    fix: /Test connection/,
    break: (lab) => addDirectory(lab).then(() => ADMIN),
    mend: dropDirectory,
  },
  {
    name: 'workflows where events are followed',
    check: 'realm.workflows',
    status: 'warn',
    cause: /without an event/,
    fix: /recheckSeconds: 30/,
    break: async ({ api, realm }) => {
      const steps = [{ uses: 'disable-user', after: '30d' }];
      const workflow = { realm, name: 'leave', enabled: true, on: 'user_authenticated', steps };
      await api.workflows.create(workflow);
      return { ...ADMIN, settings: { KEYCLOAK_EVENTS: 'on' } };
    },
    mend: async ({ api, realm }) => {
      for (const { id } of await api.workflows.find({ realm })) await api.workflows.delById({ realm, id });
    },
  },
  {
    name: 'directory-down, and the user is of it',
    check: 'login.password',
    cause: /no user 'anna': Keycloak does not reach 'people'/,
    fix: /Test connection/,
    break: async (lab) => {
      await lab.user({ federationLink: await addDirectory(lab) });
      return ADMIN;
    },
    mend: dropDirectory,
  },
  {
    name: 'backchannel-url-is-keycloak',
    check: 'client.backchannel-logout',
    status: 'warn',
    cause: /is Keycloak's own address/,
    fix: /Backchannel logout URL = http:\/\/localhost:8000/,
    break: async (lab) => {
      await lab.client({}, { 'backchannel.logout.url': `${lab.url}/backchannel-logout` });
      return ADMIN;
    },
  },
  {
    name: 'backchannel-url-of-another-program',
    check: 'client.backchannel-logout',
    status: 'warn',
    cause: /takes no logout tokens \(HTTP 404\)/,
    fix: /Backchannel logout URL/,
    break: async (lab) => {
      await lab.client({}, { 'backchannel.logout.url': await serveNotFound() });
      return ADMIN;
    },
  },
  {
    name: 'issuer-inside-a-container',
    check: 'issuer.hostname',
    status: 'warn',
    cause: /names itself http:\/\/keycloak:8080, a name that only its own network knows/,
    fix: /KC_HOSTNAME/,
    break: (lab) =>
      setRealm({ attributes: { frontendUrl: 'http://keycloak:8080' } })(lab).then(() => undefined),
  },
  {
    name: 'host name pinned to a name that leads nowhere',
    check: 'issuer.hostname',
    status: 'warn',
    cause: /pinned to https:\/\/sso\.example\.invalid, and there is no answer/,
    fix: /only this machine does not, all is as it should be/,
    break: (lab) =>
      setRealm({ attributes: { frontendUrl: 'https://sso.example.invalid' } })(lab).then(() => undefined),
  },
  {
    name: 'host name pinned to another program',
    check: 'issuer.hostname',
    status: 'warn',
    cause: /pinned to http:\/\/127\.0\.0\.1:\d+, and there is something else \(HTTP 404\)/,
    fix: /KC_HOSTNAME/,
    break: async (lab) => {
      const frontendUrl = new URL(await serveNotFound()).origin;
      await setRealm({ attributes: { frontendUrl } })(lab);
      return undefined;
    },
  },
  {
    name: 'host name pinned to another Keycloak',
    check: 'issuer.hostname',
    cause: /pinned to http:\/\/127\.0\.0\.1:\d+, and there is another Keycloak, with other keys/,
    fix: /KC_HOSTNAME/,
    break: async (lab) => {
      await setRealm({ attributes: { frontendUrl: await serveOtherKeycloak(lab.realm) } })(lab);
      return undefined;
    },
  },
  {
    name: 'secret-in-base64',
    check: 'client.secret',
    cause: /is wrong \(it looks like base64/,
    fix: /Credentials > Client secret/,
    break: () => {
      const secret = Buffer.from('abcdefghijklmnopqrstuvwxyzABCDEF').toString('base64');
      return { settings: { KEYCLOAK_CLIENT_SECRET: secret } };
    },
  },
  {
    name: 'secret-with-a-line-break',
    check: 'settings.valid',
    cause: /^a setting is missing or wrong$/,
    fix: /printf %s|echo -n/,
    break: (lab) => ({ settings: { KEYCLOAK_CLIENT_SECRET: `${lab.secret}\n` } }),
  },
  {
    name: 'secret-in-quotes',
    check: 'settings.valid',
    cause: /^a setting is missing or wrong$/,
    fix: /without them/,
    break: (lab) => ({ settings: { KEYCLOAK_CLIENT_SECRET: `"${lab.secret}"` } }),
  },
];
