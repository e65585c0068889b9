import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startDevIdp } from '@keycloak-guard/testing';
import { locate } from '../../packages/cli/src/access/access.ts';
import { findServer } from '../../packages/cli/src/keycloak/server.ts';
import { createLines } from '../admin/run-setup.ts';

/** Looks for a Keycloak that answers at every address; returns what is said. */
async function locateAt(t: TestContext, serverUrl: string): Promise<string[]> {
  const answer = { realm: 'master', 'token-service': 'x' };
  const { mock } = t.mock.method(globalThis, 'fetch', async () => Response.json(answer));
  const { lines, out } = createLines();
  assert.equal(await locate(serverUrl, 'testing', out), serverUrl);
  mock.restore();
  return lines;
}

test('before the password of an admin is sent over a network in the clear, setup says so', async (t) => {
  assert.match(
    (await locateAt(t, 'http://sso.example.com')).join('\n'),
    /^! http:\/\/sso\.example\.com: plain HTTP\. .*password.*https:/,
  );
  for (const url of [
    'https://sso.example.com',
    'http://localhost:8080',
    'http://127.0.0.1',
    'http://keycloak',
  ]) {
    assert.deepEqual(await locateAt(t, url), [], url);
  }
});

test('an address that ends in a realm is cut, also where Keycloak does not have that realm', async (t) => {
  const idp = await startDevIdp();
  t.after(() => idp.close());
  for (const path of ['/realms/none', '/realms/none/', '/realms'])
    assert.equal((await findServer(idp.url + path, 'none', 5_000)).elsewhere, idp.url, path);
});
