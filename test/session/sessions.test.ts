import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { AuthError, createVerifier, OptionsError } from '../../packages/guard/src/core/index.ts';
import {
  createMemorySessionStore,
  createSessions,
  type SessionEvent,
  type SessionRequest,
  type Sessions,
  type SessionsOptions,
} from '../../packages/guard/src/session/index.ts';
import { SECRET, startIdp } from '../support/dev-idp.ts';
import { COOKIE, ORIGIN, openBrowser } from './browser.ts';

const FROM_HERE = { 'sec-fetch-site': 'same-origin' };

async function setUp(t: TestContext, more: Partial<SessionsOptions<string>> = {}) {
  const idp = await startIdp(t);
  const keycloak = { serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' };
  const verifier = createVerifier({ ...keycloak, tokenCheck: 'local' });
  t.after(() => verifier.close());
  const events: (readonly [SessionEvent['type'], string, string | null])[] = [];
  const sessions = createSessions<string>({
    verifier,
    client: createClient({ ...keycloak, clientSecret: SECRET }),
    secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
    publicUrl: ORIGIN,
    onEvent: ({ type, reason }, source) => void events.push([type, reason, source]),
    ...more,
  });
  t.after(() => sessions.close());
  return { idp, sessions, events };
}

/** As Node has a request. */
const asNode = (
  url: string,
  headers: Record<string, string> = {},
  method = 'GET',
): SessionRequest<string> => ({
  ...{ method, url, headers, source: `node ${url.split('?')[0]}` },
});

/** As Fetch has it. */
function asFetch(url: string, headers: Record<string, string> = {}, method = 'GET'): SessionRequest<string> {
  const request = new Request(new URL(url, ORIGIN), { method });
  const { url: whole } = request;
  return { method, url: whole, headers: new Headers(headers), source: `fetch ${url.split('?')[0]}` };
}

const pairOf = (setCookie = ''): string => setCookie.split(';')[0] ?? '';

/** The way of a browser through the engine, up to the session's cookie. */
async function signIn(sessions: Sessions<string>, toRequest: typeof asNode, query = ''): Promise<string> {
  const begun = await sessions.startLogin(toRequest(`${sessions.paths.startLogin}${query}`));
  assert.deepEqual([begun.status, begun.body, begun.setCookies.length], [303, undefined, 1]);
  const back = new URL(await openBrowser({} as never).signInAt(String(begun.headers.location)));
  const ticket = pairOf(begun.setCookies[0]);
  const done = await sessions.finishLogin(toRequest(back.pathname + back.search, { cookie: ticket }));
  assert.deepEqual([done.status, done.body], [303, undefined]);
  assert.deepEqual(done.headers, { 'cache-control': 'no-store', location: `${ORIGIN}/me` });
  const [used, session] = done.setCookies;
  assert.equal(used, `${ticket.split('=')[0]}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`);
  assert.match(session ?? '', new RegExp(`^${COOKIE}=[^;]+; Path=/; HttpOnly; SameSite=Lax$`));
  return pairOf(session);
}

for (const [kind, toRequest] of [
  ['Node', asNode],
  ['Fetch', asFetch],
] as const) {
  test(`requests of ${kind} sign in, are known without a promise, and sign out`, async (t) => {
    const { idp, sessions, events } = await setUp(t);
    const cookie = await signIn(sessions, toRequest, '?return_to=/me');

    await sessions.authenticate(toRequest('/me', { cookie }));
    const known = sessions.authenticate(toRequest('/me', { cookie }));
    assert.ok(!(known instanceof Promise));
    assert.equal(known.principal?.username, 'abdullah');
    assert.deepEqual([known.headers, known.setCookies], [{ 'cache-control': 'private', vary: 'Cookie' }, []]);

    const described = await sessions.describe(toRequest('/auth/session', { cookie }));
    assert.deepEqual(
      [described.status, described.setCookies, described.headers],
      [200, [], { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' }],
    );
    const { user, authenticated } = JSON.parse(described.body ?? '');
    assert.deepEqual([authenticated, user.preferred_username], [true, 'abdullah']);

    const out = await sessions.signOut(toRequest('/auth/logout', { cookie, ...FROM_HERE }, 'POST'));
    assert.equal(out.status, 303);
    assert.ok(out.headers.location?.startsWith(`${idp.issuer}/protocol/openid-connect/logout?`));
    assert.deepEqual(out.setCookies, [`${COOKIE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`]);

    const after = await sessions.authenticate(toRequest('/me', { cookie }));
    assert.deepEqual(after, {
      principal: null,
      headers: { 'cache-control': 'no-store' },
      setCookies: out.setCookies,
    });
    const name = kind.toLowerCase();
    assert.deepEqual(events, [
      ['started', 'login', `${name} /auth/callback`],
      ['ended', 'logout', `${name} /auth/logout`],
    ]);
  });

  test(`of ${kind}'s, a request with a session that another origin may have sent is refused`, async (t) => {
    const { sessions, events } = await setUp(t);
    const cookie = await signIn(sessions, toRequest, '?return_to=/me');
    const refused = { code: 'cross_origin_request', statusCode: 403 };
    for (const headers of [
      { cookie },
      { cookie, 'sec-fetch-site': 'cross-site' },
      { cookie, origin: 'http://evil.test' },
    ]) {
      assert.throws(() => sessions.authenticate(toRequest('/me', headers, 'POST')), refused);
      await assert.rejects(sessions.signOut(toRequest('/auth/logout', headers, 'POST')), refused);
    }
    assert.deepEqual(events.at(-1), [
      'logout_refused',
      'cross_origin_request',
      `${kind.toLowerCase()} /auth/logout`,
    ]);
    assert.ok((await sessions.authenticate(toRequest('/me', { cookie, ...FROM_HERE }, 'POST'))).principal);
  });
}

test('nobody is nobody at once, without a cookie or with one of others', async (t) => {
  const { sessions } = await setUp(t);
  for (const headers of [{}, { cookie: 'other=1' }]) {
    assert.deepEqual(sessions.authenticate(asNode('/me', headers)), {
      principal: null,
      headers: { vary: 'Cookie' },
      setCookies: [],
    });
  }
  const answer = await sessions.describe(asNode('/auth/session', { cookie: `${COOKIE}=not-ours` }));
  assert.deepEqual([answer.status, answer.setCookies, answer.body], [200, [], '{"authenticated":false}']);
});

test('a callback that belongs to no login is a page for browsers, and JSON for everybody else', async (t) => {
  const { sessions, events } = await setUp(t);
  const json = await sessions.finishLogin(asNode('/auth/callback?state=made-up&code=x'));
  assert.deepEqual(json, {
    status: 400,
    headers: {
      'cache-control': 'no-store',
      vary: 'Accept',
      'content-type': 'application/json; charset=utf-8',
    },
    setCookies: [],
    body: '{"detail":"This sign-in is no longer valid"}',
  });
  const page = await sessions.finishLogin(asFetch('/auth/callback', { accept: 'text/html,*/*' }));
  assert.deepEqual([page.status, page.headers['content-type']], [400, 'text/html; charset=utf-8']);
  assert.match(page.body ?? '', /<h1>This sign-in is no longer valid<\/h1>[\s\S]*href="\/auth\/login"/);
  assert.deepEqual(
    events.map(([type, reason]) => [type, reason]),
    [
      ['login_failed', 'not_yours'],
      ['login_failed', 'not_yours'],
    ],
  );
});

test('a code that Keycloak does not take is a failure of its own, and the log has the words of Keycloak and what to do', async (t) => {
  const { idp, sessions, events } = await setUp(t);
  const begun = await sessions.startLogin(asNode(sessions.paths.startLogin));
  const back = new URL(await openBrowser({} as never).signInAt(String(begun.headers.location)));
  const code = back.searchParams.get('code') as string;
  // As by a proxy that called the callback before, or a Keycloak that knows nothing of it.
  const fields = { grant_type: 'authorization_code', code, redirect_uri: `${ORIGIN}/auth/callback` };
  const used = await fetch(`${idp.url}/realms/testing/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...fields, client_id: 'fastapi-keycloak', client_secret: SECRET }),
  });
  assert.equal(used.status, 400);
  const lines: unknown[] = [];
  const keep = (...line: unknown[]) => void lines.push(line);
  const answer = await sessions.finishLogin({
    ...asNode(back.pathname + back.search, { cookie: pairOf(begun.setCookies[0]) }),
    log: { info: () => {}, warn: keep, error: keep },
  });
  assert.deepEqual([answer.status, answer.body], [400, '{"detail":"Sign-in did not succeed"}']);
  assert.deepEqual(
    events.map(([type, reason]) => [type, reason]),
    [['login_failed', 'code_refused']],
  );
  assert.equal(lines.length, 1);
  const shown = JSON.stringify(lines);
  assert.match(shown, /code-not-valid.*the sign-in failed: Keycloak did not take the code .*Code not valid/);
  assert.match(shown, /several nodes/);
  assert.ok(!shown.includes(code));
});

test('a sign-in that Keycloak or the person refused is in the log with its error, and words that somebody made up are not', async (t) => {
  const { idp, sessions, events } = await setUp(t);
  const lines: unknown[] = [];
  for (const error of [
    'access_denied',
    'temporarily_unavailable',
    'invalid_request_object',
    'my own words',
  ]) {
    const begun = await sessions.startLogin(asNode(sessions.paths.startLogin));
    const state = new URL(String(begun.headers.location)).searchParams.get('state') as string;
    const query = new URLSearchParams({ state, iss: idp.issuer, error, error_description: `why ${error}` });
    await sessions.finishLogin({
      ...asNode(`/auth/callback?${query}`, { cookie: pairOf(begun.setCookies[0]) }),
      ...{ id: 'r1', log: { info: (...line) => void lines.push(line), warn() {}, error() {} } },
    });
  }
  assert.deepEqual(
    events.map(([, reason]) => reason),
    ['cancelled', 'refused', 'refused', 'refused'],
  );
  const refused = (seen?: string) => [{ reqId: 'r1', seen }, 'Keycloak refused the login'];
  assert.deepEqual(
    lines,
    ['access_denied', 'temporarily_unavailable', 'invalid_request_object', undefined].map(refused),
  );
});

test('without a public URL the origin is the one that the request tells, or its own URL has', async (t) => {
  const { sessions } = await setUp(t, { publicUrl: undefined, prefix: '/sso' });
  assert.deepEqual(sessions.paths, {
    startLogin: '/sso/login',
    finishLogin: '/sso/callback',
    describe: '/sso/session',
    refused: '/sso/refused',
    signOut: '/sso/logout',
  });
  const redirectUri = async (request: SessionRequest<string>) => {
    const { headers, setCookies } = await sessions.startLogin(request);
    return [
      new URL(String(headers.location)).searchParams.get('redirect_uri'),
      /; Secure;/.test(setCookies[0] ?? ''),
    ];
  };
  const told = { ...asNode('/sso/login'), origin: 'https://app.test' };
  assert.deepEqual(await redirectUri(told), ['https://app.test/sso/callback', true]);
  assert.deepEqual(await redirectUri(asFetch('/sso/login')), [`${ORIGIN}/sso/callback`, false]);
  await assert.rejects(sessions.startLogin(asNode('/sso/login')), {
    ...{ name: 'TypeError', message: /^Sessions have to know where the app is: set publicUrl/ },
  });
  const unfit = ['', 'a b', 'user@app.test', 'app.test/path', 'app.test?a', 'app.test#a', 'a'.repeat(254)];
  for (const host of unfit) {
    const origin = `http://${host}`;
    const { status, body } = await sessions.startLogin({ ...asNode('/sso/login'), origin });
    assert.deepEqual([status, body], [400, '{"detail":"Sign-in is not possible at this address"}'], origin);
  }
});

test('a path to go back to that is too long when it is encoded is left out, and the sign-in goes on', async (t) => {
  const { sessions } = await setUp(t);
  const url = `/auth/login?return_to=/${encodeURIComponent('鍵'.repeat(2000))}`;
  const begun = await sessions.startLogin(asNode(url));
  assert.equal(begun.status, 303);
  assert.ok(pairOf(begun.setCookies[0]).length < 4096);
});

test('lines of the log have the id of the request; without a log they go to the standard error output', async (t) => {
  const { sessions } = await setUp(t, {
    client: {
      ...createClient({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'x' }),
      timeoutMs: 1,
    },
  });
  const lines: unknown[] = [];
  const log = {
    info: () => {},
    warn: (fields: object, message: string) => void lines.push([fields, message]),
    error: () => {},
  };
  const answer = await sessions.startLogin({ ...asNode('/auth/login'), id: 'r1', log });
  assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '5']);
  assert.equal(lines.length, 1);
  const [[fields, message]] = lines as [[{ reqId: string; id: string }, string]];
  assert.equal(fields.reqId, 'r1');
  assert.match(message, /^identity provider unavailable: /);

  const said: string[] = [];
  t.mock.method(process.stderr, 'write', (line: string) => said.push(line) > 0);
  await sessions.startLogin(asNode('/auth/login'));
  t.mock.restoreAll();
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /^keycloak-guard: browser sessions: identity provider unavailable: .*\n$/);
  assert.ok(said[0]?.endsWith(`(${fields.id})\n`));
});

