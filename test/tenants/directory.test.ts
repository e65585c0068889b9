import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { toName } from '../../packages/guard/src/tenants/tenant-request.ts';
import { eventually } from '../support/eventually.ts';
import { createPending, settle, startTenants } from './many-realms.ts';

type Row = Record<string, unknown> | undefined;

/** A database with two tenants, and an application that asks it. */
function start(t: TestContext, more: Record<string, unknown> = {}) {
  const rows = new Map<string, unknown>(['acme', 'globex'].map((realm) => [realm, { realm }]));
  const database = { ask: async (name: string): Promise<unknown> => rows.get(name) };
  const app = startTenants(t, (name) => database.ask(name), { more });
  const tokenOf = (name: string, changes?: Record<string, unknown>) => app.realmOf(name).mint(changes);
  return { ...app, rows, database, tokenOf, codes: () => app.notices.map(({ code }) => code) };
}

const statusOf = async (answer: Promise<{ readonly status: number }>) => (await answer).status;

describe('a directory of tenants', () => {
  test('is asked once for a name, however many come at the same time, and then not for a minute', async (t) => {
    const { enter, lookups, calls, tokenOf } = start(t);
    const token = tokenOf('acme');
    const answers = await Promise.all(Array.from({ length: 50 }, () => enter('acme', token)));
    assert.deepEqual(
      new Set(answers.map(({ status, tenant }) => `${status} ${tenant}`)),
      new Set(['200 acme']),
    );
    for (let i = 0; i < 5; i++) assert.equal(await statusOf(enter('acme', token)), 200);
    assert.deepEqual([lookups, calls.length], [['acme'], 2]);
  });

  test('may be asked at once, too, and takes the name as the tenant, whatever the realm is called', async (t) => {
    const { enter, realmOf } = startTenants(t, (name) => (name === 'shop' ? { realm: 'realm-7' } : null));
    assert.deepEqual(await enter('shop', realmOf('realm-7').mint()), { status: 200, tenant: 'shop' });
    assert.equal(await statusOf(enter('other', realmOf('realm-7').mint())), 404);
  });

  test('costs a known token no promise', async (t) => {
    const { enter, isAtOnce, tokenOf } = start(t);
    const token = tokenOf('acme');
    await enter('acme', token);
    assert.ok(isAtOnce('acme', token));
  });

  test('is asked again in the background while a tenant is used, before its settings are too old', async (t) => {
    const { enter, isAtOnce, lookups, advance, tokenOf } = start(t);
    const token = tokenOf('acme');
    await enter('acme', token);
    for (let second = 0; second < 300; second += 10) {
      advance(10);
      assert.ok(isAtOnce('acme', token), `after ${second} s`);
      await settle();
    }
    assert.ok(lookups.length >= 9 && lookups.length <= 12, String(lookups.length));
  });

  test('is waited for by who comes back to a tenant: a change counts after tenantSeconds', async (t) => {
    const { enter, rows, advance, tokenOf, codes } = start(t, { tenantSeconds: 10 });
    const [ours, theirs] = [tokenOf('acme'), tokenOf('globex')];
    assert.equal(await statusOf(enter('acme', ours)), 200);
    rows.set('acme', { realm: 'globex' });
    advance(11);
    assert.equal(await statusOf(enter('acme', ours)), 401);
    assert.deepEqual(await enter('acme', theirs), { status: 200, tenant: 'acme' });
    assert.ok(codes().includes('tenant_changed'));
  });

  test('changes nothing where it says the same in new objects', async (t) => {
    const { enter, database, advance, calls, codes, tokenOf } = start(t);
    const key = () => ({
      realm: 'acme',
      audience: ['my-api', 'x'],
      acrLevels: { gold: 2 },
      issuer: undefined,
    });
    database.ask = async () => key();
    const token = tokenOf('acme', { aud: 'my-api' });
    await enter('acme', token);
    const from = calls.length;
    advance(100);
    assert.equal(await statusOf(enter('acme', token)), 200);
    assert.deepEqual([calls.length, codes().includes('tenant_changed')], [from, false]);
  });

  test('may write those of another tenant into the same objects', async (t) => {
    const { enter, database, tokenOf } = start(t);
    const row = { realm: '', audience: [''] };
    database.ask = async (name) => {
      row.realm = name;
      row.audience[0] = `${name}-api`;
      return row;
    };
    const mint = (name: string) => tokenOf(name, { aud: `${name}-api` });
    for (const name of ['acme', 'globex', 'acme']) {
      assert.deepEqual(await enter(name, mint(name)), { status: 200, tenant: name });
      assert.equal(await statusOf(enter(name, mint(name === 'acme' ? 'globex' : 'acme'))), 401);
    }
  });

  test('that removes a tenant ends it for known tokens and optional guards, and Keycloak is not asked', async (t) => {
    const { enter, rows, advance, calls, tokenOf } = start(t);
    const token = tokenOf('acme');
    await enter('acme', token);
    rows.delete('acme');
    advance(61);
    const from = calls.length;
    const { status, body, headers } = await enter('acme', token);
    assert.deepEqual([status, body], [404, '{"detail":"Not Found"}']);
    assert.equal(headers?.get('www-authenticate'), null);
    assert.equal(await statusOf(enter('acme')), 404);
    assert.deepEqual(calls.slice(from), []);
    rows.set('acme', { realm: 'acme' });
    advance(11);
    assert.equal(await statusOf(enter('acme', tokenOf('acme'))), 200);
  });

  test('that lacks a name is logged with it, and without one with the host: the client learns neither', async (t) => {
    const seen: unknown[] = [];
    const { enter } = startTenants(t, () => undefined, {
      more: { onDenied: (_request: unknown, error: { seen: unknown }) => void seen.push(error.seen) },
      tenants: {
        of: ({ hostname }: { hostname: string }) =>
          ({ nobody: undefined, evil: 'a\nb', long: 'x'.repeat(5_000) })[hostname] ?? hostname.slice(3),
      },
    });
    for (const host of ['at-acme', 'no', 'evil', 'long'])
      assert.equal((await enter(host)).body, '{"detail":"Not Found"}', host);
    const [known, none, evil, long] = seen;
    assert.deepEqual([known, none, evil], ['name acme', 'host no', 'name a b']);
    assert.ok(String(long).length < 310, String(long));
  });

  test('is not asked about what cannot be a name', async (t) => {
    const names: readonly unknown[] = [
      'x'.repeat(256),
      'a\u200bb',
      'a\nb',
      '\ud800',
      ' ',
      ' acme',
      '',
      null,
      undefined,
    ];
    let name: unknown;
    const { enter, lookups, realmOf } = startTenants(t, (realm) => ({ realm }), {
      tenants: { of: () => name },
    });
    for (name of names) {
      for (const token of [undefined, realmOf('acme').mint()]) {
        assert.equal(await statusOf(enter('host', token)), 404, JSON.stringify(name));
      }
    }
    for (name of [
      7,
      {},
      ['acme'],
      true,
      Promise.resolve('acme'),
      Promise.reject(new Error('late')),
      { realm: 'acme' },
    ]) {
      assert.equal(await statusOf(enter('host')), 500);
    }
    assert.deepEqual(lookups, []);
  });
});

