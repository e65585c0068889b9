import assert from 'node:assert/strict';
import { AUTH, actionOf, codeOf, createBrowser, redirectOf } from '../browser.ts';
import { ABDULLAH, type Fields, PASSWORD, pageText } from '../caller.ts';
import { DIFFERENCES } from '../differences.ts';
import type { Behaviours, Scene } from '../scene.ts';

/** The answer is a page, and nobody is sent anywhere. */
const page =
  (fields: Fields, status: number, text: string) =>
  async ({ caller }: Scene) => {
    const answer = await caller.authorize({ ...AUTH, ...fields });
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get('location'), null);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/html/);
    assert.ok(pageText(answer).includes(text), pageText(answer).slice(0, 300));
  };

/** The client is told, at its redirect URI. */
const told =
  (fields: Fields, error: string, description?: string) =>
  async ({ caller }: Scene) => {
    const url = redirectOf(await caller.authorize({ ...AUTH, ...fields }));
    const query = url.hash ? new URLSearchParams(url.hash.slice(1)) : url.searchParams;
    assert.deepEqual(Object.fromEntries(query), {
      error,
      ...(description === undefined ? {} : { error_description: description }),
      state: 'state-1',
      iss: caller.issuer,
    });
  };

const BAD_REDIRECT = 'Invalid parameter: redirect_uri';
const bad = (uri: string) => page({ redirect_uri: uri }, 400, BAD_REDIRECT);
const IMPLICIT =
  'Client is not allowed to initiate browser login with given response_type. Implicit flow is disabled for the client.';

