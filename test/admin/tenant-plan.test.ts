import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Plan } from '../../packages/cli/src/admin/plan/step.ts';
import {
  type OrganizationGoal,
  type OrganizationState,
  planOrganization,
} from '../../packages/cli/src/admin/tenant/organization.ts';
import {
  clientsWithSecret,
  fillIn,
  planTenant,
  toTenant,
} from '../../packages/cli/src/admin/tenant/realm.ts';

const shown = ({ steps }: Plan) =>
  steps.map(
    ({ kind, subject, changes }) =>
      `${kind} ${subject}${changes.map(({ field, from, to }) => `; ${field}: ${from} → ${to}`).join('')}`,
  );
const opened = ({ steps }: Plan) => steps.flatMap(({ opens = [] }) => opens);

describe('the realm of a tenant', () => {
  test('has the name of the tenant wherever the template says so', () => {
    const template = {
      a: ['{tenant}.x', { '%7Btenant%7D': '{TENANT}%7btenant%7d' }],
      b: null,
      c: 1,
      d: true,
    };
    assert.deepEqual(fillIn(template, 'a$&b'), {
      a: ['a$&b.x', { 'a$&b': 'a$&ba$&b' }],
      b: null,
      c: 1,
      d: true,
    });
  });

  test('takes lists of clients and scopes as they are: none where the template has none', () => {
    assert.deepEqual(toTenant({ realm: 'main' }, 'acme'), { realm: 'main' });
    assert.deepEqual(toTenant({ clients: [{ clientId: 'a' }], clientScopes: [{ name: 's' }] }, 'acme'), {
      clients: [{ clientId: 'a' }],
      clientScopes: [{ name: 's' }],
    });
  });

  test('is made with its simple settings, which stand in a summary where they are many', () => {
    const settings = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`setting${at}`, at]));
    const made = (template: object) => planTenant(undefined, { realm: 'main', ...template }, 'acme');
    const few = made({
      ...settings(10),
      empty: '',
      list: [1],
      notBefore: 7,
      privateKey: 'x',
      attributes: { a: 'b' },
    });
    assert.equal(few.steps[0]?.changes.length, 10);
    assert.deepEqual(few.steps[0]?.action, {
      type: 'create-realm',
      realm: {
        ...settings(10),
        attributes: { a: 'b', 'keycloak-guard.template': 'main' },
        realm: 'acme',
        enabled: true,
      },
    });
    assert.deepEqual(shown(made(settings(11))), ['create realm acme; Settings:  → 11, as in main']);
    assert.deepEqual(made({}).kept, []);
  });

  const TEMPLATE = {
    realm: 'main',
    roles: {
      realm: ['editor', 'offline_access', 'uma_authorization', 'default-roles-main'].map((name) => ({
        name,
      })),
      client: { shop: [{ name: 'clerk' }, { name: 'boss' }] },
    },
    groups: [{ name: 'staff', subGroups: [{ name: 'dev' }] }],
    clientScopes: ['email', 'usual', 'also', 'orders'].map((name) => ({ name })),
    defaultDefaultClientScopes: ['usual'],
    defaultOptionalClientScopes: ['also'],
    clients: [
      { clientId: 'shop', standardFlowEnabled: true, redirectUris: ['https://{tenant}.test/*'] },
      { clientId: 'account' },
      { clientId: 'main-realm' },
    ],
  };

  test('gets what Keycloak does not make by itself', () => {
    assert.deepEqual(shown(planTenant(undefined, TEMPLATE, 'acme')), [
      'create realm acme',
      'create realm role editor',
      'create group /staff',
      'create group /staff/dev',
      'create client scope orders',
      'create client shop; Client authentication:  → on; Standard flow:  → on; Valid redirect URIs:  → https://acme.test/*',
      'create role clerk of the client shop',
      'create role boss of the client shop',
    ]);
  });

  test('gets later what it lacks, and is kept where it lacks nothing', () => {
    const there = toTenant(TEMPLATE, 'acme');
    const all = planTenant(there, TEMPLATE, 'acme');
    assert.deepEqual([all.steps, all.kept, all.blocked], [[], ['realm acme'], []]);
    const less = planTenant(
      {
        ...{ ...there, groups: [{ name: 'staff' }], clientScopes: [] },
        roles: { realm: [], client: { shop: [{ name: 'clerk' }] } },
      },
      TEMPLATE,
      'acme',
    );
    assert.deepEqual(shown(less), [
      'create realm role editor',
      'create group /staff/dev',
      'create client scope orders',
      'create role boss of the client shop',
    ]);
    assert.deepEqual(less.kept, []);
  });

  test('says what mappers and scopes of a client open', () => {
    const audience = (name: string) => ({
      ...{ name: `for ${name}`, protocolMapper: 'oidc-audience-mapper' },
      config: { 'included.client.audience': name, 'access.token.claim': 'true' },
    });
    const scopes = [
      { name: 'orders', protocolMappers: [audience('orders')] },
      { name: 'own', protocolMappers: [{ name: 'team', protocolMapper: 'x' }] },
    ];
    const client = { clientId: 'shop', protocolMappers: [audience('shop'), audience('stock')] };
    const template = {
      ...{ realm: 'main', clientScopes: scopes },
      clients: [{ ...client, defaultClientScopes: ['orders'], optionalClientScopes: ['own', 'unknown'] }],
    };
    const there = {
      clientScopes: scopes,
      clients: [{ clientId: 'shop', standardFlowEnabled: true, protocolMappers: [audience('shop')] }],
    };
    const plan = planTenant(there, template, 'acme');
    assert.deepEqual(shown(plan), [
      'change client shop; Mapper:  → + for stock',
      'change client shop; Client scopes (default):  → + orders',
      'change client shop; Client scopes (optional):  → + own',
      'change client shop; Client scopes (optional):  → + unknown',
    ]);
    assert.deepEqual(
      plan.steps.map(({ opens: [first, ...others] = [] }) => `${first} (${others.length} more)`),
      [
        'shop gets for stock: its tokens are for stock, too (1 more)',
        'shop gets orders: its tokens are for orders, too (1 more)',
        'shop gets own: its tokens say what is in it (0 more)',
        'shop gets unknown: its tokens say what is in it (0 more)',
      ],
    );
    const has = { ...there.clients[0], protocolMappers: client.protocolMappers };
    const all = { ...has, defaultClientScopes: ['own'], optionalClientScopes: ['orders', 'unknown'] };
    assert.deepEqual(planTenant({ ...there, clients: [all] }, template, 'acme').steps, []);
  });

  test('names what a person has to do, and only that', () => {
    const whys = (template: object) =>
      planTenant(undefined, { realm: 'main', ...template }, 'acme').blocked.map(
        ({ why }) => why.split(':')[0],
      );
    assert.deepEqual(
      whys({
        browserFlow: 'browser',
        ...{ identityProviders: [], smtpServer: {} },
        clients: [
          { clientId: 'a', authenticationFlowBindingOverrides: {}, attributes: { 'use.jwks.url': 'false' } },
        ],
        roles: {
          realm: [
            { name: 'default-roles-main', composite: true },
            { name: 'user', composite: false },
          ],
        },
      }),
      [],
    );
    const clients = ['a', 'b'].map((clientId) => ({
      ...{
        clientId,
        authenticationFlowBindingOverrides: { browser: 'x' },
        authorizationServicesEnabled: true,
      },
      attributes: { 'use.jwks.url': 'true' },
    }));
    assert.deepEqual(
      whys({
        ...{ browserFlow: 'own', identityProviders: [{}], smtpServer: { host: 'mail' }, clients },
        roles: { realm: [{ name: 'boss', composite: true }] },
      }),
      [
        'the login flow "own"',
        'login flows of a, b',
        'permissions of a, b',
        'the keys of a, b',
        'identity providers',
        'the mail server',
        'what composite roles include',
      ],
    );
    const realm = { clients, browserFlow: 'own' };
    assert.deepEqual(planTenant(realm, { realm: 'main', ...realm }, 'acme').blocked, []);
  });

  test('has a secret for each client that shows one', () => {
    assert.deepEqual(clientsWithSecret({}), []);
    assert.deepEqual(
      clientsWithSecret({
        clients: [
          { clientId: 'plain' },
          { clientId: 'oidc', protocol: 'openid-connect', clientAuthenticatorType: 'client-secret' },
          { clientId: 'jwt', clientAuthenticatorType: 'client-secret-jwt' },
          { clientId: 'saml', protocol: 'saml' },
          { clientId: 'key', clientAuthenticatorType: 'client-jwt' },
          { clientId: 'page', publicClient: true },
          { clientId: 'old', bearerOnly: true },
          { clientId: 'account-console' },
        ],
      }),
      ['plain', 'oidc', 'jwt'],
    );
  });
});