describe('a directory that fails', () => {
  for (const [what, ask] of [
    ['rejects', async () => Promise.reject(new Error('password=hunter2'))],
    [
      'throws',
      () => {
        throw new Error('password=hunter2');
      },
    ],
  ] as const) {
    test(`and ${what}: tenants in use go on with what they have, others are a 503, and the notice holds no secret`, async (t) => {
      const { enter, database, advance, notices, tokenOf, rows } = start(t);
      await enter('acme', tokenOf('acme'));
      database.ask = ask;
      for (const seconds of [31, 60, 300, 400]) {
        advance(seconds);
        const answer = await enter('acme', tokenOf('acme'));
        assert.deepEqual(answer, { status: 200, tenant: 'acme' });
        await settle();
      }
      const { status, body, headers } = await enter('globex', tokenOf('globex'));
      assert.deepEqual([status, body], [503, '{"detail":"Service Unavailable"}']);
      assert.equal(headers?.get('retry-after'), '5');
      const told = notices.filter(({ code }) => code === 'tenants_unavailable');
      assert.ok(told.length >= 1 && !JSON.stringify(told).includes('hunter2'));

      advance(200);
      assert.equal(await statusOf(enter('acme', tokenOf('acme'))), 503, 'not for ever');
      database.ask = async (name) => rows.get(name);
      advance(2);
      for (const name of ['acme', 'globex']) assert.equal(await statusOf(enter(name, tokenOf(name))), 200);
    });
  }

  test('and hangs: nobody in use waits, what is unknown is a 503 after its time', async (t) => {
    const { enter, isAtOnce, database, advance, lookups, tokenOf, codes } = start(t, { timeoutMs: 100 });
    await enter('acme', tokenOf('acme'));
    database.ask = () => new Promise(() => {});
    advance(31);
    const token = tokenOf('acme');
    await enter('acme', token);
    await eventually('it is known to hang', () => codes().includes('tenants_unavailable'));
    for (let i = 0; i < 20; i++) {
      advance(10);
      assert.ok(isAtOnce('acme', token), String(i));
      if (i === 2) assert.equal(await statusOf(enter('globex', tokenOf('globex'))), 503);
    }
    assert.ok(lookups.length < 10, 'once at a time');
  });

  test('and is slow: who comes back after long waits for a second at most', async (t) => {
    const { enter, database, advance, tokenOf } = start(t);
    await enter('acme', tokenOf('acme'));
    const late = createPending<Row>();
    database.ask = () => late.promise;
    advance(120);
    const begin = performance.now();
    assert.equal(await statusOf(enter('acme', tokenOf('acme'))), 200);
    assert.ok(performance.now() - begin < 3_000);
    late.resolve(undefined);
    await settle();
    assert.equal(await statusOf(enter('acme', tokenOf('acme'))), 404, 'its answer counts, though it is late');
  });

  test('and answers after its time: that answer counts no more', async (t) => {
    const { enter, database, rows, advance, tokenOf } = start(t, { timeoutMs: 100 });
    const late = createPending<unknown>();
    database.ask = () => late.promise;
    assert.equal(await statusOf(enter('acme', tokenOf('acme'))), 503);
    database.ask = async (name) => rows.get(name);
    advance(2);
    assert.equal(await statusOf(enter('acme', tokenOf('acme'))), 200);
    late.resolve({ realm: 'globex' });
    await settle();
    assert.equal(await statusOf(enter('acme', tokenOf('acme'))), 200);
    assert.equal(await statusOf(enter('acme', tokenOf('globex'))), 401);
  });
});

