import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AuthError, type Notice } from '../../packages/guard/src/core/index.ts';
import { type CalledFor, createOutage } from '../../packages/guard/src/core/realm/outage.ts';
import { settle } from '../support/refusal.ts';
import { startLoaded, type TestRealm } from '../support/test-realm.ts';

const silence = (reason = 'no answer') => new AuthError('provider_unavailable', reason);

function begin() {
  const told: string[] = [];
  const outage = createOutage(({ level, code, message }: Notice) =>
    told.push(`${level} ${code}: ${message}`),
  );
  return { outage, told: () => told.splice(0) };
}

const NAMES: Record<CalledFor, string> = {
  keys: 'keys_unavailable',
  checks: 'provider_unavailable',
  calls: 'provider_unavailable',
};

describe('an outage', () => {
  for (const first of ['keys', 'checks', 'calls'] as const) {
    it(`is told once, by whoever meets it first: the one that calls for ${first}`, () => {
      const { outage, told } = begin();
      assert.equal(outage.isDown(), false);
      outage.failed(first, silence());
      assert.deepEqual(told(), [`error ${NAMES[first]}: no answer`]);
      for (const next of ['keys', 'checks', 'calls', first] as const) {
        outage.failed(next, silence('another'));
        assert.equal(outage.isFailing(next), true);
      }
      assert.deepEqual(told(), []);
      assert.equal(outage.isDown(), true);
    });
  }

  for (const first of ['keys', 'checks', 'calls'] as const) {
    it(`is over, and told to be, when one thing is answered that was not: that for ${first}`, () => {
      const { outage, told } = begin();
      outage.failed('checks', silence());
      for (const also of ['keys', 'calls'] as const) outage.failed(also, silence());
      told();
      for (const next of [first, 'checks', 'keys', 'calls'] as const)
        assert.equal(outage.answered(next), false);
      assert.equal(outage.isDown(), false);
      assert.deepEqual(told(), ['info provider_back: Keycloak answers again']);
      outage.failed('calls', silence());
      assert.deepEqual(told(), ['error provider_unavailable: no answer'], 'the next one is told');
    });
  }

  it('of everything is over when the keys are there again, though nobody has asked about a token yet', () => {
    const { outage, told } = begin();
    outage.failed('keys', silence());
    outage.failed('checks', silence());
    told();
    assert.equal(outage.answered('keys'), true, 'keys_loaded tells of the end');
    assert.equal(outage.isDown(), false);
    assert.equal(outage.isFailing('checks'), false);
    assert.deepEqual(told(), []);
    outage.failed('checks', silence());
    assert.deepEqual(told(), ['error provider_unavailable: no answer'], 'another one begins');
  });

  it('of checks alone is told once, however often the keys are loaded meanwhile', () => {
    const { outage, told } = begin();
    for (let i = 0; i < 3; i++) {
      outage.failed('checks', silence());
      assert.equal(outage.isDown(), true);
      assert.equal(outage.answered('keys'), false);
      assert.equal(outage.isDown(), false, 'it answered since');
      assert.equal(outage.isFailing('checks'), true);
    }
    outage.answered('checks');
    assert.deepEqual(told(), [
      'error provider_unavailable: no answer',
      'info provider_back: Keycloak answers again',
    ]);
  });

  it('is told again for another cause by whoever told of it, and by nobody else', () => {
    const { outage, told } = begin();
    outage.failed('keys', silence(), true);
    outage.failed('keys', silence('another'), true);
    outage.failed('checks', silence('a third'), true);
    assert.deepEqual(told(), ['error keys_unavailable: no answer', 'error keys_unavailable: another']);
  });
});

describe('a verifier whose Keycloak is away', () => {
  const codes = (realm: TestRealm) => realm.notices.splice(0).map(({ code }) => code);
  const loadKeys = async (realm: TestRealm, { verify }: { verify(token: string): unknown }) => {
    realm.advance(5);
    await Promise.resolve(verify(realm.mint({}, { header: { kid: 'made-up' } }))).catch(() => {});
  };

  it('tells it in one line, and its end in one, whoever meets them', async () => {
    const { realm, verifier } = await startLoaded();
    codes(realm);
    realm.setAll('down');
    await verifier.verify(realm.mint({ iat: realm.now - 60 }));
    await loadKeys(realm, verifier);
    assert.deepEqual(codes(realm), ['provider_unavailable']);
    assert.equal(verifier.status().lastError?.code, 'provider_unavailable');
    realm.setAll('normal');
    await loadKeys(realm, verifier);
    assert.equal(verifier.status().isProviderDown, false);
    realm.advance(60);
    await verifier.verify(realm.mint({ iat: realm.now - 60 }));
    await settle();
    assert.deepEqual(codes(realm), ['provider_back']);
  });

  it('is down for its status when the keys cannot be loaded, and not where something else answers', async () => {
    for (const [answer, isDown] of [
      ['down', true],
      ['missing', false],
    ] as const) {
      const { realm, verifier } = await startLoaded();
      realm.setAll(answer);
      await loadKeys(realm, verifier);
      assert.equal(verifier.status().isProviderDown, isDown);
      assert.equal(verifier.status().lastError === null, false);
    }
  });

  it('tells a mistake in the settings besides, and that it is mended', async () => {
    const { realm, verifier } = await startLoaded();
    codes(realm);
    realm.setAll('down');
    await verifier.verify(realm.mint({ iat: realm.now - 60 }));
    for (const answer of ['missing', 'missing', 'normal'] as const) {
      realm.setAll(answer);
      await loadKeys(realm, verifier);
    }
    assert.deepEqual(codes(realm), ['provider_unavailable', 'keys_misconfigured', 'keys_loaded']);
  });
});
