import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createAdmin } from '../../tools/check/connect/admin.ts';
import { readTap } from '../../tools/check/connect/tap.ts';

/** A Keycloak that fails to delete a realm so many times. */
async function startKeycloak(t: TestContext, failures: number) {
  const deletes: string[] = [];
  const server = createServer((request, response) => {
    if (request.method === 'POST') return void response.end('{"access_token":"t"}');
    deletes.push(request.url ?? '');
    response.writeHead(deletes.length > failures ? 204 : 500).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { deletes, admin: await createAdmin(url, { pauseMs: 1 }) };
}

test('a realm that Keycloak does not delete at once is deleted at another try', async (t) => {
  const { admin, deletes } = await startKeycloak(t, 2);
  await admin.deleteRealm('connect-x');
  assert.equal(deletes.length, 3);
});

test('after five tries it is said', async (t) => {
  const { admin, deletes } = await startKeycloak(t, 9);
  await assert.rejects(admin.deleteRealm('connect-x'), /DELETE \/connect-x answered 500/);
  assert.equal(deletes.length, 5);
});

test('what removes a realm is no test of the suite, what makes one is', () => {
  const { passed, failed } = readTap(
    '# setup\nnot ok 1\n# Should work\nok 2\n# teardown\nnot ok 3\n1..3\n',
    true,
  );
  assert.deepEqual([passed, failed], [1, ['setup']]);
});
