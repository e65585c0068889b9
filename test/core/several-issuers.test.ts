import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  combineVerifiers,
  OptionsError,
  type Verifier,
  type VerifierOptions,
} from '../../packages/guard/src/core/index.ts';
import { assertAtOnce, assertRefused } from '../support/refusal.ts';
import { createTestRealm, type TestRealm } from '../support/test-realm.ts';

/** As in containers: the address that is called here is not the issuer. */
const INSIDE = {
  serverUrl: 'http://keycloak:8080',
  realm: 'staff',
  issuer: 'https://sso.example.com/realms/staff',
};
const PARTNER = { serverUrl: 'https://partner.example.com', realm: 'partner' };

function combine(t: TestContext, ...members: Verifier[]) {
  const verifier = combineVerifiers(members);
  t.after(() => verifier.close());
  return verifier;
}

/** A partner whose discovery document says the issuer of the staff. */
function createImpostor(issuer: string): TestRealm {
  return createTestRealm({ ...PARTNER, issuer });
}

const pin = (realm: TestRealm, more: Partial<VerifierOptions> = {}) =>
  realm.verifier({ issuer: realm.issuer, ...more });

describe('a pinned issuer', () => {
  it('is the only one that is taken', async (t) => {
    const realm = createTestRealm();
    const verifier = realm.verifier({ issuer: 'https://other.example.com/realms/staff' });
    t.after(() => verifier.close());
    const error = await assertRefused(() => verifier.verify(realm.mint()), 'provider_misconfigured');
    assert.match(error.reason, /openid-configuration is of another issuer than was set$/);
    assert.equal(verifier.status().issuer, null);
    const right = pin(realm);
    t.after(() => right.close());
    assert.equal((await right.verify(realm.mint())).issuer, realm.issuer);
    realm.discovery.issuer = `https://${'x'.repeat(9_000)}.example.com`;
    const refusal = await right.issuer.refresh().catch((error) => error);
    assert.ok(refusal.seen.length < 250);
    assert.ok(await right.verify(realm.mint()), 'what was known goes on being used');
  });
});

