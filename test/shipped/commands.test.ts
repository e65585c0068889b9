// Each command and each program of the examples, in a process as a user starts it, its standard input closed: it answers or says
// why it does not, and ends.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { commands } from '../../packages/cli/src/commands.ts';
import { codeBlocks, documents } from '../../tools/docs/documents.ts';
import { TYPESCRIPT_OF_USERS } from '../../tools/run/typescript.mjs';
import { runCommand, runProgram } from '../cli/support/program.ts';
import { CLIENT } from '../contract/guide/provider.ts';
import { ROOT } from '../repo/source-imports.ts';
import { settingsFor } from '../server/service.ts';
import { readEventsRealm } from '../support/events-realm.ts';
import { freePort } from '../support/free-port.ts';
import { startProvider, toTable, whenAnswering } from './processes.ts';

const keycloak = await startProvider(readEventsRealm());
const CREATE = join(ROOT, 'packages/create/dist/main.js');
const rows = [['seconds', 'command or program', 'exit code']];

/** Arguments, the exit code, and what it says. `serve` is in service.test.ts. */
const COMMANDS: readonly (readonly [args: string[], code: number, says: RegExp])[] = [
  [['--version'], 0, /^\d+\.\d+\.\d+$/m],
  [['doctor'], 0, /settings\.valid/],
  [['doctor', '--explain', 'invalid_grant'], 0, /invalid_grant/],
  [['token'], 1, /--user/],
  [['token', '--device'], 1, /./],
  [['migrate'], 0, /keycloak-connect/],
  // The provider has no Admin API: a lane of test/keycloak/ has one.
  [['setup', 'api'], 1, /Admin API/],
  [['setup', 'events'], 1, /Admin API/],
  [['authz', 'plan'], 2, /Admin API/],
  [
    ['dev', '--port', '0', '--', process.execPath, '-p', 'process.env.KEYCLOAK_CLIENT_ID'],
    0,
    /fastapi-keycloak/,
  ],
];

/** What `npm run example` starts, with the status of its first page. */
const EXAMPLES: Readonly<Record<string, number>> = {
  ...{
    express: 200,
    fastify: 200,
    hono: 401,
    koa: 200,
    hapi: 200,
    node: 200,
    fetch: 404,
    mcp: 404,
    calling: 401,
  },
};
const ENV = {
  ...{ KEYCLOAK_SERVER_URL: keycloak.url, KEYCLOAK_CLIENT_SECRET: CLIENT.secret },
  SESSION_SECRET: '0123456789abcdef0123456789abcdef',
};
/** The options that pages call `keycloak`. */
const REALM = `const keycloak = { serverUrl: '${keycloak.url}', realm: 'testing', clientId: 'fastapi-keycloak' };\n`;

/** Programs of pages that nothing else starts: test/docs/ starts those whose block has a name. */
const wholePrograms = () =>
  documents()
    .flatMap(codeBlocks)
    .filter(({ language, info, text }) => language === 'ts' && info === '' && /^import /m.test(text))
    .filter(({ text }) => /\.listen\(/.test(text));

describe('commands and programs, started as users start them', { concurrency: 2, timeout: 120_000 }, () => {
  for (const [args, code, says] of COMMANDS) {
    const name = `keycloak-guard ${args.map((arg) => (arg === process.execPath ? 'node' : arg)).join(' ')}`;
    it(name, async () => {
      const begin = performance.now();
      const program = runProgram(args, settingsFor(keycloak.url));
      const ended = await program.ended;
      note(begin, name, String(ended));
      const text = `${program.stdout()}${program.stderr()}`;
      assert.match(text, says);
      assert.equal(ended, code, text);
    });
  }

  it('create-keycloak-guard', async () => {
    const begin = performance.now();
    const program = runCommand([process.execPath, CREATE, 'my-app', '--yes']);
    assert.equal(await program.ended, 0, program.stderr());
    note(begin, 'create-keycloak-guard my-app --yes', '0');
    assert.ok(existsSync(join(program.folder, 'my-app/package.json')));
  });

  for (const [name, status] of Object.entries(EXAMPLES)) {
    it(`npm run example -- ${name}`, async () => {
      const port = String(await freePort());
      const begin = performance.now();
      const program = runCommand([process.execPath, ...TYPESCRIPT_OF_USERS, 'tools/run/example.ts', name], {
        cwd: ROOT,
        env: { ...ENV, PORT: port, IDP_PORT: '0' },
      });
      assert.equal(await whenAnswering(program, `http://localhost:${port}/`), status);
      note(begin, `npm run example -- ${name}`, 'answers');
      await program.stop();
    });
  }

  for (const { file, line, text } of wholePrograms()) {
    it(`${file}:${line}`, async () => {
      const port = await freePort();
      // It imports by name.
      const path = join(ROOT, `node_modules/.cache/shipped-${process.pid}-${line}.mts`);
      writeFileSync(path, `${REALM}${text.replace(/\b3000\b/g, String(port))}`);
      const begin = performance.now();
      const program = runCommand([process.execPath, ...TYPESCRIPT_OF_USERS, path], { cwd: ROOT, env: ENV });
      await whenAnswering(program, `http://localhost:${port}/`);
      note(begin, `${file}:${line}`, 'answers');
      await program.stop();
    });
  }
});

it('no command and no program is left out', (t) => {
  t.diagnostic(toTable(rows));
  const named = new Set(COMMANDS.map(([[name]]) => name));
  assert.deepEqual(
    Object.keys(commands).filter((name) => !named.has(name)),
    ['serve'],
  );
  const { stderr } = spawnSync(process.execPath, [...TYPESCRIPT_OF_USERS, 'tools/run/example.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.equal(stderr.trim(), `npm run example -- NAME, of ${Object.keys(EXAMPLES).join(', ')}`);
});

function note(begin: number, name: string, end: string): void {
  rows.push([((performance.now() - begin) / 1000).toFixed(1), name, end]);
}
