// The guard of an MCP server on Node's requests, without a server.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { watchAnswer } from '../../packages/guard/src/adapters/engine/parts/mcp-node.ts';
import { keycloak } from '../../packages/guard/src/adapters/node/index.ts';
import { settle } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const URL_OF_SERVER = 'https://tools.example.com/mcp';
const PAGE = 'http://localhost:6274';

function setUp(t: TestContext, tools: Record<string, string> = {}) {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const kc = keycloak({
    ...{ serverUrl, realm: name, clientId, fetch, clock, audience: URL_OF_SERVER, logRefusals: false },
    onNotice: (notice) => void realm.notices.push(notice),
  });
  t.after(() => kc.close());
  const mcp = kc.mcp({ url: URL_OF_SERVER, tools, allowedOrigins: [PAGE] });
  const call = async (more: Record<string, unknown> = {}, body = '{"method":"ping"}') => {
    const { headers, ...rest } = more;
    const authorization = `Bearer ${realm.mint({ aud: URL_OF_SERVER })}`;
    const request = Object.assign(Readable.from([Buffer.from(body)]), {
      ...{ method: 'POST', url: '/mcp', rawHeaders: [], socket: {}, complete: true },
      headers: { authorization, ...(headers as object) },
    });
    for (const [member, value] of Object.entries(rest)) Object.defineProperty(request, member, { value });
    const sent: Record<string, unknown> = {};
    const response = Object.assign(new EventEmitter(), {
      ...{ req: request, headersSent: false, statusCode: 0, body: undefined as unknown },
      setHeader: (header: string, value: unknown) => void Object.assign(sent, { [header]: value }),
      getHeader: (header: string) => sent[header],
      writeHead() {},
      end(text: unknown) {
        Object.assign(response, { body: text });
      },
    });
    const passed: unknown[] = [];
    const decided = new Promise<void>((resolve) => {
      const end = response.end;
      response.end = (text) => resolve(end(text));
      mcp(request as never, response as never, (error) => resolve(void passed.push(error)));
    });
    await (request.complete ? decided : settle());
    const { auth, principal } = request as never as Record<string, { username?: string; clientId?: string }>;
    return { passed, sent, status: response.statusCode, body: response.body, auth, principal, request };
  };
  return { realm, mcp, call, codes: () => realm.notices.map(({ code }) => code) };
}

describe('the guard of an MCP server', () => {
  test('says who calls, for the application and for the SDK', async (t) => {
    const { call } = setUp(t);
    await call();
    const { passed, principal, auth } = await call();
    assert.deepEqual(passed, [undefined]);
    assert.deepEqual([principal?.username, auth?.clientId], ['abdullah', 'web-app']);
  });

  test('answers who has no token, and pages of other origins, and calls nobody', async (t) => {
    const { call } = setUp(t);
    await call();
    for (const [headers, status] of [
      [{ authorization: undefined }, 401],
      [{ origin: 'https://evil.test' }, 403],
    ] as const) {
      const refused = await call({ headers });
      assert.deepEqual([refused.status, refused.passed, refused.auth], [status, [], undefined]);
    }
    const preflight = await call({
      method: 'OPTIONS',
      headers: { origin: PAGE, 'access-control-request-method': 'POST' },
    });
    assert.deepEqual([preflight.status, preflight.passed], [204, []]);
    assert.equal(preflight.sent['access-control-allow-methods'], 'GET, POST, DELETE');
    assert.equal((await call({ headers: { origin: PAGE } })).sent['access-control-allow-origin'], PAGE);
  });

  test('reads messages where a tool needs a scope, and leaves them to the application', async (t) => {
    const { call } = setUp(t, { drop: 'a:write' });
    await call();
    const drop = '{"method":"tools/call","params":{"name":"drop"}}';
    const { passed, request } = await call();
    assert.deepEqual([passed, (request as { body?: unknown }).body], [[undefined], { method: 'ping' }]);
    assert.equal((await call({}, drop)).status, 403);
    assert.deepEqual((await call({ method: 'GET' }, drop)).passed, [undefined]);
    const broken = await call({}, '{');
    assert.deepEqual(
      [broken.status, broken.body, broken.passed],
      [400, '{"detail":"The body is not JSON"}', []],
    );
    // A fault of the application, which its error handlers get.
    const { passed: failed } = await call({ readableEnded: true });
    assert.match(String(failed[0]), /is not in request.body/);
    // The client went away.
    const gone = await call({ destroyed: true, complete: false }, '{');
    assert.deepEqual([gone.status, gone.passed], [0, []]);
    const plain = setUp(t);
    await plain.call();
    assert.deepEqual((await plain.call({}, drop)).passed, [undefined]);
  });

  test('tells once that nobody answers its metadata', async (t) => {
    const { call, codes } = setUp(t);
    for (let count = 0; count < 3; count++) await call();
    assert.deepEqual(
      codes().filter((code) => code === 'mcp_metadata_missing'),
      ['mcp_metadata_missing'],
    );
    const other = setUp(t);
    assert.equal(typeof other.mcp.metadata, 'function');
    assert.equal(other.mcp.metadata, other.mcp.metadata);
    for (let count = 0; count < 2; count++) await other.call();
    assert.equal(other.codes().includes('mcp_metadata_missing'), false);
  });
});

