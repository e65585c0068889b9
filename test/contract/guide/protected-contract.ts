import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { before, test } from 'node:test';
import type { Answer } from './guide-service.ts';
import { ABDULLAH, CLIENT, clientFields, PASSWORD } from './provider.ts';
import type { Stage } from './stage.ts';

const NOT_VALID = 'The access token is not valid';

export function protectedContract(stage: Stage): void {
  let tokens: Record<string, string> = {};
  before(async () => {
    tokens = await logIn(stage);
  });

  test('the access token of a login tells who it is', async () => {
    const { body } = await stage.service.login({ username: 'abdullah', password: PASSWORD });
    const token = (body as Record<string, string>).access_token;
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const answer = await stage.service.getProtected(`${scheme} ${token}`);
      assert.equal(answer.status, 200, scheme);
      assert.deepEqual(answer.body, ABDULLAH, scheme);
    }
  });

  // From Keycloak 24 on the user profile asks people for both; a service account has neither in every version.
  test('a caller with neither name nor address is answered with null', async () => {
    const { access_token: token } = await stage.requestTokens({
      grant_type: 'client_credentials',
    });
    const answer = await stage.service.getProtected(`Bearer ${token}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, {
      preferred_username: `service-account-${CLIENT.id}`,
      email: null,
      full_name: null,
    });
  });

  test('no token is a bare challenge', async () => {
    const answer = await stage.service.getProtected();
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.body, { detail: 'Not authenticated' });
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
  });

  test('another scheme is refused', async () => {
    const answer = await stage.service.getProtected('Basic YWJkdWxsYWg6c2VjcmV0');
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.body, { detail: 'Invalid authentication credentials' });
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
  });

  test('broken and forged tokens are refused with the same words', async () => {
    const [header = '', payload = '', signature = ''] = (tokens.access_token ?? '').split('.');
    const changed = encode({ ...decode(payload), preferred_username: 'admin' });
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signed = sign('sha256', Buffer.from(`${header}.${changed}`), privateKey).toString('base64url');
    const forgeries = {
      'not a token': 'abc.def.ghi',
      'cut short': `${header}.${payload}`,
      'another payload': `${header}.${changed}.${signature}`,
      'another signature': `${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`,
      'no algorithm': `${encode({ ...decode(header), alg: 'none' })}.${changed}.`,
      'signed with a key of its own': `${header}.${changed}.${signed}`,
    };
    for (const [name, token] of Object.entries(forgeries)) {
      assertInvalid(await stage.service.getProtected(`Bearer ${token}`), NOT_VALID, name);
    }
  });

  test('a good token of another realm is refused', async () => {
    const token = await stage.provider.issueForeignToken();
    assertInvalid(await stage.service.getProtected(`Bearer ${token}`), NOT_VALID);
  });

  test('an ID token and a refresh token are no access tokens', async () => {
    const { id_token: idToken, refresh_token: refreshToken } = tokens;
    assertInvalid(
      await stage.service.getProtected(`Bearer ${idToken}`),
      'The token is not an access token',
      'ID token',
    );
    // A refresh token is signed with a secret of the provider (HS512): its type is never looked at.
    assertInvalid(await stage.service.getProtected(`Bearer ${refreshToken}`), NOT_VALID, 'refresh token');
  });

  test('an expired token is refused', async () => {
    const service = await stage.startOther({ CLOCK_TOLERANCE_SECONDS: '0', TOKEN_CHECK: 'local' });
    await stage.provider.updateClient(CLIENT.id, { attributes: { 'access.token.lifespan': '5' } });
    try {
      const { access_token: token = '' } = await logIn(stage);
      assert.equal((await service.getProtected(`Bearer ${token}`)).status, 200);
      const { exp } = decode(token.split('.')[1] ?? '') as { exp: number };
      await new Promise((resolve) => setTimeout(resolve, exp * 1000 - Date.now() + 50));
      assertInvalid(await service.getProtected(`Bearer ${token}`), 'The access token expired');
    } finally {
      await stage.provider.updateClient(CLIENT.id, { attributes: { 'access.token.lifespan': '' } });
      await service.close();
    }
  });

  test('once keys are loaded, a fresh token costs the provider no call', async () => {
    const { access_token: token } = await logIn(stage);
    assert.equal((await stage.service.getProtected(`Bearer ${token}`)).status, 200);
    const seen = stage.front.seen.length;
    for (let i = 0; i < 20; i += 1) await stage.service.getProtected(`Bearer ${token}`);
    assert.equal(stage.front.seen.length, seen);
  });
}

/** Tokens that the service asks the provider about, with its credential. */
export function remoteCheckContract(stage: Stage): void {
  test('with TOKEN_CHECK=remote a token is out with its session', async () => {
    const service = await stage.startOther({ TOKEN_CHECK: 'remote' });
    try {
      const { access_token: token, refresh_token: refreshToken = '' } = await logIn(stage);
      assert.equal((await service.getProtected(`Bearer ${token}`)).status, 200);
      const logout = await fetch(
        `${stage.front.url}/realms/${stage.provider.realm}/protocol/openid-connect/logout`,
        {
          method: 'POST',
          body: new URLSearchParams({
            ...(await clientFields(stage.front.url, stage.provider.credential)),
            refresh_token: refreshToken,
          }),
        },
      );
      assert.equal(logout.status, 204);
      assertInvalid(await service.getProtected(`Bearer ${token}`), 'The access token was revoked');
    } finally {
      await service.close();
    }
  });

  test('with TOKEN_CHECK=remote a token is out with its user', async () => {
    const service = await stage.startOther({ TOKEN_CHECK: 'remote' });
    try {
      const { access_token: token } = await logIn(stage, 'sara');
      assert.equal((await service.getProtected(`Bearer ${token}`)).status, 200);
      await stage.provider.updateUser('sara', { enabled: false });
      assertInvalid(await service.getProtected(`Bearer ${token}`), 'The access token was revoked');
    } finally {
      await stage.provider.updateUser('sara', { enabled: true });
      await service.close();
    }
  });
}

function logIn(stage: Stage, username = 'abdullah'): Promise<Record<string, string>> {
  return stage.requestTokens({ username, password: PASSWORD, scope: 'openid' });
}

function assertInvalid(answer: Answer, description: string, name?: string): void {
  assert.equal(answer.status, 401, name);
  assert.deepEqual(answer.body, { detail: 'Could not validate credentials' }, name);
  assert.equal(
    answer.headers.get('www-authenticate'),
    `Bearer error="invalid_token", error_description="${description}"`,
    name,
  );
}

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
