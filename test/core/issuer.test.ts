import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createIssuer, OptionsError } from '../../packages/guard/src/core/index.ts';
import { assertRefused, settle } from '../support/refusal.ts';
import { type Answer, createTestRealm, type TestRealm } from '../support/test-realm.ts';

const URLS: readonly [string, string][] = [
  ['https://sso.example.com', 'https://sso.example.com/realms/testing'],
  ['https://sso.example.com/', 'https://sso.example.com/realms/testing'],
  ['https://sso.example.com//', 'https://sso.example.com/realms/testing'],
  ['http://localhost:8080/auth', 'http://localhost:8080/auth/realms/testing'],
  ['http://localhost:8080/auth/', 'http://localhost:8080/auth/realms/testing'],
  ['http://localhost:8080//auth//', 'http://localhost:8080/auth/realms/testing'],
  ['http://localhost:8080/a//b///c', 'http://localhost:8080/a/b/c/realms/testing'],
  ['HTTPS://SSO.Example.com:443/Auth', 'https://sso.example.com/Auth/realms/testing'],
];

const optionsOf = ({ serverUrl, realm, fetch }: TestRealm) => ({ serverUrl, realm, fetch });

describe('createIssuer', () => {
  for (const [serverUrl, baseUrl] of URLS) {
    it(`turns ${serverUrl} into ${baseUrl}`, () => {
      assert.equal(createIssuer({ serverUrl, realm: 'testing' }).baseUrl, baseUrl);
    });
  }

  it('refuses what is no server and no realm, and what it does not know, all at once', () => {
    const wrong = { serverUrl: 'https://x.example/realms/r', realm: 'a/b', timeoutMS: 5 };
    assert.throws(
      () => createIssuer(wrong),
      (error) => {
        assert.ok(error instanceof OptionsError);
        assert.deepEqual(
          error.problems.map(({ option, example }) => [option, example]),
          [
            ['serverUrl', "'https://x.example'"],
            ['realm', "'testing'"],
            ['timeoutMS', 'timeoutMs'],
          ],
        );
        return true;
      },
    );
  });

  it('encodes the name of the realm', () => {
    assert.equal(
      createIssuer({ serverUrl: 'https://x.example', realm: 'my realm & co' }).baseUrl,
      'https://x.example/realms/my%20realm%20%26%20co',
    );
  });

  it("knows Keycloak's endpoints without asking", () => {
    const { endpoints, current } = createIssuer({ serverUrl: 'https://x.example', realm: 'r' });
    assert.equal(current, null);
    assert.ok(Object.isFrozen(endpoints));
    assert.deepEqual(endpoints, {
      discovery: 'https://x.example/realms/r/.well-known/openid-configuration',
      authorization: 'https://x.example/realms/r/protocol/openid-connect/auth',
      deviceAuthorization: 'https://x.example/realms/r/protocol/openid-connect/auth/device',
      token: 'https://x.example/realms/r/protocol/openid-connect/token',
      certs: 'https://x.example/realms/r/protocol/openid-connect/certs',
      userinfo: 'https://x.example/realms/r/protocol/openid-connect/userinfo',
      introspection: 'https://x.example/realms/r/protocol/openid-connect/token/introspect',
      revocation: 'https://x.example/realms/r/protocol/openid-connect/revoke',
      logout: 'https://x.example/realms/r/protocol/openid-connect/logout',
    });
  });

  it('discovers once, by one call however many wait, and again when told to', async () => {
    const realm = createTestRealm();
    const issuer = createIssuer(optionsOf(realm));
    realm.answers.discovery = 'slow';
    const waiting = Promise.all([issuer.discover(), issuer.discover(), issuer.refresh()]);
    await settle();
    realm.release();
    const [first, second, third] = await waiting;
    assert.equal(first, second);
    assert.equal(first, third);
    assert.equal(first.issuer, realm.issuer);
    assert.equal(first.metadata.jwks_uri, 'https://public.invalid/certs');
    assert.equal(issuer.current, first);
    realm.answers.discovery = 'normal';
    assert.equal(await issuer.discover(), first);
    assert.equal(realm.calls.discovery, 1);
    assert.notEqual(await issuer.refresh(), first);
    assert.equal(realm.calls.discovery, 2);
    realm.answers.discovery = 'down';
    await assertRefused(() => issuer.refresh(), 'provider_unavailable');
    assert.equal((await issuer.discover()).issuer, realm.issuer, 'the old document stays');
  });

  it('calls a Keycloak that is away once a second, however many ask, and not again once it was loaded', async (t) => {
    let now = 10_000;
    t.mock.method(performance, 'now', () => now);
    const realm = createTestRealm();
    const issuer = createIssuer(optionsOf(realm));
    realm.answers.discovery = 'down';
    for (let at = 0; at < 20; at++) {
      await assertRefused(() => issuer.discover(), 'provider_unavailable');
      now += 100;
    }
    assert.equal(realm.calls.discovery, 2);
    // A clock of tests may begin at nought.
    now = 0;
    await assertRefused(() => issuer.discover(), 'provider_unavailable');
    assert.equal(realm.calls.discovery, 3);
    realm.answers.discovery = 'normal';
    await issuer.refresh();
    assert.equal((await issuer.discover()).issuer, realm.issuer);
    assert.equal(realm.calls.discovery, 4);
  });

  describe('that was set, of a Keycloak that names itself by the address it is called at', () => {
    const PUBLIC = 'https://sso.example.com/realms/testing';
    const inside = () => {
      const realm = createTestRealm({ serverUrl: 'http://keycloak:8080', issuer: PUBLIC });
      realm.discovery = { issuer: 'http://keycloak:8080/realms/testing' };
      return realm;
    };

    it('is the issuer of tokens, which Keycloak is not asked about', async () => {
      const realm = inside();
      const verifier = realm.verifier({ issuer: PUBLIC, clientSecret: 'a-secret' });
      const token = realm.mint();
      assert.equal((await verifier.verify(token)).issuer, PUBLIC);
      realm.advance(60);
      const { issuer } = await verifier.verify(token);
      assert.deepEqual([issuer, realm.calls.introspection, realm.calls.userinfo], [PUBLIC, 0, 0]);
      const [notice] = realm.notices.filter(({ code }) => code === 'recheck_impossible');
      assert.match(notice?.message ?? '', /Set KC_HOSTNAME/);
      await verifier.close();
    });

    it('is asked about its tokens where that address is the one that was set', async () => {
      const realm = createTestRealm();
      const verifier = realm.verifier({ issuer: realm.issuer, clientSecret: 'a-secret' });
      await verifier.verify(realm.mint({ iat: realm.now - 60 }));
      assert.equal(realm.calls.introspection, 1);
      await verifier.close();
    });

    it('may have another path, as long as it is of that realm', async () => {
      const issuer = 'https://sso.example.com/auth/realms/testing';
      assert.equal((await createIssuer({ ...optionsOf(inside()), issuer }).discover()).issuer, issuer);
    });

    it('is not, where an answer of Keycloak is needed', async () => {
      const realm = inside();
      const verifier = realm.verifier({ issuer: PUBLIC, clientSecret: 'a-secret', tokenCheck: 'remote' });
      await assertRefused(() => verifier.verify(realm.mint()), 'provider_misconfigured');
      await verifier.close();
    });

    for (const [what, options, named] of [
      ['names another realm', { issuer: 'https://sso.example.com/realms/other' }, undefined],
      ['names yet another address', { issuer: PUBLIC }, 'http://elsewhere:8080/realms/testing'],
      ['begins as that realm does', { issuer: `${PUBLIC}/realms/other` }, undefined],
      ['names another realm of the same address', { issuer: PUBLIC }, 'http://keycloak:8080/realms/other'],
    ] as const) {
      it(`is refused where one of them ${what}`, async () => {
        const realm = inside();
        if (named !== undefined) realm.discovery = { issuer: named };
        const issuer = createIssuer({ ...optionsOf(realm), ...options });
        await assertRefused(() => issuer.discover(), 'provider_misconfigured');
      });
    }

    it('takes no token of the address inside', async () => {
      const realm = inside();
      const verifier = realm.verifier({ issuer: PUBLIC });
      await assertRefused(
        () => verifier.verify(realm.mint({ iss: 'http://keycloak:8080/realms/testing' })),
        'token_issuer',
      );
      await verifier.close();
    });
  });

  const failures: readonly [Answer, string, RegExp][] = [
    ['down', 'provider_unavailable', /gave no answer: ECONNREFUSED$/],
    ['error', 'provider_unavailable', /answered HTTP 500, not the discovery document$/],
    ['html', 'provider_unavailable', /answered HTTP 200, not the discovery document$/],
    ['empty', 'provider_unavailable', /answered HTTP 200, not/],
    ['half', 'provider_unavailable', /gave no answer: UND_ERR_SOCKET$/],
    ['huge', 'provider_unavailable', /gave no answer: the answer is larger than 1048576 bytes$/],
    ['redirect', 'provider_unavailable', /answered HTTP 302, not/],
    ['missing', 'provider_misconfigured', /answered 404$/],
  ];
  for (const [answer, code, reason] of failures) {
    it(`says ${code} when Keycloak answers: ${answer}`, async () => {
      const realm = createTestRealm();
      realm.setAll(answer);
      const error = await assertRefused(
        () => createIssuer(optionsOf(realm)).discover(),
        code as 'provider_unavailable',
      );
      assert.match(error.reason, reason);
      assert.equal(error.expected, 'the discovery document');
      assert.ok(error.seen);
      assert.deepEqual(realm.strayCalls, [], 'a redirect was followed');
    });
  }

  it('says what it wanted where the document names no issuer', async () => {
    for (const [issuer, seen] of [
      [undefined, 'undefined'],
      [['https://sso.example.com'], 'object'],
      ['testing', 'string'],
    ]) {
      const realm = createTestRealm();
      realm.discovery = { issuer };
      const error = await assertRefused(
        () => createIssuer(optionsOf(realm)).discover(),
        'provider_misconfigured',
      );
      assert.equal(error.expected, 'a JSON object with an "issuer"');
      assert.equal(error.seen, `"issuer" of type ${seen}`);
    }
  });

  it('tries once more, and no oftener, when a connection breaks', async () => {
    const realm = createTestRealm();
    for (const [broken, calls, isAnswered] of [
      [1, 2, true],
      [9, 2, false],
    ] as const) {
      let asked = 0;
      const breaking = (url: string, init?: RequestInit): Promise<Response> => {
        asked++;
        realm.answers.discovery = asked <= broken ? 'half' : 'normal';
        return realm.fetch(url, init);
      };
      const issuer = createIssuer({ ...optionsOf(realm), fetch: breaking as typeof fetch });
      if (isAnswered) assert.equal((await issuer.discover()).issuer, realm.issuer);
      else await assertRefused(() => issuer.discover(), 'provider_unavailable');
      assert.equal(asked, calls);
    }
  });

  const answers: readonly [string, () => Response | Promise<Response>, string][] = [
    ['400', () => new Response('{}', { status: 400 }), 'provider_misconfigured'],
    ['499', () => new Response('{}', { status: 499 }), 'provider_misconfigured'],
    ['429', () => new Response('{}', { status: 429 }), 'provider_unavailable'],
    ['a list', () => Response.json([]), 'provider_unavailable'],
    ['null', () => Response.json(null), 'provider_unavailable'],
    ['a text', () => Response.json('x'), 'provider_unavailable'],
    ['201', () => Response.json({ issuer: 'https://x.example' }, { status: 201 }), 'provider_unavailable'],
    ['no reason at all', () => Promise.reject('just so'), 'provider_unavailable'],
    ['no cause', () => Promise.reject(new Error('odd')), 'provider_unavailable'],
    [
      'a cause without a code',
      () => Promise.reject(new Error('x', { cause: { message: 'why' } })),
      'provider_unavailable',
    ],
    [
      'several addresses',
      () => Promise.reject(new Error('x', { cause: { errors: [{ code: 'E1' }] } })),
      'provider_unavailable',
    ],
    [
      'no address',
      () => Promise.reject(new Error('x', { cause: { errors: [], message: 'none' } })),
      'provider_unavailable',
    ],
  ];
  const reasons: Readonly<Record<string, RegExp>> = {
    'no reason at all': /just so$/,
    'no cause': /odd$/,
    'a cause without a code': /why$/,
    'several addresses': /E1$/,
    'no address': /none$/,
  };
  for (const [name, respond, code] of answers) {
    it(`takes an answer (${name}) for ${code}`, async () => {
      const issuer = createIssuer({
        serverUrl: 'https://x.example',
        realm: 'r',
        fetch: async () => respond(),
      });
      const error = await assertRefused(() => issuer.discover(), code as 'provider_unavailable');
      assert.match(error.reason, reasons[name] ?? /answered/);
    });
  }

  it('bounds the call by the timeout it was given, and 5 s without', async () => {
    const seen: number[] = [];
    const timeout = AbortSignal.timeout;
    AbortSignal.timeout = (ms) => {
      seen.push(ms);
      return timeout.call(AbortSignal, ms);
    };
    try {
      const options = {
        serverUrl: 'https://x.example',
        realm: 'r',
        fetch: async () => Response.json({ issuer: 'https://x.example' }),
      };
      await createIssuer(options).discover();
      await createIssuer({ ...options, timeoutMs: 123 }).discover();
    } finally {
      AbortSignal.timeout = timeout;
    }
    assert.deepEqual(seen, [5_000, 123]);
  });

  it('uses the global fetch where none is given', async (t) => {
    t.mock.method(globalThis, 'fetch', async () => Response.json({ issuer: 'https://x.example' }));
    assert.equal(
      (await createIssuer({ serverUrl: 'https://x.example', realm: 'r' }).discover()).issuer,
      'https://x.example',
    );
  });
});
