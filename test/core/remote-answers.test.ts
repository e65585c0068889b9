import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertRefused } from '../support/refusal.ts';
import { createTestRealm, startLoaded, type TestRealm } from '../support/test-realm.ts';

const codes = (realm: TestRealm) => realm.notices.map(({ code }) => code);
/** Keycloak's answers about a token for an organization that its user has left, or that was disabled or deleted. */
const LEFT = { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid organization' } };
const FAILED = {
  status: 400,
  body: { error: 'invalid_request', error_description: 'Failed to introspect token.' },
};

const SIGNED = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2ln';

describe('what userinfo answers', () => {
  it('about somebody else adds nothing to a token that says little of its own', async () => {
    const { realm, verifier } = await startLoaded({ clientSecret: undefined });
    const token = realm.mint({ sub: 'u1', preferred_username: undefined, email: undefined });
    realm.userinfo = () => ({
      status: 200,
      body: { sub: 'u2', preferred_username: 'root', email: 'root@example.com' },
    });
    const principal = await verifier.verify(token);
    assert.deepEqual(
      [principal.subject, principal.username, principal.claims.email],
      ['u1', null, undefined],
    );
  });

  it('says that a token is good with 200 alone', async () => {
    for (const body of [{ sub: 'u1' }, SIGNED]) {
      for (const status of [200, 404, 500, 503]) {
        const { realm, verifier } = await startLoaded({ clientSecret: undefined, tokenCheck: 'remote' });
        realm.userinfo = () => ({ status, body });
        const token = realm.mint({ sub: 'u1' });
        if (status === 200) assert.ok(await verifier.verify(token));
        else await assertRefused(() => verifier.verify(token), 'provider_unavailable');
      }
    }
  });

  it('against a token stands in the one of its challenges that says something', async () => {
    for (const [said, code] of [
      ['error="invalid_token"', 'token_revoked'],
      ['error_description="Lightweight access token not allowed"', undefined],
    ] as const) {
      const { realm, verifier } = await startLoaded({ clientSecret: undefined });
      realm.userinfo = () => ({ status: 401, challenge: `DPoP algs="ES256", Bearer ${said}` });
      const token = realm.mint({ iat: realm.now - 60 });
      if (code !== undefined) await assertRefused(() => verifier.verify(token), code);
      else {
        await verifier.verify(token);
        assert.equal(realm.notices.at(-1)?.code, 'recheck_impossible');
      }
    }
  });

  it('says that the realm was deleted or renamed', async () => {
    const { realm, verifier } = await startLoaded({ clientSecret: undefined });
    const token = realm.mint();
    await verifier.verify(token);
    realm.userinfo = () => ({ status: 404, body: { error: 'Realm does not exist' } });
    realm.advance(30);
    await assertRefused(() => verifier.verify(token), 'token_revoked');
    assert.equal(
      realm.notices.at(-1)?.message,
      'Every token is refused, for Keycloak says: Realm does not exist',
    );
  });

  it('is against a token whose organization its user has left', async () => {
    const { realm, verifier } = await startLoaded({ clientSecret: undefined });
    realm.userinfo = () => LEFT;
    await assertRefused(() => verifier.verify(realm.mint({ iat: realm.now - 60 })), 'token_revoked');
    assert.deepEqual(codes(realm), ['keys_loaded']);
  });

  it('may be signed, with a line break at its end', async () => {
    const { realm, verifier } = await startLoaded({ clientSecret: undefined, tokenCheck: 'remote' });
    realm.userinfo = () => ({ status: 200, body: `${SIGNED}\n` });
    assert.ok(await verifier.verify(realm.mint()));
  });
});

describe('what introspection answers', () => {
  for (const [status, body] of [
    [500, { active: true }],
    [404, { active: true }],
    [500, { error: 'server_error' }],
    [503, { error: 'temporarily_unavailable' }],
  ] as const) {
    it(`is an outage and nothing else: ${status} ${JSON.stringify(body)}`, async () => {
      const { realm, verifier } = await startLoaded({ tokenCheck: 'remote' });
      realm.introspect = () => ({ status, body });
      await assertRefused(() => verifier.verify(realm.mint()), 'provider_unavailable');
      assert.ok(!realm.notices.some(({ code }) => code === 'recheck_misconfigured'));
    });
  }

  it('is against all tokens of a realm that is disabled, of which userinfo still answers, and of no later ones', async () => {
    const { realm, verifier } = await startLoaded();
    const token = realm.mint();
    await verifier.verify(token);
    realm.introspect = () => ({
      status: 403,
      body: { error: 'access_denied', error_description: 'Realm not enabled' },
    });
    realm.advance(30);
    await assertRefused(() => verifier.verify(token), 'token_revoked');
    const { code, message } = realm.notices.at(-1) ?? {};
    assert.deepEqual(
      [code, message],
      ['recheck_misconfigured', 'Every token is refused, for Keycloak says: Realm not enabled'],
    );
    realm.introspect = () => ({ active: true });
    assert.ok(await verifier.verify(realm.mint({ iat: realm.now - 60 })));
  });

  it('that it failed is about this token, and not about the credential: userinfo decides', async () => {
    for (const options of [{}, { tokenCheck: 'remote' }] as const) {
      const { realm, verifier } = await startLoaded(options);
      realm.introspect = () => FAILED;
      realm.userinfo = () => LEFT;
      await assertRefused(() => verifier.verify(realm.mint({ iat: realm.now - 60 })), 'token_revoked');
      assert.deepEqual(codes(realm), ['keys_loaded']);
    }
  });

  it('that it failed is against a token for an organization, where userinfo cannot be asked', async () => {
    for (const tokenCheck of ['recheck', 'remote'] as const) {
      for (const name of ['organization:acme', 'organization', 'organization:*']) {
        const { realm, verifier } = await startLoaded({ tokenCheck });
        realm.introspect = () => FAILED;
        const token = realm.mint({ iat: realm.now - 60, scope: `profile ${name}` });
        await assertRefused(() => verifier.verify(token), 'token_revoked');
        assert.deepEqual(codes(realm), ['keys_loaded']);
        realm.introspect = () => ({ active: true });
        assert.ok(await verifier.verify(token), 'a user directory that was away for a moment looks the same');
      }
    }
  });

  it('that it failed, and userinfo cannot be asked, is no answer, and no outage', async () => {
    const { realm, verifier } = await startLoaded();
    realm.introspect = () => FAILED;
    const token = realm.mint({ iat: realm.now - 60, scope: 'profile organizations' });
    await verifier.verify(token);
    assert.equal(verifier.status().isProviderDown, false);
    assert.deepEqual(codes(realm), ['keys_loaded', 'recheck_impossible']);
    realm.introspect = () => ({ active: false });
    realm.advance(30);
    await assertRefused(() => verifier.verify(token), 'token_revoked');
    const strict = await startLoaded({ tokenCheck: 'remote' });
    strict.realm.introspect = () => FAILED;
    const other = strict.realm.mint({ scope: 'profile' });
    await assertRefused(() => strict.verifier.verify(other), 'provider_unavailable');
  });

  it('is repeated in the log as far as it is a text', async () => {
    const { realm, verifier } = await startLoaded({ tokenCheck: 'remote' });
    realm.introspect = () => ({ status: 401, body: { error: 'invalid_client', error_description: ['x'] } });
    // Without the scope openid nothing else can be asked.
    const token = realm.mint({ scope: 'email' });
    const { reason } = await assertRefused(() => verifier.verify(token), 'provider_misconfigured');
    assert.match(reason, /\(HTTP 401 {"error":"invalid_client"}\)/);
  });
});

it('the token is in no notice, whatever a fetch of the application puts into its error', async () => {
  const realm = createTestRealm();
  const verifier = realm.verifier({
    clientSecret: undefined,
    fetch: async (url, init) => {
      if (!String(url).endsWith('/userinfo')) return realm.fetch(url, init);
      throw new Error(`sent ${JSON.stringify(init?.headers)}`);
    },
  });
  await verifier.load();
  await verifier.close();
  const token = realm.mint({ iat: realm.now - 60 });
  await verifier.verify(token);
  const shown = JSON.stringify(realm.notices);
  assert.match(shown, /userinfo gave no answer: sent /);
  assert.ok(!shown.includes(token.slice(0, 40)), shown);
});

it('an answer that came in time leaves nobody slow', async (t) => {
  const { realm, verifier } = await startLoaded();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const token = realm.mint({ iat: realm.now - 60 });
  await verifier.verify(token);
  t.mock.timers.tick(1_000);
  realm.advance(30);
  realm.introspect = () => ({ active: false });
  await assertRefused(async () => verifier.verify(token), 'token_revoked');
});
