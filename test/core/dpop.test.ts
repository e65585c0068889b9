import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AuthErrorCode,
  authenticate,
  type RequestLike,
  type VerifierOptions,
} from '../../packages/guard/src/core/index.ts';
import { createDpopClient, type DpopClient, type ProofChanges } from '../support/dpop.ts';
import { assertAtOnce, assertRefused } from '../support/refusal.ts';
import { createTestRealm, type TestRealm } from '../support/test-realm.ts';

const URI = 'https://api.example.com/orders';
const OPTIONS: Partial<VerifierOptions> = { dpop: 'accepted', publicUrl: 'https://api.example.com' };
const client = createDpopClient();
const other = createDpopClient();
const rsaClient = createDpopClient('PS256');

const bound = (realm: TestRealm, { jkt }: DpopClient = client) =>
  realm.mint({ typ: 'DPoP', cnf: { jkt, 'kc-jkt-type': 'DPoP' } });

function requestOf(token: string, proof: string | undefined, more: Partial<RequestLike> = {}): RequestLike {
  const headers = { authorization: `DPoP ${token}`, ...(proof === undefined ? {} : { dpop: proof }) };
  return { headers, method: 'GET', url: '/orders?page=2', ...more };
}

const realm = createTestRealm();
const verifier = realm.verifier(OPTIONS);
const token = bound(realm);
const proofFor = (changes: ProofChanges = {}, from = client) =>
  from.proof({ token, uri: URI, now: realm.now }, changes);

