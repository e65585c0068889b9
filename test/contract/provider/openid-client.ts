import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as client from 'openid-client';
import { AUTH, createBrowser, redirectOf } from './browser.ts';
import { ABDULLAH, CALLBACK, createCaller, GUIDE } from './caller.ts';
import type { Target, TestRealm } from './target.ts';

/** A certified client that knows nothing of this project. */
export function defineOpenidClientJourney(target: Target): void {
  describe(`openid-client with the provider: ${target.name}`, () => {
    let realm: TestRealm;
    let config: client.Configuration;
    before(async () => {
      realm = await target.open();
      const { client_id, client_secret } = GUIDE;
      config = await client.discovery(new URL(realm.issuer), client_id, client_secret, undefined, {
        execute: [client.allowInsecureRequests],
      });
    });
    after(() => realm.close());

    const login = (options?: client.DPoPOptions) =>
      client.genericGrantRequest(config, 'password', { ...ABDULLAH, scope: 'openid' }, options);
    const subjectOf = (tokens: Awaited<ReturnType<typeof login>>) => {
      const subject = tokens.claims()?.sub;
      assert.ok(subject);
      return subject;
    };

    it('discovers, logs in by password, asks for the user, refreshes, introspects and revokes', async () => {
      assert.equal(config.serverMetadata().issuer, realm.issuer);
      const tokens = await login();
      const user = await client.fetchUserInfo(config, tokens.access_token, subjectOf(tokens));
      assert.equal(user.email, 'abdullah@example.com');
      const fresh = await client.refreshTokenGrant(config, tokens.refresh_token!);
      const before = await client.tokenIntrospection(config, fresh.access_token);
      assert.deepEqual([before.active, before.username], [true, 'abdullah']);
      await client.tokenRevocation(config, fresh.access_token);
      assert.equal((await client.tokenIntrospection(config, fresh.access_token)).active, false);
    });

    it('completes the code flow with PKCE, state and nonce', async () => {
      const verifier = client.randomPKCECodeVerifier();
      const [state, nonce] = [client.randomState(), client.randomNonce()];
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: CALLBACK,
        scope: 'openid email',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
      assert.equal(url.searchParams.get('client_id'), AUTH.client_id);
      const browser = createBrowser(createCaller(realm));
      const back = redirectOf(await browser.submit(await browser.visit(url.href), ABDULLAH));
      const tokens = await client.authorizationCodeGrant(config, back, {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      });
      assert.equal(tokens.claims()?.preferred_username, 'abdullah');
      const end = client.buildEndSessionUrl(config, {
        post_logout_redirect_uri: 'http://localhost:8000/bye',
        id_token_hint: tokens.id_token!,
      });
      assert.equal(redirectOf(await browser.visit(end.href)).href, 'http://localhost:8000/bye');
      await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token!), {
        error: 'invalid_grant',
      });
    });

    it('binds tokens to a key with DPoP', async () => {
      const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
      const tokens = await login({ DPoP });
      assert.equal(tokens.token_type, 'dpop');
      const user = await client.fetchUserInfo(config, tokens.access_token, subjectOf(tokens), { DPoP });
      assert.equal(user.preferred_username, 'abdullah');
      await assert.rejects(client.fetchUserInfo(config, tokens.access_token, subjectOf(tokens)));
    });

    it('is told what is wrong with a login', async () => {
      const wrong = client.genericGrantRequest(config, 'password', { ...ABDULLAH, password: 'x' });
      await assert.rejects(wrong, { error: 'invalid_grant', status: 400 });
    });
  });
}
