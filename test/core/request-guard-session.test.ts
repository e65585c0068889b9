import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AuthError, OptionsError, type TokenVerifier } from '../../packages/guard/src/core/index.ts';
import {
  createRequestGuard,
  type GuardOptions,
  isForSession,
  type RequestGuardHost,
} from '../../packages/guard/src/core/internal.ts';
import { refusalOf } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const realm = createTestRealm();
const someone = await realm.verifier().verify(realm.mint());
const METADATA = 'https://api.example.com/.well-known/oauth-protected-resource';

const guardOf = (
  options: GuardOptions = {},
  host: Partial<RequestGuardHost<Request, string>> = {},
  verifier: TokenVerifier = realm.verifier(),
) => createRequestGuard<Request, string>(verifier, options, { toRequest: (request) => request, ...host });

const requestWith = (...values: string[]): Request => {
  const headers = new Headers();
  for (const value of values) headers.append('authorization', value);
  return new Request('https://api.example.com/orders', { headers });
};

describe('a guard with sessions', () => {
  for (const [expected, ...header] of [
    [true],
    [true, ''],
    [true, 'Basic YTpi'],
    [true, 'Basic bearer'],
    [true, 'Negotiate dpop'],
    [false, 'Basic YTpi', 'Basic YTpi'],
    [false, 'Bearer'],
    [false, 'Bearer a'],
    [false, 'bearer a'],
    [false, 'Bearerx a'],
    [false, 'DPoP a'],
    [false, 'dpop'],
  ] as const) {
    const sent = header.length === 0 ? 'no header' : JSON.stringify(header);
    test(`${expected ? 'asks the session' : 'does not ask it'} where there is ${sent}, and others are told the same`, async () => {
      let isAsked = false;
      const session = () => {
        isAsked = true;
        return someone;
      };
      const guard = guardOf({ optional: true }, { sessionOf: () => session });
      const decided = await Promise.resolve()
        .then(() => guard.decide(requestWith(...header), ''))
        .catch(() => undefined);
      assert.equal(isAsked, expected);
      assert.equal(decided, expected ? someone : undefined);
      assert.equal(isForSession(requestWith(...header)), expected);
    });
  }

  test('lets nobody in for what is no principal, whoever gave it', async () => {
    for (const found of [
      undefined,
      true,
      'text',
      {},
      { issuer: 1, claims: {} },
      { issuer: 'x', claims: 'y' },
    ]) {
      const verify = () => found as never;
      const guard = guardOf({ optional: true }, { sessionOf: () => verify }, { ...realm.verifier(), verify });
      for (const request of [requestWith(), requestWith('Bearer a')]) {
        assert.throws(() => guard.decide(request, ''), {
          name: 'TypeError',
          message: 'The verifier gave neither a principal nor an error',
        });
      }
    }
  });
});

describe('the challenge of a guard', () => {
  const refusal = () => new AuthError('token_expired', 'The token expired');
  const challengeOf = async (act: () => unknown) => (await refusalOf(act)).headers['www-authenticate'];

  test('names the resource where there is one', async () => {
    const resourceOf = () => ({ metadataUrl: METADATA, scopes: ['orders'] });
    for (const host of [{ resourceOf }, { resourceOf: () => undefined }]) {
      const challenge = await challengeOf(() => guardOf({}, host).decide(requestWith(), ''));
      assert.equal(challenge?.includes(`resource_metadata="${METADATA}"`), host.resourceOf() !== undefined);
    }
  });

  test('says of which scheme what is wrong with the token is, wherever it was found', async () => {
    const verifier = realm.verifier({ publicUrl: 'https://api.example.com', dpop: 'accepted' });
    const guard = guardOf({}, {}, verifier);
    const ofDpop = /^Bearer, DPoP algs="RS256 [^"]+", error="invalid_token"/;
    const ofBearer = /^Bearer error="invalid_token".*, DPoP algs="RS256 [^"]+"$/;
    for (const [header, challenge] of [
      [['DPoP a'], ofDpop],
      [['dpop a'], ofDpop],
      [['Bearer a'], ofBearer],
      [['Basic dpop a'], ofBearer],
      [[], ofBearer],
    ] as const) {
      const request = requestWith(...header);
      assert.match(String(await challengeOf(() => guard.refuse(request, refusal()))), challenge);
      assert.match(String(guard.toRefusal(request, refusal()).headers['www-authenticate']), challenge);
    }
    const unproved = await challengeOf(() => guard.decide(requestWith(`DPoP ${realm.mint()}`), ''));
    assert.match(String(unproved), /^Bearer, DPoP algs="RS256 [^"]+", error="/);
  });
});

test('a guard says what is wrong with its options', () => {
  const notAnObject = {
    option: 'guard',
    rule: 'must be a plain object, no promise and no instance of a class',
    example: "{ realmRole: 'admin' }",
  };
  for (const [options, problem] of [
    ['admin', notAnObject],
    [['admin'], notAnObject],
    [null, notAnObject],
    ...Object.entries({ optional: 'true', dpop: "'off'" }).map(([option, example]) => {
      const rule = 'is undefined: give it a value, or leave it out';
      return [{ [option]: undefined }, { option, rule, example }] as const;
    }),
    [{ optional: 'false' }, { option: 'optional', rule: 'must be true or false', example: 'true' }],
  ] as const) {
    assert.throws(
      () => guardOf(options as never),
      (error: OptionsError) => {
        assert.ok(error instanceof OptionsError);
        assert.deepEqual(error.problems, [problem]);
        return true;
      },
    );
  }
});
