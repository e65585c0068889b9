import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { argon2d, argon2i, argon2id } from 'hash-wasm';
import { assertAbout } from '../../../support/token-response.ts';
import {
  ABDULLAH,
  assertFault,
  type Caller,
  claimsOf,
  type Fields,
  GUIDE,
  headerOf,
  LIGHT,
  OTHER,
  PASSWORD,
  sorted,
  WEB,
} from '../caller.ts';
import type { Behaviours } from '../scene.ts';

const SAME = 'Invalid client or Invalid client credentials';
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

/** A fault of the password grant with these fields. */
const fault =
  (fields: Fields, status: number, error: string, description?: string, headers?: Fields) =>
  async ({ caller }: { caller: Caller }) => {
    const answer = await caller.passwordGrant(fields, headers);
    assertFault(answer, status, error, description);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(answer.headers.get('pragma'), 'no-cache');
  };

const without = (...names: string[]) => {
  const all: Fields = { ...GUIDE, grant_type: 'password', ...ABDULLAH };
  return Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
};

export const passwordGroup: Behaviours = {
  'passwords hashed with argon2 are as good as any': async ({ withRealm }) => {
    const salt = randomBytes(16);
    for (const [type, hash] of [
      ['id', argon2id],
      ['i', argon2i],
      ['d', argon2d],
    ] as const) {
      const parameters = { memory: 1024, parallelism: 2, hashLength: 32 };
      const { memory: memorySize, ...rest } = parameters;
      const given = { password: 'Grüße#1', salt, iterations: 2, memorySize, ...rest };
      const value = Buffer.from(await hash({ ...given, outputType: 'binary' })).toString('base64');
      const more = Object.entries({ ...parameters, type, version: '1.3' }).map(([k, v]) => [k, [String(v)]]);
      const credential = {
        type: 'password',
        secretData: JSON.stringify({ value, salt: salt.toString('base64'), additionalParameters: {} }),
        credentialData: JSON.stringify({
          hashIterations: 2,
          algorithm: 'argon2',
          additionalParameters: Object.fromEntries(more),
        }),
      };
      await withRealm(
        (realm) => Object.assign(realm.users?.[0] ?? {}, { credentials: [credential] }),
        async (caller) => {
          assert.equal((await caller.passwordGrant({ password: 'Grüße#1' })).status, 200, type);
          for (const password of ['Grüße#2', '']) {
            const answer = await caller.passwordGrant({ password });
            assertFault(answer, 400, 'invalid_grant', 'Invalid user credentials');
          }
        },
      );
    }
  },
  'the right password gives tokens': async ({ caller }) => {
    const { status, headers, json } = await caller.passwordGrant({ scope: 'openid' });
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.deepEqual(Object.keys(json).toSorted(), [
      'access_token',
      'expires_in',
      'id_token',
      'not-before-policy',
      'refresh_expires_in',
      'refresh_token',
      'scope',
      'session_state',
      'token_type',
    ]);
    assertAbout(json.expires_in, 300);
    assertAbout(json.refresh_expires_in, 1800);
    assert.equal(json.token_type, 'Bearer');
    assert.deepEqual(sorted(String(json.scope).split(' ')), ['email', 'openid', 'profile']);
  },
  'without openid there is no ID token': async ({ caller }) => {
    const { json } = await caller.passwordGrant();
    assert.ok(!('id_token' in json));
    assert.deepEqual(sorted(String(json.scope).split(' ')), ['email', 'profile']);
  },
  'the access token has the claims of the default scopes': async ({ caller }) => {
    const { access_token, session_state } = await caller.login();
    const header = headerOf(access_token);
    assert.deepEqual([header.alg, header.typ], ['RS256', 'JWT']);
    const { exp, iat, jti, sub, aud, scope, realm_access, resource_access, ...rest } = claimsOf(access_token);
    assert.equal(Number(exp) - Number(iat), 300);
    assert.match(String(jti), /^onrtro:/);
    assert.match(String(sub), /^[0-9a-f-]{36}$/);
    assert.deepEqual(sorted(aud), ['account', 'fastapi-keycloak']);
    assert.deepEqual(sorted(String(scope).split(' ')), ['email', 'openid', 'profile']);
    const names = (realm_access as { roles: string[] }).roles.filter((name) => !name.startsWith('default-'));
    assert.deepEqual(sorted(names), ['offline_access', 'uma_authorization', 'user']);
    const account = (resource_access as { account: { roles: string[] } }).account.roles;
    assert.deepEqual(sorted(account), ['manage-account', 'manage-account-links', 'view-profile']);
    assert.deepEqual(
      { ...rest, 'allowed-origins': sorted(rest['allowed-origins']) },
      {
        iss: caller.issuer,
        typ: 'Bearer',
        azp: 'fastapi-keycloak',
        sid: session_state,
        acr: '1',
        'allowed-origins': ['http://127.0.0.1:8000', 'http://localhost:3000', 'http://localhost:8000'],
        email_verified: true,
        name: 'Abdullah Alqahtani',
        preferred_username: 'abdullah',
        given_name: 'Abdullah',
        family_name: 'Alqahtani',
        email: 'abdullah@example.com',
      },
    );
  },
  'the ID token is for the client and has no roles': async ({ caller }) => {
    const { id_token, access_token } = await caller.login();
    assert.equal(headerOf(id_token).kid, headerOf(access_token).kid);
    const { exp, iat, jti, sub, sid, at_hash, ...rest } = claimsOf(id_token);
    assert.ok(exp && iat && jti && sub && sid && at_hash);
    assert.deepEqual(rest, {
      iss: caller.issuer,
      aud: 'fastapi-keycloak',
      typ: 'ID',
      azp: 'fastapi-keycloak',
      acr: '1',
      email_verified: true,
      name: 'Abdullah Alqahtani',
      preferred_username: 'abdullah',
      given_name: 'Abdullah',
      family_name: 'Alqahtani',
      email: 'abdullah@example.com',
    });
  },
  'the refresh token is HS512, which no key in the JWK Set can verify': async ({ caller }) => {
    const { refresh_token } = await caller.login();
    assert.equal(headerOf(refresh_token).alg, 'HS512');
    const { typ, aud, azp, exp, iat } = claimsOf(refresh_token);
    assert.deepEqual([typ, aud, azp], ['Refresh', caller.issuer, 'fastapi-keycloak']);
    assertAbout(Number(exp) - Number(iat), 1800);
  },
  'roles of groups, of composites and of clients are in the token': async ({ caller }) => {
    const claims = claimsOf((await caller.login({ username: 'sara' })).access_token);
    const { roles } = claims.realm_access as { roles: string[] };
    for (const name of ['admin', 'user', 'auditor']) assert.ok(roles.includes(name), name);
    const clients = claims.resource_access as Record<string, { roles: string[] }>;
    assert.deepEqual(sorted(clients['fastapi-keycloak']?.roles), ['reader', 'writer']);
    assert.deepEqual(clients['other-service']?.roles, ['operator']);
    assert.deepEqual(sorted(claims.groups), ['/staff/dev', '/staff/ops']);
    assert.deepEqual(sorted(claims.aud), ['account', 'fastapi-keycloak', 'other-service']);
  },
  'a client with nothing added has the audience "account", as a text': async ({ caller }) => {
    const { access_token } = await caller.login(OTHER);
    assert.equal(claimsOf(access_token).aud, 'account');
  },
  'a lightweight token carries next to nothing': async ({ caller }) => {
    const claims = claimsOf((await caller.login(LIGHT)).access_token);
    assert.deepEqual(sorted(Object.keys(claims)), [
      'aud',
      'azp',
      'exp',
      'iat',
      'iss',
      'jti',
      'scope',
      'sid',
      'typ',
    ]);
  },
  'a token of admin-cli says nothing of its user': async ({ caller }) => {
    const { client_secret: _, ...own } = {
      ...GUIDE,
      grant_type: 'password',
      ...ABDULLAH,
      client_id: 'admin-cli',
    };
    const { json } = await caller.token({ ...own, scope: 'openid' });
    const { sub, email, realm_access } = claimsOf(String(json.access_token));
    assert.deepEqual([sub, email, realm_access], [undefined, undefined, undefined]);
  },
  'optional scopes bring their claims': async ({ caller }) => {
    const claims = claimsOf((await caller.login({ scope: 'openid microprofile-jwt phone' })).access_token);
    assert.equal(claims.upn, 'abdullah');
    assert.ok(sorted(claims.groups).includes('user'));
    assert.match(String(claims.scope), /phone/);
  },
  'a user without roles has no claims of roles': async ({ withRealm }) => {
    const user = { username: 'bare', enabled: true, email: 'b@example.com', firstName: 'B', lastName: 'R' };
    const credentials = [{ type: 'password', value: 'p' }];
    await withRealm(
      (realm) => realm.users?.push({ ...user, credentials }),
      async (caller) => {
        const claims = claimsOf((await caller.login({ username: 'bare', password: 'p' })).access_token);
        assert.ok(!('realm_access' in claims) && !('resource_access' in claims));
        assert.equal(claims.aud, 'fastapi-keycloak');
      },
    );
  },
  'client_secret_basic is good': async ({ caller }) => {
    const headers = basic(GUIDE.client_id, GUIDE.client_secret);
    const { status } = await caller.token({ grant_type: 'password', ...ABDULLAH }, headers);
    assert.equal(status, 200);
  },
  'client_secret_basic is form-encoded': async ({ caller }) => {
    const headers = basic('fastapi%2Dkeycloak', 'for%2Ddevelopment%2Donly');
    const { status } = await caller.token({ grant_type: 'password', ...ABDULLAH }, headers);
    assert.equal(status, 200);
  },
  'the e-mail address is as good as the user name': async ({ caller }) => {
    assert.equal((await caller.passwordGrant({ username: 'abdullah@example.com' })).status, 200);
  },
  'a user name may be in any case': async ({ caller }) => {
    assert.equal((await caller.passwordGrant({ username: 'ABDULLAH' })).status, 200);
  },
  'a wrong password': fault({ password: 'x' }, 400, 'invalid_grant', 'Invalid user credentials'),
  'an unknown user': fault({ username: 'nobody' }, 400, 'invalid_grant', 'Invalid user credentials'),
  'a user name with spaces around': fault(
    { username: ' abdullah ' },
    400,
    'invalid_grant',
    'Invalid user credentials',
  ),
  'an empty password': fault({ password: '' }, 400, 'invalid_grant', 'Invalid user credentials'),
  'an empty user name': fault({ username: '' }, 400, 'invalid_grant', 'Invalid user credentials'),
  'no user name': async ({ caller }) => {
    assertFault(
      await caller.token(without('username')),
      401,
      'invalid_request',
      'Missing parameter: username',
    );
  },
  'no password': async ({ caller }) => {
    assertFault(await caller.token(without('password')), 400, 'invalid_grant', 'Invalid user credentials');
  },
  'a disabled user, wrong password': fault(
    { username: 'disabled', password: 'x' },
    400,
    'invalid_grant',
    'Invalid user credentials',
  ),
  'a disabled user, right password': fault(
    { username: 'disabled' },
    400,
    'invalid_grant',
    'Account disabled',
  ),
  'a required action, wrong password': fault(
    { username: 'newcomer', password: 'x' },
    400,
    'invalid_grant',
    'Invalid user credentials',
  ),
  'a required action, right password': fault(
    { username: 'newcomer' },
    400,
    'invalid_grant',
    'Account is not fully set up',
  ),
  'a wrong secret': fault({ client_secret: 'x' }, 401, 'unauthorized_client', SAME),
  'a wrong secret and a wrong password: the client is checked first': fault(
    { client_secret: 'x', password: 'x' },
    401,
    'unauthorized_client',
    SAME,
  ),
  'no secret': async ({ caller }) => {
    assertFault(await caller.token(without('client_secret')), 401, 'unauthorized_client', SAME);
  },
  'an unknown client': fault({ client_id: 'nope' }, 401, 'invalid_client', SAME),
  'a client id in another case': fault({ client_id: 'FASTAPI-KEYCLOAK' }, 401, 'invalid_client', SAME),
  'no client': async ({ caller }) => {
    assertFault(await caller.token(without('client_id', 'client_secret')), 401, 'invalid_client', SAME);
  },
  'a broken Basic header': async ({ caller }) => {
    const answer = await caller.token(
      { grant_type: 'password', ...ABDULLAH },
      { authorization: 'Basic %%%' },
    );
    assertFault(answer, 401, 'invalid_client', SAME);
  },
  'direct grants off': fault(
    { ...WEB, client_secret: '' },
    400,
    'unauthorized_client',
    'Client not allowed for direct access grants',
  ),
  'no grant type': async ({ caller }) => {
    const answer = await caller.token(GUIDE);
    assertFault(answer, 400, 'invalid_request', 'Missing form parameter: grant_type');
  },
  'an unknown grant type': fault(
    { grant_type: 'magic' },
    400,
    'unsupported_grant_type',
    'Unsupported grant_type',
  ),
  'an unknown scope': fault(
    { scope: 'openid nonsense' },
    400,
    'invalid_scope',
    'Invalid scopes: openid nonsense',
  ),
  'blanks at the end of the scopes do not count, others do': async ({ caller }) => {
    for (const [scope, status] of [
      ['openid ', 200],
      ['  ', 200],
      [' openid', 400],
      ['openid  email', 400],
    ] as const) {
      const { json, ...answer } = await caller.passwordGrant({ scope });
      assert.equal(answer.status, status, scope);
      if (status === 400) assert.equal(json.error_description, `Invalid scopes: ${scope}`);
    }
  },
  'an empty scope': fault({ scope: '' }, 400, 'invalid_scope', 'Invalid scopes: '),
  'a field that comes twice': async ({ caller }) => {
    for (const extra of ['username=x', 'foo=1&foo=2']) {
      const answer = await caller.token(`${new URLSearchParams(without())}&${extra}`);
      assertFault(answer, 400, 'invalid_request', 'duplicated parameter');
    }
  },
  'a JSON body is no form': async ({ caller }) => {
    const body = JSON.stringify({ ...GUIDE, grant_type: 'password', ...ABDULLAH });
    const headers = { 'content-type': 'application/json' };
    const answer = await caller.call('/token', { method: 'POST', body, headers });
    assertFault(answer, 400, 'invalid_request', 'Missing form parameter: grant_type');
  },
  'fields in the query do not count': async ({ caller }) => {
    const answer = await caller.post('/token?grant_type=password', { ...GUIDE, ...ABDULLAH });
    assertFault(answer, 400, 'invalid_request', 'Missing form parameter: grant_type');
  },
  'a broken escape': async ({ caller }) => {
    const answer = await caller.call('/token', {
      method: 'POST',
      body: 'grant_type=password&username=%zz',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const text = 'For more on this error consult the server log.';
    assertFault(answer, 500, 'unknown_error', text);
  },
  'a field of 128 KiB is read, one more byte is too much': async ({ caller }) => {
    const long = await caller.passwordGrant({ password: 'x'.repeat(131_072) });
    assertFault(long, 400, 'invalid_grant', 'Invalid user credentials');
    const longer = await caller.passwordGrant({ password: 'x'.repeat(131_073) });
    assertFault(longer, 413, 'HTTP 413 Request Entity Too Large');
  },
  'a body of a megabyte': async ({ caller }) => {
    const answer = await caller.passwordGrant({ password: 'x'.repeat(2 ** 20) });
    assertFault(answer, 413, 'HTTP 413 Request Entity Too Large');
  },
  'an origin that is not the client’s': fault({}, 403, 'Invalid origin', undefined, {
    origin: 'http://evil.example',
  }),
  'the origin "null"': fault({}, 403, 'Invalid origin', undefined, { origin: 'null' }),
  'an origin of the client may read the answer': async ({ caller }) => {
    const { status, headers } = await caller.passwordGrant({}, { origin: 'http://localhost:8000' });
    assert.equal(status, 200);
    assert.equal(headers.get('access-control-allow-origin'), 'http://localhost:8000');
    assert.equal(headers.get('access-control-allow-credentials'), 'true');
  },
  'an offline token has no end': async ({ caller }) => {
    const { status, json } = await caller.passwordGrant({
      scope: 'openid offline_access',
      password: PASSWORD,
    });
    assert.equal(status, 200);
    assert.equal(json.refresh_expires_in, 0);
    const claims = claimsOf(String(json.refresh_token));
    assert.deepEqual([claims.typ, 'exp' in claims], ['Offline', false]);
  },
};
