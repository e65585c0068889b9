import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { partsOf, type VerifierParts } from '../../packages/guard/src/core/internal.ts';
import type { Coverage } from '../../packages/guard/src/core/token/freshness.ts';
import { assertAtOnce, settle } from '../support/refusal.ts';
import { startLoaded } from '../support/test-realm.ts';

const HOUR = 3_600_000;

/** A token that was issued a minute and a second ago, is believed for a minute, and of whom news is told. */
async function start(claims: Record<string, unknown> = {}) {
  const { realm, verifier } = await startLoaded({ recheckSeconds: 60 });
  const token = realm.mint({ exp: realm.now + 7_200, ...claims });
  await verifier.verify(token);
  const issuedAt = realm.clock();
  const { coverage } = partsOf(verifier) as VerifierParts;
  const hear = (news: Partial<Coverage> = {}) =>
    void Object.assign(coverage, { since: issuedAt, until: realm.clock(), askAfterMs: HOUR, ...news });
  const calls = () => realm.calls.introspection + realm.calls.userinfo;
  return { realm, verifier, token, issuedAt, hear, calls };
}

describe('a token of whom news would have been heard', () => {
  it('is believed without a question, for as long from then on as after an answer', async () => {
    const { realm, verifier, token, hear, calls } = await start();
    realm.advance(61);
    hear();
    assertAtOnce(verifier.verify(token));
    realm.advance(29.999);
    assertAtOnce(verifier.verify(token));
    await settle();
    assert.equal(calls(), 0);
    realm.advance(0.001);
    assertAtOnce(verifier.verify(token));
    await settle();
    assert.equal(calls(), 1);
  });

  it('is believed if it is of a service account, which has no session', async () => {
    const { realm, verifier, token, hear, calls } = await start({ sid: undefined, jti: 'trrtcc:0b5ad5d4' });
    realm.advance(61);
    hear();
    assertAtOnce(verifier.verify(token));
    await settle();
    assert.equal(calls(), 0);
  });

  it('is believed until Keycloak has said nothing of it for too long', async () => {
    for (const [askAfterMs, asked] of [
      [61_001, 0],
      [61_000, 1],
    ] as const) {
      const { realm, verifier, token, hear, calls } = await start();
      realm.advance(61);
      hear({ askAfterMs });
      await verifier.verify(token);
      assert.equal(calls(), asked);
    }
  });

  for (const [what, claims, news] of [
    ['only after it was issued', {}, { since: 1 }],
    ['until a time to come', {}, { until: 1 }],
    ['and it has no id', { jti: undefined }, {}],
    ['and it does not say for which client it is', { azp: undefined, jti: 'trrtcc:0b5ad5d4' }, {}],
    ['and it is of no session', { sid: undefined }, {}],
  ] as const) {
    it(`is asked about where it is heard ${what}`, async () => {
      const { realm, verifier, token, issuedAt, hear, calls } = await start(claims);
      realm.advance(61);
      const { since, until }: Partial<Coverage> = news;
      hear({ since: issuedAt + (since ?? 0), until: realm.clock() + (until ?? 0) });
      await verifier.verify(token);
      assert.equal(calls(), 1);
    });
  }

  it('is believed no shorter because of news that is older than what Keycloak said', async () => {
    const { realm, verifier, token, issuedAt, hear } = await start();
    hear({ since: 0, until: issuedAt - 20_000 });
    realm.advance(45);
    assertAtOnce(verifier.verify(token));
    await settle();
  });
});
