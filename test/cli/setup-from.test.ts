import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { KINDS } from '../../packages/cli/src/commands/setup.ts';
import { readGuards } from '../../packages/cli/src/source/guards.ts';
import { ADMIN, createLines, startSetup } from '../admin/run-setup.ts';

const FILES: Readonly<Record<string, string>> = {
  'auth.ts': `import { keycloak } from 'keycloak-guard/express';
    export const kc = keycloak({ serverUrl: process.env.KEYCLOAK_SERVER_URL, realm: 'shop', clientId: 'orders' });`,
  'orders.ts': `import { kc } from './auth.ts';
    const ADMIN = 'admin';
    app.get('/admin', kc.guard({ realmRole: [ADMIN, 'auditor'] }), list);
    app.get('/orders', kc.guard({ anyOf: [{ scope: 'orders:read' }, { group: '/staff' }] }), kc.permit('orders#view'), list);
    app.get('/orgs/:org', kc.guard({ organization: ':org', clientRole: 'reader' }), list);
    app.get('/acme', kc.guard({ organization: { alias: 'acme', realmRole: 'inside' } }), list);
    app.get('/board', kc.guard({ organization: { id: 'f3', group: '/board' } }), list);
    app.get('/mine', kc.guard((request) => ({ tenant: request.params.tenant })), list);
    app.get('/late', kc.guard({ realmRole: process.env.ROLE }), list);
    app.get('/open', kc.guard(), list);
    const call = kc.fetchFor({ origin: 'https://stock.internal', audience: 'stock' });
    const isOther = new Map().has({ realmRole: 'not-one' });
    const page = kc.has(request.principal, { realmRole: 'editor' });`,
  'nest/controller.ts': `import { Roles, Scopes, Require, Permission } from 'keycloak-guard/nest';
    @Require({ groupTree: '/staff/dev' })
    export class Orders {
      @Roles('manager') @Scopes('orders:write') @Permission('orders#edit') edit() {}
    }`,
  'old.js': `const { Roles } = require('nest-keycloak-connect');
    app.get('/x', keycloak.protect('realm:boss'), keycloak.protect('writer'), keycloak.protect('other:reader'));`,
  'fastify.ts': `app.get('/data', { config: { guard: { realmRole: 'data' } } }, handler); // keycloakGuard`,
  'node_modules/pkg/index.js': `kc.guard({ realmRole: 'foreign' })`,
};

async function project(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'from-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [file, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  return folder;
}

test('the guards of every adapter are read, and what only a running program knows is named with its place', async (t) => {
  const found = await readGuards(await project(t));
  const sorted = Object.fromEntries(
    Object.entries(found).map(([name, list]) => [name, Array.isArray(list) ? [...list].sort() : list]),
  );
  assert.deepEqual(sorted, {
    realmRoles: ['admin', 'auditor', 'boss', 'data', 'editor', 'inside', 'manager'],
    clientRoles: ['reader', 'writer'],
    groups: ['/staff', '/staff/dev'],
    scopes: ['orders:read', 'orders:write'],
    organizations: ['acme'],
    organizationGroups: ['/board'],
    reads: { organizations: true, groups: true, ids: true },
    permissions: ['orders#edit', 'orders#view'],
    audiences: ['stock'],
    options: { realm: 'shop', clientId: 'orders', file: 'auth.ts' },
    unread: ['orders.ts:8', 'orders.ts:9'],
  });
});

test('setup --from plans what guards name, gives the user none of it, and says what it does not make', async (t) => {
  const { keycloak, setUp } = await startSetup(t, { more: { SETUP_PASSWORD: 'Test#123456' } });
  const { code, text } = await setUp('api', '--from', await project(t), '--user', 'anna', '--role', 'editor');
  assert.equal(code, 0, text);
  const { lists } = keycloak.realms.get('shop') ?? assert.fail();
  const rolesThere = lists.roles.map(({ name }) => String(name)).sort();
  assert.deepEqual(rolesThere, ['admin', 'auditor', 'boss', 'data', 'editor', 'inside', 'manager']);
  assert.deepEqual(lists.users[0]?.given, ['editor']);
  const api = lists.clients[0] ?? assert.fail();
  const optional = ['orders:read', 'orders:write', 'organization'];
  assert.deepEqual([...(api.optionalClientScopes as string[])].sort(), optional);
  assert.ok((api.defaultClientScopes as string[]).includes('organization-groups'));
  const ofOrganizations = lists['client-scopes'].find(({ name }) => name === 'organization');
  assert.match(JSON.stringify(ofOrganizations?.protocolMappers), /"addOrganizationId":"true"/);
  for (const said of [
    /Organizations .*: acme/,
    /Groups in organizations .*: \/board/,
    /the login asks for it: scope=openid organization:<alias>/,
    /Permissions .*: orders#edit, orders#view/,
    /Other APIs .*: stock/,
    /Not read: .*orders\.ts:8/,
  ])
    assert.match(text, said);
});

