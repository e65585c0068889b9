import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ClientError, type Tokens } from '../../packages/guard/src/client/index.ts';
import { AuthError, type Revocation } from '../../packages/guard/src/core/index.ts';
import { toLoginOutcome, toOutcome, userOf } from '../../packages/server/src/audit/security-events.ts';
import {
  type AuthService,
  claimsOf,
  createAuthService,
} from '../../packages/server/src/services/auth-service.ts';

const TOKENS = {
  ...{ accessToken: 'a', tokenType: 'Bearer', expiresInSeconds: 60 },
  ...{ refreshToken: 'r', refreshExpiresInSeconds: 1800 },
} as Tokens;
const ISSUER = 'https://sso.test/realms/shop';
const tokenOf = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
const failureOf = (kind: ClientError['kind'], id = 'x') =>
  new ClientError({ id, kind, cause: 'the cause', fix: 'the fix' });

/** The service on a client that answers so, with what it called and revoked. */
function serviceWith(
  answers: Record<string, (...args: never[]) => unknown> = {},
  issuer: string | undefined = ISSUER,
  revocation: Promise<void> = Promise.resolve(),
) {
  const calls: string[] = [];
  const revoked: Revocation[] = [];
  const client = Object.fromEntries(
    ['refresh', 'logout', 'revoke', 'endSession', 'passwordGrant'].map((name) => [
      name,
      async (...args: never[]) => {
        calls.push(`${name} ${JSON.stringify(args)}`);
        return answers[name]?.(...args) ?? TOKENS;
      },
    ]),
  );
  const verifier = {
    issuer: { current: issuer && { issuer } },
    revoke: async (one: Revocation) => {
      revoked.push(one);
      await revocation;
    },
  };
  const queue = { run: (call: () => unknown) => call() };
  return { service: createAuthService(client as never, verifier as never, queue as never), calls, revoked };
}
const throwing = (error: unknown) => () => {
  throw error;
};

describe('the service of logins', () => {
  test('answers with what Keycloak tells of the tokens', async () => {
    const { service, calls } = serviceWith();
    const login = { username: 'anna', password: 'p' };
    assert.deepEqual(await service.login(login, '10.0.0.1'), {
      ...{ access_token: 'a', token_type: 'Bearer', expires_in: 60 },
      ...{ refresh_token: 'r', refresh_expires_in: 1800 },
    });
    assert.deepEqual(calls, ['passwordGrant [{"username":"anna","password":"p","clientIp":"10.0.0.1"}]']);
    const bare = { ...TOKENS, expiresInSeconds: null, refreshToken: null, refreshExpiresInSeconds: null };
    const least = serviceWith({ passwordGrant: () => bare, refresh: () => bare }).service;
    for (const answer of [await least.login(login, '::1'), await least.refresh('r')])
      assert.deepEqual(answer, { access_token: 'a', token_type: 'Bearer' });
  });

  test('says of a user who may not, that the refresh token is not valid; other failures stay what they are', async () => {
    for (const kind of ['invalid_credentials', 'account_disabled', 'account_not_ready'] as const) {
      const { service } = serviceWith({
        refresh: throwing(failureOf(kind)),
        logout: throwing(failureOf(kind)),
      });
      for (const call of [service.refresh('r'), service.logout('r')])
        await assert.rejects(
          call,
          (error) => error instanceof AuthError && error.code === 'refresh_token_invalid',
        );
    }
    for (const error of [
      failureOf('provider_unavailable'),
      failureOf('client_misconfigured'),
      new Error('x'),
    ]) {
      const { service, revoked } = serviceWith({ refresh: throwing(error), logout: throwing(error) });
      await assert.rejects(service.refresh('r'), error);
      await assert.rejects(service.logout(tokenOf({ sid: 's' })), error);
      assert.deepEqual(revoked, []);
    }
  });

  test('refuses the tokens of a session that was logged out, where both are known', async () => {
    const end = async (claims: unknown, issuer?: string) => {
      const { service, revoked } = serviceWith({}, issuer);
      await service.logout(tokenOf(claims));
      return revoked;
    };
    const session = (sessionId: string) => [{ type: 'session', issuer: ISSUER, sessionId }];
    assert.deepEqual(await end({ sid: 's', session_state: 'old' }, ISSUER), session('s'));
    assert.deepEqual(await end({ session_state: 'old' }, ISSUER), session('old'));
    for (const claims of [{}, { sid: 7 }, null, 'text']) assert.deepEqual(await end(claims, ISSUER), []);
    const { service, revoked } = serviceWith({}, '');
    await service.logout(tokenOf({ sid: 's' }));
    assert.deepEqual(revoked, [], 'the issuer is not known yet');
  });

  test('ends the session of an access token, or the token alone where it has none', async () => {
    const end = async (principal: object, answers = {}, token = 't') => {
      const all = serviceWith(answers);
      await all.service.logoutByAccessToken({ issuer: ISSUER, claims: {}, ...principal } as never, token);
      return [all.calls, all.revoked];
    };
    assert.deepEqual(await end({ sessionId: 's' }), [
      ['endSession ["t","s"]'],
      [{ type: 'session', issuer: ISSUER, sessionId: 's' }],
    ]);
    assert.deepEqual(await end({ sessionId: null, claims: { jti: 'j' } }), [
      ['revoke ["t"]'],
      [{ type: 'token', issuer: ISSUER, tokenId: 'j' }],
    ]);
    assert.deepEqual(await end({ sessionId: null, claims: { jti: 7 } }), [['revoke ["t"]'], []]);
    const notTaken = { endSession: throwing(failureOf('invalid_credentials', 'token-not-taken')) };
    for (const aud of ['account', ['x', 'account']])
      await assert.rejects(
        end({ sessionId: 's' }, notTaken, tokenOf({ aud })),
        (error) => error instanceof AuthError && error.code === 'token_revoked',
      );
    for (const claims of [{ aud: 'x' }, {}])
      await assert.rejects(
        end({ sessionId: 's' }, notTaken, tokenOf(claims)),
        (error) => error instanceof ClientError && error.diagnosis.id === 'token-not-for-account',
      );
    for (const error of [failureOf('provider_unavailable'), new Error('x')])
      await assert.rejects(end({ sessionId: 's' }, { endSession: throwing(error) }), error);
  });
});

