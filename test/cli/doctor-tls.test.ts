import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { firstTrouble, settingsFor, visitDoctor } from './doctor-visit.ts';

describe('the doctor, and certificates', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'doctor-certificates-'));
    // An authority, one below it, and what they sign.
    sign('root', '/O=House/CN=House Root', { isAuthority: true });
    sign('inner', '/O=House/CN=House Inner', { by: 'root', isAuthority: true });
    sign('good', '/CN=sso.example.test', { by: 'inner' });
    sign('elsewhere', '/CN=elsewhere.example.test', { names: 'DNS:elsewhere.example.test' });
    sign('self', '/O=Keycloak/CN=localhost');
  });
  after(() => rmSync(folder, { recursive: true }));

  const path = (name: string) => join(folder, name);
  const read = (name: string) => readFileSync(path(name), 'utf8');

  function sign(
    name: string,
    subject: string,
    {
      by,
      isAuthority = false,
      names = 'IP:127.0.0.1',
    }: { by?: string; isAuthority?: boolean; names?: string } = {},
  ): void {
    const run = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
    run('genrsa', '-out', path(`${name}.key`), '2048');
    run('req', '-new', '-key', path(`${name}.key`), '-subj', subject, '-out', path(`${name}.csr`));
    const extension = isAuthority ? 'basicConstraints=critical,CA:TRUE' : `subjectAltName=${names}`;
    writeFileSync(path(`${name}.ext`), extension);
    const signer =
      by === undefined
        ? ['-signkey', path(`${name}.key`)]
        : ['-CA', path(`${by}.pem`), '-CAkey', path(`${by}.key`), '-CAcreateserial'];
    run(
      'x509',
      '-req',
      '-in',
      path(`${name}.csr`),
      ...signer,
      '-days',
      '30',
      '-extfile',
      path(`${name}.ext`),
      '-out',
      path(`${name}.pem`),
    );
  }

  async function look(options: TlsOptions) {
    const server = createServer(options, (_, answer) => answer.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const told = firstTrouble(await visitDoctor({ settings: settingsFor(url) }));
      assert.deepEqual([told.id, told.status], ['address.tls', 'fail']);
      return told;
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test('a self-signed one: says so, and who signed it', async () => {
    const told = await look({ key: read('self.key'), cert: read('self.pem') });
    assert.match(told.cause, /^the certificate is self-signed \(by 'O=Keycloak, CN=localhost'\)/);
    assert.match(told.fix, /openssl s_client.*SHA-256 ([0-9A-F]{2}:){31}.*NODE_EXTRA_CA_CERTS/);
  });

  test('a whole chain of an authority that Node does not know: names the authority', async () => {
    const cert = read('good.pem') + read('inner.pem') + read('root.pem');
    const told = await look({ key: read('good.key'), cert });
    assert.match(told.cause, /an authority that Node does not know: 'O=House, CN=House Root'/);
    assert.match(told.fix, /^Give the authority to Node: NODE_EXTRA_CA_CERTS/);
  });

  test('a chain that breaks off after the first: says what is missing', async () => {
    const told = await look({ key: read('good.key'), cert: read('good.pem') });
    assert.match(
      told.cause,
      /'O=House, CN=House Inner'.*an intermediate certificate is missing, or the authority is one of your own/,
    );
    assert.match(told.fix, /send the whole chain/);
  });

  test('a server that wants a certificate of its client speaks HTTPS all the same', async () => {
    const options = {
      key: read('self.key'),
      cert: read('self.pem'),
      maxVersion: 'TLSv1.2',
      ciphers: 'AES128-SHA',
    } as const;
    const told = await look({ ...options, minVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' });
    assert.match(told.cause, /speaks HTTPS, but/);
    assert.doesNotMatch(told.fix, /Use http:/);
  });
});
