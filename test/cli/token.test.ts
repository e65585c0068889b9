import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { REALM_FILE, startTestIdp } from '../support/dev-idp.ts';
import { openSocketBrowser } from '../support/socket-browser.ts';
import { runAtTerminal, runInProcess } from './support/in-process.ts';
import { emptyFolder, MAIN } from './support/program.ts';
import { hasTerminal, spawnInTerminal } from './support/terminal.ts';

const settingsOf = (serverUrl: string) => ({
  KEYCLOAK_SERVER_URL: serverUrl,
  KEYCLOAK_REALM: 'testing',
  KEYCLOAK_CLIENT_ID: 'fastapi-keycloak',
  KEYCLOAK_CLIENT_SECRET: 'for-development-only',
});

/** `input`: what the standard input holds; `null`: it is a terminal, and left open. */
function runToken(serverUrl: string, args: string[], input: string | null = '') {
  const run = input === null ? spawnInTerminal : spawn;
  const child = run(process.execPath, [MAIN, 'token', ...args], {
    cwd: emptyFolder(),
    env: { PATH: process.env.PATH, ...settingsOf(serverUrl) },
  });
  const seen = { out: '', err: '' };
  const { stdin, stdout, stderr } = child as ChildProcessWithoutNullStreams;
  stdout.on('data', (chunk) => {
    seen.out += chunk;
  });
  stderr.on('data', (chunk) => {
    seen.err += chunk;
  });
  if (input !== null) stdin.end(input);
  const ended = once(child, 'close').then(([code]) => code as number);
  /** Waits for something on the standard error. */
  async function shows(wanted: string): Promise<void> {
    while (!seen.err.includes(wanted))
      await Promise.race([
        once(stderr, 'data'),
        ended.then((code) => assert.fail(`ended with ${code}: ${seen.err}`)),
      ]);
  }
  return { stdin, seen, ended, shows };
}

/** The same where nobody is there to answer, in this process. */
async function getToken(serverUrl: string, args: readonly string[], input = '', env: object = {}) {
  const all = { ...settingsOf(serverUrl), ...env };
  const { code, stdout, stderr } = await runInProcess(['token', ...args], all, undefined, input);
  return { code, out: stdout, err: stderr };
}

/** One request by hand: `fetch` sends no target that is none. */
async function sendRaw(port: number, target: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  return text(socket);
}

/** Signs in at Keycloak's page, as a person in a browser. */
async function signIn(url: string): Promise<void> {
  const listener = { url: new URL(url).searchParams.get('redirect_uri') ?? assert.fail(url) };
  const { response } = await openSocketBrowser(listener).open(url);
  assert.equal(await response.text(), 'Signed in. You can close this window.');
}

