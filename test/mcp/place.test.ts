import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { parse } from 'node:url';
import express from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { createPlace } from '../../packages/guard/src/adapters/mcp/place.ts';

const TARGETS = [
  ...['/mcp', '/mcp/', '/MCP', '/mcp?a=b', '/mcp#a', '/mc%70', '/mcp/below', '//mcp', '/mcp;a', '/mcp/%zz'],
  ...['http://h/mcp', 'HTTP://h/mcp', 'http://a@h/mcp', 'http:///mcp', 'http://h;/mcp', 'http://h//mcp'],
  // llhttp takes whichever scheme there is.
  ...['ftp://h/mcp', 'a://h/mcp', 'a://h?x/mcp', 'javascript://h/mcp', 'file:///mcp'],
  ...['/x/../mcp', '/./mcp', '/x/%2e%2E/mcp', '//h/mcp', '/\\h/mcp', '/x\\..\\mcp', 'http://h/x/../mcp'],
  ...['/mcp/..', '/mcp/../x', '/mcp/%2e%2e/x', '/mcp/./..', '/mcp/x/../../y', 'http://h/mcp/../x'],
  ...['/%6dcp/%zz', '/%6dcp/%ff', '/%6Dcp%/', '/other', '/', '*', 'http://mcp/other', '/mcpx', 'a://mcp/b'],
];

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** As it is written here: clients of HTTP would write it otherwise. */
function send(port: number, target: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${target} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`),
    );
    socket
      .on('data', (chunk) => (answer += chunk))
      .on('close', () => resolve(answer))
      .on('error', reject);
  });
}

const isMcp = (path: string | null) => path === '/mcp' || path?.startsWith('/mcp/') === true;

test('whatever a router takes for the path of the MCP server is guarded', { timeout: 20_000 }, async (t) => {
  const isFor = createPlace('/mcp');
  const open: string[] = [];
  const reached = new Map<string, number>();
  const note = (router: string, target: string, url: string | undefined) => {
    reached.set(router, (reached.get(router) ?? 0) + 1);
    if (!isFor(url)) open.push(`${router}: ${target}`);
  };
  let target = '';
  const app = express().use('/mcp', ({ originalUrl }, response) => {
    note('Express', target, originalUrl);
    response.end();
  });
  const koa = new Koa().use((context) => {
    if (isMcp(context.path)) note('Koa', target, context.req.url);
    context.body = '';
  });
  const node = createServer((request: IncomingMessage, response) => {
    const { url = '/' } = request;
    if (URL.canParse(url, 'http://h') && isMcp(new URL(url, 'http://h').pathname)) note('URL', target, url);
    if (isMcp(parse(url).pathname)) note('url.parse', target, url);
    response.end();
  });
  const fast = fastify({ routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true } });
  for (const path of ['/mcp', '/mcp/*']) {
    fast.get(path, async (request) => note('Fastify', target, request.url));
  }
  await fast.listen({ port: 0, host: '127.0.0.1' });
  const servers = [createServer(app), createServer(koa.callback()), node];
  t.after(() => {
    for (const one of servers) one.close();
    return fast.close();
  });
  const ports = [...(await Promise.all(servers.map(listen))), (fast.server.address() as AddressInfo).port];
  const hono = new Hono();
  for (const path of ['/mcp', '/mcp/*']) {
    hono.get(path, (context) => {
      note('Hono', target, context.req.url);
      return context.body('');
    });
  }

  for (target of TARGETS) {
    for (const port of ports) await send(port, target);
    if (target.startsWith('/')) await hono.request(`http://h${target}`);
  }
  assert.deepEqual(open, []);
  assert.deepEqual([...reached.keys()].sort(), ['Express', 'Fastify', 'Hono', 'Koa', 'URL', 'url.parse']);
  for (const [router, times] of reached) assert.ok(times >= 5, router);
});

test('targets that HTTP/2 allows with a scheme of its own are guarded', () => {
  const isFor = createPlace('/mcp');
  for (const target of ['x:/mcp', 'x:h/mcp', '\u00a0/mcp', 'http:/mcp']) {
    assert.equal(parse(target).pathname, '/mcp', target);
    assert.equal(isFor(target), true, target);
  }
});

test('other paths go on untouched', () => {
  const isFor = createPlace('/mcp');
  for (const target of [
    '/',
    '/other',
    '/mcpx',
    '/x/mcp',
    'http://mcp/other',
    '/other?/mcp',
    '//mcp/other',
    undefined,
  ]) {
    // What could be a host could be a path as well.
    assert.equal(isFor(target), target === '//mcp/other', String(target));
  }
  assert.equal(createPlace('/m%C3%BCller/mcp')('/müller/%6dcp'), true);
});
