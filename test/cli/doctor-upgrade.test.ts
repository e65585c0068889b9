import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runChecks } from '../../packages/cli/src/doctor/check.ts';
import type { DoctorContext } from '../../packages/cli/src/doctor/context.ts';
import { CHANGES, readRealmFacts } from '../../packages/cli/src/doctor/upgrade/changes.ts';
import { UPGRADE_CHECKS } from '../../packages/cli/src/doctor/upgrade/checks.ts';

const REALM = {
  ssoSessionIdle: 1800,
  ssoSessionMax: 36_000,
  clients: [],
  mappersOf: () => [],
  identityProviders: [],
  hasAdminPermissions: false,
  exchangePermissions: [],
  policyTypes: new Set<string>(),
  unread: [] as string[],
};

/** The findings that are no ✓, with what was seen and the cause. */
async function upgrade(version: string | undefined, to: string, more = {}): Promise<string[]> {
  const context = {
    upgrade: { to, facts: async () => ({ ...REALM, version, ...more }) },
    close: async () => {},
  };
  const [first, ...others] = UPGRADE_CHECKS;
  const checks = [{ ...first, needs: [] }, ...others] as typeof UPGRADE_CHECKS;
  const results = await runChecks(checks, context as unknown as DoctorContext);
  return results
    .filter(({ status, id }) => (status === 'fail' || status === 'warn') && id !== 'upgrade.unseen')
    .map(({ id, seen, cause }) => `${id}: ${seen}: ${cause}`);
}

const KNOWN = 'changes are known from 22.0.0 to 26.7.3';

test('--upgrade to a version that this doctor does not know says so, and fails', async () => {
  for (const to of ['26.8', '26.8.2', '26.7.4', '27', '99.99.99'])
    assert.deepEqual(await upgrade('26.7.3', to), [
      `upgrade.known: ${KNOWN}: this doctor knows nothing of versions after 26.7.3, nor whether there is a ${to}`,
    ]);
  assert.deepEqual(await upgrade('21.1.2', '26.7.3'), [
    `upgrade.known: ${KNOWN}: this Keycloak is 21.1.2: changes before 22.0.0 were not looked for`,
  ]);
});

test('--upgrade 26.7 and 26 mean the last version of them that is known', async () => {
  for (const to of ['26', '26.7', '26.7.3']) assert.deepEqual(await upgrade('26.0.8', to), []);
  assert.deepEqual(await upgrade('26.7.3', '26'), ['upgrade.version: 26.7.3: Keycloak is 26.7.3 already']);
});

test('--upgrade says what the admin may not see: nothing was found there because nothing was read', async () => {
  const [only = ''] = await upgrade('26.0.8', '26', { unread: ['identity providers'] });
  assert.match(only, /^upgrade\.known: not read: identity providers: this admin may not see/);
});

test('--upgrade to an earlier version says that there is no way back', async () => {
  const [only = '', ...more] = await upgrade('26.7.3', '26.0.8');
  assert.match(only, /^upgrade.version: from 26.7.3 back to 26.0.8: Keycloak is 26.7.3, which is later/);
  assert.deepEqual(more, []);
});

/** A realm that an admin sees whole. */
function realmOf(clients: object[] = [], more: Record<string, unknown> = {}) {
  const list = async () => more.policies ?? [];
  const api = {
    serverInfo: { find: async () => ({ systemInfo: { version: '26.0.8' } }) },
    realms: { findOne: async () => more.realm ?? {} },
    clients: { find: async () => clients, listPolicies: list },
    clientScopes: { find: async () => more.scopes ?? [] },
    identityProviders: { find: async () => more.providers ?? [] },
    ...(more.api as object | undefined),
  };
  return readRealmFacts({ api } as never, 'shop');
}
const app = (more: object) => ({ id: 'c', clientId: 'app', enabled: true, publicClient: true, ...more });
const meets = async (id: string, ...args: Parameters<typeof realmOf>) =>
  CHANGES.find((one) => one.id === id)?.meets(await realmOf(...args));

