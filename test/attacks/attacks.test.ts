import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import fastify, { type FastifyInstance } from 'fastify';
import keycloakGuard from '../../packages/guard/src/adapters/fastify/index.ts';
import { AUTH_ERRORS, AuthError, authenticate, type Verifier } from '../../packages/guard/src/core/index.ts';
import { refusalOf } from '../support/refusal.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { createTestRealm, encryption, rsa } from '../support/test-realm.ts';
import type { Attempt, Pen, Target } from './attack.ts';
import { loadAttacks } from './load-attacks.ts';
import { linesOf, type RawAnswer, sendRaw } from './send-raw.ts';

const attacks = await loadAttacks();
const ec = createTestKey('ES256');
const ed = createTestKey('EdDSA');
const realm = createTestRealm({ keys: [encryption(), rsa(), ec, ed] });
const trap = createServer((_request, response) => {
  trapped++;
  response.end();
});
let trapped = 0;
let app: FastifyInstance;
let url: string;
let verifier: Verifier;
let target: Target;

const pen: Pen = {
  rsa: rsa(),
  ec,
  ed,
  encryption: encryption(),
  get now() {
    return realm.now;
  },
  claims: realm.claims,
  mint: realm.mint,
};

/** The request as Node hands it to an application. */
function toRequest(lines: readonly string[]) {
  const rawHeaders = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const first = rawHeaders.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'authorization');
  return { headers: { authorization: first < 0 ? undefined : rawHeaders[first + 1] }, rawHeaders };
}

function assertAnswer(answer: RawAnswer, attempt: Attempt): void {
  const status = attempt.httpStatus ?? 401;
  assert.equal(answer.status, status, answer.body);
  if (attempt.codes.length === 0 || status === 431) return;
  const expected = attempt.codes.map((code) => new AuthError(code, '').headers['www-authenticate']);
  assert.ok(
    expected.includes(answer.headers.get('www-authenticate')),
    answer.headers.get('www-authenticate'),
  );
  const { detail } = JSON.parse(answer.body) as { detail: string };
  assert.ok(
    attempt.codes.some((code) => AUTH_ERRORS[code].detail === detail),
    detail,
  );
}

describe('attacks on a token', () => {
  before(async () => {
    await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
    verifier = realm.verifier();
    await verifier.load();
    app = fastify();
    await app.register(keycloakGuard, { verifier });
    app.get('/protected', { onRequest: app.guard() }, (request) => ({ user: request.principal?.username }));
    url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/protected`;
    target = {
      issuer: realm.issuer,
      clientId: realm.clientId,
      token: realm.mint({}, { key: rsa() }),
      otherToken: realm.mint({ preferred_username: 'sara' }, { key: rsa() }),
      jwks: realm.keys.map(({ jwk }) => jwk),
      trapUrl: `http://127.0.0.1:${(trap.address() as AddressInfo).port}/keys`,
    };
    // From here on both are known, so that an attempt may be mistaken for one of them.
    await verifier.verify(target.token);
    await verifier.verify(target.otherToken);
  });
  after(async () => {
    await app.close();
    await verifier.close();
    trap.close();
  });

  for (const attack of attacks) {
    describe(`${attack.file}: ${attack.title}`, () => {
      const attempts = () => [...(attack.attempts?.(target) ?? []), ...(attack.signed?.(pen, target) ?? [])];

      it('in core', async () => {
        assert.ok(attempts().length > 0);
        for (const attempt of attempts()) {
          if (attempt.codes.length === 0) continue; // refused by the HTTP parser
          const error = await refusalOf(() => authenticate(verifier, toRequest(linesOf(attempt))));
          assert.ok(attempt.codes.includes(error.code), `${attempt.name}: ${error.code} (${error.reason})`);
          const shown = JSON.stringify({ ...error, reason: error.reason, message: error.message });
          assert.ok(
            !shown.includes(attempt.token ?? target.token),
            `${attempt.name}: the error holds the token`,
          );
        }
      });

      it('over HTTP', async () => {
        for (const attempt of attempts()) {
          const answer = await sendRaw(url, linesOf(attempt));
          try {
            assertAnswer(answer, attempt);
          } catch (error) {
            throw new Error(`${attempt.name}: ${(error as Error).message}`, { cause: error });
          }
        }
      });

      it('after which a good token is good as before', async () => {
        assert.ok(!(verifier.verify(target.token) instanceof Promise));
        const answer = await sendRaw(url, [`Authorization: Bearer ${target.token}`]);
        assert.deepEqual([answer.status, answer.body], [200, '{"user":"abdullah"}']);
        assert.equal(trapped, 0, 'a URL of the attacker was called');
        assert.deepEqual(realm.strayCalls, []);
      });
    });
  }

  it('made up key ids by the dozen, and the JWKS was asked for twice: at the start and once by the flood', () => {
    assert.equal(realm.calls.jwks, 2);
  });
});
