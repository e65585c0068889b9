import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Tokens } from '../../packages/guard/src/client/index.ts';
import {
  combineVerifiers,
  isAuthError,
  OptionsError,
  type Principal,
  type TokenVerifier,
  type Verifier,
  type VerifierOptions,
} from '../../packages/guard/src/core/index.ts';
import { check } from '../../packages/guard/src/outgoing/options.ts';
import {
  createRealmClient,
  createUserTokens,
  type Subject,
} from '../../packages/guard/src/outgoing/realm-client.ts';
import { claimsOf, createTestRealm } from '../support/test-realm.ts';

const ORDERS = { audience: 'orders', scope: 'to-orders' };

/** Tokens of users for other services; Keycloak answers as the test says. */
async function start(options: Partial<VerifierOptions> = {}) {
  const realm = createTestRealm();
  const verifier = realm.verifier({ tokenCheck: 'local', ...options });
  await verifier.load();
  const asked: { subjectToken: string; audience: string }[] = [];
  const state = {
    lifetime: 300 as number | null,
    claims: {} as Record<string, unknown>,
    gate: undefined as Promise<void> | undefined,
    error: undefined as Error | undefined,
  };
  const users = createUserTokens(verifier, async (subjectToken, { audience }) => {
    asked.push({ subjectToken, audience });
    await state.gate;
    if (state.error !== undefined) throw state.error;
    const accessToken = realm.mint({
      ...{ sub: claimsOf(subjectToken).sub, aud: audience, azp: 'my-api', ...state.claims },
    });
    return { accessToken, expiresInSeconds: state.lifetime } as Tokens;
  });
  const subjectOf = async (changes: Record<string, unknown> = {}): Promise<Subject> => {
    const token = realm.mint(changes);
    return { token, principal: (await verifier.verify(token)) as Principal };
  };
  return { realm, verifier, users, asked, state, subjectOf };
}
const codeOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isAuthError(error) ? error.code : String(error)),
  );

