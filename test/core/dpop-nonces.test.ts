import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  authenticate,
  type DpopOptions,
  type RequestLike,
  type VerifierOptions,
} from '../../packages/guard/src/core/index.ts';
import { createDpopClient } from '../support/dpop.ts';
import { assertRefused } from '../support/refusal.ts';
import { createTestRealm, type TestRealm } from '../support/test-realm.ts';

const URI = 'https://api.example.com/orders';
const OPTIONS: Partial<VerifierOptions> = { publicUrl: 'https://api.example.com' };
const client = createDpopClient();
const bound = (realm: TestRealm) => realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt } });

function requestOf(token: string, dpop: string): RequestLike {
  return { headers: { authorization: `DPoP ${token}`, dpop }, method: 'GET', url: '/orders' };
}

const realm = createTestRealm();
const token = bound(realm);
const proofFor = () => client.proof({ token, uri: URI, now: realm.now });

describe('nonces of the server', () => {
  const dpop: DpopOptions = { mode: 'accepted', nonceSecret: 'n'.repeat(40) };

  it('are asked for, and are good for two windows of time, in every replica', async () => {
    const own = createTestRealm();
    const one = bound(own);
    const [guard, replica] = [own.verifier({ ...OPTIONS, dpop }), own.verifier({ ...OPTIONS, dpop })];
    const send = (nonce: unknown, to = guard) =>
      authenticate(
        to,
        requestOf(one, client.proof({ token: one, uri: URI, now: own.now }, { claims: { nonce } })),
      );
    const error = await assertRefused(() => send(undefined), 'dpop_nonce_required');
    const nonce = error.headers['dpop-nonce'];
    assert.match(nonce as string, /^[\w-]{43}$/);
    assert.match(
      error.headers['www-authenticate'] as string,
      /^Bearer, DPoP algs="[^"]+", error="use_dpop_nonce", error_description="/,
    );
    await send(nonce);
    await send(nonce, replica);
    await assertRefused(() => send(7), 'dpop_nonce_required');
    await assertRefused(() => send(`${nonce}x`), 'dpop_nonce_required');
    own.advance(240);
    await send(nonce);
    // A replica whose clock is behind.
    own.advance(-300);
    await send(nonce);
    own.advance(300 + 361);
    const fresh = bound(own);
    const late = client.proof({ token: fresh, uri: URI, now: own.now }, { claims: { nonce } });
    const again = await assertRefused(
      () => authenticate(guard, requestOf(fresh, late)),
      'dpop_nonce_required',
    );
    assert.notEqual(again.headers['dpop-nonce'], nonce);
  });

  it('are asked for for days, and none that is old is good', async () => {
    const own = createTestRealm();
    const guard = own.verifier({ ...OPTIONS, dpop });
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const one = bound(own);
      const proof = client.proof({ token: one, uri: URI, now: own.now });
      const error = await assertRefused(
        () => authenticate(guard, requestOf(one, proof)),
        'dpop_nonce_required',
      );
      seen.add(String(error.headers['dpop-nonce']));
      own.advance(300);
    }
    assert.equal(seen.size, 20);
  });

  it('of another secret are not good', async () => {
    const guards = ['a', 'b'].map((letter) =>
      realm.verifier({ ...OPTIONS, dpop: { ...dpop, nonceSecret: letter.repeat(32) } }),
    );
    const nonces = await Promise.all(
      guards.map(async (guard) => {
        const error = await assertRefused(
          () => authenticate(guard, requestOf(token, proofFor())),
          'dpop_nonce_required',
        );
        return error.headers['dpop-nonce'];
      }),
    );
    assert.notEqual(nonces[0], nonces[1]);
  });
});
