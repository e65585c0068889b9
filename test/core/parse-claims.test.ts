import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { VerifierOptions } from '../../packages/guard/src/core/index.ts';
import { assertRefused, settle } from '../support/refusal.ts';
import { startLoaded } from '../support/test-realm.ts';

const returned: readonly [string, unknown][] = [
  ['a promise of claims', Promise.resolve({ tenant: 'a' })],
  ['a thenable', Object.fromEntries([['then', (resolve: (value: object) => void) => resolve({})]])],
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['a text', 'claims'],
  ['a function', () => ({})],
];
for (const [name, value] of returned) {
  it(`parseClaims that returns ${name} makes the token invalid`, async () => {
    const { realm, verifier } = await startLoaded({ parseClaims: (() => value) as never });
    const error = await assertRefused(() => verifier.verify(realm.mint()), 'token_claims');
    assert.match(String(error.cause), /TypeError: parseClaims must return an object/);
    assert.equal(verifier.status().cachedTokens, 0);
  });
}

it('parseClaims that rejects makes the token invalid, and ends no process', async (t) => {
  const unhandled: unknown[] = [];
  const listen = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', listen);
  t.after(() => process.off('unhandledRejection', listen));
  const parseClaims = (async () => {
    throw new Error('no tenant');
  }) as unknown as VerifierOptions['parseClaims'];
  const { realm, verifier } = await startLoaded({ parseClaims });
  await assertRefused(() => verifier.verify(realm.mint()), 'token_claims');
  await settle();
  assert.deepEqual(unhandled, []);
});

it('parseClaims may keep a claim of the name `then`', async () => {
  const { realm, verifier } = await startLoaded({ parseClaims: (claims) => claims });
  assert.equal((await verifier.verify(realm.mint(Object.fromEntries([['then', 'x']])))).claims.then, 'x');
});
