import { setTimeout } from 'node:timers/promises';
import { withKeyFile } from './key-file.ts';
import type { Lab, Visit } from './lab.ts';

/** One way to break a set-up that works, and what the doctor has to say. */
export interface Failure {
  readonly name: string;
  readonly check: string;
  /** Default `fail`. */
  readonly status?: 'warn' | 'fail';
  readonly cause: RegExp;
  readonly fix: RegExp;
  /** Breaks it; may say what the doctor is told. */
  readonly break: (lab: Lab) => Promise<Visit | undefined> | Visit | undefined;
  /** Only where `lab.restore` does not mend it. */
  readonly mend?: (lab: Lab) => Promise<void>;
}

const ADMIN: Visit = { admin: true };
const nothing = (): undefined => undefined;
const attribute = (name: string, value: string) => (lab: Lab) =>
  lab.client({}, { [name]: value }).then(nothing);
const client = (patch: Record<string, unknown>) => (lab: Lab) => lab.client(patch).then(nothing);
const user =
  (patch: Record<string, unknown>, visit?: Visit) =>
  (lab: Lab): Promise<Visit | undefined> =>
    lab.user(patch).then(() => visit);
const realm =
  (patch: Record<string, unknown>, visit?: Visit) =>
  (lab: Lab): Promise<Visit | undefined> =>
    lab.api.realms.update({ realm: lab.realm }, patch).then(() => visit);
const settings = (values: Record<string, string>) => (): Visit => ({ settings: values });

async function removeScopes(lab: Lab, names: readonly string[]): Promise<void> {
  const scopes = await lab.api.clientScopes.find({ realm: lab.realm });
  const id = await lab.clientUuid();
  for (const name of names) {
    const clientScopeId = scopes.find((one) => one.name === name)?.id ?? '';
    await lab.api.clients.delDefaultClientScope({ realm: lab.realm, id, clientScopeId });
  }
}
const withoutScope = (name: string) => (lab: Lab) => removeScopes(lab, [name]).then(nothing);

async function withoutMapper(lab: Lab): Promise<undefined> {
  const [realm, id] = [lab.realm, await lab.clientUuid()];
  for (const { id: mapperId } of await lab.api.clients.listProtocolMappers({ realm, id })) {
    await lab.api.clients.delProtocolMapper({ realm, id, mapperId: mapperId ?? '' });
  }
}

async function failLogins(lab: Lab): Promise<void> {
  const user = { realm: lab.realm, id: await lab.userId() };
  const isLocked = async () => (await lab.api.attackDetection.findOne(user))?.disabled === true;
  const deadline = Date.now() + 60_000;
  // Two within a second lock the user: on a slow machine not always at the first try.
  while (Date.now() < deadline) {
    for (let count = 0; count < 3; count++) await lab.calls.passwordGrant(lab.username, 'wrong');
    // Keycloak counts failures beside the request.
    for (let looks = 0; looks < 20; looks++) {
      if (await isLocked()) return;
      await setTimeout(50);
    }
  }
  throw new Error('Keycloak did not lock the user');
}

/** Keycloak counts the age of a password in whole seconds: one of this second is not expired. */
async function untilLoginIsRefused(lab: Lab): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    if ((await lab.calls.passwordGrant(lab.username, lab.password)).status !== 200) return;
    await setTimeout(100);
  }
  throw new Error('Keycloak goes on letting the user log in');
}

async function setStep(lab: Lab, pattern: RegExp, requirement: string): Promise<void> {
  const steps = await lab.api.authenticationManagement.getExecutions({
    realm: lab.realm,
    flow: 'direct grant',
  });
  for (const step of steps) {
    if (!pattern.test(step.displayName ?? '')) continue;
    await lab.api.authenticationManagement.updateExecution(
      { realm: lab.realm, flow: 'direct grant' },
      { ...step, requirement },
    );
  }
}

