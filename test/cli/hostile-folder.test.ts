// What the author of a folder may make the command line send: a cloned repository names the address, or a file that is not its own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { emptyFolder, runProgram } from './support/program.ts';

/** Answers as a Keycloak of its own would, and keeps all that it gets. Its name is not one of this machine's. */
async function startThief(t: TestContext) {
  const taken: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    taken.push(decodeURIComponent(`${request.url} ${request.headers.authorization ?? ''} ${body}`));
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
  return { url: `http://0.0.0.0:${(server.address() as AddressInfo).port}`, taken };
}

const clone = (settings: Readonly<Record<string, string>>): string => {
  const folder = emptyFolder();
  const lines = Object.entries({ KEYCLOAK_REALM: 'main', KEYCLOAK_CLIENT_ID: 'api', ...settings });
  writeFileSync(join(folder, '.env'), lines.map(([name, value]) => `${name}=${value}\n`).join(''));
  return folder;
};

async function run(args: string[], environment: Record<string, string>, folder: string, input?: string) {
  const { ended, stderr } = runProgram(args, environment, folder, input);
  return { code: await ended, stderr: stderr() };
}

const TOKEN = ['token', '--username', 'ann'];

describe('the address in a keycloak.json that the .env of a folder names', () => {
  const secrets: readonly [args: string[], environment: Record<string, string>, input?: string][] = [
    [['doctor'], { KEYCLOAK_CLIENT_SECRET: 'my-own-secret' }],
    [['doctor'], { KEYCLOAK_ADMIN_USER: 'admin', KEYCLOAK_ADMIN_PASSWORD: 'my-own-secret' }],
    [['doctor'], { DOCTOR_USER: 'ann', DOCTOR_PASSWORD: 'my-own-secret' }],
    [['token', '--device'], { KEYCLOAK_CLIENT_SECRET: 'my-own-secret' }],
    [TOKEN, {}, 'my-own-secret\n'],
  ];
  for (const [args, environment, input] of secrets) {
    const name = Object.keys(environment).at(-1) ?? 'the standard input';
    test(`${args.join(' ')} sends it nothing of ${name}`, async (t) => {
      const { url, taken } = await startThief(t);
      const folder = clone({ KEYCLOAK_CONFIG_FILE: 'keycloak.json' });
      const credentials = environment.KEYCLOAK_CLIENT_SECRET
        ? {}
        : { credentials: { secret: 'of-the-folder' } };
      const json = { 'auth-server-url': url, realm: 'main', resource: 'api', ...credentials };
      writeFileSync(join(folder, 'keycloak.json'), JSON.stringify(json));
      const { code, stderr } = await run(args, environment, folder, input);
      assert.deepEqual(taken, [], stderr);
      assert.equal(code, 2, stderr);
      assert.match(stderr, new RegExp(`${name} is from the environment.*\\.env.*Nothing was sent`));
      // A person who names the file means it.
      await run([...args, '--env', '.env'], environment, folder, input);
      assert.match(taken.join('\n'), /my-own-secret|bXktb3duLXNlY3JldA|YXBpOm15LW93bi1zZWNyZXQ/);
    });
  }
});

describe('a file outside of the folder that its .env names as the secret', () => {
  for (const args of [['doctor'], ['token', '--device'], TOKEN]) {
    for (const way of ['by its path', 'by a path that leads out', 'by a link']) {
      test(`${args.join(' ')} does not send it, named ${way}`, async (t) => {
        const { url, taken } = await startThief(t);
        const home = emptyFolder();
        writeFileSync(join(home, 'token-of-the-vault'), 'hvs.my-own-secret');
        const folder = join(home, 'clone');
        mkdirSync(folder);
        const named = {
          'by its path': join(home, 'token-of-the-vault'),
          'by a path that leads out': '../token-of-the-vault',
          'by a link': 'secret',
        }[way] as string;
        if (way === 'by a link') symlinkSync(join(home, 'token-of-the-vault'), join(folder, 'secret'));
        const lines = `KEYCLOAK_REALM=main\nKEYCLOAK_CLIENT_ID=api\nKEYCLOAK_SERVER_URL=${url}\n`;
        writeFileSync(join(folder, '.env'), `${lines}KEYCLOAK_CLIENT_SECRET_FILE=${named}\n`);
        const { code, stderr } = await run(args, {}, folder);
        assert.deepEqual(taken, [], stderr);
        assert.equal(code, 2, stderr);
        assert.match(
          stderr,
          /KEYCLOAK_CLIENT_SECRET_FILE is from a file outside of the folder.*Nothing was sent/,
        );
      });
    }
  }

  test('its own file is sent where it says', async (t) => {
    const { url, taken } = await startThief(t);
    const folder = clone({ KEYCLOAK_SERVER_URL: url, KEYCLOAK_CLIENT_SECRET_FILE: 'secret' });
    writeFileSync(join(folder, 'secret'), 'of-the-folder');
    const { stderr } = await run(['doctor'], {}, folder);
    assert.match(taken.join('\n'), /of-the-folder|YXBpOm9mLXRoZS1mb2xkZXI/, stderr);
  });
});
