import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Verifier } from '../../packages/guard/src/core/index.ts';
import { revokeByLogoutToken } from '../../packages/guard/src/core/messages/backchannel-logout.ts';
import { assertAtOnce, assertRefused, settle } from '../support/refusal.ts';
import { startLoaded, type TestRealm } from '../support/test-realm.ts';
import { mintLogoutToken } from './signed-messages.ts';

/** As Keycloak makes it of an offline session: under the id of the session in which it was asked for. */
const mintOffline = (realm: TestRealm, changes: Record<string, unknown> = {}) =>
  realm.mint({ sid: 's1', scope: 'openid offline_access', iat: Math.floor(realm.now), ...changes });

async function logOut(realm: TestRealm, verifier: Verifier): Promise<void> {
  await revokeByLogoutToken(verifier, mintLogoutToken(realm, { sid: 's1' }));
}

describe('a token that was issued after its session had ended', () => {
  it('is good when Keycloak says so, which is asked before anything else', async () => {
    const { realm, verifier } = await startLoaded();
    const before = mintOffline(realm);
    await verifier.verify(before);
    await logOut(realm, verifier);
    await assertRefused(() => verifier.verify(before), 'token_revoked');
    await assertRefused(() => verifier.verify(mintOffline(realm)), 'token_revoked');
    realm.advance(1);
    const after = mintOffline(realm);
    const calls = realm.calls.introspection;
    assert.ok(await verifier.verify(after));
    assert.equal(realm.calls.introspection, calls + 1);
    assertAtOnce(verifier.verify(after));
    assert.equal(realm.calls.introspection, calls + 1, 'once is enough');
    await assertRefused(() => verifier.verify(before), 'token_revoked');
  });

  it('is bad when Keycloak says so', async () => {
    const { realm, verifier } = await startLoaded();
    await logOut(realm, verifier);
    realm.advance(1);
    realm.introspect = () => ({ active: false });
    const token = mintOffline(realm);
    await assertRefused(() => verifier.verify(token), 'token_revoked');
  });

  it('is asked about when it was known already, and one that is not of the session is not', async () => {
    const { realm, verifier } = await startLoaded();
    const logoutToken = mintLogoutToken(realm, { sid: 's1' });
    realm.advance(1);
    const [after, other] = [mintOffline(realm), mintOffline(realm, { sid: 's2' })];
    for (const token of [after, other]) await verifier.verify(token);
    const calls = realm.calls.introspection;
    await revokeByLogoutToken(verifier, logoutToken);
    assert.equal(realm.calls.introspection, calls);
    const waiting = verifier.verify(after);
    assert.ok(waiting instanceof Promise);
    assert.ok(await waiting);
    assertAtOnce(verifier.verify(other));
    assertAtOnce(verifier.verify(after));
    assert.equal(realm.calls.introspection, calls + 1);
    await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 'another' });
    assertAtOnce(verifier.verify(after));
    assert.equal(realm.calls.introspection, calls + 1, 'what was said stays said');
  });

  it('is good where nobody is asked', async () => {
    const { realm, verifier } = await startLoaded({ tokenCheck: 'local' });
    const before = mintOffline(realm);
    await logOut(realm, verifier);
    realm.advance(1);
    const after = mintOffline(realm);
    assert.ok(await verifier.verify(after));
    assertAtOnce(verifier.verify(after));
    await assertRefused(() => verifier.verify(before), 'token_revoked');
  });

  it('is good where Keycloak cannot be asked about it, or does not answer, as any other is', async () => {
    const { realm, verifier } = await startLoaded();
    await logOut(realm, verifier);
    realm.advance(1);
    const mute = mintOffline(realm, { aud: 'account', azp: realm.clientId, scope: 'offline_access' });
    assert.ok(await verifier.verify(mute));
    assertAtOnce(verifier.verify(mute));
    realm.setAll('down');
    assert.ok(await verifier.verify(mintOffline(realm)));
  });

  it('is 503 while Keycloak does not answer, where its answer is needed', async () => {
    const { realm, verifier } = await startLoaded({ whenUnavailable: 'refuse' });
    await logOut(realm, verifier);
    realm.advance(1);
    realm.setAll('down');
    await assertRefused(() => verifier.verify(mintOffline(realm)), 'provider_unavailable');
  });
});

