import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { createCredential, isAuthError, type Notice } from '../../packages/guard/src/core/index.ts';
import { createTestCertificate } from '../support/certificates.ts';
import { printAnswers } from '../support/print-answers.ts';

const [server, first, second] = ['localhost', 'first', 'second'].map(createTestCertificate) as [
  ReturnType<typeof createTestCertificate>,
  ReturnType<typeof createTestCertificate>,
  ReturnType<typeof createTestCertificate>,
];
const folder = mkdtempSync(join(tmpdir(), 'certificate-fetch-'));
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
let origin: string;
let close: () => void;

/** A server that says whose certificate it saw, and what it was sent. */
before(async () => {
  const tls = { key: server.key, cert: server.cert, requestCert: true, rejectUnauthorized: false };
  const listener = createServer(tls, (request, response) => {
    if (request.url?.endsWith('/nothing')) return response.writeHead(204).end();
    if (request.url?.endsWith('/same')) return response.writeHead(304).end();
    const [, odd] = /\/odd\/(\d+)$/.exec(request.url ?? '') ?? [];
    if (odd !== undefined) return response.writeHead(Number(odd)).end();
    if (request.url?.endsWith('/moved')) return response.writeHead(302, { location: '/elsewhere' }).end();
    if (request.url?.endsWith('/openid-configuration')) {
      return response.end(JSON.stringify({ issuer: `${origin}/realms/testing` }));
    }
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    return request.on('end', () => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      response.setHeader('x-list', ['a', 'b']);
      const said = { who: subject?.CN, method: request.method, type: request.headers['content-type'], body };
      response.end(JSON.stringify({ ...said, access_token: 'a.b.c', token_type: 'Bearer', expires_in: 60 }));
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  origin = `https://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  close = () => {
    listener.closeAllConnections();
    listener.close();
  };
});
after(() => {
  close?.();
  rmSync(folder, { recursive: true });
});

function start(name: string, shown = first) {
  const notices: Notice[] = [];
  const files = {
    certificateFile: write(`${name}-cert.pem`, shown.cert),
    certificateKeyFile: write(`${name}-key.pem`, shown.key),
    authorityFile: write(`${name}-ca.pem`, server.cert),
  };
  const onNotice = (notice: Notice) => notices.push(notice);
  const credential = createCredential({ clientId: 'my-api', credential: files, onNotice });
  const send = credential.fetch as typeof fetch;
  const whoIs = async () => ((await (await send(`${origin}/who`)).json()) as { who?: string }).who;
  return { credential, files, notices, send, whoIs };
}

describe('a client certificate', () => {
  it('is shown by the connection, and the form has the client id alone', async () => {
    const { credential } = start('client');
    const client = createClient({ serverUrl: origin, realm: 'testing', clientId: 'my-api', credential });
    // The discovery document is nobody's secret, and this certificate authority is not the runtime's.
    const plain = createClient({
      ...{ serverUrl: origin, realm: 'testing', clientId: 'my-api', credential },
      fetch: credential.fetch as typeof fetch,
    });
    await assert.rejects(client.clientCredentials());
    const { accessToken } = await plain.clientCredentials();
    assert.equal(accessToken, 'a.b.c');
    let seen: unknown;
    await credential.authenticate({ discover: async () => ({}) as never }, async ({ headers, fields }) => {
      seen = { headers, fields };
      return { status: 200, body: '' };
    });
    assert.deepEqual(seen, { headers: {}, fields: { client_id: 'my-api' } });
    assert.equal(credential.kind, 'certificate');
  });

  it('goes with what fetch sends, and the answer is one of fetch', async () => {
    const { send } = start('fetch');
    const answer = await send(`${origin}/who`, { method: 'POST', body: new URLSearchParams({ a: 'b c' }) });
    const type = 'application/x-www-form-urlencoded;charset=UTF-8';
    const said = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual([said.who, said.method, said.type, said.body], ['first', 'POST', type, 'a=b+c']);
    assert.equal(answer.headers.get('x-list'), 'a, b');
    assert.equal((await send(`${origin}/nothing`)).status, 204);
    assert.equal((await send(`${origin}/same`)).status, 304);
    assert.equal((await send(`${origin}/moved`)).status, 302);
    await assert.rejects(send('https://127.0.0.1:1/'), { name: 'TypeError', message: 'fetch failed' });
    await assert.rejects(send(`${origin}/who`, { signal: AbortSignal.abort() }), { name: 'TypeError' });
  });

  it('brings the headers of the answer, also after somebody printed everything', async (t) => {
    const { send } = start('printed');
    printAnswers(t);
    assert.equal((await send(`${origin}/who`)).headers.get('x-list'), 'a, b');
  });

  it('meets a proxy with a status of its own, and the process goes on', async () => {
    const { send } = start('odd');
    assert.equal((await send(`${origin}/odd/205`)).status, 205);
    await assert.rejects(send(`${origin}/odd/600`), { name: 'TypeError', message: 'fetch failed' });
  });

  it('that is replaced counts at once; halves of a pair, and what is written half, do not', async () => {
    const { files, whoIs, notices } = start('rotated');
    assert.equal(await whoIs(), 'first');
    writeFileSync(files.certificateFile, second.cert);
    assert.equal(await whoIs(), 'first');
    writeFileSync(files.certificateKeyFile, second.key.slice(0, 80));
    assert.equal(await whoIs(), 'first');
    // It is being written: that is no trouble yet.
    assert.deepEqual(notices, []);
    writeFileSync(files.certificateKeyFile, second.key);
    assert.equal(await whoIs(), 'second');
  });

  it('that does not belong to its key from the start is an outage of ours, and not a refusal', async () => {
    const { files, whoIs } = start('mixed');
    writeFileSync(files.certificateKeyFile, second.key);
    await assert.rejects(whoIs(), (error) => isAuthError(error) && error.statusCode === 503);
    const { authorityFile: _, ...own } = files;
    const credential = createCredential({ clientId: 'my-api', credential: own });
    writeFileSync(files.certificateKeyFile, first.key);
    // Without an authority of its own, the server is a stranger.
    await assert.rejects((credential.fetch as typeof fetch)(`${origin}/who`), TypeError);
  });
});
