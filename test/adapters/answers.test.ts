// Paths, bodies and answers of the library's own routes, without a server.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import { toAnswers, toSecurity } from '../../packages/guard/src/adapters/engine/documentation.ts';
import {
  addToFetchAnswer,
  answerFetchRoute,
  fetchHost,
  readFetchBody,
  toFetchAnswer,
} from '../../packages/guard/src/adapters/engine/fetch.ts';
import { readNodeBody, toRouteAnswer } from '../../packages/guard/src/adapters/engine/parts/route-answer.ts';
import {
  hasTenantOnly,
  isForTenants,
  isTenantName,
  LONGEST_MESSAGE,
  pathOf,
  tenantIn,
  toRoute,
  toRoutes,
  withTenant,
} from '../../packages/guard/src/adapters/engine/routes.ts';
import { AuthError } from '../../packages/guard/src/core/index.ts';

describe('a path', () => {
  test('has the name of a tenant in one place, or nowhere', () => {
    for (const [path, isFor, only] of [
      ['/', false, true],
      ['/t/:tenant', true, true],
      ['/t/:tenant/mcp', true, true],
      ['https://a.test:8443/t/:tenant/mcp', true, true],
      ['/t/:tenants', false, false],
      ['/t/:other', false, false],
      ['/:tenant/:other', true, false],
      ['/:tenant/:tenant', true, false],
    ] as const)
      assert.deepEqual([isForTenants(path), hasTenantOnly(path)], [isFor, only], path);
    assert.equal(withTenant('/t/:tenant/mcp', '$&'), '/t/$&/mcp');
    for (const name of ['acme', 'a.b', '~', 'a-b_c', '..a']) assert.equal(isTenantName(name), true, name);
    for (const name of ['', '.', '..', '...', 'a/b', 'a%2f', 'ä', 'a b'])
      assert.equal(isTenantName(name), false, name);
  });

  test('names its tenant if it is read in one way alone', () => {
    const template = '/t/:tenant/mcp';
    for (const path of ['/t/acme/mcp', '/t/acme/mcp/']) assert.equal(tenantIn(template, path), 'acme');
    for (const path of [
      '/t/../mcp',
      '/t//mcp',
      '/t/acme',
      '/t/acme/mcp/x',
      '/x/acme/mcp',
      '/t/a%63me/mcp',
      '/t/acme/mcp//',
      '/',
      '',
    ])
      assert.equal(tenantIn(template, path), undefined, path);
    assert.equal(tenantIn('/:tenant', '/acme'), 'acme');
    assert.equal(tenantIn('/:tenant/', '/acme'), 'acme');
    assert.equal(tenantIn('/plain', '/plain'), undefined);
  });

  test('is that of the target, without query and fragment', () => {
    for (const [url, path] of [
      ['/a?b', '/a'],
      ['/a#b?c', '/a'],
      ['https://a.test/b?c\n', '/b'],
      ['/', '/'],
    ] as const)
      assert.equal(pathOf(url), path);
  });

  test('finds its route by the method, and HEAD where it is answered', () => {
    const answer = async () => ({ status: 200, headers: {}, setCookies: [], body: undefined });
    const described = toRoute('GET', '/described', answer, { takesHead: true });
    const plain = toRoute('GET', '/plain/', answer);
    const sent = toRoute('POST', '/plain', answer, { readsBody: true });
    const tenants = toRoute('GET', '/t/:tenant/x', answer, { takesHead: true });
    assert.deepEqual([plain.takesHead, plain.readsBody, sent.readsBody], [false, false, true]);
    const { find, all } = toRoutes([described, plain, sent, tenants]);
    assert.equal(all.length, 4);
    for (const [method, path, route] of [
      ['GET', '/described', described],
      ['GET', '/described/', described],
      ['HEAD', '/described', described],
      ['POST', '/described', undefined],
      ['GET', '/plain', plain],
      ['HEAD', '/plain', undefined],
      ['POST', '/plain', sent],
      ['GET', '/t/acme/x', tenants],
      ['HEAD', '/t/acme/x', tenants],
      ['POST', '/t/acme/x', undefined],
      ['GET', '/t/../x', undefined],
      ['GET', '/t/:tenant/y', undefined],
      ['HEAD', '/none', undefined],
      [undefined, '/plain', undefined],
    ] as const)
      assert.equal(find(method, path), route, `${method} ${path}`);
  });
});

