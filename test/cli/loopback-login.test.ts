import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLoopbackLogin } from '../../packages/cli/src/token/loopback-login.ts';

const SECRETS = { state: 's1', nonce: 'n', codeVerifier: 'v' };

/** A login whose code Keycloak exchanges so; without an address, it cannot begin. */
function createClient(finish: () => Promise<unknown>, begin?: () => Promise<never>) {
  const seen: { redirectUri: string; scope: string; callbackUrl?: string }[] = [];
  const client = {
    async startAuthorization(request: { redirectUri: string; scope: string }) {
      seen.push(request);
      return begin === undefined ? { url: 'https://sso.test/auth', ...SECRETS } : begin();
    },
    async finishAuthorization({ callbackUrl, state }: { callbackUrl: string; state: string }) {
      seen.push({ redirectUri: '', scope: state, callbackUrl });
      return finish();
    },
  };
  return { client: client as never, seen };
}
const ask = async (url: string) => {
  const answer = await fetch(url);
  return [answer.status, await answer.text(), answer.headers.get('cache-control')];
};

test('the answer to a sign-in, and nothing else, ends it, and frees its port', async () => {
  const { client, seen } = createClient(async () => ({ accessToken: 'a' }));
  const { url, finished } = await startLoopbackLogin(client, 'openid');
  assert.equal(url, 'https://sso.test/auth');
  const [{ redirectUri, scope } = assert.fail()] = seen;
  assert.match(redirectUri, /^http:\/\/127\.0\.0\.1:\d+\/callback$/);
  assert.equal(scope, 'openid');
  const { origin } = new URL(redirectUri);
  for (const other of ['/', '/favicon.ico', '/callback', '/callback?state=s2&code=c', '//?state=s1'])
    assert.deepEqual(await ask(origin + other), [404, 'Not found.', 'no-store'], other);
  const answer = await ask(`${redirectUri}?state=s1&code=c?d`);
  assert.deepEqual(answer, [200, 'Signed in. You can close this window.', 'no-store']);
  assert.deepEqual(await finished, { accessToken: 'a' });
  assert.deepEqual(seen.slice(1), [
    { redirectUri: '', scope: 's1', callbackUrl: `${redirectUri}?state=s1&code=c?d` },
  ]);
  await assert.rejects(fetch(redirectUri));
});

test('a sign-in that Keycloak refuses is told in the browser, and with its reason to who waits', async () => {
  const error = new Error('refused');
  const { client, seen } = createClient(() => Promise.reject(error));
  const { finished } = await startLoopbackLogin(client, 'openid');
  const waits = assert.rejects(finished, error);
  const answer = await ask(`${seen[0]?.redirectUri}?state=s1&error=access_denied`);
  assert.deepEqual(answer, [400, 'Not signed in. The terminal says why.', 'no-store']);
  await waits;
});

test('a sign-in that cannot begin, or is given up, frees its port', async () => {
  const error = new Error('no Keycloak');
  const failing = createClient(
    async () => assert.fail(),
    () => Promise.reject(error),
  );
  await assert.rejects(startLoopbackLogin(failing.client, 'openid'), error);
  await assert.rejects(fetch(String(failing.seen[0]?.redirectUri)));
  const { client, seen } = createClient(async () => assert.fail());
  (await startLoopbackLogin(client, 'openid')).close();
  await assert.rejects(fetch(String(seen[0]?.redirectUri)));
});