describe('a token that is bound to a key', () => {
  it('is good with a proof of that key, once', async () => {
    const proof = proofFor();
    const principal = await authenticate(verifier, requestOf(token, proof));
    assert.equal(principal.username, 'abdullah');
    const refusal = await assertRefused(
      () => authenticate(verifier, requestOf(token, proof)),
      'dpop_proof_replayed',
    );
    assert.equal(refusal.statusCode, 401);
    await authenticate(verifier, requestOf(token, proofFor()));
  });

  it('is good for every guard on the way of one request', async () => {
    const proof = proofFor();
    const request = requestOf(token, proof);
    for (let guards = 0; guards < 3; guards++) await authenticate(verifier, request);
    await assertRefused(
      () => authenticate(verifier, { ...request, headers: { ...request.headers } }),
      'dpop_proof_replayed',
    );
    for (let guards = 0; guards < 2; guards++) {
      await assertRefused(() => authenticate(verifier, requestOf(token, proof)), 'dpop_proof_replayed');
    }
    // Who writes another one into the same headers has used both.
    const headers: Record<string, string> = { ...(requestOf(token, proofFor()).headers as object) };
    await authenticate(verifier, { ...request, headers });
    headers.dpop = proofFor();
    await authenticate(verifier, { ...request, headers });
    await assertRefused(() => authenticate(verifier, requestOf(token, headers.dpop)), 'dpop_proof_replayed');
  });

  for (const alg of ['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'PS384', 'EdDSA', 'Ed25519']) {
    it(`is good with a proof that is signed by ${alg}`, async () => {
      const one = createDpopClient(alg);
      const own = bound(realm, one);
      for (let i = 0; i < 2; i++) {
        const proof = one.proof({ token: own, uri: URI, now: realm.now });
        assert.equal((await authenticate(verifier, requestOf(own, proof))).username, 'abdullah');
      }
    });
  }

  it('is refused where it does not say to what it is bound', async () => {
    for (const cnf of [undefined, {}, null, { jkt: '' }, { jkt: 7 }, { 'x5t#S256': 'a' }]) {
      const one = realm.mint({ typ: 'DPoP', cnf });
      const proof = client.proof({ token: one, uri: URI, now: realm.now });
      await assertRefused(() => authenticate(verifier, requestOf(one, proof)), 'token_bound');
    }
  });

  it('is good without a proof where nobody sent it: a session keeps it', async () => {
    for (const one of [token, bound(realm), realm.mint()]) {
      assert.equal((await verifier.verify(one, { isKept: true })).username, 'abdullah');
    }
  });

  it('has to be there behind the scheme', async () => {
    for (const authorization of ['DPoP', 'dpop ', 'DPoP   ']) {
      await assertRefused(() => authenticate(verifier, { headers: { authorization } }), 'missing_token');
    }
    await assertRefused(
      () => authenticate(verifier, { headers: { authorization: `DPoP\t${token}` } }),
      'unsupported_scheme',
    );
  });

  it('may be of a Keycloak that calls it a bearer token', async () => {
    const old = realm.mint({ cnf: { jkt: client.jkt } });
    await assertRefused(() => authenticate(verifier, bearer(old)), 'token_bound');
    const proof = client.proof({ token: old, uri: URI, now: realm.now });
    await authenticate(verifier, requestOf(old, proof));
  });

  it('is refused as a bearer token, known or new, and stays good for its owner', async () => {
    const fresh = bound(realm);
    await assertRefused(() => authenticate(verifier, bearer(fresh)), 'token_bound');
    await authenticate(verifier, requestOf(token, proofFor()));
    const refused = verifier.stats.refused;
    const error = await assertRefused(() => authenticate(verifier, bearer(token)), 'token_bound');
    assert.equal(verifier.stats.refused, refused + 1);
    assert.match(error.headers['www-authenticate'] as string, /^Bearer error="invalid_token".*, DPoP algs="/);
    assert.ok(verifier.isKnown(token));
  });

  it('is refused with a proof of another key, known or new', async () => {
    const fresh = bound(realm);
    for (const one of [fresh, token]) {
      const proof = other.proof({ token: one, uri: URI, now: realm.now });
      const error = await assertRefused(() => authenticate(verifier, requestOf(one, proof)), 'token_binding');
      assert.equal(error.seen, `thumbprint ${other.jkt}`);
    }
  });

  it('is refused beside one that is not, in a burst of both', async () => {
    const fresh = bound(realm);
    const good = () => requestOf(fresh, client.proof({ token: fresh, uri: URI, now: realm.now }));
    const thief = () => requestOf(fresh, other.proof({ token: fresh, uri: URI, now: realm.now }));
    const answers = await Promise.allSettled([
      authenticate(verifier, good()),
      Promise.resolve().then(() => authenticate(verifier, thief())),
      Promise.resolve().then(() => authenticate(verifier, bearer(fresh))),
      authenticate(verifier, good()),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
    );
  });

  it('is refused by a verifier that does not take the scheme', async () => {
    const plain = realm.verifier();
    const request = requestOf(token, proofFor());
    const error = await assertRefused(() => authenticate(plain, request), 'unsupported_scheme');
    assert.deepEqual(error.headers, { 'www-authenticate': 'Bearer' });
    await assertRefused(() => authenticate(plain, bearer(token)), 'token_bound');
  });
});

describe('a token that is not bound', () => {
  const plain = realm.mint();

  it('is a bearer token, at once when it is known, with a stray proof too', async () => {
    await authenticate(verifier, bearer(plain));
    assertAtOnce(authenticate(verifier, bearer(plain)));
    const request = { headers: { authorization: `Bearer ${plain}`, dpop: 'garbage' } };
    assertAtOnce(authenticate(verifier, request));
  });

  it('is refused with the scheme DPoP and a good proof', async () => {
    for (const one of [plain, realm.mint()]) {
      const proof = client.proof({ token: one, uri: URI, now: realm.now });
      const error = await assertRefused(
        () => authenticate(verifier, requestOf(one, proof)),
        'token_not_bound',
      );
      assert.match(
        error.headers['www-authenticate'] as string,
        /^Bearer, DPoP algs="[^"]+", error="invalid_token"/,
      );
    }
  });

  it('is refused where tokens have to be bound, with a challenge that names no other scheme', async () => {
    const strict = realm.verifier({ ...OPTIONS, dpop: 'required' });
    for (const headers of [{ authorization: `Bearer ${plain}` }, {}]) {
      const code = 'authorization' in headers ? 'dpop_required' : 'missing_token';
      const error = await assertRefused(() => authenticate(strict, { headers }), code);
      const challenge = error.headers['www-authenticate'] as string;
      assert.match(
        challenge,
        code === 'missing_token' ? /^DPoP algs="[^"]+"$/ : /^DPoP algs="[^"]+", error=/,
      );
      assert.doesNotMatch(challenge, /Bearer/);
    }
    await authenticate(strict, requestOf(token, proofFor()));
  });
});

const INVALID: AuthErrorCode = 'dpop_proof_invalid';
const weak = createDpopClient('RS256', 1024);

describe('RFC 9449 §4.3, beside test/attacks/dpop.test.ts', () => {
  it('step 7: refuses a key that is too weak, to which Keycloak bound a token', async () => {
    const own = bound(realm, weak);
    const proof = weak.proof({ token: own, uri: URI, now: realm.now });
    await assertRefused(() => authenticate(verifier, requestOf(own, proof)), INVALID);
  });

  it('step 5: takes a key of RSA too', async () => {
    const own = bound(realm, rsaClient);
    const proof = rsaClient.proof({ token: own, uri: URI, now: realm.now });
    await authenticate(verifier, requestOf(own, proof));
  });

  for (const [what, iat] of [
    ['25 seconds old', -25],
    ['15 seconds ahead', 15],
    ['of a fraction of a second ago', -0.5],
  ] as const) {
    it(`step 11: takes a proof that is ${what}`, async () => {
      await authenticate(verifier, requestOf(token, proofFor({ claims: { iat: realm.now + iat } })));
    });
  }
});

describe('a proof', () => {
  it('cannot be used again as long as it is young enough for any clock that is tolerated', async () => {
    const own = createTestRealm();
    const guard = own.verifier(OPTIONS);
    const one = bound(own);
    const proof = client.proof({ token: one, uri: URI, now: own.now + 15 });
    await authenticate(guard, requestOf(one, proof));
    own.advance(39);
    await assertRefused(() => authenticate(guard, requestOf(one, proof)), 'dpop_proof_replayed');
    own.advance(2);
    await assertRefused(() => authenticate(guard, requestOf(one, proof)), INVALID);
  });

  it('is known by its jti, whatever else it says', async () => {
    const claims = { jti: 'the-same' };
    await authenticate(verifier, requestOf(token, proofFor({ claims })));
    const changes = { claims: { ...claims, iat: realm.now - 3, htu: `${URI}?x` } };
    await assertRefused(
      () => authenticate(verifier, requestOf(token, proofFor(changes))),
      'dpop_proof_replayed',
    );
  });

  it('uses up no jti of another key', async () => {
    const claims = { jti: 'chosen-by-both' };
    const own = bound(realm, other);
    await authenticate(verifier, requestOf(token, proofFor({ claims })));
    const proof = other.proof({ token: own, uri: URI, now: realm.now }, { claims });
    await authenticate(verifier, requestOf(own, proof));
  });

  it('is not remembered where the token is not good, or the signature is not', async () => {
    const asked: string[] = [];
    const store = {
      add: async () => {},
      subscribe: () => () => {},
      useOnce: async () => true,
      useProofOnce: async (id: string) => asked.push(id) > 0,
    };
    const guard = realm.verifier({ ...OPTIONS, revocationStore: store });
    const expired = realm.mint({ cnf: { jkt: client.jkt }, exp: realm.now - 60 });
    const late = client.proof({ token: expired, uri: URI, now: realm.now });
    await assertRefused(() => authenticate(guard, requestOf(expired, late)), 'token_expired');
    await assertRefused(
      () => authenticate(guard, requestOf(token, proofFor({ signer: other.key }))),
      INVALID,
    );
    assert.deepEqual(asked, []);
    await authenticate(guard, requestOf(token, proofFor()));
    assert.match(String(asked[0]), /^[\w-]{22}$/);
  });

  it('gets 503 where it cannot be remembered', async () => {
    const store = {
      add: async () => {},
      subscribe: () => () => {},
      useOnce: async () => true,
      useProofOnce: async () => Promise.reject(new Error('away')),
    };
    const guard = realm.verifier({ ...OPTIONS, revocationStore: store });
    const error = await assertRefused(
      () => authenticate(guard, requestOf(token, proofFor())),
      'proof_store_unavailable',
    );
    assert.deepEqual(error.headers, { 'retry-after': '5' });
    assert.equal((error.cause as Error).message, 'away');
  });

  it('of one key gets 503 where there are too many of them; those of others go on, and replays do not count', async () => {
    const own = createTestRealm();
    const guard = own.verifier({ ...OPTIONS, dpop: { mode: 'accepted', maxProofsPerKey: 3 } });
    const [one, two] = [bound(own), bound(own, other)] as const;
    const send = (proof = client.proof({ token: one, uri: URI, now: own.now })) =>
      authenticate(guard, requestOf(one, proof));
    const first = client.proof({ token: one, uri: URI, now: own.now });
    await send(first);
    for (let i = 0; i < 5; i++) await assertRefused(() => send(first), 'dpop_proof_replayed');
    await send();
    await send();
    const { seen } = await assertRefused(() => send(), 'proof_store_unavailable');
    assert.equal(seen, `thumbprint ${client.jkt}`);
    await authenticate(guard, requestOf(two, other.proof({ token: two, uri: URI, now: own.now })));
    own.advance(39);
    await assertRefused(() => send(), 'proof_store_unavailable');
    own.advance(1);
    await send();
  });

  it('of one user with many keys gets 503 too, and those of others go on', async () => {
    const own = createTestRealm();
    const guard = own.verifier({ ...OPTIONS, dpop: { mode: 'accepted', maxProofsPerKey: 3 } });
    const keys = Array.from({ length: 4 }, createDpopClient);
    const send = (key: (typeof keys)[number], changes = {}) => {
      const mine = own.mint({ cnf: { jkt: key.jkt }, ...changes });
      return authenticate(guard, requestOf(mine, key.proof({ token: mine, uri: URI, now: own.now })));
    };
    for (const key of keys.slice(0, 3)) for (let i = 0; i < 2; i++) await send(key);
    const fourth = keys[3] as (typeof keys)[number];
    await assertRefused(() => send(fourth), 'proof_store_unavailable');
    assert.ok(await send(fourth, { sub: 'somebody else' }));
  });

  it('is verified only for who has a good token of that key', async () => {
    // A key that cannot be imported: whoever tries would say so.
    const broken = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' };
    const error = await assertRefused(
      () => authenticate(verifier, requestOf(token, proofFor({ header: { jwk: broken } }))),
      'token_binding',
    );
    assert.equal(error.statusCode, 401);
  });

  it('is for the whole token as it was sent', async () => {
    const padded = requestOf(token, proofFor(), {
      headers: { authorization: `dpop   ${token}`, dpop: proofFor() },
    });
    await authenticate(verifier, padded);
  });
});

describe('Keycloak', () => {
  it('is asked about a bound token by introspection, and never by userinfo, which wants a proof', async () => {
    const own = createTestRealm();
    const guard = own.verifier(OPTIONS);
    own.userinfo = () => ({
      status: 401,
      body: { error: 'invalid_token' },
      challenge: 'DPoP error="invalid_token"',
    });
    const ask = async (changes: Record<string, unknown>) => {
      const one = own.mint({ cnf: { jkt: client.jkt }, iat: own.now - 60, ...changes });
      await authenticate(guard, requestOf(one, client.proof({ token: one, uri: URI, now: own.now })));
    };
    await ask({});
    assert.deepEqual([own.calls.introspection, own.calls.userinfo], [1, 0]);
    await ask({ aud: 'account', azp: 'my-api' });
    assert.deepEqual([own.calls.introspection, own.calls.userinfo], [1, 0]);
    assert.match(
      own.notices.map(({ message }) => message).join(),
      /bound to a key: give the client .* audience mapper/,
    );
  });

  it('may not say that a token is bound that was not signed so', async () => {
    const own = createTestRealm();
    const guard = own.verifier(OPTIONS);
    const thin = own.mint({ preferred_username: undefined, iat: own.now - 60 });
    own.introspect = () => ({ active: true, preferred_username: 'abdullah', cnf: { jkt: client.jkt } });
    await assertRefused(() => authenticate(guard, bearer(thin)), 'token_bound');
  });
});

function bearer(one: string): RequestLike {
  return { headers: { authorization: `Bearer ${one}` } };
}
