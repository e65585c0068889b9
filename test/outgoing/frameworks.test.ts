import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { server as makeHapi } from '@hapi/hapi';
import { createAdaptorServer } from '@hono/node-server';
import express from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { keycloak as forExpress } from '../../packages/guard/src/adapters/express/index.ts';
import { keycloakCalls, keycloakGuard } from '../../packages/guard/src/adapters/fastify/index.ts';
import { keycloak as forFetch } from '../../packages/guard/src/adapters/fetch/index.ts';
import { keycloak as forHapi } from '../../packages/guard/src/adapters/hapi/index.ts';
import { keycloak as forHono } from '../../packages/guard/src/adapters/hono/index.ts';
import { keycloak as forKoa } from '../../packages/guard/src/adapters/koa/index.ts';
import { KeycloakService } from '../../packages/guard/src/adapters/nest/index.ts';
import { keycloak as forNode } from '../../packages/guard/src/adapters/node/index.ts';
import { isAuthError, OptionsError } from '../../packages/guard/src/core/index.ts';
import { listen } from '../adapters/listen.ts';
import type { RunningApp } from '../contract/adapter/adapter.ts';
import { call, claimsOf, type Service, signIn, startService } from '../contract/calling/stage.ts';
import { toUser } from '../keycloak/support/user.ts';
import { clientScopes, clients, SECRET, USER } from '../support/calling-realm.ts';
import { createTestCertificate } from '../support/certificates.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { createDpopClient } from '../support/dpop.ts';
import { openSocketBrowser } from '../support/socket-browser.ts';

// The same three lines in every framework: what is exchanged, kept and refused, the other tests of this folder say.

let idp: Awaited<ReturnType<typeof startTestIdp>>;
let orders: Service;

before(async () => {
  idp = await startTestIdp({ realm: { realm: 'calling', clients, clientScopes, users: [toUser(USER)] } });
  orders = await startService(idp, 'orders');
});
after(async () => {
  await orders?.close();
  await idp?.close();
});

const optionsOf = () => ({
  ...{ serverUrl: idp.url, realm: 'calling', clientId: 'shop', audience: 'shop', timeoutMs: 30_000 },
  credential: { secret: SECRET },
});
const to = () => ({ origin: orders.origin, audience: 'orders', scope: 'to-orders' });

const FRAMEWORKS: Readonly<Record<string, () => Promise<RunningApp>>> = {
  async node() {
    const kc = forNode(optionsOf());
    const toOrders = kc.fetchFor(to());
    const handler = kc.guard({}, async (request, response) => {
      (response as import('node:http').ServerResponse).end(
        await (await toOrders(request, '/orders/7')).text(),
      );
    });
    return listen(createServer(handler as never), () => kc.close());
  },
  async express() {
    const kc = forExpress(optionsOf());
    const toOrders = kc.fetchFor(to());
    const app = express().get('/checkout', kc.guard(), async (request, response) => {
      response.send(await (await toOrders(request, '/orders/7')).text());
    });
    return listen(createServer(app), () => kc.close());
  },
  async koa() {
    const kc = forKoa(optionsOf());
    const toOrders = kc.fetchFor(to());
    const app = new Koa().use(kc.guard()).use(async (ctx) => {
      ctx.body = await (await toOrders(ctx, '/orders/7')).text();
    });
    return listen(createServer(app.callback()), () => kc.close());
  },
  async hono() {
    const kc = forHono(optionsOf());
    const toOrders = kc.fetchFor(to());
    const app = new Hono().get('/checkout', kc.guard(), async (c) =>
      c.text(await (await toOrders(c, '/orders/7')).text()),
    );
    return listen(createAdaptorServer({ fetch: app.fetch }) as Server, () => kc.close());
  },
  async fetch() {
    const kc = forFetch(optionsOf());
    const toOrders = kc.fetchFor(to());
    // Headers alone are a request, too.
    const handler = kc.guard({}, async (request) => toOrders(request.headers, '/orders/7'));
    return listen(createAdaptorServer({ fetch: handler }) as Server, () => kc.close());
  },
  async 'fetch, made at its first use'() {
    const kc = forFetch(() => optionsOf());
    const toOrders = kc.fetchFor(to());
    const handler = kc.guard({}, async (request) => toOrders(request, '/orders/7'));
    return listen(createAdaptorServer({ fetch: handler }) as Server, () => kc.close());
  },
  async hapi() {
    const kc = forHapi(optionsOf());
    const toOrders = kc.fetchFor(to());
    const server = makeHapi({ port: 0, host: '127.0.0.1' });
    await server.register(kc.plugin);
    server.route({
      ...{ method: 'GET', path: '/checkout', options: { auth: 'keycloak' } },
      handler: async (request) => (await toOrders(request, '/orders/7')).text(),
    });
    await server.start();
    return { url: server.info.uri, close: () => server.stop({ timeout: 1 }) };
  },
  async fastify() {
    const app = fastify();
    await app.register(keycloakGuard, optionsOf());
    await app.register(keycloakCalls);
    const toOrders = app.calls.fetchFor(to());
    app.get('/checkout', { onRequest: app.guard() }, async (request) =>
      (await toOrders(request, '/orders/7')).text(),
    );
    return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
  },
  async nest() {
    const keycloak = new KeycloakService(optionsOf());
    const toOrders = keycloak.fetchFor(to());
    const server = createServer(async (request, response) => {
      response.end(await (await toOrders(request, '/orders/7')).text());
    });
    return listen(server, () => keycloak.close());
  },
};

