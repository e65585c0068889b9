import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import express from 'express';
import fastify from 'fastify';
import { WebSocket, WebSocketServer } from 'ws';
import { keycloak as expressGuard } from '../../packages/guard/src/adapters/express/index.ts';
import keycloakGuard from '../../packages/guard/src/adapters/fastify/index.ts';
import { keycloak as fetchGuard } from '../../packages/guard/src/adapters/fetch/index.ts';
import { keycloak as hapiGuard } from '../../packages/guard/src/adapters/hapi/index.ts';
import { keycloak as honoGuard } from '../../packages/guard/src/adapters/hono/index.ts';
import { keycloak as koaGuard } from '../../packages/guard/src/adapters/koa/index.ts';
import { Require } from '../../packages/guard/src/adapters/nest/index.ts';
import { keycloak as nodeGuard } from '../../packages/guard/src/adapters/node/index.ts';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { createTestRealm, startLoaded } from '../support/test-realm.ts';
import { listen } from './listen.ts';

const verifier = createTestRealm().verifier();
const routed = {
  express: expressGuard({ verifier }),
  koa: koaGuard({ verifier }),
  hono: honoGuard({ verifier }),
};
const unrouted = { fetch: fetchGuard({ verifier }), node: nodeGuard({ verifier }) };
const guards = Object.entries({ ...routed, ...unrouted }) as [
  string,
  { guard(given: unknown, handler: unknown): unknown },
][];
const handler = () => new Response();

describe('at the start', () => {
  const wrong: readonly (readonly [string, unknown, string])[] = [
    ['a role', { realmRole: ':role' }, 'realmRole'],
    ['a role of a client', { clientRole: { shop: ':role' } }, 'clientRole.shop'],
    ['a scope', { scope: ['orders', ':scope'] }, 'scope'],
    ['an audience', { audience: ':aud' }, 'audience'],
    ['a client', { client: ':client' }, 'client'],
    ['an acr', { acr: ':acr' }, 'acr'],
    ['a whole group', { group: ':group' }, 'group'],
    [
      'a role in an organization',
      { organization: { alias: ':org', realmRole: ':role' } },
      'organization.realmRole',
    ],
    ['an alternative', { anyOf: [{ realmRole: 'admin' }, { scope: ':scope' }] }, 'scope'],
  ];
  for (const [name, { guard }] of Object.entries(routed)) {
    for (const [what, given, option] of wrong) {
      test(`${name} refuses a parameter in the place of ${what}`, () => {
        assert.throws(
          () => guard(given as never),
          (error) => error instanceof OptionsError && error.problems.some((one) => one.option === option),
        );
      });
    }
    test(`${name} takes a parameter for a tenant, an organization and a part of a group`, () => {
      for (const given of [
        { tenant: ':org' },
        { organization: ':org', optional: true, dpop: 'off' },
        { organization: { id: ':org', group: '/teams/:team', clientRole: 'editor' } },
        { group: '/customers/:org/staff', groupTree: ['/customers/:org'] },
        { allOf: [{ scope: 'orders' }, { tenant: ':org' }, () => ({ realmRole: 'admin' })] },
      ] as const) {
        assert.ok(guard(given as never));
      }
    });
  }
  for (const [name, { guard }] of guards.slice(3)) {
    test(`${name} has no router, and says what to do instead`, () => {
      for (const given of [{ tenant: ':org' }, { anyOf: [{ group: '/customers/:org' }] }]) {
        assert.throws(() => guard(given, handler), /give the guard a function of the request/);
      }
    });
  }
  for (const [name, { guard }] of guards) {
    test(`${name} refuses what is wrong besides, and an async function`, () => {
      for (const given of [
        async () => ({ realmRole: 'admin' }),
        { anyOf: [{ realmRole: 'admin' }, async () => ({ realmRole: 'admin' })] },
        { allOf: [() => ({ realmRole: 'admin' }), {}] },
        { allOf: [() => ({ realmRole: 'admin' })], optional: 'false' },
        { allOf: [() => ({ realmRole: 'admin' })], optional: undefined },
        { allOf: [() => ({ realmRole: 'admin' })], realmRole: undefined },
        { organization: () => 'acme' },
        { realmrole: 'x', allOf: [() => ({ realmRole: 'admin' })] },
        [() => ({ realmRole: 'admin' })],
        Object.assign(Object.create({ tenant: ':org' })),
      ]) {
        assert.throws(() => guard(given, handler), OptionsError, String(given));
      }
    });
  }

  test('handshakes have no router either, and has() has no request', () => {
    for (const kc of [routed.express, routed.koa, unrouted.node, hapiGuard({ verifier })]) {
      assert.throws(() => kc.upgrade({ tenant: ':org' }, () => {}), OptionsError);
      assert.throws(() => kc.socket({ organization: ':org' }), OptionsError);
      assert.throws(() => kc.has(null, { tenant: ':org' }), OptionsError);
      assert.throws(() => kc.has(null, (() => ({ realmRole: 'admin' })) as never), OptionsError);
    }
  });

  test('a decorator of Nest refuses the same when its class is loaded', () => {
    for (const given of [
      { realmRole: ':role' },
      async () => ({ realmRole: 'admin' }),
      { allOf: [() => ({ realmRole: 'admin' }), { realmrole: 'x' }] },
      { organization: { alias: ':org', id: ':id' } },
    ]) {
      assert.throws(() => Require(given as never), OptionsError);
    }
    assert.ok(Require({ tenant: ':org' }));
    assert.ok(Require((request) => ({ tenant: request.params.org })));
  });
});

