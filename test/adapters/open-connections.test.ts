import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { keycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import type { AuthError } from '../../packages/guard/src/core/index.ts';
import { passTime, stopTime } from '../support/passing-time.ts';
import { createTestRealm } from '../support/test-realm.ts';

/** Connections of an application whose timers stand still. Timers and the realm's clock are moved apart. */
function setUp(t: TestContext, more: object = {}) {
  stopTime(t);
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, clientSecret, fetch, clock } = realm;
  const kc = keycloak({
    serverUrl,
    realm: name,
    clientId,
    clientSecret,
    fetch,
    clock,
    onNotice: false,
    logRefusals: false,
    ...more,
  });
  t.after(() => kc.close());
  const open = (token: string) =>
    kc.connect(new Request('https://app.test/events', { headers: { authorization: `Bearer ${token}` } }));
  const revoke = (sessionId: string) =>
    kc.verifier.members[0]?.revoke({ type: 'session', issuer: realm.issuer, sessionId });
  return { realm, kc, open, revoke };
}
const codeOf = ({ reason }: AbortSignal) => (reason as AuthError | undefined)?.code;

describe('a connection that stays open', () => {
  test('ends with its token, and not before', async (t) => {
    const { realm, open } = setUp(t);
    const { signal } = await open(realm.mint({ exp: realm.now + 2 }));
    await passTime(1_950);
    assert.equal(signal.aborted, false);
    await passTime(50);
    assert.equal(codeOf(signal), 'token_expired');
  });

  test('has no timer longer than a timer can be, which would fire at once', async (t) => {
    const { realm, open } = setUp(t);
    const { mock } = t.mock.method(globalThis, 'setTimeout');
    const days = (count: number) => realm.now + count * 24 * 3600;
    const delays = () => mock.calls.map(({ arguments: [, ms] }) => Number(ms)).filter((ms) => ms > 3_600_000);
    const far = await open(realm.mint({ exp: days(30) }));
    assert.deepEqual(delays(), []);
    await open(realm.mint({ exp: days(24) }));
    assert.deepEqual(delays(), [24 * 24 * 3_600_000]);
    assert.equal(far.signal.aborted, false);
  });

  test('with a new token outlives the old one', async (t) => {
    const { realm, open } = setUp(t);
    const connection = await open(realm.mint({ exp: realm.now + 2 }));
    const renewed = await connection.renew(realm.mint({ exp: realm.now + 4, email: 'new@example.com' }));
    assert.equal(connection.principal, renewed);
    assert.equal((await connection.verify()).email, 'new@example.com');
    await passTime(3_950);
    assert.equal(connection.signal.aborted, false);
    await passTime(50);
    assert.equal(codeOf(connection.signal), 'token_expired');
  });

  test('goes on with its token where the new one is another person’s, and takes none after its end', async (t) => {
    const { realm, open } = setUp(t);
    const connection = await open(realm.mint({ exp: realm.now + 2 }));
    const { principal } = connection;
    const reason = 'The new token of the connection belongs to another person';
    await assert.rejects(connection.renew(realm.mint({ sub: 'somebody-else' })), {
      code: 'token_claims',
      reason,
    });
    assert.equal(connection.principal, principal);
    assert.equal(connection.signal.aborted, false);
    connection.end();
    await assert.rejects(connection.renew(realm.mint()), { code: 'token_expired' });
    await passTime(2_000);
    assert.equal(connection.signal.aborted, false, 'nobody waits for it');
    assert.equal(connection.principal, principal);
  });

  test('is looked at within a quarter of a second after a revocation, and every five seconds', async (t) => {
    const { realm, open, revoke } = setUp(t);
    const [one, other] = [await open(realm.mint({ sid: 's1' })), await open(realm.mint({ sid: 's2' }))];
    await revoke('s1');
    await passTime(200);
    assert.equal(one.signal.aborted, false);
    await passTime(50);
    assert.equal(codeOf(one.signal), 'token_revoked');
    assert.equal(other.signal.aborted, false);
    // Only the clock of the tokens goes on: no timer of a token is due.
    realm.advance(400);
    await passTime(4_950);
    assert.equal(other.signal.aborted, false);
    await passTime(100);
    assert.equal(codeOf(other.signal), 'token_expired');
  });

  test('costs no timer where none is open, nor after the adapter was closed', async (t) => {
    const { realm, kc, open, revoke } = setUp(t);
    const started = t.mock.method(globalThis, 'setInterval');
    const ended = t.mock.method(globalThis, 'clearInterval');
    const count = () => {
      const timers = new Set(
        started.mock.calls.filter(({ arguments: [, ms] }) => ms === 250).map(({ result }) => result),
      );
      for (const {
        arguments: [timer],
      } of ended.mock.calls)
        timers.delete(timer as never);
      return timers.size;
    };
    const [one, other] = [await open(realm.mint({ sid: 's1' })), await open(realm.mint({ sid: 's1' }))];
    assert.equal(count(), 1);
    one.end();
    assert.equal(count(), 1);
    other.end();
    assert.equal(count(), 0);
    const last = await open(realm.mint({ sid: 's1' }));
    assert.equal(count(), 1);
    await kc.close();
    assert.equal(count(), 0);
    await revoke('s1');
    await passTime(6_000);
    assert.equal(last.signal.aborted, false);
  });

  test('goes on while Keycloak does not answer', async (t) => {
    const { realm, open } = setUp(t, { tokenCheck: 'remote', recheckSeconds: 5 });
    const { signal } = await open(realm.mint({ exp: realm.now + 3600 }));
    realm.setAll('down');
    realm.advance(60);
    await passTime(10_000);
    assert.equal(signal.aborted, false);
    realm.setAll('normal');
    realm.introspect = () => ({ active: false });
    realm.advance(60);
    await passTime(10_000);
    assert.equal(codeOf(signal), 'token_revoked');
  });
});
