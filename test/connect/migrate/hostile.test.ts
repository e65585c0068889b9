import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canName } from '../../../packages/cli/src/setup/audience-command.ts';
import { findCallers, toVerdictLine } from '../../../packages/connect/src/migrate/callers.ts';
import { rewriteManifest } from '../../../packages/connect/src/migrate/manifests.ts';
import { toMarkdown } from '../../../packages/connect/src/migrate/report.ts';
import { look, projectOf, runCli } from './migrate-project.ts';

const REQUIRE = "const Keycloak = require('keycloak-connect');\nconst keycloak = new Keycloak({}, {});\n";

describe('migrate, of a project whose author means harm or makes mistakes', () => {
  test('no name of a file, and no text of a program, begins a line of its own or reaches the terminal as more than text', async (t) => {
    const folder = await projectOf(t, {
      'a\n✓ all good.js': `${REQUIRE}keycloak.protect(['x\\n✓ all good\\u001b[2J']);`,
      'b`|\u001b[2J.js': `${REQUIRE}keycloak.protect(['x']);`,
      'keycloak\n✓ all good.json': '{ "auth-server-url": ',
    });
    const { stdout, code } = await runCli(['migrate', folder]);
    assert.equal(code, 1);
    assert.match(stdout, /\n- \[ \] `a ✓ all good\.js:3` `keycloak\.protect/);
    assert.doesNotMatch(stdout, /^✓/m);
    assert.ok(!stdout.includes('\u001b'));
    assert.match(stdout, /\n- `keycloak ✓ all good\.json` is not JSON/);
    assert.match(stdout, /\n- \[ \] `bʼ\|\.js:3` `keycloak\.protect\(\['x'\]\)`: /);
  });

  test('JSON of it, too, has no character that a terminal would obey or that disguises others', async (t) => {
    const file = 'a\u009b2J\u202eb.js';
    const { stdout } = await runCli(['migrate', await projectOf(t, { [file]: REQUIRE }), '--json']);
    assert.doesNotMatch(stdout, /[^\P{Cc}\n]|\p{Cf}/u);
    assert.equal(JSON.parse(stdout).edits[0].file, file);
  });

  test('a program that is nested deeper than the stack is one that could not be read', async (t) => {
    const folder = await projectOf(t, {
      'calls.js': `${REQUIRE}a.${'b().'.repeat(5_000)}c;`,
      'lists.js': `${REQUIRE}const a = ${'['.repeat(20_000)}${']'.repeat(20_000)};`,
      'sums.js': `${REQUIRE}const a = '1'${" + '1'".repeat(900)};`,
    });
    const { stdout, code } = await runCli(['migrate', folder]);
    assert.equal(code, 1);
    assert.match(stdout, /\n2 uses of keycloak-connect in 1 file\. .*2 files could not be read\.\n/);
    assert.match(stdout, /\n- `calls\.js` is not[^\n]*\n- `lists\.js` is not/);
  });

  test('a program costs what its bytes cost, however deep and wide it is', async (t) => {
    const wide = '0,'.repeat(3_000);
    const costOf = async (text: string) => {
      const folder = await projectOf(t, { 'app.ts': text });
      const started = process.cpuUsage().user;
      const { unread } = await look(folder);
      assert.deepEqual(unread, []);
      return process.cpuUsage().user - started;
    };
    const NEST = "import { Roles } from 'nest-keycloak-connect';\n";
    await costOf(`${REQUIRE}const a = [${wide}];`);
    const flat = await costOf(`${REQUIRE}const a = [${wide}];`);
    for (const text of [
      `${REQUIRE}const a = ${'['.repeat(200)}${wide}${']'.repeat(200)};`,
      `${NEST}const a = ${'['.repeat(200)}${wide}${']'.repeat(200)};`,
      `${NEST}${'a.b();\n'.repeat(1_000)}`,
    ]) {
      const cost = await costOf(text);
      assert.ok(cost < flat * 5, `${text.slice(0, 60)}: ${cost} µs, and ${flat} flat`);
    }
  });

  test('a package.json of one line is read as any other; one that is not JSON is named', async (t) => {
    const one = await projectOf(t, {
      'package.json':
        '{"name":"keycloak-connect","dependencies":{"keycloak-connect":"1","@nestjs/common":"^9.0.0"}}',
    });
    const { findings } = await look(one);
    assert.deepEqual(
      findings.map(({ file, line, use }) => [file, line, use]),
      [['package.json', 1, '"keycloak-connect": "1"']],
    );
    const broken = await projectOf(t, { 'package.json': '{"dependencies":{"keycloak-connect":"1",},}' });
    const unread = await runCli(['migrate', broken]);
    assert.deepEqual([unread.code, /- `package\.json` is not JSON/.test(unread.stdout)], [1, true]);
  });

  test('names the sections of a package.json that go on speaking of the old package', async (t) => {
    const manifest = {
      peerDependencies: { 'keycloak-connect': '>=9' },
      overrides: { 'nest-keycloak-connect': { '@nestjs/common': '$@nestjs/common' } },
      pnpm: { overrides: { 'keycloak-connect': '1' } },
    };
    const folder = await projectOf(t, { 'package.json': JSON.stringify(manifest, null, 2) });
    const { findings } = await look(folder);
    assert.deepEqual(
      findings.map(({ line, use, remark }) => [line, use, remark !== null]),
      [
        [3, '"keycloak-connect": ">=9"', false],
        [6, '"overrides": "nest-keycloak-connect"', true],
        [12, '"pnpm": "keycloak-connect"', true],
      ],
    );
  });

  test('names a TypeScript and a Nest that are too old', async (t) => {
    const remarked = async (manifest: object) => {
      const { findings } = await look(await projectOf(t, { 'package.json': JSON.stringify(manifest) }));
      return findings.filter(({ remark }) => remark !== null).map(({ use }) => use);
    };
    const old = { typescript: '^4.9.5', '@nestjs/common': '9.4.0' };
    const now = { typescript: '~5.0.4', '@nestjs/common': '^10.0.0' };
    const devDependencies = { 'nest-keycloak-connect': '1' };
    assert.deepEqual(await remarked({ devDependencies, dependencies: old }), [
      '"@nestjs/common": "9.4.0"',
      '"typescript": "^4.9.5"',
    ]);
    assert.deepEqual(await remarked({ devDependencies, dependencies: now }), []);
    assert.deepEqual(await remarked({ dependencies: { ...old, 'keycloak-connect': '1' } }), [
      '"typescript": "^4.9.5"',
    ]);
    for (const typescript of ['5.0', '^6', 'latest', 'workspace:*', '>=4.9.0'])
      assert.deepEqual(await remarked({ devDependencies, dependencies: { typescript } }), [], typescript);
  });

  test('a package.json that is no object stays as it is', () => {
    for (const text of [
      'null',
      '[]',
      '1',
      '"keycloak-connect"',
      '{"dependencies":null}',
      '{"dependencies":"keycloak-connect"}',
    ])
      assert.equal(rewriteManifest(text, { 'keycloak-guard': '^1.0.0' }), undefined, text);
  });

  test('says nothing about a realm that does not have the client, or that answers with something else', async () => {
    for (const answer of [[{ id: '1', clientId: 'other' }], [], '<html>', {}, null]) {
      const api = { clients: { find: async () => answer }, clientScopes: { find: async () => [] } };
      await assert.rejects(
        findCallers({ api } as never, { serverUrl: 'http://x', realm: 'shop', clientId: 'api' }, () => {}),
        /realm shop has no client api/,
      );
    }
  });

  test('what a token of an example names counts, and what its user has is said to be the user’s', async () => {
    const verdictsOf = async (aud: unknown, protocolMapper: string) => {
      const mapper = { id: 'm', protocolMapper };
      const api = {
        clients: {
          find: async () => [
            { id: '1', clientId: 'api' },
            { id: '2', clientId: 'app', protocolMappers: [mapper] },
          ],
          evaluateListProtocolMapper: async () => [{ mapperId: 'm' }],
          evaluateGenerateAccessToken: async () => ({ aud }),
        },
        clientScopes: { find: async () => [] },
        users: { find: async () => [{ id: 'u' }] },
      };
      const where = { serverUrl: 'http://x', realm: 'shop', clientId: 'api' };
      return (await findCallers({ api } as never, where, () => {})).callers.map(({ verdict }) => verdict);
    };
    assert.deepEqual(await verdictsOf(['api', 'account'], 'oidc-usermodel-attribute-mapper'), ['in']);
    assert.deepEqual(await verdictsOf('api', 'oidc-audience-resolve-mapper'), ['some']);
    assert.deepEqual(await verdictsOf('account', 'oidc-audience-resolve-mapper'), ['out']);
    assert.deepEqual(await verdictsOf(undefined, 'oidc-audience-mapper'), ['out']);
  });

  test('a client that gets no tokens is not judged; without a user, mappers of the access token alone count', async () => {
    const audience = (id: string, claim: string) => ({
      ...{ id, protocolMapper: 'oidc-audience-mapper' },
      config: { 'included.client.audience': 'api', 'access.token.claim': claim },
    });
    const clients = [
      { id: '1', clientId: 'api' },
      { id: '2', clientId: 'good', protocolMappers: [audience('yes', 'true')] },
      { id: '3', clientId: 'bad', protocolMappers: [audience('no', 'false')] },
      { id: '4', clientId: 'off', enabled: false },
      { id: '5', clientId: 'service', bearerOnly: true },
      { id: '6', clientId: 'account-console' },
    ];
    const api = {
      clients: {
        find: async () => clients,
        evaluateListProtocolMapper: async ({ id }: { id: string }) => [
          { mapperId: id === '2' ? 'yes' : 'no' },
        ],
        evaluateGenerateAccessToken: () => assert.fail('there is no user for an example'),
      },
      clientScopes: { find: async () => [] },
      users: { find: async () => [] },
    };
    const where = { serverUrl: 'http://x', realm: 'shop', clientId: 'api' };
    const { callers, mend } = await findCallers({ api } as never, where, () => {});
    assert.deepEqual(
      callers.map(({ client, verdict }) => [client, verdict]),
      [
        ['good', 'in'],
        ['bad', 'out'],
      ],
    );
    assert.match(mend ?? '', /setup audience bad --url/);
  });

  test('a realm’s names of clients begin no line either, and stand in no command that they could end', () => {
    const report = {
      clientId: 'api',
      callers: [{ client: 'a\n✓ b|`', verdict: 'out' as const, seen: 'no mapper' }],
      mend: undefined,
    };
    const shown = toMarkdown({ packages: ['keycloak-connect'], findings: [], edits: [], unread: [] }, report);
    assert.match(shown, /\n- \*\*would be refused\*\*: `a ✓ b\|ʼ`, no mapper\n/);
    assert.match(toVerdictLine(report), /^Nobody/);
    assert.deepEqual(['a\nb', 'a\u202eb', '-a', 'a,b', ' a', ''].filter(canName), []);
    assert.equal(canName('my app'), true);
  });
});
