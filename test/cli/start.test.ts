import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer as createHttpServer, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../repo/source-imports.ts';
import { freePort } from '../support/free-port.ts';
import { runInProcess } from './support/in-process.ts';
import { emptyFolder, runStart, START } from './support/program.ts';

async function login(api: string) {
  const body = new URLSearchParams({ username: 'abdullah', password: 'Test#123456' });
  const answer = await fetch(`${api}/login`, { method: 'POST', body });
  return { status: answer.status, body: (await answer.json()) as { access_token: string } };
}
const SETTINGS = {
  KEYCLOAK_SERVER_URL: 'http://127.0.0.1:9',
  KEYCLOAK_REALM: 'testing',
  KEYCLOAK_CLIENT_ID: 'fastapi-keycloak',
  KEYCLOAK_CLIENT_SECRET: 'for-development-only',
};
/** As a page whose name was made to point to this machine. */
const statusAs = (host: string, url: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    request(url, { headers: { host } }, (answer) => resolve(answer.resume().statusCode))
      .on('error', reject)
      .end();
  });
const statusOf = async (api: string, token: string) =>
  (await fetch(`${api}/protected`, { headers: { authorization: `Bearer ${token}` } })).status;

/** As {@link runStart}, where it ends by itself: without a process. */
const startInProcess = (env: Record<string, string> = {}, folder = emptyFolder()) =>
  runInProcess([], env, folder, '', START);

