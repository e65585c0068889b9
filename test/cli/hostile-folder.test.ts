// What the author of a folder may make the command line send: a cloned repository names the address, the realm, the user, the client, a
// file that is not its own, or a program. Every command, with every setting of a folder.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { runAtTerminal, runInProcess } from './support/in-process.ts';
import { emptyFolder, runProgram } from './support/program.ts';

/** Answers as a Keycloak of its own would, and keeps all that it gets. Its name is not one of this machine's. */
async function startThief(t: TestContext) {
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { authorization = '' } = request.headers;
    const [, basic = ''] = /^Basic (.+)$/.exec(authorization) ?? [];
    const text = `${request.url} ${authorization} ${Buffer.from(basic, 'base64')} ${body}`;
    requests.push(decodeURIComponent(text.replaceAll('%%', '%')));
    const issuer = `http://${request.headers.host}/realms/main`;
    const at = `${issuer}/protocol/openid-connect`;
    response.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        ...{ realm: 'main', 'token-service': at, issuer, access_token: 'e30.e30.x', keys: [] },
        ...{ authorization_endpoint: `${at}/auth`, token_endpoint: `${at}/token`, jwks_uri: `${at}/certs` },
        ...{ device_authorization_endpoint: `${at}/auth/device`, token_type: 'Bearer' },
      }),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://0.0.0.0:${(server.address() as AddressInfo).port}`;
  return { url, requests, taken: () => requests.filter((one) => /my-own/.test(one)) };
}

const toEnv = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

/** A clone with a `.env`, in a folder of its own below the person's. */
function clone(settings: Readonly<Record<string, string>>): string {
  const home = emptyFolder();
  writeFileSync(join(home, 'vault-token'), 'my-own-token-of-the-vault');
  const folder = join(home, 'clone');
  mkdirSync(folder);
  writeFileSync(join(folder, '.env'), toEnv(settings));
  return folder;
}

const ADMIN = { KEYCLOAK_ADMIN_USER: 'admin', KEYCLOAK_ADMIN_PASSWORD: 'my-own-password' };
const SERVICE = { KEYCLOAK_ADMIN_CLIENT_ID: 'robot', KEYCLOAK_ADMIN_CLIENT_SECRET: 'my-own-secret' };
const USER = { DOCTOR_USER: 'ann', DOCTOR_PASSWORD: 'my-own-password' };
const CLIENT = { KEYCLOAK_CLIENT_SECRET: 'my-own-secret' };
const SETUP = { ...ADMIN, SETUP_USER: 'ann', SETUP_PASSWORD: 'my-own-password' };

type Row = readonly [args: readonly string[], env: Record<string, string>, input?: string];

/** Commands that log an admin in. */
const AS_ADMIN: readonly Row[] = [
  [['doctor'], ADMIN],
  [['doctor'], SERVICE],
  [['doctor', '--fix', '--yes'], { ...ADMIN, ...USER }],
  [['doctor', '--upgrade', '26.7'], ADMIN],
  [['setup', 'guide', '--yes'], SETUP],
  [['setup', 'api', '--yes'], SERVICE],
  [['setup', 'web', '--yes'], SETUP],
  [['setup', 'app', '--yes', '--admin-password-stdin', '--admin-user', 'admin'], {}, 'my-own-password\n'],
  [['setup', 'spa', 'page', '--app', 'http://localhost:5173', '--yes'], ADMIN],
  [['setup', 'mcp', 'http://localhost:8000/mcp', '--yes'], ADMIN],
  [['setup', 'service', '--calls', 'orders', '--yes'], ADMIN],
  [['setup', 'audience', 'web', '--yes'], ADMIN],
  [['setup', 'events', '--yes'], ADMIN],
  [['setup', 'tenant', 'a', '--template', 'main', '--yes'], ADMIN],
  [['setup', 'tenant', 'a', '--organization', '--yes'], ADMIN],
  [['setup', 'guide', '--dry-run'], ADMIN],
  [['authz', 'plan'], ADMIN],
  [['authz', 'apply', '--yes'], ADMIN],
  [['authz', 'export'], ADMIN],
  [['authz', 'why', '--user', 'ann', 'orders#view'], SERVICE],
  [['token', '--for', 'orders', '--user', 'ann'], ADMIN],
];

/** Commands that show the credential of the client, or the password of a user. */
const AS_CLIENT: readonly Row[] = [
  [['doctor'], CLIENT],
  [['doctor'], USER],
  [['doctor', '--user', 'ann', '--user-password-stdin'], {}, 'my-own-password\n'],
  [['doctor', '--token', '-'], {}, 'my-own.token.x\n'],
  [['token', '--device'], CLIENT],
  [['token', '--user', 'ann'], {}, 'my-own-password\n'],
  [['serve'], { ...CLIENT, PORT: '0' }],
];

