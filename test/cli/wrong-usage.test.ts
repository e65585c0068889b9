import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAuthzOptions } from '../../packages/cli/src/commands/authz.ts';
import { run as dev } from '../../packages/cli/src/commands/dev.ts';
import { KINDS } from '../../packages/cli/src/commands/setup.ts';
import { readDoctorOptions } from '../../packages/cli/src/doctor/options.ts';
import { UsageError } from '../../packages/cli/src/settings/usage-error.ts';
import { startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { ADMIN, createLines } from '../admin/run-setup.ts';

/** A client that proves itself as a pod. */
const POD = '--credential kubernetes --service-account shop/orders';
/** A realm file that is there already. */
const FILE = 'package.json --url http://a.test --no-env';

// Arguments that a command does not take: each rule has its message, and what is right at the rule's edge is none.

/** What is wrong with arguments; empty where the command goes on, which here has no Keycloak. */
async function wrong(read: () => unknown): Promise<readonly string[]> {
  try {
    await read();
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
  }
  return [];
}
const hasProblem = (problems: readonly string[], pattern: RegExp) =>
  problems.some((one) => pattern.test(one));

/** Rows of arguments, and the message that they bring; `undefined`: none of those of its table. */
async function judge(
  rows: readonly (readonly [args: string, pattern: RegExp | undefined])[],
  read: (args: string[]) => unknown,
) {
  const patterns = rows.flatMap(([, pattern]) => pattern ?? []);
  for (const [args, pattern] of rows) {
    const problems = await wrong(() => read(args.split(' ').filter(Boolean)));
    if (pattern === undefined)
      assert.ok(!patterns.some((one) => hasProblem(problems, one)), `${args}: ${problems}`);
    else assert.ok(hasProblem(problems, pattern), `${args}: ${problems}`);
  }
}

test('authz: an action alone, and what only some of them take', async () => {
  const url = '--url http://127.0.0.1:9';
  await judge(
    [
      [url, /^an action is missing/],
      [`aply ${url}`, /^there is no authz 'aply'.*apply/],
      [`plan x ${url}`, /^unknown argument 'x'$/],
      [`why a b --user anna ${url}`, /^unknown argument 'b'$/],
      [`why a ${url}`, /^why needs --user/],
      [`why --user anna ${url}`, /^why needs a permission/],
      [`why a#b#c --user anna ${url}`, /^a permission is resource#scope/],
      ['plan --url ftp://a.test', /^--url .*must be an http or https URL/],
      ['plan --url http://a.test', undefined],
      [`plan --user anna ${url}`, /^--user is for why/],
      [`export --prune ${url}`, /^--prune is for plan and apply/],
      [`why a --user anna --prune ${url}`, /^--prune is for plan and apply/],
      [`export --file a.ts ${url}`, /^export writes JSON/],
      [`export --file a.mjs ${url}`, /^export writes JSON/],
      [`export --file a.json ${url}`, undefined],
      [`plan --file a.ts ${url}`, undefined],
      [`why a#b --user anna ${url}`, undefined],
      [`why a --user anna ${url}`, undefined],
      [`plan --prune --file a.json ${url}`, undefined],
      [`apply --prune --file a.json ${url}`, undefined],
    ],
    (args) => readAuthzOptions(args, ADMIN),
  );
});

test('doctor: what a flag is, and what does not go with it', async () => {
  const admin = '--admin-user admin';
  await judge(
    [
      ...['app', 'running', 'mcp', 'route', 'spa page --origin'].flatMap((name) => [
        [
          `--${name} localhost:1`,
          new RegExp(`^--${name.replace('spa page --', '')} must be an http`),
        ] as const,
        [`--${name} http://localhost:1`, undefined] as const,
      ]),
      ['--token abc', /^--token reads the token from standard input/],
      ...['', '--json', '--route http://localhost:1', '--spa page --origin http://localhost:1'].map(
        (more) => [`--token - ${more}`, /^nothing was piped in for --token -/] as const,
      ),
      ['--token - --user-password-stdin', /both read standard input/],
      ['--mcp http://a.test --fix', /^--mcp does not go with --fix/],
      ['--fix', undefined],
      ['--spa page', /^--spa needs --origin/],
      ['--origin http://a.test', /^--origin goes with --spa or --route/],
      ['--spa page --origin http://a.test', undefined],
      [`--upgrade latest ${admin}`, /^--upgrade is a version/],
      [`--upgrade 26.7.3.1 ${admin}`, /^--upgrade is a version/],
      [`--upgrade 26.7.3 ${admin}`, undefined],
      [`--upgrade 26 ${admin}`, undefined],
      ['--upgrade 26', /^--upgrade and --tenant look as an admin/],
      ['--tenant acme', /^--upgrade and --tenant look as an admin/],
      [`--tenant acme ${admin}`, undefined],
      ['--needs boss', /^--needs is role=NAME/],
      ['--needs role=', /^--needs is role=NAME/],
      ['--needs role=boss --needs group=/staff --needs organization=a --needs scope=x', undefined],
      [
        '--explain Account disabled',
        /^Unexpected argument 'disabled'.*: a text of several words stands in quotes$/,
      ],
      ['--explain disabled', undefined],
      ['--json --fix', /^--json is for looking/],
      ['--json', undefined],
      [`--fix --admin-totp 123456 ${admin}`, /^--fix logs in again/],
      [`--admin-totp 123456 ${admin}`, undefined],
      ['--admin-client-id ops', /^--admin-client-id needs its secret/],
    ],
    (args) => readDoctorOptions(['--env', 'none.env', ...args], {}),
  );
  const withSecret = { KEYCLOAK_ADMIN_CLIENT_SECRET: 'x' };
  assert.deepEqual(await wrong(() => readDoctorOptions(['--admin-client-id', 'ops'], withSecret)), []);
});

test('setup: what each kind needs, and what it does not take', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  const rows = {
    guide: [
      ['--app localhost', /^--app \(PUBLIC_URL\) must be an http/],
      ['--backchannel-url ftp://a', /^--backchannel-url must be an http/],
      ['--scope a"b', /^--scope must be a scope/],
      ['--no-user --user anna', /^--no-user and --user exclude/],
      ['--group /', /^--group must be a path/],
      ['more', /^unknown argument 'more'/],
      ['--retire-key a', /^--retire-key needs --credential key/],
      [`${POD} --issuer ftp://a.test`, /^--issuer must be the https URL/],
      [`${POD} --issuer http://a.test`, /^--issuer must be the https URL/],
      [`${POD} --issuer https://a.test?b`, /^--issuer must be the https URL/],
      [`${POD} --issuer https://a.test`, undefined],
      [`${POD} --issuer http://localhost`, undefined],
      ['--app http://a.test --scope orders:read --group /staff --user anna', undefined],
    ],
    app: [
      ['--page page --page-url a.test', /^--page-url must be the address of the page/],
      ['--page-url http://a.test --page same --service same', /^API, page and service need a client id each/],
    ],
    spa: [
      ['--app http://a.test', /^setup spa needs the client id/],
      ['page more --app http://a.test', /^setup spa needs the client id/],
      ['page --app a.test', /^--app must be the address of the page/],
      ['page --app http://a.test/*', /^--app must be the address of the page/],
      ['page --app http://a.test --redirect-uri http://a.test/*', /^--redirect-uri must be a whole/],
      ['page --app http://a.test --redirect-uri http://a.test/#b', /^--redirect-uri must be a whole/],
      ['page --app http://a.test --redirect-uri http://a.test/b', undefined],
    ],
    mcp: [
      ['', /^setup mcp needs the URL/],
      ['example.com', /^setup mcp needs the URL/],
      ['http://a.test/mcp?x=1', /^setup mcp needs the URL/],
      ['http://a.test/mcp more', /^setup mcp needs the URL/],
      ['http://a.test/mcp --scope a"b', /^--scope must be a scope/],
      ['http://a.test/mcp --documents https://a.test', /^--documents must be a domain/],
      ['http://a.test/mcp --program emacs', /^--program must be one of/],
      ['http://a.test/mcp --documents *.a.test --scope mcp:tools', undefined],
    ],
    service: [
      ['more', /^unknown argument 'more'/],
      ['--calls a,"b', /^--calls must be client ids/],
      ['--calls orders,stock', undefined],
    ],
    tenant: [
      ['acme', /needs --template <realm>, or --organization/],
      ['acme --template shop --organization', /needs --template <realm>, or --organization/],
      ['--template shop --list none.csv', /^--list: none\.csv cannot be read \(ENOENT\)/],
      ['--template shop', /^setup tenant needs names of tenants/],
      ['--template shop --all', undefined],
      ['acme --template shop --group /a', /^--group is for organizations/],
      ['acme --organization --group /', /^--group must be a path/],
      ['acme --template shop --redirect-url http://a.test', /^--redirect-url is for organizations/],
      ['acme --organization --redirect-url /orgs', /^--redirect-url must be a whole/],
      ['acme --organization --redirect-url https://a.test/{tenant}', undefined],
      ['acme --organization --all', /^--all is for realms/],
      ['acme globex --organization --domain a.test', /^--domain is for one organization/],
      ['acme --organization --domain a.test --group /staff', undefined],
      ['shop --template shop', /shop/],
    ],
    export: [
      ['', /^setup export needs the name of one file/],
      ['a.json b.json', /^setup export needs the name of one file/],
      [`${FILE} --user anna`, /^a user in a realm file needs a password/],
      [`${FILE} --no-user`, /package\.json is there already: give --yes/],
    ],
  } satisfies Record<string, [string, RegExp | undefined][]>;
  for (const [kind, own] of Object.entries(rows)) {
    // The others say it before they look for a Keycloak.
    const url = kind === 'app' ? keycloak.url : 'http://127.0.0.1:9';
    const more = kind === 'export' ? [] : ['--url', url, '--no-env', '--dry-run'];
    await judge(own as [string, RegExp | undefined][], (args) =>
      KINDS[kind]?.run([...args, ...more], { environment: ADMIN, out: createLines().out as never }),
    );
  }
});

test('dev: a port and a command', async () => {
  await judge(
    [
      ['--port 65536', /^--port must be a whole number/],
      ['--port x', /^--port must be a whole number/],
      ['--port 1 --', /^-- needs a command/],
    ],
    dev,
  );
});
