import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type AuthzFile, toAuthorizationSettings } from '../../packages/testing/src/index.ts';

/** The file of the page about permissions. */
const [, sample = ''] =
  /```json\n(\{\n {2}"policyEnforcementMode"[\s\S]*?)```/.exec(
    readFileSync(new URL('../../docs/permissions.md', import.meta.url), 'utf8'),
  ) ?? [];

describe('an authz.json as authorization settings of a realm file', () => {
  it('is what Keycloak would export once it was applied', () => {
    assert.deepEqual(toAuthorizationSettings(JSON.parse(sample) as AuthzFile), {
      policyEnforcementMode: 'ENFORCING',
      scopes: [{ name: 'view' }, { name: 'edit' }],
      resources: [
        {
          ...{ name: 'orders', type: 'urn:my-api:order', uris: ['/orders', '/orders/*'] },
          scopes: ['view', 'edit'],
        },
      ],
      policies: [
        {
          ...{ name: 'is member', type: 'role' },
          config: { roles: '[{"id":"member","required":false}]', fetchRoles: 'true' },
        },
        {
          ...{ name: 'in staff', type: 'group' },
          config: { groups: '[{"path":"/staff","extendChildren":true}]' },
        },
        {
          ...{ name: 'member and staff', type: 'aggregate' },
          config: { applyPolicies: '["is member","in staff"]' },
        },
        {
          ...{ name: 'orders for members', type: 'resource' },
          config: { resources: '["orders"]', applyPolicies: '["is member"]' },
        },
        {
          ...{ name: 'edit needs staff', type: 'scope' },
          config: { resources: '["orders"]', scopes: '["edit"]', applyPolicies: '["member and staff"]' },
        },
      ],
    });
  });

  it('leaves out a member that a program leaves undefined', () => {
    const about = { resources: undefined, resourceType: undefined };
    const { policies } = toAuthorizationSettings({
      permissions: [{ name: 'p', ...about, scopes: ['view'], policies: ['is member'] }],
    });
    assert.deepEqual(policies?.[0]?.config, { scopes: '["view"]', applyPolicies: '["is member"]' });
  });

  it('keeps everything else that such a file can say', () => {
    const { policies, resources, scopes } = toAuthorizationSettings({
      scopes: [{ name: 'view', iconUri: 'https://x/i.png' }],
      resources: [{ name: 'a', iconUri: 'https://x/i.png', ownerManagedAccess: true }],
      policies: [
        { name: 'r', type: 'role', roles: [{ name: 'x', required: true }], logic: 'NEGATIVE' },
        { name: 'g', type: 'group', groups: ['/staff'], groupsClaim: 'groups' },
        { name: 's', type: 'client-scope', clientScopes: ['phone'] },
        { name: 't', type: 'time', notBefore: '2026-01-01 00:00:00', hour: 9, hourEnd: 17 },
        { name: 'x', type: 'regex', targetClaim: 'a', pattern: 'b', targetContextAttributes: true },
      ],
      permissions: [{ name: 'p', resourceType: 't', policies: ['r'], decisionStrategy: 'AFFIRMATIVE' }],
    });
    assert.deepEqual(
      [scopes, resources],
      [
        [{ name: 'view', iconUri: 'https://x/i.png' }],
        [{ name: 'a', icon_uri: 'https://x/i.png', ownerManagedAccess: true }],
      ],
    );
    assert.deepEqual(policies, [
      { name: 'r', type: 'role', logic: 'NEGATIVE', config: { roles: '[{"id":"x","required":true}]' } },
      { name: 'g', type: 'group', config: { groups: '[{"path":"/staff"}]', groupsClaim: 'groups' } },
      { name: 's', type: 'client-scope', config: { clientScopes: '[{"id":"phone","required":false}]' } },
      { name: 't', type: 'time', config: { nbf: '2026-01-01 00:00:00', hour: '9', hourEnd: '17' } },
      {
        ...{ name: 'x', type: 'regex' },
        config: { targetClaim: 'a', pattern: 'b', targetContextAttributes: 'true' },
      },
      {
        ...{ name: 'p', type: 'resource', decisionStrategy: 'AFFIRMATIVE' },
        config: { defaultResourceType: 't', applyPolicies: '["r"]' },
      },
    ]);
  });
});
