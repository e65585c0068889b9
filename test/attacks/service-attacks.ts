import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { AUTH_ERRORS, AuthError } from '../../packages/guard/src/core/index.ts';
import { type GuideService, startGuideService } from '../contract/guide/guide-service.ts';
import { ABDULLAH, CLIENT, type GuideProvider, PASSWORD, requestTokens } from '../contract/guide/provider.ts';
import type { Attempt, Pen, Target } from './attack.ts';
import { payloadOf } from './forge.ts';
import { loadAttacks } from './load-attacks.ts';
import { linesOf, type RawAnswer, sendRaw } from './send-raw.ts';

const attacks = await loadAttacks();

/** What attacks on the running service need of an identity provider. */
export interface AttackedProvider extends Pick<GuideProvider, 'url' | 'realm' | 'close'> {
  /** The realm's own keys, where the test can have them. */
  readonly pen?: (target: Target) => Pen;
  /** Tokens that the provider itself makes and that must be refused. */
  readonly forgeries?: () => Promise<readonly Attempt[]>;
}

/** Every attack on the service as it is shipped: over HTTP, byte by byte, with tokens of the provider. */
export function serviceAttacks(name: string, start: () => Promise<AttackedProvider>): void {
  describe(`attacks on the service, with ${name}`, () => {
    let provider: AttackedProvider;
    let service: GuideService;
    let target: Target;
    let trapped = 0;
    let sent = 0;
    const trap = createServer((_request, response) => {
      trapped++;
      response.end();
    });

    const logIn = async (username: string) =>
      (await requestTokens(provider.url, provider.realm, { username, password: PASSWORD }))
        .access_token as string;

    before(async () => {
      await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
      provider = await start();
      service = await startGuideService(provider.url, provider.realm);
      const certs = await fetch(`${provider.url}/realms/${provider.realm}/protocol/openid-connect/certs`);
      const token = await logIn('abdullah');
      target = {
        issuer: payloadOf(token).iss as string,
        clientId: CLIENT.id,
        token,
        otherToken: await logIn('sara'),
        jwks: ((await certs.json()) as { keys: Target['jwks'] }).keys,
        trapUrl: `http://127.0.0.1:${(trap.address() as AddressInfo).port}/keys`,
      };
      // From here on both are known, so that an attempt may be mistaken for one of them.
      await assertGood(target.token);
      await assertGood(target.otherToken);
    });
    after(async () => {
      await service.close();
      await provider.close();
      trap.close();
      process.stdout.write(`${sent} attacks on the service, with ${name}: none was accepted\n`);
    });

    async function assertGood(token: string): Promise<void> {
      assert.equal((await service.getProtected(`Bearer ${token}`)).status, 200);
    }

    async function attack(attempts: readonly Attempt[]): Promise<void> {
      const logged = service.logText().length;
      for (const attempt of attempts) {
        if (attempt.isByTheSecond) continue;
        sent++;
        const answer = await sendRaw(`${service.url}/protected`, linesOf(attempt));
        try {
          assertRefusal(answer, attempt);
          assert.ok(!answer.body.includes(attempt.token ?? target.token), 'the answer holds the token');
        } catch (error) {
          throw new Error(`${attempt.name}: ${(error as Error).message}`, { cause: error });
        }
      }
      const log = service.logText().slice(logged);
      for (const { token } of attempts) {
        assert.ok(token === undefined || token.length < 40 || !log.includes(token), 'the log holds a token');
      }
      const { status, body } = await service.getProtected(`Bearer ${target.token}`);
      assert.deepEqual([status, body], [200, ABDULLAH]);
      assert.equal(trapped, 0, 'a URL of the attacker was called');
    }

    for (const { file, title, attempts, signed } of attacks) {
      it(`${file}: ${title}`, async (t) => {
        const pen = provider.pen?.(target);
        const all = [
          ...(attempts?.(target) ?? []),
          ...(pen === undefined ? [] : (signed?.(pen, target) ?? [])),
        ];
        if (all.length === 0) t.skip('needs the private key of the realm, or a kind of key that it lacks');
        await attack(all);
      });
    }

    it('tokens that the provider itself forges, or made for other purposes, are refused', async (t) => {
      const forgeries = await provider.forgeries?.();
      if (forgeries === undefined) return t.skip('this provider forges nothing');
      await attack(forgeries);
    });
  });
}

function assertRefusal(answer: RawAnswer, attempt: Attempt): void {
  const status = attempt.httpStatus ?? 401;
  assert.equal(answer.status, status, answer.body);
  if (attempt.codes.length === 0 || status === 431) return;
  const challenges = attempt.codes.map((code) => new AuthError(code, '').headers['www-authenticate']);
  const challenge = answer.headers.get('www-authenticate');
  assert.ok(challenges.includes(challenge), challenge);
  const { detail, ...rest } = JSON.parse(answer.body) as { detail: string };
  assert.deepEqual(rest, {});
  assert.ok(
    attempt.codes.some((code) => AUTH_ERRORS[code].detail === detail),
    detail,
  );
}