describe('a token in the name of a user', () => {
  it('is asked for once, however many wait, and kept until shortly before it expires', async () => {
    const { realm, users, asked, subjectOf } = await start({ tokenCheck: 'recheck' });
    const source = users.sourceOf(await subjectOf({ exp: realm.now + 3600 }), ORDERS);
    const all = await Promise.all(Array.from({ length: 50 }, () => source.get()));
    assert.equal(new Set(all).size, 1);
    realm.advance(297);
    assert.equal(await source.get(), all[0]);
    assert.equal(asked.length, 1);
    realm.advance(1.5);
    assert.notEqual(await source.get(), all[0]);
    assert.equal(asked.length, 2);
  });

  it('never outlives the token that it was exchanged for, whatever Keycloak answers', async () => {
    const { realm, users, state, asked, subjectOf } = await start({ clockToleranceSeconds: 60 });
    state.lifetime = 3600;
    const subject = await subjectOf({ exp: realm.now + 100 });
    const source = users.sourceOf(subject, ORDERS);
    await source.get();
    realm.advance(99);
    await source.get();
    realm.advance(1);
    // The guard still lets its sender in, because clocks may differ.
    assert.equal(await codeOf(source.get()), 'token_expired');
    assert.equal(asked.length, 2);
  });

  it('is not sent once its own time is over, whatever Keycloak says of it, and is no fault of the caller where it is none', async () => {
    const { realm, users, state, asked, subjectOf } = await start({ clockToleranceSeconds: 0 });
    state.lifetime = 3600;
    state.claims = { exp: realm.now + 10 };
    const source = users.sourceOf(await subjectOf(), ORDERS);
    await source.get();
    realm.advance(9);
    state.claims = { exp: realm.now + 10 };
    await source.get();
    assert.equal(asked.length, 2);
    for (const exp of [realm.now, realm.now - 3600]) {
      state.claims = { exp };
      assert.equal(await codeOf(users.sourceOf(await subjectOf(), ORDERS).get()), 'provider_answer_invalid');
    }
    const opaque = createUserTokens(realm.verifier(), async () => ({ accessToken: 'opaque' }) as Tokens);
    assert.equal(await codeOf(opaque.sourceOf(await subjectOf(), ORDERS).get()), 'provider_answer_invalid');
  });

  it('is kept by what Keycloak says where the token does not, less two seconds on the way, and of a short life half', async () => {
    for (const [lifetime, seconds] of [
      [20, 18],
      [2, 1],
    ] as const) {
      const { realm, users, state, asked, subjectOf } = await start({ tokenCheck: 'recheck' });
      Object.assign(state, { lifetime, claims: { exp: undefined } });
      const source = users.sourceOf(await subjectOf({ exp: realm.now + 3600 }), ORDERS);
      await source.get();
      realm.advance(seconds - 0.1);
      await source.get();
      assert.equal(asked.length, 1, `${lifetime} s`);
      realm.advance(0.1);
      await source.get();
      assert.equal(asked.length, 2, `${lifetime} s`);
    }
  });

  it('may be as old as the clocks may differ', async () => {
    const { realm, users, state, subjectOf } = await start({ clockToleranceSeconds: 30 });
    for (const [age, code] of [
      [29, 'no error'],
      [30, 'provider_answer_invalid'],
    ] as const) {
      state.claims = { exp: realm.now - age };
      assert.equal(await codeOf(users.sourceOf(await subjectOf(), ORDERS).get()), code, String(age));
    }
  });

  it('is not exchanged for the service that has exchanged it, which would keep it alive for ever', async () => {
    const { users, subjectOf } = await start();
    for (const [azp, jti, code] of [
      ['orders', 'trrtte:7f0c', 'permission_denied'],
      ['orders', 'onrtac:7f0c', 'no error'],
      ['orders', undefined, 'no error'],
      ['web', 'trrtte:7f0c', 'no error'],
      ['web', 'onrtac:7f0c', 'no error'],
    ] as const)
      assert.equal(
        await codeOf(users.sourceOf(await subjectOf({ azp, jti }), ORDERS).get()),
        code,
        `${azp} ${jti}`,
      );
  });

  it('is kept for a minute where nobody asks Keycloak whether the session is still there', async () => {
    for (const [tokenCheck, calls] of [
      ['local', 2],
      ['recheck', 1],
    ] as const) {
      const { realm, users, asked, subjectOf } = await start({ tokenCheck });
      const source = users.sourceOf(await subjectOf(), ORDERS);
      await source.get();
      realm.advance(61);
      await source.get();
      assert.equal(asked.length, calls, tokenCheck);
    }
  });

  it('belongs to the token that was exchanged, to its audience and its scopes, and to a key or to none', async () => {
    const { users, asked, subjectOf } = await start();
    const [one, two] = [await subjectOf(), await subjectOf()];
    const targets = [
      ...[ORDERS, { audience: 'orders' }, { audience: 'stock', scope: 'to-orders' }],
      { ...ORDERS, dpop: true },
    ];
    for (let i = 0; i < 3; i++) {
      for (const subject of [one, two])
        for (const target of targets) await users.sourceOf(subject, target).get();
    }
    assert.equal(asked.length, 8);
  });

  it('is refused if it is of another user, or for another service', async () => {
    const { users, state, subjectOf } = await start();
    for (const claims of [{ sub: 'somebody else' }, { aud: 'stock' }, { aud: ['stock', 'account'] }]) {
      state.claims = claims;
      const source = users.sourceOf(await subjectOf(), ORDERS);
      assert.equal(await codeOf(source.get()), 'provider_misconfigured');
    }
    // Lightweight tokens do not say.
    state.claims = { sub: undefined, aud: undefined };
    assert.equal(await codeOf(users.sourceOf(await subjectOf(), ORDERS).get()), 'no error');
  });

  it('that failed is asked for again, and no failure is kept', async () => {
    const { users, state, asked, subjectOf } = await start();
    const source = users.sourceOf(await subjectOf(), ORDERS);
    state.error = new Error('down');
    assert.equal(await codeOf(source.get()), 'Error: down');
    state.error = undefined;
    assert.equal(await codeOf(source.get()), 'no error');
    assert.equal(asked.length, 2);
  });

  it('of which Keycloak does not say how long it is good is not kept', async () => {
    const { users, state, asked, subjectOf } = await start();
    state.lifetime = null;
    const source = users.sourceOf(await subjectOf(), ORDERS);
    await source.get();
    await source.get();
    assert.equal(asked.length, 2);
  });

  it('is asked for again because a service refuses it, and not while it is fresh', async () => {
    const { realm, users, asked, subjectOf } = await start();
    const source = users.sourceOf(await subjectOf(), ORDERS);
    source.drop(await source.get());
    source.drop('another one');
    const fresh = await source.get();
    assert.equal(asked.length, 1);
    realm.advance(5);
    source.drop(fresh);
    await source.get();
    assert.equal(asked.length, 2);
  });
});

