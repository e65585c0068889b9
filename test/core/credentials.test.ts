import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { authenticate, type Principal, readBearerToken } from '../../packages/guard/src/core/index.ts';
import { DpopCredentials, readCredentials } from '../../packages/guard/src/core/internal.ts';
import { assertRefused } from '../support/refusal.ts';

const read = (authorization: string | undefined, rawHeaders?: string[]) =>
  readBearerToken({ headers: { authorization }, rawHeaders });

describe('reading the Authorization header', () => {
  for (const header of ['Bearer a.b.c', 'bearer a.b.c', 'BEARER a.b.c', 'bEaReR a.b.c', 'Bearer   a.b.c']) {
    it(`reads the token of "${header}"`, () => {
      assert.equal(read(header), 'a.b.c');
    });
  }

  for (const header of [undefined, '', 'Bearer', 'bearer', 'Bearer ', 'Bearer    ', 'bearer  ']) {
    it(`says that ${JSON.stringify(header)} holds no token, with a bare challenge`, async () => {
      const error = await assertRefused(() => read(header), 'missing_token');
      assert.equal(error.statusCode, 401);
      assert.equal(error.message, 'Not authenticated');
      assert.deepEqual(error.headers, { 'www-authenticate': 'Bearer' });
    });
  }

  it('tells the log whether there was no header or no token', async () => {
    assert.equal(
      (await assertRefused(() => read(undefined), 'missing_token')).reason,
      'The request has no Authorization header',
    );
    for (const header of ['Bearer', 'Bearer ']) {
      assert.equal(
        (await assertRefused(() => read(header), 'missing_token')).reason,
        'The Authorization header has a scheme and no token',
      );
    }
  });

  for (const header of [
    'Basic dXNlcjpwYXNz',
    'DPoP a.b.c',
    'Token a.b.c',
    'a.b.c',
    'BearerX a.b.c',
    'Bearer\ta.b.c',
    'Bearera.b.c',
    'XBearer a.b.c',
    'not Bearer',
    ' Bearer a.b.c',
    '"Bearer a.b.c"',
  ]) {
    it(`does not take ${JSON.stringify(header)} for a bearer token`, async () => {
      const error = await assertRefused(() => read(header), 'unsupported_scheme');
      assert.equal(error.statusCode, 401);
      assert.equal(error.message, 'Invalid authentication credentials');
      assert.equal(error.expected, 'Bearer <token>');
      assert.equal(error.reason, 'The Authorization header is not of the scheme Bearer');
      assert.deepEqual(error.headers, { 'www-authenticate': 'Bearer' });
    });
  }

  it('skips spaces alone before the token, and nothing else that looks like one', () => {
    assert.equal(read('Bearer  \u00a0a.b.c'), '\u00a0a.b.c');
    assert.equal(read('Bearer  \ta.b.c'), '\ta.b.c');
  });

  it('refuses a request with two Authorization headers, in whatever case, with 400', async () => {
    for (const second of ['Authorization', 'authorization', 'AUTHORIZATION']) {
      const error = await assertRefused(
        () => read('Bearer a.b.c', ['Authorization', 'Bearer a.b.c', 'Host', 'x', second, 'Bearer d.e.f']),
        'ambiguous_credentials',
      );
      assert.equal(error.statusCode, 400);
      assert.equal(error.message, 'Invalid authentication credentials');
      assert.equal(error.reason, 'The request has more than one Authorization header');
      assert.deepEqual(error.headers, {
        'www-authenticate':
          'Bearer error="invalid_request", error_description="The request has more than one Authorization header"',
      });
    }
  });

  it('refuses several that were joined, or that came as a list, where the raw headers are not there to tell', async () => {
    for (const authorization of ['Bearer a.b.c, Bearer d.e.f', ['Bearer a.b.c', 'Bearer d.e.f']]) {
      await assertRefused(() => readBearerToken({ headers: { authorization } }), 'ambiguous_credentials');
    }
    assert.equal(readBearerToken({ headers: { authorization: ['Bearer a.b.c'] } }), 'a.b.c');
  });

  it('tells several that were joined from the parameters of one, which may hold commas', async () => {
    for (const [authorization, code] of [
      ['Basic YTpi , Digest a="b"', 'ambiguous_credentials'],
      ['Basic  YTpi==, Digest a="b"', 'ambiguous_credentials'],
      ['Negotiate, Digest a="b"', 'ambiguous_credentials'],
      ['Bearer "a", b', 'ambiguous_credentials'],
      ['Digest a="b",Bearer c', 'ambiguous_credentials'],
      ['Digest a="b", c="d", \tDPoP c', 'ambiguous_credentials'],
      ['Digest a="b", c="d"', 'unsupported_scheme'],
      ['Digest a="bearer", c="d"', 'unsupported_scheme'],
      ['Digest a="b", bearers="d"', 'unsupported_scheme'],
    ] as const) {
      await assertRefused(() => read(authorization), code);
    }
  });

  it('takes a token of the scheme DPoP where it may come, and never for one of Bearer', () => {
    const readEither = (authorization: string) => {
      const found = readCredentials({ headers: { authorization } }, true);
      return found instanceof Error ? [found.code, found.expected] : found;
    };
    for (const header of ['DPoP a.b.c', 'dpop a.b.c', 'DPOP   a.b.c'])
      assert.deepEqual(readEither(header), new DpopCredentials('a.b.c'));
    assert.equal(readEither('Bearer a.b.c'), 'a.b.c');
    for (const header of ['DPoP', 'dpop ', 'DPoP   ', 'bearer', 'Bearer  '])
      assert.deepEqual(readEither(header), ['missing_token', undefined]);
    const other = ['unsupported_scheme', 'Bearer <token> or DPoP <token>'];
    for (const header of ['xDPoP a.b.c', 'Basic dpop a', 'Basic dpop', 'DPoP\ta', 'DPoP a\nb', 'DPoPx'])
      assert.deepEqual(readEither(header), other);
  });

  it('is not confused by values and other names that look like the header', () => {
    const rawHeaders = [
      'X-Note',
      'Authorization',
      'Authorization',
      'Bearer a.b.c',
      'Authorizations',
      'Bearer d.e.f',
      'Proxy-Authorization',
      'Basic x',
      'authorizatio_',
      'x',
    ];
    assert.equal(read('Bearer a.b.c', rawHeaders), 'a.b.c');
  });
});

