import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertRefused } from '../support/refusal.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { createTestRealm } from '../support/test-realm.ts';

for (const alg of ['ES256', 'ES384', 'EdDSA', 'RS256'] as const) {
  it(`a token signed with ${alg} has one spelling: letters behind its signature make it none`, async (t) => {
    const realm = createTestRealm({ keys: [createTestKey(alg)] });
    const verifier = realm.verifier();
    t.after(() => verifier.close());
    const token = realm.mint();
    for (const more of ['A', 'E', '8', 'AA', '=', '==', '.']) {
      await assert.rejects(
        async () => verifier.verify(token + more),
        { code: /^token_(malformed|signature)$/ },
        more,
      );
    }
    assert.ok(await verifier.verify(token));
  });
}

it('a token may be 65,536 characters long, and not one more', async (t) => {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  t.after(() => verifier.close());
  const longest = 'a'.repeat(65_536);
  const error = await assertRefused(() => verifier.verify(longest), 'token_malformed');
  assert.match(error.reason, /compact form$/);
  assert.match(
    (await assertRefused(() => verifier.verify(`${longest}a`), 'token_malformed')).reason,
    /longer than 65536 characters$/,
  );
});

it('an encrypted token is told what is wanted', async (t) => {
  const verifier = createTestRealm().verifier();
  t.after(() => verifier.close());
  const error = await assertRefused(() => verifier.verify('e30.a.b.c.d'), 'token_encrypted');
  assert.equal(error.expected, 'a signed JWT');
});