test('a hostile folder is read in no time: nothing runs, no link is followed, nothing grows without end', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'from-'));
  t.after(() => rm(folder, { recursive: true }));
  const grows = Array.from({ length: 8 }, (_, at) => `const n${at + 1} = [${`n${at},`.repeat(20)}];`);
  await writeFile(join(folder, 'grows.ts'), `const n0 = 'a';${grows.join('')} kc.guard({ realmRole: n8 });`);
  await writeFile(join(folder, 'runs.ts'), `process.exit(3); kc.guard({ realmRole: process.exit(4) });`);
  await writeFile(join(folder, 'deep.ts'), `kc.guard(${'['.repeat(4000)}${']'.repeat(4000)});`);
  await writeFile(join(folder, 'huge.ts'), 'keycloak');
  await truncate(join(folder, 'huge.ts'), 3 * 1024 ** 3);
  await symlink('/', join(folder, 'root'));
  await symlink('/dev/zero', join(folder, 'zero.ts'));
  const started = performance.now();
  const { realmRoles, unread } = await readGuards(folder);
  assert.ok(performance.now() - started < 5000);
  assert.deepEqual(realmRoles, ['a']);
  assert.ok(unread.includes('grows.ts:1') && unread.includes('runs.ts:1'));
});

test('what a program says of realm and client is no word of the person: elsewhere than on this machine --yes does not confirm it', async (t) => {
  const { keycloak, setUp } = await startSetup(t, { more: { SETUP_PASSWORD: 'Test#123456' } });
  const folder = await project(t);
  const elsewhere = ['--url', keycloak.url.replace('127.0.0.1', '0.0.0.0')];
  const run = (...args: string[]) =>
    KINDS.api?.run([...args, '--from', folder, ...elsewhere, '--yes', '--no-env'], {
      environment: { ...ADMIN, SETUP_PASSWORD: 'Test#123456' },
      out: createLines().out,
    });
  await assert.rejects(
    async () => run('--no-user'),
    (error: Error) => {
      assert.match(
        error.message,
        /^--yes does not confirm .*: realm=shop \(.*auth\.ts\), clientId=orders \(.*auth\.ts\)/,
      );
      assert.match(
        error.message,
        /\nIf you mean it, say it: --realm shop\nIf you mean it, say it: --client-id orders$/,
      );
      return true;
    },
  );
  await assert.rejects(
    async () => run('--user', 'anna'),
    /SETUP_PASSWORD is from the environment, and realm from .*auth\.ts.*Nothing was sent/,
  );
  assert.equal(keycloak.changes.length, 0);
  assert.equal(await run('--realm', 'shop', '--client-id', 'orders'), 0);
  await writeFile(join(folder, 'auth.ts'), `keycloak({ realm: 'master', clientId: 'admin-cli' })`);
  await assert.rejects(setUp('api', '--from', folder), /admin-cli is a client of Keycloak's own/);
});

test('a realm that is no name is refused, whoever names it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'from-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'app.ts'), `keycloak({ realm: '..', clientId: 'orders' })`);
  const where = ['--url', 'http://127.0.0.1:9', '--no-env', '--dry-run'];
  for (const [kind, ...args] of [
    ['api', '--from', folder],
    ['service', '--realm', '.', '--client-id', 'a', '--calls', 'b'],
    ['tenant', '.', '--template', 'shop'],
    ['tenant', '__proto__', '--template', 'shop'],
  ] as const)
    await assert.rejects(
      async () => KINDS[kind]?.run([...args, ...where], { environment: ADMIN, out: createLines().out }),
      /must be the name of a realm|cannot be a tenant/,
    );
});

/** What is read of one file, without the lists that are empty. */
async function read(t: TestContext, text: string, more: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'guards-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [file, content] of Object.entries({ 'a.ts': `/* keycloak */ ${text}`, ...more })) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  }
  const guards = await readGuards(folder);
  return Object.fromEntries(
    Object.entries(guards).filter(
      ([, value]) => (Array.isArray(value) ? value.length : Object.keys(value).length) > 0,
    ),
  );
}

