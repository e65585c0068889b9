import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AuthError,
  OptionsError,
  type Principal,
  readBearerToken,
} from '../../packages/guard/src/core/index.ts';
import { createGate, type GateHost, type GuardOptions } from '../../packages/guard/src/core/internal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const realm = createTestRealm();
const someone = await realm.verifier().verify(realm.mint());

function gateOf(
  options: GuardOptions = {},
  host: Partial<GateHost<Request, string>> = {},
  verify: (token: string) => unknown = () => someone,
) {
  const verifier = { ...realm.verifier(), verify: verify as () => Principal };
  return createGate<Request, string>(verifier, options, { toRequest: (request) => request, ...host });
}

const requestWith = (...values: string[]): Request => {
  const headers = new Headers();
  for (const value of values) headers.append('authorization', value);
  return new Request('http://localhost/', { headers });
};

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof AuthError ? error.code : String(error);
  }
  return 'let in';
}

describe('a gate', () => {
  test("lets a request of Fetch's in by its bearer token, at once", () => {
    const tokens: string[] = [];
    const gate = gateOf({}, {}, (token) => {
      tokens.push(token);
      return someone;
    });
    assert.equal(gate.decide(requestWith('Bearer abc'), ''), someone);
    assert.deepEqual(tokens, ['abc']);
    assert.equal(
      codeOf(() => gate.decide(requestWith(), '')),
      'missing_token',
    );
  });

  test('refuses several Authorization values of a Fetch request, which it joins with commas', () => {
    const gate = gateOf();
    for (const values of [
      ['Bearer a', 'Bearer b'],
      ['Bearer a', 'Basic b'],
      ['Basic YTpi', 'Bearer b'],
      ['Basic YQ==', 'Basic YQ=='],
      ['', 'Bearer b'],
      ['Bearer', 'Bearer b'],
      ['Bearer b', ''],
      ['Digest a="b"', 'Bearer b'],
    ]) {
      const request = requestWith(...values);
      assert.equal(
        codeOf(() => gate.decide(request, '')),
        'ambiguous_credentials',
        values.join(' | '),
      );
    }
    assert.equal(
      codeOf(() => gate.decide(requestWith('Digest a="b", c=d'), '')),
      'unsupported_scheme',
    );
  });

  test('reads a header as long as a header can be in a moment', () => {
    const before = performance.now();
    for (const value of [`Basic${' '.repeat(60_000)}x"${','.repeat(60_000)}`, `${'a'.repeat(60_000)}",`]) {
      codeOf(() => readBearerToken({ headers: new Map([['authorization', value]]) as never }));
    }
    assert.ok(performance.now() - before < 1_000);
  });

  test('asks the session where there is no header, and where the header is for somebody else', async () => {
    const asked: string[] = [];
    const sessionOf = () => (_request: Request, answer: string) => {
      asked.push(answer);
      return someone;
    };
    const gate = gateOf({}, { sessionOf }, () => assert.fail('no token was read'));
    assert.equal(gate.decide(requestWith(), 'none'), someone);
    assert.equal(gate.decide(requestWith('Basic YTpi'), 'basic'), someone);
    assert.equal(gate.decide(requestWith(''), 'empty'), someone);
    assert.equal(
      codeOf(() => gate.decide(requestWith('Bearer'), 'bearer')),
      'missing_token',
    );
    assert.equal(
      codeOf(() => gate.decide(requestWith('Bearerx a'), 'bearer')),
      'unsupported_scheme',
    );
    assert.equal(
      codeOf(() => gate.decide(requestWith('Basic YTpi', 'Basic YTpi'), 'two')),
      'ambiguous_credentials',
    );
    assert.deepEqual(asked, ['none', 'basic', 'empty']);
    const late = gateOf({}, { sessionOf: () => async () => someone });
    assert.equal(await late.decide(requestWith('Basic YTpi'), ''), someone);
  });

  test('without a session says what is wrong with the header, or that there is neither', async () => {
    const gate = gateOf({}, { sessionOf: () => () => null });
    assert.equal(
      codeOf(() => gate.decide(requestWith('Basic YTpi'), '')),
      'unsupported_scheme',
    );
    assert.equal(
      codeOf(() => gate.decide(requestWith(), '')),
      'missing_token',
    );
    const optional = gateOf({ optional: true }, { sessionOf: () => async () => null });
    assert.equal(await optional.decide(requestWith(), ''), null);
    assert.equal(gateOf({ optional: true }).decide(requestWith(), ''), null);
    assert.equal(optional.isOptional, true);
  });

  test('tells of a refusal, and of who it is where a requirement is not met', async () => {
    const denied: unknown[] = [];
    const onDenied = (_request: Request, { code }: AuthError, principal: Principal | null) =>
      denied.push([code, principal?.subject]);
    const gate = gateOf({ realmRole: 'nobody-has-it' }, { onDenied });
    assert.equal(
      codeOf(() => gate.decide(requestWith('Bearer a'), '')),
      'role_missing',
    );
    assert.equal(
      codeOf(() => gate.decide(requestWith(), '')),
      'missing_token',
    );
    const refusal = new AuthError('token_expired', 'The token expired');
    const late = gateOf({}, { onDenied }, async () => Promise.reject(refusal));
    await assert.rejects(async () => late.decide(requestWith('Bearer a'), ''), refusal);
    assert.deepEqual(denied, [
      ['role_missing', someone.subject],
      ['missing_token', undefined],
      ['token_expired', undefined],
    ]);
    assert.deepEqual(gate.requirements, { realmRole: 'nobody-has-it' });
  });

  test('lets everybody in where the route is open, by name where the token is good', () => {
    const gate = gateOf(
      { realmRole: 'nobody-has-it' },
      { isOpen: () => true, onDenied: () => assert.fail() },
    );
    assert.equal(gate.decide(requestWith('Bearer a'), ''), someone);
    assert.equal(gate.decide(requestWith(), ''), null);
  });

  test('lets nobody in for what is no principal, or a check that throws what is no error', async () => {
    for (const found of [null, undefined, true, {}, { issuer: 'x', claims: null }]) {
      const gate = gateOf({ optional: true }, {}, () => found);
      assert.throws(() => gate.decide(requestWith('Bearer a'), ''), TypeError);
      const late = gateOf({ optional: true }, {}, async () => found);
      await assert.rejects(async () => late.decide(requestWith('Bearer a'), ''), TypeError);
    }
    const check = () => {
      throw null;
    };
    assert.throws(() => gateOf({ check }).decide(requestWith('Bearer a'), ''), Error);
  });

  test('takes no options that are not what they should be', () => {
    assert.throws(() => gateOf({ optional: 'false' as never }), OptionsError);
    assert.throws(() => gateOf([] as never), OptionsError);
    assert.throws(() => gateOf('admin' as never), OptionsError);
  });
});
