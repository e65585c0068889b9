import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keycloak } from '../../packages/guard/src/adapters/node/index.ts';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { OptionsError, type Principal } from '../../packages/guard/src/core/index.ts';
import { ALICE, createFakeKeycloak, SECRET } from '../authz/fake-keycloak.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { SERVER, startTenants } from './many-realms.ts';

const COMMON = { serverUrl: SERVER, clientId: 'my-api' };
const get = (name: string) => ({ realm: name });
const SESSION = { secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826' };

describe('what tenants cannot do is said', () => {
  test('sessions are of tenants that a request names, and use the client of each', () => {
    const ofIssuer = keycloak({ ...COMMON, tenants: { ofIssuer: () => 'acme', get } });
    const of = keycloak({ ...COMMON, tenants: { of: () => 'acme', get } });
    const client = createClient({ ...COMMON, realm: 'acme' });
    for (const [open, option, rule] of [
      [() => ofIssuer.session(SESSION), 'tenants', /^must be \{ of, get \} where people sign in/],
      [() => of.session({ ...SESSION, client }), 'client', /^is that of each tenant: leave it out$/],
    ] as const)
      assert.throws(open, (error) => {
        assert.ok(error instanceof OptionsError);
        const [{ option: named, rule: said } = { option: '', rule: '' }] = error.problems;
        assert.equal(named, option);
        assert.match(said, rule);
        return true;
      });
  });

  test('a token is verified with its request', async () => {
    const kc = keycloak({ ...COMMON, tenants: { of: () => 'acme', get } });
    await assert.rejects(
      async () => kc.verifier.verify('x'),
      /a token is verified with its request: use a guard/,
    );
    await kc.close();
  });

  test('things are opened once', () => {
    const kc = keycloak({ ...COMMON, realm: 'acme', clientSecret: 'x' });
    kc.session(SESSION);
    assert.throws(() => kc.session(SESSION), /^Error: keycloak: sessions were opened before$/);
  });

  test('permissions are asked for a principal that a guard of theirs found', async (t) => {
    const { door } = startTenants(t, get, { more: { clientSecret: SECRET } });
    const permissions = door.permits.open({});
    const other = createTestRealm();
    const stranger: Principal = await other.verifier().verify(other.mint());
    for (const ask of [permissions.check, permissions.has] as const) {
      await assert.rejects(ask('eyJ.a.b', ['orders#view']), {
        ...{ code: 'provider_misconfigured' },
        reason: 'Where there are tenants, permissions are asked for a principal that a guard found',
      });
      await assert.rejects(ask(stranger, ['orders#view']), {
        ...{ code: 'provider_misconfigured', reason: 'The principal was made by no tenant of this guard' },
      });
    }
    await assert.rejects(permissions.list(stranger), { code: 'provider_misconfigured' });
  });
});

test('the permissions of each tenant are asked of its realm: one, several, all of them, and their names', async (t) => {
  const keycloaks = ['acme', 'globex'].map((realm) => createFakeKeycloak({ realm }));
  const { door, requestOf } = startTenants(t, get, {
    more: {
      ...{
        clientSecret: SECRET,
        serverUrl: keycloaks[0]!.realm.serverUrl,
        clientId: keycloaks[0]!.realm.clientId,
      },
      clock: keycloaks[0]!.realm.clock,
      fetch: (async (input: string | URL | Request, init?: RequestInit) => {
        const url = String(input instanceof Request ? input.url : input);
        const one = keycloaks.find(({ realm }) => url.includes(`/realms/${realm.realm}/`));
        return one?.fetch(input, init) ?? new Response('{}', { status: 404 });
      }) as typeof fetch,
    },
  });
  const permissions = door.permits.open({});
  const guard = door.guard({});
  const [acme] = keycloaks;
  acme?.grants.add(`${ALICE} ${acme.resources[0]?.id}#view`);
  for (const { realm, tokenOf } of keycloaks) {
    const isAcme = realm.realm === 'acme';
    const principal = (await guard.decide(requestOf(realm.realm, tokenOf(ALICE)), {})) as Principal;
    assert.equal(await permissions.has(principal, ['orders#view']), isAcme);
    assert.deepEqual(
      (await permissions.list(principal)).map(({ name, scopes }) => [name, scopes]),
      isAcme ? [['orders', ['view']]] : [],
    );
    const granted = await permissions.check(principal, ['orders#view', 'orders#edit']);
    assert.deepEqual(granted, isAcme ? [{ resource: 'orders', scope: 'view' }] : []);
  }
  await permissions.assertKnown(['orders#view']);
  acme?.resources.splice(0);
  await assert.rejects(permissions.assertKnown(['orders#view']), {
    ...{ code: 'provider_misconfigured', reason: /has no "orders#view"/ },
  });
});
