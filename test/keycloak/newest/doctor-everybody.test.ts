import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CheckResult, runChecks } from '../../../packages/cli/src/doctor/check.ts';
import { checksFor } from '../../../packages/cli/src/doctor/checks/index.ts';
import { createContext } from '../../../packages/cli/src/doctor/context.ts';
import { readDoctorOptions } from '../../../packages/cli/src/doctor/options.ts';
import { callAdmin, requireKeycloak } from '../support/real-keycloak.ts';

const REALM = 'doctor-everybody';
const CUSTOMER = 'doctor-customer';
const BARE = 'doctor-bare';
const PASSWORD = 'a-long-enough-one-1';
const PAGE = 'http://localhost:5173/';

const user = (username: string, more = {}) => ({
  username,
  enabled: true,
  email: `${username}@example.test`,
  emailVerified: true,
  firstName: 'A',
  lastName: 'B',
  credentials: [{ type: 'password', value: PASSWORD, temporary: false }],
  ...more,
});
const audience = {
  name: 'audience',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': 'api', 'access.token.claim': 'true' },
};
const toRealm = (realm: string, more = {}) => ({
  realm,
  enabled: true,
  roles: { realm: [{ name: 'editor' }, { name: 'boss' }], client: { api: [{ name: 'writer' }] } },
  groups: [{ name: 'staff' }, { name: 'guests' }],
  clients: [
    {
      clientId: 'api',
      secret: 'for-tests-only-long-enough',
      publicClient: false,
      directAccessGrantsEnabled: true,
      redirectUris: ['http://localhost:8000/auth/callback'],
    },
    { clientId: 'narrow', publicClient: true, fullScopeAllowed: false, directAccessGrantsEnabled: true },
    {
      clientId: 'page',
      publicClient: true,
      redirectUris: [`${PAGE}callback`],
      webOrigins: ['http://localhost:5173'],
      attributes: { 'pkce.code.challenge.method': 'S256' },
      protocolMappers: [audience],
    },
  ],
  ...more,
});

