import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { applyAuthz } from '../../packages/cli/src/admin/authz/apply.ts';
import { findUnknown } from '../../packages/cli/src/admin/authz/checks.ts';
import { readAuthz } from '../../packages/cli/src/admin/authz/current.ts';
import { toFile } from '../../packages/cli/src/admin/authz/model.ts';
import { planAuthz } from '../../packages/cli/src/admin/authz/plan.ts';
import { readAuthzValue } from '../../packages/cli/src/admin/authz/read-file.ts';
import { type AuthzKeycloak, startAuthzKeycloak } from './authz-keycloak.ts';

const WHOLE = {
  policyEnforcementMode: 'ENFORCING',
  decisionStrategy: 'AFFIRMATIVE',
  scopes: [
    { name: 'view', displayName: 'View' },
    { name: 'edit', displayName: 'Edit' },
  ],
  // More than go in one batch.
  resources: Array.from({ length: 30 }, (_, index) => ({
    ...{ name: `order ${index}`, type: 'urn:api:order', uris: [`/orders/${index}`] },
    ...(index % 2 === 0
      ? { scopes: ['view', 'edit'] }
      : { scopes: ['view'], attributes: { tier: ['gold'] } }),
  })),
  policies: [
    { name: 'both', type: 'aggregate', policies: ['is member', 'in time'] },
    { name: 'is member', type: 'role', roles: ['member'], fetchRoles: true },
    { name: 'in time', type: 'time', notBefore: '2024-01-01 00:00:00', hour: 8, hourEnd: 17 },
  ],
  permissions: [
    { name: 'orders', resourceType: 'urn:api:order', policies: ['is member'] },
    { name: 'edit', resources: ['order 0', 'order 2'], scopes: ['edit'], policies: ['both'] },
  ],
};

/** What was there before: things to change, to take away and to keep. */
const BEFORE = {
  scopes: [{ name: 'view', displayName: 'Look at' }, 'old'],
  resources: [
    { name: 'order 1', uris: ['/old'], scopes: ['view', 'old'] },
    { name: 'old', scopes: ['old'] },
  ],
  policies: [{ name: 'is member', type: 'role', roles: ['member'] }],
  permissions: [{ name: 'edit', resources: ['old'], scopes: ['old'], policies: ['is member'] }],
};

describe('apply, cut off', () => {
  let keycloak: AuthzKeycloak['keycloak'];
  let api: AuthzKeycloak['api'];
  let resetClient: AuthzKeycloak['reset'];

  before(async () => {
    ({ keycloak, api, reset: resetClient } = await startAuthzKeycloak());
  });
  after(() => keycloak.close());

  /** A client without authorization services. */
  function reset(): void {
    keycloak.cut(undefined);
    resetClient('api');
  }

  async function apply(file: unknown, prune: boolean): Promise<void> {
    const read = readAuthzValue(file);
    assert.ok('model' in read, JSON.stringify(read));
    const state = await readAuthz(api, 'testing', 'api');
    const plan = planAuthz(read.model, state, prune);
    assert.deepEqual([...plan.refused, ...(await findUnknown(api, 'testing', plan))], []);
    const done: unknown[] = [];
    for await (const step of applyAuthz(api, plan.steps, read.model, state)) done.push(step);
    assert.deepEqual(done, plan.steps, 'each step is reported once it is done');
  }

  const exported = async () => JSON.stringify(toFile((await readAuthz(api, 'testing', 'api')).model));

  for (const [what, start, prune] of [
    ['from nothing', undefined, false],
    ['from something else, with --prune', BEFORE, true],
  ] as const) {
    test(`ends the same ${what}, whichever call was the last`, async () => {
      reset();
      if (start) await apply(start, false);
      const first = keycloak.calls();
      await apply(WHOLE, prune);
      const calls = keycloak.calls() - first;
      const whole = await exported();
      const changing = keycloak.changing.filter((call) => call > first && call <= first + calls);
      // Cut off before Keycloak does it, a call leaves what the changing one before it left: so does one that only reads.
      const lasts = changing.map((call) => [call - first, 'after'] as const);
      for (const [last, when] of [[1, 'before'], ...lasts] as const) {
        reset();
        if (start) await apply(start, false);
        keycloak.cut(last, when);
        await assert.rejects(apply(WHOLE, prune), `call ${last} of ${calls}`);
        keycloak.cut(undefined);
        await apply(WHOLE, prune);
        assert.equal(await exported(), whole, `call ${last} of ${calls}`);
      }
      assert.ok(changing.length > 10, `${changing.length} of ${calls} calls`);
    });
  }

  test('makes 500 resources by few calls, and finds nothing to change then', async () => {
    reset();
    const resources = Array.from({ length: 500 }, (_, index) => ({
      name: `order ${index}`,
      scopes: ['view'],
    }));
    const start = keycloak.calls();
    await apply({ scopes: ['view'], resources }, false);
    assert.ok(keycloak.calls() - start < 60, `${keycloak.calls() - start} calls`);
    assert.equal(keycloak.authz.get('c-1')?.lists.resource.size, 500);
    const again = keycloak.calls();
    await apply({ scopes: ['view'], resources }, true);
    assert.ok(keycloak.calls() - again < 10);
  });
});

