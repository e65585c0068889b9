import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findStale, findUnknown } from '../../packages/cli/src/admin/authz/checks.ts';

// Keycloak shows a resource from its cache, and searches in its database.

const KNOWN = [
  { _id: '1', name: 'orders', scopes: [{ name: 'Orders:View' }], type: 'urn:shop', uris: ['/orders', '/o'] },
  { _id: '2', name: 'reports', scopes: [{ name: 'edit' }], uris: ['/ORDERS'] },
  { _id: '3', name: 'rest' },
];
type Search = Record<string, unknown>;

/** What is stale, and what was searched for. @param found ids by what is searched for; else all is well */
async function ask(found: Record<string, readonly string[]>, known: readonly object[] = KNOWN) {
  const all: Record<string, readonly string[]> = {
    'scope view': ['1'],
    'scope edit': ['2'],
    'type urn:shop': ['1'],
  };
  const searches: Search[] = [];
  const api = {
    clients: {
      async listResources({ realm, id, first, max, ...by }: Search) {
        assert.deepEqual([realm, id, first, max], ['shop', 'u', 0, -1]);
        searches.push(by);
        if (Object.keys(by).length === 0) return known;
        const { deep, ...wanted } = by;
        assert.equal(deep, false);
        const [[kind, text] = []] = Object.entries(wanted);
        const there = { ...all, 'uri /orders': ['1'], 'uri /ORDERS': ['2'], ...found };
        const ids = (there as typeof all)[`${kind} ${text}`] ?? [];
        return KNOWN.filter(({ _id }) => ids.includes(_id));
      },
    },
  };
  const model = {
    switches: {},
    lists: {
      scopes: new Map([
        ['view', {}],
        ['edit', {}],
      ]),
    },
  };
  const state = { realm: 'shop', clientId: 'api', clientUuid: 'u', model };
  return { stale: await findStale(api as never, state as never), searches };
}

test('a resource is stale that a search by its scope, its type or its first address does not find, or should not have found', async () => {
  const { stale, searches } = await ask({});
  assert.deepEqual(stale, []);
  assert.deepEqual(
    searches.map(({ scope, type, uri }) => scope ?? type ?? uri),
    [undefined, 'view', 'edit', 'urn:shop', '/orders', '/ORDERS'],
  );
  for (const [found, expected] of [
    [{ 'scope view': [] }, ['orders']],
    [{ 'scope edit': ['2', '3'] }, ['rest']],
    [{ 'type urn:shop': ['2'] }, ['orders', 'reports']],
    [{ 'uri /orders': [] }, ['orders']],
    [{ 'uri /orders': ['1', '3'] }, ['rest']],
    // An address in another case is found by some databases.
    [{ 'uri /orders': ['1', '2'], 'uri /ORDERS': ['1', '2'] }, []],
  ] as const)
    assert.deepEqual((await ask(found)).stale, expected, JSON.stringify(found));
});

test('of very many resources a part is looked for, and a search that fails is told', async () => {
  const many = Array.from({ length: 60 }, (_, i) => ({ _id: `m${i}`, name: `m${i}`, uris: [`/${i}`] }));
  assert.equal((await ask({}, many)).searches.length, 51);
  const clients = { listResources: () => Promise.reject(new Error('ECONNREFUSED')) };
  const state = { realm: 'shop', clientId: 'api', clientUuid: 'u', model: { lists: { scopes: new Map() } } };
  await assert.rejects(findStale({ clients } as never, state as never), {
    name: 'AdminError',
    message: /search the resources of the client api/,
  });
});

test('a role of a client is looked up at that client, once, and what neither has is told', async () => {
  const asked: string[] = [];
  const later = async <T>(what: string, value: T): Promise<T> => {
    await new Promise(setImmediate);
    asked.push(what);
    return value;
  };
  const api = {
    roles: {
      findOneByName: ({ name }: { name: string }) => later(name, name === 'member' ? { name } : undefined),
    },
    clients: {
      find: ({ clientId }: { clientId: string }) =>
        later(clientId, clientId === 'shop' ? [{ id: 'c-2', clientId }] : []),
      findRole: ({ id, roleName }: { id: string; roleName: string }) =>
        later(`${id} ${roleName}`, roleName === 'auditor' ? { name: roleName } : undefined),
    },
  };
  const roles = ['member', 'ghost', 'shop/auditor', 'shop/none', 'nobody/auditor'];
  const item = { name: 'p', type: 'role', roles };
  const put = { kind: 'create', action: { type: 'put', section: 'policies', item, before: undefined } };
  const unknown = await findUnknown(api as never, 'main', { steps: [put, put] } as never);
  const missing = ['ghost', 'shop/none', 'nobody/auditor'].map(
    (name) => `policy "p": there is no role "${name}" in the realm main`,
  );
  assert.deepEqual(unknown, [...missing, ...missing]);
  assert.deepEqual(asked, [...['member', 'ghost', 'shop', 'c-2 auditor', 'shop', 'c-2 none', 'nobody']]);
});