async function setPolicy(lab: Lab, executor: string | undefined): Promise<void> {
  const profiles =
    executor === undefined
      ? []
      : [{ name: 'lab', description: '', executors: [{ executor, configuration: {} }] }];
  const policies =
    executor === undefined
      ? []
      : [
          {
            name: 'lab-policy',
            enabled: true,
            conditions: [{ condition: 'any-client', configuration: {} }],
            profiles: ['lab'],
          },
        ];
  await lab.api.clientPolicies.updatePolicy({ realm: lab.realm, policies: [] });
  await lab.api.clientPolicies.createProfiles({ realm: lab.realm, profiles } as object);
  await lab.api.clientPolicies.updatePolicy({ realm: lab.realm, policies } as object);
}

/** About the client. */
export const CLIENT_FAILURES: readonly Failure[] = [
  {
    name: 'wrong-secret',
    check: 'client.secret',
    cause: /secret .* is wrong/,
    fix: /Credentials > Client secret/,
    break: settings({ KEYCLOAK_CLIENT_SECRET: 'not-the-secret' }),
  },
  {
    name: 'wrong-client-id',
    check: 'client.known',
    cause: /no client 'nobody-knows'/,
    fix: /KEYCLOAK_CLIENT_ID/,
    break: settings({ KEYCLOAK_CLIENT_ID: 'nobody-knows' }),
  },
  {
    name: 'client-id-in-another-case',
    check: 'client.known',
    cause: /has 'lab-api'/,
    fix: /KEYCLOAK_CLIENT_ID=lab-api/,
    break: () => ({ ...ADMIN, settings: { KEYCLOAK_CLIENT_ID: 'Lab-API' } }),
  },
  {
    name: 'uuid-as-client-id',
    check: 'client.known',
    cause: /UUID/,
    fix: /column Client ID/,
    break: async (lab) => ({ settings: { KEYCLOAK_CLIENT_ID: await lab.clientUuid() } }),
  },
  {
    name: 'disabled-client',
    check: 'client.enabled',
    cause: /is disabled/,
    fix: /Enabled .*ON/,
    break: client({ enabled: false }),
  },
  {
    name: 'direct-grants-off',
    check: 'client.direct-grants',
    cause: /direct access grants are off/,
    fix: /Direct access grants ON/,
    break: client({ directAccessGrantsEnabled: false }),
  },
  {
    name: 'public-client-with-secret',
    check: 'client.type',
    cause: /is public/,
    fix: /Client authentication ON/,
    break: client({ publicClient: true }),
  },
  {
    name: 'bearer-only-client',
    check: 'client.type',
    cause: /bearer-only/,
    fix: /Client authentication ON/,
    break: client({ bearerOnly: true }),
  },
  {
    name: 'consent-required',
    check: 'client.consent',
    cause: /asks users for consent/,
    fix: /Consent required OFF/,
    break: client({ consentRequired: true }),
  },
  {
    name: 'secret-with-jwt-client',
    check: 'client.authenticator',
    cause: /signed JWT/,
    fix: /^For client-jwt: Set KEYCLOAK_CLIENT_KEY_FILE .*lab-api > Keys\nFor client-secret-jwt: Library: /,
    break: client({ clientAuthenticatorType: 'client-jwt' }),
  },
  {
    name: 'secret-jwt-client',
    check: 'client.authenticator',
    cause: /signed JWT/,
    fix: /method: 'jwt'/,
    break: client({ clientAuthenticatorType: 'client-secret-jwt' }),
  },
  {
    name: 'certificate-client',
    check: 'client.authenticator',
    cause: /certificate/,
    fix: /certificateFile, certificateKeyFile/,
    break: (lab) =>
      lab.client({ clientAuthenticatorType: 'client-x509' }, { 'x509.subjectdn': 'CN=lab' }).then(nothing),
  },
  {
    name: 'federated-client',
    check: 'client.authenticator',
    cause: /'federated-jwt'.*this service sends a secret/,
    fix: /^Set KEYCLOAK_CLIENT_TOKEN_FILE .*Kubernetes or SPIFFE/,
    break: (lab) => lab.client({ clientAuthenticatorType: 'federated-jwt' }).then(() => ADMIN),
  },
  {
    name: 'key-that-keycloak-does-not-know',
    check: 'client.authenticator',
    cause: /Keycloak cannot check an assertion that its key signs/,
    fix: /Give Keycloak the public key/,
    break: async (lab) => {
      await lab.client({ clientAuthenticatorType: 'client-jwt' });
      return { settings: (await withKeyFile()).settings };
    },
  },
  {
    name: 'key-with-secret-client',
    check: 'client.secret',
    cause: /Keycloak expects something else .* than an assertion that its key signs/,
    fix: /Client Authenticator/,
    break: async () => ({ settings: (await withKeyFile()).settings }),
  },
  {
    name: 'key-file-missing',
    check: 'settings.secret',
    cause: /^KEYCLOAK_CLIENT_KEY_FILE cannot be used$/,
    fix: /path in KEYCLOAK_CLIENT_KEY_FILE/,
    break: () => ({ settings: { KEYCLOAK_CLIENT_SECRET: '', KEYCLOAK_CLIENT_KEY_FILE: '/nowhere/key.pem' } }),
  },
  {
    name: 'dpop-client-no-proof',
    check: 'client.dpop',
    cause: /DPoP/,
    fix: /Require DPoP bound tokens OFF/,
    break: attribute('dpop.bound.access.tokens', 'true'),
  },
  {
    name: 'certificate-bound-tokens',
    check: 'login.password',
    cause: /TLS client certificate/,
    fix: /Certificate Bound Access Tokens/,
    break: attribute('tls.client.certificate.bound.access.tokens', 'true'),
  },
  {
    name: 'auth-par-required',
    check: 'client.par',
    cause: /pushed authorization/,
    fix: /Pushed authorization request required OFF/,
    break: attribute('require.pushed.authorization.requests', 'true'),
  },
  {
    name: 'standard-flow-off',
    check: 'client.standard-flow',
    cause: /standard flow is off/,
    fix: /Standard flow ON/,
    break: client({ standardFlowEnabled: false }),
  },
  {
    name: 'auth-bad-redirect',
    check: 'client.redirect-uri',
    cause: /not among the valid redirect URIs/,
    fix: /add http:\/\/localhost:8000\/auth\/callback/,
    break: client({ redirectUris: ['http://elsewhere.example/*'] }),
  },
  {
    name: 'auth-pkce-plain-required',
    check: 'client.pkce',
    cause: /another PKCE method/,
    fix: /S256/,
    break: attribute('pkce.code.challenge.method', 'plain'),
  },
  {
    name: 'request-object-required',
    check: 'client.browser-login',
    cause: /refuses a browser login/,
    fix: /Request object required/,
    break: attribute('request.object.required', 'request or request_uri'),
  },
  {
    name: 'invalid-origin',
    check: 'client.web-origins',
    status: 'warn',
    cause: /not among the client's web origins/,
    fix: /Web origins: add http:\/\/localhost:8000/,
    break: client({ webOrigins: [] }),
  },
  {
    name: 'scope-not-assigned',
    check: 'client.scopes',
    cause: /may not ask for/,
    fix: /Add client scope/,
    break: async (lab) => removeScopes(lab, ['profile']).then(nothing),
  },
  {
    name: 'policy-forbids-password-grant',
    check: 'client.password-grant',
    cause: /client policy/,
    fix: /Client policies.*lab-policy/,
    break: async (lab) => setPolicy(lab, 'reject-ropc-grant').then(() => ADMIN),
    mend: (lab) => setPolicy(lab, undefined),
  },
  {
    name: 'browser-flow-for-password-grant',
    check: 'client.password-grant',
    cause: /browser flow is bound/,
    fix: /Bind flow/,
    break: realm({ directGrantFlow: 'browser' }),
  },
  {
    name: 'no-backchannel-logout',
    check: 'client.backchannel-logout',
    status: 'warn',
    cause: /does not report logouts to this service/,
    fix: /Backchannel logout URL/,
    break: async (lab) => lab.client({}, { 'backchannel.logout.url': '' }).then(() => ADMIN),
  },
  {
    name: 'no-post-logout-uri',
    check: 'client.post-logout-uris',
    status: 'warn',
    cause: /no post logout redirect URI/,
    fix: /post logout redirect URIs/,
    break: async (lab) => lab.client({}, { 'post.logout.redirect.uris': '' }).then(() => ADMIN),
  },
];

