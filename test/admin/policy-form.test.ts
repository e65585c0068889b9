import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blameVersion, toPolicyBody } from '../../packages/cli/src/admin/authz/current.ts';

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

test('where Keycloak fails at such a policy, its version is named', () => {
  assert.equal(blameVersion(role), '');
  assert.match(blameVersion({ ...role, fetchRoles: true }), /before 26 does not know fetchRoles/);
  assert.match(blameVersion({ ...regex, targetContextAttributes: true }), /before 24/);
});
