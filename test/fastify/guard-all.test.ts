import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FastifyRequest } from 'fastify';
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

  it('leaves what has no route to the scope whose not-found handler answers it', async () => {
    const { realm, verifier, app } = await start();
    app.setNotFoundHandler((_request, reply) => reply.code(404).send('outer'));
    await app.register(
      async (scope) => {
        scope.guardAll({ realmRole: 'user' });
        scope.setNotFoundHandler((_request, reply) => reply.code(404).send('its own'));
      },
      { prefix: '/own' },
    );
    await app.register(async (scope) => scope.guardAll(), { prefix: '/plain' });
    for (const url of ['/own', '/own/x', '/own/x?y']) {
      assert.equal((await get(app, url))[0], 401, url);
      assert.deepEqual((await get(app, url, realm.mint())).slice(0, 2), [404, 'its own'], url);
    }
    for (const url of ['/plain/x', '/x'])
      assert.deepEqual((await get(app, url)).slice(0, 2), [404, 'outer'], url);
    await app.close();
    await verifier.close();
  });
});
