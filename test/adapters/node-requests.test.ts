// What is read of requests of Node's servers, and written into their answers, without a server.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import {
  addToNodeAnswer,
  answerNode,
  nodeHost,
  originOf,
  publicOriginOf,
  receivedHeaders,
  sentOnNode,
  toCallbackGuard,
  toNodeGuard,
  toNodeRoutes,
} from '../../packages/guard/src/adapters/engine/node.ts';

const toRequest = (given: object) => ({ headers: {}, rawHeaders: [], socket: {}, ...given }) as never;

describe('a request of Node’s', () => {
  test('has the headers that Node read; a handshake those that arrived', () => {
    const added = { origin: 'https://ours.test' };
    const received = (rawHeaders: string[] | undefined, method = 'GET') =>
      receivedHeaders(toRequest({ headers: added, rawHeaders, method }));
    assert.equal(received(undefined), added);
    assert.equal(received(['Origin', 'https://evil.test']), added);
    // A value is no name, and a name with other letters none of a handshake.
    assert.equal(received(['Origin', 'upgrade', 'Connection', 'upgrade', 'upgradE2', '1']), added);
    for (const name of ['Upgrade', 'upgrade', 'UPGRADE']) {
      const headers = received(['Origin', 'https://evil.test', name, 'websocket']);
      assert.deepEqual(headers, { origin: 'https://evil.test', upgrade: 'websocket' });
    }
    assert.deepEqual(received(['Origin', 'https://evil.test'], 'CONNECT'), { origin: 'https://evil.test' });
    assert.deepEqual(
      received([
        'Origin',
        'a',
        'origin',
        'b',
        'Cookie',
        'c=1',
        'COOKIE',
        'd=2',
        'upgrade',
        'x',
        'constructor',
        'y',
      ]),
      Object.fromEntries([
        ['origin', 'a, b'],
        ['cookie', 'c=1; d=2'],
        ['upgrade', 'x'],
        ['constructor', 'y'],
      ]),
    );
  });

  test('is for the target that was sent, at the origin that it names', () => {
    const of = (given: object) => {
      const { url, origin, method } = nodeHost.toSessionRequest(toRequest({ method: 'GET', ...given }));
      return [url, origin, method];
    };
    const headers = { host: 'app.test:8080' };
    assert.deepEqual(of({ url: '/cut', originalUrl: '/whole/cut', headers }), [
      '/whole/cut',
      'http://app.test:8080',
      'GET',
    ]);
    assert.deepEqual(of({ url: '/cut', headers }), ['/cut', 'http://app.test:8080', 'GET']);
    assert.deepEqual(of({}), ['/', 'http://', 'GET']);
    assert.equal(originOf(toRequest({ headers, socket: { encrypted: true } })), 'https://app.test:8080');
    assert.equal(originOf(toRequest({ headers, authority: 'h2.test' })), 'http://h2.test');
  });

  test('comes from the address that the framework says, or else from that of its socket', () => {
    const { addressOf } = nodeHost;
    assert.equal(
      addressOf(toRequest({ ip: '192.0.2.1', socket: { remoteAddress: '192.0.2.2' } })),
      '192.0.2.1',
    );
    assert.equal(addressOf(toRequest({ socket: { remoteAddress: '192.0.2.2' } })), '192.0.2.2');
    assert.equal(addressOf(toRequest({ socket: undefined })), undefined);
  });

  test('on Express has the host of a proxy that Express trusts, and of no other', () => {
    const asked: unknown[] = [];
    const of = (forwarded: unknown, trusts: unknown, host: string | undefined = 'inside.test') => {
      const get = (setting: string) => (setting === 'trust proxy fn' ? trusts : undefined);
      const headers = { host, 'x-forwarded-host': forwarded };
      const socket = { remoteAddress: '192.0.2.9' };
      return publicOriginOf(toRequest({ headers, socket, protocol: 'https', app: { get } }));
    };
    const yes = (...given: unknown[]) => {
      asked.push(given);
      return true;
    };
    assert.equal(of('app.test', yes), 'https://app.test');
    assert.deepEqual(asked, [['192.0.2.9', 0]]);
    assert.equal(of(' app.test , other.test', yes), 'https://app.test');
    assert.equal(of(['app.test', 'other.test'], yes), 'https://app.test');
    assert.equal(of(', other.test', yes), 'https://');
    for (const [forwarded, trusts] of [
      ['app.test', () => false],
      ['app.test', () => 'yes'],
      ['app.test', undefined],
      ['', yes],
      [undefined, yes],
    ] as const)
      assert.equal(of(forwarded, trusts), 'https://inside.test', String(forwarded));
    assert.equal(publicOriginOf(toRequest({ protocol: 'https' })), 'https://');
    assert.equal(publicOriginOf(toRequest({ headers: { host: 'a.test' } })), 'http://a.test');
  });

  test('gives its body as a parser left it, a buffer as text, and is read where none has', async () => {
    const read = (request: Readable, parsed?: unknown) => sentOnNode(request as never, parsed).read();
    const whole = () => Object.assign(Readable.from([Buffer.from('a='), Buffer.from('1')]), { headers: {} });
    assert.equal(await read(whole()), 'a=1');
    assert.equal(await read(whole(), { not: 'read yet' }), 'a=1');
    const over = whole();
    for await (const _ of over);
    assert.deepEqual(await read(over, { a: '1' }), { a: '1' });
    assert.equal(await read(over, Buffer.from('ä=1')), 'ä=1');
    const cut = (destroyed: boolean, complete: boolean) =>
      sentOnNode({ destroyed, complete, headers: { a: 'b' } } as never).isCutOff?.();
    assert.deepEqual([cut(true, false), cut(true, true), cut(false, false)], [true, false, false]);
    assert.equal(sentOnNode({ headers: { 'content-type': 'x' } } as never).header('content-type'), 'x');
  });
});

