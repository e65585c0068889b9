import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import {
  announceProvider,
  isConfigured,
  type RunningProvider,
} from '../../packages/cli/src/dev/running-provider.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { runInProcess } from './support/in-process.ts';
import { emptyFolder, MAIN, runProgram } from './support/program.ts';

const REALM = {
  realm: 'shop',
  clients: [
    { clientId: 'page', publicClient: true },
    { clientId: 'orders', secret: 'of-orders', directAccessGrantsEnabled: true },
    { clientId: 'stock', secret: 'of-stock', directAccessGrantsEnabled: true },
  ],
  users: [
    { username: 'nobody', enabled: true },
    ...['ann', 'bob'].map((username) => ({
      username,
      email: `${username}@example.com`,
      emailVerified: true,
      firstName: username,
      lastName: 'Example',
      enabled: true,
      credentials: [{ type: 'password', value: `of-${username}` }],
    })),
  ],
};

const WITHOUT_CALLERS = {
  ...REALM,
  clients: REALM.clients.map((one) => ({ ...one, directAccessGrantsEnabled: false })),
};

/** As `dev` does with a cache in this folder. */
async function announce(folder: string, provider: RunningProvider): Promise<void> {
  const { XDG_CACHE_HOME } = process.env;
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  await announceProvider(provider).finally(() => {
    if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
  });
}

/** One for all: the keys of its provider are made once. */
const SHOP = emptyFolder();
writeFileSync(join(SHOP, 'realm.json'), JSON.stringify(WITHOUT_CALLERS));

/** A program that says what its environment has, and runs until it is ended. */
const SAY = `const { KEYCLOAK_SERVER_URL, KEYCLOAK_REALM, KEYCLOAK_CLIENT_ID, KEYCLOAK_CLIENT_SECRET } = process.env;
console.log('said', JSON.stringify([KEYCLOAK_SERVER_URL, KEYCLOAK_REALM, KEYCLOAK_CLIENT_ID, KEYCLOAK_CLIENT_SECRET]));`;

function dev(folder: string, env: Record<string, string>, ...command: string[]) {
  const file = command.includes('--realm-file') ? [] : ['--realm-file', 'realm.json'];
  return runProgram(['dev', ...file, '--port', '0', ...command], env, folder);
}

test('dev runs a command beside the provider, with an environment that names it, and ends with it; without a client that takes passwords it offers no token', async () => {
  const folder = SHOP;
  const first = dev(folder, {}, '--', process.execPath, '-e', `${SAY}; process.exitCode = 3;`);
  const [, said = ''] = await first.says(/said (\[.*\])/);
  const [url, ...rest] = JSON.parse(said) as string[];
  assert.match(url ?? '', /^http:\/\/localhost:\d+$/);
  assert.deepEqual(rest, ['shop', 'orders', 'of-orders']);
  assert.equal(await first.ended, 3);
  assert.match(first.stdout(), new RegExp(`Issuer +${url}/realms/shop\n[\\s\\S]*Realm +shop`));
  assert.doesNotMatch(first.stdout(), /Token/);
});

test('dev as a script of npm ends with the application when npm gets a SIGTERM', async () => {
  const folder = SHOP;
  writeFileSync(join(folder, 'app.mjs'), `${SAY}; setInterval(() => {}, 1000)`);
  const dev = `node ${JSON.stringify(MAIN)} dev --realm-file realm.json --port 0 -- node app.mjs`;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { dev } }));
  const { PATH = '' } = process.env;
  const env = { PATH, HOME: folder, XDG_CACHE_HOME: join(folder, 'cache') };
  const npm = spawn('npm', ['run', 'dev'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  npm.stdout.setEncoding('utf8');
  while (!said.includes('said')) said += (await once(npm.stdout, 'data'))[0];
  npm.stdout.resume();
  npm.stderr.resume();
  npm.kill('SIGTERM');
  // It closes when nobody holds its output any more.
  await once(npm, 'close', { signal: AbortSignal.timeout(120_000) });
});

