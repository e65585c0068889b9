// Runs test/keycloak/ against real Keycloaks: npm run test:keycloak -- --help
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NEWEST_VERSION, type RunningKeycloak, startKeycloak } from '../run/keycloak/index.ts';
import { TYPESCRIPT } from '../run/typescript.mjs';
import { filesToTryAgain, reporters } from './reporters/reporters.mjs';

/** For a test file. One that does not end by then has failed. */
const TIMEOUT_MS = 900_000;
const MOST_FILES_TRIED_AGAIN = 2;
const FAILED = 'failed';

const root = fileURLToPath(new URL('../..', import.meta.url));
const USAGE = `Runs the tests of test/keycloak/ against a real Keycloak, started for them without Docker.

Usage: npm run test:keycloak [-- options] [file or folder below test/keycloak/ …]

  --version <version>   this version alone (default ${NEWEST_VERSION}), or a configuration by its name in the table of --all
  --all                 every configuration that is supported
  --jobs <number>       so many Keycloaks at a time (default 1; each takes 1 GB of memory)
  --help                this text

test/keycloak/every/ runs on every configuration, experimental/ on Keycloak ${NEWEST_VERSION} with the features that it needs
(--all, or where it is named), all other folders on Keycloak ${NEWEST_VERSION} alone.
`;

interface Configuration {
  readonly name: string;
  readonly version: string;
  readonly relativePath?: string;
  readonly hostname?: string;
  /** Experimental features that are on. */
  readonly features?: readonly string[];
  /** Runs this folder of test/keycloak/ alone. Default: all but `experimental`. */
  readonly only?: 'every' | 'experimental';
}

const NEWEST: Configuration = { name: NEWEST_VERSION, version: NEWEST_VERSION };
const EXPERIMENTAL: Configuration = {
  name: `${NEWEST_VERSION} with features`,
  version: NEWEST_VERSION,
  features: ['resource-indicators', 'cimd'],
  only: 'experimental',
};
/** What takes longest begins first. */
const CONFIGURATIONS: readonly Configuration[] = [
  NEWEST,
  ...['22.0.5', '24.0.5', '26.0.8', '26.4.0'].map((version) => ({
    name: version,
    version,
    only: 'every' as const,
  })),
  { name: `${NEWEST_VERSION} below /auth`, version: NEWEST_VERSION, relativePath: '/auth', only: 'every' },
  {
    // As in Docker: the browser's name for Keycloak is not the one that the service calls it by.
    name: `${NEWEST_VERSION} with KC_HOSTNAME`,
    version: NEWEST_VERSION,
    hostname: 'http://keycloak.example.test:8080',
    only: 'every',
  },
  EXPERIMENTAL,
];

interface Result {
  readonly name: string;
  readonly startSeconds: number;
  readonly tests: number;
  readonly passed: number;
  readonly skipped: number;
  readonly failed: number;
  /** Why nothing could be run. */
  readonly trouble?: string;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      version: { type: 'string' },
      all: { type: 'boolean', default: false },
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
  const configurations = configurationsFor(values.version, values.all, positionals);
  const waiting = [...configurations];
  const results = new Map<Configuration, Result>();
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results.set(next, await runConfiguration(next, positionals));
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  const inOrder = configurations.map((configuration) => results.get(configuration)!);
  process.stdout.write(toTable(inOrder));
  return inOrder.every((result) => isGood(result)) ? 0 : 1;
}

function configurationsFor(
  version: string | undefined,
  all: boolean,
  wanted: readonly string[],
): readonly Configuration[] {
  if (all) return CONFIGURATIONS;
  if (wanted.length > 0 && wanted.every((name) => name.startsWith('experimental'))) return [EXPERIMENTAL];
  if (version === undefined) return [NEWEST];
  const named = CONFIGURATIONS.filter(({ name }) => name === version);
  if (named.length > 0) return named;
  return [{ name: version, version, only: 'every' }];
}

async function runConfiguration(configuration: Configuration, wanted: readonly string[]): Promise<Result> {
  const { name, only, ...options } = configuration;
  const say = (line: string) => process.stdout.write(`[Keycloak ${name}] ${line}\n`);
  const none = { name, startSeconds: 0, tests: 0, passed: 0, skipped: 0, failed: 0 };
  const started = performance.now();
  let keycloak: RunningKeycloak | undefined;
  try {
    keycloak = await startKeycloak({
      ...options,
      realmFile: join(root, 'packages/testing/testing-realm.json'),
      onProgress: (line) => say(`${line} …`),
    });
    const startSeconds = (performance.now() - started) / 1000;
    say(`ready after ${startSeconds.toFixed(1)} s`);
    const files = testFiles(only, wanted);
    return { ...none, startSeconds, ...(await runTests(files, keycloak, say)) };
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    say(`could not be tested: ${trouble}`);
    return { ...none, trouble };
  } finally {
    await keycloak?.close();
  }
}

function testFiles(only: Configuration['only'], wanted: readonly string[]): string[] {
  const folder = join(root, 'test', 'keycloak');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => (only === undefined ? !file.startsWith('experimental/') : file.startsWith(`${only}/`)))
    .filter((file) => wanted.length === 0 || wanted.some((name) => file.includes(name)))
    .sort();
  if (files.length === 0) throw new Error('no test file matches');
  return files.map((file) => join(folder, file));
}

type Counts = Pick<Result, 'tests' | 'passed' | 'skipped' | 'failed'>;

async function runTests(
  files: readonly string[],
  keycloak: RunningKeycloak,
  say: (line: string) => void,
): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'test-keycloak-'));
  try {
    const first = await runFiles(files, keycloak, folder, say);
    const again = filesToTryAgain(join(folder, FAILED), MOST_FILES_TRIED_AGAIN);
    if (again.length === 0) return first;
    say(`Once more: ${again.join(', ')}`);
    const second = await runFiles(again, keycloak, folder, say);
    if (second.failed > 0) return first;
    say(`Passed at the second try: ${again.join(', ')}`);
    return { ...first, passed: first.passed + first.failed, failed: 0 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runFiles(
  files: readonly string[],
  keycloak: RunningKeycloak,
  folder: string,
  say: (line: string) => void,
): Promise<Counts> {
  const tapFile = join(folder, 'tests.tap');
  // One file at a time: they share the Keycloak and change things in it.
  const args = [...TYPESCRIPT, '--test', '--test-concurrency=1', `--test-timeout=${TIMEOUT_MS}`];
  args.push(...reporters(join(folder, FAILED)));
  args.push('--test-reporter=tap', `--test-reporter-destination=${tapFile}`);
  const run = spawn(process.execPath, [...args, ...files], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      NODE_ENV: 'test',
      KC_TEST_URL: keycloak.url,
      KC_TEST_VERSION: keycloak.version,
      KC_TEST_REALM: 'testing',
      KC_TEST_ADMIN_USER: keycloak.adminUser,
      KC_TEST_ADMIN_PASSWORD: keycloak.adminPassword,
    },
  });
  createInterface(run.stdout).on('line', say);
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

function isGood({ tests, failed, trouble }: Result): boolean {
  return trouble === undefined && failed === 0 && tests > 0;
}

function toTable(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.name,
    `${result.startSeconds.toFixed(1)} s`,
    String(result.passed),
    String(result.tests),
    String(result.skipped),
    String(result.failed),
    result.trouble === undefined ? (isGood(result) ? 'ok' : 'FAILED') : 'COULD NOT RUN',
  ]);
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
