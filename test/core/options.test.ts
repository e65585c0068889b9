import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  createMemoryRevocationStore,
  createVerifier,
  OptionsError,
  type VerifierOptions,
} from '../../packages/guard/src/core/index.ts';
import { ANY_AUDIENCE } from '../../packages/guard/src/core/internal.ts';
import { resolveOptions } from '../../packages/guard/src/core/options.ts';
import { settle } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const good = { serverUrl: 'https://sso.example.com', realm: 'testing', clientId: 'my-api' };
const problemsOf = (options: unknown) => {
  try {
    createVerifier(options as VerifierOptions);
  } catch (error) {
    assert.ok(error instanceof OptionsError, String(error));
    return error.problems;
  }
  return [];
};
const wrongOf = (options: unknown) => problemsOf(options).map(({ option }) => option);

describe('the options of a verifier', () => {
  it('need no more than server, realm and client id, and get the documented defaults', () => {
    assert.deepEqual(wrongOf(good), []);
    const { onNotice, clock, fetch: call, algorithms, dpop, credential, ...rest } = resolveOptions(good);
    assert.deepEqual(rest, {
      ...good,
      tenants: undefined,
      issuer: undefined,
      audience: undefined,
      tokenCheck: 'recheck',
      recheckSeconds: 30,
      whenUnavailable: 'accept',
      maxCachedTokens: 10_000,
      clockToleranceSeconds: 5,
      timeoutMs: 5_000,
      fillClaims: true,
      parseClaims: undefined,
      publicUrl: undefined,
      clientCertificate: 'off',
      acrLevels: undefined,
      revocationStore: undefined,
      observers: [],
    });
    assert.deepEqual(dpop, {
      mode: 'off',
      nonceSecret: undefined,
      maxProofsPerKey: 50_000,
    });
    assert.equal(credential.kind, 'none');
    assert.ok(Math.abs(clock() - Date.now()) < 60_000);
    assert.equal(call, fetch);
    assert.equal(onNotice({ level: 'info', code: 'keys_loaded', message: '' }), undefined);
    assert.deepEqual(
      [...algorithms].join(' '),
      'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519',
    );
  });

  it('are frozen', () => {
    assert.ok(Object.isFrozen(resolveOptions(good)));
  });

  it('are reported all at once, each with its rule and an example', () => {
    const problems = problemsOf({ realm: '', tokenCheck: 'never', recheckSeconds: 0, clientSecrt: 'x' });
    assert.deepEqual(problems, [
      {
        option: 'serverUrl',
        rule: 'is missing',
        example: "'https://sso.example.com'",
      },
      { option: 'realm', rule: 'is empty, and must be the name of a realm', example: "'testing'" },
      { option: 'clientId', rule: 'is missing', example: "'my-api'" },
      {
        option: 'tokenCheck',
        rule: 'must be one of recheck, local, remote',
        example: "'recheck'",
      },
      { option: 'recheckSeconds', rule: 'must be a number from 1 to 3600', example: '30' },
      {
        option: 'clientSecrt',
        rule: 'is not an option: did you mean clientSecret?',
        example: 'clientSecret',
      },
    ]);
  });

  it('of other libraries are known by their names here', () => {
    const [problem] = problemsOf({ ...good, url: 'https://sso.example.com' });
    assert.equal(problem?.rule, 'is not an option: did you mean serverUrl?');
  });

  it('are missing altogether: that is three problems, not a crash', () => {
    assert.deepEqual(wrongOf(undefined), ['serverUrl', 'realm', 'clientId']);
    assert.deepEqual(wrongOf(null), ['serverUrl', 'realm', 'clientId']);
  });

  it('do not list a member that everybody inherits as an option', () => {
    assert.deepEqual(wrongOf({ ...good, toString: 1 }), ['toString']);
    assert.deepEqual(wrongOf({ ...good, constructor: 1 }), ['constructor']);
  });

  const texts = ['', ' ', ' x', 'x ', 1, null, {}, []];
  const rejected: Readonly<Record<string, readonly unknown[]>> = {
    serverUrl: [
      ...texts,
      'sso.example.com',
      'localhost:8080',
      'ftp://sso.example.com',
      'javascript:alert(1)',
      'file:///etc/passwd',
      'https://sso.example.com?x=1',
      'https://sso.example.com#x',
      'https://user@sso.example.com',
      'https://:password@sso.example.com',
      'xhttps://sso.example.com',
      'httpsx://sso.example.com',
    ],
    realm: [...texts, 'a/b', 'a?b', 'a#b', 'a\\b', '.', '..', '...', undefined],
    clientId: [...texts, undefined],
    clientSecret: texts,
    issuer: [...texts, 'sso.example.com', 'https://sso.example.com/realms/x?y', 'ftp://sso.example.com'],
    audience: ['', ' x', 1, null, {}, [], [''], ['a', 1], ['a ']],
    tokenCheck: ['', 'Local', 'off', true, null, 1],
    recheckSeconds: [0, 0.9, 3601, -1, '30', null, Number.NaN, Number.POSITIVE_INFINITY],
    whenUnavailable: ['', 'open', 'Accept', null, false],
    maxCachedTokens: [-1, 1.5, 10_000_001, '10', null, Number.NaN],
    clockToleranceSeconds: [-1, 301, '5', null, Number.NaN],
    timeoutMs: [0, 99, 60_001, 1500.5, '5000', null],
    algorithms: [[], ['none'], ['HS256'], ['RS256', 'HS512'], ['rs256'], 'RS256', null, [null]],
    fillClaims: ['true', 1, null],
    parseClaims: ['x', null, {}],
    revocationStore: [
      null,
      'redis',
      {},
      { add: () => {} },
      { subscribe: () => {} },
      { add: () => {}, subscribe: () => {} },
      { subscribe: () => {}, useOnce: () => {} },
      { add: () => {}, useOnce: () => {} },
      { add: 1, subscribe: 1, useOnce: 1 },
    ],
    dpop: [
      true,
      'on',
      null,
      {},
      { mode: 'on' },
      { mode: 'accepted', nonceSecret: 'short' },
      { mode: 'accepted', maxProofsPerKey: 0 },
      { mode: 'accepted', window: 3 },
    ],
    publicUrl: ['', 'api.example.com', 'https://api.example.com/?a', null],
    clientCertificate: [
      true,
      'header',
      null,
      {},
      { header: 'x-cert', trustedBy: ['10.0.0.1'] },
      { header: 'client-cert' },
      { header: 'client-cert', trustedBy: [] },
      { header: 'client-cert', trustedBy: [1] },
      { header: 'client-cert', trustedBy: ['proxy'] },
      { header: 'client-cert', trustedBy: ['10.0.0.1', 'proxy'] },
      ...['10.0.0.0/33', 'fd00::/129', '10.0.0.0/8.5', '10.0.0.0/0x8', '10.0.0.0/1e1'].map((network) => ({
        header: 'client-cert',
        trustedBy: [network],
      })),
      { header: 'client-cert', trustedBy: ['10.0.0.0/8/8'] },
      { header: 'client-cert', trustedBy: ['10.0.0.0/'] },
      { header: 'client-cert', trustedBy: ['10.0.0.1'], more: 1 },
    ],
    acrLevels: [[], {}, null, 'gold', ['silver', 'gold'], { gold: 1.5 }, { gold: '2' }, { 'a b': 1 }],
    tenants: ['', 'organization', null, true, 'realms'],
    onNotice: ['x', null],
    observers: ['x', null, {}, [null], [{}], [{ event: 'x' }], [{ onEvent: () => {} }]],
    clock: [1, null],
    fetch: ['x', null],
  };
  for (const [option, values] of Object.entries(rejected)) {
    for (const value of values) {
      it(`refuse ${option} ${JSON.stringify(value) ?? String(value)}`, () => {
        assert.deepEqual(wrongOf({ ...good, [option]: value }), [option]);
      });
    }
  }

  const accepted: Readonly<Record<string, readonly unknown[]>> = {
    serverUrl: ['http://localhost:8080', 'https://sso.example.com/auth/', 'HTTPS://SSO.EXAMPLE.COM'],
    realm: ['Testing', 'my realm', 'a.b', '..a'],
    clientSecret: [undefined, 'with space inside'],
    issuer: [undefined, 'https://sso.example.com/realms/testing'],
    audience: [undefined, 'a', ['a', 'b']],
    tokenCheck: ['local', 'recheck', 'remote', undefined],
    recheckSeconds: [1, 3600, 1.5],
    whenUnavailable: ['accept', 'refuse'],
    maxCachedTokens: [0, 10_000_000],
    clockToleranceSeconds: [0, 300],
    timeoutMs: [100, 60_000],
    algorithms: [['RS256'], ['ES256', 'EdDSA', 'Ed25519', 'PS384']],
    fillClaims: [true, false],
    parseClaims: [(claims: object) => claims],
    revocationStore: [createMemoryRevocationStore()],
    dpop: ['off', 'accepted', 'required', { mode: 'accepted' }, { mode: 'required', maxProofsPerKey: 1 }],
    publicUrl: ['https://api.example.com', 'http://localhost:8000/v1/'],
    clientCertificate: [
      'off',
      'connection',
      {
        header: 'client-cert',
        trustedBy: ['10.0.0.1', 'fd00::/8', 'fd00::/128', '10.0.0.0/8', '10.0.0.1/32'],
      },
      { header: 'ssl-client-cert', trustedBy: () => true },
    ],
    acrLevels: [{ silver: 1, gold: 2 }],
    tenants: ['organizations'],
    onNotice: [() => {}],
    observers: [[], [{ event: () => {} }]],
    clock: [() => 0],
    fetch: [async () => new Response()],
  };
  for (const [option, values] of Object.entries(accepted)) {
    it(`accept ${option} ${values.map(String).join(' | ')}`, () => {
      for (const value of values) assert.deepEqual(wrongOf({ ...good, [option]: value }), [], String(value));
    });
  }

  it('keep what was given', () => {
    const given = {
      ...good,
      issuer: 'https://sso.example.com/realms/testing',
      audience: 'one',
      tokenCheck: 'remote',
      recheckSeconds: 7,
      whenUnavailable: 'refuse',
      maxCachedTokens: 3,
      clockToleranceSeconds: 0,
      timeoutMs: 100,
      fillClaims: false,
      parseClaims: (claims: object) => claims,
      publicUrl: 'https://api.example.com',
      clientCertificate: 'connection',
      acrLevels: { silver: 1, gold: 2 },
      revocationStore: createMemoryRevocationStore(),
      observers: [{ event: () => {} }],
      clock: () => 1,
      fetch: async () => new Response(),
    } as const;
    const {
      onNotice: _onNotice,
      credential,
      algorithms,
      dpop,
      ...rest
    } = resolveOptions({
      ...given,
      clientSecret: 's',
      algorithms: ['ES256'],
      dpop: 'accepted',
    });
    assert.equal(credential.kind, 'secret');
    assert.equal(dpop.mode, 'accepted');
    assert.deepEqual(rest, { ...given, audience: ['one'], tenants: undefined });
    assert.deepEqual(resolveOptions(good, 'acme').tenants, { name: 'acme' });
    assert.deepEqual(wrongOf({ ...good, tenant: 'acme' }), ['tenant']);
    assert.deepEqual([...algorithms], ['ES256']);
    assert.deepEqual(resolveOptions({ ...good, audience: ['a', 'b'] }).audience, ['a', 'b']);
  });

  it('take a token for any client of the realm, with ANY_AUDIENCE', async (t) => {
    const realm = createTestRealm();
    const strict = realm.verifier();
    const open = realm.verifier({ audience: ANY_AUDIENCE as never });
    t.after(() => Promise.all([strict.close(), open.close()]));
    const token = realm.mint({ aud: 'other', azp: 'other' });
    await assert.rejects(async () => strict.verify(token), { code: 'token_audience' });
    assert.equal((await open.verify(token)).username, 'abdullah');
  });

  it('refuse a store that cannot hold proofs where there will be some', () => {
    const { useProofOnce: _useProofOnce, ...revocationStore } = createMemoryRevocationStore();
    assert.deepEqual(wrongOf({ ...good, revocationStore }), []);
    assert.deepEqual(wrongOf({ ...good, revocationStore, dpop: 'off' }), []);
    assert.deepEqual(wrongOf({ ...good, revocationStore, dpop: 'accepted' }), ['revocationStore']);
  });

  it('let an onNotice that throws break nothing', async () => {
    const realm = createTestRealm();
    const verifier = realm.verifier({
      onNotice: () => {
        throw new Error('the log is full');
      },
    });
    await verifier.load();
    assert.equal(verifier.status().keysLoaded, true);
    realm.setAll('down');
    realm.advance(61);
    realm.mint();
    assert.equal((await verifier.verify(realm.mint({ iat: realm.now - 60 }))).username, 'abdullah');
    await settle();
    await verifier.close();
  });
});
