import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertAtOnce, assertRefused, settle, settleUntil } from '../support/refusal.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { createTestRealm, startLoaded, type TestRealm } from '../support/test-realm.ts';

const codes = (realm: TestRealm) =>
  realm.notices.map(({ code }) => code).filter((code) => code !== 'keys_loaded');
const asked = ({ calls }: TestRealm) => calls.introspection + calls.userinfo;

describe('a token that is known', () => {
  it('is answered at once, with the same frozen principal, and no call', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint();
    assert.equal(verifier.isKnown(token), false);
    const principal = await verifier.verify(token);
    assert.equal(assertAtOnce(verifier.verify(token)), principal);
    assert.ok(Object.isFrozen(principal));
    assert.ok(verifier.isKnown(token));
    assert.equal(asked(realm), 0);
    assert.deepEqual([verifier.stats.verified, verifier.stats.cacheHits], [1, 1]);
  });

  it('is verified once, however many bring it at the same time', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint();
    const all = await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token)));
    assert.ok(all.every((one) => one === all[0]));
    assert.equal(verifier.stats.verified, 1);
  });

  it('is refused from the second it expires, tolerance included, and the log learns when that was', async () => {
    const { realm, verifier } = await startLoaded({ tokenCheck: 'local' });
    const exp = realm.now + 60;
    const token = realm.mint({ exp });
    await verifier.verify(token);
    realm.advance(64.999);
    assertAtOnce(verifier.verify(token));
    realm.advance(0.001);
    assert.throws(() => verifier.verify(token), { code: 'token_expired', seen: `exp ${exp}` });
    assert.equal(verifier.status().cachedTokens, 0);
    await assertRefused(() => verifier.verify(token), 'token_expired');
    assert.deepEqual([verifier.stats.refused, verifier.stats.refusedKnown], [2, 1]);
  });

  it('makes room when it is over, though nobody brings it again', async () => {
    const { realm, verifier } = await startLoaded({ tokenCheck: 'local' });
    for (let i = 0; i < 10; i++) await verifier.verify(realm.mint({ exp: realm.now + 60 }));
    assert.equal(verifier.status().cachedTokens, 10);
    realm.advance(66);
    for (let i = 0; i < 10; i++) await verifier.verify(realm.mint());
    assert.equal(verifier.status().cachedTokens, 10);
  });

  it('goes with its key, at once', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint();
    await verifier.verify(token);
    const next = createTestKey('ES256', { kid: realm.signer.kid });
    realm.keys = [next];
    realm.advance(5);
    await assertRefused(
      () => verifier.verify(realm.mint({}, { header: { kid: 'other' } })),
      'token_key_unknown',
    );
    assert.throws(() => verifier.verify(token), { code: 'token_key_unknown' });
    await assertRefused(() => verifier.verify(token), 'token_signature');
    assert.ok(await verifier.verify(realm.mint({}, { key: next })));
  });

  it('goes when the issuer moves', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint();
    await verifier.verify(token);
    realm.discovery = { issuer: 'https://elsewhere.example.com/realms/testing' };
    await verifier.load();
    await verifier.close();
    const error = await assertRefused(() => verifier.verify(token), 'token_issuer');
    assert.equal(error.expected, 'iss https://elsewhere.example.com/realms/testing');
    assert.equal(error.seen, `iss ${realm.issuer}`);
  });

  it('is kept within the bound, the least used first to go', async () => {
    const { realm, verifier } = await startLoaded({ maxCachedTokens: 2 });
    const [one, two, three] = [realm.mint(), realm.mint(), realm.mint()] as [string, string, string];
    await verifier.verify(one);
    await verifier.verify(two);
    assertAtOnce(verifier.verify(one));
    await verifier.verify(three);
    assert.deepEqual([one, two, three].map(verifier.isKnown), [true, false, true]);
    assert.equal(verifier.status().cachedTokens, 2);
  });

  it('is not kept at all where the bound is 0', async () => {
    const { realm, verifier } = await startLoaded({ maxCachedTokens: 0 });
    const token = realm.mint();
    await verifier.verify(token);
    assert.ok(verifier.verify(token) instanceof Promise);
    assert.equal(verifier.isKnown(token), false);
    assert.equal(verifier.status().cachedTokens, 0);
  });
});

