import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTokenPermissions } from '../../packages/guard/src/authz/asking/answers.ts';
import { engineOf } from '../../packages/guard/src/authz/asking/permissions.ts';
import { eventually } from '../support/eventually.ts';
import { assertRefused, settle } from '../support/refusal.ts';
import { ALICE, BOB, createFakeKeycloak, grant, oauthError } from './fake-keycloak.ts';

const start = (...given: Parameters<ReturnType<typeof createFakeKeycloak>['permissions']>) => {
  const fake = createFakeKeycloak();
  grant(fake, BOB, 'orders#view');
  const [options, verifier] = given;
  return { fake, bob: fake.tokenOf(BOB), permissions: fake.permissions(options, verifier) };
};

describe('an answer of Keycloak', () => {
  it('is used for permissionSeconds, yes and no alike, and then asked anew', async () => {
    const { fake, bob, permissions } = start();
    const both = () => permissions.check(bob, ['orders#view', 'orders#edit']);
    await both();
    fake.grants.clear();
    grant(fake, BOB, 'orders#edit');
    fake.realm.advance(29.9);
    assert.deepEqual(
      (await both()).map(({ scope }) => scope),
      ['view'],
    );
    assert.equal(fake.questions.length, 1);
    fake.realm.advance(0.1);
    assert.deepEqual(
      (await both()).map(({ scope }) => scope),
      ['edit'],
    );
    assert.equal(fake.questions.length, 2);
  });

  it('counts from when it was asked, not from when it came', async () => {
    const { fake, bob, permissions } = start({ permissionSeconds: 30 });
    fake.replace = (form) => {
      if (form.has('audience')) fake.realm.advance(20);
      return undefined;
    };
    await permissions.has(bob, ['orders#view']);
    fake.realm.advance(9.9);
    await permissions.has(bob, ['orders#view']);
    assert.equal(fake.questions.length, 1);
    fake.realm.advance(0.1);
    await permissions.has(bob, ['orders#view']);
    assert.equal(fake.questions.length, 2);
  });

  it('is not kept with permissionSeconds 0, nor when the clock was set back', async () => {
    const never = start({ permissionSeconds: 0 });
    for (let i = 0; i < 3; i++) await never.permissions.has(never.bob, ['orders#view']);
    assert.equal(never.fake.questions.length, 3);
    const { fake, bob, permissions } = start();
    await permissions.has(bob, ['orders#view']);
    fake.realm.advance(-60);
    await permissions.has(bob, ['orders#view']);
    assert.equal(fake.questions.length, 2);
  });

  it('is never one for a set: each pair stands for itself', async () => {
    const { fake, bob, permissions } = start();
    assert.equal(await permissions.has(bob, ['orders#view', 'orders#edit']), false);
    assert.equal(await permissions.has(bob, ['orders#view']), true);
    assert.equal(await permissions.has(bob, ['orders#edit']), false);
    assert.equal(fake.questions.length, 1);
  });

  it('is of one token: another of the same user is asked about', async () => {
    const { fake, bob, permissions } = start();
    await permissions.has(bob, ['orders#view']);
    await permissions.has(fake.tokenOf(BOB), ['orders#view']);
    assert.equal(await permissions.has(fake.tokenOf(ALICE), ['orders#view']), false);
    assert.equal(fake.questions.length, 3);
  });

  it('is forgotten with the token: expired, logged out, revoked, before not-before', async () => {
    const ends: ((
      fake: ReturnType<typeof start>,
      verifier: ReturnType<ReturnType<typeof start>['fake']['realm']['verifier']>,
    ) => unknown)[] = [
      ({ fake }) => fake.realm.advance(306),
      (_, verifier) =>
        verifier.revoke({ type: 'session', issuer: verifier.issuer.baseUrl, sessionId: 'the-session' }),
      (_, verifier) =>
        verifier.revoke({ type: 'token', issuer: verifier.issuer.baseUrl, tokenId: 'the-token' }),
      ({ fake }, verifier) =>
        verifier.revoke({
          type: 'not-before',
          issuer: verifier.issuer.baseUrl,
          notBefore: fake.realm.now + 1,
        }),
    ];
    for (const end of ends) {
      const started = start();
      const { fake } = started;
      const verifier = fake.realm.verifier({ tokenCheck: 'local' });
      const permissions = fake.permissions({ verifier, permissionSeconds: 3600 });
      const token = fake.tokenOf(BOB, { sid: 'the-session', jti: 'the-token' });
      const principal = await verifier.verify(token);
      assert.equal(await permissions.has(principal, ['orders#view']), true);
      await end(started, verifier);
      for (const who of [principal, token]) {
        await assert.rejects(permissions.has(who, ['orders#view']), { statusCode: 401 });
      }
    }
  });

  it('that the token is no longer good takes what was remembered of it with it', async () => {
    const { fake, bob, permissions } = start();
    await permissions.has(bob, ['orders#view']);
    fake.ended.add(bob);
    await assertRefused(() => permissions.has(bob, ['orders#edit']), 'token_revoked');
    await assertRefused(() => permissions.has(bob, ['orders#view']), 'token_revoked');
  });

  it('that is no yes and no no is not remembered', async () => {
    for (const reply of [
      () => oauthError(400, 'invalid_resource', 'Resource with id [x] does not exist.'),
      () => oauthError(403, 'access_denied', 'Realm not enabled'),
      () => oauthError(500, 'server_error'),
    ]) {
      const { fake, bob, permissions } = start();
      fake.replace = (form) => (form.has('audience') ? reply() : undefined);
      await assert.rejects(permissions.has(bob, ['orders#view']));
      fake.replace = undefined;
      assert.equal(await permissions.has(bob, ['orders#view']), true);
    }
  });

  it('that a name changed its id, or a scope was added, is found out', async () => {
    const { fake, bob, permissions } = start();
    await permissions.has(bob, ['orders#view']);
    const old = fake.resources.shift() as (typeof fake.resources)[0];
    fake.resources.push({
      ...old,
      id: 'aaaaaaaa-0000-4000-8000-00000000000f',
      scopes: [...old.scopes, 'print'],
    });
    grant(fake, BOB, 'orders#print');
    fake.realm.advance(2);
    assert.equal(await permissions.has(bob, ['orders#print']), true);
  });
});

