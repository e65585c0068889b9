import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createTestRealm } from '../../support/test-realm.ts';
import { type Adapter, type Given, startApp } from './adapter.ts';

const BARE = 'Bearer';
const invalid = (description: string) => `Bearer error="invalid_token", error_description="${description}"`;

async function setUp(t: TestContext, adapter: Adapter, more: Partial<Given> = {}) {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const app = await startApp(t, adapter, {
    keycloak: { serverUrl, realm: name, clientId, fetch, clock, onNotice: false },
    ...more,
  });
  const get = (path: string, token?: string, init: RequestInit = {}) =>
    globalThis.fetch(`${app.url}${path}`, {
      ...init,
      redirect: 'manual',
      headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...init.headers },
    });
  return { realm, app, get };
}

/** Status, challenge and body, exactly. */
async function refused(answer: Response, status: number, challenge: string | null, detail: string) {
  assert.deepEqual(
    [answer.status, answer.headers.get('www-authenticate'), await answer.text()],
    [status, challenge, JSON.stringify({ detail })],
  );
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
}

/** What is the same with every framework, of requests with a bearer token. */
export function describeBearer(adapter: Adapter): void {
  describe(`${adapter.name}, bearer`, () => {
    test('lets in who has a good token, and says who it is', async (t) => {
      const { realm, get } = await setUp(t, adapter);
      for (const path of ['/guarded', '/nested/deep/guarded', '/async']) {
        const answer = await get(path, realm.mint());
        assert.deepEqual([answer.status, await answer.json()], [200, { username: 'abdullah' }], path);
      }
      assert.deepEqual(await (await get('/open')).json(), { open: true });
    });

    test('refuses who has none, with a bare challenge', async (t) => {
      const { get } = await setUp(t, adapter);
      for (const path of ['/guarded', '/nested/deep/guarded', '/async', '/stream', '/admin']) {
        await refused(await get(path), 401, BARE, 'Not authenticated');
      }
    });

    test('refuses a bad token, and one that is over', async (t) => {
      const { realm, get } = await setUp(t, adapter);
      const token = realm.mint();
      await refused(
        await get('/guarded', `${token.slice(0, -4)}AAAA`),
        401,
        invalid('The access token is not valid'),
        'Could not validate credentials',
      );
      assert.equal((await get('/guarded', token)).status, 200);
      realm.advance(3600);
      await refused(
        await get('/guarded', token),
        401,
        invalid('The access token expired'),
        'Could not validate credentials',
      );
    });
  });
}
