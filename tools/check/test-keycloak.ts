// Runs test/keycloak/ against real Keycloaks: npm run test:keycloak -- --help
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NEWEST_VERSION, type RunningKeycloak, startKeycloak } from '../run/keycloak/index.ts';
import { TYPESCRIPT } from '../run/typescript.mjs';
import {
  CONFIGURATIONS,
  type Configuration,
  configurationsOfDay,
  EXPERIMENTAL,
  NEWEST,
} from './keycloak/configurations.ts';
import { mayTryAgain, reporters } from './reporters/reporters.mjs';

/** For a test file. One that does not end by then has failed. */
const TIMEOUT_MS = 900_000;
const MOST_FILES_TRIED_AGAIN = 2;
/** How hard a password is to guess by its hash is nothing that a test asks; from Keycloak 25 on each login would pay for it. */
const QUICK_PASSWORDS = {
  KC_SPI_PASSWORD_HASHING_ARGON2_ITERATIONS: '1',
  KC_SPI_PASSWORD_HASHING_ARGON2_MEMORY: '64',
};
/** Files that are left, from which on a second Keycloak is started for them. */
const WORTH_A_START = 4;

const root = fileURLToPath(new URL('../..', import.meta.url));
const testFolder = join(root, 'test', 'keycloak');
const HOW_STARTED = {
  tunedFor: 'work',
  env: QUICK_PASSWORDS,
  realmFile: join(root, 'packages/testing/testing-realm.json'),
} as const;
const USAGE = `Runs the tests of test/keycloak/ against a real Keycloak, started for them without Docker.

Usage: npm run test:keycloak [-- options] [file or folder below test/keycloak/ …]

  --version <version>   this version alone (default ${NEWEST_VERSION}), or a configuration by its name in the table of --all
  --all                 every configuration that is supported
  --turn                the newest version, and one of the other configurations: another one each day of a week
  --jobs <number>       so many Keycloaks at a time (default 1; each takes 1 GB of memory). What is left of a version when all
                        others are done is shared
  --help                this text

test/keycloak/every/ runs on every configuration, experimental/ on Keycloak ${NEWEST_VERSION} with the features that it needs
(--all, --turn, or where it is named), all other folders on Keycloak ${NEWEST_VERSION} alone.
`;

interface Counts {
  readonly tests: number;
  readonly passed: number;
  readonly skipped: number;
  readonly failed: number;
}

/** A configuration with what is left to run, and what came of it. */
interface Work {
  readonly configuration: Configuration;
  readonly files: string[];
  readonly counts: Counts[];
  startSeconds: number | undefined;
  /** Why nothing could be run. */
  trouble?: string;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      version: { type: 'string' },
      all: { type: 'boolean', default: false },
      turn: { type: 'boolean', default: false },
      jobs: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1) throw new TypeError('--jobs is a number of 1 or more');
  const configurations = configurationsFor(values, positionals);
  const all = configurations
    .map((configuration): Work => {
      const files = testFiles(configuration.only, positionals);
      return { configuration, files, counts: [], startSeconds: undefined };
    })
    .filter(({ files }) => files.length > 0);
  if (all.length === 0) throw new Error('no test file matches');
  // Tests that run the program run what is shipped: it starts in a third of the time.
  execFileSync(process.execPath, [join(root, 'tools/build/built.mjs'), '--no-check'], { stdio: 'inherit' });
  const waiting = [...all];
  const next = () => waiting.shift() ?? all.find(({ files }) => files.length >= WORTH_A_START);
  const work = async () => {
    for (let one = next(); one !== undefined; one = next()) await runFiles(one);
  };
  await Promise.all(Array.from({ length: jobs }, work));
  process.stdout.write(toTable(all));
  return all.every((one) => isGood(one)) ? 0 : 1;
}

function configurationsFor(
  { version, all, turn }: { readonly version?: string; readonly all: boolean; readonly turn: boolean },
  wanted: readonly string[],
): readonly Configuration[] {
  if (all) return CONFIGURATIONS;
  if (turn) return configurationsOfDay(Date.now());
  if (wanted.length > 0 && wanted.every((name) => name.startsWith('experimental'))) return [EXPERIMENTAL];
  if (version === undefined) return [NEWEST];
  const named = CONFIGURATIONS.filter(({ name }) => name === version);
  if (named.length > 0) return named;
  return [{ name: version, version, only: 'every' }];
}

