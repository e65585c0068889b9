import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createMemoryRevocationStore, type Notice } from '../../packages/guard/src/core/index.ts';
import { createKeycloakMessages } from '../../packages/guard/src/core/internal.ts';
import { createTenantPool } from '../../packages/guard/src/tenants/internal.ts';
import { mintLogoutToken } from '../core/signed-messages.ts';
import { assertRefused } from '../support/refusal.ts';
import { createTestRealm, type TestRealm } from '../support/test-realm.ts';

const SERVER = 'https://sso.example.com';

/** Realms of one Keycloak, made when they are named, and a pool for them. */
function start(
  t: TestContext,
  { isRealm = (_name: string): boolean => true, maxTenants = 5_000, idleSeconds = 60, more = {} } = {},
) {
  const realms = new Map<string, TestRealm>();
  const calls: string[] = [];
  const notices: Notice[] = [];
  const realmOf = (name: string, serverUrl = SERVER): TestRealm => {
    const key = `${serverUrl}/realms/${name}`;
    const realm = realms.get(key) ?? createTestRealm({ realm: name, serverUrl });
    realms.set(key, realm);
    return realm;
  };
  const fetch = (async (input: string | URL | Request, init?: RequestInit) => {
    const url = String(input instanceof Request ? input.url : input);
    calls.push(url);
    const [, server = '', name = ''] = /^(https?:\/\/[^/]+)\/realms\/([^/]+)\//.exec(url) ?? [];
    return isRealm(name) ? realmOf(name, server).fetch(input, init) : new Response('{}', { status: 404 });
  }) as typeof globalThis.fetch;
  const { clock } = realmOf('first');
  const pool = createTenantPool(
    {
      ...{ serverUrl: SERVER, clientId: 'my-api', tokenCheck: 'local', fetch, clock },
      onNotice: (notice) => void notices.push(notice),
      ...more,
    },
    { maxTenants, tenantIdleSeconds: idleSeconds },
  );
  t.after(() => pool.close());
  /** Verifies a token of a realm at a tenant. */
  const enter = async (name: string, settings = {}) => {
    // To make a key takes a while, and a name that is no realm's needs none.
    const signer = isRealm(name) ? name : 'first';
    const token = realmOf(signer, (settings as { serverUrl?: string }).serverUrl).mint();
    return pool.of({ realm: name, ...settings }).verify(token);
  };
  return { pool, calls, notices, realmOf, enter };
}

describe('the realms in memory', () => {
  test('are made once, however many ask at the same time', async (t) => {
    const { calls, enter, pool } = start(t);
    await Promise.all(Array.from({ length: 20 }, () => enter('acme')));
    assert.equal(calls.length, 2, 'discovery and keys');
    assert.equal(pool.members.length, 1);
  });

  test('give the principal the name of the tenant: that of the realm, or another one', async (t) => {
    const { enter } = start(t);
    assert.equal((await enter('acme')).tenant, 'acme');
    assert.equal((await enter('realm-7', { tenant: 'Globex Inc.' })).tenant, 'Globex Inc.');
  });

  test('are bounded: the one used least recently goes, and comes back', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { pool, enter, calls } = start(t, { maxTenants: 2 });
    for (const name of ['one', 'two', 'one', 'three']) {
      await enter(name);
      t.mock.timers.tick(1_000);
    }
    assert.deepEqual(
      pool.members.map(({ issuer }) => issuer.baseUrl.split('/').at(-1)),
      ['one', 'three'],
    );
    const before = calls.length;
    await enter('one');
    assert.equal(calls.length, before);
    await enter('two');
    assert.equal(calls.length, before + 2);
  });

  test('leave when nobody uses them, and the timer with the last', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { pool, enter } = start(t);
    await enter('idle');
    await enter('busy');
    for (let second = 0; second < 90; second++) {
      if (second % 10 === 0) pool.of({ realm: 'busy' });
      t.mock.timers.tick(1_000);
    }
    assert.deepEqual(
      pool.members.map(({ issuer }) => issuer.baseUrl.split('/').at(-1)),
      ['busy'],
    );
    t.mock.timers.tick(100_000);
    assert.equal(pool.members.length, 0);
  });

  test('load the keys of tenants in use again, and not those of others', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { pool, enter, calls, realmOf } = start(t, { idleSeconds: 600 });
    await enter('idle');
    await enter('busy');
    const from = calls.length;
    t.mock.timers.tick(90_000);
    realmOf('first').advance(90);
    t.mock.timers.tick(15_000);
    assert.equal(calls.length, from);
    pool.of({ realm: 'busy' });
    t.mock.timers.tick(15_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(calls.slice(from).every((url) => url.includes('/busy/')));
    assert.ok(calls.length > from);
  });

  test('are made anew where their settings change, and only then', async (t) => {
    const { pool, enter, notices } = start(t);
    await enter('acme', { clientSecret: 'one', audience: ['my-api'] });
    const before = pool.of({ realm: 'acme', clientSecret: 'one', audience: ['my-api'] });
    assert.equal(pool.of({ audience: ['my-api'], clientSecret: 'one', realm: 'acme' }), before);
    assert.notEqual(pool.of({ realm: 'acme', clientSecret: 'two', audience: ['my-api'] }), before);
    assert.deepEqual(
      notices.filter(({ code }) => code === 'tenant_changed').map(({ tenant }) => tenant),
      ['acme'],
    );
  });
});

