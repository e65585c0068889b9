import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildApp } from '../../packages/server/src/app.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { eventually } from '../support/eventually.ts';
import { configFor } from './service.ts';

const USER = 'username=abdullah&password=Test%23123456';
const SECRET = 'for-development-only';

test('the service with its secret in a file: replaced, half written and gone, its users notice nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'credential-'));
  const path = join(folder, 'secret');
  const idp = await startTestIdp();
  const app = await buildApp(
    configFor(idp.url, { KEYCLOAK_CLIENT_SECRET: '', KEYCLOAK_CLIENT_SECRET_FILE: path }),
  );
  t.after(async () => {
    await app.close();
    await idp.close();
    rmSync(folder, { recursive: true });
  });
  const logIn = async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/login',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: USER,
    });
    return answer.statusCode;
  };
  // Not there yet: an outage, and no wrong password.
  assert.equal(await logIn(), 503);
  const checks = async () => (await app.inject('/health/ready')).json().checks;
  await eventually('it says what is missing', async () => (await checks()).credential !== undefined);
  assert.deepEqual((await checks()).credential, {
    ok: false,
    detail: 'A file of it cannot be used: see the log',
  });
  writeFileSync(path, `${SECRET}\n`);
  // A look of readiness from before may still be on its way, and a login would wait for that one.
  await eventually('it is ready', async () => (await app.inject('/health/ready')).statusCode === 200);
  assert.equal(await logIn(), 200);
  assert.equal((await checks()).credential, undefined);
  writeFileSync(path, '');
  assert.equal(await logIn(), 200);
  // A new one that Keycloak does not know yet.
  writeFileSync(path, 'the-next-secret');
  assert.equal(await logIn(), 200);
  rmSync(path);
  assert.equal(await logIn(), 200);
});
