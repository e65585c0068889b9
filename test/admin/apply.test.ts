import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NetworkError } from '@keycloak/keycloak-admin-client/lib/utils/fetchWithError.js';
import { applyStep } from '../../packages/cli/src/admin/apply.ts';
import { splitGroupPath, toUrlPath } from '../../packages/cli/src/admin/connection.ts';
import type { Action } from '../../packages/cli/src/admin/plan/step.ts';

const BY_NAME = async ({ name, roleName }: { name?: string; roleName?: string }) => ({
  id: `id-${name ?? roleName}`,
  name: name ?? roleName,
});
const CLIENTS = ['api', 'web', 'realm-management'].map((clientId) => ({ id: `id-${clientId}`, clientId }));
const READS: Record<string, (query: never) => Promise<unknown>> = {
  'realms.findOne': async () => ({ attributes: { kept: 'yes', changed: 'old' } }),
  'clients.find': async () => CLIENTS,
  'clients.findOne': async () => ({
    clientId: 'api',
    enabled: true,
    attributes: { kept: 'yes' },
    optionalClientScopes: ['groups'],
  }),
  'clients.findRole': BY_NAME as never,
  'clients.getServiceAccountUser': async () => ({ id: 'id-account' }),
  'clients.listProtocolMappers': async () => [{ id: 'id-old', name: 'old' }],
  'clientScopes.find': async () => [
    { id: 'id-email', name: 'email' },
    {
      ...{ id: 'id-groups', name: 'groups' },
      protocolMappers: ['other', 'audience'].map((protocolMapper) => ({
        ...{ id: `id-${protocolMapper}`, protocolMapper, config: { a: 'old', kept: 'yes' } },
      })),
    },
  ],
  'roles.findOneByName': BY_NAME as never,
  'users.find': async () => [{ id: 'id-anna', username: 'anna' }],
  'users.findOne': async () => ({ username: 'anna', email: 'a@b.c', enabled: false }),
};

/** What one step sends to Keycloak, apart from what it reads. */
async function sent(
  action: Action,
  {
    fails,
    kind = 'change' as 'change' | 'create',
    reads = {},
  }: { fails?: number; kind?: 'change' | 'create'; reads?: typeof READS } = {},
) {
  const calls: [name: string, ...args: unknown[]][] = [];
  let isWriting = false;
  const all = { ...READS, ...reads };
  const of = (room: string) =>
    new Proxy(
      {},
      {
        get:
          (_, method: string) =>
          async (...args: unknown[]) => {
            const name = `${room}.${method}`;
            assert.ok(!isWriting, `${name} before the answer to what was sent before`);
            isWriting = all[name] === undefined;
            await new Promise(setImmediate);
            if (all[name] !== undefined) return all[name](args[0] as never);
            isWriting = false;
            calls.push([name, ...args]);
            if (fails !== undefined)
              throw new NetworkError('no', {
                response: new Response('{}', { status: fails }),
                responseData: {},
              });
            return undefined;
          },
      },
    );
  const api = new Proxy(
    {},
    { get: (_, room: string) => (room === 'timeout' ? undefined : of(room)), set: () => true },
  );
  const target = { realm: 'shop', clientId: 'api', user: { username: 'anna' } };
  await applyStep(api as never, target, { kind, subject: 'thing', changes: [], action });
  return calls;
}
const api = { realm: 'shop', id: 'id-api' };
const anna = { realm: 'shop', id: 'id-anna' };

