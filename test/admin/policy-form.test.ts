import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NetworkError } from '@keycloak/keycloak-admin-client/lib/utils/fetchWithError.js';
import { applyAuthz } from '../../packages/cli/src/admin/authz/apply.ts';
import { noAuthz, toPolicyBody } from '../../packages/cli/src/admin/authz/current.ts';
import { planAuthz } from '../../packages/cli/src/admin/authz/plan.ts';
import { readAuthzValue } from '../../packages/cli/src/admin/authz/read-file.ts';

const role = { name: 'is member', type: 'role', roles: ['member'] };
const regex = { name: 'mail', type: 'regex', targetClaim: 'email', pattern: '.*' };

test('what older Keycloaks do not know is sent where it is on, or has to be switched off', () => {
  for (const [item, member] of [
    [role, 'fetchRoles'],
    [regex, 'targetContextAttributes'],
  ] as const) {
    assert.ok(!(member in toPolicyBody(item, undefined)));
    assert.ok(!(member in toPolicyBody(item, item)));
    assert.equal(toPolicyBody({ ...item, [member]: true }, undefined)[member], true);
    assert.equal(toPolicyBody(item, { ...item, [member]: true })[member], false);
  }
});

test('a policy about groups has every member, for Keycloak keeps what is left out', () => {
  const group = { name: 'staff', type: 'group', groups: ['/staff', { path: '/dev', extendChildren: true }] };
  const groups = [{ path: '/staff', extendChildren: false }, group.groups[1]];
  const rest = { logic: 'POSITIVE', decisionStrategy: 'UNANIMOUS', description: '' };
  assert.deepEqual(toPolicyBody(group, undefined), { ...group, ...rest, groups, groupsClaim: '' });
  const chosen = {
    logic: 'NEGATIVE',
    decisionStrategy: 'CONSENSUS',
    description: 'ours',
    groupsClaim: 'teams',
  };
  assert.deepEqual(toPolicyBody({ ...group, ...chosen }, undefined), { ...group, ...chosen, groups });
});

test('a policy about roles or client scopes says which of them are needed', () => {
  for (const [type, member] of [
    ['role', 'roles'],
    ['client-scope', 'clientScopes'],
  ] as const) {
    const item = { name: 'x', type, [member]: ['one', { name: 'two' }] };
    assert.deepEqual(toPolicyBody(item, undefined)[member], [
      { id: 'one', required: false },
      { id: 'two', required: true },
    ]);
  }
});

describe('what Keycloak refuses is named', () => {
  /** The words about the first step of a file, where Keycloak answers each call with a status. */
  async function wordsAt(status: number, file: object): Promise<string> {
    const refuse = async () => {
      throw new NetworkError('refused', { response: new Response(null, { status }), responseData: {} });
    };
    const clients = {
      getResourceServer: async () => ({}),
      ...{ importResource: refuse, createPolicy: refuse, createAuthorizationScope: refuse },
    };
    const state = { ...noAuthz('shop', 'api'), clientUuid: 'c', isOn: true };
    const read = readAuthzValue(file);
    assert.ok('model' in read, JSON.stringify(read));
    const steps = planAuthz(read.model, state, false).steps.filter(({ action }) => action.type === 'put');
    try {
      for await (const _ of applyAuthz({ clients } as never, steps, read.model, state));
    } catch (error) {
      return String(error);
    }
    return assert.fail('nothing was refused');
  }

  for (const [policy, words] of [
    [
      { ...role, fetchRoles: true },
      /create the policy "is member" \(Keycloak before 26 does not know fetchRoles\)/,
    ],
    [{ ...regex, targetContextAttributes: true }, /before 24/],
    [role, /create the policy "is member": HTTP 500/],
  ] as const)
    test(`a policy, with the version that knows its members where Keycloak fails: ${words.source}`, async () => {
      assert.match(await wordsAt(500, { policies: [policy] }), words);
      assert.doesNotMatch(await wordsAt(400, { policies: [policy] }), /Keycloak before/);
    });

  test('several resources that are made at once, by their number', async () => {
    const resources = ['a', 'b', 'c'].map((name) => ({ name }));
    assert.match(await wordsAt(409, { resources }), /create the resource "a" and 2 more: HTTP 409/);
    assert.match(await wordsAt(409, { resources: [{ name: 'a' }] }), /create the resource "a": HTTP 409/);
  });
});
