import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertRefused } from '../support/refusal.ts';
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
