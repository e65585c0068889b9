import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { authenticate } from '../../packages/guard/src/core/index.ts';
import { createDpopClient } from '../support/dpop.ts';
import { assertAtOnce, assertRefused, settle, settleUntil } from '../support/refusal.ts';
import { startLoaded, type TestRealm } from '../support/test-realm.ts';

const lightweight = {
  ...{ sub: undefined, preferred_username: undefined, email: undefined, name: undefined, aud: undefined },
  ...{ azp: 'my-api', realm_access: undefined, resource_access: undefined, groups: undefined },
};
const answer = (realm: TestRealm, more: Record<string, unknown>) => {
  realm.introspect = () => ({ active: true, sub: 'u1', preferred_username: 'sara', ...more });
};
const admin = { realm_access: { roles: ['admin'] }, groups: ['/staff'] };

describe('what Keycloak adds to a token', () => {
  for (const [name, changes] of [
    ['a lightweight token', lightweight],
    ['a token without roles', { realm_access: undefined, groups: undefined, iat: 0 }],
  ] as const) {
    it(`of ${name} is what it said last: a role that was taken away is gone with the next check`, async () => {
      const { realm, verifier } = await startLoaded();
      answer(realm, admin);
      const token = realm.mint({ ...changes, exp: realm.now + 3600 });
      const first = await verifier.verify(token);
      assert.deepEqual([first.realmRoles, first.groups], [['admin'], ['/staff']]);
      assert.deepEqual(first.claims.realm_access, { roles: ['admin'] });
      answer(realm, { realm_access: { roles: ['user'] } });
      realm.advance(30);
      const second = await verifier.verify(token);
      assert.deepEqual([second.realmRoles, second.groups], [['user'], []]);
      assert.equal(second.claims.groups, undefined);
      answer(realm, {});
      realm.advance(15);
      assertAtOnce(verifier.verify(token));
      await settleUntil(() => verifier.stats.remoteAccepted >= 3);
      assert.deepEqual(assertAtOnce(verifier.verify(token)).realmRoles, []);
      answer(realm, admin);
      realm.advance(30);
      assert.deepEqual((await verifier.verify(token)).realmRoles, ['admin']);
    });

    it(`of ${name} is asked for with every request where every request is checked`, async () => {
      const { realm, verifier } = await startLoaded({ tokenCheck: 'remote' });
      answer(realm, admin);
      const token = realm.mint({ ...changes });
      assert.deepEqual((await verifier.verify(token)).realmRoles, ['admin']);
      answer(realm, {});
      assert.deepEqual((await verifier.verify(token)).realmRoles, []);
    });
  }

  it('leaves a token bound to the key that it was bound to', async () => {
    const { realm, verifier } = await startLoaded({ dpop: 'accepted' });
    answer(realm, { ...admin, cnf: { jkt: 'of-somebody-else' } });
    const client = createDpopClient();
    const token = realm.mint({ ...lightweight, typ: 'DPoP', cnf: { jkt: client.jkt } });
    const request = () => ({
      headers: {
        authorization: `DPoP ${token}`,
        dpop: client.proof({ token, uri: 'https://api.example/a', now: realm.now }),
        host: 'api.example',
      },
      ...{ method: 'GET', url: 'https://api.example/a' },
    });
    assert.deepEqual((await authenticate(verifier, request())).realmRoles, ['admin']);
    realm.advance(30);
    assert.deepEqual((await authenticate(verifier, request())).realmRoles, ['admin']);
  });

  it('by an answer that comes late does not undo what a later question was told', async () => {
    const { realm, verifier } = await startLoaded({ tokenCheck: 'remote' });
    answer(realm, admin);
    const token = realm.mint(lightweight);
    await verifier.verify(token);
    let answerFirst = () => {};
    realm.introspect = () =>
      new Promise((resolve) => {
        answerFirst = () => resolve({ active: true, sub: 'u1', preferred_username: 'sara', ...admin });
      });
    const early = verifier.verify(token);
    await settle();
    answer(realm, {});
    assert.deepEqual((await verifier.verify(token)).realmRoles, []);
    answerFirst();
    assert.deepEqual((await early).realmRoles, []);
  });

  it('changes nothing of a token that has it all: the same principal, whatever stands around the claims', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint();
    const principal = await verifier.verify(token);
    answer(realm, { username: 'x', client_id: 'web-app', token_type: 'Bearer', ...admin });
    realm.advance(30);
    assert.equal(await verifier.verify(token), principal);
    assert.deepEqual(principal.realmRoles, ['user', 'offline_access']);
  });

  it('is the same principal for as long as it is the same, so that nothing is reported twice, and another one when it is not', async () => {
    const { realm, verifier } = await startLoaded();
    answer(realm, admin);
    const token = realm.mint({ ...lightweight, exp: realm.now + 3600 });
    const principal = await verifier.verify(token);
    realm.advance(30);
    assert.equal(await verifier.verify(token), principal);
    assert.equal(verifier.stats.remoteAccepted, 2);
    answer(realm, { groups: ['/others'] });
    realm.advance(30);
    assert.deepEqual((await verifier.verify(token)).groups, ['/others']);
  });

  it('stays where the next answer is signed, and tells nothing', async () => {
    const { realm, verifier } = await startLoaded({ clientSecret: undefined });
    realm.userinfo = () => ({ status: 200, body: { sub: 'u1', preferred_username: 'sara' } });
    const token = realm.mint({ sub: 'u1', preferred_username: undefined });
    assert.equal((await verifier.verify(token)).username, 'sara');
    realm.userinfo = () => ({ status: 200, body: 'eyJ.eyJ.sig' });
    realm.advance(30);
    assert.equal((await verifier.verify(token)).username, 'sara');
  });

  it('is held against parseClaims and revocations each time, and a token that is bound to a key is none for a bearer', async () => {
    const parseClaims = (claims: Readonly<Record<string, unknown>>) => {
      if (claims.tenant === 'closed') throw new Error('closed');
      return claims;
    };
    for (const [more, code] of [
      [{ tenant: 'closed' }, 'token_claims'],
      [{ cnf: { jkt: 'x' } }, 'token_bound'],
      [{ sub: 'revoked' }, 'token_revoked'],
    ] as const) {
      const { realm, verifier } = await startLoaded({ parseClaims });
      const { issuer, now } = realm;
      await verifier.revoke({ type: 'user', issuer, subject: 'revoked', issuedUntil: now + 60 });
      answer(realm, {});
      const [waiting, background] = [realm.mint(lightweight), realm.mint(lightweight)] as const;
      await verifier.verify(waiting);
      await verifier.verify(background);
      answer(realm, more);
      realm.advance(15);
      assertAtOnce(verifier.verify(background));
      await settleUntil(() => verifier.stats.remoteAccepted >= 3);
      await assertRefused(() => verifier.verify(background), code);
      realm.advance(15);
      await assertRefused(() => verifier.verify(waiting), code);
      assert.equal(verifier.status().cachedTokens, 0);
      await assertRefused(() => verifier.verify(realm.mint(lightweight)), code);
    }
  });
});