describe('authenticate', () => {
  it('hands the token of the request to the verifier and its answer back as it is', () => {
    const principal = { issuer: 'https://sso.example.com/realms/a', claims: {} } as Principal;
    const seen: string[] = [];
    const verifier = {
      verify(token: string) {
        seen.push(token);
        return principal;
      },
    };
    assert.equal(authenticate(verifier, { headers: { authorization: 'Bearer a.b.c' } }), principal);
    assert.deepEqual(seen, ['a.b.c']);
  });

  it('lets nobody in by what is no principal', () => {
    const verifier = { verify: () => ({}) as Principal };
    const request = { headers: { authorization: 'Bearer a.b.c' } };
    assert.throws(() => authenticate(verifier, request), /neither a principal nor an error/);
  });

  it('does not trouble the verifier with a request without a token', async () => {
    const verifier = { verify: () => assert.fail('asked') };
    await assertRefused(() => authenticate(verifier, { headers: {} }), 'missing_token');
  });

  it('leaves a fault of the verifier what it is', async () => {
    const request = { headers: { authorization: 'Bearer a.b.c' } };
    const fault = new TypeError('a fault');
    const verify = (): never => {
      throw fault;
    };
    assert.throws(() => authenticate({ verify }, request), fault);
    await assert.rejects(
      Promise.resolve(authenticate({ verify: () => Promise.reject(fault) }, request)),
      fault,
    );
  });
});