describe('a token that was revoked while it was known', () => {
  for (const type of ['session', 'token', 'user', 'not-before', 'not-before of a client'] as const) {
    it(`is refused at once: ${type}`, async () => {
      const { realm, verifier } = await startLoaded();
      const token = realm.mint({ sid: 's1', sub: 'u1', jti: 't1', azp: 'web' });
      const other = realm.mint({ sid: 's2', sub: 'u2', jti: 't2', azp: 'app', iat: realm.now + 1 });
      await verifier.verify(token);
      await verifier.verify(other);
      const { issuer } = realm;
      await verifier.revoke(
        type === 'session'
          ? { type, issuer, sessionId: 's1' }
          : type === 'token'
            ? { type, issuer, tokenId: 't1' }
            : type === 'user'
              ? { type, issuer, subject: 'u1', issuedUntil: realm.now }
              : type === 'not-before'
                ? { type, issuer, notBefore: realm.now + 1 }
                : { type: 'not-before', issuer, clientId: 'web', notBefore: realm.now + 1 },
      );
      const error = await assertRefused(() => verifier.verify(token), 'token_revoked');
      assert.match(error.seen ?? '', /^revocation of type /);
      await assertRefused(() => verifier.verify(token), 'token_revoked');
      assertAtOnce(verifier.verify(other));
      assert.equal(verifier.status().revocations, 1);
    });
  }

  it('is checked in its turn where many are due at once: no more than 32 calls at a time, and nobody waits', async () => {
    const { realm, verifier } = await startLoaded();
    const tokens = Array.from({ length: 100 }, (_, i) => realm.mint({ sub: `user-${i}` }));
    for (const token of tokens) await verifier.verify(token);
    realm.advance(16);
    realm.answers.introspection = 'slow';
    const useAll = async () => {
      for (const token of [...tokens, ...tokens]) assertAtOnce(verifier.verify(token));
      for (let i = 0; i < 5; i++) await settle();
    };
    await useAll();
    assert.equal(realm.calls.introspection, 32);
    realm.answers.introspection = 'normal';
    realm.release();
    for (let i = 0; i < 5; i++) await settle();
    for (let round = 0; round < 4; round++) await useAll();
    assert.equal(realm.calls.introspection, 100);
    assert.deepEqual(verifier.stats.remoteChecks, 100);
  });

  it('is refused where the revocation came while Keycloak was being asked', async () => {
    const { realm, verifier } = await startLoaded();
    realm.answers.introspection = 'slow';
    const waiting = verifier.verify(realm.mint({ iat: realm.now - 60, sid: 's1' }));
    await settle();
    await settleUntil(() => realm.calls.introspection !== 0);
    await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
    realm.release();
    await assertRefused(() => waiting, 'token_revoked');
    assert.equal(verifier.status().cachedTokens, 0);
  });

  it('is known to be so here although the store could not share it', async () => {
    const { realm, verifier } = await startLoaded({
      revocationStore: {
        add: () => Promise.reject(new Error('down')),
        subscribe: () => () => {},
        useOnce: async () => true,
      },
    });
    const token = realm.mint({ sid: 's1' });
    await verifier.verify(token);
    await assert.rejects(verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' }), {
      code: 'revocation_not_shared',
      cause: new Error('down'),
    });
    await assertRefused(() => verifier.verify(token), 'token_revoked');
  });
});

describe('recheck', () => {
  it('asks nothing in the first half, in the background in the second, and waits past the end', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint();
    await verifier.verify(token);
    realm.advance(14.999);
    assertAtOnce(verifier.verify(token));
    await settle();
    assert.equal(asked(realm), 0);
    realm.advance(0.001);
    realm.answers.introspection = 'slow';
    assertAtOnce(verifier.verify(token));
    assertAtOnce(verifier.verify(token));
    await settle();
    assert.equal(asked(realm), 1, 'one check for a token at a time');
    realm.advance(15);
    const waiting = verifier.verify(token);
    assert.ok(waiting instanceof Promise, 'past the end a request waits');
    realm.release();
    await waiting;
    await settle();
    assert.equal(asked(realm), 1);
    realm.answers.introspection = 'normal';
    realm.advance(14.999);
    assertAtOnce(verifier.verify(token));
    await settle();
    assert.equal(asked(realm), 2, 'the good answer counts from when it was asked for, 29.999 s ago');
    realm.advance(30);
    assert.ok((await verifier.verify(token)).username);
    assert.equal(asked(realm), 3);
  });

  it('asks about a token that is new here and older than the time', async () => {
    const { realm, verifier } = await startLoaded({ recheckSeconds: 10 });
    await verifier.verify(realm.mint({ iat: realm.now - 9 }));
    assert.equal(asked(realm), 0);
    await verifier.verify(realm.mint({ iat: realm.now - 10 }));
    assert.equal(asked(realm), 1);
    await verifier.verify(realm.mint({ iat: undefined }));
    assert.equal(asked(realm), 2);
    assert.equal(verifier.stats.remoteAccepted, 2);
  });

  it('believes no time of issue in the future: asked at once, but for the tolerance', async () => {
    const { realm, verifier } = await startLoaded();
    await verifier.verify(realm.mint({ iat: realm.now + 5 }));
    assert.equal(asked(realm), 0);
    const token = realm.mint({ iat: realm.now + 5.001 });
    await verifier.verify(token);
    assert.equal(asked(realm), 1);
    realm.advance(14);
    assertAtOnce(verifier.verify(token));
    realm.advance(16);
    await verifier.verify(token);
    assert.equal(asked(realm), 2);
    realm.introspect = () => ({ active: false });
    const revoked = realm.mint({ iat: realm.now + 1000 });
    await assertRefused(() => verifier.verify(revoked), 'token_revoked');
  });

  it('refuses, for good, what Keycloak no longer knows, though it is young', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint();
    await verifier.verify(token);
    realm.introspect = () => ({ active: false });
    realm.advance(15);
    assertAtOnce(verifier.verify(token));
    await settleUntil(() => verifier.stats.remoteRefused !== 0);
    assert.equal(verifier.stats.remoteRefused, 1);
    // Before it is used again: what Keycloak no longer knows takes no room.
    assert.equal(verifier.status().cachedTokens, 0);
    await assertRefused(() => verifier.verify(token), 'token_revoked');
    const old = realm.mint({ iat: realm.now - 60 });
    const error = await assertRefused(() => verifier.verify(old), 'token_revoked');
    assert.equal(error.seen, 'introspection says inactive');
    const withoutId = realm.mint({ iat: realm.now - 60, jti: undefined });
    await assertRefused(() => verifier.verify(withoutId), 'token_revoked');
    assert.equal(verifier.status().revocations, 2);
  });

  it('refuses a request that waited for the answer', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint();
    await verifier.verify(token);
    realm.advance(30);
    realm.introspect = () => ({ active: false });
    await assertRefused(() => verifier.verify(token), 'token_revoked');
    assert.deepEqual([verifier.stats.refused, verifier.stats.refusedKnown], [1, 1]);
  });

  it('asks again when the clock was set back, and local never does', async () => {
    for (const [tokenCheck, calls] of [
      ['recheck', 1],
      ['local', 0],
    ] as const) {
      const { realm, verifier } = await startLoaded({ tokenCheck });
      const token = realm.mint();
      await verifier.verify(token);
      realm.advance(-10);
      await verifier.verify(token);
      assert.equal(asked(realm), calls);
      assertAtOnce(verifier.verify(token));
    }
  });
});

