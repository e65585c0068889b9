import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createMcpEvidence } from '../../packages/cli/src/doctor/evidence/mcp.ts';
import { listen } from '../adapters/listen.ts';
import { startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { settingsFor } from './doctor-visit.ts';
import { runInProcess } from './support/in-process.ts';
import { emptyFolder } from './support/program.ts';

const ADMIN = { KEYCLOAK_ADMIN_USER: 'admin', KEYCLOAK_ADMIN_PASSWORD: 'the-admins-password' };

/** A server of this test, by its address. */
async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const { url, close } = await listen(createServer(listener), async () => {});
  t.after(close);
  return url;
}

/** An MCP server and the authorization server that its metadata names, at one address. It keeps every body that it gets. */
async function startHostile(
  t: TestContext,
  issuerOf: (base: string) => string = (base) => `${base}/realms/main`,
) {
  const bodies: string[] = [];
  const base = await serve(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    bodies.push(body + (request.headers.authorization ?? ''));
    const issuer = issuerOf(base);
    const json = (value: object) => response.writeHead(200).end(JSON.stringify(value));
    if (request.url === '/metadata') {
      json({ resource: `${base}/mcp`, authorization_servers: [issuer], scopes_supported: ['mcp:tools'] });
    } else if (request.url?.startsWith('/.well-known/oauth-authorization-server')) json({ issuer });
    else if (request.url === '/mcp') {
      response.writeHead(401, {
        'www-authenticate': `Bearer scope="mcp:tools", resource_metadata="${base}/metadata"`,
      });
      response.end();
    } else json({ access_token: 'e30.e30.x', realm: 'main', 'token-service': '' });
  });
  return { base, url: `${base}/mcp`, bodies };
}

const leaked = (bodies: readonly string[]) => bodies.filter((one) => one.includes('the-admins-password'));

test('the password of an admin is not sent to an address that an MCP server names', async (t) => {
  const { url, base, bodies } = await startHostile(t);
  const { code, stdout, stderr } = await runInProcess(['doctor', '--mcp', url], {
    ...ADMIN,
    KEYCLOAK_SERVER_URL: 'http://127.0.0.1:9',
  });
  assert.deepEqual(leaked(bodies), []);
  assert.equal(code, 1, stdout + stderr);
  assert.match(stdout, /✗ mcp\.keycloak/);
  assert.match(
    stdout,
    new RegExp(`the server names ${base}, and KEYCLOAK_SERVER_URL is http://127\\.0\\.0\\.1:9`),
  );
});

test('without a configured Keycloak, the doctor sends no password', async (t) => {
  const { url, base, bodies } = await startHostile(t);
  const { code, stdout, stderr } = await runInProcess(['doctor', '--mcp', url], ADMIN);
  assert.deepEqual(leaked(bodies), []);
  assert.equal(code, 1, stdout + stderr);
  assert.match(stdout, new RegExp(`✗ mcp\\.keycloak[^]*KEYCLOAK_SERVER_URL=${base}`));
});

test('an address that an MCP server names is one word of a shell where it is to be copied', async (t) => {
  const { url, base } = await startHostile(t, (own) => `${own}/$(id);sh/realms/main`);
  const { stdout } = await runInProcess(['doctor', '--mcp', url], ADMIN);
  assert.ok(stdout.includes(`KEYCLOAK_SERVER_URL='${base}/$(id);sh'`), stdout);
});

test('a realm that can be none is said to be none', async (t) => {
  for (const name of ['%zz', '..', '%2e%2e%2fmaster']) {
    const { url, base, bodies } = await startHostile(t, (own) => `${own}/realms/${name}`);
    const { stdout } = await runInProcess(['doctor', '--mcp', url], {
      ...ADMIN,
      KEYCLOAK_SERVER_URL: base,
    });
    assert.match(stdout, /✗ mcp\.keycloak[\s\S]*That is no realm of a Keycloak/, name);
    assert.deepEqual(leaked(bodies), []);
  }
});

test('the configured Keycloak gets the password, whatever slash is at the end', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  const { url, bodies } = await startHostile(t, () => `${keycloak.url}/realms/main`);
  const { stdout } = await runInProcess(['doctor', '--mcp', url], {
    ...ADMIN,
    KEYCLOAK_ADMIN_PASSWORD: 'admin',
    KEYCLOAK_SERVER_URL: `${keycloak.url}/`,
  });
  assert.match(stdout, new RegExp(`✓ mcp\\.keycloak +${keycloak.url}`));
  assert.deepEqual(leaked(bodies), []);
});

test('a huge answer of an MCP server is not read', async (t) => {
  const base = await serve(t, (request, response) => {
    if (request.url === '/mcp') {
      response.writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${base}/metadata"` }).end();
      return;
    }
    response.writeHead(200);
    response.end(`{"resource":"${base}/mcp","scopes_supported":["a"],"x":"${'x'.repeat(2 ** 21)}"}`);
  });
  const { code, stdout } = await runInProcess(['doctor', '--mcp', `${base}/mcp`]);
  assert.equal(code, 1);
  assert.match(stdout, /✗ mcp\.metadata +.*\/metadata: the answer is larger than 1 MiB/);
});

