import assert from 'node:assert/strict';
import { AUTH, codeOf, createBrowser, createChallenge, redirectOf } from '../browser.ts';
import {
  ABDULLAH,
  type Answer,
  assertFault,
  CALLBACK,
  type Caller,
  claimsOf,
  type Fields,
  GUIDE,
  LIGHT,
  OTHER,
  pageText,
  WEB,
} from '../caller.ts';
import type { Behaviours } from '../scene.ts';

const PATH = '/ext/par/request';
const { client_id: _id, ...REQUEST } = AUTH;

const push = (caller: Caller, fields: Fields = {}, who: Fields = GUIDE, headers?: Fields) =>
  caller.post(PATH, { ...REQUEST, ...who, ...fields }, headers);

/** The query that calls what was pushed. */
async function pushed(caller: Caller, fields: Fields = {}, who: Fields = GUIDE): Promise<Fields> {
  const answer = await push(caller, fields, who);
  assert.equal(answer.status, 201, answer.text);
  return { client_id: String(who.client_id), request_uri: String(answer.json.request_uri) };
}

function assertNoRequest(answer: Answer): void {
  assert.deepEqual([answer.status, /Invalid Request/.test(pageText(answer))], [400, true]);
}

async function signIn(caller: Caller, query: Fields, browser = createBrowser(caller)): Promise<Answer> {
  let answer = await browser.visit(`${caller.base}/auth?${new URLSearchParams(query)}`);
  const isHome = () => answer.headers.get('location')?.startsWith(CALLBACK);
  while (answer.status === 302 && !isHome())
    answer = await browser.visit(answer.headers.get('location') ?? '');
  return answer.status === 302 ? answer : browser.submit(answer, ABDULLAH);
}

const exchange = (caller: Caller, back: Answer, more: Fields = {}) =>
  caller.token({
    ...GUIDE,
    grant_type: 'authorization_code',
    code: codeOf(back),
    redirect_uri: CALLBACK,
    ...more,
  });

