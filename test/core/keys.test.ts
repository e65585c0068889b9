import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertRefused, refusalOf, settle } from '../support/refusal.ts';
import { createTestKey, type TestKey } from '../support/signing-keys.ts';
import { type Answer, encryption, rsa, type TestRealm } from '../support/test-realm.ts';
import { startKeySet as start } from './key-set.ts';

const codes = (realm: TestRealm) => realm.notices.map(({ level, code }) => `${level} ${code}`);

describe('the keys of a realm', () => {
  it('are loaded when a key is first asked for, and then answered from memory', async () => {
    const { realm, keys } = start();
    const kid = realm.signer.kid;
    assert.equal(keys.get(kid), undefined);
    assert.equal(keys.state.loadedAt, null);
    const found = await keys.find(kid);
    assert.equal(found?.kid, kid);
    assert.equal(found?.alg, 'ES256');
    assert.equal(keys.get(kid), found);
    assert.equal(await keys.find(kid), found);
    assert.equal(keys.state.loadedAt, realm.clock());
    assert.deepEqual(realm.calls, { discovery: 1, jwks: 1, userinfo: 0, introspection: 0 });
    assert.deepEqual(realm.strayCalls, [], 'an address of the discovery document was called');
    assert.deepEqual(realm.notices, [
      { level: 'info', code: 'keys_loaded', message: 'signing keys loaded: 1' },
    ]);
  });

  it('can have a second name, which ends when they are loaded again', async () => {
    const { realm, keys } = start();
    const { kid } = realm.signer;
    keys.alias('other', 'unknown');
    const found = await keys.find(kid);
    keys.alias('other', kid);
    assert.ok(found);
    assert.equal(keys.get('other'), found);
    assert.equal(keys.get('unknown'), undefined);
    realm.advance(6);
    assert.equal(await keys.find('third'), undefined);
    assert.equal(keys.get('other'), undefined);
    keys.close();
  });

  it('are loaded by one call, however many wait for them', async () => {
    const { realm, keys } = start();
    realm.answers.jwks = 'slow';
    const waiting = Promise.all([
      keys.find(realm.signer.kid),
      keys.find(realm.signer.kid),
      keys.find('other'),
      keys.start(),
    ]);
    await settle();
    realm.release();
    const [one, two, none] = await waiting;
    assert.ok(one);
    assert.equal(one, two);
    assert.equal(none, undefined);
    assert.equal(realm.calls.jwks, 1);
    assert.equal(keys.state.fetches, 1);
    keys.close();
  });

  it('leave out what is no signing key of an accepted algorithm, and use no part of a key but its numbers', async () => {
    const { realm, keys } = start({ keys: [encryption(), rsa(), createTestKey('EdDSA', { kid: 'ed' })] });
    const good = createTestKey('ES256', { kid: 'good' });
    realm.jwks = () => ({
      keys: [
        null,
        'x',
        1,
        [],
        {},
        ...realm.keys.map(({ jwk }) => jwk),
        { ...good.jwk, kid: 'no-use', use: undefined },
        { ...good.jwk, kid: 'enc-use', use: 'enc' },
        { ...good.jwk, kid: 7 },
        { ...good.jwk, kid: 'no-alg', alg: undefined },
        { ...good.jwk, kid: 'hs', alg: 'HS256' },
        { kty: 'oct', k: 'c2VjcmV0', kid: 'oct', use: 'sig', alg: 'RS256' },
        { ...good.jwk, kid: 'wrong-curve', alg: 'ES384' },
        { ...createTestKey('RS256', { bits: 1024 }).jwk, kid: 'weak' },
        { ...rsa().jwk, e: 'AQ', kid: 'e-is-1' },
        { ...rsa().jwk, e: 'Ag', kid: 'e-is-2' },
        { ...rsa().jwk, e: 'BA', kid: 'e-is-4' },
        { ...rsa().jwk, e: 'Aw', kid: 'e-is-3' },
        { ...good.jwk, x5c: ['nonsense'], key_ops: ['sign'], ext: false, d: 'AAAA' },
      ],
    });
    await keys.start();
    assert.deepEqual(
      'rsa-1 ed good enc-1 no-use enc-use no-alg hs oct wrong-curve weak'
        .split(' ')
        .map((kid) => keys.get(kid)?.alg),
      ['RS256', 'EdDSA', 'ES256', ...Array(8).fill(undefined)],
    );
    assert.deepEqual(
      ['e-is-1', 'e-is-2', 'e-is-3', 'e-is-4'].map((kid) => keys.get(kid)?.alg),
      [undefined, undefined, 'RS256', undefined],
    );
    assert.equal(keys.get('good')?.key.options.key.type, 'public');
    assert.deepEqual(
      realm.notices.map(({ code, message }) => `${code}: ${message}`),
      [
        'key_ignored: a key for RS256 is not usable',
        'key_ignored: a key for ES384 is not usable',
        ...Array(4).fill('key_ignored: a key for RS256 is not usable'),
        'keys_loaded: signing keys loaded: 4',
      ],
    );
    assert.ok(realm.notices.slice(0, 6).every(({ level }) => level === 'warn'));
    keys.close();
  });

  it('are bounded: the first hundred of a JWKS', async () => {
    const { realm, keys } = start();
    const { jwk } = realm.signer;
    realm.jwks = () => ({ keys: Array.from({ length: 101 }, (_, i) => ({ ...jwk, kid: `k${i}` })) });
    assert.ok(await keys.find('k99'));
    assert.equal(keys.get('k100'), undefined);
  });

  it('accept the algorithms of the options alone', async () => {
    const { realm, keys } = start({ keys: [rsa(), createTestKey('ES256')] }, { algorithms: ['ES256'] });
    assert.equal(await keys.find('rsa-1'), undefined);
    assert.ok(keys.get((realm.keys[1] as TestKey).kid));
  });
});

