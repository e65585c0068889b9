import assert from 'node:assert/strict';
import { createServer } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { keycloak } from '../../packages/guard/src/adapters/node/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

/** RFC 9113 §4.1: length, type, flags, stream. */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** RFC 7541 §6.2.2: a literal that is not indexed, with a name that is not either, and no Huffman code. */
function literal(name: string, value: string): Buffer {
  const text = (one: string) => {
    const bytes = Buffer.from(one);
    if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
    const rest = bytes.length - 127;
    const length = rest < 128 ? [127, rest] : [127, (rest & 127) | 128, rest >> 7];
    return Buffer.concat([Buffer.from(length), bytes]);
  };
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

test('over HTTP/2 a request with two authorization fields is refused, though both tokens are good', async (t) => {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const codes: string[] = [];
  const onDenied = (_request: unknown, { code }: { code: string }) => codes.push(code);
  const kc = keycloak({ serverUrl, realm: name, clientId, fetch, clock, onNotice: false, onDenied });
  let let_in = 0;
  const server = createServer(
    kc.guard({}, (_request, response) => {
      let_in++;
      response.end();
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const send = (authorizations: readonly string[]) =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        const fields = Object.entries({
          ':method': 'GET',
          ':path': '/',
          ':scheme': 'http',
          ':authority': 'x',
        });
        const block = [...fields, ...authorizations.map((one) => ['authorization', one] as const)];
        socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
        socket.write(frame(4, 0, 0, Buffer.alloc(0)));
        socket.write(frame(1, 0x5, 1, Buffer.concat(block.map(([key, value]) => literal(key, value)))));
      });
      let received = Buffer.alloc(0);
      socket.on('data', (data) => {
        received = Buffer.concat([received, data]);
        // The server's settings come first; whatever comes on the stream is the answer.
        for (let at = 0; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
          if (received.readUInt32BE(at + 5) === 1) socket.destroy();
        }
      });
      socket.on('error', reject);
      socket.on('close', () => resolve());
    });

  t.after(async () => {
    server.close();
    await kc.close();
  });
  const tokens = [`Bearer ${realm.mint()}`, `Bearer ${realm.mint()}`];
  await send(tokens.slice(1));
  assert.equal(let_in, 1);
  await send(tokens);
  assert.deepEqual([let_in, codes], [1, ['ambiguous_credentials']]);
});