export const parGroup: Behaviours = {
  'a pushed request is called by its URI, and is over with the sign-in': async ({ caller }) => {
    const answer = await push(caller);
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.equal(answer.json.expires_in, 60);
    const { client_id } = GUIDE;
    const query = { client_id, request_uri: String(answer.json.request_uri) };
    assert.match(query.request_uri, /^urn:ietf:params:oauth:request_uri:[0-9a-f-]{36}$/);
    // The login begins at an address of its own, twice if need be.
    for (let round = 0; round < 2; round += 1) {
      const { pathname } = redirectOf(await caller.authorize(query));
      assert.match(pathname, /\/login-actions\/authenticate$/);
    }
    const back = await signIn(caller, query);
    assert.equal(redirectOf(back).searchParams.get('state'), 'state-1');
    const { status, json } = await exchange(caller, back);
    assert.deepEqual([status, claimsOf(String(json.id_token)).nonce], [200, 'nonce-1']);
    assertNoRequest(await caller.authorize(query));
  },
  'what was pushed counts, and what the URL says fills gaps alone': async ({ caller }) => {
    const browser = createBrowser(caller);
    await browser.signIn();
    const outer = { state: 'outer', redirect_uri: 'http://evil.example/', scope: 'openid phone' };
    for (const [inner, state, scopes] of [
      [{ state: 'inner', scope: 'email' }, 'inner', 'profile email'],
      [{ state: 'inner', scope: 'openid email' }, 'inner', 'openid profile email'],
    ] as const) {
      const back = await signIn(caller, { ...(await pushed(caller, inner)), ...outer }, browser);
      assert.equal(redirectOf(back).searchParams.get('state'), state);
      const granted = String((await exchange(caller, back)).json.scope).split(' ');
      assert.deepEqual(granted.toSorted(), scopes.split(' ').toSorted());
    }
    const silent = { ...(await pushed(caller)), prompt: 'none' };
    assert.ok(codeOf(await caller.authorize(silent, browserCookies(browser))));
    const answer = await caller.authorize({ ...(await pushed(caller)), prompt: 'none' });
    assert.equal(redirectOf(answer).searchParams.get('error'), 'login_required');
  },
  'nobody else’s, unknown and foreign URIs are not followed': async ({ caller }) => {
    const query = await pushed(caller);
    assertNoRequest(await caller.authorize({ ...query, client_id: LIGHT.client_id }));
    assertNoRequest(await caller.authorize({ request_uri: query.request_uri! }));
    const none = 'urn:ietf:params:oauth:request_uri:00000000-0000-0000-0000-000000000000';
    assertNoRequest(await caller.authorize({ ...query, request_uri: none }));
    assertNoRequest(await caller.authorize({ ...query, request_uri: 'https://evil.example/request' }));
    assert.equal((await caller.authorize(query)).status, 302);
  },
  'a pushed request expires': async ({ withRealm }) => {
    await withRealm(
      (realm) => Object.assign(realm, { attributes: { parRequestUriLifespan: '2' } }),
      async (caller, realm) => {
        assert.equal((await push(caller)).json.expires_in, 2);
        const query = await pushed(caller);
        await realm.pass(3);
        assertNoRequest(await caller.authorize(query));
      },
    );
  },
  'a client that must push': async ({ withRealm }) => {
    await withRealm(
      (realm) => {
        const other = realm.clients?.find(({ clientId }) => clientId === OTHER.client_id);
        Object.assign(other?.attributes ?? {}, { 'require.pushed.authorization.requests': 'true' });
      },
      async (caller) => {
        const redirect_uri = 'http://localhost/x';
        const plain = await caller.authorize({ ...AUTH, client_id: OTHER.client_id, redirect_uri });
        const { searchParams } = redirectOf(plain);
        assert.deepEqual(
          [searchParams.get('error'), searchParams.get('error_description')],
          ['invalid_request', 'Pushed Authorization Request is only allowed.'],
        );
        const query = await pushed(caller, { redirect_uri }, OTHER);
        assert.match(redirectOf(await caller.authorize(query)).pathname, /authenticate$/);
        assert.equal((await caller.passwordGrant(OTHER)).status, 200);
      },
    );
  },
  'a public client pushes with PKCE': async ({ caller }) => {
    const redirect_uri = 'http://localhost:3000/callback';
    const missing = 'Missing parameter: code_challenge_method';
    assertFault(await push(caller, { redirect_uri }, WEB), 400, 'invalid_request', missing);
    const { fields } = createChallenge();
    assert.equal((await push(caller, { redirect_uri, ...fields }, WEB)).status, 201);
  },
  'no client, and a wrong one': async ({ caller }) => {
    for (const who of [{ ...GUIDE, client_secret: 'x' }, { client_id: 'nope' }, {} as Fields]) {
      assertFault(await push(caller, {}, who), 401, 'invalid_request', 'Authentication failed.');
    }
  },
  'a request that would not be answered cannot be pushed': async ({ caller }) => {
    const wrong: [Fields, string][] = [
      [{ redirect_uri: 'http://evil.example/' }, 'Invalid parameter: redirect_uri'],
      [{ scope: 'nonsense' }, 'Invalid scopes: nonsense'],
      [{ request_uri: 'urn:x' }, 'It is not allowed to include request_uri to PAR.'],
      [{ response_type: 'magic' }, 'Unsupported response type'],
      [{ response_mode: 'magic' }, 'Invalid parameter: response_mode'],
      [{ code_challenge: 'x', code_challenge_method: 'S256' }, 'Invalid parameter: code_challenge'],
      [
        { code_challenge: 'x'.repeat(43), code_challenge_method: 'S1' },
        'Invalid parameter: code_challenge_method',
      ],
    ];
    for (const [fields, text] of wrong) {
      assertFault(await push(caller, fields), 400, 'invalid_request', text);
    }
    const { response_type: _type, ...noType } = REQUEST;
    const missing = 'Missing parameter: response_type';
    assertFault(await caller.post(PATH, { ...noType, ...GUIDE }), 400, 'invalid_request', missing);
    const { redirect_uri: _uri, ...noUri } = REQUEST;
    const text = 'Invalid parameter: redirect_uri';
    assertFault(await caller.post(PATH, { ...noUri, ...GUIDE }), 400, 'invalid_request', text);
    const object = await push(caller, { request: 'x' });
    assertFault(object, 400, 'invalid_request_object', 'invalidRequestMessage');
    const implicit =
      'Client is not allowed to initiate browser login with given response_type. Implicit flow is disabled for the client.';
    const token = await push(caller, { response_type: 'token' });
    assertFault(token, 401, 'unauthorized_client', implicit);
    const twice = `${new URLSearchParams({ ...REQUEST, ...GUIDE })}&state=x`;
    assertFault(await caller.post(PATH, twice), 400, 'invalid_request', 'duplicated parameter');
  },
  'pages of the client’s own origins may push': async ({ caller }) => {
    const known = await push(caller, {}, GUIDE, { origin: 'http://localhost:8000' });
    assert.equal(known.status, 201);
    assert.equal(known.headers.get('access-control-allow-origin'), 'http://localhost:8000');
    const evil = await push(caller, {}, GUIDE, { origin: 'http://evil.example' });
    assertFault(evil, 403, 'Invalid origin');
    const { status, json } = await caller.call(PATH);
    assert.deepEqual({ status, json }, { status: 405, json: { error: 'HTTP 405 Method Not Allowed' } });
  },
};

const browserCookies = ({ jar }: ReturnType<typeof createBrowser>): Fields => ({
  cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
});
