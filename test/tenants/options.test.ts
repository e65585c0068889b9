import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { SERVER } from './many-realms.ts';

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
