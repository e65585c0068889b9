import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ClientError, type ClientOptions, createClient } from '../../packages/guard/src/client/index.ts';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { startTestIdp } from '../support/dev-idp.ts';

const USER = { username: 'abdullah', password: 'Test#123456' };
const SECRET = 'for-development-only';

const clientOf = (serverUrl: string, options: Partial<ClientOptions> = {}) =>
  createClient({
    serverUrl,
    realm: 'testing',
    clientId: 'fastapi-keycloak',
    clientSecret: SECRET,
    timeoutMs: 10_000,
    ...options,
  });

async function startIdp(t: TestContext) {
  const idp = await startTestIdp();
  t.after(() => idp.close());
  return idp;
}

/** A server whose discovery is right and whose token endpoint does what the test says. */
async function startOdd(t: TestContext, token: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    if (request.method === 'POST') return token(request, response);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ issuer: 'http://issuer.example/realms/testing' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function failureOf(promise: Promise<unknown>): Promise<ClientError> {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ClientError, String(error));
  const text = JSON.stringify([error.message, error.diagnosis, error.stack, error.cause ?? null]);
  for (const secret of [USER.password, SECRET, 'eyJ']) assert.ok(!text.includes(secret), text);
  return error;
}

test('the right password gives tokens, in our names', async (t) => {
  const idp = await startIdp(t);
  const tokens = await clientOf(idp.url).passwordGrant(USER);
  assert.equal(tokens.tokenType, 'bearer');
  // As Keycloak does, the provider says what is left: some seconds may end meanwhile.
  const isLeftOf = (seconds: number | null, whole: number) =>
    seconds !== null && seconds > whole - 10 && seconds <= whole;
  assert.ok(isLeftOf(tokens.expiresInSeconds, 300), String(tokens.expiresInSeconds));
  assert.ok(isLeftOf(tokens.refreshExpiresInSeconds, 1800), String(tokens.refreshExpiresInSeconds));
  assert.ok(tokens.scopes.includes('openid'));
  for (const token of [tokens.accessToken, tokens.refreshToken, tokens.idToken]) assert.match(token!, /^eyJ/);
});

test('slashes at the end of the server URL do not matter', async (t) => {
  const idp = await startIdp(t);
  assert.equal((await clientOf(`${idp.url}//`).passwordGrant(USER)).tokenType, 'bearer');
});

test('the discovery document is asked for once, and the token endpoint is the configured one', async (t) => {
  const idp = await startTestIdp({ publicUrl: 'https://sso.example.com' });
  t.after(() => idp.close());
  const client = clientOf(`http://127.0.0.1:${idp.port}`);
  await Promise.all([client.passwordGrant(USER), client.passwordGrant(USER)]);
  assert.equal(idp.requests.token, 2);
  assert.equal(idp.requests.discovery, 1);
});

test('an answer that is cut off, too large, a page or a redirect is told apart, and a redirect is not followed', async (t) => {
  let followed = 0;
  const target = await startOdd(t, (_request, response) => {
    followed++;
    response.end('{}');
  });
  for (const [id, listener] of [
    ['not-keycloak', (_q, r) => r.setHeader('content-type', 'application/json').end('{"access_token": "eyJ')],
    ['not-keycloak', (_q, r) => r.end('<html>Welcome</html>')],
    [
      'not-keycloak',
      (_q, r) => r.setHeader('content-type', 'application/json').end('{"token_type":"Bearer"}'),
    ],
    ['connection-broken', (_q, r) => r.end('x'.repeat(1024 * 1024 + 1))],
    [
      'connection-broken',
      (_q, r) => (r.writeHead(200, { 'content-length': '100' }).flushHeaders() as never) ?? r.destroy(),
    ],
    ['redirected', (_q, r) => r.writeHead(307, { location: `${target}/token?x=eyJ` }).end()],
    ['provider-error', (_q, r) => r.writeHead(502).end('<html>Bad Gateway</html>')],
    ['timed-out', () => {}],
  ] as [string, RequestListener][]) {
    const error = await failureOf(clientOf(await startOdd(t, listener)).passwordGrant(USER));
    assert.equal(error.diagnosis.id, id);
  }
  assert.equal(followed, 0);
});

/** How a proxy could repeat what it was sent. */
const REPEATS: Record<string, (body: string, password: string) => string> = {
  'as it was sent': (body) => body,
  decoded: (body) => decodeURIComponent(body),
  'one field of it': (_, password) => `this is not allowed: ${password}`,
  'one field of it, encoded': (_, password) => `not allowed: ${encodeURIComponent(password)}`,
  'cut off': (body) => body.slice(0, body.indexOf('password=') + 13),
  'after more than is shown': (_, password) => `${'x'.repeat(290)}${password}`,
};
const PASSWORDS = [USER.password, 'P@ss word/1+2', 'Super\tSecret1', 'S3cret-'.repeat(60), 'lone \ud800'];

