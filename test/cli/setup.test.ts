import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { startIdp } from '../support/dev-idp.ts';
import { runInProcess } from './support/in-process.ts';
import { emptyFolder, MAIN } from './support/program.ts';
import { hasTerminal, spawnInTerminal } from './support/terminal.ts';

/** No password is given: who is asked for one has been sent to Keycloak. */
const runSetup = (url: string, env: Record<string, string> = {}) =>
  runInProcess(['setup', '--url', url, '--admin-user', 'admin', '--yes'], env);

test('setup looks for Keycloak before it wants a password, and says what the embedded provider is', async (t) => {
  const idp = await startIdp(t);
  const { code, stdout, stderr } = await runSetup(idp.url);
  assert.equal(code, 1);
  assert.equal(
    stderr,
    `setup: ${idp.url}: this looks like keycloak-guard's embedded provider (it has no realm master), which has no Admin API: stop it, and start a Keycloak (https://www.keycloak.org/guides#getting-started)\n`,
  );
  assert.equal(stdout, '');
});

test('setup says of another program what the doctor says of it', async (t) => {
  const server = createServer((_, answer) =>
    answer.writeHead(200, { server: 'grafana' }).end('<html><body>Welcome</body></html>'),
  ).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { code, stderr } = await runSetup(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  assert.equal(code, 1);
  assert.match(stderr, /it is not Keycloak\. It calls itself 'grafana'\. It says: Welcome\n.*host, port/);
});

test('setup that is refused says what stays, where something was done, and nothing of it where not', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  const run = async (env: Record<string, string>) => {
    const { code, stdout, stderr } = await runSetup(keycloak.url, env);
    assert.equal(code, 1);
    return stdout + stderr;
  };
  const refused = await run({ KEYCLOAK_ADMIN_PASSWORD: 'wrong' });
  assert.match(refused, /Invalid user credentials/);
  assert.doesNotMatch(refused, /so far/);
  keycloak.forbid(/\/clients$/);
  const half = await run({ KEYCLOAK_ADMIN_PASSWORD: 'admin' });
  assert.match(half, /✓ created realm testing\nWhat was done so far stays; run it again to go on\.\n/);
  assert.match(half, /refused to create the client fastapi-keycloak: HTTP 403/);
});

test('setup names npm start as next where that reads the file it wrote', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  const guide = ['setup', 'guide', '--url', keycloak.url, '--env', '.env', '--admin-user', 'admin', '--yes'];
  const env = { KEYCLOAK_ADMIN_PASSWORD: 'admin' };
  for (const [name, start, next] of [
    ['my-app', 'node --env-file=.env dist/main.js', 'npm start'],
    ['my-app', 'node dist/main.js', 'npx keycloak-guard serve'],
    // The clone, whose service reads every .env of its folder.
    ['keycloak-guard-repository', 'node tools/run/start.ts', 'npm start'],
  ]) {
    const folder = emptyFolder();
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, scripts: { start } }));
    const { code, stdout, stderr } = await runInProcess([...guide, '--no-user'], env, folder);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^Not tried with a login: no user and password\.$/m);
    assert.match(stdout, new RegExp(`^Done. Next: ${next}$`, 'm'));
    assert.equal(
      stdout.includes(`From now on npm start uses ${keycloak.url} here`) &&
        stdout.includes('An application in another folder does not read this file'),
      name !== 'my-app',
    );
  }
});

test('setup that works, but for the login it then tries, ends as a failure and names nothing as next', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  const args = ['setup', 'guide', '--url', keycloak.url, '--admin-user', 'admin', '--yes', '--user', 'anna'];
  const env = { KEYCLOAK_ADMIN_PASSWORD: 'admin', SETUP_PASSWORD: 'Test#123456' };
  const { code, stdout, stderr } = await runInProcess(args, env);
  assert.equal(code, 1, stderr);
  assert.match(stdout, /^Trying it:\n {2}✗ /m);
  assert.doesNotMatch(stdout, /Done/);
});