/** A key that the person names is tried at Keycloak. */
const WITH_KEY: readonly Row[] = ['service --calls orders', 'api', 'web'].map((kind) => [
  ['setup', ...kind.split(' '), '--credential', 'key', '--key-file', '../my-own.pem', '--dry-run'],
  {},
]);

/** Settings with which a folder leads to its author, and those that the person has in the environment. */
const HOSTILE: Readonly<
  Record<string, (url: string) => { folder: Record<string, string>; person?: Record<string, string> }>
> = {
  'the address': (url) => ({ folder: { KEYCLOAK_SERVER_URL: url } }),
  'the realm': (url) => ({
    folder: { KEYCLOAK_REALM: 'theirs', KEYCLOAK_ADMIN_REALM: 'theirs' },
    person: { KEYCLOAK_SERVER_URL: url },
  }),
  'the realm, at an address of this machine': (url) => ({
    folder: { KEYCLOAK_REALM: 'theirs', KEYCLOAK_ADMIN_REALM: 'theirs' },
    person: { KEYCLOAK_SERVER_URL: url.replace('0.0.0.0', '127.0.0.1') },
  }),
};

/** What every command does is decided at one place (`from-folder.test.ts`): with an address of this machine, one of each kind. */
const rowsOf = (what: string) =>
  [AS_ADMIN, AS_CLIENT, WITH_KEY].flatMap((rows) =>
    what.endsWith('of this machine') ? rows.slice(0, 1) : rows,
  );

for (const [what, hostile] of Object.entries(HOSTILE)) {
  describe(`a folder whose .env names ${what}`, () => {
    for (const [args, env, input] of rowsOf(what)) {
      const own = [...Object.keys(env), ...(input === undefined ? [] : ['the standard input'])].join(', ');
      test(`${args.join(' ')} sends it nothing of the person's: ${own}`, async (t) => {
        const { url, taken } = await startThief(t);
        const { folder, person = {} } = hostile(url);
        const own = 'KEYCLOAK_CLIENT_SECRET' in env ? {} : { KEYCLOAK_CLIENT_SECRET: 'of-the-folder' };
        const others = { KEYCLOAK_REALM: 'main', KEYCLOAK_CLIENT_ID: 'api' };
        const { code, stderr, stdout } = await runInProcess(
          args,
          { ...env, ...person },
          clone({ ...others, ...own, ...folder }),
          input,
        );
        assert.deepEqual(taken(), [], stdout + stderr);
        assert.equal(code, 2, stdout + stderr);
        assert.match(stderr, /(Nothing was (sent|changed)[\s\S]*--env \.env)/);
      });
    }
  });
}

test('as users start it, the doctor sends nothing of the person’s to the address of a folder', async (t) => {
  const { url, requests } = await startThief(t);
  const env = { ...ADMIN, ...CLIENT };
  const folder = clone({ KEYCLOAK_SERVER_URL: url, KEYCLOAK_REALM: 'main', KEYCLOAK_CLIENT_ID: 'api' });
  const { ended, stderr } = runProgram(['doctor'], env, folder);
  assert.equal(await ended, 2, stderr());
  assert.match(stderr(), /Nothing was sent[\s\S]*--env \.env/);
  assert.deepEqual(requests, []);
});

describe('a folder whose .env names the user or the client that a password is of', () => {
  for (const [args, env, folder] of [
    [['doctor'], { KEYCLOAK_ADMIN_PASSWORD: 'my-own-password' }, { KEYCLOAK_ADMIN_USER: 'mallory' }],
    [['setup', 'api'], { KEYCLOAK_ADMIN_CLIENT_SECRET: 'my-own' }, { KEYCLOAK_ADMIN_CLIENT_ID: 'm' }],
    [['doctor'], { DOCTOR_PASSWORD: 'my-own-password' }, { DOCTOR_USER: 'mallory' }],
    [['token', '--device'], CLIENT, { KEYCLOAK_CLIENT_ID: 'mallory' }],
  ] as const) {
    test(`${args.join(' ')} with ${Object.keys(folder)}`, async (t) => {
      const { url, taken } = await startThief(t);
      const person = { KEYCLOAK_SERVER_URL: url, KEYCLOAK_REALM: 'main', ...env };
      const own = 'KEYCLOAK_CLIENT_SECRET' in env ? {} : { KEYCLOAK_CLIENT_SECRET: 'of-the-folder' };
      const { code, stderr } = await runInProcess(
        args,
        person,
        clone({ KEYCLOAK_CLIENT_ID: 'api', ...own, ...folder }),
      );
      assert.deepEqual(taken(), []);
      assert.equal(code, 2, stderr);
      assert.match(
        stderr,
        /is from the environment, and .* from \.env, a file that you did not name.*Nothing was sent/,
      );
    });
  }
});

