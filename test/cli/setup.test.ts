import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { startIdp } from '../service/service.ts';
import { runProgram } from './support/program.ts';

/** No password is given: who is asked for one has been sent to Keycloak. */
const runSetup = (url: string, env: Record<string, string> = {}) =>
  runProgram(['setup', '--url', url, '--admin-user', 'admin', '--yes'], env);

test('setup looks for Keycloak before it wants a password, and says what the embedded provider is', async (t) => {
  const idp = await startIdp(t);
  const { ended, stdout, stderr } = runSetup(idp.url);
  assert.equal(await ended, 1);
  assert.equal(
    stderr(),
    `keycloak-guard: ${idp.url}: this is keycloak-guard's embedded provider (or a Keycloak without realm master): it has no Admin API.\n` +
      'Stop it, start a Keycloak (npm run keycloak), run setup again.\n',
  );
  assert.equal(stdout(), '');
});

test('setup says of another program what the doctor says of it', async (t) => {
  const server = createServer((_, answer) =>
    answer.writeHead(200, { server: 'grafana' }).end('<html><body>Welcome</body></html>'),
  ).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { ended, stderr } = runSetup(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  assert.equal(await ended, 1);
  assert.match(stderr(), /it is not Keycloak\. It calls itself 'grafana'\. It says: Welcome\n.*host, port/);
});

test('setup that is refused says what stays, where something was done, and nothing of it where not', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  const run = async (env: Record<string, string>) => {
    const { ended, stdout, stderr } = runSetup(keycloak.url, env);
    assert.equal(await ended, 1);
    return stdout() + stderr();
  };
  const refused = await run({ KEYCLOAK_ADMIN_PASSWORD: 'wrong' });
  assert.match(refused, /Invalid user credentials/);
  assert.doesNotMatch(refused, /so far/);
  keycloak.forbid(/\/clients$/);
  const half = await run({ KEYCLOAK_ADMIN_PASSWORD: 'admin' });
  assert.match(half, /✓ created realm testing\nWhat was done so far stays; run setup again to go on\.\n/);
  assert.match(half, /refused to create the client fastapi-keycloak: HTTP 403/);
});
