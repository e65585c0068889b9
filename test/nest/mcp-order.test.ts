// What an application mounts itself may stand before the guard of its MCP server: then the log says so.
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { type INestApplication, type MiddlewareConsumer, Module } from '@nestjs/common';
import type { Log } from '../../packages/guard/src/core/index.ts';
import { eventually } from '../support/eventually.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { PLATFORMS, type Platform, startApp } from './start-app.ts';

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

const serve: Middleware = (request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  response.statusCode = Number(searchParams.get('status') ?? 200);
  response.end('{}');
};
const pass: Middleware = (_request, _response, next) => next();

/** Nest's own middleware at the path of the MCP server. */
class ServerModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(serve).forRoutes('mcp');
  }
}
Module({})(ServerModule);

async function start(
  t: TestContext,
  platform: Platform,
  prepare: (app: INestApplication) => unknown = () => {},
  imports = [] as (typeof ServerModule)[],
) {
  const errors: string[] = [];
  const log: Log = { info() {}, warn() {}, error: (_fields, message) => void errors.push(message) };
  const realm = createTestRealm();
  const mcp = { url: 'https://example.com/mcp' };
  const started = await startApp(t, { imports }, { platform, realm, options: { log, mcp }, prepare });
  return { ...started, errors, token: realm.mint({ aud: [mcp.url, realm.clientId] }) };
}

async function assertTold(get: Awaited<ReturnType<typeof start>>['get'], errors: string[]): Promise<void> {
  for (const path of ['/elsewhere', '/mcp?status=429', '/mcp?status=307']) await get(path);
  assert.equal((await get('/mcp', undefined, { method: 'OPTIONS' })).status, 200);
  assert.equal((await get('/mcp')).status, 200);
  await eventually('it is told', () => errors.length > 0);
  assert.match(errors[0] as string, /^A request for the MCP server was answered before its guard was asked/);
  assert.equal((await get('/mcp', undefined, { method: 'POST' })).status, 200);
  assert.equal(errors.length, 1);
}

for (const platform of PLATFORMS) {
  test(`${platform}: a server that is given to app.use answers before its guard is asked, which is told once`, async (t) => {
    const { get, errors } = await start(t, platform, (app) => app.use('/mcp', serve));
    await assertTold(get, errors);
  });

  test(`${platform}: nothing is told of middleware that only stands before the guard`, async (t) => {
    const { get, errors, token } = await start(t, platform, (app) => app.use('/mcp', pass));
    assert.deepEqual([(await get('/mcp')).status, (await get('/mcp', token)).status], [401, 404]);
    assert.deepEqual(errors, []);
  });
}

test('express: a server in middleware of Nest’s own is behind the guard', async (t) => {
  const { get, errors, token } = await start(t, 'express', undefined, [ServerModule]);
  assert.deepEqual([(await get('/mcp')).status, (await get('/mcp', token)).status], [401, 200]);
  assert.deepEqual(errors, []);
});

test('fastify: one in middleware of Nest’s own is before the guard, which is told', async (t) => {
  const { get, errors } = await start(t, 'fastify', undefined, [ServerModule]);
  await assertTold(get, errors);
});
