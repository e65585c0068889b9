// The guard of an MCP server on requests of the Fetch standard, without a server.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { McpOptions } from '../../packages/guard/src/adapters/engine/index.ts';
import { resolveMcpOptions } from '../../packages/guard/src/adapters/engine/mcp-options.ts';
import {
  answerUnreadable,
  copyMessage,
  isEventStream,
  mayBringMessage,
  neededScopes,
  readMessage,
} from '../../packages/guard/src/adapters/engine/parts/mcp-messages.ts';
import { keycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { passTime, stopTime } from '../support/passing-time.ts';
import { createTestRealm } from '../support/test-realm.ts';

const URL_OF_SERVER = 'https://tools.example.com/mcp';
const METADATA = 'https://tools.example.com/.well-known/oauth-protected-resource/mcp';
const PAGE = 'http://localhost:6274';

function setUp(t: TestContext, more: Partial<McpOptions> = {}, answer?: (request: Request) => Response) {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  // Of others too: the server itself takes its own alone.
  const audience = [URL_OF_SERVER, `${URL_OF_SERVER}/`, clientId];
  const kc = keycloak({
    serverUrl,
    realm: name,
    clientId,
    fetch,
    clock,
    audience,
    onNotice: (notice) => void realm.notices.push(notice),
    logRefusals: false,
  });
  t.after(() => kc.close());
  const options = { url: URL_OF_SERVER, scopes: ['mcp:tools'], allowedOrigins: [PAGE], ...more };
  const mcp = kc.mcp(
    options,
    (request, { principal, auth }) =>
      answer?.(request) ??
      Response.json({ who: principal.username, clientId: auth.clientId, resource: auth.resource.href }),
  );
  const mint = (changes: object = {}) => realm.mint({ aud: URL_OF_SERVER, scope: 'mcp:tools', ...changes });
  const ask = (init: RequestInit & { token?: string | null } = {}) => {
    const { token = mint(), headers, ...rest } = init;
    const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
    return mcp(
      new Request(URL_OF_SERVER, { ...rest, headers: { ...authorization, ...(headers as object) } }),
    );
  };
  return { realm, kc, mcp, mint, ask, codes: () => realm.notices.map(({ code }) => code) };
}

describe('the guard of an MCP server', () => {
  test('lets in who has a token for it, with its scopes', async (t) => {
    const { ask, mint } = setUp(t);
    const caller = { who: 'abdullah', clientId: 'web-app', resource: URL_OF_SERVER };
    assert.deepEqual(await (await ask()).json(), caller);
    for (const [changes, status] of [
      [{ aud: 'my-api' }, 401],
      [{ aud: `${URL_OF_SERVER}/` }, 401],
      [{ scope: 'openid' }, 403],
    ] as const)
      assert.equal((await ask({ token: mint(changes) })).status, status, JSON.stringify(changes));
    const nobody = await ask({ token: null });
    assert.equal(nobody.status, 401);
    assert.equal(
      nobody.headers.get('www-authenticate'),
      `Bearer scope="mcp:tools", resource_metadata="${METADATA}"`,
    );
  });

  test('tells once that a token is for another resource too, and answers its metadata', async (t) => {
    const { ask, mint, codes, mcp } = setUp(t);
    await ask();
    assert.equal(codes().includes('audience_shared'), false);
    for (const aud of [
      [URL_OF_SERVER, 'account'],
      [URL_OF_SERVER, 'https://other.test'],
      [URL_OF_SERVER, 'HTTP://third.test'],
    ])
      assert.equal((await ask({ token: mint({ aud }) })).status, 200);
    assert.deepEqual(
      codes().filter((code) => code === 'audience_shared'),
      ['audience_shared'],
    );
    const document = await (await mcp.metadata(new Request(METADATA))).json();
    assert.deepEqual([document.resource, document.scopes_supported], [URL_OF_SERVER, ['mcp:tools']]);
    assert.equal((await mcp.metadata(new Request('https://tools.example.com/other'))).status, 404);
  });

  test('answers pages of the origins that it was told, and of no others', async (t) => {
    const { ask } = setUp(t);
    const page = await ask({ headers: { origin: PAGE } });
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('access-control-allow-origin'), PAGE);
    assert.equal(page.headers.get('vary'), 'origin');
    const refused = await ask({ token: null, headers: { origin: PAGE } });
    assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, PAGE]);
    const own = await ask({ headers: { origin: 'https://tools.example.com' } });
    assert.deepEqual([own.status, own.headers.get('access-control-allow-origin')], [200, null]);
    for (const origin of ['https://evil.test', 'null', `${PAGE}0`]) {
      const evil = await ask({ headers: { origin } });
      assert.deepEqual([evil.status, evil.headers.get('access-control-allow-origin')], [403, null], origin);
    }
  });

  test('answers the preflights of these pages without a token', async (t) => {
    const { ask } = setUp(t);
    const method = { 'access-control-request-method': 'POST' };
    const asked = async (headers: Record<string, string>, verb = 'OPTIONS') => {
      const { status, headers: got } = await ask({ token: null, method: verb, headers });
      return [status, got.get('access-control-allow-headers'), got.get('access-control-allow-methods')];
    };
    const methods = 'GET, POST, DELETE';
    assert.deepEqual(await asked({ origin: PAGE, ...method }), [204, null, methods]);
    const names = { 'access-control-request-headers': 'authorization, mcp-session-id' };
    assert.deepEqual(await asked({ origin: PAGE, ...method, ...names }), [
      204,
      'authorization, mcp-session-id',
      methods,
    ]);
    const odd = { 'access-control-request-headers': 'a"b' };
    assert.deepEqual(await asked({ origin: PAGE, ...method, ...odd }), [204, null, methods]);
    for (const [headers, verb, status] of [
      [{ origin: PAGE }, 'OPTIONS', 401],
      [method, 'OPTIONS', 401],
      [{ origin: 'https://tools.example.com', ...method }, 'OPTIONS', 401],
      [{ origin: 'https://evil.test', ...method }, 'OPTIONS', 403],
      [{ origin: PAGE, ...method }, 'GET', 401],
    ] as const)
      assert.deepEqual(await asked(headers, verb), [status, null, null], JSON.stringify(headers));
  });

  test('knows whose a session is that the server gave, until it is ended', async (t) => {
    const { ask, mint } = setUp(t, {}, ({ method, headers }) => {
      if (method === 'DELETE') return new Response(null, { status: headers.has('x-refused') ? 405 : 204 });
      const opened = headers.get('x-open');
      return new Response('', { headers: opened === null ? {} : { 'mcp-session-id': opened } });
    });
    const as = async (sub: string, session: string, more: RequestInit = {}) =>
      (
        await ask({
          ...more,
          token: mint({ sub }),
          headers: { 'mcp-session-id': session, ...(more.headers as object) },
        })
      ).status;
    assert.equal(await as('anna', 's1'), 404);
    await ask({ token: mint({ sub: 'anna' }), headers: { 'x-open': 's1' } });
    assert.deepEqual([await as('anna', 's1'), await as('bob', 's1')], [200, 404]);
    // A server may name the session of another in an answer: it keeps its owner.
    await ask({ token: mint({ sub: 'bob' }), headers: { 'x-open': 's1' } });
    assert.deepEqual([await as('anna', 's1'), await as('bob', 's1')], [200, 404]);
    assert.equal(await as('anna', 's1', { method: 'DELETE', headers: { 'x-refused': '1' } }), 405);
    assert.equal(await as('anna', 's1'), 200);
    assert.equal(await as('anna', 's1', { method: 'DELETE' }), 204);
    assert.equal(await as('anna', 's1'), 404);
  });

  test('reads which tool a message calls, and names all scopes that a new token needs', async (t) => {
    const ran: string[] = [];
    const tools = { drop: 'a:write', audit: ['a:audit', 'a:write'], free: 'mcp:tools' };
    const { ask, mint } = setUp(t, { tools, scopesInChallenge: 'required' }, (request) => {
      assert.equal(request.bodyUsed, false);
      ran.push(request.method);
      return new Response('');
    });
    const call = (name: string, scope: string, method = 'POST') => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } });
      return ask({ token: mint({ scope }), method, body });
    };
    assert.equal((await call('free', 'mcp:tools')).status, 200);
    assert.equal((await call('unknown', 'mcp:tools')).status, 200);
    assert.equal((await call('audit', 'mcp:tools a:write a:audit')).status, 200);
    assert.equal(ran.splice(0).length, 3);
    const refused = await call('audit', 'mcp:tools a:write');
    assert.equal(refused.status, 403);
    assert.match(
      refused.headers.get('www-authenticate') ?? '',
      /error="insufficient_scope".*scope="mcp:tools a:write a:audit"/,
    );
    const broken = await ask({ method: 'POST', body: '{' });
    assert.deepEqual([broken.status, await broken.json()], [400, { detail: 'The body is not JSON' }]);
    assert.deepEqual(ran, []);
    const { headers } = await ask({ token: null });
    assert.equal(
      headers.get('www-authenticate'),
      `Bearer scope="mcp:tools", resource_metadata="${METADATA}"`,
    );
    // A server without tools that need more reads nothing.
    const plain = setUp(t);
    assert.equal((await plain.ask({ method: 'POST', body: '{' })).status, 200);
  });

  test('ends a stream of events with its token, and what else it answers does not end', async (t) => {
    stopTime(t);
    const cancelled: unknown[] = [];
    const controllers: ReadableStreamDefaultController[] = [];
    const body = (type: string) => {
      const stream = new ReadableStream({
        start: (controller) => void controllers.push(controller),
        cancel: (reason) => void cancelled.push(reason?.code ?? reason),
      });
      return new Response(stream, { status: 201, headers: { 'content-type': type, 'x-a': '1' } });
    };
    const { realm, ask, mint } = setUp(t, {}, ({ headers }) => body(headers.get('accept') ?? ''));
    const open = async (accept = 'text/event-stream; charset=utf-8') => {
      const answer = await ask({ token: mint({ exp: realm.now + 2 }), headers: { accept } });
      assert.deepEqual([answer.status, answer.headers.get('x-a')], [201, '1']);
      return answer.body?.getReader() as ReadableStreamDefaultReader;
    };
    const text = (one: string) => new TextEncoder().encode(one);
    const reader = await open();
    controllers[0]?.enqueue(text('a'));
    assert.deepEqual(await reader.read(), { done: false, value: text('a') });
    const done = await open();
    controllers[1]?.close();
    assert.deepEqual(await done.read(), { done: true, value: undefined });
    const failed = await open();
    controllers[2]?.error(new Error('of the server'));
    await assert.rejects(failed.read(), /of the server/);
    const left = await open();
    await left.cancel('left');
    assert.deepEqual(cancelled.splice(0), ['left']);
    const other = await open('text/plain');
    const [next, still] = [reader.read(), other.read()];
    await passTime(2_000);
    assert.deepEqual(await next, { done: true, value: undefined });
    assert.deepEqual(cancelled, ['token_expired']);
    controllers[4]?.enqueue(text('b'));
    assert.deepEqual(await still, { done: false, value: text('b') });
  });
});

