import assert from 'node:assert/strict';
import { assertFault, type Caller, GUIDE, headerOf, type Json } from '../caller.ts';
import type { Behaviours } from '../scene.ts';

const NAMES = {
  authorization_endpoint: '/auth',
  token_endpoint: '/token',
  introspection_endpoint: '/token/introspect',
  userinfo_endpoint: '/userinfo',
  end_session_endpoint: '/logout',
  jwks_uri: '/certs',
  revocation_endpoint: '/revoke',
  device_authorization_endpoint: '/auth/device',
  check_session_iframe: '/login-status-iframe.html',
};

const keysOf = async (caller: Caller): Promise<string[]> =>
  ((await caller.call('/certs')).json.keys as Json[]).map(({ alg }) => String(alg)).toSorted();

export const discoveryGroup: Behaviours = {
  'the discovery document names the issuer and every endpoint': async ({ caller }) => {
    const { status, headers, json } = await caller.call(`${caller.issuer}/.well-known/openid-configuration`);
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'application/json');
    assert.equal(headers.get('cache-control'), 'no-cache, must-revalidate, no-transform, no-store');
    assert.equal(json.issuer, caller.issuer);
    for (const [name, path] of Object.entries(NAMES)) assert.equal(json[name], caller.base + path);
    assert.equal(json.authorization_response_iss_parameter_supported, true);
    assert.equal(json.backchannel_logout_session_supported, true);
    const grants = json.grant_types_supported as string[];
    assert.ok(grants.includes('urn:ietf:params:oauth:grant-type:device_code'));
  },
  'the same document stands where OAuth clients look (RFC 8414)': async ({ caller, realm }) => {
    const { origin } = new URL(caller.issuer);
    const { status, json } = await caller.call(
      `${origin}/.well-known/oauth-authorization-server/realms/${realm.name}`,
    );
    assert.deepEqual([status, json.issuer], [200, caller.issuer]);
  },
  'the JWK Set has a signing key and an encryption key, and nothing private': async ({ caller }) => {
    const { status, headers, json } = await caller.call('/certs');
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-cache');
    assert.equal(headers.get('etag'), null);
    const keys = json.keys as Record<string, string>[];
    const seen = keys.map(({ alg, use }) => `${alg} ${use}`);
    assert.deepEqual(seen.toSorted(), ['RS256 sig', 'RSA-OAEP enc']);
    assert.ok(keys.every((key) => key.kid && !('d' in key) && !('p' in key)));
  },
  'a key of another kind is there from its first token on': async ({ withRealm }) => {
    await withRealm(
      () => {},
      async (caller, realm) => {
        const attributes = { 'access.token.signed.response.alg': 'ES256' };
        await realm.updateClient(GUIDE.client_id, { attributes });
        assert.deepEqual(await keysOf(caller), ['RS256', 'RSA-OAEP']);
        const { access_token, id_token } = await caller.login();
        assert.deepEqual([headerOf(access_token).alg, headerOf(id_token).alg], ['ES256', 'RS256']);
        assert.deepEqual(await keysOf(caller), ['ES256', 'RS256', 'RSA-OAEP']);
        assert.equal((await caller.userinfo(access_token)).status, 200);
      },
    );
  },
  'keys that the realm file has are there from the beginning': async ({ withRealm }) => {
    const keys = ['rsa-generated', 'hmac-generated', 'rsa-enc-generated', 'ecdsa-generated'];
    const provider = (providerId: string) => {
      const algorithm = { 'hmac-generated': 'HS512', 'rsa-enc-generated': 'RSA-OAEP' }[providerId];
      const config = { priority: ['100'], ...(algorithm && { algorithm: [algorithm] }) };
      return { name: providerId, providerId, config };
    };
    await withRealm(
      (realm) =>
        Object.assign(realm, { components: { 'org.keycloak.keys.KeyProvider': keys.map(provider) } }),
      async (caller) => {
        assert.deepEqual(await keysOf(caller), ['ES256', 'RS256', 'RSA-OAEP']);
      },
    );
  },
  'HEAD works where GET does': async ({ caller }) => {
    const { status, text } = await caller.call('/certs', { method: 'HEAD' });
    assert.deepEqual([status, text], [200, '']);
  },
  'public documents may be read by any page': async ({ caller }) => {
    const { headers } = await caller.call('/certs', { headers: { origin: 'http://evil.example' } });
    assert.equal(headers.get('access-control-allow-origin'), 'http://evil.example');
  },
  'the realm tells its public key': async ({ caller, realm }) => {
    const { status, json } = await caller.call(caller.issuer);
    assert.equal(status, 200);
    assert.equal(json.realm, realm.name);
    assert.match(String(json.public_key), /^MII/);
    assert.equal(json['token-service'], caller.base);
    assert.equal(json['tokens-not-before'], 0);
  },
  'answers carry the security headers': async ({ caller }) => {
    const { headers } = await caller.call('/certs');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('x-frame-options'), 'SAMEORIGIN');
    assert.equal(headers.get('x-robots-tag'), 'none');
  },
  'another realm is 404': async ({ caller }) => {
    const { origin } = new URL(caller.issuer);
    for (const path of ['', '/protocol/openid-connect/certs', '/.well-known/openid-configuration']) {
      const { status, json } = await caller.call(`${origin}/realms/no-such-realm${path}`);
      assert.deepEqual({ status, json }, { status: 404, json: { error: 'Realm does not exist' } });
    }
  },
  'a realm name is case-sensitive': async ({ caller, realm }) => {
    const { origin } = new URL(caller.issuer);
    const { status, json } = await caller.call(`${origin}/realms/${realm.name.toUpperCase()}`);
    assert.deepEqual({ status, json }, { status: 404, json: { error: 'Realm does not exist' } });
  },
  'the prefix /auth of old is 404': async ({ caller, realm }) => {
    const { origin } = new URL(caller.issuer);
    const { status, json } = await caller.call(`${origin}/auth/realms/${realm.name}`);
    const error = 'Unable to find matching target resource method';
    assert.deepEqual({ status, json }, { status: 404, json: { error } });
  },
  'an unknown path in the realm is 404': async ({ caller }) => {
    const { status, json } = await caller.call('/nowhere');
    assert.deepEqual({ status, json }, { status: 404, json: { error: 'HTTP 404 Not Found' } });
  },
  'a path with two slashes is 400': async ({ caller }) => {
    const { status, json } = await caller.call(`${caller.issuer}//protocol/openid-connect/certs`);
    assert.deepEqual([status, json.error], [400, 'missingNormalization']);
  },
  'a wrong method is 405': async ({ caller }) => {
    for (const [method, path] of [
      ['GET', '/token'],
      ['PUT', '/token'],
      ['POST', '/certs'],
      ['GET', '/token/introspect'],
      ['GET', '/revoke'],
      ['PUT', '/auth'],
    ] as const) {
      const { status, json } = await caller.call(path, { method });
      const expected = { status: 405, json: { error: 'HTTP 405 Method Not Allowed' } };
      assert.deepEqual({ status, json }, expected, `${method} ${path}`);
    }
  },
  'a preflight is answered': async ({ caller }) => {
    const { status, headers } = await caller.call('/token', {
      method: 'OPTIONS',
      headers: { origin: 'http://localhost:8000', 'access-control-request-method': 'POST' },
    });
    assert.equal(status, 200);
    assert.equal(headers.get('access-control-allow-origin'), 'http://localhost:8000');
    assert.equal(headers.get('access-control-allow-methods'), 'POST, OPTIONS');
    assert.match(headers.get('access-control-allow-headers') ?? '', /DPoP, Content-Type, Authorization$/);
  },
  'the admin API wants a token, and one of somebody who may': async ({ caller, realm }) => {
    const { origin } = new URL(caller.issuer);
    const { access_token, id_token } = await caller.login();
    const ask = async (path: string, token?: string, method = 'GET') => {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const { status, json } = await caller.call(`${origin}/admin${path}`, { method, headers });
      return { status, json };
    };
    const unknown = { status: 401, json: { error: 'HTTP 401 Unauthorized' } };
    const forbidden = { status: 403, json: { error: 'HTTP 403 Forbidden' } };
    const base = `/realms/${realm.name}`;
    for (const path of [
      `${base}/users`,
      `${base}/nowhere`,
      '/realms',
      '/realms/no-such-realm/users',
      '/serverinfo',
    ]) {
      assert.deepEqual(await ask(path), unknown, path);
    }
    for (const token of ['x', id_token]) assert.deepEqual(await ask(`${base}/users`, token), unknown);
    for (const path of [`${base}/users`, base, `${base}/clients`, '/realms', '/serverinfo']) {
      assert.deepEqual(await ask(path, access_token), forbidden, path);
    }
    assert.deepEqual(await ask(`${base}/users`, undefined, 'POST'), unknown);
    const other = await ask('/realms/no-such-realm/users', access_token);
    assert.deepEqual(other, { status: 404, json: { error: 'Realm not found.' } });
  },
  'what is switched off is not there': async ({ caller, target }) => {
    // The embedded provider has none of it; Keycloak answers so with the feature disabled.
    if (target.name === 'keycloak') return;
    const { status, json } = await caller.post('/ext/ciba/auth', {});
    assert.deepEqual({ status, json }, { status: 404, json: { error: 'HTTP 404 Not Found' } });
    for (const type of ['urn:openid:params:grant-type:ciba', 'urn:ietf:params:oauth:grant-type:jwt-bearer']) {
      const answer = await caller.token({ ...GUIDE, grant_type: type });
      assertFault(answer, 400, 'unsupported_grant_type', 'Unsupported grant_type');
    }
    const metadata = (await caller.call(`${caller.issuer}/.well-known/openid-configuration`)).json;
    for (const name of ['backchannel_authentication_endpoint', 'mtls_endpoint_aliases']) {
      assert.ok(!(name in metadata), name);
    }
  },
};