/** What no command sends there without being told: hostile-folder.test.ts. */
for (const command of ['setup', 'doctor', 'authz'] as const) {
  test(`${command}: a password from the shell goes to the Keycloak of a file that the person names`, async (t) => {
    const { base, bodies } = await startHostile(t);
    const folder = emptyFolder();
    // 0.0.0.0 leads to this machine, and does not look like it.
    const settings = settingsFor(base.replace('127.0.0.1', '0.0.0.0'));
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(folder, '.env'), lines.join(''));
    const args = { setup: ['setup', '--yes', '--no-user'], doctor: ['doctor'], authz: ['authz', 'export'] }[
      command
    ];
    await runInProcess([...args, '--env', '.env'], ADMIN, folder);
    assert.notDeepEqual(leaked(bodies), []);
  });
}

test('doctor --token -: a token does not go there either, unless that Keycloak issued it', async (t) => {
  const { base, bodies } = await startHostile(t);
  const [folder, there] = [emptyFolder(), base.replace('127.0.0.1', '0.0.0.0')];
  const lines = Object.entries(settingsFor(there)).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(folder, '.env'), lines.join(''));
  const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const tokenOf = (iss: string) => `${part({ alg: 'RS256', kid: 'k' })}.${part({ iss, typ: 'Bearer' })}.c2ln`;
  const examine = async (token: string, ...more: string[]) => {
    return runInProcess(['doctor', '--token', '-', ...more], {}, folder, token);
  };
  const { code, stderr } = await examine(tokenOf('https://keycloak.example/realms/main'));
  assert.equal(code, 2, stderr);
  assert.match(
    stderr,
    /--token - is from the standard input, and KEYCLOAK_SERVER_URL.* from \.env.*Nothing was sent/,
  );
  assert.deepEqual(bodies, []);
  // A person who names the file means it, and Keycloak knows the tokens that it issued.
  assert.equal((await examine(tokenOf('https://keycloak.example/'), '--env', '.env')).code, 1);
  assert.equal((await examine(tokenOf(`${there}/realms/testing`))).code, 1);
  assert.notDeepEqual(bodies, []);
});

test('doctor --fix: the target of a redirect does not get the password', async (t) => {
  const { base, bodies } = await startHostile(t);
  const folder = emptyFolder();
  const front = await serve(t, (request, response) =>
    response.writeHead(302, { location: `${base.replace('127.0.0.1', 'localhost')}${request.url}` }).end(),
  );
  const settings = settingsFor(front);
  const { code, stdout, stderr } = await runInProcess(
    ['doctor', '--fix', '--yes'],
    { ...settings, ...ADMIN },
    folder,
  );
  assert.deepEqual(leaked(bodies), []);
  assert.equal(code, 1, stdout + stderr);
  assert.match(stdout, /KEYCLOAK_SERVER_URL=http:\/\/localhost:\d+\n[\s\S]*setup can fix none of this/);
});

test('what an admin sees there is who may register, and who may get offline tokens', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  await fetch(`${keycloak.url}/admin/realms`, { method: 'POST', body: '{"realm":"main"}' });
  const { url } = await startHostile(t, () => `${keycloak.url}/realms/main`);
  const credentials = { realm: 'master', username: 'admin', password: 'admin' };
  const { state, givesOffline } = await createMcpEvidence(url, credentials, keycloak.url).admin();
  const { trustedHosts, webOrigins } = state;
  assert.deepEqual(
    [trustedHosts?.providerId, webOrigins?.providerId, givesOffline],
    ['trusted-hosts', 'registration-web-origins', false],
  );
});

test('a Keycloak that is called by another name from here says itself whose issuer it is', async (t) => {
  const issuer = 'https://sso.test/realms/my%20shop';
  const keycloak = await serve(t, ({ url }, response) => {
    const isOurs = url === '/auth/realms/my%20shop/.well-known/openid-configuration';
    response.writeHead(200).end(JSON.stringify({ issuer: isOurs ? issuer : 'https://other.test' }));
  });
  const { url } = await startHostile(t, () => issuer);
  const credentials = { realm: 'master', username: 'admin', password: 'admin' };
  const { trust } = createMcpEvidence(url, credentials, `${keycloak}/auth/`);
  assert.deepEqual(await trust(), { serverUrl: `${keycloak}/auth`, realm: 'my shop' });
  for (const [given, at, status] of [
    [credentials, keycloak, 'fail'],
    [credentials, undefined, 'fail'],
    [undefined, `${keycloak}/auth`, 'skipped'],
  ] as const) {
    const evidence = createMcpEvidence(url, given, at);
    assert.equal(((await evidence.trust()) as { status?: string }).status, status);
    await assert.rejects(evidence.admin(), /the admin may not be sent there/);
  }
});
