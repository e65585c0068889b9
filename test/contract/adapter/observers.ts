import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Registry } from 'prom-client';
import { audit } from '../../../packages/guard/src/observability/audit.ts';
import { prometheus } from '../../../packages/guard/src/observability/prometheus.ts';
import { mintLogoutToken } from '../../core/signed-messages.ts';
import { createTestRealm } from '../../support/test-realm.ts';
import { type Adapter, startApp } from './adapter.ts';
import { setUpSession } from './session.ts';
import { ofEngine, without } from './set-up.ts';

/** An app with metrics and an audit log, a line each. */
async function setUp(t: TestContext, adapter: Adapter) {
  const realm = createTestRealm();
  const register = new Registry();
  const lines: Record<string, unknown>[] = [];
  const observers = [prometheus({ register }), audit({ info: (fields) => lines.push({ ...fields }) })];
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const keycloak = { serverUrl, realm: name, clientId, fetch, clock, onNotice: false, observers } as const;
  const app = await startApp(t, adapter, { keycloak });
  const call = app.fetch ?? globalThis.fetch;
  const ask = async (path: string, token?: string, init: RequestInit = {}) => {
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...init.headers,
    };
    return call(`${app.url}${path}`, { ...init, headers });
  };
  const numbers = async () =>
    (await register.metrics()).split('\n').filter((line) => /^keycloak_guard_.* [1-9]/.test(line));
  return { realm, ask, lines, numbers };
}

