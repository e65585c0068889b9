import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Principal, Verifier } from '../../packages/guard/src/core/index.ts';
import { createDpopClient } from '../support/dpop.ts';
import { SERVER, startTenants } from './many-realms.ts';

const SECRET = 'the-secret-of-all-tenants';

/** Tenants whose tokens say whose a request is. */
function start(t: TestContext, more: Record<string, unknown> = {}) {
  const names = new Map(['acme', 'globex'].map((name) => [`${SERVER}/realms/${name}`, name]));
  const ofIssuer = (iss: string) => names.get(iss);
  const app = startTenants(t, (name) => ({ realm: name }), {
    more: { clientSecret: SECRET, ...more },
    tenants: { ofIssuer },
  });
  return { ...app, names };
}

describe('tenants by the issuer of the token', () => {
  test('a name that an issuer gives must have that issuer, exactly', async (t) => {
    const { enter, names, realmOf, calls } = start(t);
    const acme = realmOf('acme');
    names.set('https://evil.example/realms/acme', 'acme');
    names.set(`${SERVER}/realms/acme/`, 'acme');
    assert.deepEqual(await enter('host', acme.mint()), { status: 200, tenant: 'acme' });
    const from = calls.length;
    for (const iss of ['https://evil.example/realms/acme', `${SERVER}/realms/acme/`]) {
      assert.equal((await enter('host', acme.mint({ iss }))).status, 401, iss);
    }
    assert.ok(calls.slice(from).every((url) => !url.includes('evil')));
    realmOf('globex');
    names.set(`${SERVER}/realms/acme`, 'globex');
    assert.equal((await enter('host', acme.mint())).status, 401);
  });

  test('an issuer that is taken out of the list is refused, for known tokens too', async (t) => {
    const { enter, names, realmOf } = start(t);
    const token = realmOf('acme').mint();
    for (let i = 0; i < 3; i++) assert.equal((await enter('host', token)).status, 200);
    names.delete(`${SERVER}/realms/acme`);
    assert.equal((await enter('host', token)).status, 401);
  });

  test('a token with the end of a known one is verified for itself', async (t) => {
    const { enter, realmOf } = start(t);
    const [good, other] = [realmOf('acme').mint(), realmOf('globex').mint()];
    for (let i = 0; i < 3; i++) assert.equal((await enter('host', good)).status, 200);
    const mixed = [...other.split('.').slice(0, 2), good.split('.')[2]].join('.');
    assert.equal((await enter('host', mixed)).status, 401);
    assert.deepEqual(await enter('host', other), { status: 200, tenant: 'globex' });
  });

  test('a token that is bound to a key (DPoP) belongs to the tenant of its issuer', async (t) => {
    const { enter, realmOf } = start(t, { dpop: 'required', publicUrl: 'https://api.example.com' });
    const client = createDpopClient();
    for (const tenant of ['acme', 'globex']) {
      const realm = realmOf(tenant);
      const token = realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt } });
      const dpop = client.proof({ token, uri: 'https://api.example.com/', now: realm.now });
      const headers = { authorization: `DPoP ${token}`, dpop };
      assert.deepEqual(await enter('host', token, headers), { status: 200, tenant });
    }
  });

  test('nobody is of no tenant, and makes no client call with permissions', async (t) => {
    const { door, sent, requestOf } = start(t);
    door.permits.open({});
    const nobody = null as unknown as Principal;
    const decide = door.permits.permit('orders#view');
    await assert.rejects(
      async () => decide(requestOf('host'), nobody),
      (error: { statusCode?: number }) => error.statusCode === 401,
    );
    assert.deepEqual(sent, []);
  });

  test('nobody has no address: whoever asks there sends nothing', async (t) => {
    const { door, sent, calls, requestOf } = start(t);
    const nobody = (await door.verifierOf(requestOf('host'))) as unknown as Verifier<object>;
    await nobody.load().catch(() => {});
    for (const ask of [() => nobody.verify('a.b.c'), () => nobody.issuer.discover()])
      await assert.rejects(async () => ask());
    assert.deepEqual([sent, calls], [[], []]);
  });
});

test('a list of tenants in the query is refused, as unclear: of a list, one would be enough', async (t) => {
  const { door, requestOf, realmOf } = startTenants(t, (name) => ({ realm: name }));
  const token = realmOf('acme').mint();
  for (const tenant of [['acme'], ['acme', 'globex'], ['globex', 'acme'], []]) {
    const guard = door.guard((() => ({ tenant })) as never);
    await assert.rejects(
      async () => guard.decide(requestOf('acme', token), {}),
      (error: { code?: string; statusCode?: number }) =>
        error.code === 'requirement_unclear' && error.statusCode === 403,
    );
  }
  const one = door.guard((() => ({ tenant: 'acme' })) as never);
  assert.ok(await one.decide(requestOf('acme', token), {}));
});