describe('npm start of a clone', () => {
  it('runs the API and a provider with no settings at all, and signs nobody out when it is restarted', async () => {
    const env = { PORT: String(await freePort()), KEYCLOAK_PORT: String(await freePort()) };
    const first = runStart(env, emptyFolder(), { fromSources: true });
    const [, api = ''] = await first.says(/API +(\S+)[\s\S]*protected/);
    assert.match(first.stdout(), /DEVELOPMENT ONLY/);
    assert.doesNotMatch(first.stdout(), /is taken/);
    assert.match(first.stdout(), /abdullah \/ Test#123456/);
    assert.equal(first.stdout().match(/^ +(TOKEN=\$\()?curl /gm)?.length, 3);
    const { status, body } = await login(api);
    assert.equal(status, 200);
    assert.equal(await statusOf(api, body.access_token), 200);
    const provider = `http://localhost:${env.KEYCLOAK_PORT}/realms/testing`;
    for (const url of [`${api}/login`, `${api}/`, `${api}/nowhere`, provider]) {
      assert.deepEqual([await statusAs('evil.test', url), url], [403, url]);
    }
    assert.equal(await statusAs('app.localhost:1', `${api}/`), 200);
    assert.equal(await first.stop(), 0);

    const second = runStart(env, first.folder);
    await second.says(/API +(\S+)[\s\S]*protected/);
    assert.equal(await statusOf(api, body.access_token), 200);
    assert.equal(await second.stop(), 0);
    const cache = join(first.folder, 'cache/keycloak-guard/dev-idp');
    const [file] = await readdir(cache);
    assert.equal(statSync(join(cache, file!)).mode & 0o777, 0o600);
    assert.equal(statSync(cache).mode & 0o777, 0o700);
  });

  it('takes the next port where the first one is taken, tells the provider which one the API has got, and is found by keycloak-guard token until it ends', async () => {
    const squatter = createServer();
    const taken = await new Promise<number>((resolve) => {
      squatter.listen(0, '127.0.0.1', () => resolve((squatter.address() as { port: number }).port));
    });
    const program = runStart({ PORT: '0', KEYCLOAK_PORT: String(taken) });
    const [, api = '', port] = await program.says(/API +(\S+)[\s\S]*Provider +http:\/\/localhost:(\d+)/);
    assert.ok(Number(port) > taken && Number(port) <= taken + 100);
    const login = await fetch(`${api}/auth/login`, { redirect: 'manual' });
    const page = await fetch(login.headers.get('location') ?? '', { redirect: 'manual' });
    assert.equal(page.status, 200, await page.text());
    // It is said, with what a program needs that looks for it at the usual port.
    await program.says(/protected -H/);
    assert.match(program.stdout(), new RegExp(`Port ${taken} is taken, perhaps by a Keycloak`));
    assert.match(
      program.stdout(),
      new RegExp(`^ +export KEYCLOAK_SERVER_URL=http://localhost:${port}$`, 'm'),
    );
    // What is kept holds private keys: it is of the port that was taken, and of none that was tried.
    const kept = await readdir(join(program.folder, 'cache/keycloak-guard/dev-idp'));
    assert.deepEqual(
      kept.map((file) => /-(\d+)\.json$/.exec(file)?.[1]),
      [port],
    );
    // Without settings: they win, and nothing is sent to the embedded provider for another one's users.
    const token = await runInProcess(['token'], {}, program.folder);
    assert.equal(token.code, 0, token.stderr);
    assert.equal(token.stderr, `abdullah, at the embedded provider: http://localhost:${port}\n`);
    assert.equal(await statusOf(api, token.stdout.trim()), 200);
    const other = await runInProcess(['token', '--user', 'abdullah'], SETTINGS, program.folder);
    assert.deepEqual([other.code, other.stdout], [1, '']);
    await program.stop();
    assert.deepEqual(await readdir(join(program.folder, 'cache/keycloak-guard/running')), []);
    const none = await runInProcess(['token'], {}, program.folder);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /KEYCLOAK_SERVER_URL is not set/);
    squatter.close();
  });

  it('never starts the provider where a Keycloak is configured, though it cannot be reached', async () => {
    const folder = emptyFolder();
    const keycloak = await freePort();
    const lines = [
      `KEYCLOAK_SERVER_URL=http://127.0.0.1:${keycloak}`,
      'KEYCLOAK_REALM=testing',
      'KEYCLOAK_CLIENT_ID=fastapi-keycloak',
      'KEYCLOAK_CLIENT_SECRET=for-development-only',
      'PORT=0',
    ];
    writeFileSync(join(folder, '.env'), lines.join('\n'));
    // Empty counts as not set: the file says where it is.
    const empty = Object.fromEntries(lines.map((line) => [line.split('=')[0]!, '']));
    const program = runStart(empty, folder);
    const [, api = ''] = await program.says(/(http:\/\/localhost:\d+)\/docs/);
    assert.equal((await login(api)).status, 503);
    assert.doesNotMatch(program.stdout(), /DEVELOPMENT ONLY/);
    assert.equal(await program.stop(), 0);
  });

  it('says what to do where the package is installed as in the image', () => {
    // What the Dockerfile copies: no realm.
    const image = emptyFolder();
    for (const name of ['guard', 'testing', 'server', 'cli']) {
      for (const part of ['package.json', 'dist']) {
        cpSync(join(ROOT, 'packages', name, part), join(image, 'packages', name, part), {
          recursive: true,
        });
      }
    }
    mkdirSync(join(image, 'node_modules/@keycloak-guard'), { recursive: true });
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      if (/keycloak-guard$|^\./.test(name)) continue;
      symlinkSync(join(ROOT, 'node_modules', name), join(image, 'node_modules', name));
    }
    symlinkSync(join(image, 'packages/guard'), join(image, 'node_modules/keycloak-guard'));
    for (const name of ['testing', 'server', 'cli']) {
      symlinkSync(join(image, 'packages', name), join(image, 'node_modules/@keycloak-guard', name));
    }
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['packages/cli/dist/main.js', 'dev', '--port', '0'],
      {
        cwd: image,
        env: { NODE_ENV: 'development', PORT: '0', HOME: image },
        encoding: 'utf8',
      },
    );
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^keycloak-guard.*: the embedded provider has no realm here: the Docker image/);
    assert.match(
      stderr,
      /Set KEYCLOAK_SERVER_URL .*, or get one along with the API: docker compose up --build\n$/,
    );
  });

  it('names the setting of a port that is taken, and starts nothing before it knows', async () => {
    const squatter = createServer();
    const taken = await new Promise<number>((resolve) => {
      squatter.listen(0, 'localhost', () => resolve((squatter.address() as { port: number }).port));
    });
    const [other, keycloak] = [String(await freePort()), String(await freePort())];
    for (const [env, name] of [
      [{ PORT: String(taken) }, 'PORT'],
      [{ PORT: other, METRICS_PORT: String(taken) }, 'METRICS_PORT'],
    ] as const) {
      const folder = emptyFolder();
      const program = await startInProcess({ KEYCLOAK_PORT: keycloak, ...env }, folder);
      const problem = `port ${taken} is taken. Set ${name} to another one.\n`;
      assert.deepEqual(program, { code: 1, stdout: '', stderr: `npm start: ${problem}` });
      assert.equal(existsSync(join(folder, 'cache')), false);
      const serve = await runInProcess(['serve'], { ...SETTINGS, LOG_LEVEL: 'silent', ...env });
      assert.deepEqual([serve.code, serve.stderr], [1, `The service cannot start: ${problem}`]);
    }
    squatter.close();
  });

  it('sends no password to where a stray note leads', async () => {
    const folder = emptyFolder();
    const asked: string[] = [];
    const thief = createHttpServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('{}');
    });
    await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve));
    const { port } = thief.address() as { port: number };
    mkdirSync(join(folder, 'cache/keycloak-guard/running'), { recursive: true });
    const note = { url: `http://127.0.0.1:${port}`, realm: 'testing', pid: process.pid };
    writeFileSync(join(folder, 'cache/keycloak-guard/running/1.json'), JSON.stringify(note), { mode: 0o600 });
    const token = await runInProcess(['token'], {}, folder);
    assert.equal(token.code, 2, token.stderr);
    assert.deepEqual(asked, []);
    thief.close();
  });

  it('says so where .env cannot be read, or KEYCLOAK_PORT is no port, and starts nothing', async () => {
    const folder = emptyFolder();
    mkdirSync(join(folder, '.env'));
    const unreadable = await startInProcess({ PORT: '0' }, folder);
    assert.equal(unreadable.code, 2);
    assert.match(unreadable.stderr, /^\.env cannot be read \(it is a folder\)/);
    const portless = await startInProcess({ PORT: '0', KEYCLOAK_PORT: 'x' });
    assert.equal(portless.code, 2);
    assert.match(portless.stderr, /KEYCLOAK_PORT must be a whole number from 0 to 65535/);
    assert.equal(unreadable.stdout + portless.stdout, '');
  });

  it('refuses the provider with NODE_ENV=production', async () => {
    const program = await startInProcess({ NODE_ENV: 'production' });
    assert.equal(program.code, 2);
    assert.match(program.stderr, /KEYCLOAK_SERVER_URL is not set, and NODE_ENV is production/);
    assert.equal(program.stdout, '');
  });

  it('is no command that is installed: on a server, the password of its provider would be public', async () => {
    for (const [args, env] of [
      [['start'], {}],
      [['serve'], {}],
      [['serve'], { NODE_ENV: 'staging' }],
    ] as const) {
      const { code, stdout, stderr } = await runInProcess(args, { PORT: '0', KEYCLOAK_PORT: '0', ...env });
      assert.equal(code, 2, stdout);
      assert.doesNotMatch(stdout + stderr, /abdullah/);
      assert.match(stderr, /there is no command 'start'|KEYCLOAK_SERVER_URL is not set/);
    }
  });

  it('reports what is missing where settings are half made, and starts nothing', async () => {
    const program = await startInProcess({ KEYCLOAK_REALM: 'testing' });
    assert.equal(program.code, 2);
    assert.match(program.stderr, /KEYCLOAK_SERVER_URL/);
  });
});

describe('keycloak-guard dev', () => {
  it('refuses NODE_ENV=production in .env too', async () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, '.env'), '\uFEFFNODE_ENV=production\n');
    const program = await runInProcess(['dev', '--port', '0'], {}, folder);
    assert.equal(program.code, 2);
    assert.match(program.stderr, /refused, NODE_ENV is production/);
    assert.equal(program.stdout, '');
  });

  for (const [title, args, env, code, text] of [
    [
      'a file that is not there',
      ['--realm-file', 'nowhere.json'],
      {},
      1,
      /nowhere\.json cannot be read \(ENOENT\)/,
    ],
    ['a port that is none', ['--port', 'x'], {}, 2, /--port must be a whole number/],
    ['an unknown option', ['--what'], {}, 2, /Usage: keycloak-guard dev/],
    ['NODE_ENV=production', [], { NODE_ENV: 'production' }, 2, /refused, NODE_ENV is production/],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const program = await runInProcess(['dev', ...args], env);
      assert.equal(program.code, code);
      assert.match(program.stderr, text);
    });
  }
});
