import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combineVerifiers, type OptionsError, type Verifier } from '../../packages/guard/src/core/index.ts';
import { selectByIssuer } from '../../packages/guard/src/core/internal.ts';
import { assertAtOnce, assertRefused } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

function twoRealms() {
  const staff = createTestRealm({ realm: 'staff' });
  const customers = createTestRealm({ realm: 'customers' });
  const members = [staff, customers].map((realm) => realm.verifier({ issuer: realm.issuer }));
  return { staff, customers, members };
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

test('a realm that is down holds up nobody of another one', async (t) => {
  const { staff, customers, members } = twoRealms();
  const verifier = combineVerifiers(members);
  t.after(() => verifier.close());
  staff.setAll('down');
  assert.ok(await verifier.verify(customers.mint()));
  assert.equal(staff.calls.discovery, 0);
  await assertRefused(() => verifier.verify(staff.mint()), 'provider_unavailable');
});

test('a realm that names the issuer of another one verifies none of its tokens', async (t) => {
  const { staff, members } = twoRealms();
  const impostor = createTestRealm({ realm: 'partner', issuer: staff.issuer });
  const own = `${impostor.serverUrl}/realms/partner`;
  const verifier = combineVerifiers([impostor.verifier({ issuer: own }), ...members]);
  t.after(() => verifier.close());
  await assertRefused(() => verifier.verify(impostor.mint()), 'token_key_unknown');
  await assertRefused(() => verifier.verify(impostor.mint({ iss: own })), 'provider_misconfigured');
  assert.equal((await verifier.verify(staff.mint())).issuer, staff.issuer);
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

test('an empty list is refused, and so are members of which one has no issuer of its own, or organizations as tenants', () => {
  const { staff, customers, members } = twoRealms();
  const { issuer } = customers;
  for (const [wrong, rule] of [
    [[], /^must be a list of verifiers that is not empty$/],
    [[...members, customers.verifier()], /^must each have the option issuer/],
    [[...members, customers.verifier({ issuer })], /^must each have an issuer of its own$/],
    [[members[0], customers.verifier({ issuer, tenants: 'organizations' })], /^must not have organizations/],
  ] as const) {
    assert.throws(
      () => combineVerifiers(wrong as readonly Verifier[]),
      ({ problems }: OptionsError) => rule.test(problems[0]?.rule ?? ''),
    );
  }
  assert.equal(combineVerifiers([staff.verifier()]).clientId, staff.clientId);
});

test('where there is one realm alone, it judges whatever comes', async (t) => {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  t.after(() => verifier.close());
  assert.equal(selectByIssuer([verifier], 'no JWT'), verifier);
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
    const strict = customers.verifier({
      ...{ dpop, issuer: customers.issuer },
      publicUrl: 'https://api.example.com',
    });
    assert.throws(
      () => combineVerifiers([staff.verifier({ issuer: staff.issuer }), strict]),
      ({ problems }: OptionsError) => /^must all have the same dpop/.test(problems[0]?.rule ?? ''),
    );
  }
});

test('the first member says for all how bound tokens and sign-ins are judged', () => {
  const { staff, members } = twoRealms();
  const first = staff.verifier({ issuer: staff.issuer, acrLevels: { silver: 1, gold: 2 } });
  const other = members[1] as Verifier;
  const verifier = combineVerifiers([first, other]);
  assert.equal(verifier.sender, first.sender);
  assert.equal(verifier.signInRules, first.signInRules);
  const foreign = [first, other].map((member) => {
    const { sender: _sender, signInRules: _rules, ...rest } = member;
    return rest;
  });
  const plain = combineVerifiers(foreign);
  assert.deepEqual([Object.hasOwn(plain, 'sender'), Object.hasOwn(plain, 'signInRules')], [false, false]);
});

test('a pinned issuer is the only one that is taken', async (t) => {
  const realm = createTestRealm();
  const verifier = realm.verifier({ issuer: 'https://other.example.com/realms/staff' });
  t.after(() => verifier.close());
  const error = await assertRefused(() => verifier.verify(realm.mint()), 'provider_misconfigured');
  const other = 'https://other.example.com/realms/staff';
  const reason = `Keycloak's issuer is ${realm.issuer}, and ${other} is set`;
  assert.equal(error.reason, `No signing keys can be loaded: ${reason}`);
  const { code, message, fix } = realm.notices.at(-1) ?? {};
  assert.deepEqual([code, message], ['keys_misconfigured', reason]);
  assert.match(fix ?? '', /the option issuer/);
  assert.equal(verifier.status().issuer, null);
  const right = realm.verifier({ issuer: realm.issuer });
  t.after(() => right.close());
  assert.equal((await right.verify(realm.mint())).issuer, realm.issuer);
  realm.discovery.issuer = `https://${'x'.repeat(9_000)}.example.com`;
  const refusal = await right.issuer.refresh().catch((error) => error);
  assert.ok(refusal.reason.length < 350);
  assert.ok(await right.verify(realm.mint()), 'what was known goes on being used');
});
