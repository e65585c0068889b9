import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import fastify, { type FastifyRequest } from 'fastify';
import keycloakGuard from '../../packages/guard/src/adapters/fastify/index.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { get, start } from './guarded-app.ts';

describe('guardAll', () => {
  it('guards the routes of its scope and of the scopes inside, and no others', async () => {
    const { realm, verifier, app } = await start();
    await app.register(async (scope) => {
      scope.guardAll();
      scope.get('/in', () => 'in');
      await scope.register(async (inner) => {
        inner.get('/in/deep', { onRequest: inner.guard({ realmRole: 'admin' }) }, () => 'deep');
      });
    });
    app.get('/out', () => 'out');
    assert.equal((await get(app, '/in'))[0], 401);
    assert.equal((await get(app, '/in', realm.mint()))[1], 'in');
    assert.equal((await get(app, '/in/deep'))[0], 401);
    assert.equal((await get(app, '/in/deep', realm.mint()))[0], 403);
    assert.equal((await get(app, '/out'))[1], 'out');
    await app.close();
    await verifier.close();
  });

  it('guards what was registered before it as well, in scopes inside too', async () => {
    const { verifier, app } = await start();
    app.get('/before', () => 'before');
    await app.register(async (scope) => {
      scope.get('/before/deep', () => 'before');
    });
    app.guardAll();
    app.get('/after', () => 'after');
    for (const url of ['/before', '/before/deep', '/after', '/nowhere']) {
      assert.equal((await get(app, url))[0], 401, url);
    }
    await app.close();
    await verifier.close();
  });

  it('leaves out the routes that say so, whoever calls and whenever they were registered', async () => {
    const denied: string[] = [];
    const { realm, verifier, app } = await start({
      onDenied: (_request, error) => denied.push(error.code),
    });
    const who = (request: FastifyRequest) => ({ user: request.principal?.username ?? null });
    app.get('/before', { config: { guard: false } }, who);
    app.guardAll({ realmRole: 'admin' });
    app.get('/after', { config: { guard: false } }, who);
    await app.register(async (scope) => {
      scope.guardAll();
      scope.get('/deep', { config: { guard: false } }, who);
      scope.get('/own', { config: { guard: false }, onRequest: scope.guard({ realmRole: 'user' }) }, who);
    });
    for (const url of ['/before', '/after', '/deep']) {
      for (const [token, user] of [
        [undefined, 'null'],
        ['garbage', 'null'],
        [realm.mint(), '"abdullah"'],
        [realm.mint({ realm_access: { roles: ['admin'] } }), '"abdullah"'],
      ] as const) {
        assert.deepEqual(await get(app, url, token), [200, `{"user":${user}}`, undefined]);
      }
    }
    assert.equal((await app.inject({ method: 'HEAD', url: '/after' })).statusCode, 200);
    assert.deepEqual(denied, []);
    assert.equal((await get(app, '/own'))[0], 401, 'a guard of its own counts');
    assert.equal((await get(app, '/own', realm.mint()))[0], 200);
    await app.close();
    await verifier.close();
  });

  it('guards what a scope with a prefix has no route for, however it is written, and answers the rest as before', async () => {
    const { realm, verifier, app } = await start();
    const seen: string[] = [];
    app.setNotFoundHandler((request, reply) => {
      seen.push(String(request.principal?.username ?? null));
      return reply.code(404).send('nothing here');
    });
    await app.register(
      async (scope) => {
        scope.guardAll({ realmRole: 'user' });
        scope.get('/in', () => 'in');
        await scope.register(async (inner) => void inner.get('/x', () => 'x'), { prefix: '/deep' });
      },
      { prefix: '/api/v1' },
    );
    app.get('/api/v1x', () => 'another');
    for (const url of [
      '/api/v1',
      '/api/v1/',
      '/api/v1/nowhere',
      '/api/v1/deep/nowhere',
      '/api/v1/in/?x=1',
      '/api/v1?x',
      '/API/v1/y',
      '//api//v1/y',
      '/api/%76%31/y',
      '/api%2Fv1/y',
      '/api/v1;x=1',
    ]) {
      assert.deepEqual((await get(app, url)).slice(0, 1), [401], url);
    }
    for (const method of ['POST', 'DELETE', 'HEAD', 'OPTIONS'] as const) {
      assert.equal((await app.inject({ method, url: '/api/v1/nowhere' })).statusCode, 401, method);
    }
    assert.equal((await get(app, '/api/v1/nowhere', realm.mint({ realm_access: { roles: [] } })))[0], 403);
    assert.deepEqual(seen, []);
    assert.deepEqual((await get(app, '/api/v1/nowhere', realm.mint())).slice(0, 2), [404, 'nothing here']);
    assert.deepEqual(seen, ['abdullah']);
    for (const url of ['/nowhere', '/api', '/api/v2/nowhere', '/api/v1y']) {
      assert.deepEqual((await get(app, url)).slice(0, 2), [404, 'nothing here'], url);
    }
    assert.equal((await get(app, '/api/v1x'))[1], 'another');
    await app.close();
    await verifier.close();
  });

  it('guards it where the URL is absolute, as it is sent to a proxy', async () => {
    const { verifier, app } = await start();
    await app.register(async (scope) => scope.guardAll(), { prefix: '/api' });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const statusOf = (path: string) =>
      new Promise((resolve, reject) => {
        request({ port, path }, (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end();
      });
    for (const path of ['http://x/api/nowhere', 'HTTPS://x:1/api?y', 'http://x/api;y', 'http://x/api'])
      assert.equal(await statusOf(path), 401, path);
    for (const path of ['http://api/nowhere', 'http://x/y?/api/nowhere', 'http://x'])
      assert.equal(await statusOf(path), 404, path);
    await app.close();
    await verifier.close();
  });

  it('guards it in a scope with a not-found handler of its own, with parameters in its prefix, and where the plugin is inside', async () => {
    const realm = createTestRealm();
    const verifier = realm.verifier();
    await verifier.load();
    const app = fastify();
    await app.register(
      async (scope) => {
        await scope.register(keycloakGuard, { verifier });
        scope.guardAll();
        scope.setNotFoundHandler((_request, reply) => reply.code(404).send('its own'));
      },
      { prefix: '/a' },
    );
    await app.register(
      async (outer) => {
        outer.setNotFoundHandler((_request, reply) => reply.code(404).send('outer'));
        await outer.register(
          async (scope) => {
            await scope.register(keycloakGuard, { verifier });
            scope.guardAll();
          },
          { prefix: '/:tenant' },
        );
      },
      { prefix: '/b' },
    );
    for (const url of ['/a/x', '/a', '/b/acme/x', '/b/acme', '/b/acme;x/y'])
      assert.equal((await get(app, url))[0], 401, url);
    assert.deepEqual((await get(app, '/a/x', realm.mint())).slice(0, 2), [404, 'its own']);
    assert.deepEqual((await get(app, '/b/acme/x', realm.mint())).slice(0, 2), [404, 'outer']);
    assert.deepEqual((await get(app, '/b')).slice(0, 2), [404, 'outer']);
    assert.equal((await get(app, '/c'))[0], 404);
    await app.close();
    await verifier.close();
  });

  it('leaves to the scope around it what a scope without a prefix has no route for', async () => {
    const { verifier, app } = await start();
    await app.register(
      async (outer) => {
        await outer.register(async (scope) => scope.guardAll());
      },
      { prefix: '/api' },
    );
    await app.register(async (scope) => scope.guardAll());
    for (const url of ['/api/nowhere', '/nowhere']) assert.equal((await get(app, url))[0], 404, url);
    await app.close();
    await verifier.close();
  });
});
