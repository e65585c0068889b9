import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Hono } from 'hono';
import { documentGuards, keycloak } from '../../packages/guard/src/adapters/hono/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

function setUp(t: TestContext) {
  const { serverUrl, realm, clientId, fetch, clock } = createTestRealm();
  const kc = keycloak({
    ...{ serverUrl, realm, clientId, fetch, clock, onNotice: false, tokenCheck: 'local' },
    clientSecret: 'secret',
  });
  t.after(() => kc.close());
  return kc;
}

const ok = { responses: { 200: { description: 'OK' } } };

/** Security and statuses of each operation. */
function shorten({ paths }: { paths: Record<string, Record<string, object>> }) {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => {
      const { security, responses } = operation as { security?: object[]; responses: object };
      return [`${method} ${path}`, [security ?? 'none', Object.keys(responses).join(' ')]] as const;
    }),
  );
  return Object.fromEntries(operations);
}

test('documentGuards says of each operation what the guards before it mean', (t) => {
  const kc = setUp(t);
  kc.permissions();
  const orders = new Hono().onError((_error, c) => c.text('own', 500));
  orders.get(
    '/:id{[0-9]+}',
    kc.guard({ scope: 'orders:read' }),
    kc.permit('orders#view', { hide: true }),
    (c) => c.text('order'),
  );
  const app = new Hono()
    .get('/early', (c) => c.text('before any guard'))
    .use('/api/*', kc.guard({ scope: 'api' }))
    .get('/api/me', (c) => c.text('me'))
    .get('/open', (c) => c.text('open'))
    .get('/maybe', kc.guard({ optional: true }), (c) => c.text('maybe'))
    .get('/any', kc.guard(), (c) => c.text('any'))
    .post('/any', (c) => c.text('another method'))
    .get('/late', (c) => c.text('late'))
    .use('/late', kc.guard())
    .route('/api/orders', orders);
  const get = { get: ok };
  const document = {
    openapi: '3.1.0',
    paths: {
      '/early': get,
      '/api/me': get,
      '/open': get,
      '/maybe': get,
      '/any': { get: ok, post: ok, parameters: [] },
      '/late': get,
      '/api/orders/{id}': get,
    },
  };
  const before = structuredClone(document);
  const { paths, components } = documentGuards(app, document) as typeof document & { components?: object };
  assert.deepEqual(document, before, 'the document itself stays as it is');
  const { parameters, ...any } = paths['/any'];
  assert.deepEqual(parameters, []);
  assert.deepEqual(shorten({ paths: { ...paths, '/any': any } }), {
    'get /early': ['none', '200'],
    'get /api/me': [[{ bearerAuth: ['api'] }], '200 401 403 503'],
    'get /open': ['none', '200'],
    'get /maybe': [[{ bearerAuth: [] }, {}], '200 401 503'],
    'get /any': [[{ bearerAuth: [] }], '200 401 503'],
    'post /any': ['none', '200'],
    'get /late': ['none', '200'],
    'get /api/orders/{id}': [[{ bearerAuth: ['api', 'orders:read'] }], '200 401 403 404 503'],
  });
  assert.deepEqual(components, {
    securitySchemes: { bearerAuth: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
  });
});

test('what a document says itself stays', (t) => {
  const kc = setUp(t);
  const app = new Hono().get('/me', kc.guard(), (c) => c.text('me'));
  const own = { security: [{ own: ['a'] }], responses: { 401: { description: 'Mine' } } };
  const scheme = { type: 'oauth2', flows: {} };
  const document = { paths: { '/me': { get: own } }, components: { securitySchemes: { keycloak: scheme } } };
  const { paths, components } = documentGuards(app, document, { securityScheme: 'keycloak' });
  assert.deepEqual(paths['/me'].get.security, own.security);
  assert.equal(paths['/me'].get.responses[401].description, 'Mine');
  assert.deepEqual(components.securitySchemes, { keycloak: scheme });
});

test('a document without paths has none afterwards', (t) => {
  setUp(t);
  assert.deepEqual(Object.keys(documentGuards(new Hono(), {})), ['paths', 'components']);
});
