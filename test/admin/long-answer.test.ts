import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connectAdmin } from '../../packages/cli/src/admin/connection.ts';

test('an answer to the Admin API that does not end is cut', { timeout: 60_000 }, async (t) => {
  const chunk = Buffer.alloc(1024 * 1024, 32);
  let sent = 0;
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = (): void => {
      // It ends some day, so that a program that reads everything fails the test, and not the machine.
      while (sent++ < 256) if (!response.write(chunk)) return void response.once('drain', more);
      response.end('{}');
    };
    more();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { realm: 'master', username: 'admin', password: 'x' };
  await assert.rejects(connectAdmin({ serverUrl, credentials }), /larger than 64 MiB/);
  assert.ok(sent < 128, `${sent} MiB`);
});
