import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertRefused } from '../support/refusal.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { startLoaded } from '../support/test-realm.ts';

it('a token of this realm under another issuer is reported once; a forged one is not', async () => {
  const { realm, verifier } = await startLoaded();
  const mismatches = () => realm.notices.filter(({ code }) => code === 'issuer_mismatch');
  const elsewhere = { iss: 'http://keycloak:8080/realms/testing' };
  const forged = realm.mint(elsewhere, { key: createTestKey('ES256', { kid: realm.signer.kid }) });
  await assertRefused(() => verifier.verify(forged), 'token_signature');
  assert.deepEqual(mismatches(), []);
  for (const sub of ['one', 'two']) {
    await assertRefused(() => verifier.verify(realm.mint({ ...elsewhere, sub })), 'token_issuer');
  }
  const [notice, ...more] = mismatches();
  assert.deepEqual(more, []);
  assert.match(notice?.message ?? '', /iss http:\/\/keycloak:8080\/realms\/testing, expected iss https:/);
  assert.match(
    notice?.fix ?? '',
    /^Tokens from before a change of the issuer end by themselves\..*KC_HOSTNAME/,
  );
});
