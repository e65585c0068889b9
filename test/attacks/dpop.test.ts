import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fastify, { type FastifyInstance } from 'fastify';
import keycloakGuard from '../../packages/guard/src/adapters/fastify/index.ts';
import { AuthError, authenticate } from '../../packages/guard/src/core/index.ts';
import { createDpopClient } from '../support/dpop.ts';
import { assertRefused } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { dpopAttacks } from './dpop-attacks.ts';
import { sendRaw } from './send-raw.ts';

const HOST = 'http://127.0.0.1:8000';
const realm = createTestRealm();
const client = createDpopClient();
const token = realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt } });
const scene = { client, token, otherToken: realm.mint(), uri: `${HOST}/orders`, now: () => realm.now };
const verifier = realm.verifier({ dpop: 'accepted', publicUrl: HOST });
const goodProof = () => client.proof({ token, uri: scene.uri, now: realm.now });

describe('attacks on a proof, by the steps of RFC 9449 §4.3', () => {
  let app: FastifyInstance;
  let url: string;

  before(async () => {
    app = fastify();
    await app.register(keycloakGuard, { verifier });
    app.get('/orders', { onRequest: app.guard() }, (request) => request.principal?.username);
    url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/orders`;
  });
  after(async () => {
    await app.close();
    await verifier.close();
  });

  const send = (...proofs: (string | undefined)[]) =>
    sendRaw(url, [
      `Authorization: DPoP ${token}`,
      ...proofs.flatMap((proof) => (proof === undefined ? [] : [`DPoP: ${proof}`])),
    ]);

  for (const { step, what, proof, code } of dpopAttacks(scene)) {
    it(`step ${step}: ${what}`, async () => {
      const dpop = proof();
      const headers = { authorization: `DPoP ${token}`, ...(dpop === undefined ? {} : { dpop }) };
      const error = await assertRefused(
        () => authenticate(verifier, { headers, method: 'GET', url: '/orders' }),
        code,
      );
      assert.equal(error.detail, 'Could not validate credentials');
      const challenge = String(error.headers['www-authenticate']);
      const params = String(new AuthError(code, '').headers['www-authenticate']).slice('Bearer '.length);
      assert.match(challenge, /^Bearer, DPoP algs="RS256 [^"]*", /);
      assert.ok(challenge.endsWith(params));
      assert.ok(!JSON.stringify({ ...error, reason: error.reason }).includes(token.slice(-20)));

      const answer = await send(proof());
      assert.equal(answer.status, 401, answer.body);
      assert.equal(answer.headers.get('www-authenticate'), challenge);
      // Nothing that was refused is in the way of what is good.
      assert.equal((await send(goodProof())).status, 200);
    });
  }

  it('step 1: two headers, each of them good', async () => {
    const one = goodProof();
    for (const proofs of [
      [one, goodProof()],
      [one, one],
      [one, ''],
      ['', one],
    ]) {
      assert.equal((await send(...proofs)).status, 401);
    }
    assert.equal((await send(one)).status, 200);
  });

  it('the same proof, a thousand times at once, is good once', async () => {
    const headers = { authorization: `DPoP ${token}`, dpop: goodProof() };
    const answers = await Promise.allSettled(
      Array.from({ length: 1_000 }, async () =>
        authenticate(verifier, { headers: { ...headers }, method: 'GET', url: '/orders' }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
  });
});