describe('the head of an answer', () => {
  function watched(type: string | undefined, more: object = {}) {
    const abort = new AbortController();
    const seen: unknown[] = [];
    const caller = {
      onHead: (...given: unknown[]) => void seen.push(given),
      follow: () => ({ signal: abort.signal, end: () => void seen.push('over') }),
    };
    const response = Object.assign(new EventEmitter(), {
      getHeader: (name: string) =>
        name === 'content-type' ? type : name === 'mcp-session-id' ? 7 : undefined,
      writeHead(...given: unknown[]) {
        seen.push(given);
        return 'written';
      },
      end: () => void seen.push('end'),
      ...more,
    });
    watchAnswer(response as never, caller as never);
    return { response, seen, abort };
  }

  test('is read before it is sent, from its own headers or those that were set', () => {
    const { response, seen } = watched('application/json');
    assert.equal(response.writeHead(201, 'Created', { 'MCP-Session-Id': 's1' }), 'written');
    response.writeHead(200);
    response.writeHead(200, { 'x-a': 'mcp-session-id' });
    response.writeHead(200, ['x-a', 'mcp-session-id', 'Mcp-Session-Id', 's2']);
    response.writeHead(200, [['Mcp-Session-Id', 's3']]);
    const read = seen.filter((_, at) => at % 2 === 0);
    assert.deepEqual(read, [
      [201, 's1'],
      [200, undefined],
      [200, undefined],
      [200, 's2'],
      [200, 's3'],
    ]);
    assert.deepEqual(seen[1], [201, 'Created', { 'MCP-Session-Id': 's1' }]);
    assert.equal(response.listenerCount('close'), 0);
  });

  test('of events ends the answer with its caller, and the watch with the answer', () => {
    for (const by of ['abort', 'close'] as const) {
      const { response, seen, abort } = watched('text/event-stream');
      response.writeHead(200);
      assert.equal(seen.length, 2);
      if (by === 'abort') abort.abort();
      else response.emit('close');
      assert.deepEqual(seen.slice(2), [by === 'abort' ? 'end' : 'over']);
      if (by === 'abort') response.emit('error', new Error('written after the end'));
    }
    for (const gone of [{ destroyed: true }, { stream: { destroyed: true } }]) {
      const { response } = watched('text/event-stream', gone);
      response.writeHead(200);
      assert.equal(response.listenerCount('close'), 0);
    }
    const { response } = watched('text/event-stream', { destroyed: true, stream: { destroyed: false } });
    response.writeHead(200);
    assert.equal(response.listenerCount('close'), 1);
  });
});
