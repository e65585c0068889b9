import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { createLoginLimits, createRateLimit } from '../../packages/guard/src/limits/index.ts';
import { check } from '../../packages/guard/src/outgoing/options.ts';
import { createRedisRevocationStore, openRedis } from '../../packages/guard/src/redis/index.ts';
import { createMemorySessionStore } from '../../packages/guard/src/session/index.ts';
import { TENANT_RULES } from '../../packages/guard/src/tenants/options.ts';
import {
  DPOP,
  describeOptions,
  EVENTS,
  type OptionSource,
  PERMISSIONS,
  SESSION,
  VERIFIER,
  writeDefault,
} from '../../tools/docs/options.ts';

const TENANTS: OptionSource = { file: 'tenants/options.ts', name: 'TenantsOptions', rules: TENANT_RULES };
const toNumber = (text: string) => Number(text.replaceAll(',', ''));

describe('the doc comments of options', () => {
  for (const source of [VERIFIER, SESSION, PERMISSIONS, DPOP, EVENTS, TENANTS]) {
    test(`${source.name} describes each, and says the default and the bounds that its rule has`, () => {
      const described = describeOptions(source);
      assert.deepEqual(described.map(({ name }) => name).sort(), Object.keys(source.rules).sort());
      for (const { name, meaning, saidDefault } of described) {
        assert.notEqual(meaning, '', name);
        const { default: value, isRequired, accepts } = source.rules[name] ?? assert.fail(name);
        const preset = writeDefault(value);
        if (preset !== undefined && !isRequired) assert.equal(saidDefault, preset, name);
        const [, low, high] = /(?:^|[\s,])(\d[\d,]*) to (\d[\d,]*)\.$/.exec(meaning) ?? [];
        if (low === undefined || high === undefined) continue;
        const [least, most] = [toNumber(low), toNumber(high)];
        assert.deepEqual([least - 1, least, most, most + 1].map(accepts), [false, true, true, false], name);
      }
    });
  }
});

test('numbers that no comment says: what a factory takes, and what it takes by itself', (t) => {
  const secret = 'a secret for tests, of more than 32 characters';
  const url = 'redis://127.0.0.1:1';
  const redis = openRedis({ url, onNotice: false });
  t.after(() => redis.close());
  const wrong = 'many' as never;
  const realms = { verifier: { members: [] } as never, isOfTenants: true };
  for (const [make, rule, example] of [
    [() => createMemorySessionStore({ maxSessions: wrong }), 'whole number from 1 to 10000000', '10000'],
    [() => createRateLimit({ name: 'a', limit: wrong, secret }), 'whole number from 0 to 1000000', '0'],
    [() => createLoginLimits({ loginsPerAddress: wrong }, secret), 'whole number from 0 to 1000000', '300'],
    [() => createLoginLimits({ loginsPerUser: wrong }, secret), 'whole number from 0 to 1000000', '100'],
    [() => openRedis({ url, timeoutMs: wrong }), 'whole number from 10 to 60000', '1000'],
    [
      () => createRedisRevocationStore(redis, { rememberSeconds: wrong }),
      'whole number from 1 to 31536000',
      '86400',
    ],
    [
      () => check.fetchAs('fetchAs', { origin: 'https://a.example', timeoutMs: wrong }, realms),
      'whole number from 100 to 600000',
      '10000',
    ],
  ] as const)
    assert.throws(make, (error) => {
      assert.ok(error instanceof OptionsError, String(error));
      assert.deepEqual(
        error.problems.map((one) => [one.rule, one.example]),
        [[`must be a ${rule}`, example]],
      );
      return true;
    });
});
