import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCatalog } from '../../packages/guard/src/authz/asking/names.ts';
import { createPermit, createShares, type Permissions } from '../../packages/guard/src/authz/index.ts';
import type { ProtectionApi } from '../../packages/guard/src/authz/keycloak/protection-api.ts';
import { assertRefused, settle, settleUntil } from '../support/refusal.ts';
import { ALICE, BOB, CLIENT_UUID, createFakeKeycloak, grant } from './fake-keycloak.ts';

const MALLORY = '66666666-6666-4666-8666-666666666666';

/** Keycloak as one account sees it: its questions fail, and those of everybody else are answered. */
async function start(fails: () => Response | 'hung', options: { timeoutMs?: number } = {}) {
  const fake = createFakeKeycloak();
  const permissions = fake.permissions({ timeoutMs: 100, permissionSeconds: 0, ...options });
  grant(fake, BOB, 'orders#view');
  const bob = fake.tokenOf(BOB);
  let tokens = 0;
  // An account gets as many tokens as it likes.
  const mallory = () => fake.tokenOf(MALLORY, { jti: `m-${tokens++}` });
  await permissions.has(bob, ['orders#view']);
  const isMallorys = ({ body }: RequestInit) =>
    body instanceof URLSearchParams && subjectOf(body.get('subject_token') ?? '') === MALLORY;
  const original = fake.fetch;
  const fetch = (async (input: string, init: RequestInit = {}) => {
    if (!isMallorys(init)) return original(input, init);
    const reply = fails();
    if (reply !== 'hung') return reply;
    const alive = setInterval(() => {}, 1_000);
    return new Promise<Response>((_, reject) => {
      init.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true });
    }).finally(() => clearInterval(alive));
  }) as typeof globalThis.fetch;
  const attacked = fake.permissions({ timeoutMs: 100, permissionSeconds: 0, fetch, ...options });
  return { fake, bob, mallory, permissions: attacked };
}

/** A catalog of resources that have these scopes, where there is one, and which of them Keycloak was asked for. */
function lookUp(scopesOf: (name: string) => readonly string[] | undefined) {
  const asked: string[] = [];
  const api: ProtectionApi = {
    async call(_, path) {
      const name = new URLSearchParams(path.split('?')[1]).get('name') as string;
      asked.push(name);
      const scopes = scopesOf(name)?.map((one) => ({ name: one }));
      const resource = { _id: `id of ${name}`, name, owner: { id: CLIENT_UUID }, scopes };
      return { status: 200, json: scopes === undefined ? [] : [resource], seen: '' };
    },
    onBehalfOf: () => api,
  };
  const context = { clientId: 'my-api', permissionMs: 30_000, clock: () => 0 } as never;
  return { catalog: createCatalog(context, api, { hasResource: () => false }), asked };
}

const subjectOf = (token: string) =>
  token.split('.').length === 3 &&
  JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).sub;

const HUGE = () => new Response(new Uint8Array(2 * 1024 * 1024).fill(32));
const CUT = () =>
  new Response(
    new ReadableStream({
      start: (controller) =>
        controller.error(new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } })),
    }),
  );