describe('one user who asks for very much', () => {
  it('has eight exchanges at a time, and others do not wait for them', async (t) => {
    // The waits do not keep a process alive.
    const alive = setInterval(() => {}, 1_000);
    t.after(() => clearInterval(alive));
    const { realm, users, state, asked, subjectOf } = await start({ timeoutMs: 100 });
    let open = () => {};
    state.gate = new Promise((resolve) => {
      open = resolve;
    });
    const greedy = await Promise.all(Array.from({ length: 40 }, () => subjectOf({ sub: 'greedy' })));
    const waiting = greedy.map((subject) => codeOf(users.sourceOf(subject, ORDERS).get()));
    await Promise.resolve();
    const other = codeOf(users.sourceOf(await subjectOf({ sub: 'other' }), ORDERS).get());
    // Those whose turn does not come are refused after the time limit, and the others are not.
    const refused = await Promise.all(waiting.slice(8));
    assert.deepEqual([...new Set(refused)], ['provider_unavailable']);
    assert.equal(asked.length, 9);
    open();
    assert.deepEqual(await Promise.all([...waiting.slice(0, 8), other]), Array(9).fill('no error'));
    assert.equal(realm.strayCalls.length, 0);
  });

  it('keeps sixteen tokens, and takes no other user’s', async () => {
    const { users, asked, subjectOf } = await start();
    const other = await subjectOf({ sub: 'other' });
    await users.sourceOf(other, ORDERS).get();
    const greedy: Subject[] = [];
    for (let i = 0; i < 17; i++) greedy.push(await subjectOf({ sub: 'greedy' }));
    for (const subject of greedy) await users.sourceOf(subject, ORDERS).get();
    const before = asked.length;
    await users.sourceOf(other, ORDERS).get();
    await users.sourceOf(greedy[16] as Subject, ORDERS).get();
    assert.equal(asked.length, before);
    await users.sourceOf(greedy[0] as Subject, ORDERS).get();
    assert.equal(asked.length, before + 1);
  });
});

describe('a realm that answers with the longest tokens', () => {
  it('does not fill the memory: what is kept has a size, and begins anew beyond it', async () => {
    const realm = createTestRealm();
    const verifier = realm.verifier();
    const token = realm.mint();
    const principal = (await verifier.verify(token)) as Principal;
    const [header, , signature] = token.split('.');
    const payload = Buffer.from(JSON.stringify({ pad: 'x'.repeat(40_000) })).toString('base64url');
    const asked: string[] = [];
    const users = createUserTokens(verifier, async (subjectToken) => {
      asked.push(subjectToken);
      return { accessToken: `${header}.${payload}.${signature}`, expiresInSeconds: 300 } as Tokens;
    });
    const get = (i: number) =>
      users.sourceOf({ token, principal: { ...principal, subject: `person ${i}` } }, ORDERS).get();
    await get(0);
    for (let i = 1; i < 1_000; i++) await get(i);
    await get(0);
    assert.equal(asked.length, 1_000, 'forty megabytes are kept');
    for (let i = 1_000; i < 3_000; i++) await get(i);
    await get(2_999);
    assert.equal(asked.length, 3_000);
    await get(0);
    assert.equal(asked.length, 3_001, 'more than a hundred are not');
  });
});

