import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluate } from '../../packages/testing/src/authz/evaluation.ts';
import type { Question, Subject } from '../../packages/testing/src/authz/policies.ts';
import { readSettings } from '../../packages/testing/src/authz/read-settings.ts';
import type { AuthorizationSettings } from '../../packages/testing/src/realm/authorization-settings.ts';

type Policy = NonNullable<AuthorizationSettings['policies']>[number];

const ALICE: Subject = {
  id: 'id-of-alice',
  username: 'alice',
  isServiceAccount: false,
  attributes: new Map([['scope', ['openid email']]]),
  tokenRoles: { realm: new Set(['member']), client: new Map([['api', new Set(['auditor'])]]) },
  roles: { realm: new Set(), client: new Map() },
  groups: ['/staff/dev'],
};
const NOON = new Date(2026, 5, 15, 12, 30, 0).getTime();

function policy(type: string, config: Record<string, unknown>, more: Partial<Policy> = {}): Policy {
  const texts = Object.entries(config).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return { name: 'it', type, config: Object.fromEntries(texts), ...more };
}

/** Whether `thing#view` is granted, where one permission applies the policy `it`. */
function isGranted(
  policies: Policy | Policy[],
  { subject = ALICE, now = NOON, attributes = {} } = {},
): boolean {
  const model = readSettings(
    {
      resources: [{ name: 'thing', scopes: ['view'] }],
      policies: [
        ...[policies].flat(),
        policy(
          'scope',
          { resources: ['thing'], scopes: ['view'], applyPolicies: ['it'] },
          { name: 'permission' },
        ),
      ],
    },
    { clientId: 'id-of-api', userId: (named) => (named === 'alice' ? 'id-of-alice' : undefined) },
  );
  const question: Question = {
    subject,
    context: { now, attributes: new Map(Object.entries(attributes)) },
  };
  const asked = [...model.resources.values()].map((resource) => ({ resource, scopes: ['view'] }));
  return evaluate(model, question, asked).length === 1;
}