describe('a message', () => {
  const tools = new Map([
    ['drop', ['a', 'b']],
    ['audit', ['b', 'c']],
  ]);
  const call = (name: unknown) => ({ method: 'tools/call', params: { name } });

  test('needs the scopes of the tools that it calls, however it was parsed', () => {
    for (const [body, scopes] of [
      [call('drop'), ['a', 'b']],
      [
        [call('drop'), call('audit'), { method: 'ping' }],
        ['a', 'b', 'c'],
      ],
      [[], []],
      [{ method: 'tools/list', params: { name: 'drop' } }, []],
      [{ method: 'ping' }, []],
      [{ method: 'ping', params: null }, []],
      [call('constructor'), []],
      [{}, []],
    ] as const) {
      const text = JSON.stringify(body);
      for (const given of [body, text, new TextEncoder().encode(text), Buffer.from(text)])
        assert.deepEqual(neededScopes(given, tools), scopes, text);
    }
  });

  test('that could be read in another way is none', () => {
    for (const [body, message] of [
      ['{', 'The body is not JSON'],
      ['', 'The body is not JSON'],
      ...[null, undefined, 7, true, [[call('drop')]], [null], Object.create({}), new Map()].map(
        (one) => [one, 'The body is not a message'] as const,
      ),
      ...['null', '7', '"text"', '[[]]'].map((one) => [one, 'The body is not a message'] as const),
      ...[undefined, 7, ['drop'], {}].map((one) => [call(one), 'The message names no tool'] as const),
      [{ method: 'tools/call' }, 'The message names no tool'],
      [{ method: 'tools/call', params: 'drop' }, 'The message names no tool'],
      ...['__proto__', 'constructor', 'prototype'].flatMap((name) =>
        [`{"${name}":{}}`, `{"method":"tools/call","params":{"name":"x","${name}":{"name":"drop"}}}`].map(
          (one) => [one, 'The message has a member that could be read in two ways'] as const,
        ),
      ),
    ] as const) {
      try {
        neededScopes(body, tools);
      } catch (error) {
        const { status, body: answer } = answerUnreadable(error) ?? {};
        assert.deepEqual([status, answer], [400, JSON.stringify({ detail: message })], String(body));
        continue;
      }
      assert.fail(`read: ${String(body)}`);
    }
    assert.equal(answerUnreadable(new Error('a fault')), undefined);
  });

  test('may come by every method but four, as it was sent', () => {
    for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) assert.equal(mayBringMessage(method), false);
    for (const method of ['POST', 'post', 'get', 'PATCH', undefined])
      assert.equal(mayBringMessage(method), true);
  });

  test('has 4 MiB at most', async () => {
    const most = 4 * 1024 * 1024;
    const request = (length: number) =>
      new Request(URL_OF_SERVER, { method: 'POST', body: new Uint8Array(length).fill(32) });
    assert.equal((await copyMessage(request(most))).length, most);
    await assert.rejects(copyMessage(request(most + 1)), { statusCode: 413, message: 'Content Too Large' });
  });

  test('of Node’s is what a parser left, or is read once', async () => {
    const { Readable } = await import('node:stream');
    const unread = (text: string, more: object = {}) =>
      Object.assign(Readable.from([Buffer.from(text)]), { headers: {}, ...more }) as never as Parameters<
        typeof readMessage
      >[0];
    const request = unread('{"method":"ping"}', { body: {} });
    assert.deepEqual(await readMessage(request), { method: 'ping' });
    assert.deepEqual(request.body, { method: 'ping' });
    assert.deepEqual(await readMessage(request), { method: 'ping' });
    await assert.rejects(readMessage(unread('{')), { statusCode: 400 });
    await assert.rejects(
      readMessage({ readableEnded: true } as never),
      /^Error: The body was read, and is not in request.body$/,
    );
    assert.equal(await readMessage({ readableEnded: true, body: null } as never), null);
  });

  test('is answered by events where the type says so', () => {
    for (const type of ['text/event-stream', 'Text/Event-Stream; charset=utf-8'])
      assert.equal(isEventStream(type), true);
    for (const type of [null, undefined, '', 'application/json', 'x-text/event-stream', 'text/event-streams'])
      assert.equal(isEventStream(type), false, String(type));
  });
});

