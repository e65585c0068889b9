import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { applyAuthz } from '../../packages/cli/src/admin/authz/apply.ts';
import { readAuthz } from '../../packages/cli/src/admin/authz/current.ts';
import { planAuthz } from '../../packages/cli/src/admin/authz/plan.ts';
import { readAuthzValue } from '../../packages/cli/src/admin/authz/read-file.ts';
import { askWhy, type Reason } from '../../packages/cli/src/admin/authz/why.ts';
import { runInProcess } from '../cli/support/in-process.ts';
import { type AuthzKeycloak, startAuthzKeycloak } from './authz-keycloak.ts';
import { ADMIN } from './run-setup.ts';

const CLIENT = 'api';
const FILE = {
  scopes: ['view', 'edit'],
  resources: [
    { name: 'orders', scopes: ['view', 'edit'] },
    { name: 'letters', scopes: ['view'] },
    { name: 'reports' },
  ],
  policies: [
    { name: 'member', type: 'role', roles: [{ name: 'member', required: true }, 'shop/auditor', 'guest'] },
    { name: 'staff', type: 'group', groups: [{ path: '/staff', extendChildren: true }, '/board'] },
    { name: 'alice', type: 'user', users: ['alice'] },
    { name: 'not bob', type: 'user', users: ['bob'], logic: 'NEGATIVE' },
    { name: 'from web', type: 'client', clients: ['web'] },
    { name: 'with view', type: 'client-scope', clientScopes: ['view'] },
    { name: 'mail', type: 'regex', targetClaim: 'email', pattern: '.*@shop' },
    { name: 'late', type: 'time', hour: 18, hourEnd: 22 },
    {
      name: 'either',
      type: 'aggregate',
      policies: ['alice', 'from web', 'not bob'],
      decisionStrategy: 'AFFIRMATIVE',
    },
    { name: 'strict', type: 'role', roles: [{ name: 'guest', required: true }, 'member'] },
    { name: 'nobody', type: 'role', roles: ['guest'] },
    { name: 'deep', type: 'aggregate', policies: ['member', 'strict', 'nobody', 'staff'] },
    { name: 'none of', type: 'aggregate', policies: ['alice'], logic: 'NEGATIVE' },
  ],
  permissions: [
    {
      name: 'orders',
      resources: ['orders'],
      scopes: ['view'],
      policies: ['member'],
      decisionStrategy: 'CONSENSUS',
    },
    { name: 'reports', resources: ['reports'], policies: ['either'] },
  ],
};

/** One permission with its policies, as Keycloak's evaluation has them. */
const evaluated = (
  name: string,
  type: 'scope' | 'resource',
  status: string,
  policies: readonly string[],
  more = {},
) => ({
  policy: { name, type, scopes: ['view'], ...more },
  status,
  associatedPolicies: policies.map((one) => ({ policy: { name: one, type: 'user' }, status })),
});

