// Guards in the OpenAPI documents of two tools: each has an app of its own, below /zod and /describe.
import assert from 'node:assert/strict';
import { serve } from '@hono/node-server';
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { Hono } from 'hono';
import { describeRoute, generateSpecs } from 'hono-openapi';
import { documentGuards, keycloak } from 'keycloak-guard/hono';

const { env } = process;
const kc = keycloak({
  serverUrl: env.KEYCLOAK_SERVER_URL ?? '',
  realm: env.KEYCLOAK_REALM ?? '',
  clientId: env.KEYCLOAK_CLIENT_ID ?? '',
  clientSecret: env.KEYCLOAK_CLIENT_SECRET,
});
const info = { title: 'Orders', version: '1.0.0' };
const description = 'The caller';

const app = new OpenAPIHono();
app.use(kc.session({ secret: env.SESSION_SECRET ?? '', publicUrl: env.PUBLIC_URL }), kc.backchannelLogout());
app.get('/', (c) => c.html('<form method="post" action="/auth/logout"><button>Sign out</button></form>'));

const hello = z.object({ hello: z.string().nullable() });
const me = createRoute({
  method: 'get',
  path: '/me',
  middleware: [kc.guard()] as const,
  responses: { 200: { description, content: { 'application/json': { schema: hello } } } },
});
app.openapi(me, (c) => c.json({ hello: c.var.principal.username }));
const admin = createRoute({
  method: 'get',
  path: '/admin',
  middleware: [kc.guard({ realmRole: 'admin', scope: 'email' })] as const,
  responses: { 200: { description } },
});
app.openapi(admin, (c) => c.json({ secret: 42 }));
app.get('/openapi.json', (c) =>
  c.json(documentGuards(app, app.getOpenAPI31Document({ openapi: '3.1.0', info }))),
);

const described = new Hono()
  .get('/me', describeRoute({ responses: { 200: { description } } }), kc.guard(), (c) => c.json({}))
  .get('/open', describeRoute({ responses: { 200: { description } } }), (c) => c.json({}))
  .use('/orders/*', kc.guard({ scope: 'orders:read' }))
  .get('/orders/:id', describeRoute({ responses: { 200: { description } } }), (c) => c.json({}));
const specs = documentGuards(described, await generateSpecs(described, { documentation: { info } }));

const document = documentGuards(app, app.getOpenAPI31Document({ openapi: '3.1.0', info }));
const shorten = ({ security, responses }: { security?: unknown; responses?: object } = {}) => [
  security,
  Object.keys(responses ?? {}),
];
assert.deepEqual(shorten(document.paths?.['/me']?.get), [[{ bearerAuth: [] }], ['200', '401', '503']]);
assert.deepEqual(shorten(document.paths?.['/admin']?.get), [
  [{ bearerAuth: ['email'] }],
  ['200', '401', '403', '503'],
]);
assert.deepEqual(shorten(specs.paths?.['/me']?.get), [[{ bearerAuth: [] }], ['200', '401', '503']]);
assert.deepEqual(shorten(specs.paths?.['/open']?.get), [undefined, ['200']]);
assert.deepEqual(shorten(specs.paths?.['/orders/{id}']?.get), [
  [{ bearerAuth: ['orders:read'] }],
  ['200', '401', '403', '503'],
]);

serve({ fetch: app.fetch, port: Number(env.PORT ?? 3000), hostname: 'localhost' });