describe('questions', () => {
  it('of one token that come together are one, and the same one is not put twice', async () => {
    const { fake, bob, permissions } = start();
    const alice = fake.tokenOf(ALICE);
    await permissions.has(bob, ['reports#view']);
    const before = fake.questions.length;
    const asked = ['orders#view', 'orders#edit', 'admin#view', 'orders#view'];
    const answers = await Promise.all([
      ...asked.map((one) => permissions.has(bob, [one])),
      permissions.has(alice, ['orders#view']),
    ]);
    assert.deepEqual(answers, [true, false, false, true, false]);
    assert.equal(fake.questions.length - before, 2);
    const forms = fake.questions.slice(before).map(({ form }) => form.getAll('permission').length);
    assert.deepEqual(forms.sort(), [1, 2]);
  });

  it('that come while one is under way wait for its answer', async () => {
    const { fake, bob, permissions } = start();
    const first = permissions.has(bob, ['orders#view']);
    await settle();
    await Promise.all([first, permissions.has(bob, ['orders#view'])]);
    assert.equal(fake.questions.length, 1);
  });

  it('of many resources are put in several, each of a bounded length', async () => {
    const { fake, bob, permissions } = start();
    for (let i = 0; i < 120; i++) {
      const id = `dddddddd-0000-4000-8000-${String(i).padStart(12, '0')}`;
      fake.resources.push({ id, name: `doc ${i}`, owner: ALICE, scopes: ['view'] });
      fake.grants.add(`${BOB} ${id}#view`);
    }
    const asked = fake.resources
      .filter(({ name }) => name.startsWith('doc'))
      .map(({ id }) => ({ resourceId: id, scope: 'view' }));
    assert.equal((await permissions.check(bob, asked)).length, 120);
    assert.equal(fake.questions.length, 3);
  });

  it('of 100 users about 20 resources are 100 in permissionSeconds, however many requests', async () => {
    const { fake, permissions } = start();
    for (let i = 0; i < 20; i++) {
      const id = `dddddddd-0000-4000-8000-${String(i).padStart(12, '0')}`;
      fake.resources.push({
        id,
        name: `doc ${i}`,
        owner: 'c11e0000-0000-4000-8000-000000000001',
        scopes: ['view'],
      });
    }
    const users = Array.from({ length: 100 }, (_, i) => fake.tokenOf(`user-${i}`));
    const all = Array.from({ length: 20 }, (_, i) => `doc ${i}#view`);
    for (let round = 0; round < 5; round++)
      await Promise.all(users.map((user) => permissions.check(user, all)));
    assert.equal(fake.questions.length, 100);
    assert.equal(fake.protectionCalls.length, 20);
  });
});