describe('Keycloak down during a recheck', () => {
  it('is no reason to refuse a good signature, is told once, and is probed by one call in two seconds', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint();
    await verifier.verify(token);
    realm.setAll('down');
    realm.advance(30);
    await verifier.verify(token);
    assert.equal(asked(realm), 1);
    assert.equal(verifier.status().isProviderDown, true);
    assert.equal(verifier.stats.acceptedUnchecked, 1);
    assertAtOnce(verifier.verify(token));
    await settle();
    assert.equal(asked(realm), 1);
    realm.advance(1.999);
    assertAtOnce(verifier.verify(token));
    await settle();
    assert.equal(asked(realm), 1);
    realm.advance(0.001);
    realm.setAll('slow');
    assertAtOnce(verifier.verify(token));
    await settle();
    const other = realm.mint({ iat: realm.now - 60 });
    assert.ok(await verifier.verify(other), 'while one call tries, nobody waits');
    assert.equal(asked(realm), 2);
    realm.setAll('normal');
    realm.release();
    await settleUntil(() => !verifier.status().isProviderDown);
    assertAtOnce(verifier.verify(token));
    assert.deepEqual(codes(realm), ['provider_unavailable', 'provider_back']);
    assert.ok(verifier.stats.remoteUnavailable >= 1);
  });

  it('holds no request up for longer than a second, and the next not at all until it is quick again', async (t) => {
    const { realm, verifier } = await startLoaded();
    const [token, other] = [realm.mint(), realm.mint()];
    await verifier.verify(token);
    await verifier.verify(other);
    t.mock.timers.enable({ apis: ['setTimeout'] });
    realm.setAll('slow');
    realm.advance(30);
    const first = verifier.verify(token);
    await settle();
    t.mock.timers.tick(1_000);
    assert.ok(await first);
    assert.equal(verifier.stats.acceptedUnchecked, 1);
    assertAtOnce(verifier.verify(token));
    assertAtOnce(verifier.verify(other));
    assert.equal(verifier.stats.acceptedUnchecked, 3);
    const unseen = verifier.verify(realm.mint({ iat: realm.now - 60 }));
    await settle();
    assert.ok(await unseen);
    assert.equal(verifier.status().isProviderDown, false);
    assert.deepEqual(codes(realm), []);
    // What it says late still counts.
    realm.introspect = () => ({ active: false });
    realm.release();
    await settle();
    for (const late of [token, other]) await assertRefused(() => verifier.verify(late), 'token_revoked');
    t.mock.timers.reset();
    realm.setAll('normal');
    const good = realm.mint({ iat: realm.now - 60 });
    await assertRefused(() => verifier.verify(good), 'token_revoked');
  });

  it('has to be waited for where an answer is required', async (t) => {
    const { realm, verifier } = await startLoaded({ whenUnavailable: 'refuse' });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    realm.setAll('slow');
    const waiting = verifier.verify(realm.mint({ iat: realm.now - 60 }));
    await settleUntil(() => asked(realm) !== 0);
    t.mock.timers.tick(4_000);
    realm.release();
    assert.ok(await waiting);
    assert.equal(verifier.stats.acceptedUnchecked, 0);
  });

  it('is reported until the keys are loaded again, where nobody brings a token to ask about', async () => {
    const { realm, verifier } = await startLoaded();
    realm.setAll('down');
    await verifier.verify(realm.mint({ iat: realm.now - 60 }));
    assert.equal(verifier.status().isProviderDown, true);
    realm.setAll('normal');
    realm.advance(5);
    await verifier.load();
    assert.equal(verifier.status().isProviderDown, false);
    await verifier.close();
  });

  it('is over at once when the clock was set back', async () => {
    const { realm, verifier } = await startLoaded();
    realm.setAll('down');
    await verifier.verify(realm.mint({ iat: realm.now - 60 }));
    realm.setAll('normal');
    realm.advance(-3600);
    await verifier.verify(realm.mint({ iat: realm.now - 60 }));
    await settle();
    assert.equal(verifier.status().isProviderDown, false);
  });

  it('refuses with 503 where that was chosen, and not while there is time left', async () => {
    const { realm, verifier } = await startLoaded({ whenUnavailable: 'refuse' });
    const token = realm.mint();
    await verifier.verify(token);
    realm.setAll('down');
    realm.advance(15);
    assertAtOnce(verifier.verify(token));
    await settleUntil(() => verifier.status().isProviderDown);
    assertAtOnce(verifier.verify(token));
    realm.advance(15);
    await assertRefused(() => verifier.verify(token), 'provider_unavailable');
    await assertRefused(() => verifier.verify(realm.mint({ iat: realm.now - 60 })), 'provider_unavailable');
    assert.equal(verifier.stats.refused, 0, 'that is no fault of the token');
  });

  for (const answer of ['html', 'half', 'empty', 'huge', 'redirect', 'error'] as const) {
    it(`is what it is when it answers: ${answer}`, async () => {
      const { realm, verifier } = await startLoaded();
      realm.setAll(answer);
      await verifier.verify(realm.mint({ iat: realm.now - 60 }));
      const mayBeThisUsers = answer === 'half' || answer === 'huge';
      assert.equal(verifier.status().isProviderDown, !mayBeThisUsers);
      await verifier.verify(realm.mint({ iat: realm.now - 60, sub: 'another' }));
      assert.equal(verifier.status().isProviderDown, true);
    });
  }
});

