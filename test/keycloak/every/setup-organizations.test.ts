import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import express from 'express';
import {
  keycloak as createGuard,
  type KeycloakOptions,
} from '../../../packages/guard/src/adapters/express/index.ts';
import { listen } from '../../adapters/listen.ts';
import { eventually } from '../../support/eventually.ts';
import { callAdmin, requireKeycloak } from '../support/real-keycloak.ts';
import { runCli } from '../support/run-cli.ts';

const keycloak = requireKeycloak();
const [major = 0, minor = 0] = keycloak.version.split('.').map(Number);
const hasOrganizations = major >= 26;
const hasGroups = major > 26 || (major === 26 && minor >= 6);
const REALM = 'setup-organizations';
const PASSWORD = 'Test#123456';
const CODE = `import { keycloak } from 'keycloak-guard/express';
  const kc = keycloak({ serverUrl: process.env.KEYCLOAK_SERVER_URL, realm: '${REALM}', clientId: 'orders' });
  app.get('/orgs/:org/bills', kc.guard({ organization: { alias: ':org', realmRole: 'billing' } }), list);`;

describe(`an API that reads organizations, on Keycloak ${keycloak.version}`, () => {
  let folder: string;
  const admin = (method: string, path: string, body?: unknown) =>
    callAdmin(keycloak, method, `/${REALM}${path}`, body);
  const get = async <T>(path: string) => (await (await admin('GET', path)).json()) as T;
  const env = {
    KEYCLOAK_SERVER_URL: keycloak.url,
    KEYCLOAK_REALM: REALM,
    KEYCLOAK_ADMIN_USER: keycloak.adminUser,
    KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword,
  };
  const setup = (kind: string, ...args: string[]) =>
    runCli(['setup', kind, ...args, '--no-env', '--yes'], { cwd: folder, env });
  const clear = () => callAdmin(keycloak, 'DELETE', `/${REALM}`).catch(() => {});

  before(async () => {
    await clear();
    folder = await mkdtemp(join(tmpdir(), 'organizations-'));
    await mkdir(join(folder, 'src'));
    await writeFile(join(folder, 'src/app.ts'), CODE);
  });
  after(async () => {
    await clear();
    await rm(folder, { recursive: true });
  });

  async function addUser(username: string): Promise<string> {
    const credentials = [{ type: 'password', value: PASSWORD }];
    const names = { email: `${username}@example.com`, emailVerified: true, firstName: 'A', lastName: 'B' };
    await admin('POST', '/users', { username, enabled: true, ...names, credentials });
    const [user] = await get<[{ id: string }]>(`/users?username=${username}&exact=true`);
    return user.id;
  }

  async function logIn(username: string, scope: string): Promise<string> {
    const body = { client_id: 'page', grant_type: 'password', username, password: PASSWORD, scope };
    const url = `${keycloak.url}/realms/${REALM}/protocol/openid-connect/token`;
    const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(body) });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    return (JSON.parse(text) as { access_token: string }).access_token;
  }

  /** The application, with the lines about what it refused. */
  async function startApp() {
    const lines: string[] = [];
    const note = (_: unknown, line = '') => void lines.push(line);
    const options: KeycloakOptions = {
      ...{ serverUrl: keycloak.url, realm: REALM, clientId: 'orders', onNotice: false, logRefusals: true },
      log: { info: note, warn: note, error: note },
    };
    const kc = createGuard(options);
    const app = express();
    app.get(
      '/orgs/:org/bills',
      kc.guard({ organization: { alias: ':org', realmRole: 'billing' } }),
      (_, response) => {
        response.json({ paid: true });
      },
    );
    const running = await listen(createHttpServer(app), () => kc.close());
    const call = async (path: string, token: string) =>
      (await fetch(`${running.url}${path}`, { headers: { authorization: `Bearer ${token}` } })).status;
    return { call, lines, close: running.close };
  }

  test('setup from the code, a member refused, a group with the role, and in', async (t) => {
    const made = await setup('api', '--from', './src');
    if (!hasGroups) {
      assert.equal(made.code, 1, made.stdout + made.stderr);
      const what = hasOrganizations
        ? 'groups in organizations: this Keycloak has none'
        : 'has no organizations';
      assert.ok(made.stdout.includes(what), made.stdout);
      assert.match(made.stdout, /✓ created client orders/);
      return;
    }
    assert.equal(made.code, 0, made.stdout + made.stderr);
    assert.match(made.stdout, /create realm role billing/);
    assert.match((await setup('api', '--from', './src')).stdout, /Nothing to change\./);
    const page = { clientId: 'page', publicClient: true, directAccessGrantsEnabled: true };
    await admin('POST', '/clients', { ...page, redirectUris: ['http://127.0.0.1/*'] });
    assert.equal((await setup('audience', 'page', '--client-id', 'orders')).code, 0);
    await addUser('anna');
    const tenant = (...args: string[]) => setup('tenant', ...args, '--organization', '--user', 'anna');
    assert.equal((await tenant('acme', 'globex')).code, 0);

    const app = await startApp();
    t.after(() => app.close());
    const before = await logIn('anna', 'openid organization:*');
    assert.equal(await app.call('/orgs/acme/bills', before), 403);
    // The code that writes lines is loaded by the first refusal.
    await eventually('the refusal is in the log', () => app.lines.length > 0);
    assert.match(
      app.lines.join(),
      /realm role billing is missing in the organization acme .* Organizations, acme, Groups/,
    );
    const doctor = async (want: string, token: string) => {
      const how = { cwd: folder, env: { ...env, KEYCLOAK_CLIENT_ID: 'orders' }, input: token };
      const run = await runCli(['doctor', '--token', '-', '--needs', want, '--json'], how);
      const { checks } = JSON.parse(run.stdout) as { checks: { id: string; cause?: string; fix?: string }[] };
      return checks.find(({ id }) => id === 'token.needs');
    };
    const lack = await doctor('organization=acme:billing', before);
    assert.match(lack?.cause ?? '', /does not have the role billing in the organization acme/);
    assert.match(lack?.fix ?? '', /^Organizations > acme > Groups/);

    const granted = await tenant('acme', '--group', '/staff', '--role', 'billing');
    assert.equal(granted.code, 0, granted.stdout + granted.stderr);
    assert.match(
      (await tenant('acme', '--group', '/staff', '--role', 'billing')).stdout,
      /Nothing to change\./,
    );
    const token = await logIn('anna', 'openid organization:*');
    assert.equal(await app.call('/orgs/acme/bills', token), 200);
    assert.equal(
      await app.call('/orgs/globex/bills', token),
      403,
      'she has the role in one organization alone',
    );
    assert.equal(await app.call('/orgs/acme/bills', await logIn('anna', 'openid')), 403);
    assert.match(app.lines.at(-1) ?? '', /organization_missing.*Ask for the scope organization:acme/);

    // What an administrator may have changed.
    const scopes =
      await get<{ id: string; name: string; protocolMappers?: { id: string }[] }[]>('/client-scopes');
    const scope = scopes.find(({ name }) => name === 'organization') ?? assert.fail();
    const [client] = await get<[{ id: string }]>('/clients?clientId=page');
    const optional = `/clients/${client.id}/optional-client-scopes/${scope.id}`;
    await admin('DELETE', optional);
    const plain = await logIn('anna', 'openid');
    assert.match(
      (await doctor('organization=acme', plain))?.cause ?? '',
      /'page' has no scope 'organization'/,
    );
    await admin('PUT', optional);
    await admin(
      'DELETE',
      `/client-scopes/${scope.id}/protocol-mappers/models/${scope.protocolMappers?.[0]?.id}`,
    );
    assert.match(
      (await doctor('organization=acme', plain))?.cause ?? '',
      /no mapper 'Organization Membership'/,
    );
    const mended = await setup('api', '--from', './src');
    assert.match(mended.stdout, /✓ changed client scope organization/);
    assert.equal(await app.call('/orgs/acme/bills', await logIn('anna', 'openid organization:acme')), 200);
    const [acme] = await get<[{ id: string }]>('/organizations?search=acme');
    await admin('PUT', `/organizations/${acme.id}`, { ...acme, enabled: false });
    assert.match((await doctor('organization=acme', plain))?.fix ?? '', /Organizations > acme > Enabled ON/);
    await admin('PUT', `/organizations/${acme.id}`, { ...acme, enabled: true });
  });

  test('a token of a member of fifty organizations is small with one of them, and fits a header with all', {
    skip: !hasGroups,
  }, async (t) => {
    const user = await addUser('fifty');
    const role = await get<object>('/roles/billing');
    for (let at = 0; at < 50; at++) {
      const alias = `customer-${at}`;
      await admin('POST', '/organizations', { name: alias, alias, enabled: true });
      const [{ id }] = await get<[{ id: string }]>(`/organizations?search=${alias}&exact=true`);
      await admin('POST', `/organizations/${id}/members`, user);
      const answer = await admin('POST', `/organizations/${id}/groups`, { name: 'staff' });
      const group = `/organizations/${id}/groups/${((await answer.json()) as { id: string }).id}`;
      await admin('POST', `${group}/role-mappings/realm`, [role]);
      await admin('PUT', `${group}/members/${user}`);
    }
    const app = await startApp();
    t.after(() => app.close());
    const [one, all] = [
      await logIn('fifty', 'openid organization:customer-7'),
      await logIn('fifty', 'openid organization:*'),
    ];
    t.diagnostic(`a token with one has ${one.length} bytes, with all ${all.length}`);
    assert.ok(one.length < 2_000, `one: ${one.length}`);
    assert.ok(all.length > 4_000 && all.length < 8_000, `all: ${all.length}`);
    for (const token of [one, all]) assert.equal(await app.call('/orgs/customer-7/bills', token), 200);
    assert.equal(await app.call('/orgs/customer-8/bills', one), 403);
    assert.equal(await app.call('/orgs/customer-8/bills', all), 200);
  });

  test('the program of the page on tenants invites people', { skip: !hasGroups }, async (t) => {
    const mails = await startMailServer();
    t.after(() => mails.close());
    await admin('PUT', '', {
      smtpServer: { host: '127.0.0.1', port: String(mails.port), from: 'a@example.com' },
    });
    const secret = 'for-tests-only-long-enough';
    await admin('POST', '/clients', { clientId: 'inviter', secret, serviceAccountsEnabled: true });
    const idOf = async (id: string) => (await get<[{ id: string }]>(`/clients?clientId=${id}`))[0].id;
    const [inviter, management] = [await idOf('inviter'), await idOf('realm-management')];
    const account = await get<{ id: string }>(`/clients/${inviter}/service-account-user`);
    const role = await get<object>(`/clients/${management}/roles/manage-organizations`);
    await admin('POST', `/users/${account.id}/role-mappings/clients/${management}`, [role]);
    const kc = createGuard({
      ...{
        serverUrl: keycloak.url,
        realm: REALM,
        clientId: 'inviter',
        clientSecret: secret,
        onNotice: false,
      },
    });
    t.after(() => kc.close());

    const page = await readFile(new URL('../../../docs/tenants.md', import.meta.url), 'utf8');
    const [, program = ''] = /^```js invitations\.js\n(.*?)^```$/ms.exec(page) ?? [];
    const place = await mkdtemp(join(import.meta.dirname, 'invitations-'));
    t.after(() => rm(place, { recursive: true }));
    Object.assign(globalThis, { guardOfInvitations: kc });
    await writeFile(join(place, 'auth.js'), 'export const kc = globalThis.guardOfInvitations;');
    await writeFile(join(place, 'invitations.js'), program);
    Object.assign(process.env, { KEYCLOAK_SERVER_URL: keycloak.url, KEYCLOAK_REALM: REALM });
    const { invite } = (await import(pathToFileURL(join(place, 'invitations.js')).href)) as {
      invite(alias: string, email: string): Promise<void>;
    };
    await invite('acme', 'new@example.com');
    await assert.rejects(invite('nobody', 'new@example.com'), /there is no organization nobody/);
    const [acme] = await get<[{ id: string }]>('/organizations?search=acme');
    const invitations = await get<{ email: string; status: string }[]>(
      `/organizations/${acme.id}/invitations`,
    );
    assert.deepEqual(
      invitations.map(({ email, status }) => [email, status]),
      [['new@example.com', 'PENDING']],
    );
    const [mail = ''] = mails.received;
    const [link = ''] = /http\S+registrations\S+/.exec(mail) ?? [];
    // With KC_HOSTNAME it names a host that only people reach.
    const { pathname, search } = new URL(link.replaceAll('&#61;', '=').replaceAll('&amp;', '&'));
    const form = await fetch(new URL(pathname + search, keycloak.url));
    assert.equal(form.status, 200, mail);
    assert.match(await form.text(), /name="firstName"/);
  });
});

/** Takes mails, and keeps them. */
async function startMailServer() {
  const received: string[] = [];
  const server = createServer((socket) => {
    let [text, isMail] = ['', false];
    socket.on('error', () => {});
    socket.write('220 mail\r\n');
    socket.on('data', (chunk) => {
      text += chunk;
      const lines = text.split('\r\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        if (isMail && line !== '.') received.push(`${received.pop() ?? ''}${line}\n`);
        else if (isMail) isMail = false;
        else if (/^DATA/i.test(line)) isMail = received.push('') > 0;
        if (!isMail || /^DATA/i.test(line)) socket.write(isMail ? '354 go on\r\n' : '250 ok\r\n');
        if (/^QUIT/i.test(line)) socket.end();
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { received, port: (server.address() as AddressInfo).port, close: () => void server.close() };
}