describe('while Keycloak does not answer', () => {
  it('what is remembered goes on for its time, and everything else is 503', async () => {
    const { fake, bob, permissions } = start();
    await permissions.has(bob, ['orders#view']);
    fake.replace = () => 'down';
    fake.replaceProtection = () => 'down';
    fake.realm.advance(29);
    assert.equal(await permissions.has(bob, ['orders#view']), true);
    const error = await assertRefused(() => permissions.has(bob, ['reports#view']), 'provider_unavailable');
    assert.equal(error.headers['retry-after'], '5');
    fake.realm.advance(1);
    await assertRefused(() => permissions.has(bob, ['orders#view']), 'provider_unavailable');
  });

  it('nobody waits longer than the bound, and for a while nobody asks', async (t) => {
    t.mock.method(performance, 'now', () => 0);
    const { fake, bob, permissions } = start({ timeoutMs: 100 });
    fake.replace = (form) => (form.has('audience') ? 'hung' : undefined);
    const [two, began] = [[bob, fake.tokenOf('carol')], Date.now()];
    await Promise.all(
      two.map((one) => assertRefused(() => permissions.has(one, ['orders#view']), 'provider_unavailable')),
    );
    assert.ok(Date.now() - began < 30_000);
    const asked = fake.questions.length;
    const others = Array.from({ length: 200 }, (_, i) =>
      permissions.has(fake.tokenOf(`user-${i}`), ['orders#view']),
    );
    const settled = await Promise.allSettled(others);
    assert.ok(settled.every((one) => one.status === 'rejected'));
    assert.equal(fake.questions.length, asked);
  });

  it('and answers again, it is asked again', async () => {
    const { fake, bob, permissions } = start({ timeoutMs: 100 });
    fake.replace = () => 'down';
    await assertRefused(() => permissions.has(bob, ['orders#view']), 'provider_unavailable');
    fake.replace = undefined;
    await eventually('asked again', () => permissions.has(bob, ['orders#view']).catch(() => false));
  });
});