for (const [how, repeat] of Object.entries(REPEATS)) {
  test(`a server that repeats what it was sent, ${how}, does not bring secrets into the error`, async (t) => {
    const url = await startOdd(t, (request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        const password = new URLSearchParams(body).get('password') ?? '';
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: 'invalid_request', error_description: repeat(body, password) }));
      });
    });
    for (const password of PASSWORDS) {
      const error = await failureOf(clientOf(url).passwordGrant({ ...USER, password }));
      assert.equal(error.kind, 'client_misconfigured');
      assert.ok(!/Test|P@|P%40|Super|S3cret|lone|xxx/.test(error.message), error.message);
    }
  });
}

test('a secret that is part of every answer, such as "a", does not change what the answer is taken for', async (t) => {
  const idp = await startIdp(t);
  const client = clientOf(idp.url);
  for (const short of ['a', 'l', 'grant', 'invalid_grant', ' ', ':']) {
    for (const call of [
      () => client.passwordGrant({ ...USER, password: short }),
      () => client.refresh(short),
      () => client.logout(short),
    ]) {
      const error = await failureOf(call());
      assert.equal(error.kind, 'invalid_credentials', `${short}: ${error.message}`);
    }
  }
});

test('options are checked at once, all of them', () => {
  assert.throws(
    () => createClient({ serverUrl: 'ftp://x', realm: '', clientId: '', clientSecret: ' ', timeoutMs: 1 }),
    (error: Error & { problems?: { option: string }[] }) => {
      assert.deepEqual(
        error.problems?.map(({ option }) => option),
        ['serverUrl', 'realm', 'clientId', 'clientSecret', 'timeoutMs'],
      );
      return true;
    },
  );
});

test('numbers among the options are numbers: a text from the environment is refused', () => {
  const good = { serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'api' };
  const texts = { timeoutMs: '5000', clockToleranceSeconds: '5' } as unknown as Partial<ClientOptions>;
  for (const wrong of [
    texts,
    { timeoutMs: 60_001, clockToleranceSeconds: -1 },
    { timeoutMs: Number.NaN, clockToleranceSeconds: Number.NaN },
  ]) {
    assert.throws(
      () => createClient({ ...good, ...wrong }),
      (error) => {
        assert.ok(error instanceof OptionsError);
        assert.deepEqual(
          error.problems.map(({ option }) => option),
          ['timeoutMs', 'clockToleranceSeconds'],
        );
        return true;
      },
    );
  }
  createClient({ ...good, timeoutMs: 100, clockToleranceSeconds: 0 });
});

test('a sign-in on another device is asked for until the person has signed in, refused, or given up', async (t) => {
  const answers: [status: number, json: object][] = [];
  const asked: string[] = [];
  const url = await startOdd(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const isStart = request.url?.endsWith('/auth/device');
    asked.push(isStart ? 'start' : String(new URLSearchParams(body).get('device_code')));
    const start = {
      device_code: 'd',
      user_code: 'U-1',
      verification_uri: 'https://sso.test/device',
      expires_in: 600,
      interval: 0.01,
    };
    const [status, json] = isStart ? [200, start] : (answers.shift() ?? [400, { error: 'expired_token' }]);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  });
  const prompts: object[] = [];
  const signIn = (signal?: AbortSignal) =>
    clientOf(url).deviceGrant((prompt) => prompts.push(prompt), signal === undefined ? {} : { signal });
  const pending: [number, object] = [400, { error: 'authorization_pending' }];
  answers.push(pending, pending, [200, { access_token: 'a', token_type: 'bearer', expires_in: 60 }]);
  assert.equal((await signIn()).accessToken, 'a');
  assert.deepEqual(asked, ['start', 'd', 'd', 'd']);
  assert.deepEqual(prompts, [
    {
      userCode: 'U-1',
      verificationUri: 'https://sso.test/device',
      verificationUriComplete: null,
      expiresInSeconds: 600,
    },
  ]);
  answers.push([400, { error: 'access_denied' }]);
  assert.equal((await failureOf(signIn())).kind, 'invalid_credentials');
  assert.equal((await failureOf(signIn())).kind, 'invalid_credentials');
  await assert.rejects(signIn(AbortSignal.abort()));
});

test('sessions are ended by the account API: its 401 is about the token, any other answer about the set-up', async (t) => {
  let answer: [status: number, body: string] = [204, ''];
  const calls: string[] = [];
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.method === 'DELETE') {
      calls.push(`${request.url} ${request.headers.authorization}`);
      response.writeHead(answer[0]).end(answer[1] || undefined);
    } else response.end(JSON.stringify({ issuer: 'http://issuer.example/realms/testing' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const client = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await client.endOtherSessions('token');
  await client.endSession('token', 'a/b');
  assert.deepEqual(calls, [
    '/realms/testing/account/sessions?current=false Bearer token',
    '/realms/testing/account/sessions/a%2Fb Bearer token',
  ]);
  const kindOf = async (status: number, body: string) => {
    answer = [status, body];
    return (await failureOf(client.endOtherSessions('token'))).kind;
  };
  assert.equal(await kindOf(401, '{"error":"HTTP 401 Unauthorized"}'), 'invalid_credentials');
  assert.equal(await kindOf(401, '<h1>Log in</h1>'), 'client_misconfigured');
  assert.equal(await kindOf(403, '{"error":"HTTP 403 Forbidden"}'), 'client_misconfigured');
  assert.equal(await kindOf(503, '{}'), 'provider_unavailable');
});
