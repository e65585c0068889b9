import { defineAuthorization, type PermissionOf } from '../../../packages/cli/src/index.ts';

const authorization = defineAuthorization({
  policyEnforcementMode: 'ENFORCING',
  scopes: ['view', { name: 'edit', displayName: 'Edit' }],
  resources: [
    { name: 'orders', scopes: ['view', 'edit'] },
    { name: 'reports', scopes: ['view'], uris: ['/reports/*'] },
    { name: 'office', type: 'urn:api:office' },
  ],
  policies: [
    {
      name: 'is member',
      type: 'role',
      roles: ['member', { name: 'staff', required: true }],
      fetchRoles: true,
    },
    { name: 'in office hours', type: 'time', hour: 8, hourEnd: 17 },
    { name: 'both', type: 'aggregate', policies: ['is member', 'in office hours'] },
  ],
  permissions: [
    { name: 'orders for members', resources: ['orders'], policies: ['is member'] },
    { name: 'edit', scopes: ['edit'], policies: ['both'] },
  ],
});
export default authorization;

// All that can be asked for, and nothing else.
type Asked = PermissionOf<typeof authorization>;
export const all: Record<Asked, true> = {
  'orders#view': true,
  'orders#edit': true,
  'reports#view': true,
  office: true,
};
// @ts-expect-error Reports cannot be edited.
export const wrong: Asked = 'reports#edit';

defineAuthorization({
  scopes: ['view'],
  // @ts-expect-error No such scope.
  resources: [{ name: 'orders', scopes: ['veiw'] }],
});
const parts = {
  scopes: ['view'],
  resources: [{ name: 'orders', scopes: ['view'] }],
  policies: [{ name: 'is member', type: 'role', roles: ['member'] }],
} as const;
defineAuthorization({
  ...parts,
  // @ts-expect-error No such resource.
  permissions: [{ name: 'p', resources: ['ordres'], policies: ['is member'] }],
});
defineAuthorization({
  ...parts,
  // @ts-expect-error No such scope.
  permissions: [{ name: 'p', scopes: ['veiw'], policies: ['is member'] }],
});
defineAuthorization({
  ...parts,
  // @ts-expect-error No such policy.
  permissions: [{ name: 'p', resources: ['orders'], policies: ['is membre'] }],
});
defineAuthorization({
  // @ts-expect-error An aggregate of what is not there.
  policies: [{ name: 'both', type: 'aggregate', policies: ['is membre'] }],
});
defineAuthorization({
  // @ts-expect-error A policy of roles needs roles.
  policies: [{ name: 'is member', type: 'role' }],
});
defineAuthorization({
  // @ts-expect-error No such switch.
  policyEnforcementMode: 'ENFORCE',
});
