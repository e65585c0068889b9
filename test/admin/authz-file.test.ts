import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toFile } from '../../packages/cli/src/admin/authz/model.ts';
import { readAuthzFile } from '../../packages/cli/src/admin/authz/read-file.ts';

const FILE = {
  policyEnforcementMode: 'ENFORCING',
  scopes: ['view', { name: 'edit', displayName: 'Edit' }],
  resources: [{ name: 'orders', uris: ['/orders/*', '/orders'], scopes: ['view', 'edit'] }],
  policies: [
    { name: 'staff', type: 'group', groups: ['staff/'] },
    { name: 'member', type: 'role', roles: [{ name: 'member', required: false }, 'api/auditor'] },
    { name: 'both', type: 'aggregate', policies: ['staff', 'member'], decisionStrategy: 'UNANIMOUS' },
  ],
  permissions: [{ name: 'see orders', resources: ['orders'], scopes: ['view'], policies: ['both'] }],
};

function problemsOf(change: object): readonly string[] {
  const read = readAuthzFile(JSON.stringify({ ...FILE, ...change }));
  return 'problems' in read ? read.problems : [];
}

describe('authz.json', () => {
  test('is written in one way, whatever the order and whatever is said for nothing', () => {
    const read = readAuthzFile(JSON.stringify(FILE));
    assert.ok('model' in read);
    const written = toFile(read.model);
    assert.deepEqual(written.policies, [
      { name: 'both', type: 'aggregate', policies: ['member', 'staff'] },
      { name: 'member', type: 'role', roles: ['api/auditor', 'member'] },
      { name: 'staff', type: 'group', groups: ['/staff'] },
    ]);
    assert.deepEqual(written.scopes, [{ name: 'edit', displayName: 'Edit' }, 'view']);
    assert.deepEqual(written.resources, [
      { name: 'orders', uris: ['/orders', '/orders/*'], scopes: ['edit', 'view'] },
    ]);
    const again = readAuthzFile(JSON.stringify(written));
    assert.ok('model' in again);
    assert.equal(JSON.stringify(toFile(again.model)), JSON.stringify(written));
  });

  const rows: [string, object, RegExp][] = [
    ['an unknown member', { polices: [] }, /^unknown member "polices"; there are: policyEnforcementMode, /],
    [
      'an unknown member of a resource',
      { resources: [{ name: 'orders', uri: '/orders' }], permissions: [] },
      /^resources\[0\] "orders": unknown member "uri"; there are: name, /,
    ],
    [
      'a member of another type of policy',
      { policies: [{ name: 'x', type: 'role', roles: ['a'], users: ['b'] }], permissions: [] },
      /unknown member "users"; there are: name, type, description, logic, roles, fetchRoles$/,
    ],
    [
      'a name of Object',
      { policies: [{ name: 'x', type: 'constructor' }], permissions: [] },
      /type must be one of role, /,
    ],
    [
      'a script',
      { policies: [{ name: 'x', type: 'js', code: '1' }], permissions: [] },
      /type must be one of role, /,
    ],
    [
      'a policy without its roles',
      { policies: [{ name: 'x', type: 'role', roles: [] }], permissions: [] },
      /roles is missing/,
    ],
    [
      'a permission about nothing',
      { permissions: [{ name: 'p', policies: ['both'] }] },
      /resources, resourceType or scopes is missing/,
    ],
    [
      'a permission without policies',
      { permissions: [{ name: 'p', resources: ['orders'], policies: [] }] },
      /policies is missing/,
    ],
    [
      'a switch that is no such word',
      { policyEnforcementMode: 'OFF' },
      /must be one of ENFORCING, PERMISSIVE, DISABLED/,
    ],
    [
      'a misspelt switch of a role',
      { policies: [{ name: 'x', type: 'role', roles: [{ name: 'a', require: true }] }], permissions: [] },
      /roles must be a list of texts/,
    ],
    [
      'a resource that is not there',
      { permissions: [{ name: 'p', resources: ['order'], policies: ['both'] }] },
      /permissions "p": resources has no "order"/,
    ],
    [
      'two switches of a role',
      { policies: [{ name: 'x', type: 'role', roles: [{ name: 'a', required: 'yes' }] }], permissions: [] },
      /roles must be a list of texts/,
    ],
    [
      'a role without a name',
      { policies: [{ name: 'x', type: 'role', roles: [{ required: true }] }], permissions: [] },
      /roles must be a list of texts/,
    ],
    [
      'a role that is a number',
      { policies: [{ name: 'x', type: 'role', roles: [7] }], permissions: [] },
      /roles must be a list of texts/,
    ],
    [
      'a scope that is no object',
      { scopes: ['view', 'edit', 7] },
      /^scopes\[2\] must be an object with a name/,
    ],
    [
      'a scope whose name is none',
      { scopes: ['view', 'edit', { name: 7 }] },
      /^scopes\[2\] must be an object/,
    ],
    ['a scope without letters', { scopes: ['view', 'edit', ''] }, /^scopes\[2\] must be an object/],
    [
      'addresses that are no list',
      { resources: [{ name: 'orders', uris: '/a' }] },
      /uris must be a list of texts/,
    ],
    [
      'attributes that are no lists',
      { resources: [{ name: 'orders', attributes: { a: '1' } }] },
      /attributes must be an object of lists/,
    ],
    [
      'attributes that are a list',
      { resources: [{ name: 'orders', attributes: [['1']] }] },
      /attributes must be/,
    ],
    [
      'attributes of numbers',
      { resources: [{ name: 'orders', attributes: { a: [1] } }] },
      /attributes must be/,
    ],
    ['a scope that is not there', { scopes: ['view'] }, /resources "orders": scopes has no "edit"/],
    ['two of one name', { scopes: ['view', 'edit', 'view'] }, /there are two named "view"/],
    [
      'one name for a policy and a permission',
      { permissions: [{ name: 'both', resources: ['orders'], policies: ['staff'] }] },
      /Keycloak needs two names/,
    ],
    [
      'a circle',
      {
        policies: [
          { name: 'both', type: 'aggregate', policies: ['c'] },
          { name: 'c', type: 'aggregate', policies: ['both'] },
        ],
      },
      /"both": it is a part of itself/,
    ],
  ];
  for (const [title, change, expected] of rows) {
    test(`refuses ${title}`, () => {
      const problems = problemsOf(change);
      assert.ok(
        problems.some((problem) => expected.test(problem)),
        problems.join('\n') || 'nothing is refused',
      );
    });
  }

  test('takes parts that are named by two policies, and come back to none', () => {
    const part = (name: string, ...policies: string[]) => ({ name, type: 'aggregate', policies });
    const last = { name: 'last', type: 'role', roles: ['member'] };
    const policies = [part('top', 'left', 'right'), part('left', 'last'), part('right', 'left'), last];
    assert.ok('model' in readAuthzFile(JSON.stringify({ policies })));
    const circle = [part('top', 'left'), part('left', 'right'), part('right', 'left')];
    const read = readAuthzFile(JSON.stringify({ policies: circle }));
    assert.deepEqual('problems' in read && read.problems, [
      'policies "left": it is a part of itself',
      'policies "right": it is a part of itself',
    ]);
  });

  test('says all that is wrong at once, and refuses what is no JSON or no object', () => {
    assert.equal(problemsOf({ a: 1, b: 2, scopes: {} }).length, 3);
    for (const text of ['{', '[]', 'null']) assert.ok('problems' in readAuthzFile(text), text);
  });
});