/** About the user and the login. */
export const USER_FAILURES: readonly Failure[] = [
  {
    name: 'wrong-password',
    check: 'login.password',
    cause: /wrong password.*unknown user.*OTP.*locked/,
    fix: /Reset password/,
    break: () => ({ env: { DOCTOR_PASSWORD: 'wrong' } }),
  },
  {
    name: 'wrong-password, seen by an admin',
    check: 'login.password',
    cause: /the password of 'anna' is wrong/,
    fix: /DOCTOR_PASSWORD/,
    break: () => ({ ...ADMIN, env: { DOCTOR_PASSWORD: 'wrong' } }),
  },
  {
    name: 'unknown-user',
    check: 'user.exists',
    cause: /no user 'hanna'/,
    fix: /Add user/,
    break: () => ({ ...ADMIN, env: { DOCTOR_USER: 'hanna' } }),
  },
  {
    name: 'temp-password, without an admin',
    check: 'login.password',
    cause: /has to do something first: a temporary password/,
    fix: /Temporary OFF/,
    break: user({ requiredActions: ['UPDATE_PASSWORD'] }),
  },
  {
    name: 'temp-password',
    check: 'user.required-actions',
    cause: /temporary\) \(UPDATE_PASSWORD\)/,
    fix: /Temporary OFF/,
    break: user({ requiredActions: ['UPDATE_PASSWORD'] }, ADMIN),
  },
  {
    name: 'missing-first-last-name',
    check: 'user.profile',
    cause: /lacks firstName, lastName/,
    fix: /fill firstName, lastName/,
    break: user({ firstName: '', lastName: '' }, ADMIN),
  },
  {
    name: 'missing-email',
    check: 'user.profile',
    cause: /lacks email/,
    fix: /fill email/,
    break: user({ email: '' }, ADMIN),
  },
  {
    name: 'totp-setup-required',
    check: 'user.required-actions',
    cause: /set up an OTP device/,
    fix: /take out CONFIGURE_TOTP/,
    break: user({ requiredActions: ['CONFIGURE_TOTP'] }, ADMIN),
  },
  {
    name: 'terms-to-accept',
    check: 'user.required-actions',
    cause: /accept the terms/,
    fix: /Required user actions/,
    break: user({ requiredActions: ['TERMS_AND_CONDITIONS'] }, ADMIN),
  },
  {
    name: 'unverified-email',
    check: 'user.profile',
    cause: /wants verified email/,
    fix: /Email verified ON/,
    break: async (lab) => {
      await lab.user({ emailVerified: false });
      return realm({ verifyEmail: true }, ADMIN)(lab);
    },
  },
  {
    name: 'disabled-user',
    check: 'login.password',
    cause: /'anna' is disabled/,
    fix: /Enabled .*ON/,
    break: user({ enabled: false }),
  },
  {
    name: 'brute-locked-right-password',
    check: 'user.locked',
    cause: /is locked until .* after \d+ failed logins/,
    fix: /Unlock/,
    break: async (lab) => {
      await realm({ bruteForceProtected: true })(lab);
      await failLogins(lab);
      return ADMIN;
    },
  },
  {
    name: 'locked-for-good',
    check: 'user.locked',
    cause: /is locked/,
    fix: /Unlock/,
    break: async (lab) => {
      await realm({ bruteForceProtected: true, permanentLockout: true, failureFactor: 1 })(lab);
      await failLogins(lab);
      return ADMIN;
    },
  },
  {
    name: 'no-password',
    check: 'user.credentials',
    cause: /has no password/,
    fix: /Set password/,
    break: async (lab) => {
      const id = await lab.userId();
      for (const { id: credentialId } of await lab.api.users.getCredentials({ realm: lab.realm, id }))
        await lab.api.users.deleteCredential({ realm: lab.realm, id, credentialId: credentialId ?? '' });
      return ADMIN;
    },
  },
  {
    name: 'password-expired',
    check: 'user.credentials',
    cause: /older than the 0 days/,
    fix: /Password policy/,
    break: async (lab) => {
      await realm({ passwordPolicy: 'forceExpiredPasswordChange(0)' })(lab);
      await untilLoginIsRefused(lab);
      return ADMIN;
    },
  },
  {
    name: 'totp-user-no-code',
    check: 'user.credentials',
    cause: /has an OTP device/,
    fix: /Conditional OTP/,
    break: async (lab) => {
      const credential = {
        type: 'otp',
        userLabel: 'phone',
        secretData: '{"value":"DJmQfC73VGFhw7D4QJ8A"}',
        credentialData: '{"subType":"totp","digits":6,"counter":0,"period":30,"algorithm":"HmacSHA1"}',
      };
      await lab.api.users.del({ realm: lab.realm, id: await lab.userId() });
      await lab.api.users.create({
        realm: lab.realm,
        username: lab.username,
        enabled: true,
        email: 'anna@example.com',
        emailVerified: true,
        firstName: 'Anna',
        lastName: 'Example',
        credentials: [{ type: 'password', value: lab.password, temporary: false }, credential],
      });
      return ADMIN;
    },
  },
  {
    name: 'otp-required-of-all',
    check: 'flow.direct-grant',
    cause: /requires an OTP of everybody/,
    fix: /DISABLED/,
    break: async (lab) => {
      await setStep(lab, /Conditional OTP/, 'REQUIRED');
      await setStep(lab, /Condition/, 'DISABLED');
      await setStep(lab, /OTP/, 'REQUIRED');
      return ADMIN;
    },
    mend: async (lab) => {
      await setStep(lab, /Condition - /, 'REQUIRED');
      await setStep(lab, /Conditional OTP/, 'CONDITIONAL');
    },
  },
  {
    name: 'password-not-checked',
    check: 'flow.direct-grant',
    cause: /anybody can log in as anybody/,
    fix: /Password = REQUIRED/,
    break: async (lab) => {
      await setStep(lab, /^Password$/, 'DISABLED');
      return ADMIN;
    },
    mend: (lab) => setStep(lab, /^Password$/, 'REQUIRED'),
  },
];