describe('an answer of the Fetch standard', () => {
  const answer = {
    status: 403,
    headers: { 'x-a': '1', connection: 'close' },
    setCookies: ['a=1', 'b=2'],
    body: 'ä',
  };

  test('is a Response with its length, and without what only a connection has', async () => {
    const response = toFetchAnswer(answer);
    assert.deepEqual(
      [
        response.status,
        Object.fromEntries(response.headers),
        response.headers.getSetCookie(),
        await response.text(),
      ],
      [
        403,
        {
          'content-length': '2',
          'content-type': 'text/plain;charset=UTF-8',
          'set-cookie': 'b=2',
          'x-a': '1',
        },
        ['a=1', 'b=2'],
        'ä',
      ],
    );
    const head = toFetchAnswer(answer, 'HEAD');
    assert.deepEqual([head.body, head.headers.get('content-length')], [null, '2']);
    const empty = toFetchAnswer({ ...answer, status: 204, body: undefined });
    assert.deepEqual([empty.body, empty.headers.get('content-length')], [null, null]);
  });

  test('gets what a guard adds, more than once', () => {
    const reply = {};
    fetchHost.addToAnswer(reply, { headers: { vary: 'Cookie', 'x-a': '1' }, setCookies: ['a=1'] });
    fetchHost.addToAnswer(reply, { headers: { vary: 'Origin' }, setCookies: ['b=2'] });
    assert.deepEqual(reply, {
      extra: { headers: { vary: 'Cookie, Origin', 'x-a': '1' }, setCookies: ['a=1', 'b=2'] },
    });
    const own = new Response('body', { status: 201, headers: { vary: 'Accept', 'set-cookie': 'c=3' } });
    const whole = addToFetchAnswer(own, reply);
    assert.notEqual(whole, own);
    assert.deepEqual(
      [whole.status, whole.headers.get('vary'), whole.headers.get('x-a')],
      [201, 'Accept, Cookie, Origin', '1'],
    );
    assert.deepEqual(whole.headers.getSetCookie(), ['c=3', 'a=1', 'b=2']);
    assert.equal(addToFetchAnswer(own, {}), own);
    const failed = Response.error();
    assert.equal(addToFetchAnswer(failed, reply), failed);
    assert.ok(addToFetchAnswer(new Response(null, { status: 200 }), reply).headers.has('x-a'));
  });

  test('is for a URL with a host, or for none', () => {
    const headers = new Headers();
    const urlOf = (url: string | undefined) => fetchHost.toSessionRequest({ headers, url } as never).url;
    for (const url of ['https://a.test/b', 'HTTP://a.test']) assert.equal(urlOf(url), url);
    for (const url of ['/b', 'https:/a', 'https:///a', 'https://?a', '1http://a', 'https://\\a'])
      assert.equal(urlOf(url), '//', url);
    assert.equal(urlOf(undefined), '');
  });

  test('to a body that is too long is none', async () => {
    const request = (...parts: string[]) => {
      const cancelled: unknown[] = [];
      const body = new ReadableStream({
        start(controller) {
          for (const part of parts) controller.enqueue(Buffer.from(part, 'latin1'));
          controller.close();
        },
        cancel: () => void cancelled.push('cancelled'),
      });
      return { body, cancelled } as never as Request;
    };
    assert.equal(await readFetchBody(request('a\xc3', '\xa4b'), 4), 'aäb');
    assert.equal(await readFetchBody(request('abc', 'de'), 4), null);
    assert.equal(await readFetchBody(request('a\xc3'), 4), 'a\ufffd');
    assert.equal(await readFetchBody({ body: null } as never, 4), '');
  });

  test('of a route comes from the body that is there', async () => {
    const seen: unknown[] = [];
    const route = toRoute(
      'POST',
      '/m',
      async (_request, body) => {
        seen.push(body);
        return { status: 204, headers: {}, setCookies: [], body: undefined };
      },
      { readsBody: true },
    );
    const refuser = { refusalOf: () => undefined };
    const routes = toRoutes([route as never]);
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const ask = (init: RequestInit = {}, readAgain?: () => Promise<unknown>) => {
      const request = new Request('https://a.test/m', {
        method: 'POST',
        headers: type,
        body: 'a=1',
        ...init,
      });
      return {
        request,
        answer: () => answerFetchRoute(refuser, routes, request, request, readAgain as never),
      };
    };
    assert.equal((await ask().answer())?.status, 204);
    const used = ask({}, async () => ({ a: '1' }));
    await used.request.text();
    await used.answer();
    assert.deepEqual(seen, ['a=1', { a: '1' }]);
    assert.equal(ask({ method: 'PUT' }).answer(), undefined);
  });
});

