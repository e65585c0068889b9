import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { AdminError, trying } from '../../packages/cli/src/admin/admin-error.ts';
import { connectAdmin } from '../../packages/cli/src/admin/connection.ts';
import { explainAdminError } from '../../packages/cli/src/keycloak/finding.ts';

test('an answer of another shape is no missing answer, and shows no line of this program', async () => {
  for (const answer of [{}, 'page', [null]] as never[]) {
    const call = trying('see the clients', async () =>
      (answer as { clientId: string }[]).find(({ clientId }) => clientId === 'x'),
    );
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof AdminError);
      assert.equal(error.message, "Keycloak's answer cannot be understood, while trying to see the clients");
      assert.match(explainAdminError(error), /^Something else answers at this address/);
      return true;
    });
  }
});

test('what Keycloak says is one line of a message, and a token that is none is no missing answer', async (t) => {
  const server = createServer((_, response) => {
    const access_token = `e30.${Buffer.from('x\n✓ all is well').toString('base64url')}.x`;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ access_token }));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { realm: 'master', username: 'admin', password: 'admin' };
  await assert.rejects(connectAdmin({ serverUrl, credentials }), {
    message: "Keycloak's answer cannot be understood, while trying to log admin in at the realm master",
  });
  assert.equal(new AdminError('refused', 400, 'no\n✓ all is well').message, 'no ✓ all is well');
});
