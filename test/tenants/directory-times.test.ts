import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createMemoryRevocationStore } from '../../packages/guard/src/core/index.ts';
import { createTenantNotices } from '../../packages/guard/src/tenants/notices.ts';
import { passTime, stopTime } from '../support/passing-time.ts';
import { settle, startTenants } from './many-realms.ts';

/** A database with a tenant, which a test can replace. */
function start(t: TestContext, more: Record<string, unknown> = {}) {
  const row = { realm: 'acme' };
  const database = { ask: async (name: string): Promise<unknown> => (name === 'acme' ? row : undefined) };
  const app = startTenants(t, (name) => database.ask(name), { more });
  const statusOf = async (name: string, realm = 'acme') =>
    (await app.enter(name, app.realmOf(realm).mint())).status;
  return { ...app, row, database, statusOf };
}

const away = async () => Promise.reject(new Error('away'));

describe('the directory is asked again about a name', () => {
  for (const [what, name, ask, status, seconds] of [
    ['that it lacks, ten seconds later', 'other', undefined, 404, 10],
    ['for which it failed, a second later', 'acme', away, 503, 1],
    ['whose settings are wrong, a second later', 'acme', async () => 7, 500, 1],
  ] as const) {
    test(what, async (t) => {
      const { statusOf, database, lookups, advance } = start(t);
      database.ask = ask ?? database.ask;
      for (const [later, count] of [
        [0, 1],
        [seconds - 0.001, 1],
        [0.001, 2],
      ] as const) {
        advance(later);
        assert.equal(await statusOf(name), status);
        assert.equal(lookups.length, count);
      }
    });
  }

  test('in use, in the background after half of tenantSeconds; after all of it, its caller waits', async (t) => {
    const { enter, isAtOnce, lookups, realmOf, row, advance, statusOf } = start(t, { tenantSeconds: 60 });
    const token = realmOf('acme').mint();
    await enter('acme', token);
    for (const [seconds, count] of [
      [29.9, 1],
      [0.1, 2],
      [59.9, 3],
    ] as const) {
      advance(seconds);
      assert.ok(isAtOnce('acme', token), String(count));
      await settle();
      assert.equal(lookups.length, count);
    }
    row.realm = 'globex';
    advance(60);
    assert.equal(await statusOf('acme', 'globex'), 200, 'new settings count');
  });

  test('that it has confirmed since it failed: its caller waits again', async (t) => {
    const { statusOf, database, row, advance } = start(t);
    const { ask } = database;
    await statusOf('acme');
    database.ask = away;
    advance(61);
    assert.equal(await statusOf('acme'), 200);
    database.ask = ask;
    advance(2);
    assert.equal(await statusOf('acme'), 200);
    await settle();
    row.realm = 'globex';
    advance(60);
    assert.equal(await statusOf('acme', 'globex'), 200);
  });

  test('that it did not confirm for 15 minutes: that tenant is in memory no more', async (t) => {
    const { statusOf, database, door, advance } = start(t);
    await statusOf('acme');
    database.ask = away;
    advance(899);
    assert.equal(await statusOf('acme'), 200);
    await settle();
    advance(1);
    assert.equal(await statusOf('acme'), 503);
    assert.equal(door.verifier.members.length, 0);
  });
});

describe('a directory that is slow', () => {
  test('has five seconds for a new name, and a second for who comes back; no timer stays', async (t) => {
    const { enter, realmOf, database, advance, lookups } = start(t);
    const token = realmOf('acme').mint();
    const timers = () => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
    const before = timers();
    await enter('acme', token);
    advance(61);
    await enter('acme', token);
    assert.equal(timers(), before);
    stopTime(t);
    database.ask = () => new Promise(() => {});
    for (const [name, ms, status] of [
      ['acme', 1_000, 200],
      ['other', 5_000, 503],
    ] as const) {
      advance(120);
      let answer = 0;
      void enter(name, token).then((one) => {
        answer = one.status;
      });
      await passTime(ms - 50);
      assert.equal(answer, 0, name);
      await passTime(50);
      assert.equal(answer, status, name);
    }
    assert.equal(lookups.length, 4);
  });

  test('is asked about 32 new names at a time: others wait as long, and are refused', async (t) => {
    const { enter, database, lookups } = start(t, { timeoutMs: 500 });
    await enter('acme');
    lookups.length = 0;
    stopTime(t);
    database.ask = () => new Promise(() => {});
    const all = Promise.all(Array.from({ length: 100 }, (_, at) => enter(`other-${at}`)));
    await passTime(450);
    assert.equal(lookups.length, 32);
    await passTime(1_000);
    assert.deepEqual(new Set((await all).map(({ status }) => status)), new Set([503]));
    assert.equal(lookups.length, 32);
  });
});

test('a guard that is closed hears of nobody’s logouts any more, and has no tenant', async (t) => {
  const store = createMemoryRevocationStore();
  let left = 0;
  const revocationStore = { ...store, subscribe: () => () => void left++ };
  const { door, statusOf } = start(t, { revocationStore });
  await statusOf('acme');
  left = 0;
  await door.close();
  assert.deepEqual([left, door.verifier.members], [1, []]);
});

test('a name has at most 255 characters', async (t) => {
  const { enter, lookups } = start(t);
  for (const length of [255, 256]) assert.equal((await enter('x'.repeat(length))).status, 404);
  assert.deepEqual(
    lookups.map((name) => name.length),
    [255],
  );
});

test('why the directory failed is said by the name and the code of the error, without its words', async (t) => {
  for (const [thrown, reason] of [
    [Object.assign(new Error('p=1'), { code: 'ECONNREFUSED' }), 'It failed: Error ECONNREFUSED'],
    [Object.assign(new TypeError('p=1'), { code: 7 }), 'It failed: TypeError'],
    ['p=1', 'It failed: string'],
    [undefined, 'It failed: undefined'],
  ] as const) {
    const { enter, database, notices } = start(t);
    database.ask = () => Promise.reject(thrown);
    await enter('acme');
    assert.ok(String(notices.at(-1)?.message).endsWith(`. ${reason}`), notices.at(-1)?.message);
  }
});

test('an outage of a server is one notice in ten seconds, whatever tenants it concerns; what is one tenant’s is theirs', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const seen: string[] = [];
  const { notify } = createTenantNotices(({ code, tenant }) => void seen.push(`${code} ${tenant}`));
  const say = (code: string, level: 'info' | 'error', server: string, tenant?: string) =>
    notify({ code, level, message: code } as never, server, tenant);
  const round = () => {
    for (const server of ['one', 'two'])
      for (const tenant of ['a', 'b']) {
        say('keys_unavailable', 'error', server, tenant);
        say('keys_loaded', 'info', server, tenant);
      }
    for (const tenant of ['a', 'b', 'a']) say('tenant_changed', 'info', '', tenant);
    say('tenants_unavailable', 'error', '');
    return seen.splice(0).sort();
  };
  const loaded = ['a', 'a', 'b', 'b'].map((tenant) => `keys_loaded ${tenant}`);
  const all = [
    ...loaded,
    ...['keys_unavailable a', 'keys_unavailable a'],
    ...['tenant_changed a', 'tenant_changed b'],
    'tenants_unavailable undefined',
  ];
  assert.deepEqual(round(), all);
  now = 9_999;
  assert.deepEqual(round(), loaded);
  now = 10_000;
  assert.deepEqual(round(), all);
});
