// A folder's word is not the person's word, where it leads to no password of the person's but changes, writes, shows or keeps something.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request as send } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { planTenant } from '../../packages/cli/src/admin/tenant/realm.ts';
import { printSummary } from '../../packages/cli/src/doctor/report.ts';
import { showSteps } from '../../packages/cli/src/plan/run-plan.ts';
import { startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { ADMIN, createLines } from '../admin/run-setup.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { runInProcess as run, runAtTerminal } from './support/in-process.ts';
import { emptyFolder, runProgram } from './support/program.ts';

function clone(settings: Readonly<Record<string, string>>): string {
  const folder = join(emptyFolder(), 'clone');
  mkdirSync(folder);
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(folder, '.env'), lines.join(''), { mode: 0o600 });
  return folder;
}

async function listen(t: TestContext, handler: Parameters<typeof createServer>[1]) {
  const server = createServer(handler as never).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  // The name is not one of this machine's.
  return `http://0.0.0.0:${(server.address() as AddressInfo).port}`;
}

/** The person's own Keycloak, whose public endpoints are good enough for the doctor. */
async function startOwnKeycloak(t: TestContext) {
  const fake = await startFakeKeycloak();
  t.after(() => fake.close());
  await fetch(`${fake.url}/admin/realms`, { method: 'POST', body: '{"realm":"main","enabled":true}' });
  const lists = fake.realms.get('main')?.lists as unknown as {
    clients: object[];
    users: { username: string }[];
  };
  const client = {
    ...{ id: 'c-1', clientId: 'api', secret: 'my-own-secret', enabled: true, publicClient: false },
    ...{ redirectUris: ['https://api.corp.example/*'], webOrigins: [] as string[] },
    ...{ standardFlowEnabled: true, directAccessGrantsEnabled: true, attributes: {} },
    ...{ defaultClientScopes: ['basic', 'profile', 'email', 'roles'], protocolMappers: [] },
  };
  lists.clients.push(client);
  const keys = [createTestKey('RS256', { kid: 'k' }).jwk];
  const url: string = await listen(t, async (request, response) => {
    const at = `${url}/realms/main`;
    const oidc = `${at}/protocol/openid-connect`;
    const say = (status: number, body: object | string) =>
      response
        .writeHead(status, { 'content-type': typeof body === 'string' ? 'text/html' : 'application/json' })
        .end(typeof body === 'string' ? body : JSON.stringify(body));
    const path = request.url ?? '';
    if (path.endsWith('/.well-known/openid-configuration'))
      return say(200, {
        issuer: at,
        ...{ token_endpoint: `${oidc}/token`, authorization_endpoint: `${oidc}/auth` },
        ...{ jwks_uri: `${oidc}/certs`, userinfo_endpoint: `${oidc}/userinfo` },
        end_session_endpoint: `${oidc}/logout`,
      });
    if (path.endsWith('/certs')) return say(200, { keys });
    if (path.includes('/protocol/openid-connect/auth?')) {
      const uri = new URL(path, url).searchParams.get('redirect_uri') ?? '';
      const isKnown = client.redirectUris.some((one) => uri.startsWith(one.replace('*', '')));
      if (!isKnown) return say(400, 'Invalid parameter: redirect_uri');
      return response.writeHead(302, { location: `${uri}?error=login_required` }).end();
    }
    const proxied = send(
      `${fake.url}${path}`,
      { method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    return request.pipe(proxied);
  });
  return { fake, url, client, lists };
}

describe('doctor --fix --yes', () => {
  const person = (url: string) => ({
    ...{ KEYCLOAK_SERVER_URL: url, KEYCLOAK_REALM: 'main', KEYCLOAK_CLIENT_ID: 'api' },
    KEYCLOAK_CLIENT_SECRET: 'my-own-secret',
  });

  test('gives no redirect URI to the PUBLIC_URL that a folder chose', async (t) => {
    const { url, client } = await startOwnKeycloak(t);
    const folder = clone({ PUBLIC_URL: 'https://evil.example' });
    const { stdout, stderr } = await run(['doctor', '--fix', '--yes'], { ...person(url), ...ADMIN }, folder);
    assert.doesNotMatch(JSON.stringify(client), /evil\.example/, stdout.slice(-2500) + stderr);
  });

  test('makes no client with a secret that the author of a folder knows', async (t) => {
    const { url, lists } = await startOwnKeycloak(t);
    const folder = clone({ KEYCLOAK_CLIENT_SECRET: 'known-to-mallory' });
    const { KEYCLOAK_CLIENT_SECRET: _, ...own } = person(url);
    const env = { ...own, KEYCLOAK_CLIENT_ID: 'shop', ...ADMIN };
    const { stdout, stderr } = await run(['doctor', '--fix', '--yes'], env, folder);
    assert.match(stdout, /setup can fix: /);
    assert.doesNotMatch(JSON.stringify(lists.clients), /known-to-mallory/, stdout.slice(-2500) + stderr);
  });

  test('makes no user that a folder chose, with a password that it knows', async (t) => {
    const { url, lists } = await startOwnKeycloak(t);
    const folder = clone({ DOCTOR_USER: 'mallory', DOCTOR_PASSWORD: 'known-to-mallory' });
    const { stdout, stderr } = await run(['doctor', '--fix', '--yes'], { ...person(url), ...ADMIN }, folder);
    assert.deepEqual(
      lists.users.filter(({ username }) => username === 'mallory'),
      [],
      stdout.slice(-2500) + stderr,
    );
  });
});

describe('setup --yes', () => {
  test('gives a user no password that a folder chose', async (t) => {
    const { url, lists } = await startOwnKeycloak(t);
    const folder = clone({ SETUP_PASSWORD: 'known-to-mallory' });
    const args = [
      ...['setup', 'guide', '--yes', '--url', url, '--realm', 'main'],
      ...['--client-id', 'api', '--user', 'ann'],
    ];
    const { stdout, stderr } = await run(args, ADMIN, folder);
    assert.doesNotMatch(JSON.stringify(lists.users), /known-to-mallory/, stdout + stderr);
  });
});

/** Keeps all that it gets; says of itself what `issuer` says. */
async function startThief(t: TestContext, issuer?: string) {
  const requests: string[] = [];
  const url: string = await listen(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const text = `${request.method} ${request.url} ${request.headers.authorization ?? ''} ${body}`;
    requests.push(decodeURIComponent(text.replaceAll('%%', '%')));
    const own = issuer ?? `${url}/realms/main`;
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({})}.${part({ iat: 1, exp: 4e9 })}.x`;
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(
        JSON.stringify({ realm: 'main', 'token-service': own, issuer: own, access_token: token, keys: [] }),
      );
  });
  return { url, requests };
}

describe('at a terminal', () => {
  test('doctor --mcp: a password that is typed goes to no address that the question did not show', async (t) => {
    const issuer = 'https://sso.corp.example/realms/main';
    const { url, requests } = await startThief(t, issuer);
    // Honest: it names the Keycloak of the company.
    const mcp: string = await listen(t, (request, response) => {
      if (request.method === 'POST')
        return response
          .writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${mcp}/meta"` })
          .end();
      const document = { resource: `${mcp}/mcp`, authorization_servers: [issuer] };
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    });
    const folder = clone({ KEYCLOAK_SERVER_URL: url });
    const args = ['doctor', '--mcp', `${mcp}/mcp`, '--admin-user', 'admin'];
    const { raw } = await runAtTerminal(args, [[/Password of admin/, 'my-own-password\r']], {}, folder);
    const screen = stripVTControlCharacters(raw);
    const taken = requests.filter((one) => one.includes('my-own-password'));
    const shown = screen.slice(0, screen.indexOf('✓') + 1 || undefined).includes(url);
    assert.ok(taken.length === 0 || shown, screen.slice(0, 600) + taken);
  });

  test('a realm of several lines does not hide where the password goes', async (t) => {
    const { url } = await startThief(t);
    const folder = clone({});
    const forged = `main, as admin?${'\\n'.repeat(40)}Send KEYCLOAK_ADMIN_PASSWORD to https://sso.corp.example, realm master`;
    writeFileSync(join(folder, '.env'), `KEYCLOAK_SERVER_URL=${url}\nKEYCLOAK_ADMIN_REALM="${forged}"\n`);
    const { raw } = await runAtTerminal(['setup', 'events'], [[/No/, 'n']], ADMIN, folder);
    const screen = stripVTControlCharacters(raw);
    // What a terminal of 24 lines shows together with the two buttons.
    const last = screen
      .slice(0, screen.lastIndexOf('Yes') + 40)
      .split('\n')
      .slice(-24)
      .join('\n');
    assert.ok(last.replace(/[\s│]+/g, '').includes(url), last);
  });
});

