import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AuthError,
  authenticate,
  combineVerifiers,
  OptionsError,
  type Principal,
  readBearerToken,
  type TokenVerifier,
  type Verifier,
  type VerifierOptions,
} from '../../packages/guard/src/core/index.ts';
import {
  createRequestGuard,
  type GuardOptions,
  type RequestGuardHost,
} from '../../packages/guard/src/core/internal.ts';
import { createDpopClient } from '../support/dpop.ts';
import { refusalOf } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const realm = createTestRealm();
const someone = await realm.verifier().verify(realm.mint());

function guardOf(
  options: GuardOptions = {},
  host: Partial<RequestGuardHost<Request, string>> = {},
  verify: (token: string) => unknown = () => someone,
) {
  const verifier = { ...realm.verifier(), verify: verify as () => Principal };
  return createRequestGuard<Request, string>(verifier, options, { toRequest: (request) => request, ...host });
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

describe('a guard', () => {
  test("lets a request of Fetch's in by its bearer token, at once", () => {
    const tokens: string[] = [];
    const guard = guardOf({}, {}, (token) => {
      tokens.push(token);
      return someone;
    });
    assert.equal(guard.decide(requestWith('Bearer abc'), ''), someone);
    assert.deepEqual(tokens, ['abc']);
    assert.equal(
      codeOf(() => guard.decide(requestWith(), '')),
      'missing_token',
    );
  });

  test('refuses several Authorization values of a Fetch request, which it joins with commas', () => {
    const guard = guardOf();
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
        codeOf(() => guard.decide(request, '')),
        'ambiguous_credentials',
        values.join(' | '),
      );
    }
    assert.equal(
      codeOf(() => guard.decide(requestWith('Digest a="b", c=d'), '')),
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
    const guard = guardOf({}, { sessionOf }, () => assert.fail('no token was read'));
    assert.equal(guard.decide(requestWith(), 'none'), someone);
    assert.equal(guard.decide(requestWith('Basic YTpi'), 'basic'), someone);
    assert.equal(guard.decide(requestWith(''), 'empty'), someone);
    assert.equal(
      codeOf(() => guard.decide(requestWith('Bearer'), 'bearer')),
      'missing_token',
    );
    assert.equal(
      codeOf(() => guard.decide(requestWith('Bearerx a'), 'bearer')),
      'unsupported_scheme',
    );
    assert.equal(
      codeOf(() => guard.decide(requestWith('Basic YTpi', 'Basic YTpi'), 'two')),
      'ambiguous_credentials',
    );
    assert.deepEqual(asked, ['none', 'basic', 'empty']);
    const late = guardOf({}, { sessionOf: () => async () => someone });
    assert.equal(await late.decide(requestWith('Basic YTpi'), ''), someone);
  });

  test('without a session says what is wrong with the header, or that there is neither', async () => {
    const guard = guardOf({}, { sessionOf: () => () => null });
    assert.equal(
      codeOf(() => guard.decide(requestWith('Basic YTpi'), '')),
      'unsupported_scheme',
    );
    assert.equal(
      codeOf(() => guard.decide(requestWith(), '')),
      'missing_token',
    );
    const optional = guardOf({ optional: true }, { sessionOf: () => async () => null });
    assert.equal(await optional.decide(requestWith(), ''), null);
    assert.equal(guardOf({ optional: true }).decide(requestWith(), ''), null);
    assert.equal(optional.isOptional, true);
  });

  test('tells of a refusal, and of who it is where a requirement is not met', async () => {
    const denied: unknown[] = [];
    const onDenied = (_request: Request, { code }: AuthError, principal: Principal | null) =>
      denied.push([code, principal?.subject]);
    const guard = guardOf({ realmRole: 'nobody-has-it' }, { onDenied });
    assert.equal(
      codeOf(() => guard.decide(requestWith('Bearer a'), '')),
      'role_missing',
    );
    assert.equal(
      codeOf(() => guard.decide(requestWith(), '')),
      'missing_token',
    );
    const refusal = new AuthError('token_expired', 'The token expired');
    const late = guardOf({}, { onDenied }, async () => Promise.reject(refusal));
    await assert.rejects(async () => late.decide(requestWith('Bearer a'), ''), refusal);
    assert.deepEqual(denied, [
      ['role_missing', someone.subject],
      ['missing_token', undefined],
      ['token_expired', undefined],
    ]);
    assert.deepEqual(guard.requirements, { realmRole: 'nobody-has-it' });
  });

  test('tells of who is let in by a token, and of nobody who has a session', () => {
    const admitted: unknown[] = [];
    const onAdmitted = (request: Request, principal: Principal) => admitted.push(request, principal);
    const guard = guardOf({}, { onAdmitted, sessionOf: () => () => someone });
    const request = requestWith('Bearer a');
    for (const one of [request, requestWith()]) assert.equal(guard.decide(one, ''), someone);
    assert.deepEqual(admitted, [request, someone]);
  });

  test('decides on who was found elsewhere', () => {
    assert.equal(guardOf().admit(requestWith(), someone), someone);
    assert.equal(
      codeOf(() => guardOf({ realmRole: 'nobody-has-it' }).admit(requestWith(), someone)),
      'role_missing',
    );
  });

  test('lets everybody in where the route is open, by name where the token is good', () => {
    const guard = guardOf(
      { realmRole: 'nobody-has-it' },
      { isOpen: () => true, onDenied: () => assert.fail() },
    );
    assert.equal(guard.decide(requestWith('Bearer a'), ''), someone);
    assert.equal(guard.decide(requestWith(), ''), null);
  });

  test('lets nobody in for what is no principal, or a check that throws what is no error', async () => {
    for (const found of [null, undefined, true, {}, { issuer: 'x', claims: null }]) {
      const guard = guardOf({ optional: true }, {}, () => found);
      assert.throws(() => guard.decide(requestWith('Bearer a'), ''), TypeError);
      const late = guardOf({ optional: true }, {}, async () => found);
      await assert.rejects(async () => late.decide(requestWith('Bearer a'), ''), TypeError);
    }
    const check = () => {
      throw null;
    };
    assert.throws(() => guardOf({ check }).decide(requestWith('Bearer a'), ''), Error);
  });

  test('takes no options that are not what they should be', () => {
    assert.throws(() => guardOf({ optional: 'false' as never }), OptionsError);
    assert.throws(() => guardOf([] as never), OptionsError);
    assert.throws(() => guardOf('admin' as never), OptionsError);
  });
});