describe('the question', () => {
  const old = (realm: TestRealm, changes: Record<string, unknown> = {}) =>
    realm.mint({ iat: realm.now - 60, ...changes });

  it('is introspection where the client is in aud, with its secret and never a token in the URL', async () => {
    const { realm, verifier } = await startLoaded({
      clientSecret: undefined,
      credential: { secret: 'a:b c&é', method: 'basic' },
    });
    const token = old(realm, { aud: realm.clientId });
    await verifier.verify(token);
    const request = realm.requests.introspection as Request;
    assert.equal(request.method, 'POST');
    const basic = Buffer.from((request.headers.get('authorization') as string).slice(6), 'base64').toString();
    assert.equal(basic, 'my-api:a%3Ab+c%26%C3%A9');
    assert.equal(request.headers.get('accept'), 'application/json');
    const form = new URLSearchParams(await request.text());
    assert.deepEqual(
      [...form],
      [
        ['token', token],
        ['token_type_hint', 'access_token'],
      ],
    );
    assert.ok(!request.url.includes(token));
  });

  it('is userinfo where the client is not in aud, or there is no secret', async () => {
    for (const [changes, more] of [
      [{ aud: 'account', azp: 'my-api' }, {}],
      [{ aud: ['account'], azp: 'my-api' }, {}],
      [{}, { clientSecret: undefined }],
    ] as const) {
      const { realm, verifier } = await startLoaded(more);
      const token = old(realm, changes);
      await verifier.verify(token);
      assert.deepEqual([realm.calls.introspection, realm.calls.userinfo], [0, 1]);
      const request = realm.requests.userinfo as Request;
      assert.equal(request.headers.get('authorization'), `Bearer ${token}`);
      assert.equal(request.headers.get('accept'), 'application/json, application/jwt');
      // It said yes, and introspection would call it inactive all the same.
      realm.advance(30);
      await verifier.verify(token);
      assert.deepEqual([realm.calls.introspection, realm.calls.userinfo], [0, 2]);
    }
  });

  it('cannot be put where neither is possible: told once, and the token is good until it expires', async () => {
    const { realm, verifier } = await startLoaded();
    const changes = { aud: 'account', azp: 'my-api', scope: 'profile openid2' };
    const token = old(realm, changes);
    await verifier.verify(token);
    await verifier.verify(old(realm, { ...changes, scope: undefined }));
    realm.advance(200);
    assertAtOnce(verifier.verify(token));
    assert.equal(asked(realm), 0);
    assert.deepEqual(codes(realm), ['recheck_impossible']);
    assert.match(
      realm.notices.at(-1)?.message ?? '',
      /tokens: give the client .* an audience mapper for my-api; or/,
    );
  });

  it('cannot be put without a secret: that is what is missing, when the audience is right', async () => {
    for (const [aud, missing] of [
      ['my-api', /tokens: give this API the secret of its client, or another credential; or request/],
      [
        'account',
        /tokens: give this API the secret .* credential, and give the client .* mapper for my-api; or/,
      ],
    ] as const) {
      const { realm, verifier } = await startLoaded({ clientSecret: undefined });
      await verifier.verify(old(realm, { aud, azp: 'my-api', scope: 'profile' }));
      assert.deepEqual(codes(realm), ['recheck_impossible']);
      assert.match(realm.notices.at(-1)?.message ?? '', missing);
    }
  });

  it('is userinfo for a token with openid and no sub, of which only good or bad is used', async () => {
    const { realm, verifier } = await startLoaded({ clientSecret: undefined });
    const answer = { sub: 'u2', preferred_username: 'root', realm_access: { roles: ['admin'] } };
    realm.userinfo = () => ({ status: 200, body: answer });
    const token = realm.mint({ sub: undefined, preferred_username: 'sara', realm_access: undefined });
    const { subject, username, realmRoles } = await verifier.verify(token);
    assert.deepEqual([subject, username, realmRoles], [null, 'sara', []]);
    realm.userinfo = () => ({
      status: 401,
      challenge: 'Bearer realm="testing", error="invalid_token", error_description="user_session_not_found"',
    });
    realm.advance(31);
    await assertRefused(() => verifier.verify(token), 'token_revoked');
  });

  for (const status of [400, 401, 403]) {
    it(`falls back to userinfo when introspection answers ${status}, and tells once that the set-up is wrong`, async () => {
      const { realm, verifier } = await startLoaded();
      realm.introspect = () => ({ status, body: { error: 'invalid_client' } });
      await verifier.verify(old(realm));
      await verifier.verify(old(realm));
      assert.deepEqual([realm.calls.introspection, realm.calls.userinfo], [2, 2]);
      assert.deepEqual(codes(realm), ['recheck_misconfigured']);
      const { level, message } = realm.notices.at(-1) as { level: string; message: string };
      assert.equal(level, 'error');
      assert.equal(
        message,
        `Keycloak refused to introspect for the client my-api (HTTP ${status} {"error":"invalid_client"}): there is no such client, or its credential or type is wrong; npx keycloak-guard doctor finds out`,
      );
    });
  }

  for (const body of [{}, { active: 'true' }, { active: null }, 'x', [], null, 7]) {
    it(`takes an introspection answer ${JSON.stringify(body)} for none`, async () => {
      const { realm, verifier } = await startLoaded();
      realm.introspect = () => ({ status: 200, body });
      await verifier.verify(old(realm));
      assert.equal(verifier.status().isProviderDown, true);
    });
  }

  const challenge = (text: string) =>
    `Bearer realm="testing", error="invalid_token", error_description="${text}"`;
  const userinfo: readonly [string, { status: number; challenge?: string; body?: unknown }, string][] = [
    ['user_session_not_found', { status: 401, challenge: challenge('user_session_not_found') }, 'refused'],
    [
      'JSON',
      { status: 401, body: { error: 'invalid_token', error_description: 'User disabled' } },
      'refused',
    ],
    ['no explanation', { status: 401 }, 'unavailable'],
    ['no token arrived', { status: 401, challenge: 'Bearer realm="testing"' }, 'unavailable'],
    [
      'the page of a proxy',
      { status: 401, challenge: 'Basic realm="proxy"', body: '<h1>401</h1>' },
      'unavailable',
    ],
    [
      'the Basic challenge of a proxy',
      { status: 401, challenge: 'Basic error="invalid_token"' },
      'unavailable',
    ],
    ['a login page', { status: 200, body: '<!doctype html>' }, 'unavailable'],
    ['nothing', { status: 200 }, 'unavailable'],
    ['JSON of somebody else', { status: 200, body: { ok: true } }, 'unavailable'],
    [
      'invalid_token, and an error of its own',
      { status: 500, body: { error: 'invalid_token' } },
      'unavailable',
    ],
    [
      'lightweight',
      { status: 401, challenge: challenge('Lightweight access token not allowed') },
      'impossible',
    ],
    ['no openid', { status: 403, challenge: 'Bearer error="insufficient_scope"' }, 'impossible'],
    ['another 403', { status: 403, body: 'a long page'.repeat(50) }, 'unavailable'],
    ['503', { status: 503 }, 'unavailable'],
    ['a signed answer', { status: 200, body: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2ln' }, 'active'],
    ['an encrypted answer', { status: 200, body: 'eyJhbGciOiJSU0EtT0FFUCJ9.a2V5.aXY.dGV4dA.dGFn' }, 'active'],
    ['the version of a proxy', { status: 200, body: '1.2.3' }, 'unavailable'],
    ['the name of a host', { status: 200, body: 'sso.example.com\n' }, 'unavailable'],
    ['what looks like a JWT', { status: 200, body: 'eyJ.eyJ.sig' }, 'unavailable'],
    ['JSON without an algorithm, in parts', { status: 200, body: 'e30.e30.c2ln' }, 'unavailable'],
    ['somebody else', { status: 200, body: { sub: 'somebody else', preferred_username: 'root' } }, 'active'],
  ];
  for (const [name, answer, outcome] of userinfo) {
    it(`takes a userinfo answer (${name}) for: ${outcome}`, async () => {
      const { realm, verifier } = await startLoaded({ clientSecret: undefined });
      realm.userinfo = () => answer;
      const token = old(realm);
      if (outcome === 'refused') {
        const error = await assertRefused(() => verifier.verify(token), 'token_revoked');
        assert.match(error.seen ?? '', /^HTTP 401 \{"error":"invalid_token"/);
      } else {
        assert.equal((await verifier.verify(token)).username, 'abdullah');
        assert.equal(
          codes(realm)[0] ?? 'none',
          {
            impossible: 'recheck_impossible',
            unavailable: 'provider_unavailable',
            active: 'none',
          }[outcome],
        );
      }
    });
  }
});

describe('a refusal of userinfo', () => {
  const TEXT = 'Token verification failed';
  const NOT_ALLOWED = 'Lightweight access token not allowed for userinfo endpoint';

  for (const [name, status, outcome] of [
    ['lightweight-apps', 401, 'refused'],
    ['insufficient_scope', 403, 'no answer'],
  ] as const) {
    it(`${status} of the realm ${name} is about the token, not about the name: ${outcome}`, async () => {
      const { realm, verifier } = await startLoaded({ clientSecret: undefined }, { realm: name });
      const challenge = `Bearer realm="${name}", error="invalid_token", error_description="${TEXT}"`;
      realm.userinfo = () => ({ status, challenge });
      const token = realm.mint({ iat: realm.now - 60 });
      if (outcome === 'refused') await assertRefused(() => verifier.verify(token), 'token_revoked');
      else await verifier.verify(token);
      assert.deepEqual(codes(realm), outcome === 'refused' ? [] : ['provider_unavailable']);
    });
  }

  for (const [challenge, outcome] of [
    [`Bearer realm="x, error_description=lightweight", error="invalid_token"`, 'refused'],
    [`Bearer realm="a \\", error_description=\\"lightweight", error="invalid_token"`, 'refused'],
    [`Basic realm="proxy", Bearer realm="x", error="invalid_token"`, 'refused'],
    [`Negotiate YII=, Bearer error=invalid_token`, 'refused'],
    [`Bearer not_error_description="lightweight"`, 'no answer'],
    [`Bearer realm="lightweight`, 'no answer'],
    ['Negotiate lightweight=', 'no answer'],
    ['Basic realm="error=invalid_token"', 'no answer'],
    ['Basic realm="Bearer error=invalid_token", error="invalid_token"', 'no answer'],
    ['Bearer realm="x", error="temporarily_unavailable"', 'no answer'],
    ['BearerX error="invalid_token"', 'no answer'],
    ['error="invalid_token"', 'no answer'],
    [
      `DPoP algs="RS256 ES256", realm="x", error="invalid_token", error_description="${NOT_ALLOWED}"`,
      'asked no more',
    ],
    [`Bearer realm=x,ERROR = invalid_token ,Error_Description\t=\t"${NOT_ALLOWED}"`, 'asked no more'],
    [`Basic realm="x", Bearer error_description="\\Light\\weight"`, 'asked no more'],
    ['Bearer error_description=lightweight', 'asked no more'],
  ] as const) {
    it(`${challenge}: ${outcome}`, async () => {
      const { realm, verifier } = await startLoaded({ clientSecret: undefined });
      realm.userinfo = () => ({ status: 401, challenge });
      const token = realm.mint({ iat: realm.now - 60 });
      if (outcome === 'refused') await assertRefused(() => verifier.verify(token), 'token_revoked');
      else await verifier.verify(token);
      const told = {
        refused: [],
        'asked no more': ['recheck_impossible'],
        'no answer': ['provider_unavailable'],
      };
      assert.deepEqual(codes(realm), told[outcome]);
    });
  }

  it('says nothing of a scope where that is what the page of a proxy says', async () => {
    const { realm, verifier } = await startLoaded({ clientSecret: undefined });
    realm.userinfo = () => ({ status: 403, body: 'insufficient_scope' });
    await verifier.verify(realm.mint({ iat: realm.now - 60 }));
    assert.deepEqual(codes(realm), ['provider_unavailable']);
  });
});

describe('a lightweight token', () => {
  const lightweight = {
    sub: undefined,
    preferred_username: undefined,
    email: undefined,
    name: undefined,
    aud: undefined,
    azp: 'my-api',
    realm_access: undefined,
  };

  it('is filled in by introspection, once, and what was signed wins', async () => {
    const { realm, verifier } = await startLoaded();
    realm.introspect = () => ({
      active: true,
      sub: 'u1',
      preferred_username: 'sara',
      email: 'sara@example.com',
      realm_access: { roles: ['admin'] },
      iss: 'https://attacker.example.com',
      exp: 1,
      scope: 'everything',
    });
    const token = realm.mint(lightweight);
    const principal = await verifier.verify(token);
    assert.deepEqual(
      [principal.subject, principal.username, principal.email, principal.realmRoles, principal.issuer],
      ['u1', 'sara', 'sara@example.com', ['admin'], realm.issuer],
    );
    assert.deepEqual(principal.scopes, ['openid', 'profile', 'email']);
    assert.equal('active' in principal.claims, false);
    assertAtOnce(verifier.verify(token));
    assert.equal(asked(realm), 1);
    realm.introspect = () => ({ active: false });
    realm.advance(30);
    await assertRefused(() => verifier.verify(token), 'token_revoked');
  });

  it('is refused with 503 where it cannot be filled in because Keycloak is down', async () => {
    const { realm, verifier } = await startLoaded();
    realm.setAll('down');
    await assertRefused(() => verifier.verify(realm.mint(lightweight)), 'provider_unavailable');
    assert.equal(verifier.stats.acceptedUnchecked, 0);
  });

  it('is refused where introspection names a user who is revoked', async () => {
    const { realm, verifier } = await startLoaded();
    realm.introspect = () => ({ active: true, sub: 'u1' });
    await verifier.revoke({ type: 'user', issuer: realm.issuer, subject: 'u1', issuedUntil: realm.now });
    await assertRefused(() => verifier.verify(realm.mint(lightweight)), 'token_revoked');
  });

  for (const options of [
    {},
    { whenUnavailable: 'refuse' },
    { tokenCheck: 'remote' },
    { tokenCheck: 'local' },
  ] as const) {
    it(`is refused where Keycloak calls it inactive, though nobody here saw it active: ${JSON.stringify(options)}`, async () => {
      const { realm, verifier } = await startLoaded(options);
      const token = realm.mint(lightweight);
      const error = await assertRefused(() => verifier.verify(token), 'token_revoked');
      assert.equal(error.seen, 'introspection says inactive');
      realm.introspect = () => ({ active: true, sub: 'u1', preferred_username: 'sara' });
      await assertRefused(() => verifier.verify(token), 'token_revoked');
      assert.deepEqual(codes(realm), ['recheck_impossible']);
      assert.match(
        realm.notices.at(-1)?.message ?? '',
        /give the client they are issued to an audience mapper for my-api$/,
      );
    });
  }

  for (const aud of [undefined, null, [], '', [''], {}, [7]]) {
    it(`has no audience where aud is ${JSON.stringify(aud)}: Keycloak is asked all the same`, async () => {
      const { realm, verifier } = await startLoaded();
      const token = realm.mint({ ...lightweight, aud });
      await assertRefused(() => verifier.verify(token), 'token_revoked');
      assert.deepEqual([realm.calls.introspection, realm.calls.userinfo], [1, 1]);
    });
  }

  it('is refused where it is called inactive at its first recheck', async () => {
    const { realm, verifier } = await startLoaded({ fillClaims: false });
    const token = realm.mint(lightweight);
    await verifier.verify(token);
    realm.advance(30);
    await assertRefused(() => verifier.verify(token), 'token_revoked');
  });

  for (const missing of ['sub', 'preferred_username']) {
    it(`of which only ${missing} is missing is refused as inactive too, where nothing else calls it active`, async () => {
      const { realm, verifier } = await startLoaded();
      const named = { ...lightweight, sub: 'u1', preferred_username: 'sara', scope: 'profile' };
      await assertRefused(
        () => verifier.verify(realm.mint({ ...named, [missing]: undefined })),
        'token_revoked',
      );
    });
  }

  for (const missing of ['sub', 'preferred_username']) {
    for (const value of [null, '', 7]) {
      it(`of which ${missing} is ${JSON.stringify(value)} says as little as one without`, async () => {
        const { realm, verifier } = await startLoaded();
        const named = { ...lightweight, sub: 'u1', preferred_username: 'sara', scope: 'profile' };
        await assertRefused(
          () => verifier.verify(realm.mint({ ...named, [missing]: value })),
          'token_revoked',
        );
      });
    }
  }

  it('that userinfo calls active is good, whatever introspection says of an audience that is not there', async () => {
    const { realm, verifier } = await startLoaded();
    realm.userinfo = () => ({ status: 200, body: { sub: 'u1', preferred_username: 'sara' } });
    const token = realm.mint({ ...lightweight, sub: 'u1' });
    assert.equal((await verifier.verify(token)).username, 'sara');
    assert.deepEqual([realm.calls.introspection, realm.calls.userinfo], [1, 1]);
  });

  it('is not a token that only lacks an audience: that one may be good, and nobody can tell', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint({ aud: undefined, azp: 'my-api', scope: 'profile', iat: realm.now - 60 });
    assert.equal((await verifier.verify(token)).username, 'abdullah');
    assert.deepEqual(codes(realm), ['recheck_impossible']);
  });

  it('stays as it is where filling in is switched off, when it is checked too', async () => {
    const { realm, verifier } = await startLoaded({ fillClaims: false });
    realm.introspect = () => ({ active: true, preferred_username: 'sara' });
    const token = realm.mint(lightweight);
    assert.equal((await verifier.verify(token)).username, null);
    assert.equal(asked(realm), 0);
    realm.advance(30);
    assert.equal((await verifier.verify(token)).username, null);
    assert.equal(asked(realm), 1);
  });

  it('of which only the user name is missing is filled in by userinfo', async () => {
    const { realm, verifier } = await startLoaded({ clientSecret: undefined });
    realm.userinfo = (_token) => ({ status: 200, body: { sub: 'u1', preferred_username: 'sara' } });
    const principal = await verifier.verify(realm.mint({ sub: 'u1', preferred_username: undefined }));
    assert.equal(principal.username, 'sara');
  });
});

describe('remote', () => {
  it('asks for every request, and never answers from memory alone', async () => {
    const { realm, verifier } = await startLoaded({ tokenCheck: 'remote' });
    const token = realm.mint();
    const both = await Promise.all([verifier.verify(token), verifier.verify(token)]);
    assert.equal(both[0].username, both[1].username);
    assert.ok(verifier.verify(token) instanceof Promise);
    await verifier.verify(token);
    assert.equal(asked(realm), 4);
    realm.introspect = () => ({ active: false });
    await assertRefused(() => verifier.verify(token), 'token_revoked');
  });

  it('refuses with 503 while Keycloak is down, and with 500 where it cannot be asked', async () => {
    const { realm, verifier } = await startLoaded({ tokenCheck: 'remote' });
    const token = realm.mint();
    await verifier.verify(token);
    const error = await assertRefused(
      () => verifier.verify(realm.mint({ aud: 'account', azp: 'my-api', scope: 'profile' })),
      'provider_misconfigured',
    );
    assert.equal(error.expected, 'my-api in aud, or the scope openid');
    realm.setAll('down');
    await assertRefused(() => verifier.verify(token), 'provider_unavailable');
    await assertRefused(() => verifier.verify(realm.mint()), 'provider_unavailable');
    assert.equal(verifier.stats.refused, 0);
  });
});

describe('a verifier', () => {
  it('reports what an operator wants to know', async () => {
    const realm = createTestRealm();
    const verifier = realm.verifier();
    assert.deepEqual(
      { ...verifier.status(), lastError: null },
      {
        issuer: null,
        keysLoaded: false,
        keysAgeSeconds: null,
        keysFetches: 0,
        cachedTokens: 0,
        revocations: 0,
        isProviderDown: false,
        lastError: null,
      },
    );
    await verifier.load();
    realm.advance(3);
    const status = verifier.status();
    assert.deepEqual([status.issuer, status.keysLoaded, status.keysAgeSeconds], [realm.issuer, true, 3]);
    assert.equal(await verifier.useOnce('a', realm.now + 60), true);
    assert.equal(await verifier.useOnce('a', realm.now + 60), false);
    assert.deepEqual(verifier.members, [verifier]);
    await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
    assert.equal(verifier.stats.revocations, 1);
    await verifier.close();
  });

  it('lets the application check and type the claims', async () => {
    const { realm, verifier } = await startLoaded({
      parseClaims: (claims) => {
        if (claims.email_verified !== true) throw new Error('unverified');
        return { tenant: claims.acr };
      },
    });
    assert.deepEqual((await verifier.verify(realm.mint())).claims, { tenant: '1' });
    const error = await assertRefused(
      () => verifier.verify(realm.mint({ email_verified: false })),
      'token_claims',
    );
    assert.match(String(error.cause), /unverified/);
  });

  it('accepts by audience alone where one is given', async () => {
    const { realm, verifier } = await startLoaded({ audience: ['a', 'b'] });
    assert.ok(await verifier.verify(realm.mint({ aud: ['x', 'b'] })));
    const error = await assertRefused(
      () => verifier.verify(realm.mint({ aud: 'my-api', azp: 'my-api' })),
      'token_audience',
    );
    assert.equal(error.expected, 'aud a or b');
    assert.equal(error.seen, 'aud my-api, azp my-api');
  });
});
