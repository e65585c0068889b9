// What permissions are in each adapter, beside the contract that all have in common.
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import { Hono } from 'hono';
import Koa from 'koa';
import { keycloak as expressKeycloak } from '../../packages/guard/src/adapters/express/index.ts';
import { keycloak as fetchKeycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { keycloak as honoKeycloak } from '../../packages/guard/src/adapters/hono/index.ts';
import { keycloak as koaKeycloak } from '../../packages/guard/src/adapters/koa/index.ts';
import {
  keycloak as nodeKeycloak,
  type PathEnforcerOptions,
} from '../../packages/guard/src/adapters/node/index.ts';
import { combineVerifiers, OptionsError } from '../../packages/guard/src/core/index.ts';
import { BOB, createFakeKeycloak, type FakeKeycloak, grant, SECRET } from '../authz/fake-keycloak.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { listen } from './listen.ts';

type Rule = () => never;
interface Wanted {
  readonly rule?: Rule;
  readonly enforcer?: Omit<PathEnforcerOptions, 'permissions'>;
}
type Make = (options: ReturnType<typeof optionsOf>, wanted: Wanted) => RequestListener;

const lines: string[] = [];
const log = { info() {}, warn() {}, error: (_: object, line: string) => void lines.push(line) };
function optionsOf({ realm, fetch }: FakeKeycloak) {
  const { serverUrl, realm: name, clientId, clock } = realm;
  const more = { clientSecret: SECRET, tokenCheck: 'local', onNotice: false } as const;
  return { serverUrl, realm: name, clientId, fetch, clock, log, ...more };
}

const MAKES: Readonly<Record<string, Make>> = {
  express(options, { rule, enforcer }) {
    const kc = expressKeycloak(options);
    kc.permissions();
    const app = express().set('env', 'test');
    app.use(kc.guard(), rule ? kc.permit(rule) : kc.pathEnforcer(enforcer));
    return app.use((_request, response) => void response.json({ in: true }));
  },
  koa(options, { rule, enforcer }) {
    const kc = koaKeycloak(options);
    kc.permissions();
    const app = new Koa();
    app.silent = true;
    app.use(kc.guard()).use(rule ? kc.permit(rule) : kc.pathEnforcer(enforcer));
    return app.use((ctx) => void Object.assign(ctx, { body: { in: true } })).callback();
  },
  node(options, { rule, enforcer }) {
    const kc = nodeKeycloak(options);
    kc.permissions();
    const permit = rule ? kc.permit(rule) : kc.pathEnforcer(enforcer);
    return kc.guard({}, (request, response) =>
      permit(request, response, (error) => {
        response.statusCode = error === undefined ? 200 : 500;
        (response as import('node:http').ServerResponse).end(error === undefined ? '{"in":true}' : '');
      }),
    );
  },
  hono(options, { rule, enforcer }) {
    const kc = honoKeycloak(options);
    kc.permissions();
    const app = new Hono();
    app.onError((error, c) =>
      'getResponse' in error
        ? (error as never as { getResponse(): Response }).getResponse()
        : c.text('', 500),
    );
    app.use(kc.guard()).use(rule ? kc.permit(rule) : kc.pathEnforcer(enforcer));
    app.get('*', (c) => c.json({ in: true }));
    return getRequestListener(app.fetch) as RequestListener;
  },
};

async function start(t: TestContext, make: Make, wanted: Wanted) {
  const fake = createFakeKeycloak();
  const app = await listen(createServer(make(optionsOf(fake), wanted)), async () => {});
  t.after(() => app.close());
  const headers = { authorization: `Bearer ${fake.tokenOf(BOB)}` };
  return { fake, get: (path: string) => fetch(`${app.url}${path}`, { headers }) };
}

for (const [name, make] of Object.entries(MAKES)) {
  describe(`${name}, permissions of its own`, () => {
    test('a rule that throws what is no error lets nobody in', async (t) => {
      for (const thrown of [null, undefined, 'route', new Error('a fault')]) {
        const rule = () => {
          throw thrown;
        };
        const { get } = await start(t, make, { rule });
        assert.equal((await get('/')).status, 500, String(thrown));
      }
    });

    test('paths are enforced as they came, and with the secret of the adapter', async (t) => {
      const config = { paths: [{ path: '/orders/*', name: 'orders', scopes: ['view'] }] };
      const denied = await start(t, make, { enforcer: { config } });
      assert.equal((await denied.get('/orders/7')).status, 403);
      const { fake, get } = await start(t, make, { enforcer: { config } });
      grant(fake, BOB, 'orders#view');
      assert.deepEqual(await (await get('/orders/7?a=1')).json(), { in: true });
      assert.equal((await get('/reports/1')).status, 403);
      assert.equal((await get('//orders/7')).status, 400);
    });
  });
}

test('a permit needs permissions that were turned on before, once, and of one realm', (t) => {
  const fake = createFakeKeycloak();
  const kc = nodeKeycloak(optionsOf(fake));
  t.after(() => kc.close());
  assert.throws(
    () => kc.permit('orders#view'),
    /not turned on before: call kc\.permissions\(\), or set the option/,
  );
  assert.equal(kc.permissions().clientId, 'my-api');
  assert.throws(() => kc.permissions(), /turned on before/);
  assert.throws(() => kc.permit('orders view' as never, { hid: true } as never), OptionsError);
  const verifier = combineVerifiers([fake.realm.verifier(), createTestRealm({ realm: 'other' }).verifier()]);
  t.after(() => verifier.close());
  const several = nodeKeycloak({ verifier });
  t.after(() => several.close());
  assert.throws(() => several.permissions({ clientSecret: 'x' }), OptionsError);
});

test('what Keycloak does not know is told in the log', async (t) => {
  lines.length = 0;
  const rule = 'nothing#view' as unknown as Rule;
  const { get } = await start(t, MAKES.express as Make, { rule });
  assert.equal((await get('/')).status, 500);
  assert.match(lines.join(), /The client my-api has no "nothing#view"/);
});

test('fetch: nothing is made before the first request, and functions get what the framework hands over', async (t) => {
  const fake = createFakeKeycloak();
  let made = 0;
  const kc = fetchKeycloak(() => {
    made++;
    return { ...optionsOf(fake), permissions: {} };
  });
  const seen: unknown[] = [];
  const handler = kc.guard(
    {},
    kc.permit(
      (request, principal, more) => {
        seen.push(request.method, principal.subject, more);
        return 'orders#view';
      },
      { owner: (_request, _principal, { owner }) => owner },
      (_request, { principal }, _more: { owner?: string }) => Response.json(principal.subject),
    ),
  );
  assert.equal(made, 0);
  t.after(() => kc.close());
  const headers = { authorization: `Bearer ${fake.tokenOf(BOB)}` };
  const ask = (more: { owner?: string }) =>
    handler(new Request('http://app.example.com/', { headers }), more);
  assert.equal((await ask({})).status, 403);
  assert.deepEqual(seen, ['GET', BOB, {}]);
  assert.deepEqual(await (await ask({ owner: BOB })).json(), BOB);
  assert.equal(made, 1);
  assert.equal(await kc.permissions.has(fake.tokenOf(BOB), ['orders#view']), false);
});

test('fetch: paths are enforced by what the request is routed by, and nothing is made before the first one', async (t) => {
  const fake = createFakeKeycloak();
  grant(fake, BOB, 'orders#view');
  let made = 0;
  const kc = fetchKeycloak(() => {
    made++;
    return { ...optionsOf(fake), permissions: {} };
  });
  const paths = [
    { path: '/orders/*', name: 'orders', scopes: ['view'] },
    { path: '/admin', name: 'reports', scopes: ['view'] },
  ];
  const handler = kc.guard(
    {},
    kc.pathEnforcer({ config: { paths } }, (_request, { principal }, more: number) =>
      Response.json([principal.subject, more]),
    ),
  );
  assert.equal(made, 0);
  t.after(() => kc.close());
  const headers = { authorization: `Bearer ${fake.tokenOf(BOB)}` };
  const ask = (path: string) => handler(new Request(`http://app.example.com${path}`, { headers }), 7);
  assert.deepEqual(await (await ask('/orders/1?a=b')).json(), [BOB, 7]);
  for (const [path, status] of [
    ['/admin', 403],
    ['/orders/../admin', 403],
    ['/orders/%2e%2e/admin', 403],
    ['/orders\\..\\admin', 403],
    ['//admin', 400],
    ['/orders/..;/admin', 400],
    ['/orders%2f..%2fadmin', 400],
    ['/elsewhere', 403],
  ] as const)
    assert.equal((await ask(path)).status, status, path);
  assert.equal(made, 1);
});