/** About the token. */
export const TOKEN_FAILURES: readonly Failure[] = [
  {
    name: 'audience-account',
    check: 'mappers.audience',
    status: 'warn',
    cause: /is not in the token's aud/,
    fix: /Included Client Audience = lab-api/,
    break: withoutMapper,
  },
  {
    name: 'introspect-own-token-no-aud',
    check: 'login.introspection',
    status: 'warn',
    cause: /calls the token inactive/,
    fix: /Audience/,
    break: withoutMapper,
  },
  {
    name: 'userinfo-no-basic-scope',
    check: 'scopes.basic',
    cause: /no 'sub'/,
    fix: /basic > Default/,
    break: withoutScope('basic'),
  },
  {
    name: 'userinfo-no-profile-scope',
    check: 'scopes.profile',
    cause: /no scope 'profile'/,
    fix: /profile > Default/,
    break: withoutScope('profile'),
  },
  {
    name: 'userinfo-no-email-scope',
    check: 'scopes.email',
    cause: /no scope 'email'/,
    fix: /email > Default/,
    break: withoutScope('email'),
  },
  {
    name: 'roles-missing',
    check: 'scopes.roles',
    status: 'warn',
    cause: /no scope 'roles'/,
    fix: /roles > Default/,
    break: withoutScope('roles'),
  },
  {
    name: 'full-scope-off',
    check: 'scopes.roles',
    status: 'warn',
    cause: /no full scope/,
    fix: /Full scope allowed ON/,
    break: (lab) => lab.client({ fullScopeAllowed: false }).then(() => ADMIN),
  },
  {
    name: 'userinfo-lightweight',
    check: 'login.userinfo',
    status: 'warn',
    cause: /lightweight/,
    fix: /lightweight access token OFF/,
    break: attribute('client.use.lightweight.access.token.enabled', 'true'),
  },
  {
    name: 'symmetric-signature',
    check: 'login.token',
    cause: /signed with 'HS256'/,
    fix: /signature algorithm/,
    break: attribute('access.token.signed.response.alg', 'HS256'),
  },
  {
    name: 'signed-userinfo',
    check: 'login.userinfo',
    status: 'warn',
    cause: /signed, not JSON/,
    fix: /User info signed response algorithm/,
    break: attribute('user.info.response.signature.alg', 'RS256'),
  },
  {
    name: 'ten-second-token',
    check: 'login.lifespan',
    status: 'warn',
    cause: /live 10 s/,
    fix: /Access Token Lifespan/,
    break: attribute('access.token.lifespan', '10'),
  },
  {
    name: 'no-refresh-tokens',
    check: 'login.refresh',
    status: 'warn',
    cause: /no refresh tokens/,
    fix: /Use refresh tokens ON/,
    break: attribute('use.refresh.tokens', 'false'),
  },
  {
    name: 'encrypted-id-token',
    check: 'login.password',
    cause: /unusual here: id\.token\.encrypted\.response\.alg = RSA-OAEP/,
    fix: /ID token encryption/,
    break: (lab) => lab.client({}, { 'id.token.encrypted.response.alg': 'RSA-OAEP' }).then(() => ADMIN),
  },
  {
    name: 'client-not-before-ahead',
    check: 'realm.not-before',
    cause: /not-before of the client/,
    fix: /Revocation > Clear/,
    break: (lab) => lab.client({ notBefore: Math.floor(Date.now() / 1000) + 600 }).then(() => ADMIN),
  },
  {
    name: 'realm-not-before-ahead',
    check: 'login.userinfo',
    cause: /not-before of the realm/,
    fix: /notBefore=0/,
    break: (lab) => realm({ notBefore: Math.floor(Date.now() / 1000) + 600 }, ADMIN)(lab),
  },
  {
    name: 'not-before-ahead, without an admin',
    check: 'login.userinfo',
    cause: /not-before/,
    fix: /Revocation/,
    break: (lab) => realm({ notBefore: Math.floor(Date.now() / 1000) + 600 })(lab),
  },
  {
    name: 'audience-setting-not-met',
    check: 'mappers.audience',
    cause: /KEYCLOAK_AUDIENCE/,
    fix: /Audience/,
    break: settings({ KEYCLOAK_AUDIENCE: 'another-api' }),
  },
];

