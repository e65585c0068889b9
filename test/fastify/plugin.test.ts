import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import websocket from '@fastify/websocket';
import fastify, { type FastifyInstance } from 'fastify';
import keycloakGuard, { type GuardOptions } from '../../packages/guard/src/adapters/fastify/index.ts';
import { AuthError, OptionsError, type Verifier } from '../../packages/guard/src/core/index.ts';
import { createTestRealm, type TestRealm } from '../support/test-realm.ts';
import { bearer, body, get, NOT_VALID, start } from './guarded-app.ts';

describe('a guard as a hook', () => {
  let realm: TestRealm;
  let verifier: Verifier;
  let app: FastifyInstance;
  before(async () => {
    ({ realm, verifier, app } = await start());
    app.get('/open', (request) => ({ principal: request.principal }));
    app.get('/any', { onRequest: app.guard() }, (request) => ({ user: request.principal?.username }));
    app.get('/admin', { onRequest: app.guard({ realmRole: 'admin' }) }, () => 'admin');
    app.get('/scope', { onRequest: app.guard({ scope: 'orders:read' }) }, () => 'orders');
    app.get('/own', { onRequest: app.guard({ clientRole: 'reader' }) }, () => 'own role');
    app.get('/maybe', { onRequest: app.guard({ optional: true }) }, (request) => ({
      user: request.principal?.username ?? null,
    }));
    app.get('/odd', {
      onRequest: app.guard({
        check: () => {
          throw new Error('secret detail');
        },
      }),
      handler: () => 'odd',
    });
    await app.ready();
  });
  after(async () => {
    await app.close();
    await verifier.close();
  });

  it('lets a good token pass, first and later, and says who is calling', async () => {
    const token = realm.mint();
    assert.deepEqual(await get(app, '/any', token), [200, '{"user":"abdullah"}', undefined]);
    assert.ok(!(verifier.verify(token) instanceof Promise));
    assert.deepEqual(await get(app, '/any', token), [200, '{"user":"abdullah"}', undefined]);
  });

  it('refuses a request without a token with a bare challenge', async () => {
    assert.deepEqual(await get(app, '/any'), [401, body('Not authenticated'), 'Bearer']);
  });

  it('refuses a bad token and leaks neither the reason, nor a URL, nor the token', async () => {
    const token = realm.mint({ iss: 'https://attacker.example.com' });
    const [status, text, challenge] = await get(app, '/any', token);
    assert.deepEqual([status, text, challenge], [401, body('Could not validate credentials'), NOT_VALID]);
  });

  it('refuses who lacks a role with 403, and names a missing scope in the challenge', async () => {
    const token = realm.mint();
    assert.deepEqual(await get(app, '/admin', token), [
      403,
      body('Not enough permissions'),
      'Bearer error="insufficient_scope"',
    ]);
    assert.deepEqual(await get(app, '/scope', token), [
      403,
      body('Not enough permissions'),
      'Bearer error="insufficient_scope", scope="orders:read"',
    ]);
    assert.equal((await get(app, '/admin', realm.mint({ realm_access: { roles: ['admin'] } })))[1], 'admin');
    assert.equal((await get(app, '/own', token))[1], 'own role');
  });

  it('guards HEAD wherever it guards GET', async () => {
    const answer = await app.inject({ method: 'HEAD', url: '/any' });
    assert.equal(answer.statusCode, 401);
    assert.equal(
      (await app.inject({ method: 'HEAD', url: '/any', ...bearer(realm.mint()) })).statusCode,
      200,
    );
  });

  it('that is optional lets pass who shows no token, and nobody who shows a bad one', async () => {
    assert.deepEqual(await get(app, '/maybe'), [200, '{"user":null}', undefined]);
    assert.deepEqual(await get(app, '/maybe', realm.mint()), [200, '{"user":"abdullah"}', undefined]);
    assert.equal((await get(app, '/maybe', 'x'))[0], 401);
    assert.equal((await app.inject({ url: '/maybe', headers: { authorization: '' } })).statusCode, 401);
    assert.equal(
      (await app.inject({ url: '/maybe', headers: { authorization: 'Basic x' } })).statusCode,
      401,
    );
  });

  it('leaves a route without a guard alone', async () => {
    assert.deepEqual(await get(app, '/open', realm.mint()), [200, '{"principal":null}', undefined]);
  });

  it('answers 500 where a check of the application throws, and never lets pass', async () => {
    assert.equal((await get(app, '/odd', realm.mint()))[0], 500);
  });

  it('never takes a check that throws nothing for one that lets pass', async () => {
    for (const thrown of [null, undefined, 0, '']) {
      const { realm: own, verifier: ownVerifier, app: other } = await start();
      const check = () => {
        throw thrown;
      };
      other.get('/thrown', { onRequest: other.guard({ check }) }, () => 'in');
      assert.equal((await get(other, '/thrown', own.mint()))[0], 500);
      await other.close();
      await ownVerifier.close();
    }
  });

  it('answers 503 with Retry-After, never 401, where no keys could be loaded', async () => {
    const down = createTestRealm();
    down.setAll('down');
    const other = fastify();
    await other.register(keycloakGuard, {
      serverUrl: down.serverUrl,
      realm: down.realm,
      clientId: down.clientId,
      fetch: down.fetch,
      clock: down.clock,
    });
    other.get('/any', { onRequest: other.guard() }, () => 'in');
    const answer = await other.inject({ url: '/any', ...bearer(down.mint()) });
    assert.equal(answer.statusCode, 503);
    assert.equal(answer.headers['retry-after'], '5');
    assert.equal(answer.headers['www-authenticate'], undefined);
    assert.equal(answer.body, body('Identity provider unavailable'));
    await other.close();
  });
});