/** An Express app whose guard is the one given, at `/:org` and `/:org/:team`. */
async function startApp(t: TestContext, given: unknown, more: object = {}) {
  const { realm, verifier: loaded } = await startLoaded({ tenants: 'organizations', ...more });
  const kc = expressGuard({ verifier: loaded, logRefusals: false });
  const app = express();
  const guard = kc.guard(given as never);
  app.get(
    ['/:org', '/:org/:team'],
    guard,
    (request, response) => void response.json(request.principal ?? null),
  );
  const { url, close } = await listen(createServer(app), () => loaded.close());
  t.after(close);
  const get = async (path: string, claims?: object) => {
    const token = claims && realm.mint(claims as Record<string, unknown>);
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${url}${path}`, { headers });
    return {
      status: answer.status,
      principal: answer.ok ? ((await answer.json()) as { tenant?: string } | null) : null,
    };
  };
  return { realm, get };
}

describe('a request', () => {
  test('is held against an alternative with a function', async (t) => {
    const given = {
      anyOf: [{ realmRole: 'support' }, ({ params }: express.Request) => ({ organization: params.org })],
    };
    const { get } = await startApp(t, given);
    assert.equal((await get('/acme', { organization: ['acme'] })).status, 200);
    assert.equal((await get('/globex', { organization: ['acme'] })).status, 403);
    assert.equal((await get('/globex', { realm_access: { roles: ['support'] } })).status, 200);
  });

  test('without a token passes an optional guard with a parameter; a token must fit', async (t) => {
    const { get } = await startApp(t, { optional: true, tenant: ':org' });
    assert.deepEqual(await get('/acme'), { status: 200, principal: null });
    assert.equal((await get('/acme', { organization: ['acme', 'globex'] })).principal?.tenant, 'acme');
    assert.equal((await get('/acme', { organization: ['globex'] })).status, 403);
  });

  test('names one part of a group’s path, never two', async (t) => {
    const { get } = await startApp(t, { groupTree: '/customers/:org/:team' });
    const claims = { groups: ['/customers/acme/dev/senior', '/customers/a.*/x'] };
    assert.equal((await get('/acme/dev', claims)).status, 200);
    for (const path of [
      '/acme/ops',
      '/acme%2Fdev/senior',
      '/customers/acme',
      '/acme/dev%2Fsenior',
      '/%2e%2e/acme',
    ]) {
      assert.ok([403, 404].includes((await get(path, claims)).status), path);
    }
    assert.equal((await get('/acme', claims)).status, 403, 'the other route has no team');
  });

  test('does not lend its values to another request', async (t) => {
    const { get } = await startApp(t, { organization: ':org', group: '/:team' });
    const dev = { organization: ['acme'], groups: ['/dev'] };
    const ops = { organization: ['globex'], groups: ['/ops'] };
    for (let i = 0; i < 3; i++) {
      assert.equal((await get('/acme/dev', dev)).status, 200);
      assert.equal((await get('/globex/ops', ops)).status, 200);
      assert.equal((await get('/globex/dev', dev)).status, 403);
      assert.equal((await get('/acme/ops', ops)).status, 403);
    }
  });

  test('is refused where its function gives no requirement; each cause is told once, of very many only the first', async (t) => {
    let given: () => unknown;
    const { realm, get } = await startApp(t, () => given());
    const claims = { realm_access: { roles: ['admin'] } };
    const causes: string[] = [];
    for (const [result, cause] of [
      [() => ({}), 'gave no requirement'],
      [() => undefined, 'gave undefined'],
      [() => undefined],
      [() => null, 'gave null'],
      [() => ['admin'], 'gave admin'],
      [() => 'admin'],
      [async () => ({ realmRole: 'admin' }), 'gave a promise'],
      [() => Promise.reject(new Error('late'))],
      [
        () => ({ realmrole: 'admin' }),
        'gave a wrong requirement: realmrole is not a requirement: did you mean realmRole?',
      ],
    ] as const) {
      given = result;
      if (cause !== undefined) causes.push(cause);
      assert.equal((await get('/x', claims)).status, 403);
    }
    for (let at = causes.length; at < 25; at++) {
      given = () => {
        throw new Error(`no. ${at}`);
      };
      if (at < 20) causes.push(`threw Error: no. ${at}`);
      assert.equal((await get('/x', claims)).status, 403);
    }
    assert.deepEqual(
      realm.notices.slice(1).map(({ level, code, message }) => `${level} ${code} ${message}`),
      causes.map((cause) => `error requirement_unclear A guard refused GET /x: its function ${cause}`),
    );
  });

  test('the function is asked anew each time, with what it gave before in memory', async (t) => {
    let wanted: object = { organization: 'acme' };
    const { get } = await startApp(t, () => wanted);
    const claims = { organization: ['acme'], realm_access: { roles: ['acme'] } };
    assert.equal((await get('/x', claims)).status, 200);
    // The same value for another requirement, and the other way round.
    for (const [next, status] of [
      [{ scope: 'acme' }, 403],
      [{ realmRole: 'acme' }, 200],
      [{ organization: 'globex' }, 403],
      [{ organization: 'acme', scope: 'x' }, 403],
      [{ organization: 'acme' }, 200],
    ] as const) {
      wanted = next;
      assert.equal((await get('/x', claims)).status, status, JSON.stringify(next));
    }
  });

  test('many values leave no more than a bound in memory, and are right all the same', async (t) => {
    const { realm, verifier: loaded } = await startLoaded({ tenants: 'organizations' });
    t.after(() => loaded.close());
    const kc = nodeGuard({ verifier: loaded, logRefusals: false });
    const seen: string[] = [];
    const guard = kc.guard(({ url = '' }) => ({ organization: url.slice(1) }));
    const token = realm.mint({ organization: ['org-7'] });
    await loaded.verify(token);
    for (let i = 0; i < 3_000; i++) {
      const request = {
        headers: { authorization: `Bearer ${token}` },
        method: 'GET',
        url: `/org-${i}`,
        socket: {},
      };
      const response = { headersSent: false, writableEnded: true, req: request };
      guard(request as never, response as never, () => seen.push(request.url));
    }
    assert.deepEqual(seen, ['/org-7']);
  });
});

test('a connection keeps what its request said at the beginning', async (t) => {
  const { realm, verifier: loaded } = await startLoaded({ tenants: 'organizations' });
  const app = fastify();
  t.after(() => app.close());
  await app.register(keycloakGuard, { verifier: loaded });
  let asked = 0;
  app.get('/:org', async (request) => {
    const params = request.params as { org: string };
    const connection = await app.guardConnection(request, ({ params: now }) => {
      asked++;
      return { tenant: (now as { org: string }).org };
    });
    params.org = 'globex';
    const { tenant } = await connection.verify();
    const renewed = await connection.renew(realm.mint({ organization: ['acme'] })).then(
      (principal) => principal.tenant,
      ({ code }) => code,
    );
    const other = await connection.renew(realm.mint({ organization: ['globex'] })).catch(({ code }) => code);
    connection.end();
    return { tenant, renewed, other, asked };
  });
  const headers = { authorization: `Bearer ${realm.mint({ organization: ['acme', 'globex'] })}` };
  const answer = await app.inject({ url: '/acme', headers });
  assert.deepEqual(answer.json(), { tenant: 'acme', renewed: 'acme', other: 'tenant_refused', asked: 1 });
  const refused = await app.inject({ url: '/initech', headers });
  assert.equal(refused.statusCode, 403);
});

describe('a handshake is decided on by a function of Node’s request', () => {
  for (const [name, make] of Object.entries({
    express: expressGuard,
    koa: koaGuard,
    hapi: hapiGuard,
    node: nodeGuard,
  })) {
    test(name, async (t) => {
      const { realm, verifier: loaded } = await startLoaded({ tenants: 'organizations' });
      const kc = make({ verifier: loaded, logRefusals: false }) as ReturnType<typeof nodeGuard>;
      const wss = new WebSocketServer({ noServer: true });
      const server = createServer();
      server.on(
        'upgrade',
        kc.upgrade(
          ({ url = '', headers }) => ({
            tenant: url.slice(1),
            kind: headers.upgrade === 'websocket' ? 'person' : 'service',
          }),
          (request, socket, head, { principal }) =>
            wss.handleUpgrade(request, socket, head, (ws) => ws.send(principal.tenant ?? 'none')),
        ),
      );
      const { url, close } = await listen(server, () => loaded.close());
      t.after(() => {
        for (const client of wss.clients) client.terminate();
        return close();
      });
      const headers = { authorization: `Bearer ${realm.mint({ organization: ['acme', 'globex'] })}` };
      const open = async (path: string) => {
        const ws = new WebSocket(`${url.replace('http', 'ws')}${path}`, { headers });
        const [found] = await Promise.race([
          once(ws, 'message'),
          once(ws, 'unexpected-response').then(([, response]) => [response.statusCode]),
        ]);
        return String(found);
      };
      assert.equal(await open('/globex'), 'globex');
      assert.equal(await open('/initech'), '403');
      assert.equal(await open('/'), '403');
    });
  }
});
