import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CHECKS } from '../../packages/cli/src/doctor/checks/index.ts';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { createTestCertificate } from '../support/certificates.ts';
import { REALM_FILE, startTestIdp } from '../support/dev-idp.ts';
import { firstTrouble, settingsFor, troubles, visitDoctor } from './doctor-visit.ts';
import { askDoctor } from './support/ask-doctor.ts';

const USER = { DOCTOR_USER: 'abdullah', DOCTOR_PASSWORD: 'Test#123456' };

describe('the doctor, on the way to Keycloak', () => {
  let idp: DevIdp;
  const servers: Server[] = [];
  before(async () => {
    idp = await startTestIdp();
  });
  after(async () => {
    for (const server of servers) server.close();
    await idp.close();
  });

  async function listen(server: Server, scheme = 'http'): Promise<string> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const serve = (listener: RequestListener) => listen(createServer(listener));

  /** Passes requests on to the provider, as a proxy would. */
  const passOn =
    (strip: string): RequestListener =>
    (incoming, outgoing) => {
      const path = incoming.url ?? '';
      if (!path.startsWith(strip)) {
        outgoing.writeHead(404).end('<html><body>Resource not found</body></html>');
        return;
      }
      const { host: _host, ...headers } = incoming.headers;
      const onward = request(
        idp.url + path.slice(strip.length),
        { method: incoming.method, headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        },
      );
      incoming.pipe(onward);
    };

  async function assertFirst(url: string, id: string, cause: RegExp, fix: RegExp): Promise<void> {
    const trouble = firstTrouble(await visitDoctor({ settings: settingsFor(url) }));
    assert.deepEqual([trouble.id, trouble.status], [id, 'fail']);
    assert.match(trouble.cause, cause);
    assert.match(trouble.fix, fix);
    assert.notEqual(trouble.seen, '');
  }

  test('a provider that is well gives no trouble, a whole login included', async () => {
    const results = await visitDoctor({ settings: settingsFor(idp.url), env: USER });
    assert.deepEqual(troubles(results), []);
    assert.equal(results.find(({ id }) => id === 'login.logout')?.status, 'ok');
    assert.equal(
      results.find(({ id }) => id === 'client.events')?.status,
      'skipped',
      'they are not followed',
    );
    assert.deepEqual(idp.sessionsOf('abdullah'), [], 'no session is left behind');
  });

  test('a client is asked for the callback of the service alone, and told by that name', async () => {
    const uris = ['http://localhost:8000/auth/callback'];
    const { redirectUris } = JSON.parse(readFileSync(REALM_FILE, 'utf8')).clients[0];
    idp.updateClient('fastapi-keycloak', { redirectUris: uris });
    assert.deepEqual(troubles(await visitDoctor({ settings: settingsFor(idp.url) })), []);
    idp.updateClient('fastapi-keycloak', { redirectUris: ['http://localhost:8000/callback'] });
    const results = await visitDoctor({ settings: settingsFor(idp.url) });
    const trouble = firstTrouble(results);
    assert.deepEqual([trouble.id, trouble.status], ['client.redirect-uri', 'fail']);
    // Keycloak looks at the address first, and then at nothing else.
    for (const name of ['client.standard-flow', 'client.pkce', 'client.par', 'client.browser-login'])
      assert.equal(results.find(({ id }) => id === name)?.seen, 'needs client.redirect-uri', name);
    assert.match(
      trouble.cause,
      /^http:\/\/localhost:8000\/auth\/callback is not among the valid redirect URIs/,
    );
    assert.match(trouble.fix, /add http:\/\/localhost:8000\/auth\/callback /);
    idp.updateClient('fastapi-keycloak', { redirectUris });
  });

  test('the issuer that is set is not that of Keycloak', async () => {
    const [url, old] = [await serve(passOn('')), 'http://old.example/realms/testing'];
    const results = await visitDoctor({ settings: { ...settingsFor(url), KEYCLOAK_ISSUER: old }, env: USER });
    const trouble = firstTrouble(results);
    const { id, status, seen } = trouble;
    assert.deepEqual([id, status, seen], ['issuer.discovery', 'fail', `issuer ${idp.issuer}`]);
    assert.match(trouble.cause, /^KEYCLOAK_ISSUER is another one, http:\/\/old\.example\/realms\/testing/);
    assert.ok(trouble.fix.startsWith(`KEYCLOAK_ISSUER=${idp.issuer}`), trouble.fix);
    // They could only repeat it.
    for (const name of ['issuer.hostname', 'login.token'])
      assert.equal(results.find((one) => one.id === name)?.seen, 'needs issuer.discovery', name);
  });

  test('nothing listens at the port', async () => {
    const server = createTcpServer();
    const url = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    await assertFirst(url, 'address.port', /nothing listens/, /Start Keycloak/);
  });

  test('the host name does not resolve', async () => {
    await assertFirst('http://keycloak.invalid:8080', 'address.dns', /does not resolve/, /Docker/);
  });

  test('the port takes connections and says nothing', async () => {
    const url = await listen(createTcpServer(() => {}));
    await assertFirst(url, 'address.keycloak', /did not answer in time/, /KEYCLOAK_TIMEOUT_MS/);
  });

  test('the port speaks another protocol', async () => {
    const url = await listen(
      createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n')),
    );
    await assertFirst(url, 'address.keycloak', /does not answer in HTTP/, /https:\/\//);
  });

  test('https is asked of a port that speaks http', async () => {
    await assertFirst(idp.url.replace('http:', 'https:'), 'address.tls', /speaks HTTPS/, /Use http:\/\//);
  });

  test('a certificate that nobody vouches for, and http at a port that speaks https', async () => {
    const { key, cert } = createTestCertificate('localhost');
    const server = createTlsServer({ key, cert }, passOn(''));
    const url = await listen(server, 'https');
    await assertFirst(url, 'address.tls', /self-signed \(by 'CN=localhost'\)/, /NODE_EXTRA_CA_CERTS/);
    await assertFirst(
      url.replace('https:', 'http:'),
      'address.keycloak',
      /does not answer in HTTP/,
      /https:\/\//,
    );
  });

  test('/auth is too much', async () => {
    await assertFirst(
      `${idp.url}/auth`,
      'address.keycloak',
      /\/auth is too much/,
      new RegExp(`KEYCLOAK_SERVER_URL=${idp.url}\\n`),
    );
  });

  test('/auth is missing', async () => {
    const url = await serve(passOn('/auth'));
    await assertFirst(
      url,
      'address.keycloak',
      /\/auth is missing/,
      new RegExp(`KEYCLOAK_SERVER_URL=${url}/auth$`),
    );
    assert.deepEqual(
      troubles(await visitDoctor({ settings: settingsFor(`${url}/auth`) })).filter(
        ({ id }) => id !== 'issuer.hostname',
      ),
      [],
    );
  });

  test('the address of the admin console was copied', async () => {
    await assertFirst(
      `${idp.url}/admin/master/console/`,
      'address.keycloak',
      /too much/,
      new RegExp(`KEYCLOAK_SERVER_URL=${idp.url}\\n`),
    );
  });

  test('a proxy redirects to https', async () => {
    const url = await serve((incoming, outgoing) => {
      outgoing.writeHead(301, { location: `https://sso.example.com${incoming.url}` }).end();
    });
    await assertFirst(url, 'address.keycloak', /redirects to https:\/\/sso\.example\.com/, /final address/);
  });

  test('a proxy does not reach Keycloak', async () => {
    const url = await serve((_, outgoing) => {
      outgoing
        .writeHead(502, { 'content-type': 'text/html' })
        .end('<html><body><h1>502 Bad Gateway</h1></body></html>');
    });
    await assertFirst(url, 'address.keycloak', /not well \(HTTP 502\)/, /proxy does not reach Keycloak/);
  });

  test('another program answers', async () => {
    const url = await serve((_, outgoing) => {
      outgoing
        .writeHead(200, { 'content-type': 'text/html', server: 'grafana' })
        .end('<html><body>Welcome</body></html>');
    });
    await assertFirst(
      url,
      'address.keycloak',
      /not Keycloak\. It calls itself 'grafana'\. It says: Welcome/,
      /host, port and path/,
    );
  });

  test('the management port was taken for the port for users', async () => {
    const url = await serve((incoming, outgoing) => {
      if (incoming.url !== '/health/live')
        return outgoing.writeHead(404).end('<html><body>Resource not found</body></html>');
      return outgoing
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"status":"UP","checks":[]}');
    });
    await assertFirst(url, 'address.keycloak', /management port/, /8080/);
  });

  test('Keycloak fails at the token endpoint', async () => {
    idp.answerWithError(500, 'token');
    await assertFirst(idp.url, 'client.password-grant', /HTTP 500/, /Keycloak's log/);
    idp.answerNormally();
  });

  test('a proxy puts something else in the place of the discovery document', async () => {
    idp.answerGarbage('discovery');
    await assertFirst(idp.url, 'issuer.discovery', /cannot be read/, /well-known/);
    idp.answerNormally();
  });

  test('clocks that differ are a warning while tokens are good, and a failure when a fresh one is expired', async () => {
    for (const [seconds, status, seen] of [
      [120, 'warn', /1[12]\d s ahead/],
      [-660, 'fail', /66\d s behind|65\d s behind/],
    ] as const) {
      idp.advanceClock(seconds);
      const results = await visitDoctor({ settings: settingsFor(idp.url), env: USER });
      const skew = results.find(({ id }) => id === 'clock.skew');
      assert.equal(skew?.status, status);
      assert.match(skew?.seen ?? '', seen);
      assert.match(skew?.fix ?? '', /NTP/);
      idp.advanceClock(-seconds);
    }
  });

  test('settings that are missing are all named, with what they must be', async () => {
    const { KEYCLOAK_REALM: _, KEYCLOAK_CLIENT_SECRET: __, ...settings } = settingsFor(idp.url);
    const results = await visitDoctor({ settings });
    const trouble = firstTrouble(results);
    assert.equal(trouble.id, 'settings.valid');
    assert.match(trouble.seen, /KEYCLOAK_REALM is not set\. KEYCLOAK_CLIENT_SECRET is not set\./);
    assert.match(trouble.fix, /KEYCLOAK_REALM=testing/);
    assert.equal(troubles(results).length, 1, 'what rests on the settings is not looked at');
  });

  test('a .env that others can read is a warning, where it holds a secret', async () => {
    const envFile = join(mkdtempSync(join(tmpdir(), 'doctor-network-')), '.env');
    const visit = async (settings: Record<string, string>) => {
      const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`);
      writeFileSync(envFile, lines.join(''), { mode: 0o644 });
      return askDoctor(CHECKS, 'settings.env-file', { options: { envFile } });
    };
    const { KEYCLOAK_CLIENT_SECRET, ...others } = settingsFor(idp.url);
    const REDIS_URL = 'redis://:its-password@127.0.0.1:9';
    const found = await visit({ ...others, KEYCLOAK_CLIENT_SECRET: `${KEYCLOAK_CLIENT_SECRET}`, REDIS_URL });
    assert.equal(found?.status, 'warn');
    assert.match(found?.cause ?? '', /can read KEYCLOAK_CLIENT_SECRET, REDIS_URL$/);
    assert.match(found?.fix ?? '', /^chmod 600 /);
    assert.match(
      (await visit({ ...others, SESSION_SECRETS: 'old,new' }))?.cause ?? '',
      /read SESSION_SECRETS$/,
    );
    const without = { ...others, KEYCLOAK_CLIENT_SECRET_FILE: '/nowhere', REDIS_URL: 'redis://127.0.0.1:9' };
    assert.equal((await visit(without))?.status, 'ok');
  });

  /** What the doctor says of what answers at an address. */
  async function lookAt(url: string) {
    const results = await visitDoctor({ settings: settingsFor(idp.url), args: ['--running', url] });
    const service = results.filter(({ id }) => id.startsWith('service.'));
    assert.deepEqual(
      troubles(results).filter(({ id }) => !id.startsWith('service.')),
      [],
    );
    return Object.fromEntries(service.map((result) => [result.id, result]));
  }
  const statusesOf = (results: Awaited<ReturnType<typeof lookAt>>) =>
    Object.entries(results).map(([id, { status }]) => `${id.slice('service.'.length)} ${status}`);

  test('a service that is not running, and a program that is none', async () => {
    const gone = await lookAt('http://127.0.0.1:9');
    assert.deepEqual(statusesOf(gone), ['alive fail', 'client skipped', 'ready skipped']);
    assert.match(gone['service.alive']?.cause ?? '', /nothing answers/);
    const other = await lookAt(await serve((_, outgoing) => outgoing.end('<html>Welcome</html>')));
    assert.match(other['service.alive']?.cause ?? '', /not this service/);
    assert.equal(other['service.alive']?.status, 'fail');
  });

  test('an API of your own has no /health/live', async () => {
    const own = await serve((_, outgoing) =>
      outgoing.writeHead(404, { 'content-type': 'application/json' }).end('{}'),
    );
    const results = await lookAt(own);
    assert.deepEqual(statusesOf(results), ['alive skipped', 'client skipped', 'ready skipped']);
    assert.equal(results['service.alive']?.seen, 'no /health/live: an API of your own');
  });
});