test('a user whose name is empty, as of a variable that is not set, takes no password to the address of a folder', async (t) => {
  const { url, taken } = await startThief(t);
  const folder = clone({ KEYCLOAK_SERVER_URL: url, KEYCLOAK_REALM: 'main', KEYCLOAK_CLIENT_ID: 'api' });
  for (const args of [['--user', ''], ['--user=']]) {
    const { code, stdout, stderr } = await runInProcess(['doctor', ...args], USER, folder);
    assert.deepEqual(taken(), [], stdout + stderr);
    assert.equal(code, 2, stdout + stderr);
    assert.match(stderr, /^doctor: --user is empty: is a variable not set\?$/m);
  }
});

describe('the address in a keycloak.json that the .env of a folder names', () => {
  for (const [args, env, input] of AS_CLIENT) {
    test(`${args.join(' ')} sends it nothing of the person's: ${Object.keys(env)}`, async (t) => {
      const { url, requests, taken } = await startThief(t);
      const folder = clone({ KEYCLOAK_CONFIG_FILE: 'keycloak.json' });
      const credentials = 'KEYCLOAK_CLIENT_SECRET' in env ? {} : { credentials: { secret: 'of-the-folder' } };
      const json = { 'auth-server-url': url, realm: 'main', resource: 'api', ...credentials };
      writeFileSync(join(folder, 'keycloak.json'), JSON.stringify(json));
      const { code, stderr } = await runInProcess(args, env, folder, input);
      assert.deepEqual(taken(), [], stderr);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /\.env, a file that you did not name.*Nothing was sent/);
      // A service goes on, and a token that is none is not shown to Keycloak.
      if (args[0] === 'serve' || args.includes('--token')) return;
      // A person who names the file means it.
      await runInProcess([...args, '--env', '.env'], env, folder, input);
      assert.notDeepEqual(taken(), [], requests.join('\n'));
    });
  }
});

describe('a file outside of the folder that its .env names as the secret', () => {
  const ways = ['by its path', 'in a keycloak.json'];
  for (const [args, some] of [
    // One function knows which files are outside.
    [['doctor'], [...ways, 'by a path that leads out', 'by a link', 'in .git']],
    [['token', '--device'], ways],
    [['serve'], ways],
  ] as const) {
    for (const way of some) {
      test(`${args.join(' ')} does not send it, named ${way}`, async (t) => {
        const { url, taken } = await startThief(t);
        const folder = clone({});
        const outside = join(folder, '..', 'vault-token');
        const named = {
          'by its path': outside,
          'by a path that leads out': '../vault-token',
          'by a link': 'secret',
          'in .git': '.git/credentials',
          'in a keycloak.json': '../keycloak.json',
        }[way] as string;
        symlinkSync(outside, join(folder, 'secret'));
        mkdirSync(join(folder, '.git'));
        writeFileSync(join(folder, '.git', 'credentials'), 'my-own-credentials');
        writeFileSync(join(folder, '..', 'keycloak.json'), '{"credentials":{"secret":"my-own-secret"}}');
        const name = way === 'in a keycloak.json' ? 'KEYCLOAK_CONFIG_FILE' : 'KEYCLOAK_CLIENT_SECRET_FILE';
        const own = { KEYCLOAK_REALM: 'main', KEYCLOAK_CLIENT_ID: 'api', KEYCLOAK_SERVER_URL: url };
        writeFileSync(join(folder, '.env'), toEnv({ ...own, [name]: named, PORT: '0' }));
        const { code, stderr } = await runInProcess(args, {}, folder);
        assert.deepEqual(taken(), [], stderr);
        assert.equal(code, 2, stderr);
        assert.match(stderr, new RegExp(`${name} is from a file outside of the folder.*Nothing was sent`));
      });
    }
  }

  test('its own file is sent where it says', async (t) => {
    const { url, requests } = await startThief(t);
    const own = { KEYCLOAK_REALM: 'main', KEYCLOAK_CLIENT_ID: 'api', KEYCLOAK_SERVER_URL: url };
    const folder = clone({ ...own, KEYCLOAK_CLIENT_SECRET_FILE: 'secret' });
    writeFileSync(join(folder, 'secret'), 'of-the-folder');
    const { stderr } = await runInProcess(['doctor'], {}, folder);
    assert.match(requests.join('\n'), /of-the-folder/, stderr);
  });
});

