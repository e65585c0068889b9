import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Failure } from './failures.ts';
import type { Lab } from './lab.ts';

async function setMappers(lab: Lab, scope: string, isOn: boolean): Promise<void> {
  const { realm } = lab;
  const found = (await lab.api.clientScopes.find({ realm })).find(({ name }) => name === scope);
  for (const mapper of found?.protocolMappers ?? []) {
    const config = { ...mapper.config, 'access.token.claim': String(isOn) };
    const where = { realm, id: found?.id ?? '', mapperId: mapper.id ?? '' };
    await lab.api.clientScopes.updateProtocolMapper(where, { ...mapper, config });
  }
}

async function requireAttribute(lab: Lab, isRequired: boolean): Promise<void> {
  const profile = await lab.api.users.getProfile({ realm: lab.realm });
  const others = (profile.attributes ?? []).filter(({ name }) => name !== 'department');
  const permissions = { view: ['admin', 'user'], edit: ['admin', 'user'] };
  const own = isRequired ? [{ name: 'department', required: { roles: ['user'] }, permissions }] : [];
  await lab.api.users.updateProfile({ realm: lab.realm, ...profile, attributes: [...others, ...own] });
}

async function setPolicy(lab: Lab, profile: string | undefined): Promise<void> {
  const conditions = [{ condition: 'any-client', configuration: {} }];
  const policies =
    profile === undefined ? [] : [{ name: 'lab-policy', enabled: true, conditions, profiles: [profile] }];
  await lab.api.clientPolicies.updatePolicy({ realm: lab.realm, policies } as object);
}

async function denyEverybody(lab: Lab): Promise<void> {
  const { realm } = lab;
  const flows = lab.api.authenticationManagement;
  await flows.createFlow({ realm, alias: 'deny', providerId: 'basic-flow', topLevel: true, builtIn: false });
  await flows.addExecutionToFlow({ realm, flow: 'deny', provider: 'deny-access-authenticator' });
  for (const step of await flows.getExecutions({ realm, flow: 'deny' })) {
    await flows.updateExecution({ realm, flow: 'deny' }, { ...step, requirement: 'REQUIRED' });
  }
  await lab.api.realms.update({ realm }, { directGrantFlow: 'deny' });
}

/** A listener for logouts that takes its time. */
async function listenSlowly(): Promise<string> {
  const server = createServer((_, answer) => {
    setTimeout(() => answer.end(), 3_000);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/backchannel-logout`;
}

/** Not in the list of failures that people meet most, but they do meet them. */
export const MORE_FAILURES: readonly Failure[] = [
  {
    name: 'saml-client',
    check: 'client.known',
    cause: /another protocol \(SAML\)/,
    fix: /Client type OpenID Connect/,
    break: (lab) => lab.client({ protocol: 'saml' }).then(() => undefined),
  },
  {
    name: 'flow-overridden-by-the-client',
    check: 'client.password-grant',
    cause: /browser flow is bound .*\('browser'\)/,
    fix: /Authentication flow overrides/,
    break: async (lab) => {
      const flows = await lab.api.authenticationManagement.getFlows({ realm: lab.realm });
      const browser = flows.find(({ alias }) => alias === 'browser');
      await lab.client({ authenticationFlowBindingOverrides: { direct_grant: browser?.id } });
      return { admin: true };
    },
  },
  {
    name: 'flow-that-denies-everybody',
    check: 'client.password-grant',
    cause: /Access denied.*refuses every login/,
    fix: /Bind flow/,
    break: (lab) => denyEverybody(lab).then(() => undefined),
  },
  {
    name: 'fapi-policy',
    check: 'client.introspection',
    cause: /does not allow the client to authenticate with a secret/,
    fix: /Client policies/,
    break: (lab) => setPolicy(lab, 'fapi-1-advanced').then(() => undefined),
    mend: (lab) => setPolicy(lab, undefined),
  },
  {
    name: 'email-as-user-name',
    check: 'user.exists',
    cause: /is an email address.*the user name is 'anna'/,
    fix: /Login with email ON/,
    break: async (lab) => {
      await lab.api.realms.update({ realm: lab.realm }, { loginWithEmailAllowed: false });
      return { admin: true, env: { DOCTOR_USER: 'anna@example.com' } };
    },
    mend: (lab) => lab.api.realms.update({ realm: lab.realm }, { loginWithEmailAllowed: true }),
  },
  {
    name: 'required-attribute-of-the-realm',
    check: 'user.profile',
    cause: /lacks department/,
    fix: /department > Required field OFF/,
    break: (lab) => requireAttribute(lab, true).then(() => ({ admin: true })),
    mend: (lab) => requireAttribute(lab, false),
  },
  {
    name: 'roles-mappers-off',
    check: 'scopes.roles',
    status: 'warn',
    cause: /its mappers put none in/,
    fix: /Add to access token ON/,
    break: (lab) => setMappers(lab, 'roles', false).then(() => ({ admin: true })),
    mend: (lab) => setMappers(lab, 'roles', true),
  },
  {
    name: 'profile-mappers-off',
    check: 'scopes.profile',
    cause: /a mapper is missing/,
    fix: /Client scopes > profile > Mappers/,
    break: (lab) => setMappers(lab, 'profile', false).then(() => undefined),
    mend: (lab) => setMappers(lab, 'profile', true),
  },
  {
    name: 'encrypted-userinfo',
    check: 'login.userinfo',
    cause: /encrypted userinfo answers/,
    fix: /clear it/,
    break: (lab) =>
      lab.client({}, { 'user.info.encrypted.response.alg': 'RSA-OAEP' }).then(() => ({ admin: true })),
  },
  {
    name: 'slow-backchannel-listener',
    check: 'login.logout',
    status: 'warn',
    cause: /waits for the back-channel logout URL/,
    fix: /Backchannel logout URL/,
    break: async (lab) =>
      lab.client({}, { 'backchannel.logout.url': await listenSlowly() }).then(() => undefined),
  },
  {
    name: 'sessions-of-twenty-seconds',
    check: 'realm.settings',
    status: 'warn',
    cause: /sessions end after 20 s/,
    fix: /SSO Session Idle/,
    break: async (lab) => {
      await lab.api.realms.update({ realm: lab.realm }, { ssoSessionIdleTimeout: 20 });
      return { admin: true };
    },
  },
];