/** An answer that nothing was sent of. */
function toResponse(more: object = {}) {
  const headers: Record<string, unknown> = {};
  const ended: unknown[][] = [];
  const response = {
    ...{
      headersSent: false,
      writableEnded: false,
      destroyed: false,
      statusCode: 200,
      req: { method: 'GET' },
    },
    setHeader: (name: string, value: unknown) => void Object.assign(headers, { [name]: value }),
    getHeader: (name: string) => headers[name],
    end: (...given: unknown[]) => void ended.push(given),
    ...more,
  };
  return { response: response as never, headers, ended, status: () => response.statusCode };
}
const ANSWER = { status: 403, headers: { 'x-a': '1' }, setCookies: ['c=1'], body: 'ä' };

describe('an answer of Node’s', () => {
  test('gets its headers, and cookies beside those that are there', () => {
    const { response, headers } = toResponse();
    addToNodeAnswer(response, { headers: { 'x-a': '1', connection: 'close' }, setCookies: [] });
    assert.deepEqual({ ...headers }, { 'x-a': '1', connection: 'close' });
    addToNodeAnswer(response, { headers: {}, setCookies: ['a=1'] });
    assert.deepEqual(headers['set-cookie'], ['a=1']);
    addToNodeAnswer(response, { headers: {}, setCookies: ['b=2', 'c=3'] });
    assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2', 'c=3']);
    headers['set-cookie'] = 'one=1';
    addToNodeAnswer(response, { headers: {}, setCookies: ['b=2'] });
    assert.deepEqual(headers['set-cookie'], ['one=1', 'b=2']);
  });

  test('of HTTP/2 gets no header of a connection, and one that was sent none at all', () => {
    const second = toResponse({ stream: {} });
    addToNodeAnswer(second.response, { headers: { connection: 'close', 'x-a': '1' }, setCookies: [] });
    assert.deepEqual(second.headers, { 'x-a': '1' });
    const sent = toResponse({ headersSent: true });
    addToNodeAnswer(sent.response, { headers: { 'x-a': '1' }, setCookies: ['a=1'] });
    assert.deepEqual(sent.headers, {});
  });

  test('is sent once, with its length; to HEAD without its body', () => {
    const get = toResponse();
    answerNode(get.response, ANSWER);
    const headers = { 'x-a': '1', 'set-cookie': ['c=1'], 'content-length': 2 };
    assert.deepEqual([get.status(), get.headers, get.ended], [403, headers, [['ä']]]);
    const head = toResponse({ req: { method: 'HEAD' } });
    answerNode(head.response, ANSWER);
    assert.deepEqual([head.status(), head.headers, head.ended], [403, headers, [[]]]);
    const empty = toResponse();
    answerNode(empty.response, { status: 204, headers: {}, setCookies: [], body: undefined });
    assert.deepEqual([empty.status(), empty.headers, empty.ended], [204, {}, [[]]]);
    for (const gone of ['headersSent', 'writableEnded', 'destroyed']) {
      const { response, headers: none, ended, status } = toResponse({ [gone]: true });
      answerNode(response, ANSWER);
      assert.deepEqual([status(), none, ended], [200, {}, []], gone);
    }
  });
});