describe('the policies of the embedded provider', () => {
  it('what is of an unknown type denies, and its logic does not turn that round', () => {
    assert.equal(isGranted(policy('js', { code: '$evaluation.grant()' })), false);
    assert.equal(isGranted(policy('js', {}, { logic: 'NEGATIVE' })), false);
    assert.equal(isGranted(policy('script-mine.js', {})), false);
  });

  it('nor does that of an aggregate around it', () => {
    const unknown = policy('js', {}, { name: 'unknown' });
    for (const applied of ['unknown', 'not there', 'it', 'around']) {
      const around = policy('aggregate', { applyPolicies: ['unknown'] }, { name: 'around' });
      const it = policy('aggregate', { applyPolicies: [applied] }, { logic: 'NEGATIVE' });
      assert.equal(isGranted([unknown, around, it]), false, applied);
    }
  });

  it('a policy that is named and not there denies', () => {
    assert.equal(isGranted([]), false);
  });

  it('aggregates that lead back to themselves deny', () => {
    const other = policy('aggregate', { applyPolicies: ['it'] }, { name: 'other' });
    assert.equal(isGranted([policy('aggregate', { applyPolicies: ['other'] }), other]), false);
    assert.equal(isGranted(policy('aggregate', { applyPolicies: [] })), false);
  });

  it('roles are those of the token, unless they are to be fetched', () => {
    const roles = [{ id: 'member', required: true }];
    assert.equal(isGranted(policy('role', { roles })), true);
    assert.equal(isGranted(policy('role', { roles, fetchRoles: 'true' })), false);
    assert.equal(isGranted(policy('role', { roles: [{ id: 'api/auditor' }] })), true);
    assert.equal(isGranted(policy('role', { roles: [{ id: 'other/auditor' }] })), false);
    assert.equal(isGranted(policy('role', { roles: [{ id: 'auditor' }] })), false);
  });

  it('a list that is no JSON denies, also where the policy is to keep people out', () => {
    for (const logic of ['POSITIVE', 'NEGATIVE']) {
      assert.equal(isGranted(policy('role', { roles: 'member' }, { logic })), false);
      assert.equal(isGranted(policy('user', { users: '{"0":"alice"}' }, { logic })), false);
    }
  });

  it('a group is met by its path, or by its name where the token has names', () => {
    const dev = { groups: [{ path: '/staff/dev' }] };
    const inGroups = (...groups: string[]) => ({ subject: { ...ALICE, groups } });
    assert.equal(isGranted(policy('group', dev)), true);
    assert.equal(isGranted(policy('group', dev), inGroups('/staff/dev/web')), false);
    assert.equal(isGranted(policy('group', dev), inGroups('/other/dev')), false);
    const below = { groups: [{ path: '/staff', extendChildren: true }] };
    assert.equal(isGranted(policy('group', below)), true);
    assert.equal(isGranted(policy('group', below), inGroups('/staffing')), false);
    const attributes = new Map([['groups', ['dev']]]);
    assert.equal(
      isGranted(policy('group', { ...dev, groupsClaim: 'groups' }), { subject: { ...ALICE, attributes } }),
      true,
    );
    assert.equal(isGranted(policy('group', { ...dev, groupsClaim: 'groups' })), true, 'else as they are now');
  });

  it('users are known by id and by name, and a service account is none', () => {
    assert.equal(isGranted(policy('user', { users: ['alice'] })), true);
    assert.equal(isGranted(policy('user', { users: ['id-of-alice'] })), true);
    const subject = { ...ALICE, isServiceAccount: true };
    assert.equal(isGranted(policy('user', { users: ['alice'] }), { subject }), false);
  });

  it('a pattern matches the whole value, and one that JavaScript does not understand denies', () => {
    const subject = { ...ALICE, attributes: new Map([['mail', ['a@acme.test']]]) };
    const matches = (pattern: string, more: Partial<Policy> = {}) =>
      isGranted(policy('regex', { targetClaim: 'mail', pattern }, more), { subject });
    assert.equal(matches('.*@acme\\.test'), true);
    assert.equal(matches('a|b@acme.test'), false, 'alternatives are held together');
    assert.equal(matches('@acme'), false);
    assert.equal(matches('(?'), false);
  });

  it('a claim that is an object is entered by a path, and by own members alone', () => {
    const subject = { ...ALICE, attributes: new Map([['address', ['{"city":"Kyiv","a.b":{"c":1}}']]]) };
    const matches = (targetClaim: string, pattern: string) =>
      isGranted(policy('regex', { targetClaim, pattern }), { subject });
    assert.equal(matches('address.city', 'Kyiv'), true);
    assert.equal(matches('address.a\\.b.c', '1'), true);
    assert.equal(matches('address.constructor.name', '.*'), false);
    assert.equal(matches('address.city.length', '.*'), false);
    assert.equal(matches('scope.city', '.*'), false);
  });

  it('what the request pushed is asked where the policy says so, and the token alone elsewhere', () => {
    const config = { targetClaim: 'place', pattern: 'office' };
    const attributes = { place: ['office'] };
    assert.equal(
      isGranted(policy('regex', { ...config, targetContextAttributes: 'true' }), { attributes }),
      true,
    );
    assert.equal(isGranted(policy('regex', config), { attributes }), false);
  });

  it('times count to the second, and both ends are in', () => {
    const at = (seconds: number, config: Record<string, string>) =>
      isGranted(policy('time', config), { now: NOON + seconds * 1000 });
    assert.deepEqual(
      [-1, 0, 1].map((one) => at(one, { nbf: '2026-06-15 12:30:00' })),
      [false, true, true],
    );
    assert.deepEqual(
      [-1, 0, 1].map((one) => at(one, { noa: '2026-06-15 12:30:00' })),
      [true, true, false],
    );
    assert.equal(at(0.9, { noa: '2026-06-15 12:30:00' }), true);
    assert.equal(at(0, { nbf: '2026-06-15' }), true);
    assert.equal(at(0, { nbf: '2026-06-16' }), false);
    assert.equal(at(0, { nbf: 'soon' }), false);
    assert.equal(at(0, { noa: 'later' }), false);
  });

  it('parts of a time are spans, or one value', () => {
    const now = (config: Record<string, string>) => isGranted(policy('time', config));
    assert.equal(now({ hour: '9', hourEnd: '17' }), true);
    assert.equal(now({ hour: '9' }), false);
    assert.equal(now({ month: '6', dayMonth: '15', year: '2026', minute: '30' }), true);
    assert.equal(now({ month: '5' }), false);
    assert.equal(now({ dayMonth: '16', dayMonthEnd: '20' }), false);
  });

  it('a pattern that takes too long denies, and nobody waits for its end', () => {
    const subject = { ...ALICE, attributes: new Map([['mail', [`${'a'.repeat(60)}!`]]]) };
    const started = performance.now();
    // Negative: what denies by itself would grant.
    const slow = policy('regex', { targetClaim: 'mail', pattern: '(a+)+' }, { logic: 'NEGATIVE' });
    assert.equal(isGranted(slow, { subject }), false);
    assert.ok(performance.now() - started < 10_000);
  });

  it('a logic or a strategy that Keycloak does not import denies', () => {
    for (const logic of ['negative', 'Negative', '', 'constructor']) {
      assert.equal(isGranted(policy('user', { users: ['alice'] }, { logic })), false, logic);
      assert.equal(isGranted(policy('user', { users: ['bob'] }, { logic })), false, logic);
    }
    const yes = policy('time', {}, { name: 'yes' });
    const no = policy('time', { noa: '2001-01-01' }, { name: 'no' });
    for (const logic of ['POSITIVE', 'NEGATIVE']) {
      const it = policy('aggregate', { applyPolicies: ['yes', 'no'] }, { logic, decisionStrategy: 'any' });
      assert.equal(isGranted([yes, no, it]), false, logic);
    }
    assert.equal(isGranted(policy('time', {}, { decisionStrategy: 'unanimous' })), false);
    const permission = policy('resource', { resources: ['thing'], applyPolicies: ['it'] }, { name: 'more' });
    const always = policy('time', {});
    assert.equal(isGranted([always, { ...permission, decisionStrategy: 'affirmative' }]), false);
    assert.equal(isGranted([always, { ...permission, logic: 'negative' }]), false);
    assert.equal(isGranted([always, permission]), true);
  });

  it('a strategy is met by as many as it asks for', () => {
    const yes = policy('time', {}, { name: 'yes' });
    const no = policy('time', { noa: '2001-01-01' }, { name: 'no' });
    const by = (decisionStrategy: string, ...applyPolicies: string[]) =>
      isGranted([yes, no, policy('aggregate', { applyPolicies }, { decisionStrategy })]);
    assert.deepEqual([by('UNANIMOUS', 'yes'), by('UNANIMOUS', 'yes', 'no')], [true, false]);
    assert.deepEqual([by('AFFIRMATIVE', 'yes', 'no'), by('AFFIRMATIVE', 'no')], [true, false]);
    assert.equal(by('CONSENSUS', 'yes', 'no'), false, 'a draw is none');
  });
});
