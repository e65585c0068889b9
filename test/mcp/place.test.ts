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
  ...['*mcp', '*mcp/below', '*MCP?a', 'http://h?x/mcp', 'http://h#/mcp'],
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

/** What a router could take for the name of a tenant. */
const OF_TENANTS = [
  ...[
    '/t/a/mcp',
    '/t/a/mcp/',
    '/T/A/MCP',
    '/t/a/mcp?b',
    '/t/a/mcp/below',
    '//t/a/mcp',
    '/t//a//mcp',
    '/t//mcp',
  ],
  ...[
    '/t/a%2fb/mcp',
    '/t/a%5cb/mcp',
    '/t/a\\b/mcp',
    '/t/a;b/mcp',
    '/t/a%3bb/mcp',
    '/t/a%3fb/mcp',
    '/t/a%23b/mcp',
  ],
  ...[
    '/t/%61/mc%70',
    '/t/a%252fb/mcp',
    '/t/../mcp',
    '/t/%2e%2e/mcp',
    '/t/x/../a/mcp',
    '/t/%zz/mcp',
    '/t/a/mcp;b',
  ],
  ...[
    'http://h/t/a/mcp',
    'a://h/t/a;b/mcp',
    '/t/ /mcp',
    '/t/a%00/mcp',
    '/t/:tenant/mcp',
    '/t/a%2f..%2fb/mcp',
  ],
  ...[
    '*t/a/mcp',
    '*t/a/mcp/below',
    '/t/"#b/mcp',
    "/t/''#bcdef/MCP/",
    '/t/"#/mcp/below',
    '/t/a%2fb/mcp;c',
    '/t//mcp;c',
  ],
  ...['a://h/t/a%2fb/mcp\\c', 'a://h/t\\a;b/mcp#'],
  ...['//t/a;b//mcp', '/t;x/a/mcp', '/t/a;/mcp', '/t/;/mcp', '/t/a/b/mcp', '/other', '/t/a', '/t/mcp'],
];

test('whatever a router takes for the server of a tenant is guarded', { timeout: 120_000 }, async (t) => {
  const isFor = createPlace('/t/:tenant/mcp');
  const open: string[] = [];
  const reached = new Map<string, number>();
  let target = '';
  const note = (router: string, url: string | undefined) => {
    reached.set(router, (reached.get(router) ?? 0) + 1);
    if (!isFor(url)) open.push(`${router}: ${target}`);
  };
  const app = express().all(['/t/:tenant/mcp', '/t/:tenant/mcp/*rest'], ({ originalUrl }, response) => {
    note('Express', originalUrl);
    response.end();
  });
  const nested = express.Router().all(['/mcp', '/mcp/*rest'], ({ originalUrl }, response) => {
    note('Express, below a parameter', originalUrl);
    response.end();
  });
  const outer = express().use('/t/:tenant', nested);
  const fasts = [false, true].map((tolerant) =>
    fastify({
      routerOptions: {
        ...{ ignoreDuplicateSlashes: tolerant, ignoreTrailingSlash: tolerant },
        ...{ useSemicolonDelimiter: tolerant, caseSensitive: !tolerant },
      },
    }),
  );
  for (const fast of fasts) {
    for (const path of ['/t/:tenant/mcp', '/t/:tenant/mcp/*']) {
      fast.get(path, async (request) => note('Fastify', request.url));
    }
    await fast.listen({ port: 0, host: '127.0.0.1' });
  }
  const hono = new Hono();
  for (const path of ['/t/:tenant/mcp', '/t/:tenant/mcp/*']) {
    hono.get(path, (context) => {
      note('Hono', context.req.url);
      return context.body('');
    });
  }
  const servers = [createServer(app), createServer(outer)];
  t.after(() => {
    for (const server of servers) server.close();
    return Promise.all(fasts.map((fast) => fast.close()));
  });
  const ports = [
    ...(await Promise.all(servers.map(listen))),
    ...fasts.map((fast) => (fast.server.address() as AddressInfo).port),
  ];
  for (target of OF_TENANTS) {
    for (const port of ports) await send(port, target);
    if (target.startsWith('/')) await hono.request(`http://h${target}`);
  }
  assert.deepEqual(open, []);
  for (const router of ['Express', 'Fastify', 'Hono']) assert.ok((reached.get(router) ?? 0) >= 9, router);
  for (const other of ['/t/a/b/mcp', '/other', '/t/a', '/t/mcp', '/t/a/mcpx', '/x/t/a/mcp']) {
    assert.equal(isFor(other), false, other);
  }
});

const isMcp = (path: string | null) => path === '/mcp' || path?.startsWith('/mcp/') === true;

test('whatever a router takes for the path of the MCP server is guarded', { timeout: 120_000 }, async (t) => {
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
  for (const target of ['x:/mcp', 'x:h/mcp', '\u00a0/mcp', '/mcp\u00a0', 'http:/mcp']) {
    assert.equal(parse(target).pathname, '/mcp', target);
    assert.equal(isFor(target), true, target);
  }
  // Fastify's router does not look at the first character.
  for (const target of ['.mcp', '?mcp', '%00mcp', '%c3%bc%6dcp/below'])
    assert.equal(isFor(target), true, target);
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

test('Elysia looks for the path behind eleven characters of a URL, whichever host it has', () => {
  const isFor = createPlace('/mcp');
  for (const url of ['http://ab/x/mcp', 'http://api/x/mcp?y', 'http://a/xx/mcp/below', 'https://a/x/MCP'])
    assert.ok(isFor(url), url);
  for (const url of ['http://abcd/x/mcp', 'http://ab/x/y/mcp', 'http://api/mcpx'])
    assert.ok(!isFor(url), url);
});
