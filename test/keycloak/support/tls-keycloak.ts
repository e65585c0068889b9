import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKeycloak } from '../../../tools/run/keycloak/index.ts';
import { AUDIENCE } from '../../contract/permissions/settings.ts';
import { createTestCertificate, type TestCertificate } from '../../support/certificates.ts';
import { freePort } from '../../support/free-port.ts';
import { callAdmin } from './real-keycloak.ts';
import { toUser } from './user.ts';

/** A Keycloak that speaks https and looks at the certificates of clients, with one that gets bound tokens. */
export interface TlsKeycloak {
  /** By https. */
  readonly url: string;
  /** Of the server itself. */
  readonly certificate: TestCertificate;
  readonly realm: string;
  /** The client `machine`, whose tokens are bound to the certificate that it shows. */
  readonly machineSecret: string;
  /** The client `api`, which is the audience of those tokens. */
  readonly apiSecret: string;
  readonly user: { readonly username: string; readonly password: string };
  close(): Promise<void>;
}

/** @param clients certificates that Keycloak lets through the handshake: Java's TLS takes none that it cannot trace back */
export async function startTlsKeycloak(clients: readonly TestCertificate[]): Promise<TlsKeycloak> {
  const certificate = createTestCertificate('localhost');
  const folder = await mkdtemp(join(tmpdir(), 'tls-keycloak-'));
  const [key, cert, trusted] = ['key.pem', 'cert.pem', 'clients.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(key, certificate.key, { mode: 0o600 });
  await writeFile(cert, certificate.cert);
  await writeFile(trusted, clients.map((one) => one.cert).join(''));
  const port = await freePort();
  const server = await startKeycloak({
    env: {
      KC_HTTPS_PORT: String(port),
      KC_HTTPS_CERTIFICATE_FILE: cert,
      KC_HTTPS_CERTIFICATE_KEY_FILE: key,
      KC_HTTPS_CLIENT_AUTH: 'request',
      KC_TRUSTSTORE_PATHS: trusted,
    },
  });
  const close = async () => {
    await server.close();
    await rm(folder, { recursive: true });
  };
  const [realm, machineSecret, apiSecret] = ['bound', randomUUID(), randomUUID()];
  const user = { username: 'abdullah', password: randomUUID() };
  try {
    await callAdmin({ ...server, realm }, 'POST', '', toRealm(realm, machineSecret, apiSecret, user));
  } catch (error) {
    await close();
    throw error;
  }
  return { url: `https://localhost:${port}`, certificate, realm, machineSecret, apiSecret, user, close };
}

function toRealm(realm: string, secret: string, apiSecret: string, user: TlsKeycloak['user']) {
  return {
    realm,
    enabled: true,
    clients: [
      {
        clientId: 'machine',
        secret,
        directAccessGrantsEnabled: true,
        serviceAccountsEnabled: true,
        attributes: { 'tls.client.certificate.bound.access.tokens': 'true' },
        protocolMappers: [AUDIENCE],
      },
      { clientId: 'api', secret: apiSecret },
      // It has no secret: the certificate of `machine` proves it (RFC 8705 §2.1).
      {
        clientId: 'by-certificate',
        clientAuthenticatorType: 'client-x509',
        serviceAccountsEnabled: true,
        attributes: { 'x509.subjectdn': 'CN=machine' },
      },
    ],
    users: [toUser(user)],
  };
}