describe('a guard as a route option', () => {
  it('guards the route, with requirements or for everybody who is authenticated', async () => {
    const { realm, verifier, app } = await start();
    app.get('/any', { config: { guard: true } }, () => 'any');
    app.get('/admin', { config: { guard: { realmRole: 'admin' } } }, () => 'admin');
    const own: string[] = [];
    app.get('/both', {
      config: { guard: true },
      onRequest: async () => {
        own.push('ran');
      },
      handler: () => 'both',
    });
    assert.equal((await get(app, '/any'))[0], 401);
    assert.equal((await app.inject({ method: 'HEAD', url: '/any' })).statusCode, 401);
    assert.equal((await get(app, '/any', realm.mint()))[1], 'any');
    assert.equal((await get(app, '/admin', realm.mint()))[0], 403);
    assert.equal((await get(app, '/both'))[0], 401);
    assert.deepEqual(own, [], 'a hook of the route ran before the guard');
    assert.equal((await get(app, '/both', realm.mint()))[1], 'both');
    await app.close();
    await verifier.close();
  });

  it('refuses a config.guard that is undefined, which would leave the route open', async () => {
    const config = { guard: undefined } as never;
    const { app, verifier } = await start();
    assert.throws(() => app.get('/open', { config }, () => 'open'), OptionsError);
    await app.close();
    await verifier.close();
    const late = fastify();
    late.get('/open', { config }, () => 'open');
    late.register(keycloakGuard, { verifier });
    assert.equal((await get(late, '/open'))[0], 500);
    await late.close();
  });

  it('is never ignored, even on a route that came before the plugin', async () => {
    const realm = createTestRealm();
    const verifier = realm.verifier();
    const app = fastify();
    app.get('/early', { config: { guard: { realmRole: 'admin' } } }, () => 'early');
    app.get('/open', () => 'open');
    app.get('/unguarded', { config: { guard: false } }, () => 'unguarded');
    void app.register(keycloakGuard, { verifier });
    app.get('/late', { config: { guard: true } }, () => 'late');
    await app.ready();
    assert.equal((await get(app, '/early'))[0], 401);
    assert.equal((await get(app, '/late'))[0], 401);
    assert.equal((await get(app, '/early', realm.mint()))[0], 403);
    assert.equal((await get(app, '/late', realm.mint()))[1], 'late');
    assert.equal((await get(app, '/open'))[1], 'open');
    assert.equal((await get(app, '/unguarded'))[1], 'unguarded');
    await app.close();
    await verifier.close();
  });
});

describe('a guard that cannot be built', () => {
  const wrong: readonly [unknown, string[]][] = [
    [{ realmRol: 'admin' }, ['realmRol']],
    [{ realmRole: '' }, ['realmRole']],
    [{ realmRole: [] }, ['realmRole']],
    [{ realmRole: undefined }, ['realmRole']],
    [{ clientRole: {} }, ['clientRole']],
    [{ clientRole: { other: [] } }, ['clientRole']],
    [{ anyOf: [{}] }, ['anyOf[0]']],
    [{ anyOf: [{ realmRol: 'x' }] }, ['anyOf[0].realmRol']],
    [{ allOf: [] }, ['allOf']],
    [{ check: true }, ['check']],
    [{ optional: 'false' }, ['optional']],
    [{ optional: 1 }, ['optional']],
    ['admin', ['guard']],
    [['admin'], ['guard']],
    [7, ['guard']],
  ];
  for (const [requirements, options] of wrong) {
    it(`fails at registration: ${JSON.stringify(requirements)}`, async () => {
      const { verifier, app } = await start();
      for (const act of [
        () => app.guard(requirements as GuardOptions),
        () => app.guardAll(requirements as GuardOptions),
        () => app.get('/x', { config: { guard: requirements as GuardOptions } }, () => 'x'),
      ]) {
        assert.throws(act, (error) => {
          assert.ok(error instanceof OptionsError, String(error));
          assert.deepEqual(
            error.problems.map(({ option }) => option),
            options,
          );
          return true;
        });
      }
      await app.close();
      await verifier.close();
    });
  }
});

