import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import fastify, { type FastifyInstance } from 'fastify';
import keycloakGuard, { keycloakPermissions } from '../../packages/guard/src/adapters/fastify/index.ts';
import { createPathEnforcer, type PolicyEnforcerConfig } from '../../packages/guard/src/authz/index.ts';
import { isAuthError } from '../../packages/guard/src/core/index.ts';
import { ALICE, BOB, createFakeKeycloak, grant } from '../authz/fake-keycloak.ts';
import { isAdminPath, PATH_READERS } from '../authz/path-readers.ts';
import { DECIDED_PATHS, PATH_TRICKS } from '../authz/path-tricks.ts';
import { sendRaw } from '../support/send-raw.ts';

/** `/admin` and what is below it is protected; everything else is for whoever is authenticated. */
const CONFIG: PolicyEnforcerConfig = {
  paths: [
    { path: '/admin/*', name: 'admin', scopes: ['view'] },
    { path: '/orders/{id}', name: 'orders', scopes: ['view'] },
    { path: '/*', 'enforcement-mode': 'DISABLED' },
  ],
};

/** Every way in which Fastify can be told to read URLs. */
const ROUTERS = [
  {},
  { caseSensitive: false },
  { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
  { useSemicolonDelimiter: true },
  {
    caseSensitive: false,
    ignoreTrailingSlash: true,
    ignoreDuplicateSlashes: true,
    useSemicolonDelimiter: true,
  },
];

async function start(t: TestContext, routerOptions: object) {
  const fake = createFakeKeycloak();
  grant(fake, ALICE, 'admin#view');
  grant(fake, BOB, 'orders#view');
  const verifier = fake.realm.verifier({ tokenCheck: 'local' });
  const app = fastify({ routerOptions });
  t.after(() => app.close());
  await app.register(keycloakGuard, { verifier });
  await app.register(keycloakPermissions, {
    permissions: fake.permissions({ verifier, permissionSeconds: 3600 }),
  });
  app.guardAll();
  app.addHook('onRequest', app.pathEnforcer({ config: CONFIG }));
  app.get('/admin', () => 'let-in');
  app.get('/admin/*', () => 'let-in');
  app.get('/orders/:id', () => 'order');
  app.get('/*', () => 'public');
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, bob: fake.tokenOf(BOB, { exp: fake.realm.now + 9e5 }), alice: fake.tokenOf(ALICE) };
}

const portOf = (app: FastifyInstance) => (app.server.address() as AddressInfo).port;

describe('paths enforced in front of a router', () => {
  for (const routerOptions of ROUTERS) {
    it(`keep whoever has no permission out, however the path is written: ${JSON.stringify(routerOptions)}`, async (t) => {
      const { app, bob, alice } = await start(t, routerOptions);
      const port = portOf(app);
      assert.match((await sendRaw(port, '/admin', alice)).body, /let-in/);
      assert.match((await sendRaw(port, '/orders/7', bob)).body, /order/);
      let refused = 0;
      for (const target of [...PATH_TRICKS, ...DECIDED_PATHS]) {
        const { status, body } = await sendRaw(port, target, bob);
        assert.doesNotMatch(body, /let-in/, `${target} got in`);
        if (status === 400 || status === 403) refused++;
      }
      assert.ok(refused > 110, `${refused} refused`);
    });
  }

  it('keep them out of paths that are generated, whichever way they are read', async (t) => {
    const piece = fc.constantFrom(
      ...[
        '/',
        '/',
        'admin',
        'ADMIN',
        'orders',
        '..',
        '.',
        '%2e',
        '%2f',
        '%5c',
        '\\',
        ';',
        '%3b',
        '%25',
        '%61',
        '%00',
        'x',
      ],
      ...['?', '#', '%C3%A9', '%c0%ae', '%20', '7', '%ef%bc%8f', '*', '@', ':', '//', '/admin', '/../'],
    );
    const targets = fc.sample(fc.array(piece, { minLength: 1, maxLength: 6 }), { numRuns: 400, seed: 7 });
    for (const routerOptions of [ROUTERS[0], ROUTERS.at(-1)] as object[]) {
      const { app, bob } = await start(t, routerOptions);
      for (const pieces of targets) {
        const target = `/${pieces.join('')}`;
        assert.doesNotMatch((await sendRaw(portOf(app), target, bob)).body, /let-in/, `${target} got in`);
      }
    }
  });
});

describe('paths enforced in front of routers that are made by hand', () => {
  for (const [name, read] of Object.entries(PATH_READERS)) {
    it(`keep whoever has no permission out: ${name}`, async (t) => {
      const fake = createFakeKeycloak();
      grant(fake, BOB, 'orders#view');
      const verifier = fake.realm.verifier({ tokenCheck: 'local' });
      const enforcer = createPathEnforcer({ permissions: fake.permissions({ verifier }), config: CONFIG });
      const bob = await verifier.verify(fake.tokenOf(BOB));
      const server = createServer(async (request, response) => {
        try {
          await enforcer.decide({ method: 'GET', url: request.url ?? '', headers: request.headers }, bob);
          response.end(isAdminPath(read, request.url ?? '') ? 'let-in' : 'public');
        } catch (error) {
          response.statusCode = isAuthError(error) ? error.statusCode : 500;
          response.end('refused');
        }
      });
      t.after(() => server.close());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      for (const target of [...PATH_TRICKS, ...DECIDED_PATHS]) {
        assert.doesNotMatch((await sendRaw(port, target, 'x')).body, /let-in/, `${target} got in`);
      }
    });
  }
});
