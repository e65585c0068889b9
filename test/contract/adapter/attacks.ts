import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { AUTH_ERRORS, AuthError } from '../../../packages/guard/src/core/index.ts';
import type { Attempt, Pen, Target } from '../../attacks/attack.ts';
import { loadAttacks } from '../../attacks/load-attacks.ts';
import { linesOf, sendRaw } from '../../attacks/send-raw.ts';
import { createTestKey } from '../../support/signing-keys.ts';
import { createTestRealm, encryption, rsa } from '../../support/test-realm.ts';
import type { Adapter, RunningApp } from './adapter.ts';
import { WHOLE } from './set-up.ts';

interface Answered {
  readonly status: number;
  readonly challenge: string | null | undefined;
  readonly body: string;
}

const attacks = await loadAttacks();
const ec = createTestKey('ES256');
const ed = createTestKey('EdDSA');

function assertAnswer({ status, challenge, body }: Answered, attempt: Attempt): void {
  const statuses = attempt.codes.map((code) => AUTH_ERRORS[code].statusCode);
  const expected = attempt.httpStatus === undefined ? statuses : [attempt.httpStatus];
  assert.ok(expected.includes(status), `${status} ${body}`);
  if (attempt.codes.length === 0 || status === 431) return;
  const challenges = attempt.codes.map((code) => new AuthError(code, '').headers['www-authenticate']);
  assert.ok(challenges.includes(challenge ?? ''), String(challenge));
  const details = attempt.codes.map((code) => AUTH_ERRORS[code].detail);
  assert.ok(
    details.some((detail) => body === JSON.stringify({ detail })),
    body,
  );
}

/** The check behind them is the same. A framework can get wrong how a token comes in: all that is sent byte by byte, or is too much for it. */
const isOfFramework = ({ lines, httpStatus }: Attempt): boolean =>
  lines !== undefined || httpStatus !== undefined;

/** The forged tokens of `test/attacks/cases/`, over a socket. */
export function describeAttacks(adapter: Adapter): void {
  const hasNoHttp1 = adapter.lacks?.includes('http1') === true;
  const skip = adapter.lacks?.includes('inProcess') ? 'it has a realm of its own' : false;
  describe(`${adapter.name}, attacks`, { skip }, () => {
    const realm = createTestRealm({ keys: [encryption(), rsa(), ec, ed] });
    const { claims, mint, issuer, clientId } = realm;
    const pen: Pen = { rsa: rsa(), ec, ed, encryption: encryption(), now: realm.now, claims, mint };
    let trapped = 0;
    const trap = createServer((_request, response) => {
      trapped++;
      response.end();
    });
    let app: RunningApp;
    let target: Target;

    async function send(attempt: Attempt): Promise<Answered> {
      if (!hasNoHttp1) {
        const { status, headers, body } = await sendRaw(`${app.url}/guarded`, linesOf(attempt));
        return { status, challenge: headers.get('www-authenticate'), body };
      }
      const headers = { authorization: `Bearer ${attempt.token}` };
      const answer = await (app.fetch ?? fetch)(`${app.url}/guarded`, { headers });
      const challenge = answer.headers.get('www-authenticate');
      return { status: answer.status, challenge, body: await answer.text() };
    }

    before(async () => {
      await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
      const { serverUrl, realm: name, clientSecret, fetch, clock } = realm;
      const keycloak = {
        serverUrl,
        realm: name,
        clientId,
        clientSecret,
        fetch,
        clock,
        onNotice: false,
      } as const;
      app = await adapter.start({ keycloak });
      target = {
        issuer,
        clientId,
        token: mint({}, { key: rsa() }),
        otherToken: mint({ preferred_username: 'sara' }, { key: rsa() }),
        jwks: realm.keys.map(({ jwk }) => jwk),
        trapUrl: `http://127.0.0.1:${(trap.address() as AddressInfo).port}/keys`,
      };
      for (const token of [target.token, target.otherToken]) {
        assert.equal((await send({ name: 'good', token, codes: [] })).status, 200);
      }
    });
    after(async () => {
      await app.close();
      trap.close();
    });

    const each = attacks.map((attack) => ({ title: `${attack.file}: ${attack.title}`, attacks: [attack] }));
    const isWhole = WHOLE.includes(adapter.name);
    const tests = isWhole ? each : [{ title: 'what is sent byte by byte, or is too much', attacks }];
    for (const { title, attacks } of tests) {
      test(title, async () => {
        const attempts = attacks.flatMap((attack) => [
          ...(attack.attempts?.(target) ?? []),
          ...(attack.signed?.(pen, target) ?? []),
        ]);
        const sent = isWhole ? attempts : attempts.filter(isOfFramework);
        assert.ok(sent.length > 0);
        for (const attempt of sent) {
          // What a client refuses to send can be sent byte by byte alone.
          if (hasNoHttp1 && (attempt.lines !== undefined || attempt.httpStatus !== undefined)) continue;
          try {
            assertAnswer(await send(attempt), attempt);
          } catch (error) {
            throw new Error(`${attempt.name}: ${(error as Error).message}`, { cause: error });
          }
        }
        const good = await send({ name: 'good', token: target.token, codes: [] });
        assert.deepEqual([good.status, good.body], [200, '{"username":"abdullah"}']);
        assert.equal(trapped, 0, 'a URL of the attacker was called');
      });
    }
  });
}
