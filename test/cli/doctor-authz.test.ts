import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { applyAuthz } from '../../packages/cli/src/admin/authz/apply.ts';
import { readAuthz } from '../../packages/cli/src/admin/authz/current.ts';
import { planAuthz } from '../../packages/cli/src/admin/authz/plan.ts';
import { readAuthzValue } from '../../packages/cli/src/admin/authz/read-file.ts';
import { type CheckResult, runChecks } from '../../packages/cli/src/doctor/check.ts';
import { AUTHZ_CHECKS } from '../../packages/cli/src/doctor/checks/index.ts';
import { createContext } from '../../packages/cli/src/doctor/context.ts';
import { readDoctorOptions } from '../../packages/cli/src/doctor/options.ts';
import { type AuthzKeycloak, startAuthzKeycloak } from '../admin/authz-keycloak.ts';
import { ADMIN } from '../admin/run-setup.ts';
import { settingsFor, troubles } from './doctor-visit.ts';

const CLIENT = 'fastapi-keycloak';

const FILE = {
  scopes: ['view', 'edit'],
  resources: [
    { name: 'orders', type: 'urn:api:order', uris: ['/orders/*'], scopes: ['view', 'edit'] },
    { name: 'reports', uris: ['/reports'], scopes: ['view'] },
  ],
  policies: [{ name: 'is member', type: 'role', roles: ['member'], fetchRoles: true }],
  permissions: [
    { name: 'orders', resourceType: 'urn:api:order', policies: ['is member'] },
    { name: 'view', resources: ['reports'], scopes: ['view'], policies: ['is member'] },
  ],
};

