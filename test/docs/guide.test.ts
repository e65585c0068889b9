// The README and the pages that lead step by step are run: their programs are started, and the commands behind each are called. Their
// types: program-types.test.ts.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { loadConfig, startService } from '../../packages/server/src/index.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import { codeBlocks } from '../../tools/docs/documents.ts';
import { prepare } from '../../tools/run/typescript.mjs';
import { MAIN } from '../cli/support/program.ts';
import { ROOT } from '../repo/source-imports.ts';
import { collectLog } from '../server/service.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { freePort } from '../support/free-port.ts';
import { startProgram } from './start-program.ts';

const run = promisify(execFile);
const PAGES = ['README.md', 'docs/start.md'];
const FOLDER = join(ROOT, `node_modules/.cache/guide-${process.pid}`);

/** `$ command` and the lines it is said to answer. */
interface Command {
  readonly command: string;
  readonly expected: string;
}
/** Commands of a page, with the program before them, which they call. */
interface Step {
  readonly name: string;
  readonly program: string | undefined;
  /** Named as the pages say, in a folder without a package.json, as a reader's may be. */
  readonly file: string;
  readonly commands: Command[];
}

function stepsOf(page: string): Step[] {
  const steps: Step[] = [];
  const begin = (line: number, program?: string): Step => {
    const file = join(FOLDER, `${basename(page, '.md')}-${line}`, 'server.mts');
    const step = { name: `${page}:${line}`, program, file, commands: [] };
    steps.push(step);
    return step;
  };
  for (const { line, info, language, text } of codeBlocks(page)) {
    if (info === 'server') begin(line, text);
    if (language !== 'console') continue;
    const { commands } = steps.at(-1) ?? begin(line);
    for (const shown of text.split(/^\$ /m).slice(1)) {
      const [command = '', ...lines] = shown.trimEnd().split('\n');
      commands.push({ command, expected: lines.join('\n') });
    }
  }
  return steps;
}
const steps = PAGES.flatMap(stepsOf);
const withProgram = steps.filter(({ program }) => program !== undefined);

const close: (() => Promise<unknown>)[] = [];
/** Of each program, by its file. */
const urls = new Map<string, string>();
let keycloakUrl: string;
let serviceUrl: string;

before(async () => {
  close.push(async () => rmSync(FOLDER, { recursive: true, force: true }));
  const idp = await startTestIdp();
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
  // In one process: each loads what the others do, which takes longer than all that is asked of it.
  for (const { file, program = '' } of withProgram) {
    const port = await freePort();
    mkdirSync(dirname(file), { recursive: true });
    const text = program.replace("'http://localhost:8080'", `'${keycloakUrl}'`);
    writeFileSync(file, text.replace(/(port: |PORT \?\? )3000/, `$1${port}`));
    await prepare(file);
    urls.set(file, `http://localhost:${port}`);
  }
  const together = join(FOLDER, 'together.mts');
  writeFileSync(together, [...urls.keys()].map((file) => `import '${pathToFileURL(file)}';\n`).join(''));
  const env = { PATH: process.env.PATH, KEYCLOAK_SERVER_URL: keycloakUrl };
  close.push(await startProgram(together, [...urls.values()], env));
});
after(async () => {
  for (const one of close.toReversed()) await one();
});

describe('the README and the pages that lead step by step', () => {
  test('a program is called server.mts: by its name it is a module in every folder', () => {
    for (const page of PAGES) {
      const text = readFileSync(join(ROOT, page), 'utf8');
      if (withProgram.some(({ name }) => name.startsWith(page))) assert.match(text, /`server\.mts`/, page);
      assert.doesNotMatch(text, /server\.ts\b/, page);
    }
  });

  test('docs/start.md has a program for each step that changes it', () => {
    assert.equal(withProgram.filter(({ name }) => name.startsWith('docs/start.md')).length, 3);
  });

  for (const step of steps.filter(({ commands }) => commands.length > 0)) {
    test(`${step.name}: every command answers as it says`, async () => {
      const here = (text: string) =>
        text
          .replaceAll('http://localhost:8000', serviceUrl)
          .replaceAll('http://localhost:8080', keycloakUrl)
          .replaceAll('http://localhost:3000', urls.get(step.file) ?? 'http://localhost:3000');
      const { commands } = step;
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
    });
  }
});
