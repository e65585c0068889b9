import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { createCredential, OptionsError } from '../../packages/guard/src/core/index.ts';
import { SERVER, startTenants } from './many-realms.ts';

describe('options of tenants', () => {
  const get = () => undefined;
  const wrong: readonly unknown[] = [
    () => ({ realm: 'acme' }),
    { issuers: [{ issuer: `${SERVER}/realms/acme`, realm: 'acme' }] },
    { issuer: () => ({ realm: 'acme' }) },
    {},
    null,
    { of: () => 'acme' },
    { get },
    { of: () => 'acme', ofIssuer: () => 'acme', get },
    { of: 'acme', get },
    { of: () => 'acme', get: {} },
    { of: () => 'acme', get, more: 1 },
  ];
  for (const tenants of wrong) {
    test(`${JSON.stringify(tenants) ?? 'a function'} is refused at start, and said how it is written`, () => {
      assert.throws(
        () => keycloak({ serverUrl: SERVER, clientId: 'my-api', tenants } as never),
        (error) => error instanceof OptionsError && /tenants: must be \{ of, get \}/.test(error.message),
      );
    });
  }

  test('settings may say the same at each look-up, and hold no credential that was made: nothing could compare it', async (t) => {
    const credential = { secret: 'of-acme' };
    let row: Record<string, unknown> = { realm: 'acme', credential: { ...credential } };
    const { enter, realmOf, advance, notices } = startTenants(t, async () => structuredClone(row));
    const acme = realmOf('acme');
    for (let at = 0; at < 3; at++) {
      assert.equal((await enter('acme', acme.mint())).status, 200);
      advance(61);
    }
    assert.deepEqual(
      notices.filter(({ code }) => code === 'tenant_changed'),
      [],
    );
    row = { realm: 'acme', credential: createCredential({ clientId: 'my-api', credential }) };
    const made = startTenants(t, async () => row);
    const { status } = await made.enter('acme', made.realmOf('acme').mint());
    assert.equal(status, 500);
    const [notice] = made.notices;
    assert.equal(notice?.code, 'tenant_misconfigured');
    assert.match(
      notice?.message ?? '',
      /credential: must be the options of a credential, and not what createCredential/,
    );
  });

  test('what belongs to one tenant, and a credential of no server, are refused at start', () => {
    const tenants = { of: () => 'acme', get };
    for (const [more, option] of [
      [{ realm: 'acme' }, 'realm'],
      [{ issuer: `${SERVER}/realms/acme` }, 'issuer'],
      [{ tenant: 'acme' }, 'tenant'],
      [{ tenantSeconds: 0 }, 'tenantSeconds'],
      [{ tenantSeconds: 901 }, 'tenantSeconds'],
      [{ tenantIdleSeconds: 900 }, 'tenantIdleSeconds'],
      [{ serverUrl: undefined, clientSecret: 'x' }, 'serverUrl'],
    ] as const) {
      assert.throws(
        () => keycloak({ serverUrl: SERVER, clientId: 'my-api', tenants, ...more } as never),
        (error) => error instanceof OptionsError && error.problems.some((one) => one.option === option),
        option,
      );
    }
  });
});
