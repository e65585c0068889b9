import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AuthError, OptionsError } from '../../packages/guard/src/core/index.ts';
import {
  createRequestGuard,
  type GuardOptions,
  type RequestGuardHost,
} from '../../packages/guard/src/core/internal.ts';
import { assertRefused, refusalOf } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const realm = createTestRealm();
const someone = await realm.verifier().verify(realm.mint());

describe('a guard of many realms', () => {
  const elsewhere = createTestRealm({ realm: 'elsewhere', clientId: 'elsewhere' });
  const [here, there] = [realm.verifier(), elsewhere.verifier({ acrLevels: { gold: 1 } })];
  const toRealm = ({ url }: Request) => {
    if (url.endsWith('/none')) throw new AuthError('tenant_unknown', 'none');
    return url.endsWith('/there') ? there : here;
  };
  const guardTo = (options: GuardOptions, host: Partial<RequestGuardHost<Request, string>> = {}) =>
    createRequestGuard<Request, string>(here, options, {
      toRequest: (one) => one,
      verifierOf: toRealm,
      ...host,
    });
  const to = (path: string, token: string) =>
    new Request(`http://localhost/${path}`, { headers: { authorization: `Bearer ${token}` } });
  const mintAt = (one: typeof realm) =>
    one.mint({ resource_access: { elsewhere: { roles: ['reader'] } }, acr: 'gold' });

  test('takes the tokens of the realm of the request alone', async () => {
    const guard = guardTo({});
    assert.ok(await guard.decide(to('there', mintAt(elsewhere)), ''));
    await assertRefused(async () => guard.decide(to('here', mintAt(elsewhere)), ''), 'token_key_unknown');
  });

  test("means the realm's own client, and its levels, in each", async () => {
    const guard = guardTo({ anyOf: [{ clientRole: 'reader' }] });
    assert.ok(await guard.decide(to('there', mintAt(elsewhere)), ''));
    await assertRefused(async () => guard.decide(to('here', mintAt(realm)), ''), 'role_missing');
    const roles: GuardOptions[] = [{ clientRole: 'reader' }, { realmRole: 'user' }];
    for (const among of [{ allOf: roles }, { allOf: [{ anyOf: roles }, { realmRole: 'user' }] }]) {
      const mixed = guardTo(among);
      assert.ok(await mixed.decide(to('there', mintAt(elsewhere)), ''), 'one of several is by realm');
    }
    assert.ok(await guardTo({ allOf: roles }).decide(to('there', mintAt(elsewhere)), ''));
    const token = mintAt(realm);
    await assertRefused(async () => guardTo({ allOf: roles }).decide(to('here', token), ''), 'role_missing');
    const strong = guardTo({ organization: { alias: 'acme', clientRole: 'reader' } });
    const refused = await refusalOf(async () => strong.decide(to('there', mintAt(elsewhere)), ''));
    assert.equal(refused.statusCode, 403);
    assert.throws(() => guardTo({ acr: 'gold', clientRole: [] }), OptionsError);
  });

  test('has a caller act for the tenant of the request', async () => {
    const own = createTestRealm();
    const verifier = own.verifier({ tenants: 'organizations' });
    const actsFor = async (tenant: string | undefined, ...organization: string[]) => {
      const token = own.mint({ organization });
      const host = { toRequest: (one: Request) => one, compiledFor: () => ({ check() {}, tenant }) };
      const found = await createRequestGuard<Request, string>(verifier, {}, host).decide(
        to('here', token),
        '',
      );
      return found?.tenant;
    };
    assert.equal(await actsFor('acme', 'acme', 'globex'), 'acme');
    assert.equal(await actsFor('globex', 'acme', 'globex'), 'globex');
    assert.equal(await actsFor(undefined, 'acme', 'globex'), undefined);
    assert.equal(await actsFor(undefined, 'acme'), 'acme');
  });

  test('refuses a request of none as it refuses others, and one that was admitted elsewhere', async () => {
    const denied: string[] = [];
    const guard = guardTo({}, { onDenied: (_request, { code }) => void denied.push(code) });
    assert.equal((await refusalOf(() => guard.decide(to('none', 'x'), ''))).code, 'tenant_unknown');
    assert.equal((await refusalOf(() => guard.admit(to('none', 'x'), someone))).code, 'tenant_unknown');
    assert.deepEqual(denied, ['tenant_unknown', 'tenant_unknown']);
    assert.equal(guard.admit(to('here', 'x'), someone), someone);
  });

  test('waits for a realm that has to be looked up, and refuses as the look-up does', async () => {
    const denied: string[] = [];
    const guard = guardTo(
      { clientRole: 'reader' },
      {
        verifierOf: async (request) => toRealm(request),
        onDenied: (_request, { code }) => void denied.push(code),
      },
    );
    assert.ok(await guard.decide(to('there', mintAt(elsewhere)), ''));
    await assertRefused(async () => guard.decide(to('none', 'x'), ''), 'tenant_unknown');
    await assertRefused(async () => guard.admit(to('none', 'x'), someone), 'tenant_unknown');
    assert.deepEqual(denied, ['tenant_unknown', 'tenant_unknown']);
    const fault = guardTo(
      {},
      { verifierOf: async () => Promise.reject(new TypeError('of the application')) },
    );
    await assert.rejects(async () => fault.decide(to('here', 'x'), ''), TypeError);
  });
});
