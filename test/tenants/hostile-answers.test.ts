import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createMemoryRevocationStore, type Verifier } from '../../packages/guard/src/core/index.ts';
import { partsOf } from '../../packages/guard/src/core/internal.ts';
import { startTenants } from './many-realms.ts';

/** The server of a customer, who can make it say anything. */
const HOSTILE = 'https://sso.hostile.example';

function start(t: TestContext, more: Record<string, unknown>) {
  const rows: Record<string, object> = {
    acme: { realm: 'acme' },
    hostile: { realm: 'acme', serverUrl: HOSTILE, clientSecret: 'of-hostile' },
  };
  const app = startTenants(t, (name) => rows[name], { more });
  const verifierOf = async (name: string) =>
    (await app.door.verifierOf(app.requestOf(name))) as unknown as Verifier<object>;
  const statusOf = async (name: string, token: string) => (await app.enter(name, token)).status;
  return { ...app, acme: app.realmOf('acme'), evil: app.realmOf('acme', HOSTILE), verifierOf, statusOf };
}

describe('what a tenant with a Keycloak of its own says takes no more memory of all than others do', () => {
  for (const [when, first] of [
    ['at first', 'x'.repeat(9_000)],
    ['later', ''],
  ] as const) {
    test(`to introspection: what it says ${when}`, async (t) => {
      const { statusOf, evil, verifierOf, advance } = start(t, {
        ...{ maxCachedTokens: 10, tokenCheck: 'recheck' },
      });
      let padding = first;
      evil.introspect = () => ({ active: true, padding });
      const tokens = Array.from({ length: 10 }, (_, at) =>
        evil.mint({ at, aud: 'my-api', iat: 0, exp: evil.now + 600 }),
      );
      const countKept = async () => {
        for (const token of tokens) assert.equal(await statusOf('hostile', token), 200);
        return (await verifierOf('hostile')).status().cachedTokens;
      };
      assert.equal(await countKept(), first === '' ? 10 : 4);
      padding = 'x'.repeat(9_000);
      advance(31);
      assert.equal(await countKept(), 4);
    });
  }

  test('by logouts: a store that all share gets so many, the rest counts in this process', async (t) => {
    const revocationStore = createMemoryRevocationStore(undefined, 60);
    let shared = 0;
    revocationStore.subscribe(() => void shared++);
    const { verifierOf, acme, evil, statusOf, advance } = start(t, { revocationStore });
    const [ours, theirs] = [await verifierOf('acme'), await verifierOf('hostile')];
    const end = (one: Verifier<object>, sessionId: string) =>
      one.revoke({ type: 'session', issuer: one === ours ? acme.issuer : evil.issuer, sessionId });
    // At the beginning of a window.
    advance(60 - (evil.now % 60));
    // Most of them as the verifier does it, without what it keeps itself.
    const { store } = partsOf(theirs) ?? {};
    for (let at = 0; at < 99_990; at++)
      await store?.add({ type: 'session', issuer: evil.issuer, sessionId: `s${at}` });
    for (let at = 99_990; at < 100_000; at++) await end(theirs, `s${at}`);
    await assert.rejects(end(theirs, 'last'), { code: 'revocation_not_shared', statusCode: 503 });
    assert.equal(shared, 100_000);
    assert.equal(await statusOf('hostile', evil.mint({ sid: 'last' })), 401);
    await end(ours, 'ours');
    assert.equal(shared, 100_001);
    advance(60);
    await end(theirs, 'later');
    assert.equal(shared, 100_002);
  });
});
