import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenNeeds } from '../../packages/cli/src/doctor/checks/token/needs.ts';

const toToken = (claims: object): string =>
  [{ alg: 'RS256' }, claims, '']
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');

test('a role in an organization is looked up in that one alone, of all that the user is a member of', async () => {
  const read: string[] = [];
  const api = {
    clients: {
      find: async ({ clientId }: { clientId: string }) => [{ id: 'c-1', clientId }],
      listScopeMappings: async () => ({}),
    },
    clientScopes: { find: async () => [] },
    users: { listGroups: async () => [], listCompositeRealmRoleMappings: async () => [] },
    realms: { findOne: async () => ({ organizationsEnabled: true }) },
    organizations: {
      memberOrganizations: async () => ['acme', 'globex'].map((alias) => ({ id: `o-${alias}`, alias })),
      groups: (id: string) => ({
        async listOrgGroups() {
          read.push(id);
          return [{ id: 'g-1', path: '/staff' }];
        },
        listCompositeRealmRoleMappings: async () => [{ name: 'billing' }],
      }),
    },
  };
  const claims = { azp: 'page', sub: 'u-1', preferred_username: 'anna', organization: { acme: {} } };
  const explain = (...wants: readonly string[]) =>
    tokenNeeds.run({
      ...{ token: toToken({ ...claims, realm_access: { roles: ['user'] } }), options: { wants } },
      reach: { admin: { connection: async () => ({ api }) }, caller: { realm: 'shop' } },
    } as never);
  const { status, cause } = await explain('organization=acme:billing');
  assert.equal(status, 'fail');
  assert.match(cause, /^the user has the role billing in acme, and no mapper of the client puts roles of/);
  assert.deepEqual(read, ['o-acme']);
  assert.match(
    (await explain('organization=acme:/boss')).cause,
    /^the user does not have the group \/boss in/,
  );
  read.length = 0;
  assert.match((await explain('organization=initech')).cause, /^the user is not a member of .* initech/);
  assert.deepEqual(read, []);
});