test('setup says which call was refused, the one for the secret of the client too', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  keycloak.forbid(/client-secret$/);
  const { code, stderr } = await runSetup(keycloak.url, { KEYCLOAK_ADMIN_PASSWORD: 'admin' });
  assert.equal(code, 1);
  assert.match(stderr, /refused to read the secret of the client fastapi-keycloak: HTTP 403/);
});

test('what a server says is text in the terminal, whatever is in it', async (t) => {
  const evil = '\u001b[2J\u009b2J\u001b]0;owned\u0007\u202e';
  const server = createServer((_, answer) =>
    answer.writeHead(200).end(`<html><body>Wel${evil}come</body></html>`),
  ).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { code, stderr } = await runSetup(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  assert.equal(code, 1);
  assert.match(stderr, /It says: Wel/);
  assert.doesNotMatch(stderr, /[^\P{Cc}\n]|\p{Bidi_Control}/u);
});

test('setup takes no address with credentials, and writes none that the service would refuse', async () => {
  const secret = await runSetup('http://admin:the-password@127.0.0.1:1/auth');
  assert.equal(secret.code, 2);
  assert.equal(
    secret.stderr,
    'setup: --url (KEYCLOAK_SERVER_URL) must be an http or https URL without /realms/…, query or credentials, for example http://127.0.0.1:1/auth\n',
  );
  const url = 'http://127.0.0.1:1/realms/x';
  const realm = await runInProcess(['setup', 'export', 'realm.json', '--url', url, '--yes']);
  assert.equal(realm.code, 2);
  assert.match(
    realm.stderr,
    /without \/realms\/…, query or credentials, for example http:\/\/127\.0\.0\.1:1\n$/,
  );
});

test('what setup shows of its progress is gone before it asks', {
  skip: hasTerminal ? false : 'needs python3, for a terminal',
}, async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  const command = `exec "${process.execPath}" "${MAIN}" setup guide --url ${keycloak.url} 1>&2`;
  const child = spawnInTerminal('sh', ['-c', command], {
    cwd: emptyFolder(),
    env: { PATH: process.env.PATH, TERM: 'xterm' },
  });
  let screen = '';
  for await (const chunk of child.stderr ?? []) {
    screen += chunk;
    if (screen.includes('Admin user')) break;
  }
  child.stdin?.end('\u0003');
  await once(child, 'close');
  const [before = '', after] = screen.split('looking for Keycloak');
  assert.match(before, /… $/);
  // Dim ends, then the line is wiped.
  assert.ok(after?.startsWith('\u001b[22m\r\u001b[2K'), JSON.stringify(after));
});

test('setup asks a person who names nothing what is built, then what that needs', {
  skip: hasTerminal ? false : 'needs python3, for a terminal',
}, async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  const command = `exec "${process.execPath}" "${MAIN}" setup --url ${keycloak.url} 1>&2`;
  const child = spawnInTerminal('sh', ['-c', command], {
    cwd: emptyFolder(),
    env: { PATH: process.env.PATH, TERM: 'xterm' },
  });
  const DOWN = '\u001b[B';
  // The third one is a page.
  const answers: [asked: string, typed: string][] = [
    ['What do you build?', `${DOWN}${DOWN}\r`],
    ['Client id of the page', 'my-page\r'],
    ['Address of the page', '\r'],
    ['Admin user', '\u0003'],
  ];
  let screen = '';
  let seen = 0;
  for await (const chunk of child.stderr ?? []) {
    screen += chunk;
    const [asked, typed] = answers[0] ?? [];
    const at = asked === undefined ? -1 : screen.indexOf(asked, seen);
    if (at === -1) continue;
    seen = at + 1;
    answers.shift();
    child.stdin?.write(typed ?? '');
    if (answers.length === 0) break;
  }
  child.stdin?.end();
  await once(child, 'close');
  assert.deepEqual(answers, [], screen);
  for (const kind of [
    'an API, the single-page app and the service',
    'a server-rendered app',
    'an MCP server',
    "the guide's service",
  ])
    assert.ok(screen.includes(kind), kind);
});