describe('revocations', () => {
  for (const isShared of [false, true]) {
    test(`outlive the tenant that left memory, ${isShared ? 'with' : 'without'} a store`, async (t) => {
      const store = createMemoryRevocationStore();
      const { pool, realmOf } = start(t, { maxTenants: 1, more: isShared ? { revocationStore: store } : {} });
      const token = realmOf('acme').mint({ sid: 's1' });
      const acme = pool.of({ realm: 'acme' });
      await acme.verify(token);
      await acme.members[0]?.revoke({ type: 'session', issuer: realmOf('acme').issuer, sessionId: 's1' });
      await assertRefused(async () => pool.of({ realm: 'acme' }).verify(token), 'token_revoked');
      await pool.of({ realm: 'other' }).verify(realmOf('other').mint({ sid: 's1' }));
      assert.equal(pool.members.length, 1);
      await assertRefused(async () => pool.of({ realm: 'acme' }).verify(token), 'token_revoked');
    });
  }

  test('that another process shares reach the tenant of their issuer alone, known tokens too', async (t) => {
    const store = createMemoryRevocationStore();
    const { pool, realmOf } = start(t, { more: { revocationStore: store } });
    const [ours, theirs] = [realmOf('acme').mint({ sid: 's1' }), realmOf('globex').mint({ sid: 's1' })];
    await pool.of({ realm: 'acme' }).verify(ours);
    await pool.of({ realm: 'globex' }).verify(theirs);
    await store.add({ type: 'session', issuer: realmOf('acme').issuer, sessionId: 's1' });
    await assertRefused(async () => pool.of({ realm: 'acme' }).verify(ours), 'token_revoked');
    await pool.of({ realm: 'globex' }).verify(theirs);
    assert.deepEqual(
      pool.members.map(({ stats }) => stats.revocations),
      [1, 0],
    );
  });

  test('of one realm push out none of another', async (t) => {
    const { pool, realmOf } = start(t);
    const token = realmOf('acme').mint({ sid: 's1' });
    await pool.of({ realm: 'acme' }).verify(token);
    await pool
      .of({ realm: 'acme' })
      .members[0]?.revoke({ type: 'session', issuer: realmOf('acme').issuer, sessionId: 's1' });
    await pool.of({ realm: 'noisy' }).verify(realmOf('noisy').mint());
    const { issuer } = realmOf('noisy');
    for (let i = 0; i < 100_001; i++) {
      await pool.of({ realm: 'noisy' }).members[0]?.revoke({ type: 'token', issuer, tokenId: `t${i}` });
    }
    await assertRefused(async () => pool.of({ realm: 'acme' }).verify(token), 'token_revoked');
  });
});

