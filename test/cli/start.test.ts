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
import { emptyFolder, runProgram, runStart } from './support/program.ts';

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

describe('npm start of a clone', { concurrency: 3 }, () => {
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

  it('takes the next port where the first one is taken, and tells the provider which one the API has got', async () => {
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
    await program.stop();
    squatter.close();
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
      const program = runStart({ KEYCLOAK_PORT: keycloak, ...env });
      assert.equal(await program.ended, 1);
      const problem = `port ${taken} is taken. Set ${name} to another one.\n`;
      assert.equal(program.stderr(), `npm start: ${problem}`);
      assert.equal(program.stdout(), '');
      assert.equal(existsSync(join(program.folder, 'cache')), false);
      const serve = runProgram(['serve'], { ...SETTINGS, LOG_LEVEL: 'silent', ...env });
      assert.equal(await serve.ended, 1);
      assert.equal(serve.stderr(), `The service cannot start: ${problem}`);
    }
    squatter.close();
  });

  it('is found by keycloak-guard token, which needs no settings then, and forgotten when it ends', async () => {
    // The port of the API is left to the API.
    const port = String(await freePort());
    const program = runStart({ PORT: port, KEYCLOAK_PORT: port });
    const [, api = '', provider] = await program.says(/API +(\S+)[\s\S]*Provider +(\S+)[\s\S]*protected/);
    assert.equal(api, `http://localhost:${port}`);
    const token = runProgram(['token'], {}, program.folder);
    assert.equal(await token.ended, 0, token.stderr());
    assert.equal(token.stderr(), `abdullah, at the embedded provider: ${provider}\n`);
    assert.equal(await statusOf(api, token.stdout().trim()), 200);
    // Settings win: nothing is sent to the embedded provider for another one's users.
    const other = runProgram(['token', '--user', 'abdullah'], SETTINGS, program.folder);
    assert.equal(await other.ended, 1);
    assert.equal(other.stdout(), '');
    await program.stop();
    assert.deepEqual(await readdir(join(program.folder, 'cache/keycloak-guard/running')), []);
    const none = runProgram(['token'], {}, program.folder);
    assert.equal(await none.ended, 2);
    assert.match(none.stderr(), /KEYCLOAK_SERVER_URL is not set/);
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
    const token = runProgram(['token'], {}, folder);
    assert.equal(await token.ended, 2, token.stderr());
    assert.deepEqual(asked, []);
    thief.close();
  });

  it('says so where .env cannot be read, or KEYCLOAK_PORT is no port, and starts nothing', async () => {
    const folder = emptyFolder();
    mkdirSync(join(folder, '.env'));
    const unreadable = runStart({ PORT: '0' }, folder);
    assert.equal(await unreadable.ended, 2);
    assert.match(unreadable.stderr(), /^\.env cannot be read \(it is a folder\)/);
    const portless = runStart({ PORT: '0', KEYCLOAK_PORT: 'x' });
    assert.equal(await portless.ended, 2);
    assert.match(portless.stderr(), /KEYCLOAK_PORT must be a whole number from 0 to 65535/);
    assert.equal(unreadable.stdout() + portless.stdout(), '');
  });

  it('refuses the provider with NODE_ENV=production', async () => {
    const program = runStart({ NODE_ENV: 'production' });
    assert.equal(await program.ended, 2);
    assert.match(program.stderr(), /KEYCLOAK_SERVER_URL is not set, and NODE_ENV is production/);
    assert.equal(program.stdout(), '');
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
    const program = runStart({}, folder);
    const [, api = ''] = await program.says(/(http:\/\/localhost:\d+)\/docs/);
    assert.equal((await login(api)).status, 503);
    assert.doesNotMatch(program.stdout(), /DEVELOPMENT ONLY/);
    await program.stop();
    // Empty counts as not set, in the environment as in the file.
    const empty = runStart(Object.fromEntries(lines.map((line) => [line.split('=')[0]!, ''])), folder);
    await empty.says(/(http:\/\/localhost:\d+)\/docs/);
    assert.doesNotMatch(empty.stdout(), /DEVELOPMENT ONLY/);
    await empty.stop();
    assert.equal(await program.stop(), 0);
  });

  it('is no command that is installed: on a server, the password of its provider would be public', async () => {
    for (const [args, env] of [
      [['start'], {}],
      [['serve'], {}],
      [['serve'], { NODE_ENV: 'staging' }],
    ] as const) {
      const program = runProgram([...args], { PORT: '0', KEYCLOAK_PORT: '0', ...env });
      assert.equal(await program.ended, 2, program.stdout());
      assert.doesNotMatch(program.stdout() + program.stderr(), /abdullah/);
      assert.match(program.stderr(), /there is no command 'start'|KEYCLOAK_SERVER_URL is not set/);
    }
  });

  it('reports what is missing where settings are half made, and starts nothing', async () => {
    const program = runStart({ KEYCLOAK_REALM: 'testing' });
    assert.equal(await program.ended, 2);
    assert.match(program.stderr(), /KEYCLOAK_SERVER_URL/);
  });
});

describe('keycloak-guard dev', () => {
  it('runs the provider alone with any realm file', async () => {
    const folder = emptyFolder();
    const file = join(folder, 'blue.json');
    writeFileSync(
      file,
      JSON.stringify({ realm: 'blue', clients: [{ clientId: 'app', publicClient: true }] }),
    );
    const program = runProgram(['dev', '--realm-file', file, '--port', '0'], {}, folder);
    const [, issuer = ''] = await program.says(/Issuer +(\S+)/);
    const answer = await fetch(`${issuer}/.well-known/openid-configuration`);
    assert.equal(((await answer.json()) as { issuer: string }).issuer, issuer);
    assert.match(issuer, /\/realms\/blue$/);
    assert.equal(await program.stop(), 0);
  });

  it('refuses NODE_ENV=production in .env too', async () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, '.env'), '\uFEFFNODE_ENV=production\n');
    const program = runProgram(['dev', '--port', '0'], {}, folder);
    assert.equal(await program.ended, 2);
    assert.match(program.stderr(), /refused, NODE_ENV is production/);
    assert.equal(program.stdout(), '');
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
      const program = runProgram(['dev', ...args], env);
      assert.equal(await program.ended, code);
      assert.match(program.stderr(), text);
    });
  }
});

describe('keycloak-guard serve', () => {
  it('refuses an --env that is not there: other settings would be used than those that were meant', async () => {
    const program = runProgram(['serve', '--env', 'prod.env'], { ...SETTINGS, PORT: '0' });
    assert.equal(await program.ended, 2);
    assert.equal(program.stderr(), 'keycloak-guard serve: there is no file prod.env\n');
    assert.equal(program.stdout(), '');
  });
});