describe('where the folder brings its own admin, too', () => {
  const THEIRS = { KEYCLOAK_ADMIN_USER: 'm', KEYCLOAK_ADMIN_PASSWORD: 'm', KEYCLOAK_REALM: 'main' };

  test('setup does not show it the password that the person has for a user', async (t) => {
    const { url, requests } = await startThief(t);
    const folder = clone({ ...THEIRS, KEYCLOAK_SERVER_URL: url });
    const env = { SETUP_USER: 'ann', SETUP_PASSWORD: 'my-own-password' };
    for (const kind of ['guide', 'web', 'app']) {
      const { code, stderr } = await run(['setup', kind], env, folder);
      assert.match(stderr, /SETUP_PASSWORD is from the environment, and .*Nothing was sent/, kind);
      assert.equal(code, 2);
    }
    assert.deepEqual(requests, []);
  });

  test('authz apply --yes does not show it a file that the person named', async (t) => {
    const fake = await startFakeKeycloak();
    t.after(() => fake.close());
    await fetch(`${fake.url}/admin/realms`, { method: 'POST', body: '{"realm":"main"}' });
    fake.realms
      .get('main')
      ?.lists.clients.push({ id: 'c', clientId: 'api', enabled: true, publicClient: false } as never);
    const url = fake.url.replace('127.0.0.1', '0.0.0.0');
    const folder = clone({ ...THEIRS, KEYCLOAK_ADMIN_PASSWORD: 'admin', KEYCLOAK_SERVER_URL: url });
    const file = join(folder, '..', 'authz.json');
    writeFileSync(
      file,
      JSON.stringify({ scopes: ['view'], resources: [{ name: 'my-own-resource', scopes: ['view'] }] }),
    );
    const args = ['authz', 'apply', '--yes', '--realm', 'main', '--client-id', 'api', '--file', file];
    const { stdout, stderr } = await run(args, {}, folder);
    assert.equal(fake.changes.length, 1, `${stdout}${stderr}${fake.changes}`);
  });

  test('setup api --yes shows it no assertion that is good at another Keycloak', async (t) => {
    const fake = await startFakeKeycloak();
    t.after(() => fake.close());
    await fetch(`${fake.url}/admin/realms`, { method: 'POST', body: '{"realm":"main"}' });
    const assertions: string[] = [];
    const issuer = 'https://sso.corp.example/realms/main';
    const url: string = await listen(t, async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const shown = new URLSearchParams(body).get('client_assertion');
      if (shown) assertions.push(Buffer.from(shown.split('.')[1] ?? '', 'base64url').toString());
      if (request.url?.endsWith('/.well-known/openid-configuration'))
        return response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ issuer }));
      const { host: _, ...headers } = request.headers;
      const answer = await fetch(`${fake.url}${request.url}`, {
        method: request.method as string,
        headers: headers as never,
        ...(body ? { body } : {}),
      });
      const location = answer.headers.get('location');
      response.writeHead(answer.status, {
        'content-type': 'application/json',
        ...(location && { location }),
      });
      return response.end(await answer.text());
    });
    const folder = clone({ ...THEIRS, KEYCLOAK_ADMIN_PASSWORD: 'admin', KEYCLOAK_SERVER_URL: url });
    const key = join(folder, '..', 'my-own.pem');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const args = [
      ...['setup', 'api', '--yes', '--realm', 'main', '--client-id', 'api'],
      ...['--credential', 'key', '--key-file', key],
    ];
    const { stdout, stderr } = await run(args, {}, folder);
    assert.deepEqual(assertions, [], stdout + stderr);
  });
});