test('a value is what the file says it is: constants, templates, objects that are spread; anything else is unread', async (t) => {
  const roles = async (text: string) => {
    const { realmRoles, unread } = await read(t, text);
    return [realmRoles, unread];
  };
  const A = [['a'], undefined];
  const UNREAD = [undefined, ['a.ts:1']];
  assert.deepEqual(await roles("const A = 'a'; kc.guard({ realmRole: A })"), A);
  assert.deepEqual(await roles("let A = 'a'; kc.guard({ realmRole: A })"), UNREAD);
  assert.deepEqual(
    await roles("const A = 'a'; function f() { const A = 'b'; } kc.guard({ realmRole: A })"),
    UNREAD,
  );
  for (const other of ["let A = 'b';", 'var A;', 'function A() {}', "const A = 'b'; const A = 'a';"])
    assert.deepEqual(
      await roles(`const A = 'a'; function f() { ${other} } kc.guard({ realmRole: A })`),
      UNREAD,
      other,
    );
  assert.deepEqual(
    await roles("const { A } = x; const { B } = x; const C = 'a'; kc.guard({ realmRole: C })"),
    A,
  );
  assert.deepEqual(await roles('kc.guard({ realmRole: `a` })'), A);
  assert.deepEqual(await roles(`kc.guard({ realmRole: \`a${'$'}{b}\` })`), UNREAD);
  assert.deepEqual(await roles("kc.guard({ realmRole: ('a' as const)! })"), A);
  assert.deepEqual(await roles("kc.guard({ realmRole: ['a', ...more] })"), [['a'], ['a.ts:1']]);
  assert.deepEqual(await roles("const R = { realmRole: 'a' }; kc.guard({ ...R })"), A);
  assert.deepEqual(await roles("kc.guard({ realmRole: 'a', ...more })"), [['a'], ['a.ts:1']]);
  assert.deepEqual(await roles("kc.guard({ realmRole: 'a', ...null })"), [['a'], ['a.ts:1']]);
  assert.deepEqual(await roles("kc.guard({ ['realmRole']: 'a' })"), A);
  assert.deepEqual(await roles("kc.guard({ [realmRole]: 'a' })"), UNREAD);
  assert.deepEqual(await roles("kc.guard({ 'realmRole': 'a' })"), A);
  assert.deepEqual(await roles('kc.guard({ realmRole: 1 })'), UNREAD);
  assert.deepEqual(await roles('kc.guard({ realmRole: null })'), UNREAD);
  assert.deepEqual(await roles('kc.guard({ realmRole: undefined })'), [undefined, undefined]);
  assert.deepEqual(await roles('kc.guard({ realmRole() {} })'), UNREAD);
  assert.deepEqual(await roles('kc.guard(undefined)'), [undefined, undefined]);
  assert.deepEqual(await roles("kc.guard([{ realmRole: 'a' }])"), A);
  assert.deepEqual(await roles("kc.guard({ allOf: [{ realmRole: 'a' }] })"), A);
  assert.deepEqual(await roles("kc?.guard({ realmRole: 'a' })"), A);
  assert.deepEqual(await roles("(await kc).guard({ realmRole: 'a' }); kc['guard']({ realmRole: 'a' })"), A);
  assert.deepEqual(await roles("class X { #kc; f() { this.#guard({ realmRole: 'a' }) } }"), A);
  assert.deepEqual(await roles("app.route({ guard: { realmRole: 'a' } }); app.route({ guard: value })"), A);
  assert.deepEqual(
    await roles("kc.strategy(a, b, { realmRole: 'a' }); kc.strategy(a, b, c); set.has(a, b)"),
    A,
  );
});

