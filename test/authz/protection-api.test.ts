// Answers of Keycloak's protection API in every form, without a Keycloak.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKeycloakCalls } from '../../packages/guard/src/authz/keycloak/context.ts';
import {
  createProtectionApi,
  findOwnResource,
  findResource,
  listOwnResources,
  type ProtectionApi,
  takeTicket,
} from '../../packages/guard/src/authz/keycloak/protection-api.ts';
import { codeOf, createContext, type Reply, refused } from './answered.ts';

describe('the protection API', () => {
  const service: Reply = [200, { access_token: 'service-token', expires_in: 60 }];

  it('is called with a token of its own, which is asked for again where it was ended', async () => {
    const { context, sent } = createContext(
      service,
      [200, { a: 1 }],
      [401, refused('invalid_bearer_token')],
      service,
      [201, ''],
    );
    const api = createProtectionApi(context);
    assert.deepEqual((await api.call('GET', 'resource_set')).json, { a: 1 });
    assert.deepEqual((await api.onBehalfOf('anna').call('POST', 'permission', [1])).json, undefined);
    assert.deepEqual(
      sent.map(({ url, who, init: { method, body, headers } }) => [
        url,
        who,
        method,
        body instanceof URLSearchParams ? body.get('grant_type') : body,
        Object.keys(headers as object).includes('content-type'),
      ]),
      [
        ['https://sso.test/token', undefined, 'POST', 'client_credentials', false],
        ['https://sso.test/realms/a/authz/protection/resource_set', undefined, 'GET', undefined, false],
        ['https://sso.test/realms/a/authz/protection/permission', 'anna', 'POST', '[1]', true],
        ['https://sso.test/token', undefined, 'POST', 'client_credentials', false],
        ['https://sso.test/realms/a/authz/protection/permission', 'anna', 'POST', '[1]', true],
      ],
    );
    assert.deepEqual(sent[1]?.init.headers, {
      authorization: 'Bearer service-token',
      accept: 'application/json',
    });
  });

  it('has no token where Keycloak gives none, and says whose mistake that is', async () => {
    for (const [status, body, code] of [
      [400, refused('unauthorized_client'), 'provider_misconfigured'],
      [401, refused('invalid_client'), 'provider_misconfigured'],
      [401, {}, 'provider_unavailable'],
      [403, refused('x'), 'provider_unavailable'],
      [500, refused('x'), 'provider_unavailable'],
      [200, {}, 'provider_unavailable'],
      [201, { access_token: 'x' }, 'provider_unavailable'],
    ] as const)
      assert.equal(
        await codeOf(() => createProtectionApi(createContext([status, body]).context).call('GET', 'x')),
        code,
        JSON.stringify(body),
      );
    const { context, sent } = createContext(
      [200, { access_token: 'service-token' }],
      [200, {}],
      [200, { access_token: 'again' }],
      [200, {}],
    );
    const api = createProtectionApi(context);
    for (let count = 0; count < 2; count++) await api.call('GET', 'x');
    assert.equal(sent.length, 4, 'nobody knows how long it is good');
  });

  it('says what to mend, and takes no page for an answer', async () => {
    const call = (status: number, body: unknown) =>
      codeOf(() => createProtectionApi(createContext(service, [status, body]).context).call('GET', 'x'));
    for (const [status, body, code] of [
      [400, refused('invalid_clientId'), 'provider_misconfigured'],
      [400, refused('invalid_clientid'), 'provider_misconfigured'],
      [400, refused('not_supported'), 'provider_misconfigured'],
      [403, refused('invalid_scope'), 'provider_misconfigured'],
      [500, {}, 'provider_unavailable'],
      [429, {}, 'provider_unavailable'],
      [302, {}, 'provider_unavailable'],
      [300, {}, 'provider_unavailable'],
      [399, {}, 'provider_unavailable'],
      [200, ' <html>', 'provider_unavailable'],
    ] as const)
      assert.equal(await call(status, body), code, JSON.stringify([status, body]));
    for (const [status, body] of [
      [400, refused('invalid_scope')],
      [404, {}],
      [428, {}],
      [400, {}],
    ] as const)
      assert.equal(((await call(status, body)) as { status: number }).status, status);
    const hung = createContext(service, [401, refused('invalid_bearer_token')], service, [
      401,
      refused('invalid_bearer_token'),
    ]);
    assert.equal(
      await codeOf(() => createProtectionApi(hung.context).call('GET', 'x')),
      'provider_misconfigured',
    );
    assert.equal(hung.sent.length, 4, 'once more, and no longer');
  });

  const apiOf = (answer: (method: string, path: string) => { status: number; json?: unknown }) => {
    const paths: string[] = [];
    const api = {
      call: async (method: string, path: string) => {
        paths.push(path);
        return { seen: 'seen', json: undefined, ...answer(method, path) };
      },
    };
    return { api: api as unknown as ProtectionApi, paths };
  };
  const resource = { _id: 'r1', name: 'orders', owner: { id: 'o' } };
  const read = { id: 'r1', name: 'orders', ownerId: 'o', scopes: [], uris: [], isOwnerManaged: false };

  it('names resources by pages, of which a full one has another behind it', async () => {
    for (const [sizes, count] of [
      [[0], 1],
      [[199], 1],
      [[200, 0], 2],
      [[200, 200, 3], 3],
    ] as const) {
      const left: number[] = [...sizes];
      const { api, paths } = apiOf(() => ({ status: 200, json: Array(left.shift()).fill(resource) }));
      assert.equal(
        (await listOwnResources(api, 'my-api')).length,
        sizes.reduce<number>((sum, one) => sum + one, 0),
      );
      assert.deepEqual(
        paths.map((path) => new URLSearchParams(path.split('?')[1]).get('first')),
        Array.from({ length: count }, (_, at) => String(at * 200)),
      );
    }
    const { api, paths } = apiOf(() => ({
      status: 200,
      json: [{ ...resource, name: 'ORDERS' }, resource, null, {}],
    }));
    assert.deepEqual(await findOwnResource(api, 'my-api', 'orders'), read);
    assert.equal(await findOwnResource(api, 'my-api', 'Orders'), undefined);
    assert.equal(paths[0], 'resource_set?deep=true&owner=my-api&first=0&max=200&name=orders&exactName=true');
    for (const odd of [{ status: 201, json: [] }, { status: 200, json: {} }, { status: 404 }])
      assert.equal(
        await codeOf(() => listOwnResources(apiOf(() => odd).api, 'my-api')),
        'provider_unavailable',
      );
  });

  it('reads of a resource what is of the right kind', async () => {
    const find = (status: number, json: unknown) =>
      codeOf(() => findResource(apiOf(() => ({ status, json })).api, 'r1'));
    const whole = {
      ...resource,
      scopes: [{ name: 'view' }, { name: 7 }, null, 'x'],
      uris: ['/a', 7],
      ownerManagedAccess: true,
    };
    assert.deepEqual(await find(200, whole), {
      ...read,
      scopes: ['view'],
      uris: ['/a'],
      isOwnerManaged: true,
    });
    assert.deepEqual(
      await find(200, { ...resource, scopes: 'view', uris: 7, ownerManagedAccess: 'true' }),
      read,
    );
    assert.equal(await find(404, undefined), undefined);
    for (const [status, json] of [
      [200, { ...resource, _id: 'r2' }],
      [201, resource],
      [200, undefined],
      ...[{ _id: 7 }, { name: 7 }, { owner: 'o' }, { owner: null }, { owner: { id: 7 } }].map(
        (more) => [200, { ...resource, ...more }] as const,
      ),
    ] as const)
      assert.equal(await find(status, json), 'provider_unavailable', JSON.stringify(json));
    const { api, paths } = apiOf(() => ({ status: 404 }));
    await findResource(api, 'a/b');
    assert.deepEqual(paths, ['resource_set/a%2Fb']);
  });

  it('gives a ticket, or none', async () => {
    const take = (status: number, json: unknown) =>
      codeOf(() => takeTicket(apiOf(() => ({ status, json })).api, []));
    assert.deepEqual(await take(201, { ticket: 'a.b-c_d' }), { ticket: 'a.b-c_d' });
    for (const status of [400, 404])
      assert.deepEqual(await take(status, undefined), { ticket: null, seen: 'seen' });
    for (const [status, json] of [
      [200, { ticket: 'a' }],
      [201, { ticket: 'a b' }],
      [201, { ticket: '' }],
      [201, { ticket: 7 }],
      [201, undefined],
      [399, {}],
    ] as const)
      assert.equal(await take(status, json), 'provider_unavailable', JSON.stringify(json));
  });
});