test('dev says what is wrong with its command before it starts the provider', async () => {
  const folder = SHOP;
  writeFileSync(join(folder, 'bare.json'), JSON.stringify({ realm: 'bare', clients: [REALM.clients[0]] }));
  for (const [args, words] of [
    [['--'], /^keycloak-guard dev: -- needs a command/],
    [['--', './not-there'], /^keycloak-guard: \.\/not-there cannot be started \(ENOENT\)/],
    [
      ['--realm-file', 'bare.json', '--', 'node'],
      /^keycloak-guard: bare.json has no client with a secret: say in KEYCLOAK_CLIENT_ID which client it is/,
    ],
    [['--realm-file', 'none.json', '--', 'node'], /^keycloak-guard: the realm file none.json cannot be read/],
  ] as const) {
    const file = args[0] === '--realm-file' ? [] : ['--realm-file', 'realm.json'];
    const { code, stderr } = await runInProcess(['dev', ...file, '--port', '0', ...args], {}, folder);
    assert.notEqual(code, 0);
    assert.match(stderr, words);
  }
});

test('dev says that the port it was told is taken, and takes no other; and that a file holds no realm', async (t) => {
  const server = createServer().listen(0, 'localhost');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const folder = SHOP;
  writeFileSync(join(folder, 'none.json'), '[]');
  for (const [args, said] of [
    [['realm.json', '--port', `${port}`], `port ${port} is taken: choose another one with --port`],
    [['none.json', '--port', '0', '--', 'x'], 'none.json holds no realm'],
  ] as const) {
    const { code, stdout, stderr } = await runInProcess(['dev', '--realm-file', ...args], {}, folder);
    assert.equal(code, 1, stdout);
    assert.equal(stderr, `keycloak-guard: ${said}\n`);
  }
});

test('dev and token read the folder of an export, as the provider does; dev ends the command when it is ended itself', async () => {
  const folder = emptyFolder();
  mkdirSync(join(folder, 'my realm'));
  const { users, ...realm } = REALM;
  writeFileSync(join(folder, 'my realm/shop-realm.json'), `\uFEFF${JSON.stringify(realm)}`);
  writeFileSync(join(folder, 'my realm/shop-users-0.json'), JSON.stringify({ realm: 'shop', users }));
  const stay = `${SAY}; setInterval(() => {}, 1000)`;
  // It has no secret, and gets none of another client.
  const ofPage = { KEYCLOAK_CLIENT_ID: 'page', KEYCLOAK_CLIENT_SECRET: 'of-another' };
  const running = dev(folder, ofPage, '--realm-file', 'my realm', '--', process.execPath, '-e', stay);
  assert.match((await running.says(/said (\[.*\])/))[1] ?? '', /"shop","page",null/);
  await running.says(/Token +npx keycloak-guard token --realm-file 'my realm'\n/);
  const token = await runInProcess(['token', '--realm-file', 'my realm', '--scope', 'phone'], {}, folder);
  assert.equal(token.code, 0, token.stderr);
  const claims = decodeJwt(token.stdout.trim());
  assert.equal(claims.preferred_username, 'ann');
  assert.match(String(claims.scope), /\bphone\b/);
  assert.equal(await running.stop(), 1);
});