/** The embedded provider has no device flow: this stands before it and has one, where the third question is answered. */
async function startDeviceFlow(t: TestContext, idp: DevIdp, answers: readonly object[], said: object = {}) {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const form = new URLSearchParams(await text(request));
    const url = `http://${request.headers.host}`;
    const send = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.url?.endsWith('/auth/device')) {
      send(200, {
        ...{ device_code: 'the-device-code', user_code: 'WDJB-MJHT', expires_in: 600, interval: 1 },
        ...{
          verification_uri: `${url}/device`,
          verification_uri_complete: `${url}/device?user_code=WDJB-MJHT`,
        },
        ...said,
      });
    } else if (request.url?.endsWith('/token')) {
      asked.push(`${form.get('grant_type')} ${form.get('device_code')}`);
      const answer = answers[asked.length - 1] ?? {
        access_token: await idp.issueToken(),
        token_type: 'Bearer',
      };
      send('error' in answer ? 400 : 200, answer);
    } else {
      const answer = await fetch(`${idp.url}${request.url}`);
      const body = (await answer.text()).replaceAll(idp.url, url);
      const document = JSON.parse(body) as { issuer?: string };
      if (document.issuer !== undefined && request.url?.includes('openid-configuration'))
        Object.assign(document, {
          device_authorization_endpoint: `${document.issuer}/protocol/openid-connect/auth/device`,
        });
      send(answer.status, document);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** The same, while a person signs in at the page whose address it shows. */
async function getTokenInBrowser(serverUrl: string, args: readonly string[] = []) {
  let signedIn: Promise<void> | undefined;
  const watch = (text: string): void => {
    const [, url] = /(http\S+)[\s\S]*\n\n/.exec(text) ?? [];
    if (url !== undefined) signedIn ??= signIn(url);
  };
  const { code, stdout, stderr } = await runInProcess(
    ['token', ...args],
    settingsOf(serverUrl),
    ...[undefined, '', undefined, watch],
  );
  await signedIn;
  return { code, out: stdout, err: stderr };
}

describe('keycloak-guard token', () => {
  let idp: DevIdp;
  before(async () => {
    idp = await startTestIdp();
  });
  after(() => idp.close());
  beforeEach(() => {
    idp.updateClient('fastapi-keycloak', { redirectUris: ['http://localhost:8000/*'] });
  });

  test('a client without a secret is a public one, as that of a front end', async () => {
    idp.updateClient('web-app', { directAccessGrantsEnabled: true });
    const env = { KEYCLOAK_CLIENT_ID: 'web-app', KEYCLOAK_CLIENT_SECRET: undefined };
    const seen = await getToken(idp.url, ['--user', 'abdullah'], 'Test#123456', env);
    assert.equal(seen.code, 0, seen.err);
    assert.equal(decodeJwt(seen.out.trim()).azp, 'web-app');
    const other = await getToken(idp.url, ['--user', 'abdullah'], 'Test#123456', {
      KEYCLOAK_CLIENT_SECRET: undefined,
    });
    assert.equal(other.code, 1);
    assert.match(
      other.err,
      /^KEYCLOAK_CLIENT_SECRET is not set: fastapi-keycloak is taken for a public client\.\n/,
    );
  });

  test('token asks for name and password on a terminal where the browser cannot be used, shows no password, and prints the token alone', {
    skip: hasTerminal ? false : 'needs python3, for a terminal',
  }, async () => {
    const { stdin, seen, ended, shows } = runToken(idp.url, [], null);
    await shows('User');
    stdin.write('abdullah\r');
    await shows('Password');
    stdin.write('Test#123456\r');
    assert.equal(await ended, 0, seen.err);
    assert.equal(decodeJwt(seen.out.trim()).preferred_username, 'abdullah');
    assert.doesNotMatch(seen.err, /Test#|eyJ/);
  });

  test('token --user prints the token of a password login alone', async () => {
    const seen = await getToken(idp.url, ['--user', 'abdullah'], 'Test#123456\n');
    assert.equal(seen.code, 0);
    assert.equal(seen.err, '');
    assert.equal(decodeJwt(seen.out.trim()).preferred_username, 'abdullah');
  });

  test('token --scope asks for optional scopes too, with a password and in the browser', async () => {
    idp.updateClient('fastapi-keycloak', { redirectUris: ['http://127.0.0.1/*'] });
    const scopesOf = (token: string) => String(decodeJwt(token.trim()).scope).split(' ');
    const byPassword = await getToken(
      idp.url,
      ['--user', 'abdullah', '--scope', 'phone address'],
      'Test#123456\n',
    );
    assert.equal(byPassword.code, 0, byPassword.err);
    const inBrowser = await getTokenInBrowser(idp.url, ['--scope=phone address']);
    assert.equal(inBrowser.code, 0, inBrowser.err);
    for (const { out } of [byPassword, inBrowser])
      for (const scope of ['openid', 'phone', 'address']) assert.ok(scopesOf(out).includes(scope), scope);
  });

  test('token with a wrong password says so, and prints nothing else', async () => {
    const seen = await getToken(idp.url, ['--user', 'abdullah'], 'wrong-word\n');
    assert.equal(seen.code, 1);
    assert.equal(seen.out, '');
    assert.match(seen.err, /^keycloak-guard token: Keycloak refused the user's credentials/);
    assert.doesNotMatch(seen.err, /wrong-word/);
  });

  test('token reads the settings of --env, and refuses a file that is not there', async () => {
    const file = join(emptyFolder(), 'prod.env');
    writeFileSync(file, `KEYCLOAK_SERVER_URL=${idp.url}\n`);
    const seen = await getToken('', ['--env', file, '--user', 'abdullah'], 'Test#123456\n');
    assert.equal(seen.code, 0, seen.err);
    const missing = await getToken(idp.url, ['--env', 'prod.env', '--user', 'abdullah'], 'Test#123456\n');
    assert.equal(missing.code, 2);
    assert.equal(missing.err, 'keycloak-guard token: there is no file prod.env\n');
    assert.equal(missing.out, '');
  });

  test('token without good settings says what they are, and what runs without any', async () => {
    const seen = await getToken('nonsense', []);
    assert.equal(seen.code, 2);
    assert.match(seen.err, /missing or wrong/);
    assert.match(
      seen.err,
      /Without any settings, a token is from the provider that "keycloak-guard dev" runs\.\n$/,
    );
  });

  test('token signs in with the browser, and takes no answer but that to its own login', async (t) => {
    idp.updateClient('fastapi-keycloak', { redirectUris: ['http://127.0.0.1/*'] });
    const { seen, ended, shows } = runToken(idp.url, []);
    await shows('\n\n');
    const url = /http\S+/.exec(seen.err)?.[0] ?? '';
    const { searchParams } = new URL(url);
    assert.equal(searchParams.get('code_challenge_method'), 'S256');
    const foreign = await fetch(`${searchParams.get('redirect_uri')}?state=foreign&code=x`);
    assert.equal(foreign.status, 404);
    // What is no URL ends nothing.
    const { port } = new URL(searchParams.get('redirect_uri') ?? '');
    for (const target of ['//', '///callback', 'http://', '/callback?%', '*', 'http://[/callback?state=x']) {
      assert.match(await sendRaw(Number(port), target), /^HTTP\/1\.1 40[04] /, target);
    }
    // Browsers connect in advance. Nobody keeps the program waiting who sends nothing, or half a request.
    for (const sent of ['', 'GET /callback HTTP/1.1\r\nHost:']) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(sent);
      t.after(() => socket.destroy());
    }

    await signIn(url);
    const isLate = sleep(20_000, 'late', { ref: false });
    assert.equal(await Promise.race([ended, isLate]), 0);
    assert.equal(decodeJwt(seen.out.trim()).preferred_username, 'abdullah');
  });

  test('token signs in with the development caller of an API whose own client takes no sign-ins', async (t) => {
    const realm = JSON.parse(readFileSync(REALM_FILE, 'utf8'));
    realm.clients.push({
      ...{ clientId: 'fastapi-keycloak-dev', publicClient: true, standardFlowEnabled: true },
      redirectUris: ['http://127.0.0.1/callback'],
      attributes: { 'pkce.code.challenge.method': 'S256' },
    });
    const idp = await startTestIdp({ realm });
    t.after(() => idp.close());
    idp.updateClient('fastapi-keycloak', { standardFlowEnabled: false, redirectUris: [] });
    const seen = await getTokenInBrowser(idp.url);
    assert.equal(seen.code, 0, seen.err);
    assert.match(seen.err, /^With the development caller fastapi-keycloak-dev\.\nOpen http/);
    assert.equal(decodeJwt(seen.out.trim()).azp, 'fastapi-keycloak-dev');
    idp.updateClient('fastapi-keycloak', { directAccessGrantsEnabled: false });
    const byPassword = await getToken(idp.url, ['--user', 'abdullah'], 'Test#123456\n');
    assert.equal(byPassword.code, 1);
    assert.equal(byPassword.out, '');
    assert.equal(
      byPassword.err,
      `keycloak-guard token: the client 'fastapi-keycloak' may not log users in with a password
Its development caller fastapi-keycloak-dev signs people in with the browser: keycloak-guard token, without --user
`,
    );
    idp.updateClient('fastapi-keycloak-dev', { redirectUris: [] });
    const alone = await getToken(idp.url, ['--user', 'abdullah'], 'Test#123456\n');
    assert.equal(alone.code, 1);
    assert.match(alone.err, /Direct access grants ON/);
  });

  test('token sends no secret of the environment to an address that only a file in the folder names', async () => {
    const secret = { KEYCLOAK_CLIENT_SECRET: 's3cret' };
    for (const [env, input, args, name] of [
      [secret, '', [], 'KEYCLOAK_CLIENT_SECRET is from the environment'],
      [{}, 'password', ['--user', 'anna'], 'the password is from the standard input'],
    ] as const) {
      const cwd = emptyFolder();
      const own = 'KEYCLOAK_REALM=x\nKEYCLOAK_CLIENT_ID=y\nKEYCLOAK_SERVER_URL=http://keycloak.invalid:1\n';
      writeFileSync(join(cwd, '.env'), args.length === 0 ? own : `${own}KEYCLOAK_CLIENT_SECRET=z\n`);
      const run = (...more: string[]) => runInProcess(['token', ...args, ...more], env, cwd, input);
      const { code, stderr } = await run();
      assert.equal(code, 2, stderr);
      assert.match(stderr, new RegExp(`${name}.*keycloak\\.invalid.*Nothing was sent`));
      assert.equal((await run('--env', '.env')).code, 1, 'the person named the file');
    }
  });

  test('token says at once that the browser cannot be used, and what to change', async () => {
    // What Keycloak sends back to this program itself, nobody would see but in the address of its page.
    idp.updateClient('fastapi-keycloak', { redirectUris: ['http://127.0.0.1/*'] });
    const told = await getToken(idp.url, ['--scope', 'unheard-of']);
    assert.equal(told.code, 1);
    assert.match(told.err, /^Keycloak takes no answer to this program/);
    idp.updateClient('fastapi-keycloak', { redirectUris: ['http://localhost:8000/*'] });
    const seen = await getToken(idp.url, []);
    assert.equal(seen.code, 1);
    assert.equal(seen.out, '');
    assert.match(seen.err, /^Keycloak takes no answer to this program for the client fastapi-keycloak/);
    assert.match(
      seen.err,
      /To change that: keycloak-guard setup caller --url http\S+ --realm testing --client-id fastapi-keycloak\n/,
    );
    assert.match(seen.err, /Valid redirect URIs: add http:\/\/127\.0\.0\.1\/callback \(/);
    assert.match(seen.err, /there is no terminal to sign in at: use --user/);
  });

  test('what a server says of a login on another device is text, whatever is in it', async (t) => {
    const { url } = await startDeviceFlow(
      t,
      idp,
      [{ error: 'odd', error_description: 'no\u001b[2J\n✓ done' }],
      {
        user_code: 'WDJB\u001b]0;owned\u0007\n✓ done',
        verification_uri_complete: undefined,
        verification_uri: 'https://evil.test/\u001b[8m\u009b2J\n✓ done',
      },
    );
    const seen = await getToken(url, ['--device']);
    assert.equal(seen.code, 1);
    assert.match(seen.err, /^Open https:\/\/evil\.test\//);
    assert.doesNotMatch(seen.err, /^✓/m);
    assert.doesNotMatch(seen.err, /[^\P{Cc}\n]/u);
  });

  test('token whose question is answered with Ctrl-C asks Keycloak nothing and prints nothing', async () => {
    const before = idp.requests.token;
    const args = ['token', '--user', 'abdullah'];
    const { code, stdout, screen } = await runAtTerminal(args, [[/Password/, '\u0003']], settingsOf(idp.url));
    assert.equal(code, 1, screen);
    assert.equal(stdout, '');
    assert.equal(idp.requests.token, before);
  });

  test('token --device says where to go and with which code, and asks until somebody was there', async (t) => {
    const { url, asked } = await startDeviceFlow(t, idp, [{ error: 'authorization_pending' }]);
    const seen = await getToken(url, ['--device']);
    assert.equal(seen.code, 0, seen.err);
    assert.equal(seen.err, `Open ${url}/device?user_code=WDJB-MJHT\nThe code is WDJB-MJHT\n`);
    assert.equal(decodeJwt(seen.out.trim()).typ, 'Bearer');
    assert.deepEqual(asked, Array(2).fill('urn:ietf:params:oauth:grant-type:device_code the-device-code'));
  });

  test('token --device says so when the person refuses, and where the realm has no such flow', async (t) => {
    const { url } = await startDeviceFlow(t, idp, [{ error: 'access_denied', error_description: 'refused' }]);
    const refused = await getToken(url, ['--device']);
    assert.equal(refused.code, 1);
    assert.equal(refused.out, '');
    assert.match(
      refused.err,
      /\nkeycloak-guard token: nobody signed in on the other device .+\nStart again: .+\n$/,
    );
    const without = await getToken(idp.url, ['--device']);
    assert.equal(without.code, 1);
    assert.equal(without.out, '');
    assert.match(without.err, /^keycloak-guard token: .+\n/);
  });

  test('--for without the user on whose behalf is wrong usage, and nobody is asked', async () => {
    const seen = await getToken('http://127.0.0.1:1', ['--for', 'orders']);
    assert.equal(seen.code, 2);
    assert.match(seen.err, /--user needs the name of the user whose token is exchanged/);
    assert.equal(seen.out, '');
  });
});
