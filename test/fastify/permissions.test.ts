import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import swagger from '@fastify/swagger';
import fastify from 'fastify';
import keycloakGuard, { keycloakPermissions } from '../../packages/guard/src/adapters/fastify/index.ts';
import { combineVerifiers, OptionsError } from '../../packages/guard/src/core/index.ts';
import { BOB, createFakeKeycloak, grant, SECRET } from '../authz/fake-keycloak.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { bearer } from './guarded-app.ts';

async function start(t: TestContext) {
  const fake = createFakeKeycloak();
  const verifier = fake.realm.verifier({ tokenCheck: 'local' });
  const denied: string[] = [];
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  const app = fastify({ logger: { level: 'error', stream } });
  t.after(() => app.close());
  const bearerAuth = { type: 'http', scheme: 'bearer' } as const;
  await app.register(swagger, { openapi: { components: { securitySchemes: { bearerAuth } } } });
  await app.register(keycloakGuard, {
    verifier,
    onDenied: (_request, error, principal) => denied.push(`${error.code} ${principal?.subject}`),
  });
  await app.register(keycloakPermissions, { clientSecret: SECRET, fetch: fake.fetch });
  app.get('/orders', { onRequest: [app.guard(), app.permit('orders#view')] }, () => 'orders');
  app.get<{ Params: { name: string } }>(
    '/by-name/:name',
    {
      onRequest: app.guard(),
      preHandler: app.permit(({ params }) => `${(params as { name: string }).name}#view`, { hide: true }),
    },
    ({ params }) => params.name,
  );
  app.get('/unguarded', { onRequest: app.permit('orders#view') }, () => 'never');
  return { fake, app, denied, lines, bob: fake.tokenOf(BOB) };
}

describe('permissions in a Fastify application', () => {
  it('let in who has one, with and without a question', async (t) => {
    const { fake, app, bob } = await start(t);
    grant(fake, BOB, 'orders#view');
    for (let i = 0; i < 2; i++) {
      const answer = await app.inject({ url: '/orders', ...bearer(bob) });
      assert.deepEqual([answer.statusCode, answer.body], [200, 'orders']);
    }
    assert.equal(fake.questions.length, 1);
    assert.equal((await app.inject({ url: '/by-name/orders', ...bearer(bob) })).statusCode, 200);
  });

  it('refuse with status, challenge and body, and tell the listener', async (t) => {
    const { app, denied, bob } = await start(t);
    const answer = await app.inject({ url: '/orders', ...bearer(bob) });
    assert.equal(answer.statusCode, 403);
    assert.equal(answer.headers['www-authenticate'], 'Bearer error="insufficient_scope"');
    assert.equal(answer.json().detail, 'Not enough permissions');
    const hidden = await app.inject({ url: '/by-name/orders', ...bearer(bob) });
    assert.deepEqual(
      [hidden.statusCode, hidden.headers['www-authenticate'], hidden.json()],
      [404, undefined, { detail: 'Not Found' }],
    );
    assert.deepEqual(denied, [`permission_denied ${BOB}`, `not_found ${BOB}`]);
  });

  it('come after the guard: nobody is 401, also where no guard stands', async (t) => {
    const { fake, app, bob } = await start(t);
    grant(fake, BOB, 'orders#view');
    assert.equal((await app.inject('/orders')).statusCode, 401);
    const unguarded = await app.inject({ url: '/unguarded', ...bearer(bob) });
    assert.deepEqual([unguarded.statusCode, unguarded.headers['www-authenticate']], [401, 'Bearer']);
    assert.equal(fake.questions.length, 0);
  });

  it('are 503 while Keycloak does not answer, and 500 where the rule names nothing', async (t) => {
    const { fake, app, bob } = await start(t);
    fake.replace = () => 'down';
    const down = await app.inject({ url: '/orders', ...bearer(bob) });
    assert.deepEqual([down.statusCode, down.headers['retry-after']], [503, '5']);
    const { fake: empty, app: second, lines, bob: token } = await start(t);
    empty.resources.length = 0;
    const wrong = await second.inject({ url: '/orders', ...bearer(token) });
    assert.deepEqual([wrong.statusCode, wrong.json().detail], [500, 'Internal Server Error']);
    assert.doesNotMatch(wrong.body, /orders/);
    assert.equal(lines.length, 1, lines.join(''));
    assert.match(lines[0] ?? '', /orders#view/);
  });

  it('are told in the OpenAPI document', async (t) => {
    const { app } = await start(t);
    await app.ready();
    const { paths } = app.swagger() as unknown as {
      paths: Record<string, { get: { responses: Record<string, { description: string }> } }>;
    };
    assert.equal(
      paths['/orders']?.get.responses[403]?.description,
      'Keycloak does not grant the permission orders#view',
    );
    assert.equal(
      paths['/by-name/{name}']?.get.responses[404]?.description,
      'Keycloak does not grant the permission',
    );
  });

  it("are made of the guard's verifier, and of no verifier of several realms", async (t) => {
    const fake = createFakeKeycloak();
    const verifier = fake.realm.verifier();
    const app = fastify();
    t.after(() => app.close());
    await app.register(keycloakGuard, { verifier });
    await app.register(keycloakPermissions, { clientSecret: 'x' });
    assert.equal(app.permissions.clientId, 'my-api');
    const other = fastify();
    t.after(() => other.close());
    const combined = combineVerifiers(
      [fake.realm, createTestRealm({ realm: 'other' })].map((one) => one.verifier({ issuer: one.issuer })),
    );
    t.after(() => combined.close());
    await other.register(keycloakGuard, { verifier: combined });
    await assert.rejects(
      async () => other.register(keycloakPermissions, { clientSecret: 'x' }),
      OptionsError,
    );
    const secretless = fake.realm.verifier({ clientSecret: undefined });
    t.after(() => secretless.close());
    await assert.rejects(
      async () => fastify().register(keycloakGuard, { verifier: secretless }).register(keycloakPermissions),
      OptionsError,
    );
  });
});
