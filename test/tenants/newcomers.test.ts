import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { authenticate, type VerifierOptions } from '../../packages/guard/src/core/index.ts';
import type { Observer } from '../../packages/guard/src/core/internal.ts';
import { createTenantPool } from '../../packages/guard/src/tenants/internal.ts';
import { createDpopClient } from '../support/dpop.ts';
import { assertRefused } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

/** A pool for one realm that exists. What else is asked for does not, or its server is down. */
function start(t: TestContext, more: Partial<VerifierOptions<object>> = {}) {
  const acme = createTestRealm({ realm: 'acme' });
  const calls: string[] = [];
  const answers = { others: 'missing' as 'missing' | 'down' };
  const fetch = (async (input: string, init?: RequestInit) => {
    calls.push(input);
    if (input.includes('/realms/acme/')) return acme.fetch(input, init);
    if (answers.others === 'down') throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
    return Response.json({ error: 'Realm does not exist' }, { status: 404 });
  }) as typeof globalThis.fetch;
  const { serverUrl, clientId, clock } = acme;
  const common = { serverUrl, clientId, clock, fetch, tokenCheck: 'local', onNotice: false } as const;
  const pool = createTenantPool({ ...common, ...more }, { maxTenants: 10, tenantIdleSeconds: 60 });
  t.after(() => pool.close());
  return { pool, acme, calls, answers };
}

describe('a name that may be no realm', () => {
  test('is not asked for by what is no token', async (t) => {
    const { pool, calls } = start(t);
    for (const token of ['garbage', 'a.b.c', '..', '']) {
      await assertRefused(async () => pool.of({ realm: 'acme' }).verify(token), 'token_malformed');
    }
    const request = { headers: { authorization: 'Bearer garbage' } };
    await assertRefused(async () => authenticate(pool.of({ realm: 'acme' }), request), 'token_malformed');
    assert.deepEqual(calls, []);
  });

  test('is asked for a bounded number of times, too, while its server is down', async (t) => {
    const { pool, calls, answers, acme } = start(t);
    answers.others = 'down';
    const token = acme.mint();
    for (let at = 0; at < 300; at++) {
      await assertRefused(async () => pool.of({ realm: `t${at}` }).verify(token), 'provider_unavailable');
    }
    // Each that may be asked for is asked for twice: whether it exists, and when a token needs its keys.
    assert.ok(calls.length < 260, String(calls.length));
  });

  test('is told of once in a while', async (t) => {
    const told: string[] = [];
    const { pool, acme } = start(t, {
      onNotice: ({ code, message }) => void told.push(`${code} ${message}`),
    });
    for (let at = 0; at < 20; at++) {
      await assertRefused(async () => pool.of({ realm: `t${at}` }).verify(acme.mint()), 'tenant_unknown');
    }
    assert.deepEqual(told, [
      `keys_unavailable ${acme.serverUrl}/realms/t0/.well-known/openid-configuration answered 404`,
    ]);
  });

  test('makes no verifier', async (t) => {
    const watched: unknown[] = [];
    const observer: Observer = {
      watch(one) {
        watched.push(one);
        return () => {};
      },
    };
    const { pool, acme } = start(t, { observers: [observer] });
    await assertRefused(async () => pool.of({ realm: 'made-up' }).verify(acme.mint()), 'tenant_unknown');
    assert.equal(watched.length, 0);
    await pool.of({ realm: 'acme' }).verify(acme.mint());
    assert.equal(watched.length, 1);
  });
});

describe('the first request of a realm', () => {
  test('asks once what it is, and observers hear of each question once', async (t) => {
    const heard: string[] = [];
    const observer: Observer = {
      call: ({ kind }) => ({ end: ({ status }) => void heard.push(`${kind} ${status}`) }),
    };
    const { pool, acme, calls } = start(t, { observers: [observer] });
    const tenant = pool.of({ realm: 'acme' });
    await Promise.all(Array.from({ length: 10 }, () => tenant.verify(acme.mint())));
    assert.equal(calls.length, 2);
    await assertRefused(async () => pool.of({ realm: 'made-up' }).verify(acme.mint()), 'tenant_unknown');
    assert.deepEqual(heard, ['discovery 200', 'jwks 200', 'discovery 404']);
  });

  test('may carry a token that is bound to a key, whose proof counts once', async (t) => {
    const { pool, acme } = start(t, { dpop: 'accepted' });
    const client = createDpopClient();
    const token = acme.mint({ typ: 'DPoP', cnf: { jkt: client.jkt } });
    const uri = 'https://api.example.com/orders';
    const request = () => ({
      ...{ method: 'GET', url: '/orders' },
      headers: {
        ...{ host: 'api.example.com', authorization: `DPoP ${token}` },
        dpop: client.proof({ token, uri, now: acme.now }, { claims: { jti: 'once' } }),
      },
    });
    const [first, second] = [request(), request()];
    const at = () => pool.of({ realm: 'acme', publicUrl: 'https://api.example.com' });
    const { issuer } = (await authenticate(at(), first)) as { issuer: string };
    assert.equal(issuer, acme.issuer);
    await assertRefused(async () => authenticate(at(), second), 'dpop_proof_replayed');
  });

  test('is refused as the realm refuses: without the key of its token', async (t) => {
    const { pool, acme } = start(t, { dpop: 'required' });
    const request = { headers: { authorization: `Bearer ${acme.mint()}` } };
    await assertRefused(async () => authenticate(pool.of({ realm: 'acme' }), request), 'dpop_required');
  });
});