/** Takes files until none is left: another Keycloak of the same configuration may take some too. */
async function runFiles(work: Work): Promise<void> {
  const { name, only: _only, ...options } = work.configuration;
  const say = (line: string) => process.stdout.write(`[Keycloak ${name}] ${line}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'test-keycloak-'));
  const started = performance.now();
  let keycloak: RunningKeycloak | undefined;
  try {
    keycloak = await startKeycloak({
      ...options,
      ...HOW_STARTED,
      onProgress: (line) => say(`${line} …`),
    });
    const startSeconds = (performance.now() - started) / 1000;
    work.startSeconds ??= startSeconds;
    say(`ready after ${startSeconds.toFixed(1)} s`);
    const failed: { file: string; counts: Counts }[] = [];
    for (let file = work.files.shift(); file !== undefined; file = work.files.shift()) {
      const counts = await runFile(file, keycloak, folder, say);
      if (counts.failed > 0) failed.push({ file, counts });
      else work.counts.push(counts);
    }
    for (const { file, counts } of failed) {
      const second = mayTryAgain(failed.length, MOST_FILES_TRIED_AGAIN)
        ? await runFile(file, keycloak, folder, say)
        : counts;
      if (second.failed === 0) say(`Passed at the second try: ${file}`);
      work.counts.push(second);
    }
  } catch (error) {
    work.trouble = error instanceof Error ? error.message : String(error);
    work.files.length = 0;
    say(`could not be tested: ${work.trouble}`);
  } finally {
    rmSync(folder, { recursive: true });
    await keycloak?.close();
  }
}

function testFiles(only: Configuration['only'], wanted: readonly string[]): string[] {
  const files = readdirSync(testFolder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => (only === undefined ? !file.startsWith('experimental/') : file.startsWith(`${only}/`)))
    .filter((file) => wanted.length === 0 || wanted.some((name) => file.includes(name)))
    .sort();
  return files;
}

async function runFile(
  file: string,
  keycloak: RunningKeycloak,
  folder: string,
  say: (line: string) => void,
): Promise<Counts> {
  const tapFile = join(folder, 'tests.tap');
  const args = [...TYPESCRIPT, '--test', `--test-timeout=${TIMEOUT_MS}`, ...reporters()];
  args.push('--test-reporter=tap', `--test-reporter-destination=${tapFile}`);
  const run = spawn(process.execPath, [...args, join(testFolder, file)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      NODE_ENV: 'test',
      TMPDIR: folder,
      KC_TEST_URL: keycloak.url,
      KC_TEST_VERSION: keycloak.version,
      KC_TEST_REALM: 'testing',
      KC_TEST_ADMIN_USER: keycloak.adminUser,
      KC_TEST_ADMIN_PASSWORD: keycloak.adminPassword,
    },
  });
  createInterface(run.stdout).on('line', (line) => line !== '' && say(`${file}: ${line}`));
  const [status] = await once(run, 'close');
  const tap = readFileSync(tapFile, 'utf8');
  const count = (name: string) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);
  const failed = count('fail') + count('cancelled');
  return {
    tests: count('tests'),
    passed: count('pass'),
    skipped: count('skipped') + count('todo'),
    // A run that ends badly with no failed test is a failure too.
    failed: failed === 0 && status !== 0 ? 1 : failed,
  };
}

function sum(counts: readonly Counts[]): Counts {
  const of = (name: keyof Counts) => counts.reduce((total, one) => total + one[name], 0);
  return { tests: of('tests'), passed: of('passed'), skipped: of('skipped'), failed: of('failed') };
}

function isGood({ counts, trouble }: Work): boolean {
  const { tests, failed } = sum(counts);
  return trouble === undefined && failed === 0 && tests > 0;
}

function toTable(all: readonly Work[]): string {
  const rows = all.map((work) => {
    const { tests, passed, skipped, failed } = sum(work.counts);
    return [
      work.configuration.name,
      `${(work.startSeconds ?? 0).toFixed(1)} s`,
      String(passed),
      String(tests),
      String(skipped),
      String(failed),
      work.trouble === undefined ? (isGood(work) ? 'ok' : 'FAILED') : 'COULD NOT RUN',
    ];
  });
  const table = [['Keycloak', 'start', 'passed', 'total', 'skipped', 'failed', ''], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))),
  );
  return `\n${lines.map((line) => line.join('  ').trimEnd()).join('\n')}\n`;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