describe('the end of a session that this process was told by its own application', () => {
  it('counts from now, and as long after it as clocks may differ', async () => {
    const { realm, verifier } = await startLoaded({ clockToleranceSeconds: 5 });
    const end = realm.now;
    await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
    realm.advance(10);
    for (const iat of [end - 60, end, end + 5]) {
      await assertRefused(() => verifier.verify(mintOffline(realm, { iat })), 'token_revoked');
    }
    assert.ok(await verifier.verify(mintOffline(realm, { iat: end + 6 })));
  });
});

describe('a token that Keycloak has to confirm', () => {
  const recheck = (realm: TestRealm) =>
    ({ type: 'recheck', issuer: realm.issuer, issuedUntil: realm.now }) as const;

  it('is refused where Keycloak cannot be asked about it', async () => {
    const { realm, verifier } = await startLoaded();
    const mute = realm.mint({ aud: 'account', azp: realm.clientId, scope: 'profile' });
    await verifier.verify(mute);
    await verifier.revoke(recheck(realm));
    await assertRefused(() => verifier.verify(mute), 'token_revoked');
    assert.equal(verifier.isKnown(mute), false);
    await assertRefused(() => verifier.verify(mute), 'token_revoked');
    assert.equal(verifier.stats.remoteUnavailable, 0, 'Keycloak is there');
  });

  it('is 503 while Keycloak does not answer, whatever else is accepted then', async () => {
    const { realm, verifier } = await startLoaded();
    const [token, after] = [realm.mint(), realm.mint({ iat: realm.now + 1 })];
    for (const one of [token, after]) await verifier.verify(one);
    await verifier.revoke(recheck(realm));
    realm.setAll('down');
    for (let i = 0; i < 3; i++) {
      await assertRefused(() => verifier.verify(token), 'provider_unavailable');
      await settle();
    }
    assertAtOnce(verifier.verify(after));
    realm.setAll('normal');
    realm.advance(3);
    await assertRefused(() => verifier.verify(token), 'provider_unavailable');
    await settle();
    assert.ok(await verifier.verify(token));
  });

  it('is not good by an answer to what was asked before', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint();
    await verifier.verify(token);
    realm.advance(16);
    realm.answers.introspection = 'slow';
    assertAtOnce(verifier.verify(token));
    await settle();
    await verifier.revoke({ type: 'recheck', issuer: realm.issuer, issuedUntil: realm.now });
    const waiting = verifier.verify(token);
    await settle();
    realm.introspect = () => ({ active: false });
    const calls = realm.calls.introspection;
    realm.answers.introspection = 'normal';
    realm.release();
    await assertRefused(() => waiting, 'token_revoked');
    assert.equal(calls, 2);
  });

  it('still has to be confirmed where the answer to what was asked before comes first', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint();
    await verifier.verify(token);
    realm.advance(16);
    realm.answers.introspection = 'slow';
    assertAtOnce(verifier.verify(token));
    await settle();
    await verifier.revoke({ type: 'recheck', issuer: realm.issuer, issuedUntil: realm.now });
    assert.ok(verifier.verify(token) instanceof Promise);
    realm.release();
    realm.answers.introspection = 'normal';
    await settle();
    realm.introspect = () => ({ active: false });
    await verifier.revoke({ ...recheck(realm), setAt: realm.now + 1 });
    await assertRefused(() => verifier.verify(token), 'token_revoked');
  });

  it('is refused where each answer comes too late for what came in meanwhile', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint();
    await verifier.verify(token);
    let setAt = realm.now;
    realm.introspect = () => {
      setAt += 1;
      void verifier.revoke({ ...recheck(realm), setAt });
      return { active: true };
    };
    await verifier.revoke(recheck(realm));
    await assertRefused(() => verifier.verify(token), 'token_revoked');
    await assertRefused(() => verifier.verify(realm.mint()), 'token_revoked');
    realm.introspect = () => ({ active: true });
    assert.ok(await verifier.verify(token));
  });

  it('is good, or 503, as the second question is answered where something came in during the first', async () => {
    for (const second of ['normal', 'down'] as const) {
      const { realm, verifier } = await startLoaded();
      const token = realm.mint();
      await verifier.verify(token);
      realm.introspect = () => {
        if (realm.calls.introspection > 1) return { active: true };
        void verifier.revoke({ ...recheck(realm), setAt: realm.now + 1 });
        realm.answers.introspection = second;
        return { active: true };
      };
      await verifier.revoke(recheck(realm));
      if (second === 'normal') assert.ok(await verifier.verify(token));
      else await assertRefused(() => verifier.verify(token), 'provider_unavailable');
      assert.equal(verifier.stats.remoteChecks, 2);
    }
  });
});
