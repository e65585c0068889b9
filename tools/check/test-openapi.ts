// Holds the built service to its own OpenAPI document with Schemathesis: npm run test:openapi
//
// Every check of Schemathesis is on, requests are made from the document, good ones and broken ones: the same each time, so that
// it fails for a change and not by chance. What comes after `--` is passed on: `npm run test:openapi -- --seed 7 --max-examples 500`.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDevIdp } from '../../packages/testing/src/index.ts';

const VERSION = '4.32.5';
const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const USER = { SERVICE_USER: 'abdullah', SERVICE_PASSWORD: 'Test#123456' };

/** Path of the program, in a virtual environment of its own that is made once. */
function installSchemathesis(): string {
  const folder = join(cache, 'keycloak-guard', `schemathesis-${VERSION}`);
  const program = join(folder, 'bin', 'schemathesis');
  if (existsSync(program)) return program;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, '..'), { recursive: true });
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'inherit' });
  run('python3', '-m', 'venv', folder);
  run(
    join(folder, 'bin', 'pip'),
    'install',
    '--quiet',
    '--disable-pip-version-check',
    `schemathesis==${VERSION}`,
  );
  return program;
}

/** Starts the service as it is shipped; resolves to its address and how to end it. */
function startBuiltService(keycloakUrl: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, [join(root, 'packages/cli/dist/main.js'), 'serve'], {
    // Where no .env is.
    cwd: join(root, 'packages/cli/dist'),
    env: {
      PATH: process.env.PATH,
      KEYCLOAK_SERVER_URL: keycloakUrl,
      KEYCLOAK_REALM: 'testing',
      KEYCLOAK_CLIENT_ID: 'fastapi-keycloak',
      KEYCLOAK_CLIENT_SECRET: 'for-development-only',
      PORT: '0',
      KEYCLOAK_TIMEOUT_MS: '60000',
      // Thousands of logins from one address are what is wanted here.
      LOGINS_PER_MINUTE_AND_ADDRESS: '0',
      LOGINS_PER_MINUTE_AND_USER: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  let said = '';
  return new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (said === '-') return;
      said += chunk;
      const url = /open (http:\/\/[^\s"/]+)\/docs/.exec(said)?.[1];
      if (url === undefined) return;
      said = '-';
      const stop = async (): Promise<void> => {
        child.kill('SIGTERM');
        await ended;
      };
      resolve({ url, stop });
    });
    void ended.then(() => reject(new Error(`the service ended: ${said}`)));
  });
}

const program = installSchemathesis();
execFileSync(process.execPath, [join(root, 'tools/build/built.mjs'), '--no-check'], { stdio: 'inherit' });
const provider = await startDevIdp({ realmFile: join(root, 'packages/testing/testing-realm.json') });
const service = await startBuiltService(provider.url);
try {
  const fixed = [
    '--checks',
    'all',
    '--seed',
    '1',
    '--generation-database',
    'none',
    '--request-timeout',
    '60',
  ];
  const args = ['run', `${service.url}/openapi.json`, ...fixed, ...process.argv.slice(2)];
  const child = spawn(program, args, {
    cwd: join(root, 'tools/check/openapi'),
    env: {
      ...process.env,
      ...USER,
      SERVICE_URL: service.url,
      SCHEMATHESIS_HOOKS: 'hooks',
      PYTHONDONTWRITEBYTECODE: '1',
      NO_COLOR: '1',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  process.exitCode = await new Promise<number>((done) => child.once('exit', (code) => done(code ?? 1)));
} finally {
  await service.stop();
  await provider.close();
}