test('a policy that names what is not there is refused before anything is sent, each name looked up once', async () => {
  const asked: string[] = [];
  const list = (kind: string, names: object[]) => async (query: { realm: string }) => {
    asked.push(kind);
    assert.equal(query.realm, 'shop');
    return names;
  };
  const api = {
    baseUrl: 'http://127.0.0.1:9',
    roles: {
      async findOneByName({ name }: { name: string }) {
        asked.push('role');
        return name === 'boss' ? { name } : null;
      },
    },
    users: { find: list('user', [{ username: 'anna' }]) },
    clients: {
      find: async ({ clientId }: { clientId: string }) => (clientId === 'web' ? [{ id: 'w', clientId }] : []),
      findRole: async ({ id, roleName }: { id: string; roleName: string }) =>
        id === 'w' && roleName === 'reader' ? {} : null,
    },
    clientScopes: { find: list('scope', [{ name: 'email' }]) },
  };
  const plan = (...items: object[]) => ({
    steps: items.map((item) => ({ action: { type: 'put', section: 'policies', item } })),
  });
  const unknown = (...items: object[]) => findUnknown(api as never, 'shop', plan(...items) as never);
  const roles = (...names: unknown[]) => ({ name: 'p', type: 'role', roles: names });
  assert.deepEqual(
    await unknown(
      roles('boss', 'web/reader'),
      { name: 'u', users: ['anna'] },
      { name: 'c', clients: ['web'] },
      { name: 's', clientScopes: ['email'] },
    ),
    [],
  );
  assert.deepEqual(await unknown(roles('none', 'web/writer', 'gone/reader')), [
    'policy "p": there is no role "none" in the realm shop',
    'policy "p": there is no role "web/writer" in the realm shop',
    'policy "p": there is no role "gone/reader" in the realm shop',
  ]);
  assert.deepEqual(
    await unknown(
      { name: 'u', users: ['bob'] },
      { name: 'c', clients: ['gone'] },
      { name: 's', clientScopes: ['phone'] },
    ),
    [
      'policy "u": there is no user "bob" in the realm shop',
      'policy "c": there is no client "gone" in the realm shop',
      'policy "s": there is no client scope "phone" in the realm shop',
    ],
  );
  asked.length = 0;
  assert.equal((await unknown(roles('none'), { ...roles('none'), name: 'q' })).length, 2);
  assert.deepEqual(asked, ['role']);
  const steps = [
    { action: { type: 'put', section: 'permissions', item: roles('none') } },
    { action: { type: 'delete', section: 'policies' } },
  ];
  assert.deepEqual(await findUnknown(api as never, 'shop', { steps } as never), []);
});
