import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import type { Child } from '../../lab/reliability/machines/child.ts';
import { runNginx } from '../../lab/reliability/machines/nginx.ts';
import { ROOT } from '../repo/source-imports.ts';
import { freePort } from '../support/free-port.ts';

// Needs nginx: npm test -- deploy

const read = (file: string): string => readFileSync(join(ROOT, 'deploy/nginx', file), 'utf8');
/** Of the network of compose.scale.yaml: in here, the address that the machine's TLS proxy comes from. */
const THIS_MACHINE = '127.0.0.1';
const ELSEWHERE = '127.0.0.2';

interface Seen {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

describe('nginx before Keycloak, as in compose.scale.yaml', () => {
  /** Says what reached it. */
  const keycloak = createServer(({ url, headers }, answer) => {
    answer.end(JSON.stringify({ url, headers }));
  });
  const ports = { public: 0, admin: 0 };
  let nginx: Child;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keycloak-guard-nginx-'));
    await once(keycloak.listen(0, THIS_MACHINE), 'listening');
    ports.public = await freePort();
    ports.admin = await freePort();
    const upstream = `server ${THIS_MACHINE}:${(keycloak.address() as AddressInfo).port}`;
    const config = (read('keycloak.conf') + read('tls-in-front.conf'))
      .replaceAll(/server keycloak-\d:8080/g, upstream)
      .replaceAll(/\b8081\b/g, String(ports.public))
      .replaceAll(/\b8082\b/g, String(ports.admin))
      .replaceAll('172.28.0.1', THIS_MACHINE);
    nginx = await runNginx(config, `http://${THIS_MACHINE}:${ports.public}/`, folder);
  });
  after(async () => {
    await nginx?.end('SIGTERM');
    keycloak.close();
    rmSync(folder, { recursive: true });
  });

  /** The path as it is written: `fetch` would tidy it up. */
  async function ask(port: number, path: string, headers = {}, localAddress = THIS_MACHINE) {
    const call = request({ host: THIS_MACHINE, port, path, headers, localAddress, agent: false }).end();
    const [answer] = await once(call, 'response');
    if (answer.statusCode !== 200) {
      answer.resume();
      return { status: answer.statusCode as number, seen: undefined };
    }
    return { status: 200, seen: (await json(answer)) as Seen };
  }

  it('shows the public what it needs: realms, resources and well-known documents', async () => {
    for (const path of [
      '/realms/my-realm/protocol/openid-connect/auth?client_id=my-api',
      '/realms/my-realm/clients-registrations/default/https%3A%2F%2Fsp.example.com',
      '/realms/my%20realm/account/?a=..;//%2e',
      '/realms/m%C3%BCnchen/account/',
      '/realms/master-2.shop/account/',
      '/realms/my-realm?of=/realms/master',
      '/realms/my-realm/.well-known/openid-configuration',
      '/resources/abcde/login/keycloak.v2/css/styles.css',
      '/.well-known/oauth-authorization-server/realms/my-realm',
    ]) {
      const { status, seen } = await ask(ports.public, path);
      assert.deepEqual([status, seen?.url], [200, path]);
    }
  });

  it('hides the console, the Admin API, metrics and health from the public, however they are written', async () => {
    for (const path of [
      '/',
      '/admin',
      '/admin/',
      '/admin/master/console/',
      '/admin/realms/master/users',
      '//admin/realms',
      '/%61dmin/realms',
      '/realms/../admin/realms',
      '/realms/%2e%2e/admin/realms',
      '/realms/..%2fadmin/realms',
      '/realms/..;/admin/realms',
      '/realms/;/../admin/realms',
      '/realms/%3B/../admin/realms',
      '/realms/.%2e/admin/realms',
      '/realms//../admin/realms',
      '/realms/..\\..\\admin',
      '/realms/..%5Cadmin',
      '/realms/x/%2e%2e%2F%2e%2e%2Fadmin/',
      '/realms/master/..;x=1/..;/admin/realms',
      '/ADMIN/realms',
      '/realms',
      '/metrics',
      '/health/ready',
      '/management/health',
    ]) {
      assert.deepEqual(await ask(ports.public, path), { status: 404, seen: undefined }, path);
    }
  });

  it('hides realm master from the public, however it is written', async () => {
    const names = [
      'master',
      'Master',
      '%6daster',
      'm%61ster',
      'maste%72',
      'master;a=b',
      'master%3Ba',
      '/master',
    ];
    names.push(';/master', './master', '%2Fmaster', '\\master', 'master%', 'master%00', 'my-realm/../master');
    for (const name of names) {
      for (const rest of [
        '',
        '/',
        '?a=b',
        '/protocol/openid-connect/token',
        '/.well-known/openid-configuration',
      ]) {
        const path = `/realms/${name}${rest}`;
        const { status, seen } = await ask(ports.public, path);
        // What no server takes for a path is 400.
        assert.deepEqual([status === 400 ? 404 : status, seen], [404, undefined], path);
      }
    }
  });

  it('has all of Keycloak at the port for admins', async () => {
    for (const path of ['/', '/admin/master/console/', '/admin/realms/master/users', '/realms/master']) {
      const { status, seen } = await ask(ports.admin, path);
      assert.deepEqual([status, seen?.url], [200, path]);
    }
  });

  it('believes the TLS proxy of this machine about the client, and no word of anybody else', async () => {
    const said = { 'x-forwarded-for': '198.51.100.9, 203.0.113.7' };
    const from = async (headers: object, localAddress?: string) =>
      (await ask(ports.public, '/realms/my-realm', headers, localAddress)).seen?.headers['x-forwarded-for'];
    assert.equal(await from(said), '203.0.113.7');
    assert.equal(await from(said, ELSEWHERE), ELSEWHERE);
    assert.equal(await from({}), THIS_MACHINE);
  });
});