test('each step sends what it says, of the client that it names or else of that of the API', async () => {
  for (const [action, ...calls] of [
    [{ type: 'create-realm', realm: { realm: 'new' } }, ['realms.create', { realm: 'new' }]],
    [
      { type: 'update-realm', patch: { enabled: true } },
      ['realms.update', { realm: 'shop' }, { enabled: true }],
    ],
    [
      { type: 'update-realm', patch: { a: 1 }, attributes: { changed: 'new' } },
      ['realms.update', { realm: 'shop' }, { a: 1, attributes: { kept: 'yes', changed: 'new' } }],
    ],
    [{ type: 'create-realm-role', name: 'boss' }, ['roles.create', { realm: 'shop', name: 'boss' }]],
    [{ type: 'create-client-role', name: 'boss' }, ['clients.createRole', { ...api, name: 'boss' }]],
    [
      { type: 'create-client-role', name: 'boss', client: 'web' },
      ['clients.createRole', { realm: 'shop', id: 'id-web', name: 'boss' }],
    ],
    [{ type: 'create-group', path: '/staff' }, ['groups.create', { realm: 'shop', name: 'staff' }]],
    [
      { type: 'create-client', client: { clientId: 'x', publicClient: true, attributes: {} } },
      ['clients.create', { clientId: 'x', publicClient: true, attributes: {}, realm: 'shop' }],
    ],
    [
      { type: 'update-client', client: 'api', patch: { enabled: false }, attributes: { more: 'x' } },
      [
        'clients.update',
        api,
        {
          clientId: 'api',
          enabled: false,
          attributes: { kept: 'yes', more: 'x' },
          optionalClientScopes: ['groups'],
        },
      ],
    ],
    [
      { type: 'add-scope', scope: 'email', how: 'optional' },
      ['clients.addOptionalClientScope', { ...api, clientScopeId: 'id-email' }],
    ],
    [
      { type: 'add-scope', scope: 'email', how: 'default' },
      ['clients.addDefaultClientScope', { ...api, clientScopeId: 'id-email' }],
    ],
    [
      { type: 'add-scope', scope: 'groups', how: 'default' },
      ['clients.delOptionalClientScope', { ...api, clientScopeId: 'id-groups' }],
      ['clients.addDefaultClientScope', { ...api, clientScopeId: 'id-groups' }],
    ],
    [{ type: 'create-scope', scope: { name: 's' } }, ['clientScopes.create', { name: 's', realm: 'shop' }]],
    [
      { type: 'put-mapper', mapper: { name: 'new' } as never },
      ['clients.addProtocolMapper', api, { name: 'new' }],
    ],
    [
      { type: 'put-mapper', mapper: { name: 'old' } as never },
      ['clients.updateProtocolMapper', { ...api, mapperId: 'id-old' }, { name: 'old', id: 'id-old' }],
    ],
    [
      { type: 'create-user', user: { username: 'bob' } },
      ['users.create', { username: 'bob', realm: 'shop' }],
    ],
    [
      { type: 'update-user', patch: { enabled: true } },
      ['users.update', anna, { username: 'anna', email: 'a@b.c', enabled: true }],
    ],
    [
      { type: 'set-password', password: 'x' },
      ['users.resetPassword', { ...anna, credential: { type: 'password', value: 'x', temporary: false } }],
    ],
    [{ type: 'grant-roles', realmRoles: [], clientRoles: [] }],
    [
      { type: 'grant-roles', realmRoles: ['a'], clientRoles: [] },
      ['users.addRealmRoleMappings', { ...anna, roles: [{ id: 'id-a', name: 'a' }] }],
    ],
    [
      { type: 'grant-roles', realmRoles: [], clientRoles: ['b', 'c'] },
      [
        'users.addClientRoleMappings',
        {
          ...anna,
          clientUniqueId: 'id-api',
          roles: [
            { id: 'id-b', name: 'b' },
            { id: 'id-c', name: 'c' },
          ],
        },
      ],
    ],
    [
      { type: 'grant-service-role', client: 'web', of: 'realm-management', role: 'view-events' },
      [
        'users.addClientRoleMappings',
        {
          realm: 'shop',
          id: 'id-account',
          clientUniqueId: 'id-realm-management',
          roles: [{ id: 'id-view-events', name: 'view-events' }],
        },
      ],
    ],
    [
      { type: 'add-scope-mapper', scope: 'email', mapper: { name: 'm' } as never },
      ['clientScopes.addProtocolMapper', { realm: 'shop', id: 'id-email' }, { name: 'm' }],
    ],
    [
      { type: 'set-scope-attributes', scope: 'email' },
      [
        'clientScopes.update',
        { realm: 'shop', id: 'id-email' },
        { id: 'id-email', name: 'email', attributes: { 'include.in.token.scope': 'true' } },
      ],
    ],
    [
      {
        ...{ type: 'set-scope-mapper', scope: 'groups' },
        mapper: { protocolMapper: 'audience', config: { a: 'new' } } as never,
      },
      [
        'clientScopes.updateProtocolMapper',
        { realm: 'shop', id: 'id-groups', mapperId: 'id-audience' },
        { id: 'id-audience', protocolMapper: 'audience', config: { a: 'new', kept: 'yes' } },
      ],
    ],
    [
      { type: 'offer-scope', scope: 'email' },
      ['clientScopes.addDefaultOptionalClientScope', { realm: 'shop', id: 'id-email' }],
    ],
  ] as [Action, ...unknown[]][])
    assert.deepEqual(await sent(action), calls, JSON.stringify(action));
});

