// The names of resources that this process knows, with an API in memory.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCatalog, createKnownNames, findUnknown } from '../../packages/guard/src/authz/asking/names.ts';
import { createTestRealm } from '../support/test-realm.ts';

const NAME = { resource: 'orders', scope: 'view' };

function start(permissionMs = 5_000) {
  let now = 100_000;
  let scopes: readonly string[] | undefined = ['view'];
  const asked: (string | undefined)[] = [];
  const toApi = (who: string | undefined): object => ({
    onBehalfOf: toApi,
    call: async () => {
      asked.push(who);
      const json = scopes && [
        { _id: 'r1', name: 'orders', owner: { id: 'o' }, scopes: scopes.map((name) => ({ name })) },
      ];
      return { status: 200, json: json ?? [], seen: '' };
    },
  });
  const names = createKnownNames();
  const context = { clientId: 'my-api', permissionMs, clock: () => now };
  const catalog = createCatalog(context as never, toApi(undefined) as never, names);
  return {
    ...{ catalog, asked, names },
    pass: (ms: number) => {
      now += ms;
    },
    become: (next: readonly string[] | undefined) => {
      scopes = next;
    },
    /** The id, and whether Keycloak was asked for it. */
    async look(permission: object = NAME, token?: string) {
      asked.length = 0;
      return [await catalog.idOf(permission as never, token), asked.length];
    },
  };
}

describe('the names that are known', () => {
  it('are good for as long as an answer is', async () => {
    const { look, pass, catalog } = start();
    assert.deepEqual(await look(), ['r1', 1]);
    pass(4_999);
    assert.deepEqual(await look(), ['r1', 0]);
    pass(1);
    assert.deepEqual(await look(), ['r1', 1]);
    assert.deepEqual(await look({ resource: 'orders' }), ['r1', 0]);
    pass(-1);
    assert.deepEqual(await look(), ['r1', 1], 'the clock was set back');
    catalog.forget('orders');
    assert.deepEqual(await look(), ['r1', 1]);
    assert.deepEqual(await look({ resourceId: 'r7', scope: 'view' }), ['r7', 0]);
  });

  it('are looked up again for a scope, or a resource, that may be new; not within a second', async () => {
    const { look, pass, become } = start();
    await look();
    become(['view', 'edit']);
    const edit = { ...NAME, scope: 'edit' };
    pass(999);
    assert.deepEqual(await look(edit), ['unknown', 0]);
    pass(1);
    assert.deepEqual(await look(edit), ['r1', 1]);
    pass(4_000);
    assert.deepEqual(await look(), ['r1', 0]);
    become(undefined);
    pass(1_000);
    assert.deepEqual(await look(), ['unknown', 1]);
    become(['view']);
    pass(999);
    assert.deepEqual(await look(), ['unknown', 0]);
    pass(1);
    assert.deepEqual(await look(), ['r1', 1]);
    become(undefined);
    pass(1_000);
    assert.deepEqual(await look(edit), ['unknown', 1]);
    assert.deepEqual(await look(), ['unknown', 0], 'it is gone, with all of its scopes');
    const quick = start(10);
    quick.become(undefined);
    await quick.look();
    quick.become(['view']);
    quick.pass(10);
    assert.deepEqual(await quick.look(), ['r1', 1]);
  });

  it('are not kept where a resource has too much to keep', async () => {
    const { look, become, pass } = start();
    await look();
    // With all that is kept beside, 10,000 characters.
    const rest = JSON.stringify({ id: 'r1', scopes: ['view', ''], readAt: 100_000 }).length;
    for (const [length, isKept] of [
      [10_000 - rest, true],
      [10_001 - rest, false],
    ] as const) {
      become(['view', 'x'.repeat(length)]);
      pass(5_000);
      await look();
      assert.deepEqual(await look(), ['r1', isKept ? 0 : 1], String(length));
    }
  });

  it('do not stay as they were where a resource has grown too much', async () => {
    const { look, become, pass } = start();
    await look();
    const long = 'x'.repeat(10_000);
    become(['view', long]);
    pass(1_000);
    assert.deepEqual(await look({ ...NAME, scope: long }), ['r1', 1]);
    assert.deepEqual(await look(), ['r1', 1]);
  });

  it('are looked up at the cost of the caller, unless a guard names them', async () => {
    const { look, asked, names, catalog } = start();
    const token = createTestRealm().mint({ sub: 'anna' });
    await look(NAME, token);
    assert.match(asked[0] ?? '', /anna/);
    catalog.forget('orders');
    await look(NAME);
    assert.deepEqual(asked, [undefined]);
    catalog.forget('orders');
    names.add([NAME] as never);
    await look(NAME, token);
    assert.deepEqual(asked, [undefined]);
    asked.length = 0;
    catalog.forget('orders');
    await Promise.all([catalog.idOf(NAME as never), catalog.idOf(NAME as never)]);
    assert.equal(asked.length, 1, 'together');
  });

  it('of all guards are compared with those of Keycloak, each resource once, twenty at a time', async () => {
    let [open, most] = [0, 0];
    const paths: string[] = [];
    const api = {
      async call(_: string, path: string) {
        most = Math.max(most, ++open);
        await new Promise(setImmediate);
        open--;
        paths.push(path);
        const name = new URLSearchParams(path.split('?')[1]).get('name') ?? '';
        const scopes = name === 'bare' ? [] : [{ name: 'view' }];
        return {
          status: 200,
          seen: '',
          json: name === 'none' ? [] : [{ _id: 'r', name, owner: { id: 'o' }, scopes }],
        };
      },
    };
    const many = Array.from({ length: 45 }, (_, at) => ({ resource: `r${at}`, scope: 'view' }));
    assert.deepEqual(await findUnknown(api as never, 'my-api', many as never), []);
    assert.deepEqual([paths.length, most], [45, 20]);
    const some = [
      { resource: 'a', scope: 'view' },
      { resource: 'a', scope: 'edit' },
      { resource: 'bare' },
      { resource: 'bare', scope: 'view' },
      { resource: 'a' },
      { resource: 'none', scope: 'view' },
    ];
    paths.length = 0;
    assert.deepEqual(await findUnknown(api as never, 'my-api', some as never), [
      some[1],
      some[4],
      some[3],
      some[5],
    ]);
    assert.equal(paths.length, 3);
  });
});