describe('calls to the authorization services', () => {
  it('are at most 64 at once, and wait for their turn', async () => {
    const open: (() => void)[] = [];
    const fetch = () => new Promise<Response>((resolve) => open.push(() => resolve(Response.json({}))));
    const calls = createKeycloakCalls({ fetch: fetch as never, timeoutMs: 5_000 });
    const all = Array.from({ length: 65 }, (_, at) =>
      calls.call('https://sso.test/', { what: 'x', secrets: [], init: {}, who: `user ${at}` }),
    );
    for (let count = 0; count < 10; count++) await new Promise(setImmediate);
    assert.equal(open.length, 64);
    open[0]?.();
    await all[0];
    for (let count = 0; count < 10; count++) await new Promise(setImmediate);
    assert.equal(open.length, 65);
    for (const go of open) go();
    assert.deepEqual(
      (await Promise.all(all)).map(({ status }) => status),
      Array(65).fill(200),
    );
  });

  it('are not made for a moment after one failed', async () => {
    let asked = 0;
    const fetch = async () => {
      asked++;
      throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
    };
    const calls = createKeycloakCalls({ fetch: fetch as never, timeoutMs: 5_000 });
    const call = () =>
      codeOf(() => calls.call('https://sso.test/', { what: 'x', secrets: [], init: {}, who: 'anna' }));
    for (let count = 0; count < 20; count++) assert.equal(await call(), 'provider_unavailable');
    assert.ok(asked < 20, `${asked} calls`);
  });
});
