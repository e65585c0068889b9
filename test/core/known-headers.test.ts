import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readCompactJws } from '../../packages/guard/src/core/internal.ts';
import { assertRefused } from '../support/refusal.ts';
import { encodePart } from '../support/signing-keys.ts';
import { createTestRealm } from '../support/test-realm.ts';

it('a header is judged anew for every token, however many headers were good before', async (t) => {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  t.after(() => verifier.close());
  for (let n = 0; n < 150; n++) {
    const header = { n: n % 100 };
    assert.ok(await verifier.verify(realm.mint({}, { header })));
    await assertRefused(
      () => verifier.verify(realm.mint({}, { header: { ...header, crit: ['exp'] } })),
      'token_malformed',
    );
  }
  // The header of a good token, under an API that does not accept its algorithm.
  const strict = realm.verifier({ algorithms: ['RS256'] });
  await assertRefused(() => strict.verify(realm.mint({}, { header: { n: 99 } })), 'token_algorithm');
});

it('a header is read once for all its tokens, unless it is longer than those of Keycloak: anybody can make many', () => {
  const headerOf = (segment: string) => readCompactJws(`${segment}.${encodePart({})}.`).header;
  for (const [letters, isKept] of [
    [256, true],
    [258, false],
  ] as const) {
    const segment = Buffer.from('{}'.padEnd((letters * 3) / 4)).toString('base64url');
    assert.equal(segment.length, letters);
    const [first, second] = [headerOf(segment), headerOf(segment)];
    assert.equal(first === second, isKept);
  }
});
