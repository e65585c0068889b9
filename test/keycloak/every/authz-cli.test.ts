import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type AdminConnection, connectAdmin } from '../../../packages/cli/src/admin/connection.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';

const keycloak = requireKeycloak();
const realm = `authz-cli-${randomUUID().slice(0, 8)}`;
let folder: string;
let api: AdminConnection['api'];
let clientUuid: string;

/** Keycloak 22 and 24 do not know the one, and 22 not the other. */
const major = Number.parseInt(keycloak.version, 10);
const FRESH = major >= 26 ? { fetchRoles: true } : {};
const PUSHED = major >= 24 ? { targetContextAttributes: true } : {};

const WHOLE = {
  policyEnforcementMode: 'ENFORCING',
  decisionStrategy: 'UNANIMOUS',
  scopes: ['view', 'edit', { name: 'delete', displayName: 'Delete', iconUri: '/bin.png' }],
  resources: [
    {
      ...{ name: 'orders', displayName: 'Orders', type: 'urn:api:order', uris: ['/orders', '/orders/*'] },
      ...{
        scopes: ['view', 'edit', 'delete'],
        ownerManagedAccess: true,
        iconUri: '/o.png',
        attributes: { tier: ['gold'] },
      },
    },
    { name: 'reports', uris: ['/reports/*'], scopes: ['view'] },
  ],
  policies: [
    {
      name: 'all',
      type: 'aggregate',
      policies: ['staff', 'member'],
      decisionStrategy: 'AFFIRMATIVE',
      logic: 'NEGATIVE',
    },
    {
      name: 'member',
      type: 'role',
      description: 'of the realm',
      roles: [{ name: 'member', required: true }, 'api/auditor'],
      ...FRESH,
    },
    {
      name: 'staff',
      type: 'group',
      groups: [{ path: '/staff', extendChildren: true }],
      groupsClaim: 'groups',
    },
    { name: 'only alice', type: 'user', users: ['alice'] },
    { name: 'from web', type: 'client', clients: ['web'] },
    { name: 'phone', type: 'client-scope', clientScopes: [{ name: 'phone', required: true }, 'email'] },
    {
      name: 'mail',
      type: 'regex',
      targetClaim: 'email',
      pattern: '^.*@acme$',
      ...PUSHED,
    },
    {
      name: 'office hours',
      type: 'time',
      notBefore: '2024-01-01 00:00:00',
      notOnOrAfter: '2199-01-01 00:00:00',
      hour: 8,
      hourEnd: 17,
      dayMonth: 1,
      dayMonthEnd: 31,
    },
  ],
  permissions: [
    {
      name: 'orders of a type',
      resourceType: 'urn:api:order',
      policies: ['only alice'],
      decisionStrategy: 'AFFIRMATIVE',
    },
    {
      name: 'edit',
      resources: ['orders'],
      scopes: ['edit', 'delete'],
      policies: ['member', 'all'],
      decisionStrategy: 'CONSENSUS',
    },
    { name: 'reports', description: 'for members', resources: ['reports'], policies: ['member'] },
  ],
};

/** The same names, with as much as can be left out left out, or otherwise. */
const OTHER = {
  policyEnforcementMode: 'ENFORCING',
  decisionStrategy: 'AFFIRMATIVE',
  allowRemoteResourceManagement: false,
  scopes: ['view', 'edit', 'delete'],
  resources: [{ name: 'orders' }, { name: 'reports', uris: ['/r'], scopes: ['edit'] }],
  policies: [
    { name: 'all', type: 'aggregate', policies: ['member'] },
    { name: 'member', type: 'role', roles: ['api/auditor'] },
    { name: 'staff', type: 'group', groups: ['/staff'] },
    { name: 'only alice', type: 'user', users: ['bob'] },
    { name: 'from web', type: 'client', clients: ['api'] },
    { name: 'phone', type: 'client-scope', clientScopes: ['phone'] },
    { name: 'mail', type: 'regex', targetClaim: 'sub', pattern: 'x' },
    { name: 'office hours', type: 'time', minute: 1, minuteEnd: 2 },
  ],
  permissions: [
    { name: 'orders of a type', resources: ['orders'], policies: ['only alice'] },
    { name: 'edit', scopes: ['view'], policies: ['member'] },
    { name: 'reports', resourceType: 'urn:x', policies: ['mail'] },
  ],
};

/** Runs the command on a file with this content. */
async function authz(
  args: readonly string[],
  file?: object,
  onStart?: (kill: () => void) => void,
): Promise<CliRun> {
  if (file !== undefined) writeFileSync(join(folder, 'authz.json'), JSON.stringify(file));
  return runCli(['authz', ...args], {
    cwd: folder,
    env: {
      KEYCLOAK_SERVER_URL: keycloak.url,
      KEYCLOAK_REALM: realm,
      KEYCLOAK_CLIENT_ID: 'api',
      KEYCLOAK_ADMIN_USER: keycloak.adminUser,
      KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword,
    },
    ...(onStart && { onStart }),
  });
}

