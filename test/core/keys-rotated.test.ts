import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { assertRefused, settle } from '../support/refusal.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { createTestRealm } from '../support/test-realm.ts';

/** A realm whose JWKS was asked for because of a made-up key id, and then rotated its key. */
async function startRotated(t: TestContext) {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  await verifier.load();
  await verifier.close();
  const madeUp = (kid: string, changes = {}) => verifier.verify(realm.mint(changes, { header: { kid } }));
  await assertRefused(() => madeUp('made-up'), 'token_key_unknown');
  const next = createTestKey('ES256', { kid: 'next' });
  realm.keys = [next, ...realm.keys];
  realm.advance(1);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const pass = async (ms: number) => {
    realm.advance(ms / 1000);
    t.mock.timers.tick(ms);
    await settle();
  };
  const mint = (changes = {}) => realm.mint(changes, { key: next });
  return { realm, verifier, madeUp, next, pass, mint };
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  promise.then(end, end);
  await settle();
  return isOver;
}

describe('a token of a key that was rotated in, while a made-up key id uses up the look-up', () => {
  it('waits for the next one, and is good', async (t) => {
    const { realm, verifier, pass, mint } = await startRotated(t);
    const waiting = Promise.all([verifier.verify(mint()), verifier.verify(mint())]);
    await pass(3_999);
    assert.equal(await isSettled(waiting), false);
    assert.equal(realm.calls.jwks, 2);
    await pass(1);
    for (const { username } of await waiting) assert.equal(username, 'abdullah');
    assert.deepEqual([realm.calls.jwks, realm.calls.discovery], [3, 1]);
  });

  it('again and again, though for old tokens the keys are asked for once in five seconds', async (t) => {
    const { realm, verifier, madeUp, pass, mint } = await startRotated(t);
    const waiting = verifier.verify(mint());
    await pass(4_000);
    assert.ok(await waiting);
    await assertRefused(() => madeUp('old', { iat: realm.now - 60 }), 'token_key_unknown');
    assert.equal(realm.calls.jwks, 3);
    const third = createTestKey('ES256', { kid: 'third' });
    realm.keys = [third, ...realm.keys];
    realm.advance(1);
    const waitingAgain = verifier.verify(realm.mint({}, { key: third }));
    await pass(4_000);
    assert.ok(await waitingAgain);
    assert.equal(realm.calls.jwks, 4);
  });

  it('is refused at once, as an outage, when the verifier is closed while it waits: nothing keeps the process', async (t) => {
    const { realm, verifier, pass, mint } = await startRotated(t);
    const waiting = [verifier.verify(mint()), verifier.verify(mint())].map((one) =>
      assertRefused(() => one, 'provider_unavailable'),
    );
    await pass(1_000);
    await verifier.close();
    await Promise.all(waiting);
    await pass(10_000);
    assert.equal(realm.calls.jwks, 2);
    // Whoever goes on using it is served as before.
    assert.equal((await verifier.verify(mint())).username, 'abdullah');
  });

  it('is good too where another made-up one comes first, every five seconds', async (t) => {
    const { realm, verifier, madeUp, pass, mint } = await startRotated(t);
    const waiting = verifier.verify(mint());
    await settle();
    realm.advance(4);
    await assertRefused(() => madeUp('another'), 'token_key_unknown');
    await pass(4_000);
    assert.equal((await waiting).username, 'abdullah');
    assert.equal(realm.calls.jwks, 3);
  });

  it('is 503 where the JWKS cannot be loaded then, and whoever comes next does not wait', async (t) => {
    const { realm, verifier, madeUp, pass, mint } = await startRotated(t);
    const waiting = assertRefused(() => verifier.verify(mint()), 'provider_unavailable');
    await settle();
    realm.answers.jwks = 'down';
    await pass(4_000);
    await waiting;
    realm.advance(1);
    const next = assertRefused(() => madeUp('another'), 'provider_unavailable');
    assert.equal(await isSettled(next), true);
  });

  it('is found by its logout token as well', async (t) => {
    const { realm, verifier, pass, next } = await startRotated(t);
    const { find } = verifier.context.keys;
    const waiting = find(next.kid, (since) => since < realm.clock());
    await pass(4_000);
    assert.equal((await waiting)?.kid, 'next');
  });

  it('may wait with a thousand others; who comes then is told to come again: 503, and waits when they are served', async (t) => {
    const { realm, verifier, madeUp, pass, mint } = await startRotated(t);
    const flood = Array.from({ length: 999 }, (_, i) =>
      assertRefused(() => madeUp(`made-up-${i}`), 'token_key_unknown'),
    );
    const waiting = verifier.verify(mint());
    await settle();
    const error = await assertRefused(() => verifier.verify(mint()), 'provider_unavailable');
    assert.deepEqual(error.headers, { 'retry-after': '5' });
    await pass(4_000);
    assert.equal((await waiting).username, 'abdullah');
    await Promise.all(flood);
    assert.equal(realm.calls.jwks, 3);
    realm.advance(1);
    assert.equal(await isSettled(assertRefused(() => madeUp('made-up-7'), 'token_key_unknown')), true);
    const late = assertRefused(() => madeUp('late'), 'token_key_unknown');
    await pass(4_000);
    await late;
  });
});

