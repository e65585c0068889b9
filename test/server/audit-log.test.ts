import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { decodeJwt } from 'jose';
import { audit as createAudit } from '../../packages/guard/src/observability/audit.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import { openBrowser } from '../session/browser.ts';
import {
  buildTestApp,
  collectLog,
  form,
  type Log,
  PASSWORD,
  type SharedApp,
  shareTestApp,
  startIdp,
} from './service.ts';

const auditOf = (log: Log) => log.lines().filter(({ name }) => name === 'audit');
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const post = (url: string, fields: Record<string, string>) => ({ ...form(fields), url });

/** LOG_LEVEL=silent: what is there is the audit log. */
const SILENT = { LOG_LEVEL: 'silent' };

async function setUp(t: TestContext, settings: Record<string, string>) {
  const idp = await startIdp(t);
  return use({ idp, ...(await buildTestApp(t, idp.url, { ...SILENT, ...settings })) });
}

function use({ idp, app, log }: SharedApp) {
  log.clear();
  const login = async (password = PASSWORD) => app.inject(form({ username: 'abdullah', password }));
  /** What was written since the last call, without time and request. */
  let read = 0;
  const lines = () => {
    const all = auditOf(log).slice(read);
    read += all.length;
    return all.map(({ level, time, name, msg, reqId, ...line }) => line);
  };
  return { idp, app, log, login, lines };
}

