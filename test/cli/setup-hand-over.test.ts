import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runInProcess } from './support/in-process.ts';
import { emptyFolder } from './support/program.ts';

/** The plan for an administrator in a folder of its own; nothing is called. */
async function handOver(kind: string, args: readonly string[], files: Record<string, string> = {}) {
  const folder = emptyFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const all = ['setup', kind, ...args, '--plan-for-admin', 'admin.sh'];
  const { code, stdout, stderr } = await runInProcess(all, {}, folder);
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { code, out: stdout + stderr, folder, read };
}

/** Runs the page with a `kcadm.sh` that notes its arguments, each on a line, and has what it is asked for. */
function runPage(folder: string) {
  writeFileSync(
    join(folder, 'kcadm.sh'),
    `#!/usr/bin/env bash
printf '%s\\n' "$@" >>calls
[ "$1" = get ] || exit 0
case $2 in
  clients) printf 'id-1,%s\\n' "\${@: -3:1}" | sed 's/,clientId=/,/' ;;
  client-scopes) printf 'id-2,to-orders\\nid-3,orders-api-audience\\nid-4,orders:read\\nid-5,groups\\nid-7,organization\\nid-8,organization-groups\\n' ;;
  *protocol-mappers/models) printf 'id-9,oidc-organization-membership-mapper\\n' ;;
  *) printf 'id-6\\n' ;;
esac
`,
    { mode: 0o755 },
  );
  const { PATH } = process.env;
  const env = { PATH, KCADM: './kcadm.sh' };
  const { status, stderr } = spawnSync('bash', ['admin.sh'], { cwd: folder, env, encoding: 'utf8' });
  return { status, stderr, calls: readFileSync(join(folder, 'calls'), 'utf8') };
}

const HOSTILE = `o'r"d $(touch pwned) \`touch pwned\` \\ é; rm`;

test('setup api --plan-for-admin turns organizations on by lines alone, and says what an import cannot hold', async () => {
  const args = [
    '--client-id',
    'orders',
    '--realm',
    'shop',
    '--scope',
    'orders:read',
    '--organization-groups',
  ];
  const source = `import { keycloak } from 'keycloak-guard/express'; kc.guard({ organization: { id: 'f3b0' } });`;
  const { code, out, folder, read } = await handOver('api', [...args, '--from', '.'], { 'app.ts': source });
  assert.equal(code, 0, out);
  assert.match(
    out,
    /admin\.sh\.json cannot hold: realm shop, client scope organization, client scope orders:read\n/,
  );
  assert.match(read('admin.sh'), /update "realms\/\$realm" <<'JSON'\n\{\n {2}"organizationsEnabled": true\n/);
  assert.match(read('admin.sh'), /"addOrganizationId": "true"/);
  assert.match(read('admin.sh.json'), /oidc-organization-group-membership-mapper/);
  const run = runPage(folder);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.calls, /clients\/id-1\/optional-client-scopes\/id-7/);
  assert.match(run.calls, /update\nclient-scopes\/id-7\/protocol-mappers\/models\/id-9\n--merge/);
});