describe('an organization', () => {
  const GOAL: OrganizationGoal = { realm: 'shop', alias: 'acme', domains: [], groups: [] } as never;
  const NONE = {
    ...{ realm: { realm: 'shop', organizationsEnabled: true }, organization: undefined },
    ...{ hasOrganizations: true, groups: new Map(), hasUser: true },
    ...{ isMember: false, hasRole: true, isGranted: false },
  } as OrganizationState;
  const THERE = { ...NONE, organization: { id: 'o', alias: 'acme', name: 'acme' } } as OrganizationState;
  const plan = (goal: object, state: object = {}, from = THERE) =>
    planOrganization({ ...from, ...state }, { ...GOAL, ...goal });

  test('is made with its domains and its page, and completed', () => {
    assert.deepEqual(shown(plan({}, {}, NONE)), ['create organization acme']);
    assert.deepEqual(opened(plan({}, {}, NONE)), []);
    const goal = { domains: ['a.test', 'b.test'], redirectUrl: 'https://acme.test/' };
    const made = plan(goal, {}, NONE);
    assert.deepEqual(shown(made), [
      'create organization acme; Domains:  → + a.test, b.test; Redirect URL:  → https://acme.test/',
    ]);
    assert.deepEqual(opened(made), ['people with an address of a.test, b.test are led to acme at the login']);
    const organization = {
      ...THERE.organization,
      domains: ['a.test', { name: 'c.test' }],
      redirectUrl: 'old',
    };
    const more = plan(goal, { organization });
    assert.deepEqual(shown(more), [
      'change organization acme; Domains:  → + b.test; Redirect URL: old → https://acme.test/',
    ]);
    assert.deepEqual((more.steps[0]?.action as { organization: object } | undefined)?.organization, {
      ...organization,
      domains: [...organization.domains, { name: 'b.test', verified: false }],
      redirectUrl: 'https://acme.test/',
    });
    const moved = plan({ redirectUrl: 'https://acme.test/' }, { organization });
    assert.deepEqual(opened(moved), []);
    assert.deepEqual(plan({ domains: ['a.test'], redirectUrl: 'old' }, { organization }).kept, [
      'organization acme',
    ]);
  });

  test('is turned on first in a realm that has none', () => {
    const off = { realm: { realm: 'shop' } };
    assert.deepEqual(shown(plan({}, off, NONE)), [
      'change realm shop; Organizations: off → on',
      'create organization acme',
    ]);
  });

  test('gets a member, who gets a role in every organization, or by a group in this one', () => {
    const anna = { username: 'anna', role: 'billing' };
    assert.deepEqual(shown(plan(anna)), [
      'change organization acme; Members:  → + anna',
      'change user anna; roles:  → + billing',
    ]);
    assert.match(opened(plan(anna))[1] ?? '', /in every organization that anna is a member of/);
    assert.deepEqual(shown(plan(anna, { isMember: true, isGranted: true })), []);
    assert.deepEqual(shown(plan(anna, { hasRole: false, isMember: true })), [
      'create realm role billing',
      'change user anna; roles:  → + billing',
    ]);
    const groups = ['/staff/dev'];
    assert.deepEqual(shown(plan({ ...anna, groups }, { isMember: true })), [
      'create group /staff of acme',
      'create group /staff/dev of acme',
      'change group /staff/dev of acme; roles:  → + billing',
      'change group /staff/dev of acme; Members:  → + anna',
    ]);
    assert.deepEqual(opened(plan({ ...anna, groups }, { isMember: true })), [
      'anna may what /staff/dev of acme may: the role billing',
    ]);
    const has = (hasRole: boolean, hasUser: boolean) => ({
      isMember: true,
      groups: new Map([
        ['/staff', { hasRole: false, hasUser: false }],
        ['/staff/dev', { hasRole, hasUser }],
      ]),
    });
    assert.deepEqual(plan({ ...anna, groups }, has(true, true)).kept, ['organization acme']);
    assert.deepEqual(opened(plan({ ...anna, groups }, has(false, true))), [
      'members of /staff/dev of acme may what the role billing may, for acme alone',
    ]);
    assert.deepEqual(opened(plan({ username: 'anna', groups }, has(true, false))), [
      'anna may what /staff/dev of acme may',
    ]);
  });

  test('leaves to a person a user who is not there, and makes no role for nobody', () => {
    const nobody = plan({ username: 'anna', role: 'billing' }, { hasUser: false, hasRole: false });
    assert.deepEqual(shown(nobody), []);
    assert.deepEqual(
      nobody.blocked.map(({ why }) => why),
      ['there is no user anna'],
    );
    const goal = { username: 'anna', role: 'billing', groups: ['/staff'] };
    assert.deepEqual(shown(plan(goal, { hasUser: false, hasRole: false })), [
      'create realm role billing',
      'create group /staff of acme',
      'change group /staff of acme; roles:  → + billing',
    ]);
  });
});
