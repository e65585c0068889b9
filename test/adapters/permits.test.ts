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
import { keycloak as nodeKeycloak } from '../../packages/guard/src/adapters/node/index.ts';
import { combineVerifiers, OptionsError } from '../../packages/guard/src/core/index.ts';
import { BOB, createFakeKeycloak, type FakeKeycloak, SECRET } from '../authz/fake-keycloak.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { listen } from './listen.ts';

type Rule = () => never;
type Make = (options: ReturnType<typeof optionsOf>, rule: Rule) => RequestListener;

const lines: string[] = [];
const log = { info() {}, warn() {}, error: (_: object, line: string) => void lines.push(line) };
function optionsOf({ realm, fetch }: FakeKeycloak) {
  const { serverUrl, realm: name, clientId, clock } = realm;
  const more = { clientSecret: SECRET, tokenCheck: 'local', onNotice: false } as const;
  return { serverUrl, realm: name, clientId, fetch, clock, log, ...more };
}

const MAKES: Readonly<Record<string, Make>> = {
  express(options, rule) {
    const kc = expressKeycloak(options);
    kc.permissions();
    const app = express().set('env', 'test');
    app.use(kc.guard(), kc.permit(rule));
    return app.use((_request, response) => void response.json({ in: true }));
  },
  koa(options, rule) {
    const kc = koaKeycloak(options);
    kc.permissions();
    const app = new Koa();
    app.silent = true;
    app.use(kc.guard()).use(kc.permit(rule));
    return app.use((ctx) => void Object.assign(ctx, { body: { in: true } })).callback();
  },
  node(options, rule) {
    const kc = nodeKeycloak(options);
    kc.permissions();
    const permit = kc.permit(rule);
    return kc.guard({}, (request, response) =>
      permit(request, response, (error) => {
        response.statusCode = error === undefined ? 200 : 500;
        (response as import('node:http').ServerResponse).end(error === undefined ? '{"in":true}' : '');
      }),
    );
  },
  hono(options, rule) {
    const kc = honoKeycloak(options);
    kc.permissions();
    const app = new Hono();
    app.onError((error, c) =>
      'getResponse' in error
        ? (error as never as { getResponse(): Response }).getResponse()
        : c.text('', 500),
    );
    app.use(kc.guard()).use(kc.permit(rule));
    app.get('*', (c) => c.json({ in: true }));
    return getRequestListener(app.fetch) as RequestListener;
  },
};

async function start(t: TestContext, make: Make, rule: Rule) {
  const fake = createFakeKeycloak();
  const app = await listen(createServer(make(optionsOf(fake), rule)), async () => {});
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
        const { get } = await start(t, make, rule);
        assert.equal((await get('/')).status, 500, String(thrown));
      }
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
  const realms = [fake.realm, createTestRealm({ realm: 'other' })];
  const verifier = combineVerifiers(realms.map((realm) => realm.verifier({ issuer: realm.issuer })));
  t.after(() => verifier.close());
  const several = nodeKeycloak({ verifier });
  t.after(() => several.close());
  assert.throws(() => several.permissions({ clientSecret: 'x' }), OptionsError);
});

test('what Keycloak does not know is told in the log', async (t) => {
  lines.length = 0;
  const rule = 'nothing#view' as unknown as Rule;
  const { get } = await start(t, MAKES.express as Make, rule);
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
  // Without a guard around it, as a server calls a handler.
  const bare = kc.permit('orders#view', {}, () => Response.json('seen')) as (request: Request) => Response;
  assert.equal((await bare(new Request('http://app.example.com/', { headers }))).status, 401);
});
