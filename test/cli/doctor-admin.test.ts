import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminError } from '../../packages/cli/src/admin/admin-error.ts';
import { runChecks } from '../../packages/cli/src/doctor/check.ts';
import { ADMIN_ACCESS_CHECKS, REALM_ADMIN_CHECKS } from '../../packages/cli/src/doctor/checks/admin.ts';
import { TENANT_CHECKS } from '../../packages/cli/src/doctor/checks/tenant.ts';
import type { DoctorContext } from '../../packages/cli/src/doctor/context.ts';
import type { FlowStep } from '../../packages/cli/src/doctor/evidence/flows.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { settingsFor, visitDoctor } from './doctor-visit.ts';
import { askDoctor, CALLER, say } from './support/ask-doctor.ts';

const step = (providerId: string, level = 0): FlowStep => ({
  ...{ providerId, level, displayName: providerId, requirement: 'REQUIRED' },
});

async function judge(...last: FlowStep[]) {
  const steps = [step('direct-grant-validate-username'), step('direct-grant-validate-password'), ...last];
  const admin = { flow: async () => ({ alias: 'own grant', steps, isOverride: false }) };
  const checks = REALM_ADMIN_CHECKS.filter(({ id }) => id === 'flow.direct-grant');
  const alone = checks.map((one) => ({ ...one, needs: [] }));
  const [result] = await runChecks(alone, {
    reach: { admin },
    close: async () => {},
  } as unknown as DoctorContext);
  return result;
}

test('an admin sees without a login that a flow denies everybody after the password', async () => {
  assert.equal((await judge())?.status, 'ok');
  assert.equal((await judge(step('allow-access-authenticator')))?.status, 'warn');
  assert.equal((await judge(step('deny-access-authenticator', 1)))?.status, 'warn', 'under a condition');
  const denied = await judge(step('deny-access-authenticator'));
  assert.equal(denied?.status, 'fail');
  assert.match(denied?.cause ?? '', /denies every login/);
  assert.match(denied?.fix ?? '', /own grant: take out 'deny-access-authenticator'/);
});

test('without an admin nothing is looked at; one that is set and not reached is not either', async () => {
  const admin = { realm: 'master', username: 'root' };
  const connection = async () => assert.fail('nobody logs in');
  for (const [options, reach] of [
    [{}, { admin: null }],
    [{ admin }, { admin: null }],
    [{}, { admin: { connection } }],
  ])
    assert.match(
      await say(ADMIN_ACCESS_CHECKS, 'admin.login', { options, reach } as never),
      /^skipped no admin/,
    );
});

test('the steps of a flow are shown, without the sub-flows that they are in', async () => {
  const steps = [
    step('direct-grant-validate-username'),
    { ...step('direct-grant-validate-password'), requirement: 'DISABLED' },
    { ...step('password of its own'), authenticationFlow: true },
  ];
  const flow = async () => ({ alias: 'own', steps, isOverride: false });
  const found = await askDoctor(REALM_ADMIN_CHECKS, 'flow.direct-grant', { reach: { admin: { flow } } });
  assert.match(found.cause, /does not check the password/);
  assert.equal(
    found.seen,
    'own: direct-grant-validate-username REQUIRED, direct-grant-validate-password DISABLED',
  );
});

test('a flow without steps is not said to let everybody in', async () => {
  const flow = async () => ({ alias: 'own grant', steps: [], isOverride: false });
  assert.equal(
    await say(REALM_ADMIN_CHECKS, 'flow.direct-grant', { reach: { admin: { flow } } }),
    'ok own grant: ',
  );
});

