import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { json } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { buildTestApp, shareTestApp } from './service.ts';

const WELCOME =
  '{"message":"Welcome to the Keycloak authentication system. Use the /login endpoint to authenticate and /protected to access the protected resource.","documentation":"/docs"}';
const NOWHERE = 'http://127.0.0.1:9';
const REQUEST_ID = /^[0-9a-f]{8}-[0-9a-z]+$/;

/** Where it listens: once, for all tests. */
const listen = async (app: FastifyInstance) =>
  app.server.listening ? app.listeningOrigin : app.listen({ host: '127.0.0.1', port: 0 });

describe('the routes', () => {
  const shared = shareTestApp();

  test('the root is JSON for programs and a page for browsers', async () => {
    const { app } = shared;
    for (const accept of ['*/*', 'application/json', undefined, 'application/json, text/html;q=0.5']) {
      const answer = await app.inject({ url: '/', headers: accept === undefined ? {} : { accept } });
      assert.deepEqual([answer.statusCode, answer.body], [200, WELCOME]);
      assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
      assert.equal(answer.headers.vary, 'Accept');
      assert.equal(answer.headers['content-security-policy'], undefined);
    }
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    const page = await app.inject({ url: '/', headers: { accept } });
    assert.equal(page.statusCode, 200);
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(page.headers.vary, 'Accept');
    assert.match(String(page.headers['content-security-policy']), /^default-src 'none'/);
    assert.match(page.body, /Welcome to the Keycloak authentication system\. Use the \/login endpoint/);
    assert.match(page.body, /<a class="button" href="\/auth\/login\?return_to=\/">/);
    assert.match(page.body, /<a class="button plain" href="\/docs">/);
    assert.equal(page.headers['cache-control'], 'no-store');
    assert.match(page.body, /You are not signed in\./);
  });

  test('an unknown path is 404, a wrong method 405 with Allow, and HEAD works where GET does', async () => {
    const { app } = shared;
    for (const url of [
      '/nope',
      '/login/',
      '/protected/x',
      '/docs/nope',
      '/docs/static/nope',
      '/docs/staticnope',
      '/%2e%2e/etc/passwd',
    ]) {
      const answer = await app.inject({ url });
      assert.deepEqual([answer.statusCode, answer.body], [404, '{"detail":"Not Found"}'], url);
      assert.match(String(answer.headers['x-request-id']), REQUEST_ID);
    }
    for (const [method, url, allow] of [
      ['GET', '/login', 'POST'],
      ['PUT', '/login', 'POST'],
      ['OPTIONS', '/login', 'POST'],
      ['POST', '/', 'GET, HEAD'],
      ['DELETE', '/protected', 'GET, HEAD'],
      ['POST', '/docs', 'GET, HEAD'],
      ['POST', '/docs/', 'GET, HEAD'],
      ['DELETE', '/docs/static/swagger-ui.css', 'GET, HEAD'],
      ['OPTIONS', '/docs/static/swagger-ui.css', 'GET, HEAD'],
      ['POST', '/openapi.json?a=1', 'GET, HEAD'],
      ['POST', '/health/live', 'GET, HEAD'],
    ] as const) {
      const answer = await app.inject({ method, url });
      assert.deepEqual([answer.statusCode, answer.body], [405, '{"detail":"Method Not Allowed"}'], url);
      assert.equal(answer.headers.allow, allow);
      assert.match(String(answer.headers['x-request-id']), REQUEST_ID);
      const withBody = await app.inject({
        method,
        url,
        headers: { 'content-type': 'text/plain' },
        payload: 'no JSON',
      });
      assert.deepEqual(
        [withBody.statusCode, withBody.headers.allow],
        [405, allow],
        `${method} ${url} with a body`,
      );
    }
    // Fastify wants a content type of it, even where there is no such route.
    const query = await app.inject({ method: 'QUERY' as 'GET', url: '/protected' });
    assert.deepEqual([query.statusCode, query.headers.allow], [405, 'GET, HEAD']);
    const broken = await app.inject({
      method: 'POST',
      url: '/nope',
      headers: { 'content-type': 'application/json' },
      payload: '{',
    });
    assert.deepEqual([broken.statusCode, broken.body], [404, '{"detail":"Not Found"}']);
    for (const url of ['/', '/docs', '/openapi.json', '/health/live']) {
      const [get, head] = [await app.inject({ url }), await app.inject({ method: 'HEAD', url })];
      assert.deepEqual([head.statusCode, head.body], [200, ''], url);
      assert.equal(head.headers['content-type'], get.headers['content-type']);
    }
  });

  test('a URL that cannot be decoded, and what is no HTTP, are 400 with a detail', async () => {
    const { app } = shared;
    const url = new URL(await listen(app));
    const talk = (text: string) =>
      new Promise<string>((resolve, reject) => {
        let answer = '';
        const socket = connect(Number(url.port), url.hostname, () => socket.write(text));
        socket.on('data', (chunk) => {
          answer += String(chunk);
        });
        socket.on('end', () => resolve(answer)).on('error', reject);
      });
    const bad = await talk('GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(bad, /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\r\n\r\n\{"detail":"Bad Request"\}$/);
    for (const header of [
      /^x-request-id: [0-9a-f]{8}-[0-9a-z]+\r$/m,
      /^cache-control: no-store\r$/m,
      /^x-content-type-options: nosniff\r$/m,
    ]) {
      assert.match(bad, header);
    }
    const hostless = await talk('GET / HTTP/1.1\r\n\r\n');
    assert.match(hostless, /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\r\n\r\n\{"detail":"Bad Request"\}$/);
    assert.match(hostless, /^connection: close\r$/im);
    assert.match(await talk('GET / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\n/);
    const expecting = await talk('GET / HTTP/1.1\r\nHost: a\r\nExpect: foo\r\nConnection: close\r\n\r\n');
    assert.match(
      expecting,
      /^HTTP\/1\.1 417 Expectation Failed\r\n[\s\S]*\{"detail":"Expectation Failed"\}$/,
    );
    assert.match(expecting, /^cache-control: no-store\r$/m);
    assert.match(
      await talk('nonsense\r\n\r\n'),
      /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\{"detail":"Bad Request"\}$/,
    );
    const long = `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`;
    assert.match(await talk(long), /^HTTP\/1\.1 431 [\s\S]*\{"detail":"Request Header Fields Too Large"\}$/);
  });

  test('a way out of the folder of the docs page is 404, is not kept by caches, and is no error in the log', async () => {
    const { app, log } = shared;
    log.clear();
    const address = await listen(app);
    const { hostname, port } = new URL(address);
    for (const path of ['/docs/static/../../package.json', '/docs/static/..%2f..%2fpackage.json']) {
      // fetch would resolve the dots itself.
      const answer = await new Promise<IncomingMessage>((resolve, reject) =>
        get({ hostname, port, path, agent: false }, resolve).on('error', reject),
      );
      assert.equal(answer.statusCode, 404, path);
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.deepEqual(await json(answer), { detail: 'Not Found' });
    }
    assert.deepEqual(
      log.lines().filter(({ level, msg }) => level === 'error' && msg === 'request failed'),
      [],
    );
  });

  test('HEAD of a file of the docs page tells as much as GET', async () => {
    const { app } = shared;
    const url = '/docs/static/index.css';
    const [head, get] = [await app.inject({ method: 'HEAD', url }), await app.inject({ url })];
    assert.deepEqual([head.statusCode, head.payload], [200, '']);
    assert.equal(head.headers['content-length'], String(get.rawPayload.length));
    const again = await app.inject({ url, headers: { 'if-none-match': String(get.headers.etag) } });
    assert.deepEqual([again.statusCode, again.payload], [304, '']);
  });

  test('OpenAPI 3.1 lists models, the bearer scheme, and each status on its route', async () => {
    const { app } = shared;
    const api = (await app.inject('/openapi.json')).json();
    assert.match(api.openapi, /^3\.1\./);
    const isBodyNeeded = (path: string) => api.paths[path].post.requestBody.required;
    assert.deepEqual(['/login', '/refresh', '/logout'].map(isBodyNeeded), [true, true, false]);
    for (const model of ['TokenRequest', 'TokenResponse', 'UserInfo', 'HTTPValidationError']) {
      assert.equal(api.components.schemas[model].type, 'object', model);
    }
    assert.deepEqual(Object.keys(api.paths), [
      '/',
      '/login',
      '/refresh',
      '/logout',
      '/protected',
      '/health/live',
      '/health/ready',
    ]);
    for (const [route, statuses] of Object.entries({
      '/ get': '200',
      '/login post': '200 400 401 403 413 415 422 429 500 503',
      '/refresh post': '200 400 401 413 415 422 429 500 503',
      '/logout post': '204 400 401 413 415 422 429 500 503',
      '/protected get': '200 400 401 403 500 503',
      '/health/live get': '200',
      '/health/ready get': '200 503',
    })) {
      const [path = '', method = ''] = route.split(' ');
      const { responses } = api.paths[path][method];
      assert.deepEqual(Object.keys(responses), statuses.split(' '), route);
      for (const [status, { description, content }] of Object.entries<Record<string, object>>(responses)) {
        assert.ok(description, `${route} ${status}`);
        // Of JSON, or of several types.
        const [{ schema } = {}] = Object.values((content ?? {}) as Record<string, { schema?: object }>);
        assert.equal(
          /"(?:\$ref|properties)":/.test(JSON.stringify(schema) ?? ''),
          status !== '204',
          `${route} ${status}`,
        );
      }
    }
    assert.equal(api.components.securitySchemes.bearerAuth.scheme, 'bearer');
    assert.deepEqual(api.paths['/protected'].get.security, [{ bearerAuth: [] }, { keycloak: ['openid'] }]);
    assert.deepEqual(Object.keys(api.paths['/login'].post.requestBody.content), [
      'application/x-www-form-urlencoded',
      'application/json',
      'multipart/form-data',
    ]);
    const references = JSON.stringify(api).match(/"\$ref":"[^"]+"/g) ?? [];
    assert.ok(references.length > 10);
    for (const reference of references) {
      const name = reference.slice(8, -1).replace('#/components/schemas/', '');
      assert.ok(Object.hasOwn(api.components.schemas, name), reference);
    }
  });

  test('the docs page and its files come from this process, with a strict policy', async () => {
    const { app } = shared;
    const page = await app.inject('/docs');
    assert.equal(page.statusCode, 200);
    assert.match(String(page.headers['content-security-policy']), /script-src 'self';/);
    const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
    assert.ok(files.length >= 5);
    for (const file of files) {
      assert.ok(file.startsWith('/docs/static/'), file);
      assert.equal((await app.inject(file)).statusCode, 200, file);
    }
  });
});

test('a file of the docs page is in memory once, however many read it slowly', async (t) => {
  const { app } = await buildTestApp(t, NOWHERE);
  const sent: unknown[] = [];
  app.addHook('onSend', async (_request, _reply, payload) => void sent.push(payload));
  const url = '/docs/static/swagger-ui-bundle.js';
  const asked = [{}, { range: 'bytes=0-' }, { 'if-none-match': '"another"' }, {}];
  const answers = await Promise.all(
    asked.map((headers, at) =>
      app.inject({ url: `${url}?${at}`, headers: headers as Record<string, string> }),
    ),
  );
  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [200, 200, 200, 200],
  );
  await app.inject(url);
  assert.ok(Buffer.isBuffer(sent[0]));
  for (const one of sent) assert.equal(one, sent[0]);
  for (const other of ['/docs/static/%69ndex.css', '/docs/static//index.css'])
    assert.equal((await app.inject(other)).statusCode, 404, other);
});

test('CORS is off, and on for the origins in CORS_ORIGINS alone', async (t) => {
  const origin = 'https://app.example.com';
  const preflight = {
    method: 'OPTIONS',
    url: '/protected',
    headers: { origin, 'access-control-request-method': 'GET' },
  } as const;
  const { app: closed } = await buildTestApp(t, NOWHERE);
  assert.equal((await closed.inject(preflight)).statusCode, 405);
  assert.equal(
    (await closed.inject({ url: '/', headers: { origin } })).headers['access-control-allow-origin'],
    undefined,
  );
  const { app } = await buildTestApp(t, NOWHERE, { CORS_ORIGINS: origin });
  const answer = await app.inject(preflight);
  assert.equal(answer.statusCode, 204);
  assert.equal(answer.headers['access-control-allow-origin'], origin);
  const root = await app.inject({ url: '/', headers: { origin } });
  assert.equal(root.headers.vary, 'Origin, Accept');
  const other = await app.inject({ url: '/', headers: { origin: 'https://evil.example' } });
  assert.notEqual(other.headers['access-control-allow-origin'], 'https://evil.example');
});

test('pages of CORS_ORIGINS may send traces along, and no cookie', async (t) => {
  const origin = 'https://app.example.com';
  const asked = 'authorization,baggage,content-type,traceparent,tracestate';
  const headers = { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': asked };
  const { app } = await buildTestApp(t, NOWHERE, { CORS_ORIGINS: origin });
  const preflight = await app.inject({ method: 'OPTIONS', url: '/protected', headers });
  assert.equal(preflight.statusCode, 204);
  const allowed = String(preflight.headers['access-control-allow-headers']).toLowerCase().split(/, */);
  for (const header of asked.split(',')) assert.ok(allowed.includes(header), header);
  const root = await app.inject({ url: '/', headers: { origin } });
  for (const answer of [preflight, root]) {
    assert.equal(answer.headers['access-control-allow-origin'], origin);
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
  }
});

test('with CORS an OPTIONS that is no preflight is answered as without, and no route is guarded late', async (t) => {
  const origin = 'https://app.example.com';
  const { app } = await buildTestApp(t, NOWHERE, { CORS_ORIGINS: origin });
  for (const headers of [{}, { origin }, { 'access-control-request-method': 'GET' }]) {
    const known = await app.inject({ method: 'OPTIONS', url: '/protected', headers });
    assert.deepEqual([known.statusCode, known.json()], [405, { detail: 'Method Not Allowed' }]);
    assert.equal(known.headers.allow, 'GET, HEAD');
    assert.equal(known.headers['content-type'], 'application/json; charset=utf-8');
    const unknown = await app.inject({ method: 'OPTIONS', url: '/nope', headers });
    assert.deepEqual([unknown.statusCode, unknown.json()], [404, { detail: 'Not Found' }]);
  }
  const hooks = app.printRoutes({ includeHooks: true });
  assert.ok(hooks.includes('handleCors') && !hooks.includes('lateGuard'), hooks);
});

test('OpenAPI says how a token has to come: with a proof where it may or must', async (t) => {
  const read = async (dpop: 'off' | 'accepted' | 'required') => {
    const { app } = await buildTestApp(t, NOWHERE, { DPOP: dpop });
    const { components, paths } = (await app.inject('/openapi.json')).json();
    const { security } = paths['/protected'].get;
    return { schemes: components.securitySchemes, security, logout: paths['/logout'].post.security };
  };
  const keycloak = { keycloak: ['openid'] };
  assert.equal((await read('off')).schemes.dpopAuth, undefined);
  const accepted = await read('accepted');
  assert.deepEqual(Object.keys(accepted.schemes), ['bearerAuth', 'keycloak', 'dpopAuth']);
  assert.deepEqual(
    [accepted.schemes.dpopAuth.type, accepted.schemes.dpopAuth.scheme, accepted.security, accepted.logout],
    [
      'http',
      'dpop',
      [{ dpopAuth: [] }, { bearerAuth: [] }, keycloak],
      // Keycloak ends no session by a token that is bound to a key.
      [{ bearerAuth: [] }, {}],
    ],
  );
  const required = await read('required');
  assert.deepEqual(
    [Object.keys(required.schemes), required.security, required.logout],
    [['dpopAuth'], [{ dpopAuth: [] }], [{}]],
  );
});