test('setup --yes does not write through a .env that is a link out of the folder', async (t) => {
  const { url } = await startOwnKeycloak(t);
  const folder = join(emptyFolder(), 'clone');
  mkdirSync(folder);
  const target = join(folder, '..', '.bashrc');
  writeFileSync(target, 'alias ll="ls -l"\n');
  symlinkSync('../.bashrc', join(folder, '.env'));
  const args = ['setup', 'api', '--yes', '--url', url, '--realm', 'main', '--client-id', 'api'];
  const { stdout, stderr } = await run(args, ADMIN, folder);
  assert.equal(readFileSync(target, 'utf8'), 'alias ll="ls -l"\n', stdout + stderr);
});

describe('serve', () => {
  const KEYCLOAK = {
    ...{ KEYCLOAK_SERVER_URL: 'https://sso.corp.example', KEYCLOAK_REALM: 'main', KEYCLOAK_CLIENT_ID: 'api' },
    ...{ KEYCLOAK_CLIENT_SECRET: 'my-own-secret', PORT: '0', NODE_ENV: 'production' },
  };

  test('gives no sessions to the Redis that a folder chose, with a key that it knows', async (t) => {
    const seen: string[] = [];
    const redis = createTcpServer((socket) => {
      socket
        .on('error', () => {})
        .on('data', (data) => {
          seen.push(String(data));
          socket.write('+OK\r\n');
        });
    }).listen(0, '127.0.0.1');
    await once(redis, 'listening');
    t.after(() => redis.close());
    const { port } = redis.address() as AddressInfo;
    const SESSION_SECRET = 'k9Jq2xP7vLr4TzB8nWm3YcF6hDs1GaEu';
    const folder = clone({ REDIS_URL: `redis://0.0.0.0:${port}`, SESSION_SECRET });
    const { stderr, stdout, ended, stop } = runProgram(['serve'], KEYCLOAK, folder);
    const code = await Promise.race([ended, new Promise((done) => setTimeout(done, 6_000, 'it runs'))]);
    if (code === 'it runs') await stop();
    assert.equal(code, 2, `${code} ${stdout()}${stderr()}${seen}`);
  });
});

