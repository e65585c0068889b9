import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { AdminError } from '../../packages/cli/src/admin/admin-error.ts';
import { connectAdmin } from '../../packages/cli/src/admin/connection.ts';

/** Answers every request in one way, and keeps what was sent. */
async function startServer(t: TestContext, status: number, headers: Record<string, string> = {}) {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    bodies.push(body + (request.headers.authorization ?? ''));
    response.writeHead(status, headers).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

for (const status of [301, 302, 303, 307, 308]) {
  test(`the admin's password and secret follow no redirect: ${status}`, async (t) => {
    const thief = await startServer(t, 200);
    const location = `${thief.url}/token`;
    const keycloak = await startServer(t, status, { location });
    for (const credentials of [
      { realm: 'master', username: 'admin', password: 'the-password' },
      { realm: 'master', clientId: 'admin-client', clientSecret: 'the-secret' },
    ]) {
      await assert.rejects(connectAdmin({ serverUrl: keycloak.url, credentials }), (error) => {
        assert.ok(error instanceof AdminError);
        assert.deepEqual(
          [error.kind, error.status, error.answer],
          ['refused', status, `redirect to ${location}`],
        );
        return true;
      });
    }
    assert.deepEqual(thief.bodies, []);
    assert.equal(keycloak.bodies.length, 2);
  });
}
