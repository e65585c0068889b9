import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combineVerifiers, OptionsError } from '../../packages/guard/src/core/index.ts';
import { selectByIssuer } from '../../packages/guard/src/core/internal.ts';
import { assertAtOnce, assertRefused } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

function twoRealms() {
  const staff = createTestRealm({ realm: 'staff' });
  const customers = createTestRealm({ realm: 'customers' });
  return { staff, customers, members: [staff.verifier(), customers.verifier()] };
}

test('each token is verified by the realm that issued it', async (t) => {
  const { staff, customers, members } = twoRealms();
  const verifier = combineVerifiers(members);
  t.after(() => verifier.close());
  for (const realm of [customers, staff]) {
    assert.equal((await verifier.verify(realm.mint())).issuer, realm.issuer);
  }
});

test('a token that is known is answered at once, whichever realm it is of', async (t) => {
  const { customers, members } = twoRealms();
  const verifier = combineVerifiers(members);
  t.after(() => verifier.close());
  const token = customers.mint();
  const first = await verifier.verify(token);
  assert.equal(assertAtOnce(verifier.verify(token)), first);
});

test('a token that names a realm and is signed by another is refused', async (t) => {
  const { staff, customers, members } = twoRealms();
  const verifier = combineVerifiers(members);
  t.after(() => verifier.close());
  await assertRefused(
    () => verifier.verify(staff.mint({ iss: customers.issuer }, { key: staff.signer })),
    'token_key_unknown',
  );
});

test('a token of neither realm is refused, and so is what is no token', async (t) => {
  const { staff, members } = twoRealms();
  const verifier = combineVerifiers(members);
  t.after(() => verifier.close());
  const error = await assertRefused(
    () => verifier.verify(staff.mint({ iss: 'https://elsewhere.test/realms/x' })),
    'token_issuer',
  );
  assert.match(String(error.expected), /staff.* or .*customers/);
  await assertRefused(() => verifier.verify('nonsense'), 'token_malformed');
});

test('a realm that is down holds up nobody of a realm that is known', async (t) => {
  const { staff, customers, members } = twoRealms();
  t.after(() => Promise.all(members.map((member) => member.close())));
  await members[1]?.load();
  staff.setAll('slow');
  const found = await selectByIssuer(members, customers.mint());
  assert.equal(found, members[1]);
  assert.equal(staff.calls.discovery, 0);
  staff.release();
});

test('while a realm could not be asked, a token that may be its own is 503 and not 401', async (t) => {
  const { staff, members } = twoRealms();
  const verifier = combineVerifiers(members);
  t.after(() => verifier.close());
  staff.setAll('down');
  await assertRefused(() => verifier.verify(staff.mint()), 'provider_unavailable');
});

test('a realm that cannot be asked is asked once in five seconds, however many tokens name nobody known', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const { staff, customers, members } = twoRealms();
  const verifier = combineVerifiers(members);
  t.after(() => verifier.close());
  staff.setAll('down');
  const forged = () => verifier.verify(customers.mint({ iss: 'https://elsewhere.test/realms/x' }));
  for (const calls of [1, 1, 2, 2]) {
    for (let i = 0; i < 5; i++) {
      const error = await assertRefused(forged, 'provider_unavailable');
      assert.match(error.reason, /gave no answer: ECONNREFUSED$/);
    }
    assert.equal(staff.calls.discovery, calls);
    now += 2_500;
  }
  assert.ok(await verifier.verify(customers.mint()));
  staff.setAll('normal');
  await members[0]?.load();
  assert.ok(await verifier.verify(staff.mint()), 'what was found out since counts at once');
});

test('load and close are for all, and the first member names the client', async () => {
  const { staff, customers, members } = twoRealms();
  const verifier = combineVerifiers(members);
  await verifier.load();
  assert.deepEqual([staff.calls.jwks, customers.calls.jwks], [1, 1]);
  assert.equal(verifier.clientId, staff.clientId);
  assert.deepEqual(verifier.members, members);
  assert.deepEqual(members[0]?.members, [members[0]]);
  await verifier.close();
});

test('an empty list is refused', () => {
  assert.throws(() => combineVerifiers([]), OptionsError);
});

test('where there is one realm alone, it judges whatever comes', async (t) => {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  t.after(() => verifier.close());
  assert.equal(await selectByIssuer([verifier], 'no JWT'), verifier);
});

test('closing the combination closes each member', async () => {
  const closed: string[] = [];
  const { members } = twoRealms();
  const watched = members.map((member, i) => ({
    ...member,
    close: async () => {
      closed.push(['staff', 'customers'][i] as string);
      await member.close();
    },
  }));
  await combineVerifiers(watched).close();
  assert.deepEqual(closed, ['staff', 'customers']);
});

test('members that take bound tokens otherwise are refused', () => {
  const { staff, customers } = twoRealms();
  for (const dpop of ['accepted', 'required'] as const) {
    const strict = customers.verifier({ dpop, publicUrl: 'https://api.example.com' });
    for (const members of [
      [staff.verifier(), strict],
      [strict, staff.verifier(), strict],
    ]) {
      assert.throws(
        () => combineVerifiers(members),
        ({ problems }: OptionsError) => /^must all have the same dpop/.test(problems[0]?.rule ?? ''),
      );
    }
  }
});

test('the first member says for all how bound tokens and sign-ins are judged', () => {
  const { staff, customers } = twoRealms();
  const first = staff.verifier({ acrLevels: { silver: 1, gold: 2 } });
  const verifier = combineVerifiers([first, customers.verifier()]);
  assert.equal(verifier.sender, first.sender);
  assert.equal(verifier.signInRules, first.signInRules);
  const foreign = [first, customers.verifier()].map((member) => {
    const { sender: _sender, signInRules: _rules, ...rest } = member;
    return rest;
  });
  const plain = combineVerifiers(foreign);
  assert.deepEqual([Object.hasOwn(plain, 'sender'), Object.hasOwn(plain, 'signInRules')], [false, false]);
});
