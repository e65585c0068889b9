import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type AdminConnection, connectAdmin } from '../../../packages/cli/src/admin/connection.ts';
import type { CheckResult } from '../../../packages/cli/src/doctor/check.ts';
import { troubles, visitDoctor } from '../../cli/doctor-visit.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';
import { runCli } from '../support/run-cli.ts';

const keycloak = requireKeycloak();
const realm = `doctor-authz-${randomUUID().slice(0, 8)}`;
const ENV = { KEYCLOAK_ADMIN_USER: keycloak.adminUser, KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword };
const SETTINGS = {
  ...{ KEYCLOAK_SERVER_URL: keycloak.url, KEYCLOAK_REALM: realm },
  ...{ KEYCLOAK_CLIENT_ID: 'api', KEYCLOAK_CLIENT_SECRET: 'api-secret' },
};

const FILE = {
  policyEnforcementMode: 'ENFORCING',
  allowRemoteResourceManagement: true,
  scopes: ['view', 'edit'],
  resources: [
    { name: 'orders', type: 'urn:api:order', uris: ['/orders', '/orders/*'], scopes: ['view', 'edit'] },
    { name: 'reports', uris: ['/reports'], scopes: ['view'] },
  ],
  policies: [{ name: 'is member', type: 'role', roles: ['member'], fetchRoles: true }],
  permissions: [
    { name: 'all orders', resourceType: 'urn:api:order', policies: ['is member'] },
    { name: 'see reports', resources: ['reports'], scopes: ['view'], policies: ['is member'] },
  ],
};

// Before that role policies go by the token alone, and cannot be told otherwise.
const [major = 0, minor = 0] = keycloak.version.split('.').map(Number);
const skip = major < 26;
const isOld = major === 26 && minor <= 4;