describe('the audit log', () => {
  const shared = shareTestApp(SILENT);

  test('says who logged in, from where and when, and why somebody did not', async (t) => {
    const { log, login, lines } = await setUp(t, { LOGINS_PER_MINUTE_AND_USER: '3' });
    const { access_token } = (await login()).json();
    const { sub, sid } = decodeJwt(access_token);
    await login('a-wrong-Pass1');
    const [first, second] = lines();
    const where = { method: 'POST', route: '/login', address: '127.0.0.1' };
    const what = { event: 'login', by: 'password', user: 'abdullah' };
    assert.deepEqual(first, { ...what, outcome: 'ok', sub, sid, ...where });
    assert.deepEqual(second, { ...what, outcome: 'wrong_credentials', ...where });
    const { level, time, msg, reqId } = auditOf(log)[0]!;
    assert.deepEqual([level, msg], ['info', 'audit']);
    assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
    assert.match(String(reqId), /^[\da-f]{8}-\w+$/);

    await login();
    assert.equal((await login()).statusCode, 429);
    assert.deepEqual(lines().at(-1), { ...what, outcome: 'rate_limited', ...where });
  });

  test('says whose fault it was when nobody could log in', async (t) => {
    const { login, lines } = await setUp(t, { KEYCLOAK_SERVER_URL: 'http://127.0.0.1:1' });
    assert.equal((await login()).statusCode, 503);
    assert.equal(lines()[0]?.outcome, 'keycloak_unavailable');
    const { login: tryIn, lines: others } = await setUp(t, {
      KEYCLOAK_CLIENT_SECRET: 'not-the-secret-at-all',
    });
    assert.equal((await tryIn()).statusCode, 500);
    assert.equal(others()[0]?.outcome, 'misconfigured');
  });

  test('says who was refused where, by whose token; requests without a token are no event', async () => {
    const { app, login, lines } = use(shared);
    const { access_token, refresh_token } = (await login()).json();
    const { sub, sid } = decodeJwt(access_token);
    lines();
    await app.inject('/protected');
    await app.inject({ url: '/protected', headers: bearer('') });
    assert.deepEqual(lines(), []);

    const where = { method: 'GET', route: '/protected', address: '127.0.0.1' };
    await app.inject({ url: '/protected', headers: bearer('no-token') });
    assert.deepEqual(lines(), [{ event: 'access', outcome: 'token_malformed', ...where }]);
    // Nothing that a token says counts before its signature was checked.
    const forged = `${access_token.slice(0, -10)}AAAAAAAAAA`;
    await app.inject({ url: '/protected', headers: bearer(forged) });
    assert.deepEqual(lines(), [{ event: 'access', outcome: 'token_signature', ...where }]);

    await app.inject({ url: '/protected', headers: bearer(access_token) });
    const who = { user: 'abdullah', sub, sid };
    const through = 'fastapi-keycloak';
    assert.deepEqual(lines(), [{ event: 'access', outcome: 'ok', ...who, through, ...where }]);
    await app.inject({ url: '/protected', headers: bearer(access_token) });
    assert.deepEqual(lines(), [], 'a token is let in many times, and told once');
    await app.inject(post('/logout', { refresh_token }));
    const out = { method: 'POST', route: '/logout', address: '127.0.0.1' };
    const [logout] = lines();
    assert.deepEqual(logout, { event: 'logout', outcome: 'ok', by: 'refresh_token', sub, sid, ...out });
    await app.inject({ url: '/protected', headers: bearer(access_token) });
    assert.deepEqual(lines(), [{ event: 'access', outcome: 'token_revoked', ...who, ...where }]);

    await app.inject(post('/refresh', { refresh_token }));
    await app.inject(post('/logout', { refresh_token: 'none' }));
    assert.deepEqual(
      lines().map(({ event, outcome }) => [event, outcome]),
      [
        ['refresh', 'refresh_token_invalid'],
        ['logout', 'refresh_token_invalid'],
      ],
    );
  });

  test('says which guard somebody with a good token did not meet', async (t) => {
    const { app, login, lines } = await setUp(t, {});
    app.get('/admin', { onRequest: app.guard({ realmRole: 'admin' }) }, () => 'admin');
    const { access_token } = (await login()).json();
    const { sub, sid } = decodeJwt(access_token);
    lines();
    assert.equal((await app.inject({ url: '/admin', headers: bearer(access_token) })).statusCode, 403);
    const where = { method: 'GET', route: '/admin', address: '127.0.0.1' };
    const who = { user: 'abdullah', sub, sid };
    const through = 'fastapi-keycloak';
    assert.deepEqual(lines(), [{ event: 'access', outcome: 'role_missing', ...who, through, ...where }]);
  });

  test('says what Keycloak revoked, and what was sent in its name', async () => {
    const { idp, app, login, lines } = use(shared);
    const { access_token } = (await login()).json();
    const { sid, sub } = decodeJwt(access_token);
    lines();
    const logout_token = await idp.issueToken({
      username: 'abdullah',
      session: false,
      header: { typ: 'logout+jwt' },
      claims: {
        ...{ typ: 'Logout', aud: 'fastapi-keycloak', sid, sub, jti: 'one' },
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      },
    });
    const { iat: endedAt } = decodeJwt(logout_token);
    await app.inject(post('/backchannel-logout', { logout_token }));
    const where = { method: 'POST', route: '/backchannel-logout', address: '127.0.0.1' };
    const what = { event: 'revocation', by: 'backchannel_logout' };
    assert.deepEqual(lines(), [{ ...what, outcome: 'ok', sid, what: 'session', endedAt, ...where }]);
    await app.inject(post('/backchannel-logout', { logout_token }));
    await app.inject(post('/backchannel-logout', { logout_token: 'x.y.z' }));
    assert.deepEqual(
      lines().map(({ outcome }) => outcome),
      ['logout_token_replayed', 'logout_token_invalid'],
    );
  });

  test('follows a session in the browser from its start to its end', async () => {
    const { app, lines } = use(shared);
    const browser = openBrowser(app);
    assert.equal((await browser.signIn()).statusCode, 303);
    const [started] = lines();
    assert.deepEqual(
      [started?.event, started?.by, started?.outcome, started?.user],
      ['login', 'browser', 'ok', 'abdullah'],
    );
    const { sid } = started as { sid: string };
    assert.ok(sid);

    await browser.signIn();
    const [replaced, again] = lines();
    assert.deepEqual([replaced?.event, replaced?.outcome, replaced?.sid], ['session_end', 'replaced', sid]);
    assert.equal(again?.event, 'login');

    const logout = { method: 'POST' as const, url: '/auth/logout' };
    await browser.app({ ...logout, headers: { origin: 'https://evil.example' } });
    assert.equal(lines()[0]?.outcome, 'cross_origin_request');
    await browser.app({ ...logout, headers: { origin: 'http://localhost:8000' } });
    const [out] = lines();
    assert.deepEqual([out?.event, out?.by, out?.outcome, out?.sid], ['logout', 'browser', 'ok', again?.sid]);

    await app.inject('/auth/callback?code=made-up&state=made-up');
    assert.deepEqual(
      lines().map(({ event, by, outcome }) => [event, by, outcome]),
      [['login', 'browser', 'not_valid']],
    );
  });

  test('says when a session in the browser was ended elsewhere', async () => {
    const { app, lines } = use(shared);
    const browser = openBrowser(app);
    await browser.signIn();
    const [{ sid, sub } = {}] = lines() as { sid?: string; sub?: string }[];
    const issuer = app.verifier.members[0]!.issuer.current!.issuer;
    await app.verifier.members[0]!.revoke({ type: 'session', issuer, sessionId: sid! });
    await browser.app({ url: '/auth/session' });
    const [ended] = lines();
    assert.deepEqual(
      [ended?.event, ended?.outcome, ended?.user, ended?.sub, ended?.sid],
      ['session_end', 'token_revoked', 'abdullah', sub, sid],
    );
  });

  test('holds no password, token, secret, cookie or code, and cuts what is too long', async () => {
    const { app, log, login } = use(shared);
    const { access_token, refresh_token } = (await login()).json();
    await login('another-Pass1');
    await app.inject(form({ username: `${'x'.repeat(200)}"}`, password: PASSWORD }));
    await app.inject({ url: '/protected', headers: bearer(`${access_token}x`) });
    await app.inject(post('/logout', { refresh_token }));
    await app.inject({ url: '/protected?access_token=in-the-query', headers: bearer(access_token) });
    const browser = openBrowser(app);
    await browser.signIn();
    const cookie = [...browser.cookies.values()].join();
    const text = log.text();
    assert.ok(auditOf(log).length >= 6);
    for (const secret of [PASSWORD, 'another-Pass1', 'eyJ', 'in-the-query', 'code=', cookie]) {
      assert.ok(!text.includes(secret), secret);
    }
    const user = auditOf(log).map(({ user }) => String(user));
    assert.ok(user.some((one) => one === `${'x'.repeat(128)}…`));
  });

  test('is not written with AUDIT_LOG=off', async (t) => {
    const { log, login } = await setUp(t, { AUDIT_LOG: 'off', LOG_LEVEL: 'info' });
    await login();
    assert.ok(log.lines().length > 0);
    assert.deepEqual(auditOf(log), []);
  });
});

test('a flood of refusals is cut down and counted; logins that Keycloak checked are all written', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const log = collectLog();
  const audit = createAudit(createLoggerTo({ logLevel: 'info' }, log.stream).child({ name: 'audit' }));
  for (let i = 0; i < 5_000; i++) {
    audit.event({ event: 'access', outcome: 'token_signature' }, null);
    if (i % 1_000 === 0) audit.event({ event: 'login', outcome: 'wrong_credentials' }, null);
  }
  const count = (event: string) => auditOf(log).filter((line) => line.event === event).length;
  assert.deepEqual([count('access'), count('login'), count('left_out')], [100, 5, 0]);
  t.mock.timers.tick(1_000);
  assert.equal(auditOf(log).at(-1)?.count, 4_900);
  audit.event({ event: 'access', outcome: 'token_signature' }, null);
  assert.equal(count('access'), 101);
  audit.close();
  assert.equal(count('left_out'), 1);
});
