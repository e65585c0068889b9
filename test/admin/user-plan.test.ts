import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CurrentState } from '../../packages/cli/src/admin/current.ts';
import type { SetupGoal } from '../../packages/cli/src/admin/goal.ts';
import { planMemberships, planRealm, planUser } from '../../packages/cli/src/admin/plan/user.ts';

const USER = { username: 'anna', email: 'a@b.c', firstName: 'A', lastName: 'B' };
const GOAL = {
  ...{ realm: 'shop', clientId: 'api', user: { ...USER, password: undefined, resetPassword: false } },
  ...{ realmRoles: ['editor'], clientRoles: ['reader'], groups: ['/staff/dev'], enable: false },
} as unknown as SetupGoal;
const THERE = {
  ...{ realm: { realm: 'shop' }, user: { ...USER, enabled: true }, userHasPassword: true },
  ...{ requiredAttributes: [], userRealmRoles: [], userClientRoles: [], userGroups: [] },
} as unknown as CurrentState;

const memberships = (current: Partial<CurrentState> = {}, goal: Partial<SetupGoal> = {}) =>
  planMemberships({ ...THERE, ...current }, { ...GOAL, ...goal }).steps.map(({ changes, action, opens }) => ({
    changes: changes.map(({ field, to }) => `${field}: ${to}`),
    action,
    opens,
  }));

const grant = (realmRoles: string[], clientRoles: string[]) => ({
  ...{ type: 'grant-roles', realmRoles, clientRoles },
});
const OF_EDITOR = 'anna may what the role editor may, in every application of the realm';
const OF_READER = 'anna has reader of api: tokens that other clients get for anna name api as audience';

test('who is there gets what is missing, and the plan says what that opens', () => {
  const roles = { userRealmRoles: ['editor'], userClientRoles: ['reader'] };
  const joins = {
    changes: ['Groups: + /staff/dev'],
    action: { type: 'join-group', path: '/staff/dev' },
    opens: ['anna may what the group /staff/dev may, in every application'],
  };
  assert.deepEqual(memberships({ userGroups: ['/staff/dev'] }), [
    {
      changes: ['Realm roles: + editor', 'Roles of api: + reader'],
      action: grant(['editor'], ['reader']),
      opens: [OF_EDITOR, OF_READER],
    },
  ]);
  assert.deepEqual(memberships({ userClientRoles: ['reader'] }), [
    { changes: ['Realm roles: + editor'], action: grant(['editor'], []), opens: [OF_EDITOR] },
    joins,
  ]);
  assert.deepEqual(memberships({ userRealmRoles: ['editor'] }), [
    { changes: ['Roles of api: + reader'], action: grant([], ['reader']), opens: [OF_READER] },
    joins,
  ]);
  assert.deepEqual(memberships({ ...roles, userGroups: ['/staff/dev'] }), []);
  assert.deepEqual(memberships({}, { user: undefined }), []);
  // What the guards of a folder name is made, and the user gets what was asked for.
  assert.deepEqual(memberships({}, { grant: { realmRoles: [], clientRoles: [], groups: [] } }), []);
});

test('a new user had no rights that could grow', () => {
  assert.deepEqual(
    memberships({ user: null }).map(({ action, opens }) => [action.type, opens]),
    [
      ['grant-roles', []],
      ['join-group', []],
    ],
  );
});

test('what is off is switched on where that was asked for', () => {
  const off = { ...THERE, realm: { enabled: false }, user: { ...USER, enabled: false } } as CurrentState;
  const asked = { ...GOAL, enable: true };
  const actions = (goal: SetupGoal) =>
    [planRealm(off, goal), planUser(off, goal)].flatMap(({ steps }) => steps.map(({ action }) => action));
  assert.deepEqual(actions(GOAL), []);
  assert.deepEqual(actions(asked), [
    { type: 'update-realm', patch: { enabled: true } },
    { type: 'update-user', patch: { enabled: true } },
  ]);
});

test('a new realm has organizations where the goal has', () => {
  const changes = (goal: Partial<SetupGoal>) =>
    planRealm({ ...THERE, realm: null }, { ...GOAL, ...goal }).steps[0]?.changes;
  assert.deepEqual(changes({}), []);
  assert.deepEqual(
    changes({ organizations: { groups: false, ids: false } })?.map(({ field }) => field),
    ['Organizations'],
  );
});