describe('the answer of a route', () => {
  const done = { status: 200, headers: { 'x-a': '1' }, setCookies: [], body: undefined };
  const refusal = { status: 401, headers: { 'cache-control': 'private' }, setCookies: [], body: 'no' };
  const of = async (
    {
      header = {},
      body = 'a=1' as unknown,
      isCutOff = undefined as boolean | undefined,
      fails = undefined as unknown,
      readsBody = true,
    } = {},
    refused: object | undefined = refusal,
  ) => {
    const seen: unknown[] = [];
    const route = toRoute(
      'POST',
      '/m',
      async (_request, given) => {
        seen.push(given);
        if (fails !== undefined) throw fails;
        return done;
      },
      { readsBody },
    );
    const headers: Record<string, string> = {
      'content-type': 'Application/X-WWW-Form-Urlencoded ; charset=utf-8',
      ...header,
    };
    const sent = {
      header: (name: string) => headers[name],
      read: async () => body,
      ...(isCutOff !== undefined && { isCutOff: () => isCutOff }),
    };
    const answer = await toRouteAnswer({ refusalOf: () => refused as never }, route, {}, sent);
    return { answer, seen };
  };

  test('is given to a message of the right type and length', async () => {
    const { answer, seen } = await of();
    assert.deepEqual([answer, seen], [done, ['a=1']]);
    assert.deepEqual((await of({ readsBody: false })).seen, [undefined]);
    for (const [given, status] of [
      [{ header: { 'content-type': 'application/json' } }, 415],
      [{ header: { 'content-type': undefined as never } }, 415],
      [{ header: { 'content-length': String(LONGEST_MESSAGE + 1) } }, 413],
      [{ body: null }, 413],
    ] as const) {
      const { answer: no, seen: none } = await of(given);
      assert.deepEqual(
        [no?.status, no?.headers['cache-control'], no?.headers.connection, none],
        [status, 'no-store', 'close', []],
      );
    }
    assert.equal((await of({ header: { 'content-length': String(LONGEST_MESSAGE) } })).answer, done);
  });

  test('is a refusal, or the fault itself, or none where the client went away', async () => {
    const fails = new AuthError('token_claims', 'no');
    assert.deepEqual((await of({ fails })).answer, refusal);
    const plain = { ...refusal, headers: {} };
    assert.deepEqual((await of({ fails }, plain)).answer, {
      ...plain,
      headers: { 'cache-control': 'no-store' },
    });
    assert.deepEqual((await of({ fails, isCutOff: false })).answer, refusal);
    assert.equal((await of({ fails, isCutOff: true })).answer, undefined);
    const fault = new Error('a fault');
    const route = toRoute('GET', '/m', () => Promise.reject(fault));
    await assert.rejects(toRouteAnswer({ refusalOf: () => undefined }, route, {}, {} as never), fault);
  });

  test('is for a body of Node’s, whole or not at all', async () => {
    const start = (destroyed = false) => {
      const request = Object.assign(new EventEmitter(), {
        destroyed,
        paused: 0,
        pause: () => void request.paused++,
      });
      return { request, body: readNodeBody(request as never, 4) };
    };
    const whole = start();
    for (const part of ['a\xc3', '\xa4b']) whole.request.emit('data', Buffer.from(part, 'latin1'));
    whole.request.emit('end');
    assert.equal(await whole.body, 'aäb');
    assert.deepEqual(whole.request.eventNames(), ['error']);
    whole.request.emit('error', new Error('late, and nobody listens'));
    const long = start();
    for (const part of ['abc', 'de']) long.request.emit('data', Buffer.from(part));
    assert.equal(await long.body, null);
    assert.equal(long.request.paused, 1);
    const failed = start();
    failed.request.emit('error', new Error('reset'));
    await assert.rejects(failed.body, /reset/);
    const cut = start();
    cut.request.emit('close');
    await assert.rejects(cut.body, /The request was aborted/);
    await assert.rejects(start(true).body, /The request was aborted/);
  });
});

test('a document names the scopes of all guards, and what each answer means', () => {
  const guard = (requirements: object, isOptional = false) => ({ requirements, isOptional }) as never;
  assert.deepEqual(toSecurity([guard({ scope: ['a', 'b'] }), guard({ scope: 'b' })], 'bearer'), [
    { bearer: ['a', 'b'] },
  ]);
  assert.deepEqual(toSecurity([guard({}, true), guard({}, true)], 'x'), [{ x: [] }, {}]);
  assert.deepEqual(toSecurity([guard({}, true), guard({})], 'x'), [{ x: [] }]);
  const all = { 401: 'No bearer token, or an invalid one', 503: 'The identity provider is unavailable' };
  const denied = 'The token is valid, but not enough for this';
  const permits = [
    { permissions: ['orders#view', 'orders#edit'], status: 403 },
    { permissions: [], status: 404 },
    { permissions: ['later#one'], status: 404 },
  ];
  assert.deepEqual(toAnswers(false, [], String), all);
  assert.deepEqual(toAnswers(true, permits.slice(0, 1), String), { ...all, 403: denied });
  const granted = 'Keycloak does not grant the permission';
  assert.deepEqual(toAnswers(false, permits, String), {
    ...all,
    403: `${granted} orders#view, orders#edit`,
    404: granted,
  });
});
