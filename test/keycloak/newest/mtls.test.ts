import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fastify from 'fastify';
import { keycloakGuard } from '../../../packages/guard/src/adapters/fastify/index.ts';
import { keycloak as forNode } from '../../../packages/guard/src/adapters/node/index.ts';
import { ClientError, createClient } from '../../../packages/guard/src/client/index.ts';
import type { VerifierOptions } from '../../../packages/guard/src/core/index.ts';
import { createTestCertificate, type TestCertificate } from '../../support/certificates.ts';
import { decodePart } from '../../support/signing-keys.ts';
import { createTlsFetch } from '../support/tls-fetch.ts';
import { startTlsKeycloak, type TlsKeycloak } from '../support/tls-keycloak.ts';

// RFC 8705 with a Keycloak of its own: that of the other tests speaks no https.

const api = createTestCertificate('localhost');
const machine = createTestCertificate('machine');
const stranger = createTestCertificate('stranger');
let keycloak: TlsKeycloak;

before(async () => {
  keycloak = await startTlsKeycloak([machine, stranger]);
});
after(() => keycloak?.close());

/** The client, as Keycloak knows it; which certificate it shows is another matter. */
function startClient(shown?: TestCertificate) {
  const { url: serverUrl, realm, machineSecret: clientSecret } = keycloak;
  const fetch = createTlsFetch(keycloak.certificate, shown);
  return createClient({ serverUrl, realm, clientId: 'machine', clientSecret, fetch });
}

interface Api {
  /** The status of the answer, and who was let in. */
  send(token: string, shown?: TestCertificate): Promise<[status: number, username: unknown]>;
  close(): Promise<void>;
}

const TLS = { key: api.key, cert: api.cert, requestCert: true, rejectUnauthorized: false };

/** Every token is asked about, so that Keycloak's answer counts too. */
const toOptions = (clientCertificate: VerifierOptions['clientCertificate']): VerifierOptions => ({
  serverUrl: keycloak.url,
  realm: keycloak.realm,
  clientId: 'api',
  clientSecret: keycloak.apiSecret,
  tokenCheck: 'remote',
  fetch: createTlsFetch(keycloak.certificate),
  onNotice: false,
  clientCertificate,
});

const toApi = (port: number, close: Api['close']): Api => ({
  close,
  async send(token, shown) {
    const answer = await createTlsFetch(api, shown)(`https://localhost:${port}/me`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const body = (await answer.json()) as { username?: unknown };
    if (answer.status === 401) {
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token"/);
    }
    return [answer.status, body.username];
  },
});

async function startNode(options: VerifierOptions): Promise<Api> {
  const kc = forNode(options);
  const me = kc.guard({}, (request, response) =>
    response.end(JSON.stringify({ username: request.principal?.username })),
  );
  const server = createServer(TLS, me as never).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return toApi((server.address() as AddressInfo).port, async () => {
    server.closeAllConnections();
    server.close();
    await kc.close();
  });
}

async function startFastify(options: VerifierOptions): Promise<Api> {
  const app = fastify({ https: TLS });
  await app.register(keycloakGuard, options);
  app.get('/me', { onRequest: app.guard() }, ({ principal }) => ({ username: principal?.username }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return toApi((app.server.address() as AddressInfo).port, () => app.close() as never);
}

describe('a token that Keycloak bound to a certificate', () => {
  for (const [name, start] of [
    ['node', startNode],
    ['fastify', startFastify],
  ] as const) {
    test(`${name}: is good with that certificate, and refused with another and with none`, async (t) => {
      const { accessToken, tokenType } = await startClient(machine).passwordGrant(keycloak.user);
      assert.equal(tokenType, 'bearer');
      const { cnf, typ } = decodePart<{ cnf?: Record<string, string>; typ: string }>(accessToken, 1);
      const thumbprint = createHash('sha256').update(machine.x509.raw).digest('base64url');
      assert.deepEqual([typ, cnf], ['Bearer', { 'x5t#S256': thumbprint }]);

      const guarded = await start(toOptions('connection'));
      t.after(() => guarded.close());
      for (const [shown, expected] of [
        [machine, [200, 'abdullah']],
        [stranger, [401, undefined]],
        [undefined, [401, undefined]],
        [machine, [200, 'abdullah']],
      ] as const) {
        assert.deepEqual(await guarded.send(accessToken, shown), expected, shown?.x509.subject ?? 'none');
      }

      const blind = await start(toOptions('off'));
      t.after(() => blind.close());
      assert.deepEqual(
        await blind.send(accessToken, machine),
        [401, undefined],
        'nobody looks at certificates',
      );
    });
  }

  test('is issued and refreshed to nobody without the certificate', async () => {
    const isRefused = (error: unknown) => error instanceof ClientError;
    await assert.rejects(startClient().passwordGrant(keycloak.user), isRefused);
    const { refreshToken } = await startClient(machine).passwordGrant(keycloak.user);
    for (const thief of [startClient(), startClient(stranger)]) {
      await assert.rejects(thief.refresh(refreshToken as string), isRefused);
    }
    const fresh = await startClient(machine).refresh(refreshToken as string);
    const guarded = await startNode(toOptions('connection'));
    try {
      assert.deepEqual(await guarded.send(fresh.accessToken, machine), [200, 'abdullah']);
      assert.deepEqual(await guarded.send(fresh.accessToken, stranger), [401, undefined]);
    } finally {
      await guarded.close();
    }
  });
});

describe('a client that its certificate proves', () => {
  test('gets tokens with the files of that certificate, and with those of another one nothing', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'by-certificate-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const authorityFile = write('authority.pem', keycloak.certificate.cert);
    const startWith = (name: string, shown: TestCertificate) =>
      createClient({
        ...{ serverUrl: keycloak.url, realm: keycloak.realm, clientId: 'by-certificate', timeoutMs: 30_000 },
        credential: {
          certificateFile: write(`${name}.crt`, shown.cert),
          certificateKeyFile: write(`${name}.key`, shown.key),
          authorityFile,
        },
        fetch: createTlsFetch(keycloak.certificate),
      });
    const { accessToken } = await startWith('machine', machine).clientCredentials();
    assert.equal(decodePart<{ azp: string }>(accessToken, 1).azp, 'by-certificate');
    await assert.rejects(startWith('stranger', stranger).clientCredentials(), (error) => {
      assert.ok(error instanceof ClientError);
      assert.equal(error.kind, 'client_misconfigured', error.message);
      return true;
    });
  });
});
