import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  authenticate,
  type ClientCertificateSource,
  type RequestLike,
} from '../../packages/guard/src/core/index.ts';
import { createRequestGuard, type SocketLike } from '../../packages/guard/src/core/internal.ts';
import { createDpopClient } from '../support/dpop.ts';
import { assertAtOnce, assertRefused, refusalOf } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const DER = Buffer.from('a certificate of the client, as far as anybody here looks into one');
const PEM = `-----BEGIN CERTIFICATE-----\n${DER.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
const thumbprint = createHash('sha256').update(DER).digest('base64url');

const realm = createTestRealm();
const token = realm.mint({ cnf: { 'x5t#S256': thumbprint } });
const plain = realm.mint();

function send(source: ClientCertificateSource, request: Partial<RequestLike> = {}, sent = token) {
  const { headers, ...rest } = request;
  const whole = { ...rest, headers: { ...headers, authorization: `Bearer ${sent}` } };
  return authenticate(realm.verifier({ clientCertificate: source }), whole);
}

async function codeOf(...args: Parameters<typeof send>): Promise<string> {
  try {
    return (await send(...args)).username as string;
  } catch {
    return (await refusalOf(() => send(...args))).code;
  }
}

const socket = (raw: Buffer | undefined = DER, more: Partial<SocketLike> = {}): SocketLike => ({
  encrypted: true,
  getPeerX509Certificate: () => (raw === undefined ? undefined : { raw }),
  ...more,
});

describe('a token that is bound to a certificate', () => {
  it('is refused where nobody looks at certificates', async () => {
    assert.equal(await codeOf('off', { socket: socket() }), 'token_bound');
  });

  it('is good with the header that a proxy sent, not with one that was added to it later', async () => {
    const source = { header: 'client-cert', trustedBy: ['10.0.0.1'] } as const;
    const proxy = { remoteAddress: '10.0.0.1' };
    const value = `:${DER.toString('base64')}:`;
    const headers = { 'client-cert': value };
    const codeWith = (...rawHeaders: string[]) => codeOf(source, { socket: proxy, headers, rawHeaders });
    assert.equal(await codeWith('Host', 'api', 'Client-Cert', value), 'abdullah');
    assert.equal(await codeWith('Host', 'api'), 'token_bound');
    assert.equal(await codeWith('Client-Cert', value, 'client-cert', value), 'token_bound');
    assert.equal(await codeWith(), 'abdullah', 'a platform without raw headers');
  });

  it('is good on a connection with that certificate, and on no other', async () => {
    assert.equal(await codeOf('connection', { socket: socket() }), 'abdullah');
    assert.equal(await codeOf('connection', { socket: socket(Buffer.from('another')) }), 'token_binding');
    assert.equal(
      await codeOf('connection', { socket: { encrypted: true, getPeerX509Certificate: () => undefined } }),
      'token_bound',
    );
    assert.equal(await codeOf('connection', { socket: {} }), 'token_bound');
    assert.equal(await codeOf('connection', {}), 'token_bound');
    assert.equal(
      await codeOf('connection', { headers: { 'client-cert': `:${DER.toString('base64')}:` } }),
      'token_bound',
    );
  });

  it('is looked at by a guard as well', async () => {
    const guard = createRequestGuard<RequestLike, null>(
      realm.verifier({ clientCertificate: 'connection' }),
      {},
      { toRequest: (request) => request },
    );
    const from = (raw: Buffer) => ({ headers: { authorization: `Bearer ${token}` }, socket: socket(raw) });
    assert.equal((await guard.decide(from(DER), null))?.username, 'abdullah');
    await assertRefused(() => guard.decide(from(Buffer.from('another')), null), 'token_binding');
  });

  it('is known, and still looked at: at once, and the certificate is read once for each connection', async () => {
    let reads = 0;
    const getPeerX509Certificate = () => ({ raw: DER, count: reads++ });
    const one = socket(DER, { getPeerX509Certificate });
    const verifier = realm.verifier({ clientCertificate: 'connection' });
    const request = { headers: { authorization: `Bearer ${token}` }, socket: one };
    await authenticate(verifier, request);
    assertAtOnce(authenticate(verifier, request));
    assert.equal(reads, 1);
    await assertRefused(
      () => authenticate(verifier, { ...request, socket: socket(Buffer.from('b')) }),
      'token_binding',
    );
    assertAtOnce(authenticate(verifier, request));
  });

  it('is not asked for where the token is not bound', async () => {
    const never = socket(DER, {
      getPeerX509Certificate: () => assert.fail('the certificate was read'),
    });
    assert.equal(await codeOf('connection', { socket: never }, plain), 'abdullah');
  });

  it('may be bound to a key besides, and then both have to be shown', async () => {
    const client = createDpopClient();
    const both = realm.mint({ cnf: { jkt: client.jkt, 'x5t#S256': thumbprint } });
    const uri = 'https://api.example.com/a';
    const verifier = realm.verifier({
      clientCertificate: 'connection',
      dpop: 'accepted',
      publicUrl: 'https://api.example.com',
    });
    const send = (more: Partial<RequestLike>) => {
      const dpop = client.proof({ token: both, uri, now: realm.now });
      const headers = { authorization: `DPoP ${both}`, dpop };
      return authenticate(verifier, { method: 'GET', url: '/a', headers, ...more });
    };
    await send({ socket: socket() });
    await assertRefused(() => send({}), 'token_bound');
    await assertRefused(async () => verifier.verify(both, { jkt: client.jkt }), 'token_bound');
    const headers = { authorization: `Bearer ${both}` };
    await assertRefused(() => authenticate(verifier, { headers, socket: socket() }), 'token_bound');
  });
});

it('a token that is bound to a key alone asks for no certificate, and none is in its way', async () => {
  const client = createDpopClient();
  const bound = realm.mint({ cnf: { jkt: client.jkt } });
  const options = { dpop: 'accepted', publicUrl: 'https://api.example.com' } as const;
  const verifier = realm.verifier({ ...options, clientCertificate: 'connection' });
  for (const one of [{}, socket()]) {
    const dpop = client.proof({ token: bound, uri: 'https://api.example.com/a', now: realm.now });
    const headers = { authorization: `DPoP ${bound}`, dpop };
    assert.ok(await authenticate(verifier, { method: 'GET', url: '/a', headers, socket: one }));
  }
});

describe('the header of a proxy', () => {
  const nginx: ClientCertificateSource = { header: 'ssl-client-cert', trustedBy: ['10.0.0.0/8', 'fd00::1'] };
  const rfc9440: ClientCertificateSource = {
    header: 'client-cert',
    trustedBy: ['10.0.0.0/8', 'fd00::1', 'fd01::/16'],
  };
  const good = `:${DER.toString('base64')}:`;
  const from = (remoteAddress: string | undefined, value: string | undefined, header = 'client-cert') => ({
    headers: value === undefined ? {} : { [header]: value },
    socket: { remoteAddress },
  });

  it('counts from whoever is trusted with it', async () => {
    for (const address of ['10.0.0.1', '10.255.1.2', '::ffff:10.0.0.1', 'fd00::1', 'fd01::7']) {
      assert.equal(await codeOf(rfc9440, from(address, good)), 'abdullah', address);
    }
  });

  it('counts for nothing from anybody else', async () => {
    for (const address of [
      '11.0.0.1',
      '127.0.0.1',
      '::1',
      'fd00::2',
      '::ffff:11.0.0.1',
      '',
      undefined,
      'proxy',
    ]) {
      assert.equal(await codeOf(rfc9440, from(address, good)), 'token_bound', String(address));
    }
    assert.equal(await codeOf(rfc9440, { headers: { 'client-cert': good } }), 'token_bound');
    const direct = { ...from('11.0.0.1', good), socket: socket(DER, { remoteAddress: '11.0.0.1' }) };
    assert.equal(await codeOf(rfc9440, direct), 'abdullah', 'the certificate of the connection itself');
  });

  it('stands in place of the certificate of the connection, which is that of the proxy', async () => {
    const proxy = socket(DER, { remoteAddress: '10.0.0.1' });
    assert.equal(await codeOf(rfc9440, { socket: proxy }), 'token_bound');
  });

  it('may be trusted by a function, which alone knows of Unix sockets', async () => {
    const trustedBy = (address: string) => address === '';
    assert.equal(await codeOf({ header: 'client-cert', trustedBy }, from(undefined, good)), 'abdullah');
    assert.equal(await codeOf({ header: 'client-cert', trustedBy }, from('10.0.0.1', good)), 'token_bound');
    const promised = { header: 'client-cert', trustedBy: (async () => true) as never } as const;
    assert.equal(await codeOf(promised, from('10.0.0.1', good)), 'token_bound');
  });

  it('is read as RFC 9440 writes it, and no other way', async () => {
    const other = `:${Buffer.from('another').toString('base64')}:`;
    assert.equal(await codeOf(rfc9440, from('10.0.0.1', other)), 'token_binding');
    for (const value of [
      good.slice(1),
      `${good}, ${good}`,
      `${good};a=1`,
      '',
      '::',
      encodeURIComponent(PEM),
      ':a b:',
    ]) {
      assert.equal(await codeOf(rfc9440, from('10.0.0.1', value)), 'token_bound', value);
    }
  });

  it('is read as nginx escapes it, and no other way', async () => {
    const header = 'ssl-client-cert';
    assert.equal(await codeOf(nginx, from('10.0.0.1', encodeURIComponent(PEM), header)), 'abdullah');
    for (const value of [encodeURIComponent(PEM + PEM), '%', good, '', DER.toString('base64')]) {
      assert.equal(await codeOf(nginx, from('10.0.0.1', value, header)), 'token_bound', value);
    }
    const parts = [
      '-----BEGIN CERTIFICATE-----END CERTIFICATE-----',
      `${PEM}x`,
      `x${PEM}`,
      PEM.replace('M', '-'),
      // As long as the line that ends it.
      PEM.replace(/-----END.*\n$/, 'x'.repeat(25)),
      PEM.replace(/^-----BEGIN.*\n/, 'x'.repeat(27)),
    ];
    for (const value of parts.map(encodeURIComponent)) {
      assert.equal(await codeOf(nginx, from('10.0.0.1', value, header)), 'token_bound', value);
    }
    assert.equal(await codeOf(nginx, from('10.0.0.1', good)), 'token_bound', 'the other header');
  });

  it('is read in a time that grows with its length, and not faster', async () => {
    const value = `-----BEGIN CERTIFICATE-----${'%0A'.repeat(100_000)}x`;
    const began = performance.now();
    assert.equal(await codeOf(nginx, from('10.0.0.1', value, 'ssl-client-cert')), 'token_bound');
    assert.ok(performance.now() - began < 2_000, `${performance.now() - began} ms`);
  });
});
