import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { AuthError, type TokenVerifier } from '../../packages/guard/src/core/index.ts';
import { createMemorySessionStore, createSessions } from '../../packages/guard/src/session/index.ts';
import { createSessionKeeper } from '../../packages/guard/src/session/record/keeper.ts';
import { resolveSessionOptions } from '../../packages/guard/src/session/resolved-options.ts';
import { SECRET, startIdp } from '../support/dev-idp.ts';
import { COOKIE, ORIGIN, openBrowser } from './browser.ts';

/** Sessions whose verifier answers with whatever it is told, and a request of somebody who is signed in. */
async function setUp(t: TestContext, verify: () => unknown) {
  const options = {
    client: createClient({
      serverUrl: 'http://127.0.0.1:9',
      realm: 'testing',
      clientId: 'fastapi-keycloak',
    }),
    secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
    store: createMemorySessionStore(),
    publicUrl: ORIGIN,
  };
  const verifier = { verify, load: async () => {}, members: [] } as unknown as TokenVerifier;
  const sessions = createSessions({ ...options, verifier });
  t.after(() => sessions.close());
  const { cookie } = await createSessionKeeper(resolveSessionOptions(options)).begin({
    ...{ accessToken: 'a', tokenType: 'bearer', expiresInSeconds: 3_600, scopes: [] },
    ...{ refreshToken: null, refreshExpiresInSeconds: null, idToken: null },
  });
  const request = { method: 'GET', url: '/', headers: { cookie: `${COOKIE}=${encodeURIComponent(cookie)}` } };
  return { sessions, request };
}

/** A promise of another make, as libraries have them. */
const foreign = (settle: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void) =>
  Object.fromEntries([['then', settle]]);
const revoked = () => new AuthError('token_revoked', 'The session is over');

test('a verifier that refuses by a promise of another make is waited for: nobody is signed in', async (t) => {
  const { sessions, request } = await setUp(t, () => foreign((_, reject) => reject(revoked())));
  assert.equal((await sessions.authenticate(request)).principal, null);
  const { sessions: again, request: asked } = await setUp(t, () => foreign((_, reject) => reject(revoked())));
  assert.deepEqual(JSON.parse((await again.describe(asked)).body ?? ''), { authenticated: false });
});

for (const [name, answer] of [
  ['nothing', () => undefined],
  ['null', () => null],
  ['true', () => true],
  ['nothing, by a promise', async () => undefined],
  ['{}, by a promise of another make', () => foreign((resolve) => resolve({}))],
] as const) {
  test(`a verifier that answers with ${name} signs nobody in`, async (t) => {
    const { sessions, request } = await setUp(t, answer);
    await assert.rejects(async () => sessions.authenticate(request), TypeError);
    await assert.rejects(sessions.describe(request), TypeError);
  });
}

test('a verifier that answers with a principal by a promise of another make signs in', async (t) => {
  const principal = { issuer: 'i', claims: {}, username: 'abdullah' };
  const { sessions, request } = await setUp(t, () => foreign((resolve) => resolve(principal)));
  assert.equal((await sessions.authenticate(request)).principal, principal);
});

/** Comes back from Keycloak with a code to sessions whose verifier answers with whatever it is told. */
async function finishLogin(t: TestContext, verify: () => unknown) {
  const idp = await startIdp(t);
  const sessions = createSessions({
    verifier: { verify, load: async () => {}, members: [] } as unknown as TokenVerifier,
    client: createClient({
      ...{ serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak', clientSecret: SECRET },
    }),
    secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
    publicUrl: ORIGIN,
  });
  t.after(() => sessions.close());
  const begun = await sessions.startLogin({ method: 'GET', url: '/auth/login', headers: {} });
  const back = new URL(await openBrowser({} as never).signInAt(String(begun.headers.location)));
  const headers = { cookie: begun.setCookies[0]?.split(';')[0] ?? '' };
  const levels: string[] = [];
  const at = (level: string) => () => void levels.push(level);
  const log = { info: at('info'), warn: at('warn'), error: at('error') };
  const url = back.pathname + back.search;
  const { status } = await sessions.finishLogin({ method: 'GET', url, headers, log });
  return [status, levels];
}

test('a login whose token the verifier answers with no principal begins no session', async (t) => {
  await assert.rejects(
    finishLogin(t, async () => undefined),
    TypeError,
  );
});

test('a login whose token Keycloak calls bad is one of set-up: to try again is for what overtook it', async (t) => {
  for (const [seen, answer] of [
    ['introspection says inactive', [500, ['error']]],
    ['revocation of type subject', [400, ['warn']]],
  ] as const) {
    const refused = new AuthError('token_revoked', 'The token is no longer good', { seen });
    assert.deepEqual(await finishLogin(t, () => Promise.reject(refused)), answer);
  }
});

test('an answer that takes the cookie away is not for caches: everybody they give it to would be signed out', async (t) => {
  const { sessions, request } = await setUp(t, () => {
    throw revoked();
  });
  const { principal, headers, setCookies } = await sessions.authenticate(request);
  assert.equal(principal, null);
  assert.match(setCookies[0] ?? '', /; Max-Age=0;/);
  assert.deepEqual(headers, { 'cache-control': 'no-store' });
});