describe('the API itself', () => {
  it('refused by Keycloak is a mistake of the set-up, with what to change', async () => {
    const replies: [() => Response, RegExp][] = [
      [
        () =>
          oauthError(
            403,
            'invalid_clientId',
            'Client application [my-api] is not registered as a resource server.',
          ),
        /turn "Authorization" on/,
      ],
      [
        () => oauthError(403, 'invalid_scope', 'Requires uma_protection scope.'),
        /client role uma_protection/,
      ],
      [
        () => oauthError(400, 'not_supported', 'Remote management is disabled.'),
        /"Remote resource management"/,
      ],
    ];
    for (const [reply, fix] of replies) {
      const { fake, bob, permissions } = start();
      fake.replaceProtection = reply;
      assert.match(
        (await assertRefused(() => permissions.has(bob, ['orders#view']), 'provider_misconfigured')).reason,
        fix,
      );
    }
    const { bob, permissions } = start({ clientSecret: 'wrong' });
    const error = await assertRefused(() => permissions.has(bob, ['orders#view']), 'provider_misconfigured');
    assert.match(error.reason, /gives the client my-api no token of its own/);
  });

  it('whose token ended before its time fetches another, once', async () => {
    const { fake, bob, permissions } = start();
    let refused = 0;
    fake.replaceProtection = () =>
      refused++ === 0
        ? oauthError(403, 'invalid_bearer_token', 'Could not obtain bearer access_token')
        : undefined;
    assert.equal(await permissions.has(bob, ['orders#view']), true);
    fake.replaceProtection = () =>
      oauthError(403, 'invalid_bearer_token', 'Could not obtain bearer access_token');
    await assertRefused(() => permissions.has(bob, ['reports#view']), 'provider_misconfigured');
  });

  it('takes a page of a proxy, a redirect and a broken list for no answer', async () => {
    for (const reply of [
      () => new Response('<html>Sign in</html>'),
      () => new Response(null, { status: 302 }),
      () => new Response('{}'),
      () => new Response('', { status: 502 }),
    ]) {
      const { fake, bob, permissions } = start();
      fake.replaceProtection = reply;
      await assertRefused(() => permissions.has(bob, ['orders#view']), 'provider_unavailable');
    }
  });
});

describe('permissions that the token carries', () => {
  const entries = [{ rsid: 'aaaaaaaa-0000-4000-8000-000000000002', rsname: 'reports', scopes: ['view'] }];
  const rpt = (fake: ReturnType<typeof createFakeKeycloak>, changes: Record<string, unknown> = {}) =>
    fake.tokenOf(BOB, {
      aud: 'my-api',
      jti: 'ntrtna:1',
      authorization: { permissions: entries },
      ...changes,
    });

  const carriedBy = (changes: Record<string, unknown> = {}) => {
    const fake = createFakeKeycloak();
    return readTokenPermissions(rpt(fake, changes), engineOf(fake.permissions()));
  };
  const REPORTS = [{ id: 'aaaaaaaa-0000-4000-8000-000000000002', name: 'reports', scopes: ['view'] }];

  it('count where it was issued for this API alone, just now, and not by a refresh', () => {
    assert.deepEqual(carriedBy(), REPORTS);
    assert.deepEqual(carriedBy({ iat: createFakeKeycloak().realm.now - 29 }), REPORTS);
    // Of a user with the default roles of the realm.
    assert.deepEqual(carriedBy({ aud: ['account', 'my-api'] }), REPORTS);
    const { now } = createFakeKeycloak().realm;
    for (const changes of [
      { aud: ['account', 'my-api', 'web'] },
      { jti: 'onrtrt:1' },
      { jti: 'onrtrt:1', aud: ['account', 'my-api'] },
      { jti: '26395c82-418d-6832-7021-1d4082f807d4' },
      { aud: ['my-api', 'web'] },
      { iat: now - 30 },
      { iat: now + 1 },
      { iat: undefined },
    ])
      assert.equal(carriedBy(changes), undefined, JSON.stringify(changes));
  });

  it('count for nothing where claims were pushed for them: whoever asked may have chosen these', () => {
    for (const claims of [{ place: ['office'] }, {}, null]) {
      const authorization = { permissions: entries.map((one) => ({ ...one, claims })) };
      assert.deepEqual(carriedBy({ authorization }), []);
    }
    const beside = [...entries, { ...entries[0], rsid: 'x-1', claims: { place: ['office'] } }];
    assert.deepEqual(carriedBy({ authorization: { permissions: beside } }), REPORTS);
    for (const broken of [[null, 'x', 7], 'x', {}])
      assert.deepEqual(carriedBy({ authorization: { permissions: broken } }), []);
  });

  it('count for nothing in a guard of ours: Keycloak is asked', async () => {
    const { fake, permissions } = start();
    assert.equal(await permissions.has(rpt(fake), ['reports#view']), false);
    assert.equal(fake.questions.length, 1);
  });
});
