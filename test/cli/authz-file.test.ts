import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { toFile } from '../../packages/cli/src/admin/authz/model.ts';
import { findAuthzJson, loadAuthz } from '../../packages/cli/src/authz/file.ts';
import { readAuthzOptions } from '../../packages/cli/src/commands/authz.ts';
import { UsageError } from '../../packages/cli/src/settings/usage-error.ts';
import { startAuthzKeycloak } from '../admin/authz-keycloak.ts';
import { ADMIN } from '../admin/run-setup.ts';
import { runInProcess } from './support/in-process.ts';
import { runProgram } from './support/program.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'authz-file-'));
const says = (pattern: RegExp) => (error: unknown) =>
  error instanceof UsageError && pattern.test(error.problems.join('\n'));

describe('the file of authz', () => {
  function write(name: string, text: string): string {
    const file = join(folder(), name);
    writeFileSync(file, text);
    return file;
  }

  test('is JSON, or what a program exports by default', async () => {
    const wanted = { scopes: ['view'], resources: [{ name: 'orders', scopes: ['view'] }] };
    const text = JSON.stringify(wanted);
    for (const [name, content] of [
      ['authz.json', text],
      ['authz.mjs', `export default ${text};`],
      ['authz.cjs', `module.exports = ${text};`],
      [
        'compiled.cjs',
        `Object.defineProperty(exports, '__esModule', { value: true }); exports.default = ${text};`,
      ],
      // This process reads TypeScript.
      [
        'authz.ts',
        `interface Of { a?: string }\nexport default { ...${text} as Of, displayName: undefined } as object;`,
      ],
    ] as const) {
      const read = await loadAuthz(write(name, content));
      assert.deepEqual(toFile(read), { ...wanted, policies: [], permissions: [] }, name);
    }
  });

  test('is checked the same, whatever it is written in', async () => {
    await assert.rejects(
      loadAuthz(write('authz.mjs', 'export default { scops: [] };')),
      says(/unknown member "scops"/),
    );
    await assert.rejects(loadAuthz(write('authz.mjs', 'export const a = 1;')), says(/no default export/));
    await assert.rejects(
      loadAuthz(write('authz.mjs', 'export default () => 1;')),
      says(/must hold one object/),
    );
    // JSON would leave out the one, and make a text of the other, which Keycloak reads as no time.
    await assert.rejects(
      loadAuthz(write('authz.mjs', 'export default { scopes: () => [] };')),
      says(/scopes must be a list/),
    );
    await assert.rejects(
      loadAuthz(
        write(
          'authz.mjs',
          "export default { policies: [{ name: 'trial', type: 'time', notOnOrAfter: new Date(0) }] };",
        ),
      ),
      says(/notOnOrAfter must be/),
    );
    await assert.rejects(
      loadAuthz(write('authz.mjs', "import './gone.mjs';")),
      says(/cannot be run: .*gone\.mjs/),
    );
    await assert.rejects(
      loadAuthz(join(folder(), 'authz.mjs')),
      says(/cannot be read: .*\nauthz export writes one/),
    );
    // As Node 20 says it of TypeScript.
    await assert.rejects(
      loadAuthz(write('authz.yaml', 'scopes: [view]')),
      says(/^.*authz\.yaml: Node [\d.]+ runs no file with this ending.*22\.18.*\n.*authz\.mjs.*--import tsx/),
    );
  });

  test('is found by its name where it is JSON; a program is run to be read, so it has to be named', async () => {
    const there = folder();
    writeFileSync(join(there, 'authz.ts'), '');
    assert.equal(findAuthzJson(there), undefined);
    await assert.rejects(
      loadAuthz(join(there, 'authz.json')),
      says(/authz\.ts is a program.*--file .*authz\.ts/),
    );
    writeFileSync(join(there, 'authz.json'), '');
    assert.equal(findAuthzJson(there), join(there, 'authz.json'));
  });

  test('is written as JSON alone', async () => {
    await assert.rejects(readAuthzOptions(['export', '--file', 'authz.ts'], {}), says(/export writes JSON/));
  });

  test('comes out of Keycloak with no character that a terminal would obey', async (t) => {
    const { keycloak, reset } = await startAuthzKeycloak();
    t.after(() => keycloak.close());
    reset('api');
    const name = 'orders\u001b[2J\u202e\u009b2J';
    const file = write(
      'authz.json',
      JSON.stringify({ scopes: ['view'], resources: [{ name, scopes: ['view'] }] }),
    );
    const run = async (code: number, ...args: string[]) => {
      const where = ['--url', keycloak.url, '--client-id', 'api'];
      const run = await runInProcess(['authz', ...args, ...where], ADMIN);
      assert.equal(run.code, code, run.stderr);
      return run.stdout + run.stderr;
    };
    const none = await run(2, 'export', '--file', `${file}.json`);
    assert.match(none, /the client 'api' has no authorization services yet/);
    await run(0, 'apply', '--file', file, '--yes');
    await run(0, 'export', '--file', `${file}.json`);
    assert.match(await run(0, 'export', '--file', `${file}.json`), /is as Keycloak is: nothing to write/);
    for (const text of [await run(0, 'export', '--file', '-'), readFileSync(`${file}.json`, 'utf8')]) {
      assert.doesNotMatch(text, /[^\P{Cc}\n]|\p{Bidi_Control}/u);
      assert.equal(JSON.parse(text).resources[0].name, name);
    }
    const [mine, link] = [write('mine.txt', 'mine'), `${file}.link`];
    symlinkSync(mine, link);
    const asked = await run(2, 'export', '--file', link);
    assert.ok(asked.includes(`${link}, which is a link to ${mine} is there already: give --yes`), asked);
    assert.equal(readFileSync(mine, 'utf8'), 'mine');
  });

  test('plan says by its exit code that there are changes: a script tells that from trouble', async (t) => {
    const { keycloak, reset } = await startAuthzKeycloak();
    t.after(() => keycloak.close());
    reset('api');
    const file = write('authz.json', JSON.stringify({ scopes: ['view'] }));
    const run = async (action: string, url = keycloak.url) => {
      const where = ['--url', url, '--client-id', 'api', '--file', file, '--yes'];
      const { code, stdout, stderr } = await runInProcess(['authz', action, ...where], ADMIN);
      return [code, stdout + stderr] as const;
    };
    const [changes, shown] = await run('plan');
    assert.equal(changes, 1, shown);
    assert.match(shown, /nothing was changed/);
    assert.equal((await run('apply'))[0], 0);
    const [none, same] = await run('plan');
    assert.equal(none, 0, same);
    assert.match(same, /Nothing to change/);
    const [trouble, why] = await run('plan', 'http://127.0.0.1:9');
    assert.equal(trouble, 2, why);
  });

  test('that names what the realm has not is refused whole, and nothing is changed', async (t) => {
    const { keycloak, reset } = await startAuthzKeycloak();
    t.after(() => keycloak.close());
    reset('api');
    const policies = [
      { name: 'r', type: 'role', roles: ['member', 'ghost', 'nobody/none'] },
      { name: 'u', type: 'user', users: ['ghost'] },
      { name: 'c', type: 'client', clients: ['api', 'nobody'] },
      { name: 'g', type: 'group', groups: ['/ghosts'] },
      { name: 's', type: 'client-scope', clientScopes: ['none'] },
    ];
    const file = write('authz.json', JSON.stringify({ scopes: ['view'], policies }));
    const args = ['--url', keycloak.url, '--client-id', 'api', '--file', file, '--yes'];
    const { code, stderr } = await runInProcess(['authz', 'apply', ...args], ADMIN);
    assert.equal(code, 2);
    assert.deepEqual(
      stderr.match(/(?<=authz: ).*/g)?.map((line) => line.replace(' in the realm testing', '')),
      [
        'policy "r": there is no role "ghost"',
        'policy "r": there is no role "nobody/none"',
        'policy "u": there is no user "ghost"',
        'policy "c": there is no client "nobody"',
        'policy "g": there is no group "/ghosts"',
        'policy "s": there is no client scope "none"',
        'nothing was changed',
      ],
    );
    assert.equal(keycloak.authz.size, 0);
  });

  test('lacks what it cannot hold, which export says; one that is there is replaced where a person agrees', async (t) => {
    const { keycloak, reset } = await startAuthzKeycloak();
    t.after(() => keycloak.close());
    reset('api');
    const [wanted, exported] = [write('authz.json', '{ "scopes": ["view"] }'), write('mine.json', 'mine')];
    const run = async (...args: string[]) => {
      const where = ['--url', keycloak.url, '--client-id', 'api'];
      return runInProcess(['authz', ...args, ...where], ADMIN);
    };
    await run('apply', '--file', wanted, '--yes');
    const [authz = assert.fail()] = keycloak.authz.values();
    const script = { id: 'p-1', name: 'by hand', type: 'script-mine.js', config: {} };
    authz.lists.policy.set(script.id, script);
    assert.equal((await run('export', '--file', exported)).code, 2);
    assert.equal(readFileSync(exported, 'utf8'), 'mine');
    const { code, stdout, stderr } = await run('export', '--file', exported, '--yes');
    assert.deepEqual([code, stdout.includes(`✓ wrote ${exported}\n`)], [0, true], stdout);
    assert.match(
      stderr,
      /^! "by hand" \(script-mine\.js\) is not in it: a file cannot hold it, and apply leaves/,
    );
    const text = readFileSync(exported, 'utf8');
    assert.deepEqual(JSON.parse(text).scopes, ['view']);
    assert.match(text, /^\{\n {2}"/);
  });

  test('may open what would hold a process: the command ends', async (t) => {
    const { keycloak, reset } = await startAuthzKeycloak();
    t.after(() => keycloak.close());
    reset('api');
    const file = write('authz.mjs', 'setInterval(() => {}, 1_000); export default { scopes: ["view"] };');
    const args = ['authz', 'plan', '--url', keycloak.url, '--client-id', 'api', '--file', file];
    const program = runProgram(args, ADMIN);
    assert.equal(await program.ended, 1, program.stderr());
    assert.match(program.stdout(), /create scope "view"[\s\S]*nothing was changed/);
  });
});