describe('onDenied', () => {
  it('is told of each refusal, with the error and what was seen', async () => {
    const seen: string[] = [];
    const { realm, verifier, app } = await start({
      onDenied: (request, error) => seen.push(`${request.url} ${error.code} ${error.expected}`),
    });
    app.get('/admin', { onRequest: app.guard({ realmRole: 'admin' }) }, () => 'admin');
    await get(app, '/admin');
    await get(app, '/admin', realm.mint());
    await get(app, '/admin', realm.mint({ typ: 'ID' }));
    await get(app, '/admin', realm.mint({ realm_access: { roles: ['admin'] } }));
    assert.deepEqual(seen, [
      '/admin missing_token undefined',
      '/admin role_missing realm role admin',
      '/admin token_type claim typ Bearer or DPoP',
    ]);
    await app.close();
    await verifier.close();
  });

  it('is not told of what is no refusal: a check that throws', async () => {
    const seen: unknown[] = [];
    const { realm, verifier, app } = await start({ onDenied: (_request, error) => seen.push(error) });
    const check = () => {
      throw new TypeError('a mistake of the application');
    };
    app.get('/odd', { onRequest: app.guard({ check }) }, () => 'odd');
    assert.equal((await get(app, '/odd', realm.mint()))[0], 500);
    assert.deepEqual(seen, []);
    await app.close();
    await verifier.close();
  });

  for (const [name, onDenied] of [
    [
      'throws',
      () => {
        throw new Error('the audit log is full');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('the audit log is full'))],
  ] as const) {
    it(`that ${name} neither lets a request pass nor keeps it waiting`, async () => {
      const { realm, verifier, app } = await start({ onDenied });
      app.get('/admin', { onRequest: app.guard({ realmRole: 'admin' }) }, () => 'admin');
      assert.equal((await get(app, '/admin'))[0], 401);
      assert.equal((await get(app, '/admin', realm.mint({ typ: 'ID' })))[0], 401);
      const token = realm.mint();
      assert.equal((await get(app, '/admin', token))[0], 403);
      assert.equal((await get(app, '/admin', token))[0], 403);
      await app.close();
      await verifier.close();
    });
  }
});

describe('the plugin', () => {
  it('has a name and a range of Fastify, and is there for the whole application', async () => {
    const symbols = Object.getOwnPropertySymbols(keycloakGuard);
    const meta = symbols.map(
      (s) => (keycloakGuard as unknown as Record<symbol, { name?: string; fastify?: string }>)[s],
    );
    assert.ok(meta.some((one) => one?.name === 'keycloak-guard' && one.fastify === '5.x'));
    const { app, verifier } = await start();
    assert.equal(app.verifier, verifier);
    assert.ok(app.hasPlugin('keycloak-guard'));
    await app.close();
    await verifier.close();
  });

  it('closes the verifier it made, and never one it was given', async () => {
    const { app, verifier, realm } = await start();
    app.get('/any', { onRequest: app.guard() }, () => 'any');
    let closed = 0;
    const { close } = verifier;
    verifier.close = async () => {
      closed++;
      await close();
    };
    await get(app, '/any', realm.mint());
    await app.close();
    assert.equal(closed, 0);
    await verifier.close();
  });

  it('starts while Keycloak is down, and answers what needs no token', async () => {
    const realm = createTestRealm();
    realm.setAll('slow');
    const app = fastify();
    const { serverUrl, clientId } = realm;
    await app.register(keycloakGuard, { serverUrl, realm: 'testing', clientId, fetch: realm.fetch });
    app.get('/open', () => 'open');
    assert.equal((await get(app, '/open'))[1], 'open');
    realm.release();
    await app.close();
  });
});

describe('connections that stay open', () => {
  it('are guarded before they are made: WebSocket and server-sent events', async () => {
    const { realm, verifier, app } = await start();
    await app.register(websocket);
    app.get('/socket', { websocket: true, onRequest: app.guard() }, (socket, request) => {
      socket.send(`hello ${request.principal?.username}`);
    });
    app.get('/events', { onRequest: app.guard() }, (request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.raw.end(`data: hello ${request.principal?.username}\n\n`);
    });
    await app.ready();
    await assert.rejects(() => app.injectWS('/socket'), /401/);
    await assert.rejects(() => app.injectWS('/socket', bearer(realm.mint({ typ: 'ID' }))), /401/);
    let greet: (text: string) => void = () => {};
    const greeting = new Promise<string>((resolve) => {
      greet = resolve;
    });
    const socket = await app.injectWS('/socket', bearer(realm.mint()), {
      onInit: (client) => client.on('message', (data: unknown) => greet(String(data))),
    });
    assert.equal(await greeting, 'hello abdullah');
    socket.terminate();
    assert.equal((await get(app, '/events'))[0], 401);
    assert.equal((await get(app, '/events', realm.mint()))[1], 'data: hello abdullah\n\n');
    await app.close();
    await verifier.close();
  });
});

it('an AuthError is what Fastify needs: status and headers are taken from it', () => {
  const error = new AuthError('token_expired', 'x');
  assert.equal(error.statusCode, 401);
  assert.ok(error.headers['www-authenticate']);
});