describe('a directory that lies', () => {
  class Row {
    realm = 'acme';
  }
  const garbage: Readonly<Record<string, () => unknown>> = {
    'a string': () => 'acme',
    'a number': () => 7,
    true: () => true,
    'a list': () => [{ realm: 'acme' }],
    'a row of a mapper': () => new Row(),
    'inherited members': () => Object.create({ realm: 'acme' }),
    nothing: () => ({}),
    'an empty realm': () => ({ realm: '' }),
    'a realm that is null': () => ({ realm: null }),
    'another column': () => ({ realm: 'acme', name: 'acme' }),
    'the name of a tenant': () => ({ realm: 'acme', tenant: 'globex' }),
    'a wrong address': () => ({ realm: 'acme', serverUrl: 'sso.example.com' }),
    'an issuer that is no URL': () => ({ realm: 'acme', issuer: 'acme' }),
    'a function': () => () => ({ realm: 'acme' }),
  };
  for (const [what, lie] of Object.entries(garbage)) {
    test(`and says ${what} lets nobody in, before and after it is used`, async (t) => {
      const { enter, database, rows, advance, notices, calls, tokenOf } = start(t);
      database.ask = async () => lie();
      assert.equal(await statusOf(enter('acme', tokenOf('acme'))), 500);
      assert.equal(await statusOf(enter('acme')), 500);
      assert.deepEqual(calls, []);
      const [notice] = notices.filter(({ code }) => code === 'tenant_misconfigured');
      assert.deepEqual([notice?.level, notice?.tenant], ['error', 'acme']);
      const isPlain = Object.getPrototypeOf(lie()) === Object.prototype;
      assert.equal(/as a plain object, or undefined$/.test(String(notice?.message)), !isPlain);
      database.ask = async (name) => rows.get(name);
      advance(2);
      assert.equal(await statusOf(enter('acme', tokenOf('acme'))), 200);
      database.ask = async () => lie();
      advance(61);
      assert.equal(await statusOf(enter('acme', tokenOf('acme'))), 500);
    });
  }
});

describe('tenants in memory', () => {
  test('are bounded: one that was pushed out comes back as the same', async (t) => {
    const { enter, door, lookups, tokenOf } = start(t, { maxTenants: 1 });
    for (const name of ['acme', 'globex', 'acme']) {
      assert.deepEqual(await enter(name, tokenOf(name)), { status: 200, tenant: name });
      assert.equal(door.verifier.members.length, 1);
    }
    assert.deepEqual(lookups, ['acme', 'globex', 'acme']);
    assert.equal(await statusOf(enter('acme', tokenOf('globex'))), 401);
  });

  test('leave when nobody uses them, and the timer with the last', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { enter, door, tokenOf } = start(t);
    await enter('acme', tokenOf('acme'));
    await enter('globex', tokenOf('globex'));
    for (let second = 0; second < 1_000; second++) {
      if (second % 10 === 0) await enter('globex', 'garbage');
      t.mock.timers.tick(1_000);
    }
    assert.deepEqual(
      door.verifier.members.map(({ issuer }) => issuer.baseUrl.split('/').at(-1)),
      ['globex'],
    );
    t.mock.timers.tick(1_000_000);
    assert.equal(door.verifier.members.length, 0);
  });

  test('load the keys of those in use again, and not those of others', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { enter, calls, advance, tokenOf } = start(t);
    await enter('acme', tokenOf('acme'));
    await enter('globex', tokenOf('globex'));
    t.mock.timers.tick(90_000);
    advance(90);
    const from = calls.length;
    await enter('globex', tokenOf('globex'));
    t.mock.timers.tick(16_000);
    await settle();
    assert.ok(calls.length > from);
    assert.ok(calls.slice(from).every((url) => url.includes('/globex/')));
  });
});

test('a name that does not come at once is a fault of the application, and a promise that fails ends no process', async () => {
  const none = () => new AuthError('tenant_unknown', 'none');
  const unheard: unknown[] = [];
  const onUnheard = (error: unknown) => void unheard.push(error);
  process.on('unhandledRejection', onUnheard);
  for (const name of [Promise.reject(new Error('the database is away')), Promise.resolve('acme'), 7, {}])
    assert.throws(() => toName(name, none), TypeError);
  await settle();
  process.off('unhandledRejection', onUnheard);
  assert.deepEqual(unheard, []);
  for (const name of [undefined, null, '']) assert.throws(() => toName(name, none), AuthError);
  assert.equal(toName('acme', none), 'acme');
});
