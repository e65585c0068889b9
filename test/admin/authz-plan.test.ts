import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuthzState } from '../../packages/cli/src/admin/authz/current.ts';
import type { AuthzModel } from '../../packages/cli/src/admin/authz/model.ts';
import { planAuthz } from '../../packages/cli/src/admin/authz/plan.ts';
import { readAuthzFile } from '../../packages/cli/src/admin/authz/read-file.ts';

function modelOf(file: object): AuthzModel {
  const read = readAuthzFile(JSON.stringify(file));
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  return read.model;
}

function stateOf(file: object, more: Partial<AuthzState> = {}): AuthzState {
  const ids = { scopes: new Map(), resources: new Map(), policies: new Map() };
  const about = { realm: 'r', clientId: 'api', clientUuid: 'u', isOn: true, isPublic: false };
  return { ...about, ids, model: modelOf(file), foreign: new Map(), scopesOfUsers: new Set(), ...more };
}

const FILE = {
  scopes: ['view'],
  resources: [{ name: 'orders', scopes: ['view'] }],
  policies: [
    { name: 'whole', type: 'aggregate', policies: ['part'] },
    { name: 'part', type: 'role', roles: ['member'] },
  ],
  permissions: [{ name: 'see', resources: ['orders'], policies: ['whole'] }],
};
const stepsOf = (wanted: object, state: AuthzState, prune = false) =>
  planAuthz(modelOf(wanted), state, prune).steps.map(({ kind, subject }) => `${kind} ${subject}`);

describe('the plan of authorization services', () => {
  test('makes things in the order in which they need one another, and deletes in the other', () => {
    assert.deepEqual(stepsOf(FILE, stateOf({}, { isOn: false })), [
      'change authorization services of the client api',
      'create scope "view"',
      'create resource "orders"',
      'create policy "part"',
      'create policy "whole"',
      'create permission "see"',
    ]);
    assert.deepEqual(stepsOf({}, stateOf(FILE), true), [
      'delete permission "see"',
      'delete policy "whole"',
      'delete policy "part"',
      'delete resource "orders"',
      'delete scope "view"',
    ]);
  });

  test('deletes nothing without being asked to, and says what it leaves', () => {
    const plan = planAuthz(modelOf({}), stateOf(FILE), false);
    assert.deepEqual(plan.steps, []);
    assert.ok(plan.kept.includes('policy "part": not in the file (--prune deletes it)'));
  });

  test('is empty where Keycloak is as the file, and shows one member where one differs', () => {
    assert.deepEqual(stepsOf(FILE, stateOf(FILE), true), []);
    assert.deepEqual(planAuthz(modelOf(FILE), stateOf(FILE), true).kept, [
      ...['1 scope: as in the file', '1 resource: as in the file'],
      ...['2 policies: as in the file', '1 permission: as in the file'],
    ]);
    const wanted = { ...FILE, resources: [{ name: 'orders', scopes: ['view'], uris: ['/a', '/b'] }] };
    const [step] = planAuthz(modelOf(wanted), stateOf(FILE), false).steps;
    assert.deepEqual(step?.changes, [{ field: 'uris', from: '', to: '/a, /b' }]);
  });

  test('leaves the switches as they are where the file does not name them', () => {
    assert.deepEqual(stepsOf({}, stateOf({ decisionStrategy: 'AFFIRMATIVE' })), []);
    const [step] = planAuthz(
      modelOf({ decisionStrategy: 'UNANIMOUS' }),
      stateOf({ decisionStrategy: 'AFFIRMATIVE' }),
      false,
    ).steps;
    assert.deepEqual(step?.changes, [{ field: 'decisionStrategy', from: 'AFFIRMATIVE', to: 'UNANIMOUS' }]);
  });

  test('names what lets everybody in, and prune takes it away', () => {
    const open = stateOf(
      { resources: [{ name: 'Default Resource', uris: ['/*'] }, { name: 'orders' }] },
      { foreign: new Map([['Default Policy', 'js']]) },
    );
    const { blocked } = planAuthz(modelOf({}), open, false);
    assert.deepEqual(
      blocked.map(({ subject }) => subject),
      ['policy "Default Policy"', 'resource "Default Resource"'],
    );
    assert.deepEqual(stepsOf({ resources: [{ name: 'orders' }] }, open, true), [
      'delete policy "Default Policy"',
      'delete resource "Default Resource"',
    ]);
    const builtOn = {
      resources: [{ name: 'orders' }],
      permissions: [{ name: 'p', resources: ['orders'], policies: ['Default Policy'] }],
    };
    assert.deepEqual(stepsOf(builtOn, open, true), [
      'create permission "p"',
      'delete resource "Default Resource"',
    ]);
  });

  test('takes it away first of all where there is nothing else: nobody has made it', () => {
    const fresh = stateOf(
      { resources: [{ name: 'Default Resource', uris: ['/*'] }] },
      { foreign: new Map([['Default Policy', 'js']]) },
    );
    assert.deepEqual(stepsOf({ scopes: ['view'] }, fresh), [
      'delete policy "Default Policy"',
      'delete resource "Default Resource"',
      'create scope "view"',
    ]);
  });

  test('says loudly when the enforcement lets everybody in', () => {
    for (const policyEnforcementMode of ['PERMISSIVE', 'DISABLED']) {
      const loud = planAuthz(modelOf({ policyEnforcementMode }), stateOf({}), false).blocked;
      const isOff = policyEnforcementMode === 'DISABLED';
      assert.match(loud[0]?.why ?? '', isOff ? /^everything is granted to everybody/ : /^requests that no/);
      assert.equal(planAuthz(modelOf({}), stateOf({ policyEnforcementMode }), false).blocked.length, 1);
    }
  });

  test('leaves alone what a file cannot hold, and scopes that resources of users have', () => {
    const more = { foreign: new Map([['mine', 'script-a.js']]), scopesOfUsers: new Set(['view']) };
    const plan = planAuthz(modelOf({}), stateOf({ scopes: ['view'] }, more), true);
    assert.deepEqual(plan.steps, []);
    assert.equal(plan.kept.length, 2);
  });

  test('refuses a public client, a policy that is nowhere, and another type under the same name', () => {
    const refusedOf = (wanted: object, state: AuthzState) =>
      planAuthz(modelOf(wanted), state, false).refused.join('\n');
    assert.match(refusedOf({}, stateOf({}, { isOn: false, isPublic: true })), /is public/);
    const loose = { ...FILE, permissions: [{ name: 'see', resources: ['orders'], policies: ['gone'] }] };
    assert.match(refusedOf(loose, stateOf(FILE)), /"see" uses the policy "gone", which is not in the file/);
    assert.equal(refusedOf(loose, stateOf(FILE, { foreign: new Map([['gone', 'script-a.js']]) })), '');
    const scoped = { ...FILE, permissions: [{ name: 'see', scopes: ['view'], policies: ['whole'] }] };
    assert.match(refusedOf(scoped, stateOf(FILE)), /"see" is of type resource permission in Keycloak/);
    const other = { policies: [{ name: 'part', type: 'user', users: ['anna'] }] };
    assert.match(
      refusedOf(other, stateOf({ policies: [FILE.policies[1]] })),
      /"part" is of type role policy/,
    );
  });
});
