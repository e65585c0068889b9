import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import type { Child } from '../../lab/reliability/machines/child.ts';
import { runNginx } from '../../lab/reliability/machines/nginx.ts';
import { keycloak } from '../../packages/guard/src/adapters/node/index.ts';
import { createTestCertificate, type TestCertificate } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { createTestRealm } from '../support/test-realm.ts';

// Needs nginx: npm test -- deploy. What docs/sensitive-routes.md says of nginx, with nginx.

const server = createTestCertificate('localhost');
const client = createTestCertificate('client');
const stranger = createTestCertificate('stranger');
const realm = createTestRealm();
const token = realm.mint({
  cnf: { 'x5t#S256': createHash('sha256').update(client.x509.raw).digest('base64url') },
});

describe('nginx, which says in a header which certificate a client has', () => {
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const kc = keycloak({
    ...{ serverUrl, realm: name, clientId, fetch, clock, onNotice: false },
    clientCertificate: { header: 'ssl-client-cert', trustedBy: ['127.0.0.1'] },
  });
  const guarded = kc.guard({}, ({ principal }, response) =>
    response.end(JSON.stringify({ detail: principal?.username })),
  );
  const api = createPlainServer((incoming, response) => {
    if (incoming.url === '/ready') response.end('{}');
    else guarded(incoming, response);
  });
  let nginx: Child;
  let folder: string;
  let port: number;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keycloak-guard-nginx-'));
    writeFileSync(join(folder, 'key.pem'), server.key, { mode: 0o600 });
    writeFileSync(join(folder, 'cert.pem'), server.cert);
    await once(api.listen(0, '127.0.0.1'), 'listening');
    port = await freePort();
    const plain = await freePort();
    const upstream = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    nginx = await runNginx(
      `server {
        listen 127.0.0.1:${plain};
        location = /ready { proxy_pass ${upstream}; }
      }
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${join(folder, 'cert.pem')};
        ssl_certificate_key ${join(folder, 'key.pem')};
        ssl_verify_client optional_no_ca;
        location / {
          proxy_pass ${upstream};
          proxy_set_header ssl-client-cert $ssl_client_escaped_cert;
        }
      }`,
      `http://127.0.0.1:${plain}/ready`,
      folder,
    );
  });
  after(async () => {
    await nginx?.end('SIGTERM');
    api.closeAllConnections();
    api.close();
    await kc.close();
    rmSync(folder, { recursive: true });
  });

  async function ask(shown?: TestCertificate, more: Record<string, string | string[]> = {}) {
    const mine = shown === undefined ? {} : { key: shown.key, cert: shown.cert };
    const agent = new Agent({ ca: server.cert, maxCachedSessions: 0, ...mine });
    const headers = { authorization: `Bearer ${token}`, ...more };
    const sent = request({
      host: '127.0.0.1',
      servername: 'localhost',
      port,
      path: '/me',
      headers,
      agent,
    }).end();
    const [answer] = await once(sent, 'response');
    return [answer.statusCode, ((await json(answer)) as { detail: string }).detail];
  }

  it('lets in who made the handshake with the certificate of the token, and nobody else', async () => {
    assert.deepEqual(await ask(client), [200, 'abdullah']);
    for (const shown of [stranger, undefined]) {
      assert.deepEqual(await ask(shown), [401, 'Could not validate credentials']);
    }
  });

  it('replaces what a client writes into that header, whatever its spelling, with a certificate or without', async () => {
    const forged = encodeURIComponent(client.cert);
    for (const shown of [stranger, undefined]) {
      for (const more of [
        { 'ssl-client-cert': forged },
        { 'SSL-Client-Cert': forged },
        { ssl_client_cert: forged },
        { 'ssl-client-cert': [forged, forged] },
        { 'client-cert': `:${client.x509.raw.toString('base64')}:` },
      ] as Record<string, string | string[]>[]) {
        assert.deepEqual(
          await ask(shown, more),
          [401, 'Could not validate credentials'],
          Object.keys(more).join(),
        );
      }
    }
    assert.deepEqual(await ask(client, { 'ssl-client-cert': 'garbage' }), [200, 'abdullah']);
  });
});
