import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Claims } from '../../packages/guard/src/core/index.ts';
import { assertRefused } from '../support/refusal.ts';
import { startLoaded } from '../support/test-realm.ts';

type Open = Record<string, unknown>;

/** As a validator that takes away what it does not know. */
const strip = (claims: Claims): object => {
  for (const name of Object.keys(claims)) if (name !== 'name') delete (claims as Open)[name];
  return claims;
};

describe('what is judged', () => {
  it('is not what parseClaims changes: a revoked session, user and token are refused', async () => {
    for (const revocation of [
      { type: 'session', sessionId: 's1' },
      { type: 'user', subject: 'u1', issuedUntil: Number.MAX_SAFE_INTEGER },
      { type: 'token', tokenId: 't1' },
    ] as const) {
      const { realm, verifier } = await startLoaded({ parseClaims: strip as never });
      const token = realm.mint({ sid: 's1', sub: 'u1', jti: 't1' });
      assert.deepEqual((await verifier.verify(token)).claims, { name: 'Abdullah Alqahtani' });
      await verifier.revoke({ ...revocation, issuer: realm.issuer });
      await assertRefused(() => verifier.verify(token), 'token_revoked');
    }
  });

  it('is not what parseClaims changes: Keycloak is asked about the token as before, and what it refuses stays refused', async () => {
    const { realm, verifier } = await startLoaded({ parseClaims: strip as never });
    const token = realm.mint();
    await verifier.verify(token);
    realm.introspect = () => ({ active: false });
    realm.advance(30);
    await assertRefused(() => verifier.verify(token), 'token_revoked');
    assert.deepEqual([realm.calls.introspection, realm.calls.userinfo], [1, 0]);
    await assertRefused(() => verifier.verify(token), 'token_revoked');
  });

  it('is not what parseClaims changes: roles and scopes are those of the token', async () => {
    const { realm, verifier } = await startLoaded({
      parseClaims: (claims) => {
        (claims.realm_access as { roles: string[] }).roles.push('admin');
        (claims as Open).scope = 'everything';
        (claims as Open).iss = 'https://attacker.example.com';
        return claims;
      },
    });
    const { realmRoles, scopes, issuer } = await verifier.verify(realm.mint());
    assert.deepEqual(realmRoles, ['user', 'offline_access']);
    assert.deepEqual(scopes, ['openid', 'profile', 'email']);
    assert.equal(issuer, realm.issuer);
  });

  it('is not what the application keeps of the claims and changes later', async () => {
    let kept: Open = {};
    const { realm, verifier } = await startLoaded({
      parseClaims: (claims) => {
        kept = claims as Open;
        return { tenant: 'a' };
      },
    });
    const token = realm.mint({ sid: 's1' });
    await verifier.verify(token);
    strip(kept);
    kept.aud = 'account';
    await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
    await assertRefused(() => verifier.verify(token), 'token_revoked');
  });
});

describe('the claims that the application gets', () => {
  for (const [name, parseClaims] of [
    ['without parseClaims', undefined],
    ['with one that gives them back', (claims: Claims) => claims],
    ['with one that makes others', (claims: Claims) => JSON.parse(JSON.stringify(claims))],
  ] as const) {
    it(`are frozen to the last list, ${name}: no request can change what the next one sees`, async () => {
      const { realm, verifier } = await startLoaded({ parseClaims });
      const token = realm.mint({ address: { lines: [{ street: 'x' }] } });
      // biome-ignore lint/suspicious/noExplicitAny: tries what types forbid
      const claims = (await verifier.verify(token)).claims as any;
      for (const change of [
        () => claims.realm_access.roles.push('admin'),
        () => claims.aud.push('other'),
        () => Object.assign(claims.address.lines[0], { street: 'y' }),
        () => Object.assign(claims.resource_access, { other: {} }),
        () => Object.assign(claims, { sub: 'somebody else' }),
      ]) {
        assert.throws(change, TypeError);
      }
      const next = (await verifier.verify(token)).claims as typeof claims;
      assert.equal(next, claims, 'a copy for each token, not for each request');
      assert.deepEqual(next.realm_access.roles, ['user', 'offline_access']);
    });
  }

  it('may hold what has a class of its own, or itself', async () => {
    const until = new Date(0);
    const loop: Open = { until, tags: new Map([['a', 1]]) };
    loop.self = [loop];
    const { realm, verifier } = await startLoaded({ parseClaims: () => loop as never });
    const claims = (await verifier.verify(realm.mint())).claims as Open;
    assert.equal(claims, loop);
    assert.ok(Object.isFrozen(claims) && Object.isFrozen(claims.self));
    assert.ok(!Object.isFrozen(until) && !Object.isFrozen(claims.tags));
  });

  it('may be as deep as JSON can be: the token is good or refused, and nothing breaks', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    for (const [options, isGood] of [
      [{}, true],
      [{ parseClaims: (claims: Claims) => claims }, undefined],
    ] as const) {
      const { realm, verifier } = await startLoaded(options);
      const payload = JSON.stringify(realm.claims({ deep: 0 })).replace('"deep":0', `"deep":${deep}`);
      const token = realm.mint({}, { payload });
      const verified = await Promise.resolve(verifier.verify(token)).then(
        ({ username }) => username,
        ({ code }) => code,
      );
      if (isGood) assert.equal(verified, 'abdullah');
      else assert.match(verified, /^(abdullah|token_claims)$/);
    }
  });
});
