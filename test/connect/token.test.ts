import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Token, type TokenContent } from '../../packages/connect/src/index.ts';
import { PASSWORD } from './browser.ts';
import { sharedIdp, startApp, tokenOf } from './connect-app.ts';

const encode = (object: object) => Buffer.from(JSON.stringify(object)).toString('base64url');
const make = (content: TokenContent) =>
  new Token(`${encode({ alg: 'RS256', kid: 'k' })}.${encode(content)}.c2ln`, 'my-app');

describe('a token', () => {
  const token = make({
    exp: 1,
    realm_access: { roles: ['admin', 'a:b'] },
    resource_access: { 'my-app': { roles: ['editor'] }, other: { roles: ['x:y'] } },
    authorization: {
      permissions: [
        { rsid: '1', rsname: 'album', scopes: ['view'] },
        { rsid: '2', rsname: 'album', scopes: ['delete'] },
        { rsid: '3', rsname: 'plain' },
      ],
    },
  });

  test('has roles of this application, of the realm, and of others, with colons in their names', () => {
    for (const role of ['editor', 'realm:admin', 'realm:a:b', 'other:x:y'])
      assert.ok(token.hasRole(role), role);
    for (const role of [
      'admin',
      'realm:a',
      'other:x',
      'none:x',
      '',
      'realm:',
      '__proto__:x',
      'constructor:name',
    ]) {
      assert.equal(token.hasRole(role), false, role);
    }
    assert.equal(new Token(token.token).hasRole('realm:admin'), false);
  });

  test('has a permission where one entry names both resource and scope', () => {
    assert.ok(token.hasPermission('album', 'view'));
    assert.ok(token.hasPermission('album', 'delete'));
    assert.ok(token.hasPermission('plain'));
    assert.equal(token.hasPermission('album', 'share'), false);
    assert.equal(token.hasPermission('plain', 'view'), false);
    assert.equal(make({}).hasPermission('album'), false);
  });

  test('that is none has expired, and no roles', () => {
    for (const text of ['', 'a', 'a.b.c', `${encode({})}.bnVsbA.x`]) {
      const none = new Token(text, 'my-app');
      assert.deepEqual(
        [none.isExpired(), none.signed, none.hasRole('realm:admin')],
        [true, undefined, false],
        text,
      );
    }
  });

  test('is written as JSON with all its parts', () => {
    const { token: text, content, clientId } = JSON.parse(JSON.stringify(token));
    assert.deepEqual([text, content.exp, clientId], [token.token, 1, 'my-app']);
  });
});

describe('validateToken', () => {
  test('judges the fields as an application has changed them', async (t) => {
    const idp = await sharedIdp();
    const { keycloak } = await startApp(t, {
      idp,
      routes: () => {},
      config: { 'verify-token-audience': true },
    });
    const manager = keycloak.grantManager;
    const text = await tokenOf(idp);
    const changes: [string, { content?: TokenContent; signed?: string | false; signature?: Buffer }][] = [
      ['invalid token (wrong audience)', { content: { aud: [] } }],
      ['invalid token (wrong type)', { content: { typ: 'ID' } }],
      ['invalid token (wrong ISS)', { content: { iss: 'http://another.example' } }],
      ['invalid token (expired)', { content: { exp: 0 } }],
      ['invalid token (stale token)', { content: { iat: -5 } }],
      ['invalid token (not signed)', { signed: false }],
      ['invalid token (public key signature)', { signature: Buffer.from('another') }],
      ['invalid token (public key signature)', { signed: 'a.b' }],
    ];
    for (const [message, { content, ...parts }] of changes) {
      const token = new Token(text, 'fastapi-keycloak');
      Object.assign(token.content, content);
      Object.assign(token, parts);
      await assert.rejects(manager.validateToken(token, 'Bearer'), { message });
    }
    const token = new Token(text, 'fastapi-keycloak');
    assert.equal(await manager.validateToken(token, 'Bearer'), token);
    assert.ok(token.hasRole('realm:user'));
    token.content.realm_access = {};
    assert.equal(token.hasRole('realm:user'), false);
    await assert.rejects(manager.validateToken(undefined, 'Bearer'), { message: 'invalid token (missing)' });
    await assert.rejects(manager.validateToken(new Token(text), 'ID'), {
      message: 'invalid token (wrong type)',
    });
    manager.notBefore = Math.floor(Date.now() / 1000) + 60;
    await assert.rejects(manager.validateToken(new Token(text), 'Bearer'), {
      message: 'invalid token (stale token)',
    });
  });

  test('an ID token is good for the client that it was issued to, and for no other', async (t) => {
    const idp = await sharedIdp();
    const { keycloak } = await startApp(t, { idp, routes: () => {} });
    const own = await idp.issueToken({ username: 'abdullah', type: 'id' });
    const token = await keycloak.grantManager.validateToken(new Token(own), 'ID');
    assert.equal(token.token, own);
    const others = new Token(
      await idp.issueToken({ username: 'abdullah', type: 'id', clientId: 'other-service' }),
    );
    await assert.rejects(keycloak.grantManager.validateToken(others, 'ID'), {
      message: 'invalid token (wrong audience)',
    });
  });
});

test('what waits answers by a promise, or by a callback', async (t) => {
  const idp = await sharedIdp();
  const { keycloak } = await startApp(t, { idp, routes: () => {} });
  const { grantManager } = keycloak;
  const grant = await new Promise<unknown>((resolve, reject) => {
    grantManager.obtainDirectly('abdullah', PASSWORD, (error, found) =>
      error ? reject(error) : resolve(found),
    );
  });
  const { access_token } = grant as { access_token: Token };
  assert.equal(await grantManager.validateAccessToken(access_token), access_token);
  assert.equal(await grantManager.validateAccessToken(`${access_token.token}x`), false);
  assert.equal((await grantManager.userInfo(access_token)).preferred_username, 'abdullah');
  // Without a password, Keycloak decides, too: the flow of a realm may ask for none.
  for (const password of ['wrong', undefined as never]) {
    const error = await new Promise((resolve) => grantManager.obtainDirectly('abdullah', password, resolve));
    // Which of the two, is a matter of Keycloak's version.
    assert.match((error as Error).message, /^(400:Bad Request|401:Unauthorized)$/);
  }
  await assert.rejects(grantManager.userInfo('no token'), { message: 'Error fetching account' });
});
