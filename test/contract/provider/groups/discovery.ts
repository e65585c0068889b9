import assert from 'node:assert/strict';
import { DIFFERENCES } from '../differences.ts';
import type { Behaviours } from '../suite.ts';

const NAMES = {
  authorization_endpoint: '/auth',
  token_endpoint: '/token',
  introspection_endpoint: '/token/introspect',
  userinfo_endpoint: '/userinfo',
  end_session_endpoint: '/logout',
  jwks_uri: '/certs',
  revocation_endpoint: '/revoke',
};

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
  },
  'the same document stands where OAuth clients look (RFC 8414)': async ({ caller, realm }) => {
    const { origin } = new URL(caller.issuer);
    const { status, json } = await caller.call(
      `${origin}/.well-known/oauth-authorization-server/realms/${realm.name}`,
    );
    assert.deepEqual([status, json.issuer], [200, caller.issuer]);
  },
  'the JWK Set has signing keys and an encryption key, and nothing private': async ({ caller, target }) => {
    const { status, headers, json } = await caller.call('/certs');
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-cache');
    assert.equal(headers.get('etag'), null);
    const keys = json.keys as Record<string, string>[];
    const seen = keys.map(({ alg, use }) => `${alg} ${use}`);
    const expected: readonly string[] = DIFFERENCES.keys[target.name];
    assert.deepEqual(seen.toSorted(), expected.toSorted());
    assert.ok(keys.every((key) => key.kid && !('d' in key) && !('p' in key)));
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
  'the admin API wants a token, or is not there': async ({ caller, realm, target }) => {
    const { origin } = new URL(caller.issuer);
    const { status } = await caller.call(`${origin}/admin/realms/${realm.name}/users`);
    assert.equal(status, DIFFERENCES.adminApi[target.name]);
  },
};