test('an admin who cannot log in: who it is, and whether Keycloak or something in front of it says so', async () => {
  const login = (error: Error, admin: object = { realm: 'master', username: 'root' }) =>
    askDoctor(ADMIN_ACCESS_CHECKS, 'admin.login', {
      options: { admin },
      reach: { admin: { connection: async () => Promise.reject(error) } },
    });
  const silent = await login(new AdminError('unreachable', 0, 'No answer: ECONNRESET'));
  assert.equal(silent.seen, 'No answer: ECONNRESET');
  assert.equal(silent.cause, 'a proxy or firewall in front of Keycloak keeps calls of the admin from it');
  const page = await login(new AdminError('forbidden', 403, 'HTTP 403', '<h1>Not from here</h1>'));
  assert.equal(page.seen, 'HTTP 403 Not from here');
  assert.match(page.cause, /from it \(HTTP 403\): the answer is not Keycloak's$/);
  const refused = new AdminError('login', 401, 'x', 'invalid_client: no');
  assert.equal((await login(refused)).cause, 'root cannot log in to the Admin API');
  const robot = await login(refused, { realm: 'master', clientId: 'robot' });
  assert.equal(robot.cause, 'the client robot cannot log in to the Admin API');
  assert.equal((await login(new Error('unforeseen'))).cause, 'the check could not be done');
});

test('a realm that lets everybody guess passwords is no ✓, and events that are not followed are not checked', async () => {
  const admin = { realm: async () => ({ realm: 'shop', sslRequired: 'external' }) };
  const caller = { realm: 'shop', clientId: 'api', serverUrl: 'https://sso.example.com' };
  const checks = REALM_ADMIN_CHECKS.filter(({ id }) => ['realm.settings', 'realm.workflows'].includes(id));
  const results = await runChecks(
    checks.map((one) => ({ ...one, needs: [] })),
    { reach: { admin, caller, config: {} }, close: async () => {} } as unknown as DoctorContext,
  );
  assert.deepEqual(
    results.map(({ status, seen }) => `${status} ${seen}`),
    ['warn brute force protection: off', 'skipped KEYCLOAK_EVENTS is not on'],
  );
  assert.match(
    results[0]?.fix ?? '',
    /Brute force detection\nkcadm\.sh update realms\/shop -s bruteForceProtected=true/,
  );
});

test('a not-before of the realm or the client counts when it is later than now, give or take five seconds', async (t) => {
  const now = 2_000_000_000;
  t.mock.method(Date, 'now', () => now * 1000);
  const about = (realm?: number, client?: number) =>
    say(REALM_ADMIN_CHECKS, 'realm.not-before', {
      reach: {
        admin: { realm: async () => ({ notBefore: realm }), client: async () => ({ notBefore: client }) },
      },
    });
  assert.equal(await about(), 'ok none');
  assert.equal(await about(0, 0), 'ok none');
  assert.equal(await about(5, 10), 'ok tokens from before 1970-01-01T00:00:10.000Z are refused');
  assert.equal(await about(10, 5), 'ok tokens from before 1970-01-01T00:00:10.000Z are refused');
  assert.match(await about(now + 5, now + 5), /^ok/);
  assert.match(await about(now + 6, 0), /^fail the not-before of the realm 'shop' is in the future/);
  assert.match(await about(0, now + 6), /^fail the not-before of the client 'api' is in the future/);
});

test('directories and workflows of the realm are named, and a directory that is out of reach is a failure', async () => {
  const about = (...reached: (boolean | undefined)[]) =>
    say(REALM_ADMIN_CHECKS, 'realm.federation', {
      reach: {
        admin: {
          federations: async () =>
            reached.map((one, at) => ({ name: `d${at}`, url: `ldap://d${at}`, isReached: async () => one })),
        },
      },
    });
  assert.match(await about(), /^ok none/);
  assert.equal(await about(true, undefined), 'ok d0, d1');
  assert.equal(
    await about(true, false),
    "fail Keycloak does not reach 'd1' (ldap://d1): their users cannot log in",
  );
  const workflows = (...names: string[]) =>
    say(REALM_ADMIN_CHECKS, 'realm.workflows', { reach: { admin: { workflows: async () => names } } });
  assert.equal(await workflows(), 'ok none');
  assert.match(await workflows('leavers'), /^warn workflows disable and delete users/);
});

test('settings of the realm: sessions that end within two minutes, and plain HTTP, are named before what is well', async () => {
  const about = (realm?: object, serverUrl = CALLER.serverUrl) =>
    say(REALM_ADMIN_CHECKS, 'realm.settings', {
      reach: { caller: { ...CALLER, serverUrl }, admin: { realm: async () => realm } },
    });
  const good = { sslRequired: 'external', bruteForceProtected: true, failureFactor: 5 };
  assert.equal(
    await about(good),
    'ok SSL required: external; brute force protection: on, 5 failures; refresh token rotation: off',
  );
  assert.match(await about({ ...good, revokeRefreshToken: true }), /rotation: on, reuse 0$/);
  assert.match(await about({ ...good, revokeRefreshToken: true, refreshTokenMaxReuse: 2 }), /on, reuse 2$/);
  assert.match(
    await about({ ...good, bruteForceProtected: false }, 'http://localhost:8080'),
    /^ok .*for development/,
  );
  assert.match(await about(undefined), /^skipped/);
  assert.match(
    await about({ ...good, sslRequired: 'none' }),
    /^warn the realm lets anybody log in over plain HTTP/,
  );
  assert.match(await about({ ...good, sslRequired: 'none' }, 'http://localhost:8080'), /^ok/);
  assert.match(
    await about({ ...good, ssoSessionIdleTimeout: 119 }),
    /^warn sessions end after 119 s .*live 300 s/,
  );
  assert.match(await about({ ...good, ssoSessionIdleTimeout: 1 }), /^warn sessions end after 1 s/);
  for (const idle of [0, 120]) assert.match(await about({ ...good, ssoSessionIdleTimeout: idle }), /^ok/);
});

const ORGANIZATION_MAPPER = {
  protocolMapper: 'oidc-organization-membership-mapper',
  config: { 'claim.name': 'organization', 'access.token.claim': 'true' },
};

/** An admin of organizations and realms. */
function tenantAdmin({
  organizations = [] as object[],
  members = [] as string[],
  realms = {} as Record<string, object>,
  client = {} as object,
  scopes = [{ name: 'organization', protocolMappers: [ORGANIZATION_MAPPER] }] as object[],
  several = [] as string[],
  realm = {},
  own = {},
}) {
  const api = {
    organizations: {
      find: async () => organizations,
      listMembers: async ({ max }: { max: number }) =>
        members.slice(0, max).map((username) => ({ id: username, username })),
      memberOrganizations: async ({ userId }: { userId: string }) =>
        several.includes(userId) ? [1, 2] : [1],
    },
    realms: { findOne: async ({ realm }: { realm: string }) => realms[realm] },
    clients: {
      find: async ({ realm }: { realm: string }) =>
        realm === 'lacks' ? [] : [{ id: 'c', clientId: 'api', ...own }],
    },
    clientScopes: { find: async () => scopes },
  };
  return { connection: async () => ({ api }), client: async () => client, realm: async () => realm };
}

test('--tenant: what the tenant is, and what it lacks', async () => {
  const about = (id: string, given: Parameters<typeof tenantAdmin>[0], tenant = 'acme') =>
    say(TENANT_CHECKS, id, { options: { tenant }, reach: { admin: tenantAdmin(given) } });
  const acme = { alias: 'acme', name: 'Acme Inc', id: 'o' };
  assert.equal(
    await about('tenant.found', { organizations: [acme] }),
    'ok acme is an organization of the realm shop',
  );
  assert.equal(
    await about('tenant.found', { organizations: [acme] }, 'Acme Inc'),
    'ok acme is an organization of the realm shop',
  );
  assert.equal(await about('tenant.found', { realms: { acme: {} } }), 'ok acme is a realm');
  assert.match(
    await about('tenant.found', { organizations: [{ alias: 'acme-2', name: 'x' }] }),
    /^fail there is neither .*\(organizations are off there\)/,
  );
  assert.doesNotMatch(await about('tenant.found', { realm: { organizationsEnabled: true } }), /are off/);
  assert.equal(
    await about('tenant.organization', { realms: { acme: {} } }),
    'skipped the tenant is not an organization',
  );
  assert.equal(await about('tenant.realm', { organizations: [acme] }), 'skipped the tenant is not a realm');
  assert.equal(await about('tenant.organization', { organizations: [acme] }), 'ok enabled');
  assert.match(
    await about('tenant.organization', { organizations: [{ ...acme, enabled: false }] }),
    /^fail the organization acme is disabled/,
  );

  const organizations = [acme];
  assert.match(
    await about('tenant.scope', { organizations }),
    /^fail tokens of the client never name an organization/,
  );
  assert.equal(
    await about('tenant.scope', { organizations, client: { defaultClientScopes: ['organization'] } }),
    'ok Default',
  );
  assert.match(
    await about('tenant.scope', { organizations, client: { optionalClientScopes: ['organization'] } }),
    /^ok Optional: named where scope=organization:acme/,
  );
  assert.match(
    await about('tenant.scope', {
      organizations,
      client: { defaultClientScopes: ['organization'] },
      scopes: [],
    }),
    /^fail the client scope organization has no mapper/,
  );

  assert.match(await about('tenant.members', { organizations }), /^warn nobody is a member of acme/);
  assert.equal(
    await about('tenant.members', { organizations, members: ['a', 'b'] }),
    'ok 2 members, of this organization alone',
  );
  const many = Array.from({ length: 250 }, (_, at) => `u${at}`);
  assert.equal(
    await about('tenant.members', { organizations, members: many }),
    'ok the first 200 members, of this organization alone',
  );
  const found = await askDoctor(TENANT_CHECKS, 'tenant.members', {
    options: { tenant: 'acme' },
    reach: { admin: tenantAdmin({ organizations, members: many.slice(0, 9), several: many.slice(0, 7) }) },
  });
  assert.equal(found.seen, '7 of 9 members are in several organizations: u0, u1, u2, u3, u4');
  assert.equal(found.status, 'warn');

  assert.equal(await about('tenant.realm', { realms: { acme: {} } }), 'ok enabled');
  assert.match(
    await about('tenant.realm', { realms: { acme: { enabled: false } } }),
    /^fail the realm acme is disabled/,
  );
  const client = { redirectUris: ['https://%7Btenant%7D.shop.example/auth/callback'] };
  const ofClient = (own: object) => about('tenant.realm', { realms: { acme: {} }, client, own });
  assert.equal(await ofClient({ redirectUris: ['https://acme.shop.example/*'] }), 'ok enabled');
  assert.match(await ofClient({ ...client, enabled: false }), /^fail the client 'api' .*acme is disabled/);
  assert.match(
    await ofClient({ redirectUris: ['https://acme.example/auth/callback'] }),
    /^warn .*https:\/\/acme\.shop\.example\/auth\/callback/,
  );
  const relative = { rootUrl: 'https://%7Btenant%7D.shop.example', redirectUris: ['/*'] };
  const atHome = { rootUrl: 'https://acme.shop.example', redirectUris: ['/*'] };
  assert.equal(
    await about('tenant.realm', { realms: { acme: {} }, client: relative, own: atHome }),
    'ok enabled',
  );
  assert.match(
    await about('tenant.realm', { realms: { lacks: {} } }, 'lacks'),
    /^fail the realm lacks has no client 'api', which the realm 'shop' has/,
  );
  assert.match(
    await say(TENANT_CHECKS, 'tenant.found', { options: { tenant: 'acme' } }),
    /^fail there is neither/,
  );
});

test('of a user whose admin cannot sign in, the doctor does not say what that admin would have seen', async (t) => {
  const idp = await startTestIdp();
  t.after(() => idp.close());
  const results = await visitDoctor({
    settings: settingsFor(idp.url),
    env: { KEYCLOAK_ADMIN_PASSWORD: 'admin', DOCTOR_PASSWORD: 'Test#123456' },
    args: ['--user', 'newcomer', '--admin-user', 'admin'],
  });
  const causeOf = (id: string) => results.find((one) => one.id === id)?.cause ?? '';
  assert.match(causeOf('admin.login'), /cannot log in/);
  assert.match(causeOf('login.password'), /has to do something first.* Only an admin can see which/);
});

test('an admin who cannot log in, or may not look: whose fault it is', async () => {
  const options = { admin: { realm: 'master', username: 'root', password: 'x' } };
  const login = (error?: unknown, admin: object = options.admin) =>
    askDoctor(ADMIN_ACCESS_CHECKS, 'admin.login', {
      options: { admin },
      reach: {
        admin: {
          connection: async () => {
            if (error !== undefined) throw error;
          },
        },
      },
    });
  const refusal = (kind: AdminError['kind'], status: number, words: string) =>
    new AdminError(kind, status, 'm', words);
  assert.equal((await login()).seen, 'root of the realm master');
  assert.equal(
    (await login(undefined, { realm: 'shop', clientId: 'ops' })).seen,
    'the client ops of the realm shop',
  );
  const wrong = await login(refusal('login', 401, 'invalid_grant: Invalid user credentials'));
  assert.equal(wrong.cause, 'root cannot log in to the Admin API');
  assert.equal(wrong.seen, 'HTTP 401 invalid_grant: Invalid user credentials');
  assert.match(
    (await login(refusal('refused', 403, '<h1>Denied</h1>'))).cause,
    /^a proxy or firewall in front of Keycloak keeps calls/,
  );
  assert.equal((await login(refusal('refused', 403, '<h1>Denied</h1>'))).seen, 'HTTP 403 Denied');
  assert.match((await login(refusal('refused', 400, ''))).cause, /^a proxy or firewall/);
  assert.match((await login(refusal('refused', 399, 'redirect to x'))).cause, /^a proxy or firewall/);
  assert.match((await login(refusal('refused', 400, 'no'))).cause, /cannot log in to the Admin API/);
  assert.match((await login(new Error('bug'))).cause, /could not be done/);
  assert.equal((await askDoctor(ADMIN_ACCESS_CHECKS, 'admin.login', {})).status, 'skipped');

  const rights = (fails: Record<string, unknown>, more: object = {}) => {
    const look = (name: string) => async () => {
      if (fails[name] !== undefined) throw fails[name];
    };
    return askDoctor(ADMIN_ACCESS_CHECKS, 'admin.rights', {
      options: { ...options, ...more },
      reach: { admin: { realm: look('realm'), client: look('client'), user: look('user') } },
    });
  };
  const forbidden = refusal('forbidden', 403, 'HTTP 403 Forbidden');
  assert.equal((await rights({})).status, 'ok');
  assert.equal((await rights({ user: forbidden })).status, 'ok');
  const lacks = await rights({ realm: forbidden, user: forbidden }, { username: 'anna' });
  assert.equal(lacks.seen, 'HTTP 403 for view-realm, view-users');
  assert.match(lacks.fix, /^Users > the admin > Role mapping/);
  const account = await rights({ client: forbidden }, { admin: { realm: 'shop', clientId: 'ops' } });
  assert.match(account.fix, /^Clients > ops > Service account roles/);
  assert.match(
    (await rights({ realm: refusal('login', 401, 'HTTP 401 Unauthorized') })).cause,
    /takes the Authorization header away/,
  );
  assert.match(
    (await rights({ realm: refusal('refused', 502, '<h1>x</h1>') })).cause,
    /^a proxy or firewall/,
  );
  assert.match(
    (await rights({ realm: refusal('refused', 500, 'unknown_error') })).cause,
    /could not be done/,
  );
  assert.match((await rights({ realm: new Error('bug') })).cause, /could not be done/);
});