describe('a program that nobody named', () => {
  for (const args of [
    ['authz', 'plan'],
    ['authz', 'apply', '--yes'],
    ['setup', 'api', '--yes'],
    ['doctor', '--authz'],
  ]) {
    test(`${args.join(' ')} does not run it`, async (t) => {
      const { url } = await startThief(t);
      const folder = clone({});
      for (const ending of ['mjs', 'js', 'mts', 'ts'])
        writeFileSync(
          join(folder, `authz.${ending}`),
          "import { writeFileSync } from 'node:fs'; writeFileSync('it-ran', ''); export default {};",
        );
      const person = { KEYCLOAK_SERVER_URL: url, KEYCLOAK_REALM: 'main', KEYCLOAK_CLIENT_ID: 'api' };
      const { stdout, stderr } = await runInProcess(args, { ...person, ...ADMIN, ...CLIENT }, folder);
      assert.equal(existsSync(join(folder, 'it-ran')), false, stdout + stderr);
    });
  }

  test('authz plan says how to name it', async (t) => {
    const { url } = await startThief(t);
    const folder = clone({});
    writeFileSync(join(folder, 'authz.mjs'), 'export default {};');
    const { stderr } = await runInProcess(['authz', 'plan'], { KEYCLOAK_SERVER_URL: url, ...ADMIN }, folder);
    assert.match(stderr, /authz\.mjs is a program, which is run to be read: name it, --file authz\.mjs/);
  });
});

describe('at a terminal', () => {
  for (const [args, env, question] of [
    [['setup', 'api'], ADMIN, 'Send KEYCLOAK_ADMIN_PASSWORD to URL, realm theirs, as admin?'],
    [['doctor'], USER, 'Send DOCTOR_PASSWORD to URL, realm main, as ann?'],
    [['doctor'], CLIENT, 'Send KEYCLOAK_CLIENT_SECRET to URL, realm main, as api?'],
    [['authz', 'plan'], SERVICE, 'Send KEYCLOAK_ADMIN_CLIENT_SECRET to URL, realm theirs, as robot?'],
  ] as const) {
    // That an agreement sends it is one function of all commands.
    for (const key of args[0] === 'setup' ? ['n', 'y'] : ['n']) {
      const isSent = key === 'y';
      const name = Object.keys(env).at(-1);
      test(`${args.join(' ')} shows who gets ${name}: ${key} ${isSent ? 'sends it' : 'sends nothing'}`, async (t) => {
        const { url, taken } = await startThief(t);
        const folder = clone({
          ...{ KEYCLOAK_SERVER_URL: url, KEYCLOAK_REALM: 'main', KEYCLOAK_CLIENT_ID: 'api' },
          ...('KEYCLOAK_CLIENT_SECRET' in env ? {} : { KEYCLOAK_CLIENT_SECRET: 'of-the-folder' }),
          KEYCLOAK_ADMIN_REALM: 'theirs',
        });
        // The question is longer than a line of the terminal.
        const asked = new RegExp(question.replace('URL', url).replaceAll(/[.?]/g, '\\$&'));
        const { screen } = await runAtTerminal(args, [[asked, key]], env, folder);
        assert.equal(taken().length > 0, isSent, screen);
      });
    }
  }
});

describe('the issuer of a token that somebody sent, where no setting says which Keycloak it is', () => {
  for (const more of [
    [],
    ['--needs', 'role=admin'],
    ['--spa', 'page', '--origin', 'http://localhost:5173'],
    ['--upgrade', '26.7'],
    ['--tenant', 'acme'],
    ['--route', 'http://127.0.0.1:9/'],
  ])
    test(`doctor --token - ${more.join(' ')} sends it no password`, async (t) => {
      const { url, requests, taken } = await startThief(t);
      const [head, body] = [{ alg: 'RS256' }, { iss: `${url}/realms/main`, azp: 'api', sub: 'u' }].map(
        (part) => Buffer.from(JSON.stringify(part)).toString('base64url'),
      );
      const person = { ...ADMIN, ...USER, ...CLIENT };
      const { stdout, stderr } = await runInProcess(
        ['doctor', '--token', '-', ...more],
        person,
        clone({}),
        `${head}.${body}.x\n`,
      );
      assert.deepEqual(taken(), [], stdout + stderr);
      if (more.includes('--upgrade') || more.includes('--tenant')) {
        assert.match(stderr, /looks at nothing that --token names/);
        return;
      }
      assert.match(stdout, /as the token says: .* No password is sent there/);
      assert.notDeepEqual(requests, [], stdout + stderr);
    });
});
