import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OptionsError } from '../../../packages/guard/src/core/index.ts';
import { createTestRealm } from '../../support/test-realm.ts';
import type { Adapter, Given } from './adapter.ts';

const { serverUrl, realm, clientId } = createTestRealm();
const KEYCLOAK = { serverUrl, realm, clientId };
const verifier = () => createTestRealm().verifier();

/** What is given, and the options that are wrong in it. */
const WRONG: readonly [string, () => object, readonly string[]][] = [
  ['a misspelt option beside a verifier', () => ({ verifier: verifier(), onDenid: () => {} }), ['onDenid']],
  [
    'options that are for createVerifier',
    () => ({ verifier: verifier(), tokenCheck: 'local', realm: 'x' }),
    ['tokenCheck', 'realm'],
  ],
  ['a verifier that is undefined', () => ({ verifier: undefined }), ['verifier']],
  ['no verifier beside what makes one', () => ({ ...KEYCLOAK, verifier: undefined }), ['verifier']],
  ['a verifier that is none', () => ({ verifier: { verify: () => {} }, x: 1 }), ['verifier', 'x']],
  ['null for a verifier', () => ({ verifier: null }), ['verifier']],
  [
    'its own and those of the verifier',
    () => ({ realm: '', clientId, serverUrl, explain: 7, tokenChek: 'local' }),
    ['realm', 'explain', 'tokenChek'],
  ],
  ['nothing at all', () => ({}), ['serverUrl', 'realm', 'clientId']],
];

/** Options are checked when the application starts, and all mistakes are named at once. */
export function describeOptions(adapter: Adapter): void {
  describe(`${adapter.name}, wrong options`, () => {
    for (const [what, options, expected] of WRONG) {
      it(`names every mistake in ${what}`, async () => {
        const { explain, ...keycloak } = options() as { explain?: unknown };
        await assert.rejects(
          async () => adapter.start({ keycloak, explain } as object as Given),
          (error) => {
            assert.ok(error instanceof OptionsError, String(error));
            assert.deepEqual(
              error.problems.map(({ option }) => option),
              expected,
            );
            return true;
          },
        );
      });
    }
  });
}