test('a logout of which the other replicas could not be told has failed, and Keycloak has heard of it', async () => {
  const failure = new Error('the others could not be told');
  const failing = Promise.reject(failure);
  failing.catch(() => {});
  const principal = { issuer: ISSUER, sessionId: 's', claims: { jti: 'j' } };
  for (const [call, end] of [
    ['logout', (service) => service.logout(tokenOf({ sid: 's' }))],
    ['endSession', (service) => service.logoutByAccessToken(principal as never, 't')],
    ['revoke', (service) => service.logoutByAccessToken({ ...principal, sessionId: null } as never, 't')],
  ] as [string, (service: AuthService) => Promise<void>][]) {
    const { service, calls, revoked } = serviceWith({}, ISSUER, failing);
    await assert.rejects(end(service), failure, call);
    assert.deepEqual([calls.map((one) => one.split(' ', 1)[0]), revoked.length], [[call], 1], call);
  }
  const away = serviceWith({ revoke: throwing(failure) });
  const ofAccount = { ...principal, sessionId: null };
  await assert.rejects(away.service.logoutByAccessToken(ofAccount as never, 't'), failure);
  assert.deepEqual(away.revoked, [], 'a token that Keycloak goes on taking is taken here');
});

test('a token that is none has no claims', () => {
  for (const token of ['', 'a', 'a.b.c', tokenOf(null), tokenOf('text'), tokenOf(7)])
    assert.deepEqual(claimsOf(token), {}, token);
  assert.deepEqual(claimsOf(tokenOf({ a: 1 })), { a: 1 });
  assert.deepEqual(userOf(tokenOf({ preferred_username: 'anna', sub: 'u', sid: 's', session_state: 'x' })), {
    ...{ user: 'anna', subject: 'u', sessionId: 's' },
  });
  assert.deepEqual(userOf(tokenOf({ preferred_username: 7, session_state: 'x' })), {
    ...{ user: null, subject: null, sessionId: 'x' },
  });
});

test('each failure of a login has its outcome in the audit log', () => {
  for (const [error, outcome] of [
    [failureOf('invalid_credentials'), 'wrong_credentials'],
    [failureOf('account_disabled'), 'account_disabled'],
    [failureOf('account_not_ready'), 'account_not_ready'],
    [failureOf('client_misconfigured'), 'misconfigured'],
    [failureOf('provider_unavailable'), 'keycloak_unavailable'],
    [failureOf('provider_unavailable', 'too-many-logins'), 'queue_full'],
    [failureOf('provider_unavailable', 'too-many-calls'), 'queue_full'],
    [failureOf('provider_unavailable', 'caller-gone'), 'cancelled'],
    [new AuthError('provider_unavailable', 'x'), 'keycloak_unavailable'],
    [new AuthError('provider_misconfigured', 'x'), 'failed'],
    [new Error('x'), 'failed'],
  ] as const)
    assert.equal(toLoginOutcome(error), outcome);
  assert.equal(toOutcome(new AuthError('token_expired', 'x')), 'token_expired');
  assert.equal(toOutcome(failureOf('invalid_credentials')), 'wrong_credentials');
});