describe('an unknown key id', () => {
  it('costs Keycloak one call in five seconds, failed ones counted', async () => {
    const { realm, keys } = start();
    await keys.find(realm.signer.kid);
    for (let i = 0; i < 50; i++) assert.equal(await keys.find(`made-up-${i}`), undefined);
    assert.equal(realm.calls.jwks, 1);
    realm.advance(4.999);
    await keys.find('made-up');
    assert.equal(realm.calls.jwks, 1);
    realm.advance(0.001);
    realm.answers.jwks = 'error';
    const refuse = () => assertRefused(() => keys.find('made-up'), 'provider_unavailable');
    await refuse();
    await refuse();
    assert.equal(realm.calls.jwks, 2);
    realm.advance(4.9);
    await refuse();
    assert.equal(realm.calls.jwks, 2);
    realm.advance(0.1);
    await refuse();
    assert.equal(realm.calls.jwks, 3);
    assert.equal(realm.calls.discovery, 1);
  });

  it('that is a new key is found within five seconds, in the middle of a flood of made-up ones', async () => {
    const { realm, keys } = start();
    await keys.find('made-up');
    const next = createTestKey('ES256', { kid: 'next' });
    realm.keys = [next, ...realm.keys];
    assert.equal(await keys.find('next'), undefined);
    realm.advance(5);
    assert.ok((await Promise.all([keys.find('made-up'), keys.find('next')]))[1]);
    assert.equal(realm.calls.jwks, 2);
  });

  it('is looked up again after the clock jumped backwards', async () => {
    const { realm, keys } = start();
    await keys.find(realm.signer.kid);
    realm.advance(-3600);
    await keys.find('made-up');
    assert.equal(realm.calls.jwks, 2);
  });

  it('is no fault of the token while no keys were ever loaded: 503', async () => {
    const { realm, keys } = start();
    realm.setAll('down');
    const first = await assertRefused(() => keys.find('x'), 'provider_unavailable');
    assert.match(first.reason, /^No signing keys can be loaded: .* gave no answer: ECONNREFUSED$/);
    await assertRefused(() => keys.find('x'), 'provider_unavailable');
    assert.equal(realm.calls.discovery, 1);
    realm.advance(5);
    realm.setAll('normal');
    assert.ok(await keys.find(realm.signer.kid));
  });

  it('has Keycloak asked who it is again, until keys were loaded', async () => {
    const { realm, keys } = start();
    realm.answers.jwks = 'down';
    await assertRefused(() => keys.find('x'), 'provider_unavailable');
    realm.setAll('normal');
    realm.advance(5);
    assert.ok(await keys.find(realm.signer.kid));
    assert.equal(realm.calls.discovery, 2);
  });

  it('is our own fault where the realm does not exist: 500', async () => {
    const { realm, keys } = start();
    realm.setAll('missing');
    const error = await assertRefused(() => keys.find('x'), 'provider_misconfigured');
    assert.match(error.reason, /answered 404$/);
  });
});