describe('a guard for tokens that are bound to a key', () => {
  const uri = 'https://api.example.com/orders';
  const client = createDpopClient();
  const bound = realm.mint({ cnf: { jkt: client.jkt } });
  const plain = realm.mint();
  const verifierOf = (options: Partial<VerifierOptions> = {}) =>
    realm.verifier({ publicUrl: 'https://api.example.com', ...options });
  const send = (scheme: string, token: string, claims = {}) =>
    new Request(uri, {
      headers: {
        authorization: `${scheme} ${token}`,
        dpop: client.proof({ token, uri, now: realm.now }, { claims }),
      },
    });
  const gateFor = (
    verifier: TokenVerifier,
    options: GuardOptions = {},
    host: Partial<RequestGuardHost<Request, Map<string, string>>> = {},
  ) =>
    createRequestGuard<Request, Map<string, string>>(verifier, options, {
      toRequest: (request) => request,
      ...host,
    });
  const answer = async (
    guard: ReturnType<typeof gateFor>,
    request: Request,
    headers = new Map<string, string>(),
  ) => {
    try {
      return (await guard.decide(request, headers))?.username;
    } catch (error) {
      return (error as AuthError).code;
    }
  };

  test('goes by what the verifier has, and by what the route says where it says something', async () => {
    const table = [
      ['off', undefined, 'abdullah', 'unsupported_scheme', 'token_bound'],
      ['off', 'accepted', 'abdullah', 'abdullah', 'token_bound'],
      ['off', 'required', 'dpop_required', 'abdullah', 'dpop_required'],
      ['accepted', undefined, 'abdullah', 'abdullah', 'token_bound'],
      ['accepted', 'required', 'dpop_required', 'abdullah', 'dpop_required'],
      ['required', undefined, 'dpop_required', 'abdullah', 'dpop_required'],
      ['required', 'accepted', 'abdullah', 'abdullah', 'token_bound'],
      ['required', 'off', 'abdullah', 'unsupported_scheme', 'token_bound'],
    ] as const;
    for (const [mode, dpop, ...expected] of table) {
      const guard = gateFor(verifierOf({ dpop: mode }), dpop === undefined ? {} : { dpop });
      const answers = [
        await answer(guard, send('Bearer', plain)),
        await answer(guard, send('DPoP', bound)),
        await answer(guard, send('Bearer', bound)),
      ];
      assert.deepEqual(answers, expected, `${mode}, ${dpop}`);
    }
  });

  test('takes no other mode, and no mode where the verifier cannot tell who sends a token', () => {
    assert.throws(() => gateFor(verifierOf(), { dpop: 'on' as never }), OptionsError);
    const { sender: _sender, ...foreign } = verifierOf();
    assert.throws(() => gateFor(foreign, { dpop: 'required' }), OptionsError);
    gateFor(foreign, { dpop: 'off' });
  });

  test('a verifier of a make of its own goes on taking bearer tokens', async () => {
    const { sender: _sender, ...foreign } = verifierOf();
    assert.equal(await answer(gateFor(foreign), send('Bearer', plain)), 'abdullah');
    assert.equal(await answer(gateFor(foreign), send('DPoP', bound)), 'unsupported_scheme');
    assert.equal((await authenticate(foreign, send('Bearer', plain))).username, 'abdullah');
  });

  test('a session stands in for no proof that is bad, and for a token that is not there', async () => {
    const host = { sessionOf: () => () => someone };
    const guard = gateFor(verifierOf({ dpop: 'required' }), {}, host);
    assert.equal(await answer(guard, new Request(uri)), 'abdullah');
    assert.equal(await answer(guard, send('DPoP', bound, { htm: 'POST' })), 'dpop_proof_invalid');
    assert.equal(await answer(guard, send('Bearer', plain)), 'dpop_required');
    const off = gateFor(verifierOf(), {}, host);
    assert.equal(await answer(off, send('DPoP', bound)), 'unsupported_scheme');
  });

  test('tells of the refusal what the client is told', async () => {
    const told: (string | undefined)[] = [];
    const onDenied = (_request: unknown, { headers }: AuthError) => told.push(headers['www-authenticate']);
    const guard = gateFor(verifierOf({ dpop: 'accepted' }), {}, { onDenied });
    const error = await refusalOf(() => guard.decide(send('Bearer', bound), new Map()));
    assert.deepEqual(told, [error.headers['www-authenticate']]);
    assert.match(String(told[0]), /, DPoP algs="RS256 [^"]+"$/);
    assert.match(String(error.stack), /sender-check\.ts/, 'the stack is that of the check');
  });

  test('gives the next nonce with the answer, before the old one is refused', async () => {
    const own = createTestRealm();
    const token = own.mint({ cnf: { jkt: client.jkt }, exp: own.now + 3_600 });
    const dpop = { mode: 'accepted', nonceSecret: 's'.repeat(32) } as const;
    const verifier = own.verifier({ dpop, publicUrl: 'https://api.example.com', tokenCheck: 'local' });
    const setHeader = (headers: Map<string, string>, name: string, value: string) => headers.set(name, value);
    const guard = gateFor(verifier, {}, { setHeader });
    const call = (nonce: string | undefined, headers: Map<string, string>, to = guard) => {
      const proof = client.proof({ token, uri, now: own.now }, { claims: { nonce } });
      return answer(
        to,
        new Request(uri, { headers: { authorization: `DPoP ${token}`, dpop: proof } }),
        headers,
      );
    };
    const error = await refusalOf(() =>
      authenticate(verifier, {
        headers: { authorization: `DPoP ${token}`, dpop: client.proof({ token, uri, now: own.now }) },
        method: 'GET',
        url: '/orders',
      }),
    );
    const nonce = String(error.headers['dpop-nonce']);
    const headers = new Map<string, string>();
    assert.equal(await call(nonce, headers), 'abdullah');
    assert.equal(headers.size, 0);
    own.advance(300);
    assert.equal(await call(nonce, headers), 'abdullah');
    const next = String(headers.get('dpop-nonce'));
    assert.notEqual(next, nonce);
    assert.equal(
      await call(nonce, new Map(), gateFor(verifier)),
      'abdullah',
      'an adapter that sets no headers',
    );
    own.advance(300);
    assert.equal(await call(nonce, new Map()), 'dpop_nonce_required');
    assert.equal(await call(next, new Map()), 'abdullah');
  });

  test('of several realms goes by the one setting that all have', async () => {
    const customers = createTestRealm({ realm: 'customers' });
    const options = { dpop: 'required', publicUrl: 'https://api.example.com' } as const;
    const members = [realm, customers].map((one) => one.verifier({ ...options, issuer: one.issuer }));
    const guard = gateFor(combineVerifiers(members));
    for (const one of [bound, customers.mint({ cnf: { jkt: client.jkt } })]) {
      assert.equal(await answer(guard, send('DPoP', one)), 'abdullah');
      assert.equal(await answer(guard, send('DPoP', one)), 'abdullah', 'known');
    }
    assert.equal(await answer(guard, send('Bearer', customers.mint())), 'dpop_required');
    assert.throws(
      () => combineVerifiers([realm.verifier({ issuer: realm.issuer }), members[1] as Verifier]),
      OptionsError,
    );
    const foreign = members.map(({ sender: _s, signInRules: _r, ...rest }) => rest);
    assert.equal(combineVerifiers(foreign).sender, undefined);
  });
});