test('each change meets the clients that it breaks, and no others', async () => {
  const mapper = (protocolMapper: string, config: object) =>
    app({ protocolMappers: [{ name: 'm', protocolMapper, config }] });
  const roles = (multivalued: string) => mapper('oidc-usermodel-realm-role-mapper', { multivalued });
  const attributes = (values: object, more = {}) => app({ attributes: values, ...more });
  const idle = (seconds: string) => attributes({ 'client.session.idle.timeout': seconds });
  const max = (seconds: string) => attributes({ 'client.session.max.lifespan': seconds });
  const realm = { realm: { ssoSessionIdleTimeout: 1800, ssoSessionMaxLifespan: 36_000 } };
  const light = { 'client.use.lightweight.access.token.enabled': 'true' };
  const uris = (...redirectUris: string[]) => app({ redirectUris });
  const admin = (role: string) => mapper('oidc-hardcoded-role-mapper', { role });
  const confidential = { publicClient: false };
  for (const [id, client, met, more] of [
    ['role-mapper', roles('false'), ['app: m']],
    ['role-mapper', roles('true'), []],
    ['role-mapper', mapper('oidc-usermodel-attribute-mapper', { multivalued: 'false' }), []],
    ['role-mapper', { ...roles('false'), enabled: false }, []],
    ['role-mapper', { ...roles('false'), protocol: 'saml' }, []],
    ['role-mapper', { ...roles('false'), clientId: 'account-console' }, []],
    [
      'linkedin',
      app({}),
      ['linkedin'],
      { providers: [{ providerId: 'linkedin' }, { providerId: 'github' }] },
    ],
    [
      'instagram',
      app({}),
      ['instagram'],
      { providers: [{ providerId: 'instagram' }, { providerId: 'linkedin' }] },
    ],
    ['client-sessions', idle('1800'), [], realm],
    ['client-sessions', idle('1801'), ['app'], realm],
    ['client-sessions', max('36000'), [], realm],
    ['client-sessions', max('36001'), ['app'], realm],
    ['client-sessions', idle('999999'), []],
    ['client-sessions', max('999999'), []],
    ['client-sessions', app({}), [], realm],
    ['introspection-audience', app({}), []],
    ['introspection-audience', app(confidential), ['app']],
    ['introspection-audience', app({ ...confidential, bearerOnly: true }), []],
    [
      'introspection-audience',
      attributes({ 'allow.token.introspection.without.audience.check': 'true' }, confidential),
      [],
    ],
    [
      'introspection-audience',
      { ...mapper('oidc-audience-mapper', { 'included.client.audience': 'app' }), ...confidential },
      [],
    ],
    ['lightweight-userinfo', attributes(light), ['app']],
    [
      'lightweight-userinfo',
      attributes({ ...light, 'allow.userinfo.with.lightweight.access.token': 'true' }),
      [],
    ],
    ['lightweight-userinfo', app({}), []],
    ['redirect-wildcard', uris('https://a.test*', 'https://a.test/*', '*'), ['app: https://a.test*']],
    ['mapped-admin-roles', admin('realm-management.view-users'), ['app: realm-management.view-users']],
    ['mapped-admin-roles', admin('admin'), ['app: admin']],
    ['mapped-admin-roles', admin('administrator'), []],
    [
      'redirect-parameters',
      uris('https://a.test/?code=x', 'https://a.test/?q=x'),
      ['app: https://a.test/?code=x'],
    ],
    [
      'redirect-parameters',
      {
        ...attributes({ 'allow.oidc.params.in.redirect.uris': 'true' }),
        redirectUris: ['https://a.test/?code=x'],
      },
      [],
    ],
    [
      'redirect-parameters',
      attributes({ 'post.logout.redirect.uris': 'https://a.test/##https://b.test/#state=1' }),
      ['app: https://b.test/#state=1'],
    ],
  ] as const)
    assert.deepEqual(await meets(id, [client], more ?? {}), met, `${id} ${JSON.stringify(client)}`);
  const optional = { ...app({}), optionalClientScopes: ['r'] };
  const scopes = [
    {
      name: 'r',
      protocolMappers: [
        {
          name: 'in scope',
          protocolMapper: 'oidc-usermodel-client-role-mapper',
          config: { multivalued: 'false' },
        },
      ],
    },
  ];
  assert.deepEqual(await meets('role-mapper', [optional], { scopes }), ['app: in scope']);
});

