import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { SecurityEvent } from '../../packages/guard/src/core/internal.ts';
import type { SessionEvent } from '../../packages/guard/src/session/index.ts';
import { mintLogoutToken } from '../core/signed-messages.ts';
import { eventually } from '../support/eventually.ts';
import { startTenants } from './many-realms.ts';

/** Two tenants, and the lines that an audit log would get of them. */
function start(t: TestContext, tenants: Record<string, unknown> = {}) {
  const events: SecurityEvent[] = [];
  const observers = [{ event: (event: SecurityEvent) => void events.push(event) }];
  const get = async (name: string) => (['acme', 'hostile'].includes(name) ? { realm: name } : undefined);
  const app = startTenants(t, get, { more: { observers }, tenants });
  const taken = async (count = 1) => {
    await eventually(`${count} events`, () => events.length >= count);
    return events.splice(0).map(({ event, outcome, tenant }) => `${event} ${outcome} ${tenant ?? 'of none'}`);
  };
  return { ...app, taken, hostile: app.realmOf('hostile') };
}

const BY_ISSUER = { ofIssuer: (iss: string) => /\/realms\/(acme|hostile)$/.exec(iss)?.[1] };

for (const [kind, tenants] of [
  ['by the request', {}],
  ['by the issuer of the token', BY_ISSUER],
] as const) {
  describe(`events name their tenant, ${kind}`, () => {
    test('who is let in, and who is refused, also where the token does not say who it is', async (t) => {
      const { enter, hostile, realmOf, taken } = start(t, tenants);
      const victim = { preferred_username: 'ceo-of-acme', sub: 'u1', sid: 's1' };
      assert.equal((await enter('hostile', hostile.mint(victim))).status, 200);
      const expired = { ...victim, iat: hostile.now - 900, exp: hostile.now - 600 };
      assert.equal((await enter('hostile', hostile.mint(expired))).status, 401);
      const forged = `${hostile.mint(victim).slice(0, -8)}AAAAAAAA`;
      assert.equal((await enter('hostile', forged)).status, 401);
      assert.deepEqual(await taken(3), [
        'access ok hostile',
        'access token_expired hostile',
        'access token_signature hostile',
      ]);
      const made = realmOf('made-up').mint();
      assert.notEqual((await enter('made-up', made)).status, 200);
      assert.match((await taken()).join(), /^access \w+ of none$/);
    });

    test('connections with a token of their own', async (t) => {
      const { door, requestOf, hostile, taken } = start(t, tenants);
      const guard = door.connections.guard({});
      const expired = hostile.mint({ iat: hostile.now - 900, exp: hostile.now - 600 });
      await assert.rejects(guard.openWith(requestOf('hostile'), expired), { code: 'token_expired' });
      assert.deepEqual(await taken(), ['access token_expired hostile']);
    });

    test('messages of its Keycloak, taken or refused', async (t) => {
      const { door, requestOf, hostile, taken } = start(t, tenants);
      const routes = door.messages();
      const send = async (token: string) =>
        (await routes.all[0]?.answer(requestOf('hostile'), `logout_token=${token}`))?.status;
      assert.equal(await send(mintLogoutToken(hostile, { sid: 's1', sub: 'u1' })), 204);
      assert.equal(await send(mintLogoutToken(hostile, { aud: 'another' })), 400);
      assert.deepEqual(await taken(2), ['revocation ok hostile', 'revocation logout_token_invalid hostile']);
    });
  });
}

test('notices name their tenant in the log of the application, too', async (t) => {
  const lines: Record<string, unknown>[] = [];
  const take = (fields: object) => void lines.push({ ...fields });
  const more = { log: { info: take, warn: take, error: take }, onNotice: undefined };
  const { enter, realmOf } = startTenants(t, () => ({ realm: 5 }), { more });
  assert.equal((await enter('broken', realmOf('broken').mint())).status, 500);
  assert.deepEqual(
    lines.map(({ code, tenant }) => [code, tenant]),
    [['tenant_misconfigured', 'broken']],
  );
});

test('sessions say of which tenant they are, to observers and to onEvent', async (t) => {
  const { door, requestOf, taken } = start(t);
  const told: SessionEvent[] = [];
  const { all } = door.openSessions({
    secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
    onEvent: (event) => void told.push(event),
  });
  const callback = all.find(({ path }) => path === '/auth/callback');
  const request = new Request(`${requestOf('hostile').url}auth/callback?error=access_denied&state=x`);
  const answer = await callback?.answer(request, undefined);
  assert.ok(answer !== undefined);
  assert.match((await taken()).join(), /^login \w+ hostile$/);
  assert.deepEqual(
    told.map(({ type, tenant }) => `${type} ${tenant}`),
    ['login_failed hostile'],
  );
});

test('wrong settings of one tenant are reported, also where another of the server has just had some', async (t) => {
  const rows: Record<string, unknown> = {
    // Whoever has this realm disabled it.
    hostile: { realm: 'gone' },
    // Somebody mistyped the issuer.
    acme: { realm: 'acme', issuer: 'https://sso.example.com/realms/amce' },
  };
  const { enter, realmOf, notices } = startTenants(t, async (name) => rows[name]);
  for (const name of ['hostile', 'acme', 'hostile', 'acme'])
    assert.equal((await enter(name, realmOf('acme').mint())).status, 500);
  assert.deepEqual(
    notices.map(({ code, tenant, fix }) => [code, tenant, fix !== undefined]),
    [
      ['keys_misconfigured', 'hostile', true],
      ['keys_misconfigured', 'acme', true],
    ],
  );
});