test('a store that was given stays open when the sessions are closed, a store of their own does not', async (t) => {
  let closed = 0;
  const store = { ...createMemorySessionStore(), close: async () => void closed++ };
  const { sessions } = await setUp(t, { store });
  await sessions.close();
  assert.equal(closed, 0);
});

test('a verifier is a must, and every mistake in the options is told at once', () => {
  assert.throws(
    // Without `openid` there is no ID token, and every sign-in fails as if Keycloak were down.
    () => createSessions({ secret: 'x', verifier: {}, prefx: '/', scope: 'profile email' } as never),
    (error) => {
      assert.ok(error instanceof OptionsError);
      assert.match(error.message, /^createSessions/);
      assert.deepEqual(error.problems.map(({ option }) => option).sort(), [
        'client',
        'prefx',
        'scope',
        'secret',
        'verifier',
      ]);
      return true;
    },
  );
});

test('errors are those of the library, for a framework to answer', async (t) => {
  const store = { ...createMemorySessionStore() };
  const { sessions } = await setUp(t, { store, maxCachedSessions: 0 });
  const cookie = await signIn(sessions, asNode, '?return_to=/me');
  store.get = async () => Promise.reject(new Error('connect ECONNREFUSED'));
  await assert.rejects(
    async () => sessions.authenticate(asNode('/me', { cookie })),
    (error) => {
      assert.ok(error instanceof AuthError);
      assert.deepEqual([error.code, error.statusCode], ['session_store_unavailable', 503]);
      return true;
    },
  );
});