test('a realm has time to be made, and what follows no more than before', async () => {
  for (const [before, during] of [
    [500, 120_000],
    [300_000, 300_000],
    [undefined, 120_000],
  ] as const) {
    const seen: unknown[] = [];
    const api = {
      timeout: before,
      realms: {
        async create() {
          seen.push(api.timeout);
          await new Promise(setImmediate);
          seen.push(api.timeout);
        },
      },
    };
    const action = { type: 'create-realm', realm: { realm: 'new' } } as const;
    const step = { kind: 'create', subject: 'realm', changes: [], action } as const;
    await applyStep(api as never, { realm: 'new', clientId: 'api' }, step);
    assert.deepEqual([...seen, api.timeout], [during, during, before ?? 120_000]);
  }
});

test('what was made in the meantime counts as done where the step makes it, and every other failure is said', async () => {
  const create: Action = { type: 'create-realm-role', name: 'boss' };
  assert.equal((await sent(create, { fails: 409, kind: 'create' })).length, 1);
  await assert.rejects(sent(create, { fails: 409 }), {
    name: 'AdminError',
    status: 409,
    message: /refused to change the thing: HTTP 409/,
  });
  await assert.rejects(sent(create, { fails: 403, kind: 'create' }), {
    kind: 'forbidden',
    message: /create the thing/,
  });
  const none = {
    reads: {
      'roles.findOneByName': async () => null,
      'clients.find': async () => [],
      'users.find': async () => [],
      'clients.findOne': async () => null,
    },
  };
  for (const [action, name] of [
    [{ type: 'grant-roles', realmRoles: ['a'], clientRoles: [] }, 'anna'],
    [{ type: 'update-user', patch: {} }, 'anna'],
    [{ type: 'update-client', client: 'api', patch: {}, attributes: {} }, 'api'],
    [{ type: 'add-scope', scope: 'email', how: 'optional' }, 'api'],
  ] as [Action, string][])
    await assert.rejects(sent(action, none), { kind: 'missing', message: new RegExp(`'${name}' is gone`) });
  const roles: Action = { type: 'grant-roles', realmRoles: ['a'], clientRoles: [] };
  await assert.rejects(
    sent(roles, { reads: { 'roles.findOneByName': async () => null as never } }),
    /'a' is gone/,
  );
  const scope: Action = { type: 'add-scope', scope: 'other', how: 'optional' };
  await assert.rejects(sent(scope), /'other' is gone/);
});

test('the path of a group has a name, and the path of the one above it', () => {
  assert.deepEqual(splitGroupPath('/staff'), { parent: '', name: 'staff' });
  assert.deepEqual(splitGroupPath('/all/staff/board'), { parent: '/all/staff', name: 'board' });
  assert.equal(toUrlPath('/all/a b/c#d'), 'all/a%20b/c%23d');
});