/** About the realm and the admin. */
export const REALM_FAILURES: readonly Failure[] = [
  {
    name: 'wrong-realm',
    check: 'realm.exists',
    cause: /no realm 'nowhere'/,
    fix: /KEYCLOAK_REALM/,
    break: settings({ KEYCLOAK_REALM: 'nowhere' }),
  },
  {
    name: 'realm-in-another-case',
    check: 'realm.exists',
    cause: /has 'doctor-lab'/,
    fix: /KEYCLOAK_REALM=doctor-lab/,
    break: settings({ KEYCLOAK_REALM: 'Doctor-Lab' }),
  },
  {
    name: 'realm-with-a-slip',
    check: 'realm.exists',
    cause: /has 'doctor-lab'/,
    fix: /KEYCLOAK_REALM=doctor-lab; or let keycloak-guard setup create 'docotr-lab'/,
    break: () => ({ ...ADMIN, settings: { KEYCLOAK_REALM: 'docotr-lab' } }),
  },
  {
    name: 'realm-disabled',
    check: 'realm.enabled',
    cause: /is disabled/,
    fix: /Enabled .*ON/,
    break: realm({ enabled: false }),
  },
  {
    name: 'ssl-required',
    check: 'realm.https',
    cause: /only HTTPS/,
    fix: /KC_PROXY_HEADERS=xforwarded/,
    break: realm({ sslRequired: 'all' }),
  },
  {
    name: 'issuer-pinned',
    check: 'issuer.hostname',
    status: 'warn',
    cause: /pinned to https:\/\/sso\.example\.com/,
    fix: /KC_HOSTNAME|Frontend URL/,
    break: realm({ attributes: { frontendUrl: 'https://sso.example.com' } }),
  },
  {
    name: 'admin-wrong-password',
    check: 'admin.login',
    cause: /cannot log in to the Admin API/,
    fix: /name and password of the admin/,
    break: () => ({ env: { KEYCLOAK_ADMIN_USER: 'admin', KEYCLOAK_ADMIN_PASSWORD: 'wrong' } }),
  },
  {
    name: 'admin-no-role',
    check: 'admin.rights',
    cause: /lacks view-realm, view-clients, view-users/,
    fix: /Assign role/,
    break: (lab) => ({
      env: {
        KEYCLOAK_ADMIN_REALM: lab.realm,
        KEYCLOAK_ADMIN_USER: lab.username,
        KEYCLOAK_ADMIN_PASSWORD: lab.password,
      },
    }),
  },
];
