import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Adapter } from './adapter.ts';
import { assertRefused, assertUser, BARE, EXPIRED, NOT_VALID, setUp } from './set-up.ts';

const GUARDED = ['/guarded', '/nested/deep/guarded', '/async', '/stream', '/fails', '/admin', '/scoped'];
const DENIED = 'Not enough permissions';

/** What is the same with every framework, of requests with a bearer token. */
export function describeBearer(adapter: Adapter): void {
  describe(`${adapter.name}, bearer`, () => {
    test('lets in who has a good token, and says who it is', async (t) => {
      const { realm, get } = await setUp(t, adapter);
      for (const path of ['/guarded', '/nested/deep/guarded', '/async', '/optional']) {
        const token = realm.mint();
        // Once unknown, which waits for the keys, once known, which waits for nothing.
        await assertUser(await get(path, token));
        await assertUser(await get(path, token));
        await assertUser(await get(path, undefined, { headers: { authorization: `bEARER   ${token}` } }));
      }
      await assertUser(await get('/guarded', realm.mint(), { method: 'POST' }));
    });

    test('leaves alone what is not guarded', async (t) => {
      const { get } = await setUp(t, adapter);
      for (const token of [undefined, 'garbage']) {
        const answer = await get('/open', token);
        assert.deepEqual([answer.status, await answer.json()], [200, { open: true }]);
      }
      assert.equal((await get('/not-there')).status, 404);
      assert.equal((await get('/not-there', 'garbage')).status, 404);
    });

    test('refuses who has no token, with a bare challenge', async (t) => {
      const { get } = await setUp(t, adapter);
      for (const path of GUARDED) await assertRefused(await get(path), 401, BARE, 'Not authenticated');
      await assertRefused(await get('/guarded?access_token=x'), 401, BARE, 'Not authenticated');
      await assertRefused(await get('/guarded', ''), 401, BARE, 'Not authenticated');
      const posted = await get('/guarded', undefined, { method: 'POST', body: 'a body that nobody reads' });
      await assertRefused(posted, 401, BARE, 'Not authenticated');
    });

    test('refuses another scheme', async (t) => {
      const { get } = await setUp(t, adapter);
      const answer = await get('/guarded', undefined, { headers: { authorization: 'Basic YTpi' } });
      await assertRefused(answer, 401, BARE, 'Invalid authentication credentials');
    });

    test('refuses a bad token, and one that is over', async (t) => {
      const { realm, get } = await setUp(t, adapter);
      const token = realm.mint();
      const detail = 'Could not validate credentials';
      await assertRefused(await get('/guarded', `${token.slice(0, -4)}AAAA`), 401, NOT_VALID, detail);
      await assertRefused(await get('/optional', 'garbage'), 401, NOT_VALID, detail);
      await assertUser(await get('/guarded', token));
      realm.advance(3600);
      await assertRefused(await get('/guarded', token), 401, EXPIRED, detail);
    });

    test('refuses who may not, and names a scope that would help', async (t) => {
      const { realm, get } = await setUp(t, adapter);
      const challenge = 'Bearer error="insufficient_scope"';
      await assertRefused(await get('/admin', realm.mint()), 403, challenge, DENIED);
      await assertRefused(
        await get('/scoped', realm.mint()),
        403,
        `${challenge}, scope="orders:read"`,
        DENIED,
      );
      await assertUser(await get('/admin', realm.mint({ realm_access: { roles: ['admin'] } })));
      await assertUser(await get('/scoped', realm.mint({ scope: 'openid orders:read' })));
    });

    test('lets nobody in as nobody where that is allowed', async (t) => {
      const { get } = await setUp(t, adapter);
      await assertUser(await get('/optional'), null);
    });

    test('answers 503 and when to try again while Keycloak is down, and goes on once it is back', async (t) => {
      const { realm, get } = await setUp(t, adapter);
      realm.setAll('down');
      const token = realm.mint({}, { header: { kid: 'never-seen' } });
      const answer = await get('/guarded', token);
      const detail = 'Identity provider unavailable';
      // Where the app had loaded its keys before, the token is refused for its key.
      if (answer.status === 401)
        await assertRefused(answer, 401, NOT_VALID, 'Could not validate credentials');
      else {
        assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
        await assertRefused(answer, 503, null, detail);
      }
      realm.setAll('normal');
      realm.advance(60);
      await assertUser(await get('/guarded', realm.mint()));
    });

    test('answers HEAD as GET, without a body', async (t) => {
      const { realm, get } = await setUp(t, adapter);
      const refused = await get('/guarded', undefined, { method: 'HEAD' });
      assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, BARE]);
      assert.equal(await refused.text(), '');
      assert.equal((await get('/guarded', realm.mint(), { method: 'HEAD' })).status, 200);
    });

    test('tells nobody why, unless it was told to explain', async (t) => {
      const { realm, get } = await setUp(t, adapter);
      for (const token of [undefined, 'garbage', realm.mint({ typ: 'ID' }), realm.mint()]) {
        const answer = await get('/admin', token);
        assert.equal(answer.headers.get('x-auth-error'), null);
        assert.deepEqual(Object.keys((await answer.json()) as object), ['detail']);
      }
      const explaining = await setUp(t, adapter, { explain: true });
      const forged = explaining.realm.mint({ typ: 'ID' });
      const answer = await explaining.get('/guarded', forged);
      const text = await answer.text();
      assert.equal(answer.status, 401);
      assert.match(answer.headers.get('x-auth-error') ?? '', /^token_type: /);
      const { detail, code, reason } = JSON.parse(text) as Record<string, string>;
      assert.deepEqual(
        [detail, code, typeof reason],
        ['Could not validate credentials', 'token_type', 'string'],
      );
      assert.ok(!text.includes(forged) && !answer.headers.get('x-auth-error')?.includes(forged));
    });
  });
}
