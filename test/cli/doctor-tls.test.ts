import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { judgeHandshake } from '../../packages/cli/src/doctor/checks/address.ts';
import { firstTrouble, settingsFor, visitDoctor } from './doctor-visit.ts';

describe('the doctor, and certificates', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'doctor-certificates-'));
    // What openssl takes from its own configuration makes each an authority.
    writeFileSync(path('none.cnf'), '[req]\ndistinguished_name = name\n[name]\n');
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
    const extension = isAuthority ? 'basicConstraints=critical,CA:TRUE' : `subjectAltName=${names}`;
    const signer = by === undefined ? [] : ['-CA', path(`${by}.pem`), '-CAkey', path(`${by}.key`)];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
        ...['-config', path('none.cnf'), '-days', '30', '-subj', subject, '-addext', extension, ...signer],
        ...['-keyout', path(`${name}.key`), '-out', path(`${name}.pem`)],
      ],
      { stdio: 'ignore' },
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
    assert.match(
      told.fix,
      /openssl s_client.*SHA-256 ([0-9A-F]{2}:){31}.*NODE_EXTRA_CA_CERTS=\S+ \(not in \.env\)/,
    );
  });

  test('a whole chain of an authority that Node does not know: names the authority', async () => {
    const cert = read('good.pem') + read('inner.pem') + read('root.pem');
    const told = await look({ key: read('good.key'), cert });
    assert.match(told.cause, /an authority that Node does not know: 'O=House, CN=House Root'/);
    assert.match(told.fix, /^Give the authority to Node: NODE_EXTRA_CA_CERTS=.*not in \.env/);
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
    const told = await look({ ...options, minVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' });
    assert.match(told.cause, /speaks HTTPS, but/);
    assert.doesNotMatch(told.fix, /Use http:/);
  });
});

test('a handshake that fails: why, by the code of Node and the certificate', () => {
  const from = { CN: 'Root', O: 'Shop' };
  const given = {
    ...{
      subject: { CN: 'sso' },
      issuer: from,
      fingerprint256: 'AB',
      valid_to: 'Jan 2 2020',
      valid_from: 'Jan 3 2090',
    },
    subjectaltname: 'DNS:a.test, IP Address:10.0.0.1',
  };
  const judge = (failure: string, certificate?: object) =>
    judgeHandshake(failure, certificate as never, new URL('https://sso.test:8443'));
  const cause = (...args: Parameters<typeof judge>) => judge(...args).cause;
  assert.equal(judge('EXPIRED', given).seen, 'sso.test:8443: EXPIRED (the certificate of CN=sso)');
  assert.equal(judge('EXPIRED').seen, 'sso.test:8443: EXPIRED');
  assert.match(
    cause('ERR_TLS_CERT_ALTNAME_INVALID', given),
    /not for the host sso\.test, but for a\.test, 10\.0\.0\.1$/,
  );
  assert.match(cause('ALTNAME', { ...given, subjectaltname: undefined }), /but for CN=sso$/);
  assert.match(cause('ALTNAME'), /but for nobody$/);
  assert.match(cause('CERT_HAS_EXPIRED', given), /^the certificate has expired on 2020-01-0\d \(or/);
  assert.match(cause('CERT_HAS_EXPIRED'), /^the certificate has expired \(or/);
  assert.match(cause('CERT_HAS_EXPIRED', { ...given, valid_to: 'x' }), /on an unreadable date/);
  assert.match(cause('CERT_NOT_YET_VALID', given), /not valid yet: it begins on 2090-01-0\d \(/);
  assert.match(cause('CERT_NOT_YET_VALID'), /not valid yet \(/);
  assert.match(cause('CERT_REVOKED', given), /^the certificate was revoked$/);
  const self = { ...given, issuer: given.subject };
  assert.match(cause('DEPTH_ZERO_SELF_SIGNED_CERT'), /^the certificate is self-signed \(by 'nobody'\)/);
  assert.match(cause('DEPTH_ZERO_SELF_SIGNED_CERT', self), /^the certificate is self-signed \(by 'CN=sso'\)/);
  assert.match(judge('UNABLE_TO_VERIFY_LEAF_SIGNATURE', self).fix, /fingerprint \(SHA-256 AB\) with/);
  assert.match(
    judge('DEPTH_ZERO_SELF_SIGNED_CERT').fix,
    /-connect sso\.test:8443 .*compare its fingerprint with/,
  );
  assert.match(
    cause('UNABLE_TO_VERIFY_LEAF_SIGNATURE', given),
    /does not know \('CN=Root, O=Shop'\), and Keycloak sends no certificate/,
  );
  assert.match(
    cause('UNABLE_TO_GET_ISSUER_CERT_LOCALLY', { ...given, issuerCertificate: { fingerprint256: 'AB' } }),
    /sends no certificate/,
  );
  const root: Record<string, unknown> = { subject: { CN: 'Top' }, fingerprint256: 'CD' };
  root.issuerCertificate = root;
  const chain = {
    ...given,
    issuerCertificate: { subject: from, fingerprint256: 'EF', issuerCertificate: root },
  };
  assert.match(cause('UNABLE_TO_GET_ISSUER_CERT_LOCALLY', chain), /that Node does not know: 'CN=Top'$/);
  assert.match(cause('SELF_SIGNED_CERT_IN_CHAIN', chain), /that Node does not know: 'CN=Top'$/);
  assert.match(cause('CERT_UNTRUSTED', given), /that Node does not know: 'CN=sso'$/);
  for (const alert of [
    'TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'SSLV3_ALERT_BAD_CERTIFICATE',
    'SSLV3_ALERT_HANDSHAKE_FAILURE',
  ])
    assert.match(cause(`ERR_SSL_${alert}`, given), /it wants a certificate of the client/, alert);
  assert.match(
    cause('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'),
    /but no TLS version or cipher that Node allows$/,
  );
  for (const code of ['ERR_SSL_WRONG_VERSION_NUMBER', 'EPROTO', 'ECONNRESET'])
    assert.match(cause(code), /^nothing at sso\.test:8443 speaks HTTPS$/, code);
  assert.match(cause('timed out'), /^the TLS handshake with sso\.test:8443 failed: timed out$/);
});