for (const [kind, ...args] of [
  ['api', '--client-id', HOSTILE, '--role', HOSTILE, '--client-role', HOSTILE, '--group', `/a/${HOSTILE}`],
  ['web', '--client-id', HOSTILE, '--app', 'https://shop.example.com'],
  ['spa', 'page', '--client-id', 'orders-api', '--app', 'http://localhost:5173'],
  ['service', '--client-id', HOSTILE, '--calls', 'orders'],
  ['service', '--client-id', 'reports', '--calls', 'orders', '--credential', 'key'],
] as const) {
  test(`setup ${[kind, ...args].slice(0, 3).join(' ')} --plan-for-admin writes lines that are shell, and run nothing that a name says`, async () => {
    const realm = kind === 'spa' ? 'shop' : HOSTILE.replaceAll('\\', '');
    const { code, out, folder, read } = await handOver(kind, [...args, '--realm', realm]);
    assert.equal(code, 0, out);
    const { status, stderr } = spawnSync('bash', ['-n', 'admin.sh'], { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const run = runPage(folder);
    assert.equal(run.status, 0, run.stderr);
    assert.throws(() => read('pwned'), { code: 'ENOENT' });
    assert.ok(run.calls.includes(`-r\n${realm}\n`), run.calls);
    const { clients } = JSON.parse(read('admin.sh.json'));
    assert.equal(clients.length, 1);
    assert.match(out, /npx keycloak-guard doctor\n/);
    // A client that is there keeps its kind, its addresses, and whether it is on.
    const [, update = ''] = /^update "clients[^\n]*\n(.*?)^JSON$/ms.exec(read('admin.sh')) ?? [];
    assert.doesNotMatch(update, /publicClient|"enabled"|Uris|logout/);
  });
}

test('a plan for an administrator has what guards and flags ask for, and no secret', async () => {
  const whole = await handOver(
    'api',
    ['--role', 'editor', '--client-role', 'reader', '--group', '/staff/dev', '--scope', 'orders:read'],
    {
      '.env': 'KEYCLOAK_REALM=shop\nKEYCLOAK_CLIENT_ID=orders-api\nKEYCLOAK_CLIENT_SECRET=s3cret-of-env\n',
    },
  );
  assert.equal(whole.code, 0, whole.out);
  assert.match(whole.out, /KEYCLOAK_CLIENT_SECRET=<from the administrator>/);
  const page = whole.read('admin.sh');
  assert.match(
    page,
    /^# The partial import beside it leaves a client that is there as it is: these lines complete it\.$/m,
  );
  // The client of an API has no flows that one which is there would need.
  assert.doesNotMatch(page, /^update "clients/m);
  const json = whole.read('admin.sh.json');
  assert.doesNotMatch(page + json + whole.out, /s3cret/);
  for (const line of [
    'realm=shop',
    'create roles <<\'JSON\'\n{\n  "name": "editor"\n}\nJSON',
    'parent=$(kcadm get group-by-path/staff --fields id --format csv --noquotes)',
    'scope=$(id_of client-scopes name orders:read)',
    '# The application needs the secret: Clients > orders-api > Credentials.',
  ])
    assert.ok(page.includes(line), line);
  const { ifResourceExists, clients, roles, groups } = JSON.parse(json);
  assert.equal(ifResourceExists, 'SKIP');
  assert.deepEqual(roles, { realm: [{ name: 'editor' }], client: { 'orders-api': [{ name: 'reader' }] } });
  assert.deepEqual(groups, [{ name: 'staff', subGroups: [{ name: 'dev', subGroups: [] }] }]);
  assert.deepEqual(
    clients[0].protocolMappers.map(({ name }: { name: string }) => name),
    ['audience orders-api', 'groups'],
  );
});

test('a plan for an administrator has the development caller, and without one says that nobody gets tokens', async () => {
  const where = ['--realm', 'shop', '--client-id', 'orders-api', '--scope', 'orders:read'];
  const plain = await handOver('api', where);
  assert.match(
    plain.out,
    /This plan makes no client that gets tokens for orders-api: .*setup spa.*--dev-caller\.\n$/,
  );
  assert.match(plain.out, /\nadmin\.sh\.json cannot hold: client scope orders:read\n/);
  const { code, out, folder, read } = await handOver('api', [...where, '--dev-caller']);
  assert.equal(code, 0, out);
  assert.match(out, /\+ create client orders-api-dev\n.*off \(public\)/);
  assert.match(out, /opens: whoever signs in at orders-api-dev gets tokens for orders-api/);
  assert.match(out, /A first token, then: npx keycloak-guard token\n$/);
  const { clients, roles } = JSON.parse(read('admin.sh.json'));
  assert.deepEqual(roles, { realm: [], client: {} });
  const [api, dev] = clients;
  assert.deepEqual([api.clientId, dev.clientId, dev.publicClient], ['orders-api', 'orders-api-dev', true]);
  assert.deepEqual(dev.redirectUris, ['http://127.0.0.1/callback']);
  assert.match(JSON.stringify(dev.protocolMappers), /"included.client.audience":"orders-api"/);
  const { status, stderr, calls } = runPage(folder);
  assert.equal(status, 0, stderr);
  assert.match(calls, /clients\/id-1\/default-client-scopes\/id-3/);
  assert.match(calls, /clients\/id-1\/optional-client-scopes\/id-4/);
});

for (const [kind, ...args] of [
  ['api', '--user', 'anna'],
  ['api', '--authz', 'authz.json'],
  ['api', '--enable'],
  ['web', '--overwrite-env'],
  ['api', '--credential', 'key', '--retire-key', 'old'],
  ['spa', 'page', '--app', 'http://localhost:5173', '--admin-user', 'admin'],
  ['service', '--overwrite-env'],
] as const)
  test(`a plan for an administrator refuses what it cannot hold: setup ${kind} ${args.join(' ')}`, async () => {
    const { code, out, read } = await handOver(kind, [
      ...args,
      '--realm',
      'shop',
      '--client-id',
      'orders-api',
    ]);
    assert.equal(code, 2, out);
    const flag = args.findLast((one) => one.startsWith('--'));
    assert.ok(out.includes(`--plan-for-admin cannot hold ${flag}: leave that out`), out);
    assert.throws(() => read('admin.sh'), { code: 'ENOENT' });
  });

test('a plan for an administrator lists what guards name beside it, as setup does', async () => {
  const source = `import { keycloak } from 'keycloak-guard/express'; kc.guard({ organization: 'acme' });`;
  const args = ['--realm', 'shop', '--client-id', 'orders-api', '--from', '.'];
  const { out } = await handOver('api', args, { 'app.ts': source });
  assert.match(out, /Organizations that guards name \(setup tenant .*\): acme\n/);
});

test('the page says by name what was there already', async () => {
  const args = ['--realm', 'shop', '--client-id', 'orders-api', '--client-role', 'writer'];
  const { folder } = await handOver('api', args);
  writeFileSync(
    join(folder, 'kcadm.sh'),
    `#!/usr/bin/env bash
[ "$1" = create ] && { echo 'Role with name writer already exists'; exit 1; }
[ "$1" = get ] && [ "$2" = clients ] && echo id-1,orders-api
exit 0
`,
    { mode: 0o755 },
  );
  const env = { PATH: process.env.PATH, KCADM: './kcadm.sh' };
  const { status, stdout, stderr } = spawnSync('bash', ['admin.sh'], { cwd: folder, env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^There already: role writer of the client orders-api$/m);
});

for (const [kind, ...args] of [
  ['api'],
  ['spa', 'page', '--app', 'http://localhost:5173'],
  ['service', '--calls', 'orders'],
] as const)
  test(`a plan for an administrator names realm and client, or is refused: setup ${kind}`, async () => {
    const { code, out, read } = await handOver(kind, args);
    assert.equal(code, 2, out);
    assert.match(out, /the realm is missing: give --realm[\s\S]*the client is missing: give --client-id/);
    assert.throws(() => read('admin.sh'), { code: 'ENOENT' });
  });

test('what only an administrator can make has no plan for one', async () => {
  const { code, out } = await handOver('guide', ['--realm', 'shop', '--client-id', 'api']);
  assert.equal(code, 2);
  assert.match(out, /Unknown option '--plan-for-admin'/);
});

test('a plan for an administrator replaces no file that is there without a word', async () => {
  const there = { 'admin.sh': 'mine' };
  const kept = await handOver('api', ['--realm', 'shop', '--client-id', 'orders-api'], there);
  assert.equal(kept.code, 2);
  assert.match(kept.out, /admin\.sh is there already: give --yes to replace it/);
  assert.equal(kept.read('admin.sh'), 'mine');
});
