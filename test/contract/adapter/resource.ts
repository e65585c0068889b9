import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Adapter } from './adapter.ts';
import { assertRefused, ofEngine, setUp, without } from './set-up.ts';

const RESOURCE = {
  url: 'https://api.example.com/orders',
  scopes: ['orders:read', 'orders:write'],
};
const PLACE = '/.well-known/oauth-protected-resource/orders';
const POINTER = `resource_metadata="https://api.example.com${PLACE}"`;
const ALL = 'scope="orders:read orders:write"';

/** What an API says of itself (RFC 9728), the same in all frameworks. */
export function describeResource(adapter: Adapter): void {
  describe(`${adapter.name}, protected resource`, without(adapter, 'resource'), () => {
    test('says where tokens come from, to pages of every origin', async (t) => {
      const { realm, get } = await setUp(t, adapter, { resource: RESOURCE });
      const answer = await get(PLACE, undefined, { headers: { origin: 'https://inspector.example' } });
      assert.deepEqual(await answer.json(), {
        resource: RESOURCE.url,
        authorization_servers: [realm.issuer],
        scopes_supported: RESOURCE.scopes,
        bearer_methods_supported: ['header'],
      });
      assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin')], [200, '*']);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
      const preflight = await get(PLACE, undefined, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://inspector.example',
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'mcp-protocol-version',
        },
      });
      assert.deepEqual(
        [
          preflight.status,
          preflight.headers.get('access-control-allow-origin'),
          preflight.headers.get('access-control-allow-headers'),
        ],
        [204, '*', 'mcp-protocol-version'],
      );
      assert.equal((await get('/.well-known/oauth-protected-resource')).status, 404);
    });

    test('says so too where Keycloak comes late, and 503 until then', ofEngine(adapter), async (t) => {
      const { realm, get } = await setUp(t, adapter, { resource: RESOURCE }, (one) => one.setAll('error'));
      await assertRefused(await get(PLACE), 503, null, 'Identity provider unavailable');
      realm.setAll('normal');
      const now = performance.now.bind(performance);
      t.mock.method(performance, 'now', () => now() + 1_000);
      assert.equal((await get(PLACE)).status, 200);
    });

    test('every challenge leads there and names the scopes', async (t) => {
      const { realm, get } = await setUp(t, adapter, { resource: RESOURCE });
      await assertRefused(await get('/guarded'), 401, `Bearer ${ALL}, ${POINTER}`, 'Not authenticated');
      await assertRefused(
        await get('/guarded', 'garbage'),
        401,
        `Bearer error="invalid_token", error_description="The access token is not valid", ${ALL}, ${POINTER}`,
        'Could not validate credentials',
      );
      await assertRefused(
        await get('/scoped', realm.mint()),
        403,
        `Bearer error="insufficient_scope", ${ALL}, ${POINTER}`,
        'Not enough permissions',
      );
      // Another token would have no more roles.
      await assertRefused(
        await get('/admin', realm.mint()),
        403,
        `Bearer error="insufficient_scope", ${POINTER}`,
        'Not enough permissions',
      );
    });

    test(
      'an error handler of the app gets the same challenge',
      without(adapter, 'errorHandler'),
      async (t) => {
        const { get } = await setUp(t, adapter, { resource: RESOURCE, hasErrorHandler: true });
        const answer = await get('/guarded');
        assert.deepEqual(await answer.json(), { own: 'missing_token' });
        assert.equal(answer.headers.get('www-authenticate'), `Bearer ${ALL}, ${POINTER}`);
      },
    );

    test('a challenge names no scopes where it should not', ofEngine(adapter), async (t) => {
      const { get } = await setUp(t, adapter, { resource: { ...RESOURCE, scopesInChallenge: false } });
      await assertRefused(await get('/guarded'), 401, `Bearer ${POINTER}`, 'Not authenticated');
    });

    test('both schemes lead there, Bearer first', ofEngine(adapter), async (t) => {
      const { realm } = await setUp(t, adapter);
      const { serverUrl, realm: name, clientId, fetch, clock } = realm;
      const keycloak = {
        serverUrl,
        realm: name,
        clientId,
        fetch,
        clock,
        onNotice: false,
        dpop: 'accepted',
      } as const;
      const { get } = await setUp(t, adapter, { keycloak, resource: RESOURCE });
      const challenge = (await get('/guarded')).headers.get('www-authenticate') ?? '';
      assert.ok(challenge.startsWith(`Bearer ${ALL}, ${POINTER}, DPoP algs="`), challenge);
    });

    test('refuses what is no resource, all mistakes at once', async () => {
      const resource = { url: 'https://api.example.com/?a=b', scopes: ['openid'], title: 'x' };
      await assert.rejects(
        setUp({ after() {} } as never, adapter, { resource: resource as never }),
        ({ problems }: { problems: { option: string }[] }) => {
          assert.deepEqual(
            problems.map(({ option }) => option),
            ['url', 'scopes', 'title'],
          );
          return true;
        },
      );
    });
  });
}