describe('two realms that say the same issuer', () => {
  for (const order of ['first', 'last']) {
    for (const [what, options, isPinned] of [
      ['is found at that address', { realm: 'staff' }, false],
      ['has it pinned', INSIDE, true],
      ['has it pinned, and the other one is known first', INSIDE, true],
    ] as const) {
      it(`are told apart where one ${what}, whether it comes ${order} or not`, async (t) => {
        const staff = createTestRealm(options);
        const partner = createImpostor(staff.issuer);
        const members = [isPinned ? pin(staff) : staff.verifier(), partner.verifier()] as const;
        const verifier = combine(t, ...(order === 'first' ? members : [...members].reverse()));
        if (what.endsWith('first')) await members[1].load();
        await assertRefused(() => verifier.verify(partner.mint()), 'token_key_unknown');
        assert.equal((await verifier.verify(staff.mint())).issuer, staff.issuer);
        await verifier.load();
        await assertRefused(() => verifier.verify(partner.mint()), 'token_key_unknown');
        const told = [...staff.notices, ...partner.notices].filter(({ code }) => code === 'issuer_conflict');
        assert.equal(told.length, 1);
        assert.match(
          String(told[0]?.message),
          /^Two realms say that they are the issuer https:.*: http.* and http/,
        );
      });
    }
  }

  it('are both refused where nobody is sure, and it is told', async (t) => {
    const staff = createTestRealm(INSIDE);
    const partner = createImpostor(staff.issuer);
    const verifier = combine(t, staff.verifier(), partner.verifier());
    for (const realm of [partner, staff]) {
      const error = await assertRefused(() => verifier.verify(realm.mint()), 'provider_misconfigured');
      assert.equal(error.statusCode, 500);
      assert.match(error.reason, /Set the option issuer of each$/);
    }
    const told = staff.notices.filter(({ code }) => code === 'issuer_conflict');
    assert.deepEqual(
      told.map(({ level }) => level),
      ['error'],
    );
  });

  it('are not told apart by which is down', async (t) => {
    const staff = createTestRealm(INSIDE);
    const partner = createImpostor(staff.issuer);
    const verifier = combine(t, staff.verifier(), partner.verifier());
    staff.setAll('down');
    await verifier.load();
    await assertRefused(() => verifier.verify(partner.mint()), 'provider_unavailable');
  });

  it('are refused at start where both were given it', () => {
    const staff = createTestRealm(INSIDE);
    const partner = createImpostor(staff.issuer);
    assert.throws(
      () => combineVerifiers([pin(staff), pin(partner)]),
      (error: OptionsError) => {
        assert.ok(error instanceof OptionsError);
        assert.deepEqual(
          error.problems.map(({ option, rule }) => [option, rule]),
          [['members', 'must not give two realms the same issuer']],
        );
        return true;
      },
    );
  });

  it('are told of when they are loaded, and combined all the same though both said so before', async (t) => {
    const staff = createTestRealm(INSIDE);
    const members = [staff.verifier(), createImpostor(staff.issuer).verifier()];
    for (const member of members) await member.load();
    const verifier = combine(t, ...members);
    await verifier.load();
    assert.equal(staff.notices.filter(({ code }) => code === 'issuer_conflict').length, 1);
  });

  it('are none while neither has said who it is', async (t) => {
    const realms = [createTestRealm(INSIDE), createTestRealm(PARTNER)];
    for (const realm of realms) realm.setAll('down');
    await combine(t, ...realms.map((realm) => realm.verifier())).load();
    const told = realms.flatMap(({ notices }) => notices.map(({ code }) => code));
    assert.ok(told.length > 0 && !told.includes('issuer_conflict'), String(told));
  });

  it('are looked for no oftener than every five seconds at one that is down, whoever found that out', async (t) => {
    const [staff, partner] = [createTestRealm(INSIDE), createTestRealm(PARTNER)];
    const verifier = combine(t, staff.verifier(), partner.verifier());
    partner.setAll('down');
    await verifier.load();
    const iss = 'https://elsewhere.example.com';
    await assertRefused(() => verifier.verify(staff.mint({ iss })), 'provider_unavailable');
    assert.equal(partner.calls.discovery, 1);
  });

  it('are none where one is down that has another pinned', async (t) => {
    const staff = createTestRealm(INSIDE);
    const partner = createTestRealm(PARTNER);
    const verifier = combine(t, staff.verifier(), pin(partner));
    partner.setAll('down');
    assert.ok(await verifier.verify(staff.mint()));
    assert.equal(partner.calls.discovery, 0);
  });
});

describe('two APIs of one realm', () => {
  const OF_BOTH = [INSIDE, { realm: 'staff' }] as const;

  for (const options of OF_BOTH) {
    it(`get the tokens that are for them: ${options.realm} at ${'issuer' in options ? 'another' : 'that'} address`, async (t) => {
      const realm = createTestRealm(options);
      const orders = realm.verifier({ clientId: 'orders' });
      const reports = realm.verifier({ clientId: 'reports' });
      const strict = realm.verifier({ clientId: 'web', audience: 'audit' });
      const verifier = combine(t, orders, reports, strict);
      for (const [claims, owner] of [
        [{ aud: 'orders' }, orders],
        [{ aud: ['reports', 'account'] }, reports],
        [{ aud: 'account', azp: 'reports' }, reports],
        [{ aud: ['audit'] }, strict],
      ] as const) {
        const token = realm.mint(claims);
        await verifier.verify(token);
        assert.deepEqual(
          [orders, reports, strict].filter((one) => one.isKnown(token)),
          [owner],
        );
        assertAtOnce(verifier.verify(token));
      }
      for (const claims of [{ aud: 'account', azp: 'web' }, { aud: 'other' }]) {
        await assertRefused(() => verifier.verify(realm.mint(claims)), 'token_audience');
      }
      assert.deepEqual(
        realm.notices.filter(({ code }) => code === 'issuer_conflict'),
        [],
      );
    });
  }

  it('count together where one has the issuer pinned, before the other has asked', async (t) => {
    const realm = createTestRealm(INSIDE);
    const [orders, reports] = [pin(realm, { clientId: 'orders' }), realm.verifier({ clientId: 'reports' })];
    const verifier = combine(t, orders, reports);
    const token = realm.mint({ aud: 'reports' });
    assert.ok(await verifier.verify(token));
    assert.ok(reports.isKnown(token));
  });
});