describe('a call in the name of a caller', () => {
  for (const [name, start] of Object.entries(FRAMEWORKS)) {
    it(`is three lines with ${name}`, async () => {
      const app = await start();
      try {
        const { accessToken } = await signIn(idp);
        const answer = await call({ origin: app.url }, accessToken);
        assert.deepEqual([answer.status, await answer.text()], [200, 'here you are']);
        const { claims } = orders.seen.at(-1) as Service['seen'][number];
        assert.deepEqual([claims.azp, claims.aud, claims.sub], ['shop', 'orders', claimsOf(accessToken).sub]);
      } finally {
        await app.close();
      }
    });
  }

  it('in the application’s own name is as short, and gives other clients their token', async () => {
    for (const calls of [
      forNode(optionsOf()),
      new KeycloakService(optionsOf()),
      forFetch(() => optionsOf()),
    ]) {
      const toOrders = calls.fetchAs(to());
      assert.equal((await toOrders('/levels')).status, 200);
      assert.equal(orders.seen.at(-1)?.claims.azp, 'shop');
      // There are no tenants to choose from.
      assert.equal((await toOrders.of({ headers: {} } as never)('/levels')).status, 200);
      await assert.rejects(toOrders.ofTenant('calling')('/levels'), OptionsError);
      const provider = { getAccessToken: calls.tokenAs({ scope: 'to-orders' }) };
      assert.equal(claimsOf(await provider.getAccessToken()).azp, 'shop');
      const tokenFor = calls.tokenFor({ audience: 'orders', scope: 'to-orders' });
      const { accessToken } = await signIn(idp);
      const headers = new Headers({ authorization: `Bearer ${accessToken}` });
      const request =
        calls instanceof KeycloakService || 'upgrade' in calls
          ? { headers: Object.fromEntries(headers) }
          : { headers };
      assert.equal(claimsOf(await tokenFor(request as never)).aud, 'orders');
      await calls.close();
    }
  });
});

describe('a caller whose token is bound', () => {
  const codeOf = (call: Promise<unknown>) =>
    call.then(
      () => 'sent',
      (error: unknown) => (isAuthError(error) ? `${error.statusCode} ${error.code}` : String(error)),
    );

  it('to a key is one by the request as by the principal, and no second proof is asked for', async () => {
    const kc = forFetch({ ...optionsOf(), dpop: 'accepted', onNotice: false });
    const toOrders = kc.fetchFor(to());
    try {
      const key = createDpopClient();
      const token = await idp.issueToken({
        ...{ username: USER.username, clientId: 'web', claims: { cnf: { jkt: key.jkt } } },
      });
      const uri = 'http://shop.example/checkout';
      const request = (dpop: string) =>
        new Request(uri, { headers: { authorization: `DPoP ${token}`, dpop } });
      const proved = request(key.proof({ token, uri, now: Math.floor(Date.now() / 1000) }));
      const principal = await kc.principal(proved);
      // Keycloak exchanges none of them: `calling_refused` says so in the log, and the caller is not to blame.
      const refusals = await Promise.all(
        [principal, proved].map((who) => codeOf(toOrders(who, '/orders/7'))),
      );
      assert.deepEqual(refusals, Array(2).fill('500 provider_misconfigured'));
      assert.equal(await kc.accessToken(proved), token);
      assert.equal(await codeOf(toOrders(request('no proof'), '/orders/7')), '401 dpop_proof_invalid');
    } finally {
      await kc.close();
    }
  });

  it('to a certificate is one where it is shown, and nowhere else', async () => {
    const { x509 } = createTestCertificate('client');
    const thumbprint = createHash('sha256').update(x509.raw).digest('base64url');
    const clientCertificate = { header: 'client-cert', trustedBy: () => true } as const;
    const kc = forNode({ ...optionsOf(), clientCertificate, onNotice: false });
    const tokenFor = kc.tokenFor({ audience: 'orders', scope: 'to-orders' });
    try {
      const claims = { cnf: { 'x5t#S256': thumbprint } };
      const token = await idp.issueToken({ username: USER.username, clientId: 'web', claims });
      const request = (more: object) =>
        ({
          headers: { authorization: `Bearer ${token}`, ...more },
          socket: { remoteAddress: '127.0.0.1' },
        }) as never;
      const shown = request({ 'client-cert': `:${x509.raw.toString('base64')}:` });
      assert.equal(await codeOf(tokenFor(shown)), '500 provider_misconfigured');
      assert.equal(await codeOf(tokenFor(request({}))), '401 token_bound');
    } finally {
      await kc.close();
    }
  });

  it('and nobody, as an optional guard finds, are told apart', async () => {
    const kc = forNode(optionsOf());
    assert.equal(await codeOf(kc.fetchFor(to())(null as never, '/orders/7')), '401 missing_token');
    await kc.close();
  });
});

describe('a person who is signed in with the browser', () => {
  it('is a caller, too: the token of the session is exchanged', async () => {
    const kc = forNode(optionsOf());
    const toOrders = kc.fetchFor(to());
    const session = kc.session({ secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826' });
    const guarded = kc.guard({}, async (request, response) => {
      const text = await (await toOrders(request, '/orders/7')).text();
      (response as import('node:http').ServerResponse).end(text);
    });
    const server = createServer((request, response) =>
      session(request, response, () => guarded(request, response)),
    );
    const app = await listen(server, () => kc.close());
    try {
      idp.updateClient('shop', {
        standardFlowEnabled: true,
        redirectUris: [`${app.url}/*`],
        defaultClientScopes: ['basic', 'profile', 'to-shop'],
      });
      const { response } = await openSocketBrowser(app).open(`${app.url}/checkout`);
      assert.deepEqual([response.status, await response.text()], [200, 'here you are']);
      const { claims } = orders.seen.at(-1) as Service['seen'][number];
      assert.deepEqual(
        [claims.azp, claims.aud, claims.preferred_username],
        ['shop', 'orders', USER.username],
      );
    } finally {
      await app.close();
    }
  });
});