async function good(args: readonly string[], file?: object, expected = 0): Promise<string> {
  const { code, stdout, stderr } = await authz(args, file);
  assert.equal(code, expected, stdout + stderr);
  return stdout;
}

async function exported(): Promise<string> {
  return good(['export', '--file', '-']);
}

/** Begins anew, without authorization services. */
async function reset(): Promise<void> {
  const clients = await api.clients.find({ realm, clientId: 'api' });
  if (clients[0]?.id !== undefined) await api.clients.del({ realm, id: clients[0].id });
  ({ id: clientUuid } = await api.clients.create({
    realm,
    clientId: 'api',
    secret: 'api-secret',
    directAccessGrantsEnabled: true,
  }));
  await api.clients.createRole({ realm, id: clientUuid, name: 'auditor' });
}

describe(`keycloak-guard authz on Keycloak ${keycloak.version}`, () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'authz-'));
    const credentials = { realm: 'master', username: keycloak.adminUser, password: keycloak.adminPassword };
    ({ api } = await connectAdmin({ serverUrl: keycloak.url, credentials, timeoutMs: 120_000 }));
    const person = (username: string, realmRoles: string[]) => ({
      ...{ username, enabled: true, email: `${username}@acme`, firstName: 'A', lastName: 'B', realmRoles },
      credentials: [{ type: 'password', value: `${username}-pw` }],
    });
    await api.realms.create({
      ...{ realm, enabled: true, roles: { realm: [{ name: 'member' }] }, groups: [{ name: 'staff' }] },
      users: [person('alice', ['member']), person('bob', [])],
      clients: [{ clientId: 'web', publicClient: true }],
    });
    await reset();
  });
  after(async () => {
    await api.realms.del({ realm });
    rmSync(folder, { recursive: true });
  });

  it('switches authorization on, makes everything, and then finds nothing to change', async () => {
    const shown = await good(['plan'], WHOLE, 1);
    assert.match(shown, /authorization, with service accounts roles: off → on/);
    assert.equal(
      (await api.clients.findOne({ realm, id: clientUuid }))?.authorizationServicesEnabled,
      undefined,
    );
    await good(['apply', '--yes']);
    assert.match(await good(['apply', '--yes', '--prune']), /Nothing to change/);
    const [account] = await api.users.find({ realm, username: 'service-account-api', exact: true });
    const id = account?.id ?? '';
    const roles = await api.users.listClientRoleMappings({ realm, id, clientUniqueId: clientUuid });
    assert.deepEqual(
      roles.map(({ name }) => name),
      ['uma_protection'],
    );
  });

  it('changes every member of every kind, both ways', async () => {
    const before = await exported();
    await good(['apply', '--yes'], OTHER);
    assert.match(await good(['plan', '--prune']), /Nothing to change/);
    assert.deepEqual(JSON.parse(await exported()).resources, OTHER.resources);
    await good(['apply', '--yes'], { ...WHOLE, allowRemoteResourceManagement: true });
    assert.equal(await exported(), before);
  });

  it('exports a file that says the same in another client, byte for byte', async () => {
    const text = await exported();
    await good(['export', '--yes']);
    assert.equal(readFileSync(join(folder, 'authz.json'), 'utf8'), text);
    await reset();
    await good(['apply', '--yes']);
    assert.equal(await exported(), text);
  });

  it('decides by what was applied at once, also where Keycloak has read what was before', async () => {
    const token = `${keycloak.url}/realms/${realm}/protocol/openid-connect/token`;
    const post = async (form: Record<string, string>, headers: Record<string, string> = {}) =>
      (await fetch(token, { method: 'POST', headers, body: new URLSearchParams(form) })).json() as Promise<
        Record<string, unknown>
      >;
    const caller = { grant_type: 'password', client_id: 'api', client_secret: 'api-secret' };
    const { access_token: bearer } = await post({ ...caller, username: 'bob', password: 'bob-pw' });
    const ask = (permission: string) =>
      post(
        {
          grant_type: 'urn:ietf:params:oauth:grant-type:uma-ticket',
          audience: 'api',
          permission,
          response_mode: 'decision',
        },
        { authorization: `Bearer ${bearer}` },
      );
    const file = (users: string[], scopes: string[]) => ({
      ...{ scopes: ['view', 'edit'], resources: [{ name: 'orders', scopes }] },
      policies: [{ name: 'some', type: 'user', users }],
      permissions: [{ name: 'p', resources: ['orders'], policies: ['some'] }],
    });
    await good(['apply', '--yes', '--prune'], file(['alice'], ['view']));
    assert.equal((await ask('orders#view')).error, 'access_denied');
    await good(['apply', '--yes'], file(['bob'], ['view', 'edit']));
    assert.equal((await ask('orders#edit')).result, true);
    await good(['apply', '--yes'], file(['bob'], ['view']));
    assert.notEqual((await ask('orders#edit')).result, true);
    await good(['apply', '--yes'], file(['alice'], ['view']));
    assert.equal((await ask('orders#view')).error, 'access_denied');
  });

  it('refuses who and what is not there, all at once, before anything is written', async () => {
    const before = await exported();
    const { code, stderr } = await authz(['apply', '--yes'], {
      scopes: ['new'],
      policies: [
        { name: 'a', type: 'role', roles: ['nobody', 'api/nobody', 'gone/auditor'] },
        { name: 'b', type: 'group', groups: ['/nobody'] },
        { name: 'c', type: 'user', users: ['nobody'] },
        { name: 'd', type: 'client', clients: ['nobody'] },
        { name: 'e', type: 'client-scope', clientScopes: ['nobody'] },
      ],
    });
    assert.equal(code, 2);
    assert.equal(stderr.match(/there is no (role|group|user|client|client scope) "/g)?.length, 7, stderr);
    assert.equal(await exported(), before);
  });

  it('touches no resource of a user, not one of the same name either', async () => {
    await good(['apply', '--yes', '--prune'], WHOLE);
    const [bob] = await api.users.find({ realm, username: 'bob', exact: true });
    const body = { name: 'orders', owner: { id: bob?.id }, scopes: [{ name: 'view' }], uris: ['/mine'] };
    await api.clients.createResource({ realm, id: clientUuid }, body as object);
    const wanted = { scopes: ['edit'], resources: [{ name: 'orders', scopes: ['edit'] }] };
    const shown = await good(['apply', '--yes', '--prune'], wanted);
    assert.match(shown, /keep scope "view": not in the file, but resources of users have it/);
    const left = (await api.clients.listResources({ realm, id: clientUuid })) as {
      owner?: { name?: string };
      uris?: string[];
    }[];
    assert.deepEqual(left.map(({ owner, uris }) => [owner?.name, uris]).sort(), [
      ['api', []],
      ['bob', ['/mine']],
    ]);
  });

  it('ends the same after it was killed, wherever that was', async () => {
    await reset();
    await good(['apply', '--yes'], WHOLE);
    const whole = await exported();
    const cuts: number[] = [];
    // Each call in turn: test/admin/authz-cut-off.test.ts.
    for (const steps of [1, 3]) {
      await reset();
      // Ends it as soon as so many things are there.
      let kill = (): void => {};
      const run = authz(['apply', '--yes'], WHOLE, (end) => {
        kill = end;
      });
      let isOver = false;
      const ended = run.finally(() => {
        isOver = true;
      });
      while (!isOver && (await things()) < steps * 3) await new Promise((resolve) => setTimeout(resolve, 2));
      kill();
      await ended;
      cuts.push(await things());
      await good(['apply', '--yes']);
      assert.equal(await exported(), whole);
    }
    assert.ok(
      cuts.some((count) => count > 0 && count < 16),
      `never cut off: ${cuts}`,
    );
  });

  it('says why, policy by policy, and what is lacking', async () => {
    await reset();
    const why = {
      ...WHOLE,
      policies: WHOLE.policies.map((one) =>
        one.name === 'all' ? { name: 'all', type: 'aggregate', policies: ['member', 'only alice'] } : one,
      ),
    };
    await good(['apply', '--yes'], {
      ...why,
      policies: why.policies.map((one) =>
        one.name === 'member' ? { name: 'member', type: 'role', roles: ['member'] } : one,
      ),
    });
    const denied = await authz(['why', '--user', 'bob', 'orders#edit']);
    assert.equal(denied.code, 1, denied.stderr);
    assert.equal(
      denied.stdout,
      `✗ bob: orders#edit is denied
  2 permissions cover it; all of them have to permit (UNANIMOUS):
  ├ ✗ scope permission "edit" · more have to permit than deny
  │ ├ ✗ aggregate policy "all" · all of them have to permit
  │ │ ├ ✗ role policy "member" · role member: no
  │ │ └ ✗ user policy "only alice" · user alice: no
  │ └ ✗ role policy "member" · role member: no
  └ ✗ resource permission "orders of a type"
    └ ✗ user policy "only alice" · user alice: no
bob is not, or lacks: role member; user alice
`,
    );
    const granted = await authz(['why', '--user', 'alice', 'orders#edit']);
    assert.equal(granted.code, 0, granted.stderr);
    assert.match(granted.stdout, /^✓ alice: orders#edit is granted\n/);
    for (const [user, permission, message] of [
      ['nobody', 'orders#edit', /no user 'nobody'/],
      ['bob', 'orders#fly', /has no scope 'fly': it has the scopes delete, edit, view/],
      ['bob', 'nothing#view', /owns no resource 'nothing'/],
      ['bob', 'orders', /ask for one: orders#delete, orders#edit, orders#view/],
    ] as const) {
      const { code, stderr } = await authz(['why', '--user', user, permission]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });
});

/** How many scopes, resources, policies and permissions there are. */
async function things(): Promise<number> {
  const at = { realm, id: clientUuid, first: 0, max: -1 };
  const client = await api.clients.findOne({ realm, id: clientUuid });
  if (client?.authorizationServicesEnabled !== true) return 0;
  const [scopes, resources, policies] = await Promise.all([
    api.clients.listAllScopes(at as { realm: string; id: string }),
    api.clients.listResources(at),
    api.clients.listPolicies(at),
  ]);
  return scopes.length + resources.length + policies.length;
}