describe('a doctor for everybody, with an admin', () => {
  const keycloak = requireKeycloak();
  const admin = (method: string, path: string, body?: unknown) => callAdmin(keycloak, method, path, body);

  before(async () => {
    const users = [
      user('bob', { realmRoles: ['editor'], clientRoles: { api: ['writer'] }, groups: ['/staff'] }),
    ];
    await admin('POST', '', toRealm(REALM, { organizationsEnabled: true, users }));
    await admin('POST', '', toRealm(CUSTOMER));
    await admin('POST', '', { realm: BARE, enabled: true });
    const [bob] = (await (await admin('GET', `/${REALM}/users?username=bob`)).json()) as { id: string }[];
    for (const alias of ['acme', 'globex', 'closed']) {
      const domains = [{ name: `${alias}.test`, verified: true }];
      await admin('POST', `/${REALM}/organizations`, {
        name: alias,
        alias,
        enabled: alias !== 'closed',
        domains,
      });
    }
    const all = (await (await admin('GET', `/${REALM}/organizations`)).json()) as { id: string }[];
    for (const { id } of all) await admin('POST', `/${REALM}/organizations/${id}/members`, bob?.id);
  });
  after(async () => {
    for (const realm of [REALM, CUSTOMER, BARE]) await admin('DELETE', `/${realm}`);
  });

  async function visit(args: readonly string[], token?: string): Promise<Map<string, CheckResult>> {
    const env = {
      KEYCLOAK_SERVER_URL: keycloak.url,
      KEYCLOAK_REALM: REALM,
      KEYCLOAK_CLIENT_ID: 'api',
      KEYCLOAK_CLIENT_SECRET: 'for-tests-only-long-enough',
      KEYCLOAK_ADMIN_USER: keycloak.adminUser,
      KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword,
    };
    Object.assign(process.env, env);
    const given = token === undefined ? [] : ['--token', '-'];
    const readToken = async () => token ?? '';
    const options = await readDoctorOptions(['--env', 'none.env', ...given, ...args], env, { readToken });
    const results = await runChecks(checksFor(options), createContext(options));
    return new Map(results.map((one) => [one.id, one]));
  }

  async function logIn(client: string, scope = 'openid'): Promise<string> {
    const secret = client === 'api' ? { client_secret: 'for-tests-only-long-enough' } : {};
    const body = {
      client_id: client,
      grant_type: 'password',
      scope,
      username: 'bob',
      password: PASSWORD,
      ...secret,
    };
    const url = `${keycloak.url}/realms/${REALM}/protocol/openid-connect/token`;
    const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(body) });
    return String(((await answer.json()) as { access_token?: string }).access_token);
  }

  for (const [want, client, scope, cause] of [
    ['role=boss', 'api', 'openid', /the user does not have the role boss/],
    ['role=editor', 'narrow', 'openid', /has no full scope/],
    [
      'role=api:writer',
      'narrow',
      'openid',
      /has the role api:writer, and the client 'narrow' has no full scope/,
    ],
    ['group=/staff', 'api', 'openid', /is member of \/staff, and no mapper of the client 'api'/],
    ['group=/guests', 'api', 'openid', /not a member of \/guests/],
    ['organization=acme', 'api', 'openid', /scope 'organization' was not asked for/],
    ['organization=acme', 'api', 'openid organization', /is in several/],
    ['organization=closed', 'api', 'openid', /organization closed is disabled/],
    ['organization=nobody', 'api', 'openid', /not a member of the organization nobody/],
    ['scope=offline_access', 'api', 'openid', /is Optional, and was not asked for/],
  ] as const) {
    test(`--needs ${want} of a token of ${client} with ${scope}`, async () => {
      const found = (await visit(['--needs', want], await logIn(client, scope))).get('token.needs');
      assert.equal(found?.status, 'fail');
      assert.match(found?.cause ?? '', cause);
    });
  }

  test('--needs of a token that has it all', async () => {
    const needs = ['role=editor', 'role=api:writer', 'organization=acme'].flatMap((one) => ['--needs', one]);
    const found = await visit(needs, await logIn('api', 'openid organization:acme'));
    assert.equal(found.get('token.needs')?.status, 'ok');
  });

  test('--spa: a good client, and one with another redirect URI, no origins, no PKCE and no audience', async () => {
    const spa = ['client', 'redirect-uri', 'pkce', 'web-origins', 'audience'].map((one) => `spa.${one}`);
    const of = async (client: string, page: string) => {
      const found = await visit(['--spa', client, '--origin', page, '--user', 'bob']);
      return spa.map((id) => found.get(id)?.status);
    };
    assert.deepEqual(await of('page', PAGE), ['ok', 'ok', 'ok', 'ok', 'ok']);
    assert.deepEqual(await of('narrow', PAGE), ['warn', 'fail', 'skipped', 'fail', 'fail']);
    assert.deepEqual(await of('api', PAGE), ['fail', 'skipped', 'skipped', 'skipped', 'skipped']);
    assert.deepEqual(await of('Page', PAGE), ['fail', 'skipped', 'skipped', 'skipped', 'skipped']);
  });

  test('--tenant: an organization, a disabled one, a realm, one without the client, and nobody', async () => {
    const acme = await visit(['--tenant', 'acme']);
    assert.match(acme.get('tenant.found')?.seen ?? '', /is an organization/);
    assert.match(acme.get('tenant.members')?.seen ?? '', /1 of 1 members are in several organizations: bob/);
    assert.equal((await visit(['--tenant', 'closed'])).get('tenant.organization')?.status, 'fail');
    const customer = await visit(['--tenant', CUSTOMER]);
    assert.equal(customer.get('tenant.realm')?.status, 'ok');
    const bare = (await visit(['--tenant', BARE])).get('tenant.realm');
    assert.match(bare?.cause ?? '', /has no client 'api'/);
    assert.match(bare?.fix ?? '', /setup tenant doctor-bare --template doctor-everybody/);
    assert.equal((await visit(['--tenant', 'nobody'])).get('tenant.found')?.status, 'fail');
  });
});