describe('an account whose questions Keycloak does not answer', () => {
  const failures: [string, () => Response | 'hung'][] = [
    ['too slow', () => 'hung'],
    ['too large', HUGE],
    ['cut off', CUT],
    ['504 of a proxy', () => new Response('<h1>Gateway Timeout</h1>', { status: 504 })],
    ['500 of Keycloak', () => Response.json({ error: 'unknown_error' }, { status: 500 })],
  ];
  for (const [name, fails] of failures) {
    it(`keeps nobody else out: ${name}`, async () => {
      const { bob, mallory, permissions } = await start(fails);
      for (let round = 0; round < 5; round++) {
        await assertRefused(() => permissions.list(mallory()), 'provider_unavailable');
        assert.equal(await permissions.has(bob, ['orders#view']), true, `round ${round}`);
      }
    });
  }

  it('leaves slots to others, however many questions it has under way', async () => {
    const { bob, mallory, permissions } = await start(() => 'hung', { timeoutMs: 1_500 });
    const held = Array.from({ length: 200 }, () => permissions.list(mallory()).catch(() => {}));
    await settle();
    const began = performance.now();
    assert.equal(await permissions.has(bob, ['orders#view']), true);
    assert.ok(performance.now() - began < 1_000, 'it waited for the slots of another account');
    await Promise.all(held);
  });

  it('holds others up for a second at most when its question is the probe', async (t) => {
    let passed = 0;
    t.mock.method(performance, 'now', () => passed);
    let questions = 0;
    const hang = () => {
      questions++;
      return 'hung' as const;
    };
    const { fake, bob, mallory, permissions } = await start(hang, { timeoutMs: 1_000 });
    const asks = () => permissions.has(bob, ['orders#view']);
    fake.replaceProtection = () => 'down';
    await assertRefused(asks, 'provider_unavailable');
    fake.replaceProtection = undefined;
    passed += 2_000;
    const first = permissions.list(mallory()).catch(() => {});
    await settleUntil(() => questions >= 1);
    await assertRefused(asks, 'provider_unavailable');
    passed += 1_000;
    assert.equal(await asks(), true);
    const second = permissions.list(mallory()).catch(() => {});
    await settleUntil(() => questions >= 2);
    assert.equal(await asks(), true, 'it is over');
    await Promise.all([first, second]);
    assert.equal(await asks(), true);
  });

  it('shuts nobody out by its own shares either', async () => {
    const { fake, bob, mallory, permissions } = await start(() => 'hung');
    const shares = createShares(permissions);
    fake.replaceProtection = (_, path) => (path.startsWith('permission/ticket') ? 'hung' : undefined);
    for (let round = 0; round < 2; round++) {
      await assertRefused(() => permissions.list(mallory()), 'provider_unavailable');
      const principal = await fake.realm.verifier({ tokenCheck: 'local' }).verify(mallory());
      await assertRefused(() => shares.list(principal), 'provider_unavailable');
      assert.equal(await permissions.has(bob, ['orders#view']), true);
    }
  });
});

describe('an account that invents names', () => {
  const asks = (permissions: Permissions) =>
    createPermit<string>(permissions, (name) => `${name}#view`).decide;

  it('has the same one looked up once a second, and finds it once it exists', async () => {
    const fake = createFakeKeycloak();
    const verifier = fake.realm.verifier({ tokenCheck: 'local' });
    const decide = asks(fake.permissions({ verifier }));
    grant(fake, BOB, 'orders#view');
    const bob = await verifier.verify(fake.tokenOf(BOB));
    for (let i = 0; i < 10; i++) await assertRefused(async () => decide('made up', bob), 'permission_denied');
    assert.equal(fake.protectionCalls.length, 1);
    const resource = { id: 'bbbbbbbb-0000-4000-8000-000000000001', name: 'made up', scopes: ['view'] };
    fake.resources.push({ ...resource, owner: CLIENT_UUID });
    fake.grants.add(`${BOB} ${resource.id}#view`);
    fake.realm.advance(1);
    await decide('made up', bob);
  });

  it('takes no place of a name that exists', async () => {
    const { catalog, asked } = lookUp((name) => (name === 'orders' ? ['view'] : undefined));
    const [orders, token] = [{ resource: 'orders', scope: 'view' }, createFakeKeycloak().tokenOf(MALLORY)];
    assert.equal(await catalog.idOf(orders), 'id of orders');
    for (let i = 0; i < 10_100; i++) await catalog.idOf({ resource: `made up ${i}`, scope: 'view' }, token);
    assert.equal(await catalog.idOf(orders), 'id of orders');
    assert.equal(asked.filter((name) => name === 'orders').length, 1);
  });

  it('leaves slots to others while Keycloak looks for them', async () => {
    const fake = createFakeKeycloak();
    const verifier = fake.realm.verifier({ tokenCheck: 'local' });
    let held = 0;
    const fetch = (async (input: string, init: RequestInit = {}) => {
      if (!input.includes('made+up')) return fake.fetch(input, init);
      held++;
      return new Promise<Response>((_, reject) => {
        const alive = setInterval(() => {}, 1_000);
        init.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true });
        init.signal?.addEventListener('abort', () => clearInterval(alive), { once: true });
      });
    }) as typeof globalThis.fetch;
    const permissions = fake.permissions({ verifier, fetch, timeoutMs: 1_000 });
    grant(fake, BOB, 'orders#view');
    const mallory = await verifier.verify(fake.tokenOf(MALLORY));
    const decide = asks(permissions);
    const names = Array.from({ length: 100 }, (_, i) => `made up ${i}`);
    const all = names.map((name) => Promise.resolve(decide(name, mallory)).catch(() => {}));
    await settleUntil(() => held >= 8);
    assert.equal(await permissions.has(fake.tokenOf(BOB), ['orders#view']), true);
    assert.equal(held, 8);
    await Promise.all(all);
  });
});