test('doctor does not show a file from outside of the folder to whatever listens on this machine', async (t) => {
  const { url, requests } = await startThief(t);
  const KEYCLOAK_SERVER_URL = url.replace('0.0.0.0', '127.0.0.1');
  const own = { KEYCLOAK_SERVER_URL, KEYCLOAK_REALM: 'main', KEYCLOAK_CLIENT_ID: 'api' };
  const folder = clone({ ...own, KEYCLOAK_CLIENT_SECRET_FILE: '../vault-token' });
  writeFileSync(join(folder, '..', 'vault-token'), 'my-own-token-of-the-vault');
  await run(['doctor'], {}, folder);
  const taken = requests.filter((one) =>
    /my-own/.test(Buffer.from(/Basic (\S+)/.exec(one)?.[1] ?? '', 'base64') + one),
  );
  assert.deepEqual(taken, []);
});

describe('what others wrote begins no line of its own', () => {
  test('why checks were skipped', () => {
    const { lines, out } = createLines();
    const seen = 'HTTP 404 x\n✓ client.secret  accepted';
    printSummary(out as never, [{ id: 'a', status: 'skipped', seen, cause: '', fix: '' }] as never);
    assert.doesNotMatch(lines.join('\n'), /^✓/m);
  });

  test('the name of a setting of a template', () => {
    const { lines, out } = createLines();
    const template = { realm: 't', 'a\n  + create realm other': 'v' };
    const { steps, kept, blocked } = planTenant(undefined, template as never, 'acme');
    showSteps(out as never, { steps, kept, blocked });
    assert.doesNotMatch(lines.join('\n'), /^ {2}\+ create realm other/m);
  });
});

test('setup tenant --all takes no realm that setup tenant would not take by its name', async (t) => {
  const fake = await startFakeKeycloak();
  t.after(() => fake.close());
  for (const realm of ['tpl', 'master'])
    await fetch(`${fake.url}/admin/realms`, {
      method: 'POST',
      body: JSON.stringify({
        realm,
        attributes: realm === 'tpl' ? {} : { 'keycloak-guard.template': 'tpl' },
      }),
    });
  fake.realms.get('tpl')?.lists.clients.push({ id: 'c', clientId: 'shop', protocolMappers: [] } as never);
  const args = ['setup', 'tenant', '--all', '--template', 'tpl', '--dry-run', '--url', fake.url];
  const { stdout } = await run(args, ADMIN, clone({}));
  assert.doesNotMatch(stdout, /Tenant master/);
});