describe('the doctor about permissions', () => {
  let keycloak: AuthzKeycloak['keycloak'];
  let api: AuthzKeycloak['api'];
  let reset: AuthzKeycloak['reset'];
  let folder: string;

  before(async () => {
    ({ keycloak, api, reset } = await startAuthzKeycloak());
  });
  after(() => keycloak.close());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'doctor-authz-'));
    keycloak.protection = [200, []];
    reset(CLIENT);
  });

  async function apply(file: object): Promise<void> {
    const read = readAuthzValue(file);
    assert.ok('model' in read);
    const state = await readAuthz(api, 'testing', CLIENT);
    for await (const _ of applyAuthz(api, planAuthz(read.model, state, true).steps, read.model, state));
  }

  /** The checks of permissions alone: what they rest on has its own tests. */
  async function visit(args: readonly string[] = ['--authz'], env: object = ADMIN): Promise<CheckResult[]> {
    const lines = Object.entries(settingsFor(keycloak.url)).map(([name, value]) => `${name}='${value}'\n`);
    writeFileSync(join(folder, '.env'), lines.join(''), { mode: 0o600 });
    const options = await readDoctorOptions(['--env', join(folder, '.env'), ...args], { ...env });
    const own = new Set(AUTHZ_CHECKS.map(({ id }) => id));
    const checks = AUTHZ_CHECKS.map((one) => ({ ...one, needs: one.needs.filter((id) => own.has(id)) }));
    return runChecks(checks, createContext(options));
  }

  const write = (name: string, content: object): string => {
    writeFileSync(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };

  test('finds nothing where all is well', async () => {
    await apply(FILE);
    write('authz.json', FILE);
    const results = await visit(['--authz', join(folder, 'authz.json')]);
    assert.deepEqual(troubles(results), []);
    assert.deepEqual(
      results.filter(({ status }) => status !== 'ok').map(({ id, seen }) => `${id}: ${seen}`),
      [],
    );
  });

  test('says nothing to who has no permissions and does not ask', async () => {
    keycloak.protection = [403, { error: 'invalid_clientId' }];
    for (const env of [ADMIN, {}]) {
      const results = await visit([], env);
      assert.deepEqual([...new Set(results.map(({ status }) => status))], ['skipped']);
    }
  });

  interface Trouble {
    readonly what: string;
    readonly check: string;
    readonly status?: 'fail' | 'warn';
    readonly cause: RegExp;
    readonly fix: RegExp;
    readonly withoutAdmin?: boolean;
    break(): unknown;
    mend(): unknown;
  }

  const say =
    (status: number, error: string, error_description = '') =>
    () => {
      keycloak.protection = [status, { error, error_description }];
    };
  const heal = () => {
    keycloak.protection = [200, []];
  };

  const TROUBLES: readonly Trouble[] = [
    {
      what: 'the service account has lost uma_protection',
      ...{ check: 'authz.protection', withoutAdmin: true, mend: heal },
      break: say(403, 'invalid_scope', 'Requires uma_protection scope.'),
      cause: /lost the role uma_protection/,
      fix: /^Clients > .* > Service accounts roles > .*uma_protection$/,
    },
    {
      what: 'remote resource management is off',
      check: 'authz.protection',
      break: () => apply({ ...FILE, allowRemoteResourceManagement: false }),
      mend: () => apply({ ...FILE, allowRemoteResourceManagement: true }),
      cause: /remote resource management is off/,
      fix: /Remote resource management ON$/,
    },
    {
      what: 'nothing is enforced but what a permission is about',
      ...{ check: 'authz.enforcement', status: 'warn' },
      break: () => apply({ ...FILE, policyEnforcementMode: 'PERMISSIVE' }),
      mend: () => apply({ ...FILE, policyEnforcementMode: 'ENFORCING' }),
      cause: /PERMISSIVE/,
      fix: /keycloak-guard authz apply$/,
    },
    {
      what: 'a scope has no permission beside one that has',
      ...{ check: 'authz.part-granted', status: 'warn' },
      break: () =>
        apply({
          ...FILE,
          permissions: [
            { ...FILE.permissions[0], resources: ['orders'], resourceType: undefined, scopes: ['view'] },
          ],
        }),
      mend: () => apply(FILE),
      cause: /result: true/,
      fix: /keycloak-guard authz apply$/,
    },
    {
      what: 'roles are those of the token',
      ...{ check: 'authz.roles', status: 'warn' },
      break: () => apply({ ...FILE, policies: [{ name: 'is member', type: 'role', roles: ['member'] }] }),
      mend: () => apply(FILE),
      cause: /taken away counts until the token is renewed/,
      fix: /"fetchRoles": true.*keycloak-guard authz apply$/,
    },
    {
      what: 'an import went past the cache',
      check: 'authz.stale',
      break: async () => {
        await readAuthz(api, 'testing', CLIENT);
        const resources = [{ ...FILE.resources[1], scopes: [{ name: 'view' }, { name: 'edit' }] }];
        await api.clients.importResource({ realm: 'testing', id: 'c-1' }, { resources } as never);
      },
      mend: () =>
        fetch(`${keycloak.url}/admin/realms/testing/clear-realm-cache`, { method: 'POST' }).then(() =>
          apply(FILE),
        ),
      cause: /goes on deciding by the old values/,
      fix: /^kcadm\.sh create clear-realm-cache -r testing/,
    },
    {
      what: 'the file has entries that Keycloak lacks',
      check: 'authz.file',
      break: () => write('authz.json', { ...FILE, resources: [...FILE.resources, { name: 'letters' }] }),
      mend: () => write('authz.json', FILE),
      cause: /a guard that names one answers 500/,
      fix: /^keycloak-guard authz apply --file .*authz\.json$/,
    },
    {
      what: 'Keycloak is otherwise than the file',
      ...{ check: 'authz.file', status: 'warn' },
      break: () => write('authz.json', { ...FILE, decisionStrategy: 'AFFIRMATIVE' }),
      mend: () => write('authz.json', FILE),
      cause: /differs from the file/,
      fix: /^keycloak-guard authz apply/,
    },
    {
      what: 'an entry of Keycloak is otherwise than in the file',
      ...{ check: 'authz.file', status: 'warn' },
      break: () => {
        const [first, ...others] = FILE.resources;
        write('authz.json', { ...FILE, resources: [{ ...first, displayName: 'Renamed' }, ...others] });
      },
      mend: () => write('authz.json', FILE),
      cause: /differs from the file/,
      fix: /^keycloak-guard authz apply/,
    },
    {
      what: 'the file cannot be used',
      check: 'authz.file',
      break: () => write('authz.json', { scops: [] }),
      mend: () => write('authz.json', FILE),
      cause: /unknown member "scops"/,
      fix: /Correct the file/,
    },
  ];

  for (const trouble of TROUBLES) {
    test(`names it where ${trouble.what}, and is content when it is mended`, async () => {
      await apply(FILE);
      const args = ['--authz'];
      const env = trouble.withoutAdmin ? {} : ADMIN;
      await trouble.break();
      const found = troubles(await visit(args, env));
      assert.deepEqual(
        found.map(({ id, status }) => [id, status]),
        [[trouble.check, trouble.status ?? 'fail']],
        JSON.stringify(found),
      );
      assert.match(found[0]?.cause ?? '', trouble.cause);
      assert.match(found[0]?.fix ?? '', trouble.fix);
      await trouble.mend();
      assert.deepEqual(troubles(await visit(args, env)), []);
    });
  }

  test('names authorization that is off, to who asks for it', async () => {
    keycloak.protection = [403, { error: 'invalid_clientId' }];
    const [found, ...more] = troubles(await visit());
    assert.equal(found?.id, 'authz.enabled');
    assert.match(found?.fix ?? '', /^keycloak-guard authz apply, .*authorizationServicesEnabled=true'$/s);
    assert.deepEqual(more, []);
  });

  test('names the permission that lets everybody in, with what takes it away', async () => {
    await api.clients.update({ realm: 'testing', id: 'c-1' }, { authorizationServicesEnabled: true });
    const found = troubles(await visit());
    assert.deepEqual(
      found.map(({ id, status }) => `${status} ${id}`),
      ['fail authz.default-permission'],
    );
    assert.match(found[0]?.fix ?? '', /^keycloak-guard authz apply --prune, .*Default Permission > Delete$/);
    await apply({});
    assert.deepEqual(troubles(await visit()), []);
  });

  test('takes the JSON beside .env, also where a program stands beside it', async () => {
    await apply(FILE);
    write('authz.json', FILE);
    const seen = async (...args: string[]) =>
      (await visit(args)).find(({ id }) => id === 'authz.file')?.status;
    assert.equal(await seen(), 'ok');
    write('authz.json', { ...FILE, scopes: ['view', 'edit', 'new'] });
    assert.equal(await seen(), 'fail');
    write('authz.mjs', {});
    assert.equal(await seen('--authz'), 'fail');
  });

  test('of a file names what Keycloak lacks; what Keycloak has beyond the file is no difference', async () => {
    await apply(FILE);
    const seen = async () => (await visit()).find(({ id }) => id === 'authz.file') ?? assert.fail();
    const [first, ...others] = FILE.resources;
    write('authz.json', { ...FILE, resources: others, permissions: [] });
    assert.equal((await seen()).status, 'ok');
    const changed = [{ ...first, displayName: 'Renamed' }, ...others];
    write('authz.json', { ...FILE, resources: changed });
    assert.match((await seen()).seen ?? '', /authz\.json: resource "orders"$/);
    write('authz.json', { ...FILE, resources: [...changed, { name: 'letters' }] });
    const both = await seen();
    assert.equal(both.status, 'fail');
    assert.match(both.seen ?? '', /authz\.json: resource "letters"$/);
    // Of several files, the one that is worst.
    const differs = write('differs.json', { ...FILE, decisionStrategy: 'AFFIRMATIVE' });
    const several = await visit(['--authz', differs, '--authz', join(folder, 'authz.json')]);
    assert.equal(several.find(({ id }) => id === 'authz.file')?.status, 'fail');
  });

  test('runs a program only where it is named, also if it stands beside .env', async () => {
    await apply(FILE);
    const ran = join(folder, 'ran');
    const program = `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(ran)}, '');\nexport default ${JSON.stringify(FILE)};`;
    writeFileSync(join(folder, 'authz.mjs'), program);
    const seen = async (args: string[]) => (await visit(args)).find(({ id }) => id === 'authz.file')?.status;
    assert.deepEqual([await seen([]), existsSync(ran)], ['skipped', false]);
    assert.deepEqual([await seen(['--authz']), existsSync(ran)], ['skipped', false]);
    assert.deepEqual([await seen(['--authz', join(folder, 'authz.mjs')]), existsSync(ran)], ['ok', true]);
  });

  test('leaves roles of the token alone where nobody asked about permissions', async () => {
    await apply({ ...FILE, policies: [{ name: 'is member', type: 'role', roles: ['member'] }] });
    assert.deepEqual(troubles(await visit([])), []);
  });
});