test('what guards name beside roles: clients, organizations, and the Keycloak of the program', async (t) => {
  assert.deepEqual(await read(t, "kc.guard({ clientRole: { stock: 'reader', orders: ['x'] } })"), {
    audiences: ['stock', 'orders'],
  });
  assert.deepEqual(
    await read(t, "kc.guard({ clientRole: 'reader', audience: 'api', groupTree: '/a', scope: ['s', 's'] })"),
    {
      clientRoles: ['reader'],
      groups: ['/a'],
      scopes: ['s'],
      audiences: ['api'],
    },
  );
  assert.deepEqual(await read(t, "kc.guard({ organization: 'acme' })"), {
    organizations: ['acme'],
    reads: { organizations: true },
  });
  assert.deepEqual(await read(t, "kc.guard({ organization: { alias: 'acme' } })"), {
    organizations: ['acme'],
    reads: { organizations: true },
  });
  assert.deepEqual(await read(t, "kc.guard({ organization: { id: 'x' } })"), {
    reads: { organizations: true, ids: true },
  });
  assert.deepEqual(await read(t, "kc.guard({ organization: { alias: 'acme', groupTree: '/b' } })"), {
    organizations: ['acme'],
    organizationGroups: ['/b'],
    reads: { organizations: true, groups: true },
  });
  assert.deepEqual(await read(t, "keycloak({ realm: 'shop', clientId: 1, tenants: 'organizations' })"), {
    options: { realm: 'shop', file: 'a.ts' },
    reads: { organizations: true },
  });
  assert.deepEqual(
    await read(t, "keycloak({ tenants: 'realms' }); KeycloakModule.forRoot({ clientId: 'api' })"),
    {
      options: { clientId: 'api', file: 'a.ts' },
    },
  );
  assert.deepEqual(
    await read(t, "kc.fetchAs({ audience: 'stock', realmRole: 'not-one' }); kc.fetchFor(options)"),
    { audiences: ['stock'] },
  );
  assert.deepEqual(await read(t, "kc.permit(':id', ['orders#view', name])"), {
    permissions: ['orders#view'],
    unread: ['a.ts:1'],
  });
  const successor =
    "import 'keycloak-connect'; keycloak.protect(['realm:a', 'b', 'c:d']); x.protect({ roles: ['e'] }); x.protect(f);";
  assert.deepEqual(await read(t, successor), {
    realmRoles: ['a'],
    clientRoles: ['b', 'e'],
    unread: ['a.ts:1'],
  });
});

test('names lead to one another through 18 others, and a guard has 10,000 parts, or it is unread', async (t) => {
  const chain = (names: number) =>
    `const n0 = 'a';${Array.from({ length: names }, (_, at) => `const n${at + 1} = n${at};`).join('')} kc.guard({ realmRole: n${names} });`;
  const list = (parts: number) => `kc.guard({ realmRole: [${"'a',".repeat(parts)}] })`;
  for (const [text, longer] of [
    [chain(18), chain(19)],
    [list(9_998), list(9_999)],
  ] as const) {
    assert.deepEqual(await read(t, text), { realmRoles: ['a'] });
    assert.deepEqual((await read(t, longer)).unread, ['a.ts:1']);
  }
});

test('of a folder, sources are read; what was made, what is installed and what is long are not', async (t) => {
  const text = "kc.guard({ realmRole: 'b' })";
  const roles = async (file: string, more: Record<string, string> = {}) =>
    (await read(t, '', { [file]: text, ...more })).realmRoles;
  for (const file of ['b.mjs', 'b.tsx', 'sub/b.cts', 'vendor/b.js', 'sub/dist/b.js'])
    assert.deepEqual(await roles(file), ['b'], file);
  for (const file of ['node_modules/x/b.js', '.git/b.js', '.next/b.js', 'b.txt', 'b.tsq'])
    assert.deepEqual(await roles(file), undefined, file);
  for (const file of ['vendor/b.js', 'dist/b.js', 'coverage/b.js'])
    assert.deepEqual(await roles(file, { 'package.json': '{}' }), undefined, file);
  assert.deepEqual(await roles('sub/vendor/b.js', { 'package.json': '{}' }), ['b']);
  const padded = (length: number) => ({ 'b.ts': `${text}${' '.repeat(length - text.length)}` });
  assert.deepEqual((await read(t, '', padded(1_000_000))).realmRoles, ['b']);
  assert.deepEqual((await read(t, '', padded(1_000_001))).realmRoles, undefined);
  assert.deepEqual((await read(t, '', { 'b.ts': 'kc.guard({' })).unread, ['b.ts']);
  assert.deepEqual((await read(t, '', { 'keycloak.json': '{' })).unread, ['keycloak.json']);
  assert.deepEqual((await read(t, '', { 'other.json': '{ "auth-server-url": ' })).unread, ['other.json']);
  assert.deepEqual((await read(t, '', { 'other.json': '{', 'package-lock.json': '{' })).unread, undefined);
  for (const [file, before] of [
    ['b.ts', 'const x = <any>y;'],
    ['b.mts', 'if (x) return;'],
    ['b.tsx', 'const x = <p>{y}</p>;'],
    ['b.jsx', 'const x = <p>{y}</p>;'],
    ['b.js', 'const x = (<p>{y}</p>: string);'],
  ] as const)
    assert.deepEqual(await read(t, '', { [file]: `${before} ${text}` }), { realmRoles: ['b'] }, file);
  const chain = (length: number) => ({ 'b.ts': `${text}; x = ${'1 + '.repeat(length)}1;` });
  assert.deepEqual((await read(t, '', chain(997))).realmRoles, ['b']);
  assert.deepEqual(await read(t, '', chain(998)), { unread: ['b.ts'] });
});