test('token and doctor without settings are of the provider that dev runs, or say how to get one', async () => {
  const folder = SHOP;
  const doctor = async (env: Record<string, string> = {}) => {
    const { code, stdout } = await runInProcess(['doctor'], env, folder);
    return [code, stdout] as const;
  };
  const token = (...args: string[]) => runInProcess(['token', ...args], {}, folder);
  const running = runProgram(['dev', '--port', '0'], {}, folder);
  await running.says(/Sign in +abdullah \/ Test#123456\n[\s\S]*Token +npx keycloak-guard token\n/);
  const found = await token('--scope', 'phone');
  assert.equal(found.code, 0, found.stderr);
  const claims = decodeJwt(found.stdout.trim());
  assert.equal(claims.preferred_username, 'abdullah');
  assert.match(String(claims.scope), /\bphone\b/);
  const [well, all] = await doctor();
  assert.equal(well, 0, all);
  assert.match(
    all,
    /settings\.valid +none are set; the embedded provider: http:\/\/localhost:\d+, realm testing, client fastapi-keycloak\n/,
  );
  assert.match(all, /✓ settings\.secret +that of the embedded provider\n/);
  assert.match(
    all,
    /settings\.env-file \(there is no \.env; the settings are those of the embedded provider\)/,
  );
  assert.match(all, /✓ login\.token/);
  assert.match((await doctor({ KEYCLOAK_REALM: 'shop' }))[1], /✗ settings\.valid/);
  for (const name of ['KEYCLOAK_REALM', 'KEYCLOAK_CONFIG_FILE', 'KEYCLOAK_CLIENT_ID'])
    assert.ok(
      isConfigured((setting) => (setting === name ? 'shop' : undefined)),
      name,
    );
  assert.equal(await running.stop(), 0);
});

test('token --realm-file gives a token of the provider that runs from that file, and of no other', async (t) => {
  const folder = emptyFolder();
  writeFileSync(join(folder, 'realm.json'), JSON.stringify(REALM));
  writeFileSync(join(folder, 'closed.json'), JSON.stringify(WITHOUT_CALLERS));
  const of = (env: Record<string, string>, ...args: string[]) =>
    runInProcess(['token', '--realm-file', 'realm.json', ...args], env, folder);
  const without = await of({});
  assert.equal(without.code, 1);
  assert.match(
    without.stderr,
    /no provider runs from realm.json: keycloak-guard dev --realm-file realm.json$/m,
  );
  const idp = await startTestIdp({ realm: REALM });
  t.after(() => idp.close());
  const url = idp.url.replace('127.0.0.1', 'localhost');
  await announce(folder, { url, realm: 'shop', realmFile: join(folder, 'realm.json') });
  // A provider with another realm is none for people who set nothing.
  const unset = await runInProcess(['token'], {}, folder);
  assert.equal(unset.code, 2);
  assert.ok(
    unset.stderr.includes(`${url} runs: keycloak-guard token --realm-file ${join(folder, 'realm.json')}\n`),
    unset.stderr,
  );
  const doctor = await runInProcess(['doctor'], {}, folder);
  assert.equal(doctor.code, 1);
  assert.match(
    doctor.stdout,
    /settings\.valid +KEYCLOAK_SERVER_URL is not set\..*\n {4}cause: \d settings are missing or wrong\n/,
  );
  const first = await of({});
  assert.equal(first.code, 0);
  const claims = decodeJwt(first.stdout.trim());
  assert.deepEqual([claims.preferred_username, claims.azp], ['ann', 'orders']);
  assert.match(first.stderr, /^With the client orders\.$/m);
  // Nobody signs in to that one with a password.
  const byPage = await of({ KEYCLOAK_CLIENT_ID: 'page' });
  assert.equal(byPage.code, 0);
  assert.equal(decodeJwt(byPage.stdout.trim()).azp, 'orders');
  const byStock = await of({ KEYCLOAK_CLIENT_ID: 'stock' });
  assert.equal(byStock.code, 0);
  assert.equal(decodeJwt(byStock.stdout.trim()).azp, 'stock');
  const bob = await of({}, '--user', 'bob');
  assert.equal(bob.code, 0);
  assert.equal(decodeJwt(bob.stdout.trim()).preferred_username, 'bob');
  const stranger = await of({}, '--user', 'nobody');
  assert.equal(stranger.code, 1);
  assert.match(stranger.stderr, /realm.json has no user nobody with a password in the file/);
  await announce(folder, { url, realm: 'shop', realmFile: join(folder, 'closed.json') });
  const closed = await runInProcess(['token', '--realm-file', 'closed.json'], {}, folder);
  assert.equal(closed.code, 1);
  assert.match(closed.stderr, /to sign in with a password: add one for development, with the mappers of/);
});