test('policies count where a client has authorization services, those of realm-management by their names', async () => {
  const management = { id: 'm', clientId: 'realm-management', authorizationServicesEnabled: true };
  const of = (id: string, client: object, ...policies: object[]) => meets(id, [client], { policies });
  assert.deepEqual(await of('admin-permissions', management, { name: 'view.permission.client.1' }), [
    'permissions of realm-management',
  ]);
  const exchange = 'token-exchange.permission.client.1';
  assert.deepEqual(await of('admin-permissions', management, { name: exchange }, { name: 'x' }), [exchange]);
  assert.deepEqual(await of('admin-permissions', management, { name: 'x' }), []);
  assert.deepEqual(
    await of('admin-permissions', app({ authorizationServicesEnabled: true }), { name: exchange }),
    [],
  );
  const js = { name: 'p', type: 'script-own.js' };
  assert.deepEqual(
    await of('js-policies', app({ authorizationServicesEnabled: true }), js, { type: 'role' }),
    ['script-own.js'],
  );
  assert.deepEqual(await of('js-policies', app({}), js), []);
  assert.deepEqual(await of('js-policies', management, js), []);
  assert.deepEqual(await of('js-policies', { ...management, clientId: 'broker' }, js), []);
});

test('what an admin may not see of a realm is named, and its version is then unknown', async () => {
  const forbidden = async () => {
    throw new Error('403');
  };
  const client = app({ authorizationServicesEnabled: true });
  const facts = await realmOf([client], {
    api: {
      serverInfo: { find: forbidden },
      identityProviders: { find: forbidden },
      clients: { find: async () => [client], listPolicies: forbidden },
    },
  });
  assert.deepEqual(facts.unread, ['identity providers', 'policies']);
  assert.equal(facts.version, undefined);
  assert.equal((await realmOf()).version, '26.0.8');
  assert.deepEqual((await realmOf()).unread, []);
});

test('--upgrade names six of the clients that a change meets, and how many more there are', async () => {
  const clients = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      clientId: `c${at}`,
      attributes: { 'client.use.lightweight.access.token.enabled': 'true' },
      publicClient: true,
    }));
  const of = async (count: number) => (await upgrade('26.0.8', '26', { clients: clients(count) }))[0];
  assert.match((await of(6)) ?? '', /: 26\.6\.2: c0, c1, c2, c3, c4, c5: from 26\.6\.2 on userinfo refuses/);
  assert.match((await of(8)) ?? '', /c5 and 2 more: from/);
  assert.deepEqual(await upgrade('26.6.2', '26', { clients: clients(1) }), []);
  assert.deepEqual(await upgrade('26.0.8', '26.6.1', { clients: clients(1) }), []);
  assert.equal((await upgrade('26.0.8', '26.6.2', { clients: clients(1) })).length, 1);
});

test('--upgrade lists the changes of this way that no realm shows', async () => {
  const unseen = async (version: string) => {
    const context = {
      upgrade: { to: '26.7.3', facts: async () => ({ ...REALM, version }) },
      close: async () => {},
    };
    const checks = UPGRADE_CHECKS.filter(({ id }) => id === 'upgrade.unseen').map((one) => ({
      ...one,
      needs: [],
    }));
    const [result] = await runChecks(checks, context as unknown as DoctorContext);
    return `${result?.status} ${result?.seen}`;
  };
  assert.equal(await unseen('26.7.2'), 'ok nothing else on this way');
  assert.equal(await unseen('26.7.1'), 'warn 1 changes that no realm shows');
  assert.equal(await unseen('26.6.0'), 'warn 3 changes that no realm shows');
});