export const authorizationGroup: Behaviours = {
  'shows a login page': async ({ caller, target }) => {
    const answer = await caller.authorize(AUTH);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('cache-control'), 'no-store, must-revalidate, max-age=0');
    assert.equal(answer.headers.get('x-frame-options'), 'SAMEORIGIN');
    assert.match(answer.headers.get('content-security-policy') ?? '', DIFFERENCES.pagePolicy[target.name]);
    for (const field of ['id="kc-form-login"', 'name="username"', 'name="password"', 'id="kc-login"']) {
      assert.ok(answer.text.includes(field), field);
    }
    assert.match(pageText(answer), /Sign in to your account/);
  },
  'the login cookie is for this realm and hidden from scripts': async ({ caller, realm, target }) => {
    const answer = await caller.authorize(AUTH);
    const cookie = answer.headers.getSetCookie().find((line) => line.startsWith('AUTH_SESSION_ID='));
    assert.match(cookie ?? '', DIFFERENCES.cookie[target.name]);
    assert.ok(cookie?.includes(`Path=/realms/${realm.name}/`));
  },
  'the right password sends the browser back with a code': async ({ caller }) => {
    const url = redirectOf(await createBrowser(caller).signIn());
    assert.equal(url.origin + url.pathname, AUTH.redirect_uri);
    assert.deepEqual([...url.searchParams.keys()], ['state', 'session_state', 'iss', 'code']);
    assert.equal(url.searchParams.get('state'), 'state-1');
    assert.equal(url.searchParams.get('iss'), caller.issuer);
    assert.match(url.searchParams.get('code') ?? '', /^[\w-]+\.[\w-]+\.[\w-]+$/);
  },
  'a wrong password and an unknown user read the same': async ({ caller }) => {
    for (const username of ['abdullah', 'nobody']) {
      const answer = await createBrowser(caller).signIn({}, { username, password: 'x' });
      assert.equal(answer.status, 200);
      assert.ok(pageText(answer).includes('Invalid username or password.'));
    }
  },
  'after a mistake the same page goes on': async ({ caller }) => {
    const browser = createBrowser(caller);
    const again = await browser.submit(await browser.open(), { username: 'abdullah', password: 'x' });
    codeOf(await browser.submit(again, ABDULLAH));
  },
  'a disabled user is told so when the password is right, and only then': async ({ caller }) => {
    const right = await createBrowser(caller).signIn({}, { username: 'disabled', password: PASSWORD });
    assert.ok(pageText(right).includes('Account is disabled, contact your administrator.'));
    const wrong = await createBrowser(caller).signIn({}, { username: 'disabled', password: 'x' });
    assert.ok(pageText(wrong).includes('Invalid username or password.'));
  },
  'a required action comes before the code': async ({ caller }) => {
    const answer = await createBrowser(caller).signIn({}, { username: 'newcomer', password: PASSWORD });
    const url = redirectOf(answer);
    assert.equal(url.origin + url.pathname, `${caller.issuer}/login-actions/required-action`);
    assert.equal(url.searchParams.get('execution'), 'UPDATE_PASSWORD');
  },
  'a new password is asked for, set, and good from then on': async ({ withRealm }) => {
    await withRealm(
      () => {},
      async (caller) => {
        const browser = createBrowser(caller);
        const answer = await browser.signIn({}, { username: 'newcomer', password: PASSWORD });
        const form = await browser.visit(redirectOf(answer).href);
        assert.ok(form.text.includes('name="password-new"') && form.text.includes('name="password-confirm"'));
        const unlike = await browser.submit(form, { 'password-new': 'New#1', 'password-confirm': 'New#2' });
        assert.match(pageText(unlike), /Passwords don't match/);
        codeOf(await browser.submit(unlike, { 'password-new': 'New#1', 'password-confirm': 'New#1' }));
        assert.equal((await caller.passwordGrant({ username: 'newcomer', password: 'New#1' })).status, 200);
        assert.equal((await caller.passwordGrant({ username: 'newcomer' })).status, 400);
      },
    );
  },
  'single sign-on: who is signed in gets a code at once': async ({ caller }) => {
    const browser = createBrowser(caller);
    const first = redirectOf(await browser.signIn()).searchParams;
    const second = redirectOf(await browser.open({ state: 'two' })).searchParams;
    assert.equal(second.get('session_state'), first.get('session_state'));
    assert.notEqual(second.get('code'), first.get('code'));
    const other = { client_id: 'other-service', redirect_uri: 'http://localhost/cb' };
    assert.equal(
      redirectOf(await browser.open(other)).searchParams.get('session_state'),
      first.get('session_state'),
    );
  },
  'prompt=none with a session': async ({ caller }) => {
    const browser = createBrowser(caller);
    await browser.signIn();
    codeOf(await browser.open({ prompt: 'none' }));
  },
  'prompt=none without a session': told({ prompt: 'none' }, 'login_required'),
  'prompt=login asks again, and keeps the session': async ({ caller }) => {
    const browser = createBrowser(caller);
    const before = redirectOf(await browser.signIn()).searchParams.get('session_state');
    const again = await browser.open({ prompt: 'login' });
    assert.equal(again.status, 200);
    assert.match(pageText(again), /Please re-authenticate to continue/);
    const answer = await browser.submit(again, ABDULLAH);
    assert.equal(redirectOf(answer).searchParams.get('session_state'), before);
  },
  'the answer in the fragment': async ({ caller }) => {
    const { hash, search } = redirectOf(await createBrowser(caller).signIn({ response_mode: 'fragment' }));
    assert.equal(search, '');
    assert.match(hash, /^#state=state-1&session_state=.+&code=/);
  },
  'a request by POST': async ({ caller }) => {
    const answer = await caller.post('/auth', AUTH);
    assert.deepEqual([answer.status, /kc-form-login/.test(answer.text)], [200, true]);
  },
  'a login page is of no use without its cookie': async ({ caller }) => {
    const answer = await caller.post(actionOf(await caller.authorize(AUTH)), ABDULLAH);
    assert.equal(answer.status, 400);
    assert.match(pageText(answer), /cookie not found/);
  },
  'script in a user name stays text': async ({ caller }) => {
    const username = '"><script>alert(1)</script>';
    const answer = await createBrowser(caller).signIn({}, { username, password: 'x' });
    assert.equal(answer.status, 200);
    assert.ok(!answer.text.includes('<script>alert(1)'));
    assert.match(answer.text, /&lt;script&gt;alert\(1\)/);
  },
  'an unknown client': page({ client_id: 'nope' }, 400, 'Client not found.'),
  'a redirect URI of somebody else': bad('http://evil.example/'),
  'a redirect URI with credentials before another host': bad('http://localhost:8000@evil.example/'),
  'a redirect URI with a user': bad('http://user@localhost:8000/callback'),
  'a redirect URI that climbs': bad('http://localhost:8000/../x'),
  'a redirect URI that climbs in disguise': bad('http://localhost:8000/%2e%2e/x'),
  'a redirect URI with a backslash': bad('http://localhost:8000\\@evil.example/'),
  'a redirect URI that is script': bad('javascript:alert(1)'),
  'a redirect URI on another port': bad('http://localhost:8001/callback'),
  'a redirect URI with another scheme': bad('https://localhost:8000/callback'),
  'a redirect URI in other letters': bad('http://LOCALHOST:8000/callback'),
  'a redirect URI that is relative': bad('/callback'),
  'a redirect URI that begins like the right one': bad('http://localhost:8000.evil.example/'),
  'no redirect URI': bad(''),
  'a redirect URI that has a parameter of the answer': async (scene) => {
    const names = 'state code session_state iss error error_description access_token id_token';
    for (const name of `${names} token_type expires_in response kc_action_status STATE st%61te`.split(' ')) {
      for (const part of [`?${name}=x`, `?x=1&${name}`, `#${name}=x`])
        await bad(`http://localhost:8000/callback${part}`)(scene);
    }
  },
  'a redirect URI may have other parameters': async ({ caller }) => {
    for (const name of ['x', 'scope', 'nonce', 'client_id', 'error_uri', 'refresh_token']) {
      const redirect_uri = `http://localhost:8000/callback?${name}=state`;
      assert.equal((await caller.authorize({ ...AUTH, redirect_uri })).status, 200, name);
    }
  },
  'a client may allow parameters of the answer': async ({ withRealm }) => {
    const allowed = { 'allow.oidc.params.in.redirect.uris': 'true' };
    await withRealm(
      (realm) => {
        const client = realm.clients?.find(({ clientId }) => clientId === AUTH.client_id);
        Object.assign(client ?? {}, { attributes: { ...client?.attributes, ...allowed } });
      },
      async (caller) => {
        const redirect_uri = 'http://localhost:8000/callback?code=x';
        assert.equal((await caller.authorize({ ...AUTH, redirect_uri })).status, 200);
      },
    );
  },
  'a loopback redirect URI may have any port where none is registered': async ({ caller }) => {
    const fields = { client_id: 'other-service', redirect_uri: 'http://127.0.0.1:45678/cb' };
    assert.equal((await caller.authorize({ ...AUTH, ...fields })).status, 200);
  },
  'a client that comes twice': async ({ caller }) => {
    const answer = await caller.call(`/auth?${new URLSearchParams(AUTH)}&client_id=other-service`);
    assert.deepEqual([answer.status, pageText(answer).includes('Invalid Request')], [400, true]);
  },
  'another parameter that comes twice': async ({ caller }) => {
    for (const second of ['state=two', 'redirect_uri=http%3A%2F%2Fevil.example', 'scope=openid', 'x=1&x=2']) {
      const url = redirectOf(await caller.call(`/auth?${new URLSearchParams(AUTH)}&${second}`));
      assert.equal(url.origin + url.pathname, AUTH.redirect_uri);
      assert.deepEqual(Object.fromEntries(url.searchParams), {
        ...{ error: 'invalid_request', error_description: 'duplicated parameter' },
        ...{ state: 'state-1', iss: caller.issuer },
      });
    }
  },
  'a greatest age that is no number': async (scene) => {
    for (const max_age of ['x', '', '1.5', '99999999999'])
      await page({ max_age }, 400, 'Invalid Request')(scene);
  },
  'registration where nobody may register': page({ prompt: 'create' }, 400, 'Registration not allowed'),
  'blanks at the end of the scopes': async ({ caller }) => {
    for (const scope of ['openid ', ' '])
      assert.equal((await caller.authorize({ ...AUTH, scope })).status, 200);
  },
  'an unknown response type': told({ response_type: 'magic' }, 'unsupported_response_type'),
  'no response type': async ({ caller }) => {
    const { response_type: _, ...rest } = AUTH;
    const { searchParams } = redirectOf(await caller.call(`/auth?${new URLSearchParams(rest)}`));
    assert.equal(searchParams.get('error'), 'invalid_request');
    assert.equal(searchParams.get('error_description'), 'Missing parameter: response_type');
  },
  'the implicit flow is off': told({ response_type: 'token' }, 'unauthorized_client', IMPLICIT),
  'an unknown scope': told({ scope: 'openid nonsense' }, 'invalid_scope', 'Invalid scopes: openid nonsense'),
  'an unknown response mode': told(
    { response_mode: 'magic' },
    'invalid_request',
    'Invalid parameter: response_mode',
  ),
  'a challenge that is none': told(
    { code_challenge: 'x', code_challenge_method: 'S256' },
    'invalid_request',
    'Invalid parameter: code_challenge',
  ),
  'an unknown challenge method': told(
    { code_challenge: 'x'.repeat(43), code_challenge_method: 'S999' },
    'invalid_request',
    'Invalid parameter: code_challenge_method',
  ),
  'a client that must use PKCE and does not': told(
    { client_id: 'web-app', redirect_uri: 'http://localhost:3000/callback' },
    'invalid_request',
    'Missing parameter: code_challenge_method',
  ),
  'a client that must use S256 and says plain': told(
    {
      client_id: 'web-app',
      redirect_uri: 'http://localhost:3000/callback',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'plain',
    },
    'invalid_request',
    'Invalid parameter: code challenge method is not matching the configured one',
  ),
  'a client that must push its requests and does not': async ({ withRealm }) => {
    await withRealm(
      (realm) => {
        const guide = realm.clients?.find(({ clientId }) => clientId === AUTH.client_id);
        Object.assign(guide!, {
          attributes: { ...guide!.attributes, 'require.pushed.authorization.requests': 'true' },
        });
      },
      async (caller) => {
        const { searchParams } = redirectOf(await caller.authorize(AUTH));
        assert.equal(searchParams.get('error'), 'invalid_request');
        assert.equal(searchParams.get('error_description'), 'Pushed Authorization Request is only allowed.');
      },
    );
  },
  'a pushed request that nobody pushed': page(
    { request_uri: 'urn:ietf:params:oauth:request_uri:00000000-0000-0000-0000-000000000000' },
    400,
    'Invalid Request',
  ),
};
