import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { eventually } from '../support/eventually.ts';
import { openSocketBrowser } from './socket-browser.ts';

/** An app on some runtime, and the provider that it asks. */
export interface Running {
  /** With the path of the adapter: `http://127.0.0.1:40123/hono`. */
  readonly url: string;
  readonly idp: DevIdp;
}

/** What is seen of every app, on every runtime, in this order: the first finds it as it was started. */
export const CHECKS: Readonly<Record<string, (running: Running) => Promise<void>>> = {
  'a client that hangs up leaves nobody waiting': async ({ url, idp }) => {
    const token = await idp.issueToken();
    idp.answerSlowly(800, 'jwks');
    const hangingUp = AbortSignal.timeout(200);
    await assert.rejects(get(`${url}/guarded`, token, { signal: hangingUp }));
    idp.answerNormally();
    assert.equal((await get(`${url}/guarded`, token)).status, 200);
  },

  'many at once get in with good tokens': async ({ url, idp }) => {
    const tokens = await Promise.all(Array.from({ length: 10 }, () => idp.issueToken()));
    const answers = await Promise.all(
      [...tokens, ...tokens, ...tokens].map((token) => get(`${url}/guarded`, token)),
    );
    for (const answer of answers) {
      assert.deepEqual([answer.status, await answer.json()], [200, { username: 'abdullah' }]);
    }
    const es256 = await idp.issueToken({ key: 'ES256' });
    assert.equal((await get(`${url}/guarded`, es256)).status, 200, 'ES256');
    assert.deepEqual(await (await get(`${url}/open`)).json(), { open: true });
  },

  'who has no token is refused, with a bare challenge': async ({ url }) => {
    for (const path of ['/guarded', '/admin', '/stream']) {
      await refused(await get(url + path), 401, /^Bearer$/, 'Not authenticated');
    }
    const head = await get(`${url}/guarded`, undefined, { method: 'HEAD' });
    assert.deepEqual(
      [head.status, head.headers.get('www-authenticate'), await head.text()],
      [401, 'Bearer', ''],
    );
  },

  'bad tokens are refused': async ({ url, idp }) => {
    const bad = [
      ...(['unknown', 'unknown-kid', 'public-key-as-secret', 'none', 'broken'] as const).map((key) => ({
        key,
      })),
      { type: 'id' as const },
      { claims: { exp: Math.floor(Date.now() / 1000) - 60 } },
      { claims: { iss: 'http://elsewhere.example.com/realms/testing' } },
      { claims: { aud: 'other', azp: 'other' } },
    ];
    for (const request of bad) {
      const answer = await get(`${url}/guarded`, await idp.issueToken(request));
      await refused(answer, 401, /^Bearer error="invalid_token", /, 'Could not validate credentials');
    }
    await refused(
      await get(`${url}/optional`, 'no-token'),
      401,
      /invalid_token/,
      'Could not validate credentials',
    );
    assert.deepEqual(await (await get(`${url}/optional`)).json(), { username: null });
  },

  'roles and scopes are asked for': async ({ url, idp }) => {
    const token = await idp.issueToken();
    await refused(
      await get(`${url}/admin`, token),
      403,
      /^Bearer error="insufficient_scope"/,
      'Not enough permissions',
    );
    const scoped = await get(`${url}/scoped`, token);
    await refused(scoped, 403, /scope="orders:read"/, 'Not enough permissions');
    const admin = await idp.issueToken({ claims: { realm_access: { roles: ['admin'] } } });
    assert.equal((await get(`${url}/admin`, admin)).status, 200);
  },

  'answers stream': async ({ url, idp }) => {
    const answer = await get(`${url}/stream`, await idp.issueToken());
    assert.equal((await answer.text()).split('\n').length, 11);
  },

  'a logout that Keycloak tells of counts at once': async ({ url, idp }) => {
    const token = await idp.issueToken();
    assert.equal((await get(`${url}/guarded`, token)).status, 200);
    idp.updateClient('fastapi-keycloak', {
      attributes: {
        'backchannel.logout.url': `${url}/backchannel-logout`,
        'backchannel.logout.session.required': 'true',
      },
    });
    await idp.logoutUser('abdullah');
    await refused(await get(`${url}/guarded`, token), 401, /invalid_token/, 'Could not validate credentials');
    assert.equal(
      (
        await get(`${url}/backchannel-logout`, undefined, {
          method: 'POST',
          body: new URLSearchParams('a=b'),
        })
      ).status,
      400,
    );
  },

  'a disabled user is out soon, without being told': async ({ url, idp }) => {
    const token = await idp.issueToken();
    try {
      assert.equal((await get(`${url}/guarded`, token)).status, 200);
      idp.disableUser('abdullah');
      await eventually('the user is out', async () => (await get(`${url}/guarded`, token)).status === 401);
    } finally {
      idp.enableUser('abdullah');
    }
  },

  'new keys are found, and old ones forgotten': async ({ url, idp }) => {
    const before = await idp.issueToken();
    assert.equal((await get(`${url}/guarded`, before)).status, 200);
    await idp.rotateKeys({ keepOld: false });
    const after = await idp.issueToken();
    await eventually('a new key is good', async () => (await get(`${url}/guarded`, after)).status === 200);
    await eventually('an old key is not', async () => (await get(`${url}/guarded`, before)).status === 401);
  },

  'known keys serve on while Keycloak is down': async ({ url, idp }) => {
    assert.equal((await get(`${url}/guarded`, await idp.issueToken())).status, 200);
    const tokens = await Promise.all([idp.issueToken(), idp.issueToken()]);
    await idp.goDown();
    try {
      for (const token of tokens) assert.equal((await get(`${url}/guarded`, token)).status, 200);
    } finally {
      await idp.comeBack();
    }
    await eventually('it is back', async () => (await get(`${url}/guarded`, tokens[0])).status === 200);
  },

  'people sign in and out with the browser': async ({ url }) => {
    const browser = openSocketBrowser(url);
    const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' };
    const invited = await browser.app({ url: '/guarded', headers: page });
    assert.equal(invited.statusCode, 303);
    const back = await browser.signIn();
    assert.equal(back.statusCode, 303);
    assert.match((await browser.app({ url: '/guarded' })).body, /"username":"abdullah"/);
    const headers = { 'sec-fetch-site': 'same-origin' };
    assert.equal((await browser.app({ method: 'POST', url: '/auth/logout', headers })).statusCode, 303);
    await wait(10);
    assert.equal((await browser.app({ url: '/guarded' })).statusCode, 401);
  },
};

function get(url: string, token?: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...init.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  return fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(30_000), ...init, headers });
}

async function refused(answer: Response, status: number, challenge: RegExp, detail: string): Promise<void> {
  assert.deepEqual([answer.status, await answer.text()], [status, JSON.stringify({ detail })]);
  assert.match(answer.headers.get('www-authenticate') ?? '', challenge);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
}
