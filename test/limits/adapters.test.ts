import 'reflect-metadata';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { server as hapiServer } from '@hapi/hapi';
import { type HttpBindings, serve } from '@hono/node-server';
import { Controller, Module, Post, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import express from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { keycloak as expressKeycloak } from '../../packages/guard/src/adapters/express/index.ts';
import { keycloakGuard, keycloakLoginLimits } from '../../packages/guard/src/adapters/fastify/index.ts';
import { keycloak as fetchKeycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { keycloak as hapiKeycloak } from '../../packages/guard/src/adapters/hapi/index.ts';
import { keycloak as honoKeycloak } from '../../packages/guard/src/adapters/hono/index.ts';
import { keycloak as koaKeycloak } from '../../packages/guard/src/adapters/koa/index.ts';
import { KeycloakModule, LoginLimitsGuard } from '../../packages/guard/src/adapters/nest/index.ts';
import { keycloak as nodeKeycloak } from '../../packages/guard/src/adapters/node/index.ts';
import { audit } from '../../packages/guard/src/observability/audit.ts';

type Body = { readonly username?: unknown } | undefined;
type Lines = Record<string, unknown>[];
/** @returns its URL */
type Start = (t: TestContext, lines: Lines) => Promise<string>;

const HERE = { serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'api', onNotice: false } as const;
const MOST = { loginsPerAddress: 4, loginsPerUser: 2 } as const;
const given = (lines: Lines) => ({
  ...HERE,
  observers: [audit({ info: (fields) => lines.push({ ...fields }) })],
});

async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

class Login {
  login() {
    return { ok: true };
  }
}
const descriptor = Object.getOwnPropertyDescriptor(Login.prototype, 'login') as PropertyDescriptor;
for (const decorate of [Post('login'), UseGuards(LoginLimitsGuard)])
  decorate(Login.prototype, 'login', descriptor);
Controller()(Login);

const APPS: Readonly<Record<string, Start>> = {
  async express(t, lines) {
    const kc = expressKeycloak(given(lines));
    t.after(() => kc.close());
    const limits = kc.loginLimits({ ...MOST, username: ({ body }) => body?.username });
    const app = express().post('/login', express.json(), limits as never, (_request, response) => {
      response.json({ ok: true });
    });
    return listen(t, app);
  },
  async node(t, lines) {
    const kc = nodeKeycloak(given(lines));
    t.after(() => kc.close());
    const limits = kc.loginLimits({
      ...MOST,
      username: (request) => (request as { body?: Body }).body?.username,
    });
    return listen(t, async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      Object.assign(request, { body: JSON.parse(Buffer.concat(parts).toString()) });
      limits(request, response, () => response.end('{"ok":true}'));
    });
  },
  async koa(t, lines) {
    const kc = koaKeycloak(given(lines));
    t.after(() => kc.close());
    const app = new Koa().use(async ({ req, request }, next) => {
      const parts: Buffer[] = [];
      for await (const part of req) parts.push(part);
      Object.assign(request, { body: JSON.parse(Buffer.concat(parts).toString()) });
      await next();
    });
    const username = ({ request }: Koa.Context) => (request as { body?: Body }).body?.username;
    app.use(kc.loginLimits({ ...MOST, username }) as never);
    app.silent = true;
    app.use((ctx) => {
      ctx.body = { ok: true };
    });
    return listen(t, app.callback());
  },
  async hono(t, lines) {
    const kc = honoKeycloak(given(lines));
    t.after(() => kc.close());
    const app = new Hono<{ Bindings: HttpBindings }>();
    const username = async (c: { req: { json(): Promise<unknown> } }) =>
      ((await c.req.json()) as Body)?.username;
    app.post('/login', kc.loginLimits({ ...MOST, username }), async (c) => {
      await c.req.json();
      return c.json({ ok: true });
    });
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    await once(server, 'listening');
    t.after(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  async fetch(t, lines) {
    const kc = fetchKeycloak(() => given(lines));
    t.after(() => kc.close());
    const login = kc.loginLimits(
      {
        ...MOST,
        address: () => '127.0.0.1',
        username: async (request: Request) => ((await request.clone().json()) as Body)?.username,
      },
      async (request) => {
        await request.json();
        return Response.json({ ok: true });
      },
    );
    const server = serve({ fetch: login as never, port: 0, hostname: '127.0.0.1' });
    await once(server, 'listening');
    t.after(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  async hapi(t, lines) {
    const kc = hapiKeycloak(given(lines));
    const server = hapiServer({ host: '127.0.0.1', port: 0 });
    await server.register(kc.plugin);
    const limits = kc.loginLimits({ ...MOST, username: ({ payload }) => (payload as Body)?.username });
    server.route({
      method: 'POST',
      path: '/login',
      options: { pre: [limits] },
      handler: () => ({ ok: true }),
    });
    await server.start();
    t.after(() => server.stop());
    return server.info.uri;
  },
  async fastify(t, lines) {
    const app = fastify();
    await app.register(keycloakGuard, given(lines));
    await app.register(keycloakLoginLimits, { ...MOST, username: ({ body }) => (body as Body)?.username });
    app.post('/login', { preHandler: app.loginLimits }, () => ({ ok: true }));
    t.after(() => app.close());
    return app.listen({ host: '127.0.0.1', port: 0 });
  },
  async nest(t, lines) {
    const username = (request: object) => (request as { body?: Body }).body?.username;
    const keycloak = KeycloakModule.forRoot({ ...given(lines), loginLimits: { ...MOST, username } });
    class App {}
    Module({ imports: [keycloak], controllers: [Login] })(App);
    const app = await NestFactory.create(App, { logger: false });
    t.after(() => app.close());
    await app.listen(0, '127.0.0.1');
    return app.getUrl();
  },
};

for (const [name, start] of Object.entries(APPS)) {
  test(`${name}: those who log in too often are answered 429, and heard of`, async (t) => {
    const lines: Lines = [];
    const url = await start(t, lines);
    const login = async (username: unknown) => {
      const answer = await fetch(`${url}/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username }),
      });
      const { headers, status } = answer;
      return {
        ...{ status, body: await answer.text() },
        remaining: headers.get('ratelimit-remaining'),
        limit: headers.get('ratelimit-limit'),
        retryAfter: headers.get('retry-after'),
      };
    };
    const first = await login('anna');
    assert.ok(first.status < 300, String(first.status));
    assert.equal(first.body, '{"ok":true}');
    assert.deepEqual([first.limit, first.remaining, first.retryAfter], ['2', '1', null]);
    assert.equal((await login('Anna')).remaining, '0');
    const refused = await login('anna');
    assert.deepEqual([refused.status, refused.body], [429, '{"detail":"Too many login attempts"}']);
    assert.ok(Number(refused.retryAfter) > 0 && Number(refused.retryAfter) <= 60);
    assert.deepEqual([refused.limit, refused.remaining], ['2', '0']);
    assert.ok((await login('bob')).status < 300);
    const byAddress = await login('carol');
    assert.deepEqual([byAddress.status, byAddress.limit], [429, '4']);
    assert.deepEqual(
      lines.map(({ event, outcome, by, user, address }) => [event, outcome, by, user, address]),
      ['anna', 'carol'].map((user) => [
        'login',
        'rate_limited',
        'password',
        user,
        name === 'fetch' ? undefined : '127.0.0.1',
      ]),
    );
  });
}

test('wrong options are told when the limits are made', async () => {
  const kc = expressKeycloak(HERE);
  assert.throws(() => kc.loginLimits({ loginsPerUser: -1 }), {
    name: 'OptionsError',
    message: /loginsPerUser/,
  });
  assert.throws(() => kc.loginLimits({ store: {} as never }), { name: 'OptionsError', message: /store/ });
  assert.throws(() => kc.loginLimits({ perUser: 5 } as never), { name: 'OptionsError', message: /perUser/ });
  await kc.close();
  const other = fetchKeycloak(HERE);
  const login = () => new Response();
  assert.throws(() => other.loginLimits({}, login), { name: 'OptionsError', message: /address/ });
  await other.close();
});