test('the options of an MCP server are checked, and say what is asked for', () => {
  const of = (more: object = {}) => {
    const { url, tools, allowedOrigins, ...rest } = resolveMcpOptions({ url: URL_OF_SERVER, ...more });
    return { ...rest, tools: Object.fromEntries(tools), origins: [...allowedOrigins], url: url.href };
  };
  const plain = { audience: URL_OF_SERVER, url: URL_OF_SERVER, origins: ['https://tools.example.com'] };
  const nothing = { scopes: [], tools: {}, challenged: [], resource: { url: URL_OF_SERVER, scopes: [] } };
  assert.deepEqual(of(), { ...plain, ...nothing });
  const tools = { one: 'a', more: ['b', 'a'] };
  const all = {
    scopes: ['s'],
    tools: { one: ['a'], more: ['b', 'a'] },
    resource: { url: URL_OF_SERVER, scopes: ['s', 'a', 'b'] },
  };
  for (const [scopesInChallenge, challenged] of [
    [undefined, ['s', 'a', 'b']],
    [true, ['s', 'a', 'b']],
    ['required', ['s']],
    [false, []],
  ] as const)
    assert.deepEqual(of({ scopes: ['s'], tools, scopesInChallenge }), { ...plain, ...all, challenged });
  for (const wrong of [
    ...[new Map([['a', 'b']]), { a: [] }, { a: '' }, { a: ['b', 7] }, { a: 'openid' }, []].map((one) => ({
      tools: one,
    })),
    ...['all', 1, null].map((one) => ({ scopesInChallenge: one })),
    ...[PAGE, [`${PAGE}/`], ['localhost'], [7], ['null']].map((one) => ({ allowedOrigins: one })),
    ...[['openid'], ['offline_access'], ['a b'], ['a"'], ['a\\'], [''], [7], 'a'].map((one) => ({
      scopes: one,
    })),
    ...['/mcp', 'https://a.test/mcp?x', 'https://a.test/:other/mcp', 'https://a.test/:tenant/:tenant'].map(
      (one) => ({ url: one }),
    ),
  ])
    assert.throws(
      () => of(wrong),
      (error) => error instanceof OptionsError && Object.hasOwn(wrong, error.problems[0]?.option ?? ''),
      JSON.stringify(wrong),
    );
});
