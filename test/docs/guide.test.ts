// The README and every page of docs/guide/ are run: their programs are checked by TypeScript and started, their commands
// called.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { loadConfig, startService } from '../../packages/server/src/index.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import { startDevIdp } from '../../packages/testing/src/index.ts';
import { codeBlocks } from '../../tools/docs/documents.ts';
import { MAIN } from '../cli/support/program.ts';
import { ROOT } from '../repo/source-imports.ts';
import { collectLog } from '../server/service.ts';
import { freePort } from '../support/free-port.ts';
import { checkTypes } from './check-types.ts';
import { startProgram } from './start-program.ts';

const run = promisify(execFile);
const guide = readdirSync(join(ROOT, 'docs/guide'))
  .filter((page) => page !== 'README.md')
  .sort();
const pages = ['README.md', ...guide.map((page) => `docs/guide/${page}`)];
const FOLDER = join(ROOT, `node_modules/.cache/guide-${process.pid}`);

const programOf = (page: string) => codeBlocks(page).find(({ info }) => info === 'server')?.text;
/** Named as the pages say, in a folder without a package.json, as a reader's may be. */
const fileOf = (page: string) => join(FOLDER, basename(page, '.md'), 'server.mts');
/** `$ command` and the lines it is said to answer. */
const commandsOf = (page: string) =>
  codeBlocks(page)
    .filter(({ language }) => language === 'console')
    .flatMap(({ text }) => text.split(/^\$ /m).slice(1))
    .map((text) => {
      const [command = '', ...lines] = text.trimEnd().split('\n');
      return { command, expected: lines.join('\n') };
    });

const close: (() => Promise<unknown>)[] = [];
let keycloakUrl: string;
let serviceUrl: string;

before(async () => {
  close.push(async () => rmSync(FOLDER, { recursive: true, force: true }));
  const idp = await startDevIdp({ realmFile: join(ROOT, 'packages/testing/testing-realm.json') });
  close.push(() => idp.close());
  keycloakUrl = idp.url;
  const config = loadConfig({
    cwd: '/nonexistent',
    env: {
      ...{ KEYCLOAK_SERVER_URL: idp.url, KEYCLOAK_REALM: 'testing', KEYCLOAK_CLIENT_ID: 'fastapi-keycloak' },
      ...{ KEYCLOAK_CLIENT_SECRET: 'for-development-only', PORT: '0' },
    },
  });
  const service = await startService(config, { logger: createLoggerTo(config, collectLog().stream) });
  close.push(() => service.close());
  serviceUrl = service.url;
  for (const page of pages) {
    const program = programOf(page);
    if (program === undefined) continue;
    mkdirSync(dirname(fileOf(page)), { recursive: true });
    writeFileSync(fileOf(page), program);
  }
});
after(async () => {
  for (const one of close.toReversed()) await one();
});

async function startProgramOf(page: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const port = await freePort();
  // Where a program is short, its addresses stand in it.
  const text = readFileSync(fileOf(page), 'utf8').replace("'http://localhost:8080'", `'${keycloakUrl}'`);
  writeFileSync(fileOf(page), text.replace('port: 3000', `port: ${port}`));
  const url = `http://localhost:${port}`;
  const env = { PATH: process.env.PATH, KEYCLOAK_SERVER_URL: keycloakUrl, PORT: String(port) };
  return { url, stop: await startProgram(fileOf(page), url, env) };
}

describe('the README and docs/guide/', () => {
  test('has eight pages, each but the last leads to the next', () => {
    assert.deepEqual(
      guide.map((page) => page[0]),
      ['1', '2', '3', '4', '5', '6', '7', '8'],
    );
  });

  test('a program is called server.mts: by its name it is a module in every folder', () => {
    for (const page of pages.filter((page) => programOf(page) !== undefined)) {
      const text = readFileSync(join(ROOT, page), 'utf8');
      assert.match(text, /`server\.mts`/, page);
      assert.doesNotMatch(text, /server\.ts\b/, page);
    }
  });

  test('the programs are right for TypeScript', () => {
    const files = pages.filter((page) => programOf(page) !== undefined).map(fileOf);
    assert.ok(files.length >= 4);
    checkTypes(FOLDER, files);
  });

  for (const page of pages.filter((page) => commandsOf(page).length > 0)) {
    test(`${page}: every command answers as it says`, async () => {
      const program = programOf(page) === undefined ? undefined : await startProgramOf(page);
      try {
        const here = (text: string) =>
          text
            .replaceAll('http://localhost:8000', serviceUrl)
            .replaceAll('http://localhost:8080', keycloakUrl)
            .replaceAll('http://localhost:3000', program?.url ?? 'http://localhost:3000');
        const commands = commandsOf(page);
        const script = commands.map(({ command }) => `${here(command)}\nprintf '\\n--\\n'`).join('\n');
        const cli = `keycloak-guard() { "${process.execPath}" "${MAIN}" "$@"; }`;
        const { stdout } = await run('bash', ['-c', `${cli}\n${script}`], { timeout: 300_000 });
        const answers = stdout.split('\n--\n');
        for (const [i, { command, expected }] of commands.entries()) {
          const answer = (answers[i] ?? '').trimEnd();
          const [start = '', ...rest] = here(expected).split('…');
          if (rest.length === 0) assert.equal(answer, start, command);
          else assert.ok(answer.startsWith(start), `${command}: ${answer}`);
        }
      } finally {
        await program?.stop();
      }
    });
  }
});
