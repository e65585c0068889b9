import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createTenantPool } from '../../packages/guard/src/tenants/internal.ts';
import { assertRefused } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

/** A pool that holds one realm at a time. */
function start(t: TestContext) {
  const realms = ['acme', 'globex'].map((realm) => createTestRealm({ realm }));
  const [acme, globex] = realms as [(typeof realms)[0], (typeof realms)[0]];
  const fetch = (async (input: string, init?: RequestInit) => {
    const found = realms.find(({ realm }) => input.includes(`/realms/${realm}/`));
    return found?.fetch(input, init) ?? new Response('{}', { status: 404 });
  }) as typeof globalThis.fetch;
  const { serverUrl, clientId, clock } = acme;
  const pool = createTenantPool(
    { ...{ serverUrl, clientId, clock, fetch, tokenCheck: 'local', onNotice: false } },
    { maxTenants: 1, tenantIdleSeconds: 60 },
  );
  t.after(() => pool.close());
  const ready = (realm: string) => pool.ready(pool.of({ realm }).members[0]);
  return { pool, acme, globex, ready };
}

describe('the verifier for a call that no token is verified for', () => {
  test('is the one in memory, and asks who the realm is once', async (t) => {
    const { ready, acme } = start(t);
    const first = await ready('acme');
    assert.equal(await ready('acme'), first);
    assert.deepEqual([acme.calls.discovery, acme.calls.jwks], [1, 1]);
  });

  test('of a tenant that left memory is another one, which hears of revocations', async (t) => {
    const { pool, ready, acme } = start(t);
    const first = await ready('acme');
    const token = acme.mint({ sid: 's1' });
    await first.verify(token);
    await ready('globex');
    const second = await pool.ready(first);
    assert.notEqual(second, first);
    assert.equal(await pool.ready(first), second, 'it is made once');
    await second.verify(token);
    await second.revoke({ type: 'session', issuer: acme.issuer, sessionId: 's1' });
    await assertRefused(async () => (await pool.ready(first)).verify(token), 'token_revoked');
  });

  test('goes by the settings of now, where they have changed', async (t) => {
    const { pool, ready } = start(t);
    const first = await ready('acme');
    const changed = pool.of({ realm: 'acme', clientSecret: 'another' }).members[0];
    assert.equal(await pool.ready(first), changed);
  });

  test('is none for a name that is no realm, nor for a verifier from elsewhere', async (t) => {
    const { pool, ready, acme } = start(t);
    await assertRefused(() => ready('made-up'), 'tenant_unknown');
    await assertRefused(() => ready('made-up'), 'tenant_unknown');
    for (const foreign of [acme.verifier(), {}, undefined]) {
      await assertRefused(() => pool.ready(foreign), 'provider_misconfigured');
    }
  });

  test('is asked for again after its Keycloak was down', async (t) => {
    const { ready, acme } = start(t);
    acme.setAll('down');
    await assertRefused(() => ready('acme'), 'provider_unavailable');
    acme.setAll('normal');
    await ready('acme');
  });

  test('is none for a realm that says it is another one', async (t) => {
    const { ready, acme, globex } = start(t);
    await ready('acme');
    globex.discovery = { issuer: acme.issuer };
    await assertRefused(() => ready('globex'), 'provider_misconfigured');
  });
});