describe('a guard as middleware', () => {
  const anna = { username: 'anna' };
  const pass = async (decide: () => unknown, request: object = {}) => {
    const seen: unknown[] = [];
    const refuse = (error: unknown) => void seen.push(error);
    toCallbackGuard({ decide } as never, refuse)(request, {}, () => void seen.push('next'));
    const atOnce = [...seen];
    await new Promise(setImmediate);
    return { seen, atOnce, principal: (request as { principal?: unknown }).principal };
  };

  test('says who calls, and goes on: at once where it knows', async () => {
    const known = await pass(() => anna);
    assert.deepEqual(known, { seen: ['next'], atOnce: ['next'], principal: anna });
    const late = await pass(async () => anna);
    assert.deepEqual(late, { seen: ['next'], atOnce: [], principal: anna });
    const own = { username: 'of the application' };
    assert.deepEqual((await pass(() => null, { principal: own })).principal, own);
    assert.deepEqual((await pass(async () => null, { principal: own })).principal, own);
  });

  test('refuses what it refuses, thrown or rejected, and does not go on', async () => {
    const fault = new Error('no');
    const thrown = await pass(() => {
      throw fault;
    });
    assert.deepEqual(thrown.seen, [fault]);
    assert.deepEqual((await pass(() => Promise.reject(fault))).seen, [fault]);
  });

  test('sends a person to the login before anybody else hears of it', async () => {
    for (const [invitation, heard, ended] of [
      [ANSWER, [], [['ä']]],
      [undefined, ['refused'], []],
    ] as const) {
      const { response, ended: sent } = toResponse();
      const seen: unknown[] = [];
      const engine = { inviteToLogin: () => invitation };
      const decide = () => Promise.reject(new Error('no'));
      const guard = toNodeGuard(engine as never, { decide } as never, () => void seen.push('refused'));
      guard({} as never, response, () => void seen.push('next'));
      await new Promise(setImmediate);
      assert.deepEqual([seen, sent], [heard, ended]);
    }
  });

  test('lets through what is for none of the own routes', () => {
    const found: unknown[] = [];
    const routes = { find: (...given: unknown[]) => void found.push(given) };
    let passed = 0;
    const middleware = toNodeRoutes({} as never, routes as never);
    for (const url of ['/orders?x=1', undefined])
      middleware(toRequest({ method: 'GET', url }), toResponse().response, () => void passed++);
    assert.deepEqual(found, [
      ['GET', '/orders'],
      ['GET', '/'],
    ]);
    assert.equal(passed, 2);
  });
});
