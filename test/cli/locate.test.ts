import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { locate } from '../../packages/cli/src/access/access.ts';
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