describe('a made-up key id is refused at once', () => {
  it('where the last look-up was for it, and it was not there', async (t) => {
    const { realm, madeUp } = await startRotated(t);
    await assertRefused(() => madeUp('made-up'), 'token_key_unknown');
    assert.equal(realm.calls.jwks, 2);
  });

  for (const [name, changes] of [
    ['the token is older than the last look-up', { iat: -7 }],
    ['the token expired', { exp: -60 }],
    ['the token is of another issuer', { iss: 'https://elsewhere.example.com' }],
    ['the token has no exp', { exp: undefined }],
  ] as const) {
    it(`where ${name}`, async (t) => {
      const { realm, madeUp } = await startRotated(t);
      const dated = Object.entries(changes).map(([claim, value]) => [
        claim,
        typeof value === 'number' ? realm.now + value : value,
      ]);
      await assertRefused(() => madeUp('other', Object.fromEntries(dated)), 'token_key_unknown');
      assert.equal(realm.calls.jwks, 2);
    });
  }

  it('where the payload is no JSON', async (t) => {
    const { realm, verifier } = await startRotated(t);
    const token = realm.mint({}, { header: { kid: 'other' }, payload: 'x' });
    await assertRefused(() => verifier.verify(token), 'token_key_unknown');
  });

  for (const [name, age] of [
    ['says nothing of its age', undefined],
    ['is no older, by a clock that is five seconds behind', 6],
  ] as const) {
    it(`but for one that ${name}: it waits`, async (t) => {
      const { realm, madeUp, pass } = await startRotated(t);
      const iat = age && realm.now - age;
      const waiting = assertRefused(() => madeUp('other', { iat }), 'token_key_unknown');
      assert.equal(await isSettled(waiting), false);
      await pass(4_000);
      await waiting;
    });
  }
});

it('a key that leaves the realm, and an issuer that changes, are told once, with their names; a new key is not', async (t) => {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  t.after(() => verifier.close());
  await verifier.load();
  const old = realm.signer.kid;
  const reload = async () => {
    realm.advance(5);
    await Promise.resolve(verifier.verify(realm.mint({}, { header: { kid: 'made-up' } }))).catch(() => {});
  };
  const told = () =>
    realm.notices.splice(0).flatMap(({ code, message }) => (code === 'realm_changed' ? [message] : []));
  const next = createTestKey('ES256', { kid: 'next' });
  realm.keys = [next, ...realm.keys];
  await reload();
  assert.deepEqual(told(), []);
  realm.keys = [next, createTestKey('ES256', { kid: 'k'.repeat(1_000) })];
  await reload();
  await reload();
  assert.deepEqual(told(), [`tokens are refused that were issued by keys that left the realm: ${old}`]);
  realm.keys = [next];
  await reload();
  assert.match(told().join(), /realm: k{64}$/);
  await assertRefused(() => verifier.verify(realm.mint()), 'token_key_unknown');
  const [before, after] = [realm.issuer, 'https://new.example.com/realms/testing'];
  realm.discovery.issuer = after;
  await verifier.issuer.refresh();
  await reload();
  assert.deepEqual(told(), [
    `tokens are refused that were issued with the issuer ${before}: it is ${after} now`,
  ]);
});
