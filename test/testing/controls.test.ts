import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { createLocalJWKSet, createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { type DevIdp, startDevIdp } from '../../packages/testing/src/index.ts';
import { testKeys } from '../support/dev-idp.ts';

const realmFile = new URL('../../packages/testing/testing-realm.json', import.meta.url);
const credentials = { client_id: 'fastapi-keycloak', client_secret: 'for-development-only' };
const GRANT = { ...credentials, grant_type: 'password', username: 'abdullah', scope: 'openid' };

let idp: DevIdp;
const post = (path: string, fields: Record<string, string>) =>
  fetch(`${idp.issuer}/protocol/openid-connect/${path}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
  });
const login = async () => {
  const answer = await post('token', { ...GRANT, password: 'Test#123456' });
  return (await answer.json()) as Record<'access_token' | 'refresh_token' | 'session_state', string>;
};
const userinfo = (token: string) =>
  fetch(`${idp.issuer}/protocol/openid-connect/userinfo`, { headers: { authorization: `Bearer ${token}` } });
const jwks = async () => {
  const answer = await fetch(`${idp.issuer}/protocol/openid-connect/certs`);
  return (await answer.json()) as { keys: Record<string, string>[] };
};
/** Verifies as an API would: by the keys the provider publishes. */
const verify = async (token: string) => {
  const keys = createLocalJWKSet(await jwks());
  return jwtVerify(token, keys, { issuer: idp.issuer, currentDate: new Date(idp.now()) });
};
const challengeOf = async (token: string) => {
  const answer = await userinfo(token);
  return `${answer.status} ${answer.headers.get('www-authenticate')}`;
};
const REFUSED =
  '401 Bearer realm="testing", error="invalid_token", error_description="Token verification failed"';

describe('the controls of the provider', () => {
  before(async () => {
    idp = await startDevIdp({ realmFile, keys: testKeys() });
  });
  after(() => idp.close());
  afterEach(() => idp.answerNormally());

  it('issue no good token where a test misspells what makes one bad', async () => {
    for (const [request, message] of [
      [
        { expiresIn: -60 },
        /^issueToken: there is no "expiresIn"\. It takes username, clientId, scope, type, /,
      ],
      [{ key: 'expired' }, /^issueToken: "key" is one of RS256, ES256, unknown, /],
      [{ type: 'refresh_token' }, /^issueToken: "type" is one of access, id, refresh$/],
    ] as const)
      await assert.rejects(idp.issueToken(request as object), { name: 'TypeError', message });
  });

  it('add and change nobody by a name, a group or an email address that would count for nothing', () => {
    const email = 'sara@example.com';
    for (const [change, message] of [
      [{ roles: ['admin'] }, /^(add|update)User: there is no "roles"\. It takes username, .*realmRoles/],
      [{ password: 'x' }, /^(add|update)User: there is no "password"\. It takes .*credentials/],
      [{ clientRoles: { 'web-ap': ['editor'] } }, /^there is no client 'web-ap' in the realm testing$/],
      [{ groups: ['/staff', '/nope'] }, /^there is no group '\/nope' in the realm testing$/],
      [{ realmRoles: ['user', 'amdin'] }, /^there is no role 'amdin' in the realm testing$/],
      [
        { clientRoles: { 'other-service': ['admin'] } },
        /^there is no role 'admin' of the client 'other-service' in the realm testing$/,
      ],
      [{ email }, /^there is a user with the email address 'sara@example\.com' in the realm testing$/],
    ] as const) {
      assert.throws(() => idp.addUser({ username: 'misspelt', ...change } as never), { message });
      assert.throws(() => idp.updateUser('abdullah', change as object), { message });
    }
    const message = /Client: there is no "scopes"\. It takes clientId, /;
    assert.throws(() => idp.addClient({ clientId: 'misspelt', scopes: [] }), { message });
    assert.throws(() => idp.updateClient('web-app', { scopes: [] }), { message });
    const organization = { name: 'Acme', member: [{ username: 'sara' }] };
    assert.throws(() => idp.addOrganization(organization), {
      message: /^addOrganization: there is no "member"\. It takes name, alias, .*members/,
    });
    for (const [more, message] of [
      [{ members: [{ username: 'nope' }] }, /^there is no user 'nope' in the realm testing$/],
      [{ members: [{ username: 'sara', group: [] }] }, /^(addO|updateR)\w+: there is no "group"\./],
      [{ domains: ['acme.example'] }, /: "acme\.example" must be an object of name, verified$/],
    ] as const) {
      const wrong = { name: 'Acme', ...more } as never;
      assert.throws(() => idp.addOrganization(wrong), { message });
      assert.throws(() => idp.updateRealm({ organizations: [wrong] }), { message });
    }
    for (const setting of ['accessTokenLifeSpan', 'groups'])
      assert.throws(() => idp.updateRealm({ [setting]: 60 } as never), {
        message: new RegExp(`^updateRealm: there is no "${setting}"\\. It takes .*accessTokenLifespan`),
      });
    assert.throws(() => idp.sessionsOf('misspelt'), /no user/);
    idp.updateUser('sara', { email, groups: ['staff/dev', '/staff/ops'] });
  });

  it('add and change what an export of Keycloak holds, of today and of old', () => {
    const user = { verifiableCredentials: [], issuedVerifiableCredentials: [], applicationRoles: null };
    idp.addUser({ username: 'exported', groups: null, ...user } as never);
    const client = { directGrantsOnly: false, clientTemplate: null, useTemplateConfig: false };
    idp.addClient({ clientId: 'exported', ...client, useTemplateScope: false, useTemplateMappers: false });
  });

  it('removes a user for good: whoever gets the name afterwards is somebody else', async () => {
    const person = { username: 'carl', email: 'carl@example.com', firstName: 'Carl', lastName: 'Example' };
    const user = { ...person, credentials: [{ type: 'password', value: 'Test#123456' }] };
    const logIn = (username: string) => post('token', { ...GRANT, username, password: 'Test#123456' });
    const subjectOf = async (answer: Response) =>
      decodeJwt(((await answer.json()) as { access_token: string }).access_token).sub;
    idp.addUser(user);
    const answer = await logIn('carl');
    const tokens = (await answer.json()) as Record<'access_token' | 'refresh_token', string>;
    idp.updateUser('carl', { username: 'karl' });
    assert.match(await (await logIn('carl')).text(), /Invalid user credentials/);
    idp.addUser({ ...user, email: 'other@example.com' });
    const [first, second] = [await subjectOf(await logIn('karl')), await subjectOf(await logIn('carl'))];
    assert.equal(first, decodeJwt(tokens.access_token).sub);
    assert.notEqual(second, first);
    idp.removeUser('karl');
    assert.match(await challengeOf(tokens.access_token), /^401 .*user_session_not_found/);
    const { refresh_token } = tokens;
    assert.equal(
      (await post('token', { ...credentials, grant_type: 'refresh_token', refresh_token })).status,
      400,
    );
    assert.match(await (await logIn('karl')).text(), /Invalid user credentials/);
    idp.addUser({ ...user, username: 'karl', email: 'third@example.com' });
    assert.ok(![first, second].includes(await subjectOf(await logIn('karl'))));
    assert.throws(() => idp.removeUser('nobody'), /there is no user 'nobody'/);
  });

  it('makes a user who gets a temporary password set a new one first, as Keycloak does', async () => {
    const credentials = [{ type: 'password', value: 'temporary', temporary: true }];
    idp.updateUser('abdullah', { credentials });
    const form = { ...GRANT, password: 'temporary' };
    const answer = await post('token', form);
    assert.equal(answer.status, 400);
    assert.equal(
      ((await answer.json()) as { error_description: string }).error_description,
      'Account is not fully set up',
    );
    idp.updateUser('abdullah', {
      credentials: [{ type: 'password', value: 'Test#123456', temporary: false }],
      requiredActions: [],
    });
    assert.ok((await login()).access_token);
  });

  it('list no session that is over by the clock', async () => {
    await login();
    assert.ok(idp.sessionsOf('abdullah').length > 0);
    const seconds = 60 * 86_400;
    idp.advanceClock(seconds);
    assert.deepEqual(idp.sessionsOf('abdullah'), []);
    idp.advanceClock(-seconds);
  });

  it('say in the output which address a refused sign-in or sign-out asked for, and which are registered', async (t) => {
    const warn = t.mock.method(console, 'warn', () => {});
    const refuse = async (path: string, parameter: string) => {
      const query = new URLSearchParams({ client_id: 'web-app', [parameter]: 'http://localhost:3000/\nno' });
      const answer = await fetch(`${idp.issuer}/protocol/openid-connect/${path}?${query}`);
      assert.match(await answer.text(), /Invalid (parameter: redirect_uri|redirect uri)/);
    };
    const redirectUris = ['http://localhost:3000/*', 'http://other.example/\u001b[2J'];
    idp.updateClient('web-app', { redirectUris, attributes: { 'post.logout.redirect.uris': '+' } });
    await refuse('auth', 'redirect_uri');
    await refuse('logout', 'post_logout_redirect_uri');
    const [signIn, signOut] = warn.mock.calls.map(({ arguments: [text] }) => String(text));
    const said =
      /^"http:\/\/localhost:3000\/\\nno" is no redirect URI of the client "web-app": "http:.*example\/\\u001b\[2J"$/;
    assert.match(signIn ?? '', said);
    assert.match(signOut?.replace('post logout ', '') ?? '', said);
  });

  it('publishes the encryption key first, then RS256', async () => {
    const { keys } = await jwks();
    assert.deepEqual(
      keys.map(({ alg, use }) => `${alg} ${use}`),
      ['RSA-OAEP enc', 'RS256 sig'],
    );
    assert.ok(keys.every((key) => key.d === undefined && key.p === undefined));
  });

  it('issues a token that an API accepts and userinfo knows', async () => {
    const token = await idp.issueToken({
      username: 'sara',
      claims: { department: 'blue', email: undefined },
    });
    const { payload } = await verify(token);
    assert.equal(payload.typ, 'Bearer');
    assert.equal(payload.department, 'blue');
    assert.equal(payload.email, undefined);
    assert.equal(payload.preferred_username, 'sara');
    assert.equal((await userinfo(token)).status, 200);
  });

  it('issues ID and refresh tokens, and access tokens of ES256', async () => {
    const id = await verify(await idp.issueToken({ type: 'id' }));
    assert.equal(id.payload.typ, 'ID');
    assert.equal(id.payload.aud, 'fastapi-keycloak');
    const refresh = await idp.issueToken({ type: 'refresh' });
    assert.equal(decodeProtectedHeader(refresh).alg, 'HS512');
    const answer = await post('token', {
      ...credentials,
      grant_type: 'refresh_token',
      refresh_token: refresh,
    });
    assert.equal(answer.status, 200);
    const { protectedHeader } = await verify(await idp.issueToken({ key: 'ES256' }));
    assert.equal(protectedHeader.alg, 'ES256');
  });

  it('makes one key where two tokens at once are the first of their kind', async () => {
    const own = await startDevIdp({ realmFile, keys: testKeys() });
    try {
      const tokens = await Promise.all([own.issueToken({ key: 'ES256' }), own.issueToken({ key: 'ES256' })]);
      const [one, other] = tokens.map((token) => decodeProtectedHeader(token).kid);
      assert.equal(one, other);
      assert.deepEqual(
        own.exportKeys().signing.map(({ alg }) => alg),
        ['RS256', 'ES256'],
      );
    } finally {
      await own.close();
    }
  });

  for (const key of ['unknown', 'unknown-kid', 'public-key-as-secret', 'none', 'broken'] as const) {
    it(`issues a token with the key "${key}", which nobody may accept`, async () => {
      const token = await idp.issueToken({ key });
      assert.equal(token.split('.').length, 3);
      await assert.rejects(verify(token));
      assert.equal(await challengeOf(token), REFUSED);
    });
  }

  it('writes the header it is asked for, a wrong algorithm and "crit" too', async () => {
    const token = await idp.issueToken({
      header: { alg: 'PS512', crit: ['x'], x: 1, typ: undefined, kid: 'k' },
    });
    const header = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString());
    assert.deepEqual(header, { alg: 'PS512', crit: ['x'], x: 1, kid: 'k' });
    assert.equal(await challengeOf(token), REFUSED);
  });

  it('issues a token of no session: well signed, and unknown to userinfo', async () => {
    const token = await idp.issueToken({ session: false });
    assert.equal((await verify(token)).payload.sid, 'no-such-session');
    assert.match(await challengeOf(token), /^401 .*error_description="user_session_not_found"$/);
  });

  it('gives roles that Keycloak makes itself, where the file has more of their client', async () => {
    const client = { account: [{ name: 'customers' }], broker: [{ name: 'links' }] };
    const own = await startDevIdp({ realm: { realm: 'own', roles: { client } } });
    try {
      own.addUser({ username: 'ann', clientRoles: { account: ['view-consent'], broker: ['read-token'] } });
      assert.throws(
        () => own.addUser({ username: 'bob', realmRoles: ['none'], groups: ['/none'] }),
        TypeError,
      );
    } finally {
      await own.close();
    }
  });

  it('names the user or client that does not exist', async () => {
    await assert.rejects(idp.issueToken({ username: 'nobody' }), /there is no user 'nobody'/);
    await assert.rejects(idp.issueToken({ clientId: 'nothing' }), /there is no client 'nothing'/);
    assert.throws(() => idp.disableUser('nobody'), /there is no user 'nobody'/);
  });

  it('hands its keys to another provider, whose tokens they then verify', async () => {
    const other = await startDevIdp({ realmFile, keys: idp.exportKeys() });
    try {
      const { payload } = await jwtVerify(await other.issueToken(), createLocalJWKSet(await jwks()));
      assert.equal(payload.iss, other.issuer);
      assert.deepEqual(other.exportKeys(), idp.exportKeys());
    } finally {
      await other.close();
    }
  });

  it('keeps tokens of an old key good, or not, when keys rotate', async () => {
    const old = await idp.issueToken();
    await idp.rotateKeys({ keepOld: true });
    await verify(old);
    assert.equal((await userinfo(old)).status, 200);
    const kid = decodeProtectedHeader(await idp.issueToken()).kid;
    assert.notEqual(kid, decodeProtectedHeader(old).kid);
    await idp.rotateKeys({ keepOld: false });
    await assert.rejects(verify(old));
    assert.equal(await challengeOf(old), REFUSED);
    assert.equal((await jwks()).keys.length, 3);
  });

  it('moves the clock: a token expires', async () => {
    const token = await idp.issueToken();
    idp.advanceClock(301);
    assert.equal(await challengeOf(token), REFUSED);
    idp.advanceClock(-301);
    assert.equal((await userinfo(token)).status, 200);
    assert.ok(Math.abs(decodeJwt(token).iat! - idp.now() / 1000) < 60);
  });

  it('ends one session, and all sessions of a user', async () => {
    const [one, two] = [await login(), await login()];
    assert.ok(idp.sessionsOf('abdullah').includes(one.session_state));
    await idp.endSession(one.session_state);
    assert.match(await challengeOf(one.access_token), /user_session_not_found/);
    assert.equal((await userinfo(two.access_token)).status, 200);
    await idp.logoutUser('abdullah');
    assert.match(await challengeOf(two.access_token), /user_session_not_found/);
    assert.deepEqual(idp.sessionsOf('abdullah'), []);
  });

  it('disables and enables a user', async () => {
    const { access_token } = await login();
    idp.disableUser('abdullah');
    assert.match(await challengeOf(access_token), /error_description="User disabled"/);
    idp.enableUser('abdullah');
    assert.equal((await userinfo(access_token)).status, 200);
  });

  it('changes clients and realm settings while it runs', async () => {
    idp.updateClient('fastapi-keycloak', { directAccessGrantsEnabled: false });
    const refused = await post('token', { ...credentials, grant_type: 'password' });
    assert.equal(refused.status, 400);
    idp.updateClient('fastapi-keycloak', { directAccessGrantsEnabled: true });
    idp.updateRealm({ accessTokenLifespan: 42 });
    const claims = decodeJwt((await login()).access_token);
    assert.equal(claims.exp! - claims.iat!, 42);
    idp.updateRealm({ accessTokenLifespan: 300 });
  });

  it('changes one attribute of a client, and leaves the others, as Keycloak does', async () => {
    const lifespan = async () => {
      const { exp = 0, iat = 0 } = decodeJwt((await login()).access_token);
      return exp - iat;
    };
    idp.updateClient('fastapi-keycloak', { attributes: { 'access.token.lifespan': '42' } });
    idp.updateClient('fastapi-keycloak', { attributes: { 'post.logout.redirect.uris': '+' } });
    assert.equal(await lifespan(), 42);
    idp.updateClient('fastapi-keycloak', { attributes: { 'access.token.lifespan': '' } });
    assert.equal(await lifespan(), 300);
  });

  it('goes down and comes back on the same port, with its sessions', async () => {
    const { access_token } = await login();
    await idp.goDown();
    await assert.rejects(userinfo(access_token), /fetch failed/);
    await idp.comeBack();
    assert.equal((await userinfo(access_token)).status, 200);
  });

  it('answers with an error, everywhere or at one endpoint', async () => {
    idp.answerWithError(500, 'jwks');
    assert.equal((await fetch(`${idp.issuer}/protocol/openid-connect/certs`)).status, 500);
    assert.equal((await fetch(idp.issuer)).status, 200);
    idp.answerWithError(503);
    assert.equal((await fetch(idp.issuer)).status, 503);
    idp.answerNormally();
    assert.equal((await fetch(idp.issuer)).status, 200);
  });

  it('answers garbage', async () => {
    idp.answerGarbage('discovery');
    const answer = await fetch(`${idp.issuer}/.well-known/openid-configuration`);
    assert.equal(answer.status, 200);
    await assert.rejects(answer.json());
  });

  it('answers slowly, and holds answers back until it is told otherwise', async () => {
    idp.answerSlowly(Number.POSITIVE_INFINITY, 'jwks');
    const answer = jwks();
    const first = await Promise.race([answer, fetch(idp.issuer).then(() => 'the other endpoint')]);
    assert.equal(first, 'the other endpoint');
    idp.answerNormally();
    assert.equal((await answer).keys.length, 3);
  });

  it('counts the requests to each endpoint', async () => {
    idp.resetRequests();
    const { access_token } = await login();
    await userinfo(access_token);
    await userinfo('garbage');
    await fetch(`${idp.url}/nowhere`);
    const asked = Object.entries(idp.requests).filter(([, count]) => count > 0);
    assert.deepEqual(Object.fromEntries(asked), { token: 1, userinfo: 2, other: 1 });
  });

  it('is found by a client that reads the JWK Set from its URL', async () => {
    const keys = createRemoteJWKSet(new URL(`${idp.issuer}/protocol/openid-connect/certs`));
    await jwtVerify(await idp.issueToken(), keys, { issuer: idp.issuer, audience: 'fastapi-keycloak' });
  });
});
