import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAuthError } from '../../../packages/guard/src/core/index.ts';
import { eventually } from '../../support/eventually.ts';
import type { Adapter, Given } from './adapter.ts';
import { assertRefused, assertUser, BARE, ofEngine, setUp, without } from './set-up.ts';

/** Whose fault it is, and who is told. */
export function describeErrors(adapter: Adapter): void {
  describe(`${adapter.name}, errors`, () => {
    test(
      'Keycloak is down: 503, when to try again, and no challenge',
      without(adapter, 'inProcess'),
      async (t) => {
        const { realm, get } = await setUp(t, adapter, {}, (one) => one.setAll('down'));
        const answer = await get('/guarded', realm.mint());
        assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
        await assertRefused(answer, 503, null, 'Identity provider unavailable');
      },
    );

    test('the realm is not there: 500, and nothing about it', without(adapter, 'inProcess'), async (t) => {
      const { realm, get } = await setUp(t, adapter, {}, (one) => one.setAll('missing'));
      await assertRefused(await get('/guarded', realm.mint()), 500, null, 'Internal Server Error');
    });

    test('an error of a handler is no refusal: 500, by the framework', async (t) => {
      const { realm, get } = await setUp(t, adapter);
      const token = realm.mint();
      for (let i = 0; i < 2; i++) {
        const answer = await get('/fails', token);
        assert.equal(answer.status, 500);
        assert.equal(answer.headers.get('www-authenticate'), null);
        await answer.text();
      }
      await assertUser(await get('/guarded', token));
    });

    test(
      'an error handler of the app sees refusals first, and its own errors',
      without(adapter, 'errorHandler'),
      async (t) => {
        const { realm, get } = await setUp(t, adapter, { hasErrorHandler: true });
        const seen = async (path: string, token?: string) => {
          const answer = await get(path, token);
          return [answer.status, answer.headers.get('www-authenticate'), await answer.json()];
        };
        for (const path of ['/guarded', '/nested/deep/guarded', '/async']) {
          assert.deepEqual(await seen(path), [401, BARE, { own: 'missing_token' }]);
        }
        const denied = [403, 'Bearer error="insufficient_scope"', { own: 'role_missing' }];
        assert.deepEqual(await seen('/admin', realm.mint()), denied);
        assert.deepEqual(await seen('/fails', realm.mint()), [500, null, { own: 'a fault of the handler' }]);
        await assertUser(await get('/guarded', realm.mint()));
      },
    );

    test(
      'onDenied is told of each refusal once, with who it was',
      without(adapter, 'inProcess'),
      async (t) => {
        const told: unknown[] = [];
        const onDenied: Given['onDenied'] = (error, principal) => {
          assert.ok(isAuthError(error));
          told.push([error.code, principal?.username]);
        };
        const { realm, get } = await setUp(t, adapter, { onDenied });
        await get('/guarded');
        await get('/nested/deep/guarded', 'garbage');
        await get('/admin', realm.mint());
        await get('/guarded', realm.mint());
        await get('/optional');
        assert.deepEqual(told, [
          ['missing_token', undefined],
          ['token_malformed', undefined],
          ['role_missing', 'abdullah'],
        ]);
      },
    );

    test(
      'in development a refusal is a line in the log: its code, its path and what to do',
      without(adapter, 'inProcess'),
      async (t) => {
        const lines: string[] = [];
        const onLine = (line: string) => lines.push(line);
        for (const more of [{}, { explain: true }, { logRefusals: false }, { onDenied: () => {} }]) {
          const { get } = await setUp(t, adapter, { onLine, ...more });
          assert.equal((await get('/guarded?code=secret')).status, 401);
        }
        const what = 'GET /guarded was refused: 401 missing_token, ';
        const hint = 'Send the header Authorization: Bearer <access token>';
        const ofRefusals = () => lines.filter((line) => line.includes('was refused'));
        await eventually('both lines are written', () => ofRefusals().length >= 2);
        const told = ofRefusals();
        assert.equal(told.length, 2);
        assert.ok(told.every((line) => line.startsWith(what) && line.includes(hint)));
        assert.deepEqual(
          told.map((line) => line.endsWith(`${hint}. explain: true puts the reason into the answer`)),
          [true, false],
        );
      },
    );

    test(
      'a refusal is one line, whatever the parameter that it names holds',
      without(adapter, 'inProcess'),
      async (t) => {
        const lines: string[] = [];
        const { realm, get } = await setUp(t, adapter, { onLine: (line) => lines.push(line) });
        const name = encodeURIComponent('a\r\n{"level":"info"}\u001b[2J\u0085');
        for (const route of ['orgs', 'members']) await (await get(`/${route}/${name}`, realm.mint())).text();
        const told = () => lines.filter((line) => line.includes('was refused'));
        await eventually('both are written', () => told().length >= 2);
        assert.deepEqual(
          told().filter((line) => /[\p{Cc}\p{Zl}\p{Zp}]/u.test(line)),
          [],
        );
      },
    );

    test('a listener that throws or rejects changes nothing', ofEngine(adapter), async (t) => {
      for (const onDenied of [
        () => {
          throw new Error('the audit log is full');
        },
        () => Promise.reject(new Error('the audit log is full')) as unknown as undefined,
      ]) {
        const { get } = await setUp(t, adapter, { onDenied });
        await assertRefused(await get('/guarded'), 401, BARE, 'Not authenticated');
      }
    });

    test(
      'a page of another origin can send its preflight and read why it was refused',
      without(adapter, 'cors'),
      async (t) => {
        const origin = 'https://app.example.com';
        const { realm, get } = await setUp(t, adapter, { cors: origin });
        for (const path of ['/guarded', '/nested/deep/guarded']) {
          const preflight = await get(path, undefined, {
            method: 'OPTIONS',
            headers: { origin, 'access-control-request-method': 'GET' },
          });
          assert.equal(preflight.status, 204);
          assert.equal(preflight.headers.get('access-control-allow-origin'), origin);
          const refused = await get(path, undefined, { headers: { origin } });
          assert.equal(refused.headers.get('access-control-allow-origin'), origin);
          await assertRefused(refused, 401, BARE, 'Not authenticated');
          const allowed = await get(path, realm.mint(), { headers: { origin } });
          assert.equal(allowed.headers.get('access-control-allow-origin'), origin);
          await assertUser(allowed);
        }
      },
    );

    test('without CORS middleware a preflight is let in nowhere', async (t) => {
      const { get } = await setUp(t, adapter);
      for (const path of ['/guarded', '/nested/deep/guarded']) {
        const preflight = await get(path, undefined, {
          method: 'OPTIONS',
          headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
        });
        assert.equal(preflight.headers.get('access-control-allow-origin'), null);
        assert.doesNotMatch(await preflight.text(), /username/);
      }
    });
  });
}