describe('a token of the application', () => {
  it('that Keycloak does not give is reported once, and so is the end of it', async () => {
    const realm = createTestRealm();
    let answer: [status: number, body: object] = [503, { error: 'x' }];
    const verifier = realm.verifier({
      ...{ tokenCheck: 'local', clientSecret: 'secret' },
      fetch: async (...args) =>
        String(args[0]).endsWith('/token')
          ? Response.json(answer[1], { status: answer[0] })
          : realm.fetch(...args),
    });
    await verifier.load();
    const client = createRealmClient('test', verifier);
    const source = client.own({});
    const codes = () => realm.notices.splice(0).map(({ code }) => code);
    codes();
    const refused = { error: 'unauthorized_client', error_description: 'Invalid client credentials' };
    assert.equal(await codeOf(source.get()), 'provider_unavailable');
    assert.equal(await codeOf(source.get()), 'provider_unavailable');
    assert.deepEqual(codes(), ['provider_unavailable']);
    answer = [200, { access_token: realm.mint(), token_type: 'Bearer', expires_in: 60 }];
    assert.equal(await codeOf(source.get()), 'no error');
    assert.deepEqual(codes(), ['provider_back']);
    const other = client.own({ scope: 'other' });
    const good = answer;
    for (const scope of ['one', 'two']) {
      answer = [401, refused];
      assert.equal(await codeOf(other.get()), 'provider_misconfigured');
      assert.equal(await codeOf(other.get()), 'provider_misconfigured');
      assert.deepEqual(codes(), ['calling_refused']);
      answer = good;
      assert.equal(await codeOf(client.own({ scope }).get()), 'no error');
    }
  });

  it('is one for all who ask for the same scopes, and another one where it is bound to a key', async () => {
    const realm = createTestRealm();
    let calls = 0;
    const verifier = realm.verifier({
      ...{ tokenCheck: 'local', clientSecret: 'secret' },
      fetch: async (...args) => {
        if (!String(args[0]).endsWith('/token')) return realm.fetch(...args);
        calls++;
        return Response.json({ access_token: realm.mint(), token_type: 'Bearer', expires_in: 60 });
      },
    });
    await verifier.load();
    const client = createRealmClient('test', verifier);
    const targets = [{}, { scope: 'a' }, {}, { scope: 'a', audience: undefined }];
    for (const target of targets) assert.equal(await codeOf(client.own(target).get()), 'no error');
    assert.equal(calls, 2);
    const [plain, bound] = [client.own({}), client.own({ dpop: true })];
    assert.deepEqual([plain.key === undefined, bound.key === undefined], [true, false]);
    assert.equal(await codeOf(bound.get()), 'provider_misconfigured', 'Keycloak bound it to no key');
    assert.equal(calls, 3);
  });

  it('is sent to the service it is for, and an error that is none of Keycloak passes as it is', async () => {
    const realm = createTestRealm();
    let claims: Record<string, unknown> = { aud: 'orders' };
    const verifier = realm.verifier({
      ...{ tokenCheck: 'local', clientSecret: 'secret' },
      fetch: async (...args) =>
        String(args[0]).endsWith('/token')
          ? Response.json({ access_token: realm.mint(claims), token_type: 'Bearer', expires_in: 60 })
          : realm.fetch(...args),
    });
    await verifier.load();
    const client = createRealmClient('test', verifier);
    assert.equal(await codeOf(client.own({ audience: 'orders' }).get()), 'no error');
    claims = { aud: ['reports', 'billing'] };
    for (const [scope, audience, code] of [
      ['a', 'billing', 'no error'],
      ['b', 'orders', 'provider_misconfigured'],
      ['c', undefined, 'no error'],
    ] as const)
      assert.equal(await codeOf(client.own({ scope, audience }).get()), code, scope);
    claims = { aud: undefined };
    assert.equal(await codeOf(client.own({ scope: 'd', audience: 'orders' }).get()), 'no error');

    const broken = new RangeError('of the program');
    Object.assign(verifier.issuer, { discover: () => Promise.reject(broken) });
    await assert.rejects(client.own({ scope: 'e' }).get(), broken);
  });

  it('is of one realm, and of a client that can prove who it is', () => {
    const [one, other] = [createTestRealm(), createTestRealm({ realm: 'other' })].map((realm) =>
      realm.verifier({ tokenCheck: 'local', issuer: realm.issuer, clientSecret: undefined }),
    );
    const several = combineVerifiers([one!, other!]) as TokenVerifier<object>;
    for (const [verifier, option] of [
      [several, 'verifier'],
      [one as TokenVerifier<object>, 'credential'],
    ] as const)
      assert.throws(
        () => check.tokenAs('tokenAs', {}, { verifier, isOfTenants: false }),
        (error) => error instanceof OptionsError && error.problems[0]?.option === option,
      );
    assert.doesNotThrow(() => check.tokenAs('tokenAs', {}, { verifier: several, isOfTenants: true }));
    const { clientId, issuer, context } = one!;
    assert.throws(
      () => createRealmClient('test', { clientId, issuer, context } as Verifier<object>),
      OptionsError,
    );
  });
});