it('a resource with scopes without number is not kept, so a realm fills no memory by names that its users choose', async () => {
  const many = Array.from({ length: 10_000 }, (_, at) => `scope ${at}`);
  const { catalog, asked } = lookUp((name) => ['view', ...(name === 'large' ? many : [])]);
  for (let i = 0; i < 3; i++) {
    for (const resource of ['small', 'large'])
      assert.equal(await catalog.idOf({ resource, scope: 'view' }), `id of ${resource}`);
  }
  assert.deepEqual(asked, ['small', 'large', 'large', 'large']);
});

it('nobody waits among the look-ups of an account that named the same resource before', async () => {
  const asked: string[] = [];
  const toApi = (who: string): ProtectionApi => ({
    async call() {
      asked.push(who);
      if (who.includes(MALLORY)) return new Promise(() => {});
      const resource = {
        _id: 'a-1',
        name: 'order-7',
        owner: { id: CLIENT_UUID },
        scopes: [{ name: 'view' }],
      };
      return { status: 200, json: [resource], seen: '' };
    },
    onBehalfOf: toApi,
  });
  const context = { clientId: 'my-api', permissionMs: 30_000, clock: () => 0 } as never;
  const catalog = createCatalog(context, toApi('the API'), { hasResource: () => false });
  const { tokenOf } = createFakeKeycloak();
  const order = { resource: 'order-7', scope: 'view' };
  void catalog.idOf(order, tokenOf(MALLORY));
  assert.equal(await Promise.race([catalog.idOf(order, tokenOf(BOB)), settle()]), 'a-1');
});

it('two accounts that wait at the same time keep nobody out who got an answer meanwhile', async () => {
  let hung = 0;
  const hang = () => {
    hung++;
    return 'hung' as const;
  };
  const { fake, bob, permissions } = await start(hang, { timeoutMs: 500 });
  fake.replace = (form) => (form.has('claim_token') ? hang() : undefined);
  const theirs = [MALLORY, ALICE].map((one) =>
    permissions.has(fake.tokenOf(one), ['orders#view'], { claims: { hangs: 'true' } }),
  );
  const refused = theirs.map((one) => assertRefused(() => one, 'provider_unavailable'));
  await settleUntil(() => hung >= 2);
  assert.equal(await permissions.has(bob, ['orders#view']), true);
  await Promise.all(refused);
  assert.equal(await permissions.has(bob, ['orders#view']), true);
});

it('two accounts without an answer are enough to stop asking for a while', async () => {
  const { fake, bob, permissions } = await start(() => 'hung');
  fake.replace = (form) => (form.has('audience') ? 'hung' : undefined);
  for (const one of [BOB, ALICE]) {
    await assertRefused(() => permissions.has(fake.tokenOf(one), ['orders#view']), 'provider_unavailable');
  }
  const before = fake.questions.length;
  await assertRefused(() => permissions.has(bob, ['orders#view']), 'provider_unavailable');
  assert.equal(fake.questions.length, before);
});

it('no connection, and a 502 without JSON, concern everybody at once', async () => {
  for (const reply of ['down', 502] as const) {
    const fake = createFakeKeycloak();
    const permissions = fake.permissions({ permissionSeconds: 0 });
    const [bob, alice] = [fake.tokenOf(BOB), fake.tokenOf(ALICE)];
    await permissions.has(bob, ['orders#view']);
    fake.replace = () =>
      reply === 'down' ? 'down' : new Response('<h1>Bad Gateway</h1>', { status: reply });
    await assertRefused(() => permissions.has(bob, ['orders#view']), 'provider_unavailable');
    const before = fake.questions.length;
    await assertRefused(() => permissions.has(alice, ['orders#view']), 'provider_unavailable');
    assert.equal(fake.questions.length, before, String(reply));
  }
});