describe('keys while Keycloak is down', () => {
  for (const answer of [
    'down',
    'error',
    'html',
    'half',
    'empty',
    'huge',
    'missing',
    'redirect',
  ] as Answer[]) {
    it(`stay as they are when it answers: ${answer}`, async () => {
      const { realm, keys, epoch } = start();
      await keys.find(realm.signer.kid);
      for (const endpoint of ['jwks', 'discovery'] as const) {
        realm.setAll('normal');
        realm.answers[endpoint] = answer;
        realm.advance(5);
        // It may be the id of a new key: that is not the fault of the token.
        if (endpoint === 'jwks') {
          const { statusCode } = await refusalOf(() => keys.find('made-up'));
          assert.equal(statusCode, answer === 'missing' ? 500 : 503);
        } else assert.equal(await keys.find('made-up'), undefined);
        assert.ok(keys.get(realm.signer.kid));
      }
      assert.equal(epoch.value, 0);
      assert.deepEqual(realm.strayCalls, []);
    });
  }

  it('are told of once for each cause, and once when they are back', async () => {
    const { realm, keys } = start();
    await keys.find(realm.signer.kid);
    for (const answer of ['down', 'down', 'error', 'error', 'normal', 'normal'] as Answer[]) {
      realm.answers.jwks = answer;
      realm.advance(5);
      await keys.find('made-up').catch(() => {});
      assert.equal(keys.state.lastError === null, answer === 'normal');
    }
    assert.deepEqual(codes(realm), [
      'info keys_loaded',
      'error keys_unavailable',
      'error keys_unavailable',
      'info keys_loaded',
    ]);
  });

  it('are not replaced by a list without a usable key', async () => {
    const { realm, keys } = start();
    await keys.find(realm.signer.kid);
    for (const jwks of [{ keys: [] }, { keys: 'x' }, {}, { keys: [{}] }]) {
      realm.jwks = () => jwks;
      realm.advance(5);
      await assertRefused(() => keys.find('made-up'), 'provider_unavailable');
      assert.ok(keys.get(realm.signer.kid));
      assert.match(keys.state.lastError?.reason ?? '', /holds no usable signing key$/);
    }
  });

  it('gives up after the timeout', async () => {
    const { realm, keys } = start({}, { timeoutMs: 100 });
    realm.setAll('slow');
    const error = await assertRefused(() => keys.find('x'), 'provider_unavailable');
    assert.match(error.reason, /timed out$/);
  });
});

describe('a key rotation', () => {
  it('that adds a key changes nothing for tokens that are known', async () => {
    const { realm, keys, epoch } = start();
    await keys.find(realm.signer.kid);
    realm.keys = [createTestKey('ES256', { kid: 'next' }), ...realm.keys];
    realm.advance(5);
    await keys.find('next');
    assert.equal(epoch.value, 0);
  });

  it('that takes a key away makes every known token be looked at again', async () => {
    const { realm, keys, epoch } = start();
    await keys.find(realm.signer.kid);
    realm.keys = [createTestKey('ES256', { kid: 'next' })];
    realm.advance(5);
    await keys.find('next');
    assert.equal(epoch.value, 1);
    assert.equal(keys.get(realm.signer.kid), undefined);
  });

  it('that puts another key under the same id does so too', async () => {
    const { realm, keys, epoch } = start();
    const before = await keys.find(realm.signer.kid);
    realm.keys = [createTestKey('ES256', { kid: realm.signer.kid })];
    realm.advance(5);
    await keys.find('made-up');
    assert.equal(epoch.value, 1);
    assert.notEqual(keys.get(realm.signer.kid), before);
  });

  it('leaves a key that did not change the same object', async () => {
    const { realm, keys, epoch } = start();
    await keys.find(realm.signer.kid);
    realm.advance(5);
    await keys.find('made-up');
    assert.equal(epoch.value, 0);
  });
});

describe('the discovery document', () => {
  for (const document of [{}, { issuer: 1 }, { issuer: '' }, { issuer: 'testing' }]) {
    it(`is refused as ${JSON.stringify(document)}: our own fault`, async () => {
      const { realm, keys } = start();
      realm.discovery = document;
      const error = await assertRefused(() => keys.find('x'), 'provider_misconfigured');
      assert.match(error.reason, /is not a discovery document$/);
      assert.equal(realm.calls.jwks, 0);
    });
  }
});