/** What an application that embeds the library can see. */
export function describeObservers(adapter: Adapter): void {
  describe(`${adapter.name}, observers`, without(adapter, 'inProcess'), () => {
    test('the same traffic shows the same metrics', ofEngine(adapter), async (t) => {
      const { realm, ask, numbers } = await setUp(t, adapter);
      const token = realm.mint();
      for (let i = 0; i < 3; i++) await ask('/guarded', token);
      await ask('/admin', token);
      await ask('/guarded');
      await ask('/guarded', 'garbage');
      await ask('/guarded', realm.mint({ exp: realm.now - 60 }));
      const seen = (await numbers()).filter((line) => !/_(?:bucket|sum)|_age_/.test(line));
      assert.deepEqual(seen.sort(), [
        'keycloak_guard_cached_tokens 1',
        'keycloak_guard_jwks_fetches_total 1',
        'keycloak_guard_keycloak_request_duration_seconds_count{call="discovery",outcome="ok"} 1',
        'keycloak_guard_keycloak_request_duration_seconds_count{call="jwks",outcome="ok"} 1',
        'keycloak_guard_keycloak_up 1',
        'keycloak_guard_token_checks_total{source="cache",result="accepted"} 3',
        'keycloak_guard_token_checks_total{source="keys",result="accepted"} 1',
        'keycloak_guard_token_checks_total{source="keys",result="refused"} 2',
      ]);
    });

    test('the audit log says who got access, was refused, or lost access, and through whom', async (t) => {
      const { realm, ask, lines } = await setUp(t, adapter);
      const bob = { sub: 'b', preferred_username: 'bob', sid: 's1' };
      const token = realm.mint(bob);
      for (let i = 0; i < 2; i++) await ask('/guarded', token);
      await ask('/admin', token);
      await ask('/guarded');
      await ask('/guarded', 'garbage');
      await ask('/guarded', realm.mint({ ...bob, exp: realm.now - 60 }));
      const act = { sub: 'r', client_id: 'reports', act: { client_id: 'portal' } };
      await ask('/guarded', realm.mint({ ...bob, act }));
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      const body = `logout_token=${mintLogoutToken(realm, { sid: 's1' })}`;
      await ask('/backchannel-logout', undefined, { method: 'POST', headers: form, body });
      await ask('/guarded', token);

      const who = { user: 'bob', sub: 'b', sid: 's1' };
      const by = 'backchannel_logout';
      assert.deepEqual(
        lines.map(({ address, reqId, endedAt, ...line }) => JSON.parse(JSON.stringify(line))),
        [
          { event: 'access', outcome: 'ok', ...who, through: 'web-app', method: 'GET' },
          { event: 'access', outcome: 'role_missing', ...who, through: 'web-app', method: 'GET' },
          { event: 'access', outcome: 'token_malformed', method: 'GET' },
          { event: 'access', outcome: 'token_expired', ...who, method: 'GET' },
          { event: 'access', outcome: 'ok', ...who, through: 'reports, portal', method: 'GET' },
          { event: 'revocation', outcome: 'ok', by, sid: 's1', what: 'session', method: 'POST' },
          { event: 'access', outcome: 'token_revoked', ...who, method: 'GET' },
        ],
      );
      const addresses = new Set(lines.map(({ address }) => address));
      assert.deepEqual([...addresses], [adapter.name === 'fetch' ? undefined : '127.0.0.1']);
    });

    test('health says whether tokens can be verified, and names no address', ofEngine(adapter), async (t) => {
      const { realm, ask } = await setUp(t, adapter);
      const health = async () => (await ask('/health')).json();
      await ask('/guarded', realm.mint());
      assert.deepEqual(await health(), {
        isReady: true,
        checks: { keys: { ok: true, detail: 'Loaded 0 s ago' }, keycloak: { ok: true, detail: 'Answers' } },
      });
      realm.advance(60);
      realm.setAll('down');
      await ask('/guarded', realm.mint({}, { header: { kid: 'never-seen' } }));
      assert.deepEqual(await health(), {
        isReady: true,
        checks: {
          keys: { ok: true, detail: 'Loaded 60 s ago' },
          keycloak: { ok: false, detail: 'Does not answer: see the log' },
        },
      });
    });

    test('a listener that throws changes nothing', ofEngine(adapter), async (t) => {
      const realm = createTestRealm();
      const { serverUrl, realm: name, clientId, fetch, clock } = realm;
      const fail = () => {
        throw new Error('the disk is full');
      };
      const observers = [{ event: fail }, { event: async () => fail(), call: async () => fail() as never }];
      const options = { serverUrl, realm: name, clientId, fetch, clock, onNotice: false, observers } as never;
      const app = await startApp(t, adapter, { keycloak: options });
      const get = async (headers: HeadersInit) =>
        (await (app.fetch ?? globalThis.fetch)(`${app.url}/guarded`, { headers })).status;
      assert.equal(await get({ authorization: `Bearer ${realm.mint()}` }), 200);
      assert.equal(await get({ authorization: 'Bearer garbage' }), 401);
    });

    test(
      'sign-in and sign-out with the browser are events, and calls to Keycloak are counted',
      ofEngine(adapter),
      async (t) => {
        const register = new Registry();
        const lines: Record<string, unknown>[] = [];
        const observers = [prometheus({ register }), audit({ info: (fields) => lines.push({ ...fields }) })];
        const own: string[] = [];
        const onEvent = ({ type }: { type: string }) => void own.push(type);
        const { browser, app } = await setUpSession(t, adapter, { onEvent }, {}, observers);
        await browser.open(`${app.url}/auth/login`);
        await browser.fetch(`${app.url}/auth/logout`, { method: 'POST', headers: { origin: app.url } });
        assert.deepEqual(
          lines.map(({ event, outcome, by, user }) => [event, outcome, by, user]),
          [
            ['login', 'ok', 'browser', 'abdullah'],
            ['logout', 'ok', 'browser', 'abdullah'],
          ],
        );
        assert.equal(own.length, lines.length, 'the listener of the application is called, too');
        const text = await register.metrics();
        assert.match(text, /^keycloak_guard_logins_total\{by="browser",outcome="ok"\} 1$/m);
        assert.match(
          text,
          /^keycloak_guard_keycloak_request_duration_seconds_count\{call="code",outcome="ok"\} 1$/m,
        );
      },
    );
  });
}
