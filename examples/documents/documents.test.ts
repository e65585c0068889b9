// How to test an API with permissions, owners and sharing: against the embedded provider, without Keycloak. Both doors.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import type { Document } from './documents.ts';
import { buildApp } from './express.ts';
import { buildServer } from './fastify.ts';
import { realm } from './realm.ts';

type Options = Parameters<typeof buildApp>[0];

/** Each starts the API, and resolves to its address and to what ends it. */
const DOORS = {
  async fastify(options: Options) {
    const app = await buildServer(options);
    return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
  },
  async express(options: Options) {
    const server = buildApp(options).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const close = async () => {
      server.closeAllConnections();
      server.close();
    };
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
  },
};

for (const [name, start] of Object.entries(DOORS)) {
  describe(`documents behind ${name}`, () => {
    let keycloak: DevIdp;
    let api: Awaited<ReturnType<typeof start>>;
    const tokens = new Map<string, string>();

    before(async () => {
      keycloak = await startDevIdp({ realm });
      const client = { realm: 'documents', clientId: 'documents', clientSecret: 'for-tests-only' };
      // Every request asks, so that a test need not wait.
      api = await start({ serverUrl: keycloak.url, ...client, permissionSeconds: 0 });
      for (const username of ['alice', 'bob', 'carol', 'dave'])
        tokens.set(username, await keycloak.issueToken({ username, clientId: 'documents' }));
    });
    after(async () => {
      await api.close();
      await keycloak.close();
    });

    async function call(who: string | undefined, method: string, path: string, body?: object) {
      const authorization = who === undefined ? {} : { authorization: `Bearer ${tokens.get(who)}` };
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const headers = { ...type, connection: 'close', ...authorization };
      const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
      const response = await fetch(`${api.url}/documents${path}`, { ...init, headers });
      const text = await response.text();
      const json: unknown = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
      return { status: response.status, json, headers: response.headers };
    }
    const statusOf = async (...args: Parameters<typeof call>) => (await call(...args)).status;

    async function create(who: string): Promise<Document> {
      const { status, json } = await call(who, 'POST', '', { title: 'Plan', text: 'Secret' });
      assert.equal(status, 201, JSON.stringify(json));
      return json as Document;
    }
    const idOf = (who: string) =>
      JSON.parse(Buffer.from(tokens.get(who)?.split('.')[1] ?? '', 'base64url').toString()).sub as string;
    const titles = async (who: string) =>
      ((await call(who, 'GET', '')).json as Document[]).map(({ id }) => id);

    test('who has no token gets 401, and who is no member makes no document', async () => {
      const { status, headers } = await call(undefined, 'GET', '');
      assert.deepEqual([status, headers.get('www-authenticate')], [401, 'Bearer']);
      assert.equal(await statusOf('dave', 'POST', '', { title: 'a', text: 'b' }), 403);
    });

    test('the owner reads and changes it; to others it is not there', async () => {
      const { id } = await create('alice');
      assert.equal(await statusOf('alice', 'GET', `/${id}`), 200);
      assert.equal(await statusOf('alice', 'PUT', `/${id}`, { title: 'New', text: 'x' }), 200);
      for (const other of ['bob', 'dave']) {
        for (const method of ['GET', 'DELETE']) assert.equal(await statusOf(other, method, `/${id}`), 404);
        assert.equal(await statusOf(other, 'PUT', `/${id}`, { title: 'Mine', text: '' }), 404);
        assert.ok(!(await titles(other)).includes(id));
      }
      const [there, nowhere] = [await call('bob', 'GET', `/${id}`), await call('bob', 'GET', '/made-up')];
      assert.deepEqual([there.status, there.json], [nowhere.status, nowhere.json]);
    });

    test('whom it is shared with may do what is shared, no more, and not for longer', async () => {
      const { id } = await create('alice');
      const share = { with: idOf('bob'), scope: 'view' };
      assert.equal(await statusOf('alice', 'PUT', `/${id}/shares`, share), 204);
      assert.equal(await statusOf('bob', 'GET', `/${id}`), 200);
      assert.ok((await titles('bob')).includes(id));
      assert.equal(await statusOf('bob', 'PUT', `/${id}`, { title: 'Mine', text: '' }), 404);
      assert.equal(await statusOf('bob', 'DELETE', `/${id}`), 404);
      assert.equal(await statusOf('dave', 'GET', `/${id}`), 404);
      assert.deepEqual((await call('alice', 'GET', `/${id}/shares`)).json, [share]);
      assert.equal(await statusOf('alice', 'DELETE', `/${id}/shares`, share), 204);
      assert.equal(await statusOf('bob', 'GET', `/${id}`), 404);
    });

    test('who may edit and not view finds it in no list', async () => {
      const { id } = await create('alice');
      const share = { with: idOf('bob'), scope: 'edit' };
      assert.equal(await statusOf('alice', 'PUT', `/${id}/shares`, share), 204);
      assert.equal(await statusOf('bob', 'GET', `/${id}`), 404);
      assert.ok(!(await titles('bob')).includes(id));
    });

    test('a document that is not there has no shares, whatever else the caller shares', async () => {
      const { id } = await create('alice');
      assert.equal(
        await statusOf('alice', 'PUT', `/${id}/shares`, { with: idOf('bob'), scope: 'view' }),
        204,
      );
      assert.deepEqual((await call('alice', 'GET', '/made-up/shares')).json, []);
      assert.equal(
        await statusOf('alice', 'PUT', '/made-up/shares', { with: idOf('bob'), scope: 'view' }),
        403,
      );
    });

    test('nobody shares what is not theirs, not with themselves either', async () => {
      const { id } = await create('alice');
      for (const scope of ['view', 'edit']) {
        for (const thief of ['bob', 'dave', 'carol'])
          assert.equal(await statusOf(thief, 'PUT', `/${id}/shares`, { with: idOf(thief), scope }), 403);
      }
      assert.equal(await statusOf('bob', 'GET', `/${id}`), 404);
      assert.deepEqual((await call('bob', 'GET', `/${id}/shares`)).json, []);
      assert.equal(
        await statusOf('alice', 'PUT', `/${id}/shares`, { with: idOf('bob'), scope: 'administer' }),
        422,
      );
    });

    test('an admin sees, changes and removes every document', async () => {
      const { id } = await create('alice');
      assert.equal(await statusOf('carol', 'GET', `/${id}`), 200);
      assert.equal(await statusOf('carol', 'PUT', `/${id}`, { title: 'Moved', text: '' }), 200);
      assert.equal(await statusOf('carol', 'DELETE', `/${id}`), 204);
      assert.equal(await statusOf('alice', 'GET', `/${id}`), 404);
      assert.equal(await statusOf('carol', 'DELETE', `/${id}`), 404);
    });

    test('a role that is taken away is gone at the next question', async () => {
      await create('bob');
      keycloak.updateUser('bob', { realmRoles: [] });
      assert.equal(await statusOf('bob', 'POST', '', { title: 'a', text: 'b' }), 403);
      keycloak.updateUser('bob', { realmRoles: ['member'] });
    });

    test('while Keycloak is down nobody gets in who has to be asked about; an owner does', async () => {
      const { id } = await create('alice');
      keycloak.answerWithError(503, 'token');
      assert.equal(await statusOf('alice', 'GET', `/${id}`), 200);
      assert.equal(await statusOf('carol', 'GET', `/${id}`), 503);
      keycloak.answerNormally();
    });
  });
}