describe('why a user has a permission, or not', () => {
  let keycloak: AuthzKeycloak['keycloak'];
  let api: AuthzKeycloak['api'];
  let reset: AuthzKeycloak['reset'];

  before(async () => {
    ({ keycloak, api, reset } = await startAuthzKeycloak());
    const { lists } = keycloak.realms.get('testing')!;
    lists.users.push({ id: 'u-1', username: 'alice', given: ['member', 'auditor'] });
    lists.groups.push(
      { id: 'g-1', name: 'staff', path: '/staff' },
      { id: 'g-2', name: 'board', path: '/board' },
    );
    reset(CLIENT);
    for (const clientId of ['web', 'shop']) lists.clients.push({ id: clientId, clientId });
    const read = readAuthzValue(FILE);
    assert.ok('model' in read);
    const state = await readAuthz(api, 'testing', CLIENT);
    for await (const _ of applyAuthz(api, planAuthz(read.model, state, true).steps, read.model, state));
  });
  after(() => keycloak.close());

  async function ask(result: object | undefined, permission = 'orders#view', switches = {}) {
    const services = keycloak.authz.get('c-1')!;
    services.evaluation = { results: result === undefined ? [] : [result] };
    Object.assign(
      services.switches,
      { policyEnforcementMode: 'ENFORCING', decisionStrategy: 'UNANIMOUS' },
      switches,
    );
    const [resource = '', scope] = permission.split('#');
    return askWhy(api, await readAuthz(api, 'testing', CLIENT), 'alice', { resource, scope });
  }

  /** What is said of one policy, as a permission of it alone. */
  async function judge(policy: string, status = 'DENY'): Promise<Reason> {
    const [reason] = (await ask({ status, policies: [evaluated('orders', 'scope', status, [policy])] }))
      .reasons;
    return reason!.parts[0]!;
  }
  const said = ({ findings }: Reason) =>
    findings.map(({ text, has }) => (has === undefined ? text : `${text}: ${has}`));

  test('each condition is named, and whether the user meets it where that depends on the user alone', async () => {
    assert.deepEqual(said(await judge('member')), [
      'role guest: false',
      'role member (required): true',
      'role shop/auditor: true',
    ]);
    assert.deepEqual(said(await judge('staff')), ['group /board: false', 'group /staff or one below: false']);
    const alice = keycloak.realms.get('testing')?.lists.users.find(({ username }) => username === 'alice');
    for (const [path, board, staff] of [
      ['/staff', false, true],
      ['/staff/dev', false, true],
      ['/staffing', false, false],
      ['/board', true, false],
      ['/board/dev', false, false],
    ]) {
      Object.assign(alice ?? {}, { groups: [{ path }] });
      assert.deepEqual(
        said(await judge('staff')),
        [`group /board: ${board}`, `group /staff or one below: ${staff}`],
        String(path),
      );
    }
    assert.deepEqual(said(await judge('alice')), ['user alice: true']);
    assert.deepEqual(said(await judge('not bob')), ['user bob: false', 'turned round (NEGATIVE)']);
    assert.deepEqual(said(await judge('from web')), [
      'for tokens of web; here Keycloak takes one of this client',
    ]);
    assert.deepEqual(said(await judge('with view')), ['for tokens with the scope view']);
    assert.deepEqual(said(await judge('mail')), ['email has to match .*@shop']);
    assert.deepEqual(said(await judge('late')), ['hour 18, hourEnd 22']);
    assert.deepEqual(said(await judge('unknown')), []);
    assert.equal((await judge('unknown')).what, 'user policy');
    assert.equal((await judge('member')).what, 'role policy');
    assert.equal((await judge('not bob')).isNegative, true);
    assert.equal((await judge('alice')).isNegative, false);
  });

  test('Keycloak says of a policy whether it permits; of a part of an aggregate the roles and names say it', async () => {
    for (const [status, isPermit] of [
      ['PERMIT', true],
      ['DENY', false],
    ] as const)
      assert.equal((await judge('alice', status)).isPermit, isPermit);
    const either = await judge('either');
    assert.deepEqual(said(either), ['one of them has to permit']);
    assert.deepEqual(either.parts.map(({ name, isPermit }) => [name, isPermit]).sort(), [
      ['alice', true],
      ['from web', undefined],
      ['not bob', true],
    ]);
    assert.deepEqual((await judge('deep')).parts.map(({ name, isPermit }) => [name, isPermit]).sort(), [
      ['member', true],
      ['nobody', false],
      ['staff', false],
      ['strict', false],
    ]);
    assert.deepEqual(said(await judge('none of')), ['all of them have to permit', 'turned round (NEGATIVE)']);
  });

  test('the permissions of this scope count, in the order of their names', async () => {
    const answer = await ask(
      {
        status: 'PERMIT',
        policies: [
          evaluated('z', 'resource', 'PERMIT', []),
          evaluated('orders', 'scope', 'DENY', ['staff', 'alice']),
          evaluated('other', 'scope', 'DENY', [], { scopes: ['edit'] }),
        ],
      },
      'orders#view',
      { decisionStrategy: 'AFFIRMATIVE' },
    );
    assert.deepEqual([answer.isGranted, answer.mode, answer.strategy], [true, 'ENFORCING', 'AFFIRMATIVE']);
    const [orders, z, ...others] = answer.reasons;
    assert.deepEqual(others, []);
    assert.deepEqual(
      [orders?.what, orders?.isPermit, z?.what, z?.isPermit],
      ['scope permission', false, 'resource permission', true],
    );
    assert.deepEqual(
      orders?.parts.map(({ name }) => name),
      ['alice', 'staff'],
    );
    assert.deepEqual(said(orders!), ['more have to permit than deny']);
    assert.deepEqual(said(z!), []);
    assert.deepEqual(
      said((await ask({ policies: [evaluated('orders', 'scope', 'DENY', ['alice'])] })).reasons[0]!),
      [],
    );
    assert.equal((await ask(undefined)).isGranted, false);
  });

  test('a permission that cannot be asked for is said to be none', async () => {
    await assert.rejects(ask(undefined, 'nothing'), /owns no resource 'nothing'/);
    await assert.rejects(
      ask(undefined, 'orders'),
      /has scopes, ask for one: (orders#edit, orders#view|orders#view, orders#edit)/,
    );
    await assert.rejects(ask(undefined, 'letters'), /has scopes, ask for one: letters#view/);
    await assert.rejects(ask(undefined, 'orders#drop'), /has no scope 'drop': it has the scopes /);
    await assert.rejects(ask(undefined, 'reports#view'), /has no scope 'view': it has no scopes/);
    assert.equal((await ask({ status: 'PERMIT' }, 'reports')).isGranted, true);
    const state = await readAuthz(api, 'testing', CLIENT);
    await assert.rejects(
      askWhy(api, { ...state, isOn: false }, 'alice', { resource: 'reports', scope: undefined }),
      /has no authorization services/,
    );
    await assert.rejects(askWhy(api, state, 'nobody', { resource: 'reports', scope: undefined }), {
      kind: 'missing',
      status: 404,
      message: /There is no user 'nobody' in the realm 'testing'/,
    });
  });

  test('authz why prints the tree, what the user lacks, and answers 0 for a grant and 1 for none', async () => {
    const services = keycloak.authz.get('c-1')!;
    async function why(permission: string, evaluation: object, switches = {}) {
      services.evaluation = { results: [evaluation] };
      Object.assign(
        services.switches,
        { policyEnforcementMode: 'ENFORCING', decisionStrategy: 'UNANIMOUS' },
        switches,
      );
      const where = ['--url', keycloak.url, '--realm', 'testing', '--client-id', CLIENT, '--user', 'alice'];
      const args = ['authz', 'why', permission, ...where];
      const { code, stdout } = await runInProcess(args, { ...ADMIN, NO_COLOR: '1' });
      return { code, text: stdout };
    }
    const denied = await why('orders#view', {
      status: 'DENY',
      policies: [
        evaluated('b', 'resource', 'PERMIT', ['alice']),
        evaluated('orders', 'scope', 'DENY', ['member', 'staff', 'not bob']),
      ],
    });
    assert.deepEqual(denied, {
      code: 1,
      text: `✗ alice: orders#view is denied
  2 permissions cover it; all of them have to permit (UNANIMOUS):
  ├ ✓ resource permission "b"
  │ └ ✓ user policy "alice" · user alice: yes
  └ ✗ scope permission "orders" · more have to permit than deny
    ├ ✗ role policy "member" · role guest: no, role member (required): yes, role shop/auditor: yes
    ├ ✗ user policy "not bob" · user bob: no, turned round (NEGATIVE)
    └ ✗ group policy "staff" · group /board: no, group /staff or one below: no
alice is not, or lacks: role guest; group /board; group /staff or one below
`,
    });
    const granted = await why('reports', {
      status: 'PERMIT',
      policies: [evaluated('reports', 'resource', 'PERMIT', ['from web'])],
    });
    assert.equal(granted.code, 0);
    assert.match(granted.text, /^✓ alice: reports is granted\n {2}One permission covers it:\n/);
    assert.doesNotMatch(granted.text, /lacks/);
    const off = await why('reports', { status: 'PERMIT' }, { policyEnforcementMode: 'DISABLED' });
    assert.match(off.text, /is DISABLED: everything is granted/);
    assert.match(
      (await why('reports', { status: 'PERMIT' }, { policyEnforcementMode: 'PERMISSIVE' })).text,
      /PERMISSIVE: it is granted/,
    );
    const none = await why('reports', { status: 'DENY' });
    assert.match(none.text, /No permission covers it, so it is denied\.\n$/);
    const two = [evaluated('a', 'resource', 'PERMIT', []), evaluated('b', 'resource', 'DENY', [])];
    assert.match(
      (await why('reports', { status: 'PERMIT', policies: two }, { decisionStrategy: 'AFFIRMATIVE' })).text,
      /2 permissions cover it; one of them has to permit \(AFFIRMATIVE\)/,
    );
  });

  test('what Keycloak refuses is said with what to do about it, and what this program knows alone', async () => {
    const run = async (permission: string, realm: string) => {
      const where = ['--url', keycloak.url, '--realm', realm, '--client-id', CLIENT, '--user', 'alice'];
      const { code, stderr } = await runInProcess(['authz', 'why', permission, ...where], ADMIN);
      return { code, text: stderr };
    };
    assert.deepEqual(await run('nothing', 'testing'), {
      code: 2,
      text: "authz: The client 'api' owns no resource 'nothing'\n",
    });
    const gone = await run('orders#view', 'gone');
    assert.equal(gone.code, 2);
    assert.match(gone.text, /^authz: Keycloak refused to .*\nThe words above are from Keycloak\.\n$/);
  });
});
