// What other runtimes than Node lack, played here: that it is enough for them, `npm run test:runtimes` shows.
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import {
  ALGORITHMS,
  importVerificationKey,
  type VerificationKey,
  verifySignature,
} from '../../packages/guard/src/core/jwt/signature.ts';
import { createKeepAlive, startBackgroundTimer } from '../../packages/guard/src/core/runtime/platform.ts';
import { createTestKey, signBytes } from '../support/signing-keys.ts';
import { createTestRealm } from '../support/test-realm.ts';

describe('where node:crypto takes no key, WebCrypto verifies', () => {
  const input = Buffer.from('header.payload');
  /** As on Cloudflare Workers: the key that node:crypto made is none to it. */
  const withoutKey = (key: VerificationKey): VerificationKey => ({
    ...key,
    options: { ...key.options, key: {} as never },
  });

  // Making RSA keys takes long: two for all of their algorithms.
  const rsa = [createTestKey('RS256'), createTestKey('RS256')] as const;
  const keysFor = (alg: string) =>
    /^[RP]S/.test(alg) ? rsa : ([createTestKey(alg), createTestKey(alg)] as const);

  for (const alg of ALGORITHMS) {
    it(`${alg}: what was signed, and nothing else, with a key that is made once`, async (t) => {
      const { mock: making } = t.mock.method(globalThis.crypto.subtle, 'importKey');
      const [{ jwk, privateKey }, stranger] = keysFor(alg);
      const { kty, n, e, crv, x, y } = jwk;
      const key = withoutKey(importVerificationKey({ kty, n, e, crv, x, y } as typeof jwk, alg));
      const signature = signBytes(input, privateKey, alg);
      const other = signBytes(input, stranger.privateKey, alg);
      const changed = Buffer.from(signature);
      changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;

      assert.equal(await verifySignature(input, signature, key), true);
      assert.equal(await verifySignature(input, signature, key), true, 'the second time');
      assert.equal(await verifySignature(Buffer.from('header.paylobd'), signature, key), false);
      assert.equal(await verifySignature(input, changed, key), false);
      assert.equal(await verifySignature(input, other, key), false);
      assert.equal(await verifySignature(input, Buffer.alloc(0), key), false);
      assert.equal(await verifySignature(input, signature.subarray(1), key), false);
      assert.equal(making.callCount(), 1);
    });
  }

  it('a key that WebCrypto does not take verifies nothing, and nothing rejects', async () => {
    const { jwk, privateKey } = createTestKey('RS256');
    const key = withoutKey(importVerificationKey({ kty: 'RSA', n: jwk.n, e: jwk.e } as typeof jwk, 'RS256'));
    const broken = { ...key, jwk: { kty: 'RSA' } };
    assert.equal(await verifySignature(input, signBytes(input, privateKey, 'RS256'), broken), false);
  });
});

it('calls fetch as a function: as a method, some runtimes refuse it', async () => {
  const realm = createTestRealm();
  const verifier = realm.verifier({
    fetch: function (this: unknown, ...call: Parameters<typeof fetch>) {
      assert.equal(this, undefined, 'Illegal invocation');
      return realm.fetch(...call);
    },
  });
  assert.equal((await verifier.verify(realm.mint())).username, 'abdullah');
  await verifier.close();
});

it('a timer in the background does without unref', () => {
  const noTimer = mock.method(globalThis, 'setTimeout', () => 7 as never);
  try {
    assert.equal(
      startBackgroundTimer(() => {}, 1),
      7,
    );
  } finally {
    noTimer.mock.restore();
  }
});

describe('work that several wait for', () => {
  it('is left alone where it goes on by itself', () => {
    const work = Promise.resolve();
    for (const builtins of [undefined, {}, { getBuiltinModule: () => undefined }, process]) {
      assert.equal(createKeepAlive(builtins)(work), work);
    }
  });

  it('is told to a platform that would end it with the request, which hears of no failure', async () => {
    const told: Promise<unknown>[] = [];
    const asked: string[] = [];
    const keepAlive = createKeepAlive({
      getBuiltinModule(name) {
        asked.push(name);
        return { waitUntil: (work: Promise<unknown>) => told.push(work) };
      },
    });
    const [good, bad] = [Promise.resolve(1), Promise.reject(new Error('failed'))];
    assert.equal(keepAlive(good), good);
    assert.equal(keepAlive(bad), bad);
    assert.deepEqual(asked, ['cloudflare:workers']);
    assert.deepEqual(await Promise.all(told), [undefined, undefined]);
    await assert.rejects(bad, /failed/);
  });

  it('outside of a request there is nothing to ask', async () => {
    const keepAlive = createKeepAlive({
      getBuiltinModule: () => ({
        waitUntil() {
          throw new Error('no request');
        },
      }),
    });
    assert.equal(await keepAlive(Promise.resolve(1)), 1);
  });
});

describe('keys that no timer loaded anew', () => {
  it('are loaded when the next token is looked at, so that a key that left takes its tokens with it', async () => {
    const realm = createTestRealm();
    const verifier = realm.verifier({ tokenCheck: 'local' });
    await verifier.load();
    const old = realm.signer;
    const next = createTestKey('ES256');
    realm.advance(120);
    await verifier.verify(realm.mint());
    assert.equal(realm.calls.jwks, 1, 'a timer may still be on its way');

    realm.keys = [next];
    realm.advance(1);
    await assert.rejects(async () => verifier.verify(realm.mint({}, { key: old })), {
      code: 'token_key_unknown',
    });
    assert.equal(realm.calls.jwks, 2);
    await verifier.close();
  });

  it('serve on while Keycloak is down, which is found out once in a while', async () => {
    const realm = createTestRealm();
    const verifier = realm.verifier({ tokenCheck: 'local' });
    await verifier.load();
    realm.setAll('down');
    realm.advance(200);
    for (const _ of [1, 2, 3]) await verifier.verify(realm.mint());
    assert.equal(realm.calls.discovery, 2);
    await verifier.close();
  });

  it('nobody waits long for that', async () => {
    const realm = createTestRealm();
    const verifier = realm.verifier({ tokenCheck: 'local' });
    await verifier.load();
    realm.setAll('slow');
    realm.advance(200);
    const begin = performance.now();
    await verifier.verify(realm.mint());
    assert.ok(performance.now() - begin < 3_000);
    realm.release();
    await verifier.close();
  });
});