describe(`the doctor about permissions, on Keycloak ${keycloak.version}`, { skip }, () => {
  let api: AdminConnection['api'];
  let folder: string;
  let id: string;
  let at: { realm: string; id: string };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'doctor-authz-'));
    const credentials = { realm: 'master', username: keycloak.adminUser, password: keycloak.adminPassword };
    ({ api } = await connectAdmin({ serverUrl: keycloak.url, credentials, timeoutMs: 60_000 }));
    await api.realms.create({ realm, enabled: true, roles: { realm: [{ name: 'member' }] } });
    ({ id } = await api.clients.create({ realm, clientId: 'api', secret: 'api-secret' }));
    at = { realm, id };
  });
  after(async () => {
    await api.realms.del({ realm });
    rmSync(folder, { recursive: true });
  });

  const write = (name: string, content: object): string => {
    writeFileSync(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };

  async function visit(...files: string[]): Promise<CheckResult[]> {
    const args = files.length === 0 ? ['--authz'] : files.flatMap((file) => ['--authz', file]);
    const results = await visitDoctor({ settings: SETTINGS, env: ENV, args });
    return results.filter((one) => one.id.startsWith('authz.'));
  }

  async function apply(file: object): Promise<void> {
    write('authz.json', file);
    const env = { ...SETTINGS, ...ENV };
    const { code, stdout, stderr } = await runCli(['authz', 'apply', '--yes', '--prune'], {
      cwd: folder,
      env,
    });
    assert.ok(code === 0 || /To do by hand/.test(stdout), stdout + stderr);
  }

  /** Exactly this is told, and nothing once it is mended. */
  async function expectTrouble(
    { check, status = 'fail', fix }: { check: string; status?: string; fix: RegExp },
    files: string[],
    mend: () => Promise<unknown>,
  ): Promise<void> {
    const found = troubles(await visit(...files));
    assert.deepEqual(
      found.map((one) => `${one.status} ${one.id}`),
      [`${status} ${check}`],
      JSON.stringify(found),
    );
    assert.match(found[0]?.fix ?? '', fix);
    await mend();
    assert.deepEqual(troubles(await visit(...files)), []);
  }

  test('names authorization that is off, and is content when apply has switched it on', async () => {
    await expectTrouble({ check: 'authz.enabled', fix: /^keycloak-guard authz apply/ }, [], () =>
      apply(FILE),
    );
    const results = await visit(write('authz.json', FILE));
    assert.deepEqual(
      results.filter(({ status }) => status !== 'ok').map((one) => one.id),
      [],
    );
  });

  test('names a service account without uma_protection, where Keycloak asks for it', async () => {
    const [account] = await api.users.find({ realm, username: 'service-account-api', exact: true });
    const role = await api.clients.findRole({ realm, id, roleName: 'uma_protection' });
    const roles = [{ id: role?.id ?? '', name: 'uma_protection' }];
    const mapping = { realm, id: account?.id ?? '', clientUniqueId: id, roles };
    await api.users.delClientRoleMappings(mapping);
    try {
      const found = troubles(await visit());
      assert.deepEqual(
        found.map((one) => one.id),
        isOld ? ['authz.protection'] : [],
      );
      if (isOld) assert.match(found[0]?.fix ?? '', /Service accounts roles > .*uma_protection$/);
    } finally {
      await api.users.addClientRoleMappings(mapping);
    }
    assert.deepEqual(troubles(await visit()), []);
  });

  // An older one does not let it go.
  test('names a client that lost its service account', { skip: isOld }, async () => {
    const client = await api.clients.findOne(at);
    await api.clients.update(at, { ...client, serviceAccountsEnabled: false });
    await expectTrouble({ check: 'authz.protection', fix: /serviceAccountsEnabled=true/ }, [], () =>
      api.clients.update(at, { ...client, serviceAccountsEnabled: true }),
    );
  });

  test('names remote resource management that is off', async () => {
    await apply({ ...FILE, allowRemoteResourceManagement: false });
    await expectTrouble({ check: 'authz.protection', fix: /Remote resource management ON$/ }, [], () =>
      apply(FILE),
    );
  });

  for (const mode of ['PERMISSIVE', 'DISABLED']) {
    test(`names a policy enforcement that is ${mode}`, async () => {
      await apply({ ...FILE, policyEnforcementMode: mode });
      const trouble = {
        check: 'authz.enforcement',
        status: 'warn',
        fix: /"policyEnforcementMode": "ENFORCING" in the file/,
      };
      await expectTrouble(trouble, [], () => apply(FILE));
    });
  }

  test('names what an import left stale, until the cache is cleared', async () => {
    await visit();
    const [orders, reports] = [
      {
        name: 'orders',
        type: 'urn:api:order',
        uris: ['/orders'],
        scopes: [{ name: 'view' }, { name: 'edit' }],
      },
      { name: 'reports', uris: ['/reports'], scopes: [{ name: 'view' }] },
    ];
    for (const changed of [
      { ...reports, uris: ['/other'] },
      { ...orders, type: 'urn:api:other' },
      { ...reports, scopes: [{ name: 'view' }, { name: 'new' }] },
    ]) {
      await apply(FILE);
      await api.clients.listResources({ ...at, first: 0, max: -1 } as never);
      await api.clients.importResource(at, { resources: [changed] } as never);
      const found = troubles(await visit());
      assert.ok(
        found.some(
          ({ id: check, seen }) => check === 'authz.stale' && seen === `1 resource: ${changed.name}`,
        ),
        JSON.stringify([changed, found]),
      );
      await clearCache();
      assert.ok(!troubles(await visit()).some(({ id: check }) => check === 'authz.stale'));
    }
    await apply(FILE);
  });

  async function clearCache(): Promise<void> {
    const { accessToken } = await connectAdmin({
      serverUrl: keycloak.url,
      credentials: { realm: 'master', username: keycloak.adminUser, password: keycloak.adminPassword },
    }).then(async ({ api: one }) => ({ accessToken: await one.getAccessToken() }));
    await fetch(`${keycloak.url}/admin/realms/${realm}/clear-realm-cache`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}` },
    });
  }

  test('names a scope that no permission is about, beside one that has one', async () => {
    const permissions = [
      { name: 'all orders', resources: ['orders'], scopes: ['view'], policies: ['is member'] },
      FILE.permissions[1],
    ];
    await apply({ ...FILE, permissions: [{ ...permissions[0], name: 'view orders' }, permissions[1]] });
    const trouble = { check: 'authz.part-granted', status: 'warn', fix: /keycloak-guard authz apply$/ };
    await expectTrouble(trouble, [], () => apply(FILE));
  });

  test('names roles that are those of the token', async () => {
    await apply({ ...FILE, policies: [{ name: 'is member', type: 'role', roles: ['member'] }] });
    const trouble = { check: 'authz.roles', status: 'warn', fix: /"fetchRoles": true/ };
    await expectTrouble(trouble, [], () => apply(FILE));
  });

  test('names what a file has and Keycloak has not', async () => {
    const file = write('authz.json', { ...FILE, resources: [...FILE.resources, { name: 'letters' }] });
    await expectTrouble(
      { check: 'authz.file', fix: /^keycloak-guard authz apply --file / },
      [file],
      async () => apply({ ...FILE, resources: [...FILE.resources, { name: 'letters' }] }),
    );
    await apply(FILE);
  });

  test('names the permission that lets everybody in', async () => {
    const type = 'urn:api:resources:default';
    await api.clients.createResource(at, { name: 'Default Resource', type, uris: ['/*'] } as never);
    // Of this version no script: the same name, and everybody.
    const everybody = { name: 'Default Policy', targetClaim: 'sub', pattern: '.*' };
    const policy = (await api.clients.createPolicy({ ...at, type: 'regex' }, everybody as never)) as {
      id: string;
    };
    const permission = { name: 'Default Permission', resourceType: type, policies: [policy.id] };
    await api.clients.createPermission({ ...at, type: 'resource' }, permission as never);
    await expectTrouble({ check: 'authz.default-permission', fix: /authz apply --prune/ }, [], () =>
      apply(FILE),
    );
  });
});
