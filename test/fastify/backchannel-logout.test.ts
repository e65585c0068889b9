import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fastify, { type FastifyServerOptions } from 'fastify';
import keycloakGuard, { backchannelLogout } from '../../packages/guard/src/adapters/fastify/index.ts';
import { combineVerifiers, type RevocationStore } from '../../packages/guard/src/core/index.ts';
import { mintLogoutToken } from '../core/signed-messages.ts';
import { createTestRealm } from '../support/test-realm.ts';

interface Setup {
  readonly path?: string;
  readonly revocationStore?: RevocationStore;
  readonly logger?: FastifyServerOptions['logger'];
  /** The realm of the customers does not answer, and never did. */
  readonly isHalfDown?: boolean;
  /** Every route is guarded. */
  readonly isGuarded?: boolean;
}

async function start(
  t: TestContext,
  { revocationStore, logger = false, isHalfDown = false, isGuarded = false, ...options }: Setup = {},
) {
  const staff = createTestRealm({ realm: 'staff' });
  const customers = createTestRealm({ realm: 'customers' });
  const store = revocationStore === undefined ? {} : { revocationStore };
  const verifier = combineVerifiers(
    [staff, customers].map((realm) => realm.verifier({ ...store, issuer: realm.issuer })),
  );
  if (isHalfDown) customers.setAll('down');
  await verifier.load().catch((error) => assert.ok(isHalfDown, error));
  const app = fastify({ logger });
  await app.register(keycloakGuard, { verifier });
  if (isGuarded) app.guardAll();
  await app.register(backchannelLogout, options);
  app.get('/protected', { onRequest: app.guard() }, () => 'in');
  t.after(async () => {
    await app.close();
    await verifier.close();
  });
  const statusOf = async (token: string) =>
    (await app.inject({ url: '/protected', headers: { authorization: `Bearer ${token}` } })).statusCode;
  const send = (url: string, type: string, payload: string) =>
    app.inject({ method: 'POST', url, headers: { 'content-type': type }, payload });
  return {
    staff,
    customers,
    statusOf,
    send,
    logOut: (token: string, url = '/backchannel-logout') =>
      send(url, 'application/x-www-form-urlencoded', new URLSearchParams({ logout_token: token }).toString()),
  };
}

const refused = (detail: string) => ({ error: 'invalid_request', error_description: detail, detail });

describe('back-channel logout', () => {
  it('ends a session of the realm that signed the token, with 204 and a connection that closes', async (t) => {
    const { staff, customers, statusOf, logOut } = await start(t);
    const [ended, other] = [customers.mint({ sid: 's1' }), staff.mint({ sid: 's1' })];
    assert.deepEqual([await statusOf(ended), await statusOf(other)], [200, 200]);
    const answer = await logOut(mintLogoutToken(customers));
    assert.deepEqual([answer.statusCode, answer.body], [204, '']);
    assert.deepEqual([answer.headers['cache-control'], answer.headers.connection], ['no-store', 'close']);
    assert.deepEqual([await statusOf(ended), await statusOf(other)], [401, 200]);
  });

  it('is open to Keycloak where every route is guarded', async (t) => {
    const { staff, logOut, statusOf } = await start(t, { isGuarded: true });
    const [one, other] = [staff.mint({ sid: 's1' }), staff.mint({ sid: 's2' })];
    assert.equal((await logOut(mintLogoutToken(staff))).statusCode, 204);
    assert.deepEqual([await statusOf(one), await statusOf(other)], [401, 200]);
  });

  it('answers what is no logout token, none and two with 400', async (t) => {
    const { staff, logOut, send } = await start(t);
    const type = 'application/x-www-form-urlencoded';
    const good = mintLogoutToken(staff);
    for (const answer of [
      await logOut(staff.mint({}, { header: { typ: 'at+jwt' } })),
      await send('/backchannel-logout', type, ''),
      await send('/backchannel-logout', type, `logout_token=${good}&logout_token=${good}`),
    ]) {
      assert.equal(answer.statusCode, 400);
      assert.deepEqual(answer.json(), refused('Invalid logout token'));
      assert.equal(answer.headers.connection, 'close');
    }
  });

  it('tells of garbage as of a logout token that is not valid, in one line of the log', async (t) => {
    const lines: string[] = [];
    const { logOut } = await start(t, {
      logger: { level: 'warn', stream: { write: (line) => void lines.push(line) } },
    });
    const elsewhere = createTestRealm({ realm: 'elsewhere' });
    const long = mintLogoutToken(elsewhere, { iss: 'x'.repeat(5_000) });
    for (const token of ['garbage', mintLogoutToken(elsewhere), long]) {
      assert.deepEqual((await logOut(token)).json(), refused('Invalid logout token'));
    }
    const code = 'logout_token_invalid';
    const seen = lines.map((line) => JSON.parse(line));
    assert.deepEqual(
      seen.map(({ level, code, msg }) => [level, code, msg]),
      [
        [40, code, 'The logout token is not valid: The token is not a signed JWT in compact form'],
        [40, code, 'The logout token is not valid: The token is of another issuer'],
        [40, code, 'The logout token is not valid: The token is of another issuer'],
      ],
    );
    assert.ok(String(lines[2]).length < 700, lines[2]);
    assert.equal(seen[1].seen, `iss ${elsewhere.issuer}`);
  });

  it('answers 503 while the realm of a logout token does not answer', async (t) => {
    const { staff, customers, logOut } = await start(t, { isHalfDown: true });
    const answer = await logOut(mintLogoutToken(customers));
    assert.equal(answer.statusCode, 503);
    assert.equal((await logOut(mintLogoutToken(staff))).statusCode, 204);
  });

  it('answers 503 where the logout could not be shared, so that it is sent again', async (t) => {
    const { staff, logOut, statusOf } = await start(t, {
      revocationStore: {
        add: () => Promise.reject(new Error('the store is down')),
        subscribe: () => () => {},
        useOnce: async () => true,
      },
    });
    const answer = await logOut(mintLogoutToken(staff));
    assert.equal(answer.statusCode, 503);
    assert.equal(answer.headers['retry-after'], '5');
    assert.equal(answer.json().error, 'temporarily_unavailable');
    assert.ok(!answer.body.includes('store'));
    assert.equal(await statusOf(staff.mint({ sid: 's1' })), 401);
  });

  it('is where it was put', async (t) => {
    const { staff, logOut } = await start(t, { path: '/logged-out' });
    assert.equal((await logOut(mintLogoutToken(staff), '/logged-out')).statusCode, 204);
    assert.equal((await logOut(mintLogoutToken(staff))).statusCode, 404);
  });
});
