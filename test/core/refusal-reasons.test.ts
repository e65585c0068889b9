import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuthErrorCode, VerifierOptions } from '../../packages/guard/src/core/index.ts';
import { assertRefused } from '../support/refusal.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { createTestRealm, type MintOptions, rsa } from '../support/test-realm.ts';

type Reason = readonly [
  what: string,
  changes: Record<string, unknown>,
  how: MintOptions,
  code: AuthErrorCode,
  expected: string | undefined,
  seen: string | undefined,
  options?: Partial<VerifierOptions>,
];

const NOT_OURS = { aud: ['a', 'b'], azp: 'other' };
const es256 = createTestKey('ES256', { kid: 'ec' });
const reasons: readonly Reason[] = [
  ['no kid', {}, { header: { kid: undefined } }, 'token_key_unknown', 'header kid', undefined],
  ['the alg of another key', {}, { header: { alg: 'RS256' } }, 'token_algorithm', 'alg ES256', 'alg RS256'],
  [
    'another alg',
    {},
    { header: { alg: 'none' } },
    'token_algorithm',
    'ES256',
    undefined,
    { algorithms: ['ES256'] },
  ],
  ['b64', {}, { header: { b64: true } }, 'token_malformed', 'no crit, no b64', undefined],
  ['crit', {}, { header: { crit: ['exp'] } }, 'token_malformed', 'no crit, no b64', undefined],
  ['another issuer', { iss: 'x' }, {}, 'token_issuer', 'iss https://sso.example.com/realms/testing', 'iss x'],
  [
    'an issuer in a list',
    { iss: ['x'] },
    {},
    'token_issuer',
    'iss https://sso.example.com/realms/testing',
    'iss of type object',
  ],
  [
    'an issuer null',
    { iss: null },
    {},
    'token_issuer',
    'iss https://sso.example.com/realms/testing',
    'iss missing',
  ],
  ['an end in the past', { exp: 1 }, {}, 'token_expired', undefined, 'exp 1'],
  ['a start in the future', { nbf: 9e9 }, {}, 'token_not_yet_valid', undefined, 'nbf 9000000000'],
  ['an end beyond time', { exp: 9e12 }, {}, 'token_claims', 'exp in seconds since 1970', undefined],
  [
    'a binding of no kind',
    { cnf: {} },
    {},
    'token_bound',
    'cnf with jkt (RFC 9449 §6.1) or x5t#S256 (RFC 8705 §3.1)',
    undefined,
  ],
  ['a binding', { cnf: { jkt: 'a' } }, {}, 'token_bound', 'a DPoP proof', 'nothing beside it'],
  ['an ID token', { typ: 'ID' }, {}, 'token_type', 'claim typ Bearer or DPoP', 'claim typ ID'],
  ['no typ', { typ: undefined }, {}, 'token_type', 'claim typ Bearer or DPoP', 'no claim typ'],
  ['other audiences', NOT_OURS, {}, 'token_audience', 'aud or azp my-api', 'aud a, b, azp other'],
  [
    'no audience',
    { aud: undefined, azp: undefined },
    {},
    'token_audience',
    'aud or azp my-api',
    'aud missing, azp missing',
  ],
  [
    'an audience asked for',
    NOT_OURS,
    {},
    'token_audience',
    'aud x or y',
    'aud a, b, azp other',
    { audience: ['x', 'y'] },
  ],
  [
    'azp alone where an audience is asked for',
    { aud: 'a', azp: 'my-api' },
    {},
    'token_audience',
    'aud x',
    'aud a, azp my-api',
    { audience: 'x' },
  ],
];

describe('a refusal says to the log what was expected and what was seen', () => {
  for (const [what, changes, how, code, expected, seen, options] of reasons) {
    it(`of ${what}`, async () => {
      const realm = createTestRealm({ keys: [es256] });
      const error = await assertRefused(() => realm.verifier(options).verify(realm.mint(changes, how)), code);
      assert.deepEqual([error.expected, error.seen], [expected, seen]);
    });
  }

  it('of another kind of header and of an encrypted token', async () => {
    const realm = createTestRealm({ keys: [es256] });
    const typed = realm.mint({}, { header: { typ: 'dpop+jwt' } });
    const error = await assertRefused(() => realm.verifier().verify(typed), 'token_type');
    assert.match(String(error.expected), /^header typ .*at\\\+jwt/);
    const encrypted = await assertRefused(() => realm.verifier().verify('eyJh.a.b.c.d'), 'token_encrypted');
    assert.equal(encrypted.expected, 'a signed JWT');
  });

  it('and asks Keycloak for no key where the token names none', async () => {
    const realm = createTestRealm({ keys: [es256] });
    for (const kid of [undefined, null, 1, ['ec']]) {
      await assertRefused(
        () => realm.verifier().verify(realm.mint({}, { header: { kid } })),
        'token_key_unknown',
      );
    }
    assert.deepEqual([realm.calls.discovery, realm.calls.jwks], [0, 0]);
  });
});

describe('a token is for this API', () => {
  for (const [claims, options] of [
    [{ aud: 'my-api', azp: 'web' }, {}],
    [{ aud: 'account', azp: 'my-api' }, {}],
    [
      { aud: undefined, azp: 'my-api' },
      { fillClaims: false, tokenCheck: 'local' },
    ],
    [{ aud: ['account', 'y'], azp: 'web' }, { audience: ['x', 'y'] }],
  ] as const) {
    it(`by ${JSON.stringify(claims)}, where it asks for ${JSON.stringify(options)}`, async () => {
      const realm = createTestRealm({ keys: [rsa()] });
      assert.ok(await realm.verifier(options).verify(realm.mint(claims)));
    });
  }
});