describe('names that are no realms', () => {
  const isRealm = (name: string) => !name.startsWith('made-up');

  test('are refused as unknown, and asked for once', async (t) => {
    const { enter, calls } = start(t, { isRealm });
    for (let i = 0; i < 5; i++) await assertRefused(() => enter('made-up'), 'tenant_unknown');
    assert.equal(calls.length, 1);
  });

  test('are no realm that exists, however alike they are', async (t) => {
    const { enter } = start(t, { isRealm: (name) => name === 'acme' });
    await enter('acme');
    const alike = ['ACME', 'acme2', 'acm', '%61cme', 'аcme', 'acme.', '.acme', 'acme%00', 'acme#', 'acme?x'];
    for (const name of [...alike, '__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      await assertRefused(() => enter(name), 'tenant_unknown');
    }
    await enter('acme');
  });

  test('cost Keycloak a bounded number of questions, however many there are', async (t) => {
    const { enter, calls } = start(t, { isRealm });
    const results = await Promise.allSettled(Array.from({ length: 400 }, (_, at) => enter(`made-up-${at}`)));
    assert.ok(results.every(({ status }) => status === 'rejected'));
    assert.ok(calls.length <= 130, `${calls.length} questions`);
  });

  test('do not push out realms that have answered, nor make them wait', async (t) => {
    const { enter, calls } = start(t, { isRealm, maxTenants: 1 });
    await enter('acme');
    await Promise.allSettled(Array.from({ length: 1_500 }, (_, at) => enter(`made-up-${at}`)));
    const from = calls.length;
    await enter('acme');
    assert.equal(calls.length, from, 'it is still in memory');
    // It was pushed out, and comes back while unknown names are refused at once.
    const more = Array.from({ length: 200 }, (_, at) => enter(`made-up-again-${at}`));
    const late = Promise.allSettled(more);
    await assertRefused(() => enter('other'), 'provider_unavailable');
    await enter('acme');
    await late;
  });

  test('are a line in a while, not one each', async (t) => {
    const { enter, notices } = start(t, { isRealm });
    await Promise.allSettled(Array.from({ length: 50 }, (_, at) => enter(`made-up-${at}`)));
    assert.ok(notices.length <= 2, JSON.stringify(notices));
  });
});

describe('who is who', () => {
  test('settings that the application writes anew for each request are of the tenant that they name', async (t) => {
    const { pool, realmOf } = start(t);
    const servers = ['https://one.example.com', 'https://two.example.com'] as const;
    const tokens = servers.map((serverUrl) => realmOf('main', serverUrl).mint());
    const settings = { realm: 'main', serverUrl: '', tenant: '' };
    const enter = (at: number, token = tokens[at] as string) => {
      Object.assign(settings, { serverUrl: servers[at], tenant: `${at}` });
      return pool.of(settings).verify(token);
    };
    const first = await Promise.all([enter(0), enter(1)]);
    assert.deepEqual(
      first.map(({ tenant, issuer }) => [tenant, issuer]),
      servers.map((serverUrl, at) => [`${at}`, `${serverUrl}/realms/main`]),
    );
    assert.equal((await enter(0)).tenant, '0');
    await assertRefused(() => enter(1, tokens[0]), 'token_key_unknown');
    assert.equal((await enter(1)).tenant, '1');
  });

  test('two realms of one name: the second is refused, and told', async (t) => {
    const { enter, notices } = start(t);
    await enter('acme', { tenant: 'one' });
    await assertRefused(() => enter('globex', { tenant: 'one' }), 'provider_misconfigured');
    await assertRefused(() => enter('globex', { tenant: 'one' }), 'provider_misconfigured');
    await enter('acme', { tenant: 'one' });
    assert.equal(notices.filter(({ code }) => code === 'tenant_conflict').length, 1);
  });

  test('two names of one realm: the second is refused', async (t) => {
    const { enter } = start(t);
    await enter('acme', { tenant: 'one' });
    await assertRefused(() => enter('acme', { tenant: 'two' }), 'provider_misconfigured');
  });

  test('a realm that says it is another one is refused', async (t) => {
    const { pool, realmOf } = start(t);
    const hostile = realmOf('hostile');
    hostile.discovery = { issuer: realmOf('acme').issuer };
    const token = hostile.mint({ iss: realmOf('acme').issuer });
    for (let i = 0; i < 2; i++) {
      await assertRefused(async () => pool.of({ realm: 'hostile' }).verify(token), 'provider_misconfigured');
    }
  });

  test('its messages too, though they are the first that is heard of it', async (t) => {
    const { pool, realmOf, enter } = start(t);
    const acme = realmOf('acme');
    const token = acme.mint({ sid: 'of-acme' });
    await pool.of({ realm: 'acme' }).verify(token);
    const hostile = realmOf('hostile');
    hostile.discovery = { issuer: acme.issuer };
    const logout = mintLogoutToken(hostile, { iss: acme.issuer, sid: 'of-acme', sub: undefined });
    const messages = createKeycloakMessages(() => pool.of({ realm: 'hostile' }).members);
    const log = { warn() {}, error() {} };
    for (let i = 0; i < 2; i++) {
      const { status } = await messages.backchannelLogout(`logout_token=${logout}`, { log });
      assert.ok(status >= 400, String(status));
    }
    await pool.of({ realm: 'acme' }).verify(token);
    await enter('acme');
  });

  test('and the verifier that sessions keep of it', async (t) => {
    const { pool, realmOf } = start(t);
    const hostile = realmOf('hostile');
    hostile.discovery = { issuer: realmOf('acme').issuer };
    const [verifier] = pool.of({ realm: 'hostile' }).members;
    const token = hostile.mint({ iss: realmOf('acme').issuer });
    await assertRefused(async () => verifier?.verify(token), 'provider_misconfigured');
  });

  test('a tenant that was pushed out while it was asked for keeps no name', async (t) => {
    const { pool, realmOf, enter } = start(t, { maxTenants: 1 });
    const first = pool.of({ realm: 'acme', tenant: 'one' });
    await first.members[0]?.load();
    await enter('globex');
    await Promise.resolve(first.verify(realmOf('acme').mint())).catch(() => {});
    await enter('initech', { tenant: 'one' });
  });

  test('so is one that begins to say so later', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { pool, realmOf, enter } = start(t);
    await enter('hostile');
    realmOf('hostile').discovery = { issuer: realmOf('acme').issuer };
    realmOf('first').advance(61);
    pool.of({ realm: 'hostile' });
    t.mock.timers.tick(16_000);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    await assertRefused(async () => pool.of({ realm: 'hostile' }).verify('x'), 'provider_misconfigured');
  });

  test('of several servers, each says its own address, or its issuer is in the settings', async (t) => {
    const { enter, pool, realmOf } = start(t);
    const inside = 'http://keycloak:8080';
    const pinned = { serverUrl: inside, issuer: `${SERVER}/realms/inside` };
    realmOf('inside', inside).discovery = { issuer: pinned.issuer };
    const token = realmOf('inside', inside).mint({ iss: pinned.issuer });
    await enter('acme');
    await assertRefused(
      async () => pool.of({ realm: 'inside', serverUrl: inside }).verify(token),
      'provider_misconfigured',
    );
    await pool.of({ realm: 'inside', ...pinned, tenant: 'inside' }).verify(token);
  });

  for (const [what, serverUrl] of [
    ['beside that of the options', SERVER],
    ['where each tenant names its own', undefined],
  ] as const) {
    test(`a server ${what} is believed about its own address alone, also before others are asked`, async (t) => {
      const { pool, realmOf } = start(t, { more: { serverUrl } });
      const partner = 'https://partner.example.com';
      const { issuer } = realmOf('acme');
      realmOf('acme', partner).discovery = { issuer };
      const token = realmOf('acme', partner).mint({ iss: issuer });
      const settings = { realm: 'acme', serverUrl: partner, tenant: 'partner' };
      await assertRefused(async () => pool.of(settings).verify(token), 'provider_misconfigured');
    });
  }

  test('the one server of the options may have another name inside, as long as there is no other', async (t) => {
    const inside = 'http://keycloak:8080';
    const { pool, realmOf } = start(t, { more: { serverUrl: inside } });
    const { issuer } = realmOf('acme');
    realmOf('acme', inside).discovery = { issuer };
    const token = realmOf('acme', inside).mint({ iss: issuer });
    await pool.of({ realm: 'acme' }).verify(token);
    // From now on, the issuer that a realm of the first names might be one of the second.
    const partner = 'https://partner.example.com';
    const theirs = realmOf('globex', partner).mint({ iss: `${partner}/realms/globex` });
    await pool.of({ realm: 'globex', serverUrl: partner }).verify(theirs);
    await assertRefused(async () => pool.of({ realm: 'acme' }).verify(token), 'provider_misconfigured');
  });
});

describe('a Keycloak that is down', () => {
  test('is told once for all its tenants, and slows no other', async (t) => {
    const { enter, realmOf, notices } = start(t);
    await enter('acme');
    const down = 'https://down.example.com';
    for (let i = 0; i < 5; i++) {
      realmOf(`t${i}`, down).setAll('down');
      await assertRefused(() => enter(`t${i}`, { serverUrl: down }), 'provider_unavailable');
    }
    assert.equal(notices.filter(({ level }) => level === 'error').length, 1);
    await enter('acme');
  });

  test('that hangs holds up no newcomer of another server', async (t) => {
    const { enter, realmOf } = start(t, { more: { timeoutMs: 60_000 } });
    const hung = 'https://hung.example.com';
    const waiting = Array.from({ length: 50 }, (_, at) => {
      realmOf(`t${at}`, hung).setAll('slow');
      return enter(`t${at}`, { serverUrl: hung }).catch(() => {});
    });
    await enter('acme');
    for (let at = 0; at < 50; at++) realmOf(`t${at}`, hung).setAll('normal');
    for (let at = 0; at < 50; at++) realmOf(`t${at}`, hung).release();
    await Promise.all(waiting);
  });
});
