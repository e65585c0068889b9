import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigError, loadConfig } from '@keycloak-guard/server/config';

function folder(t: TestContext, files: Record<string, string> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'settings-'));
  t.after(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

test('a .env that nobody named does not choose where a credential goes that is not its own', (t) => {
  const where = 'KEYCLOAK_SERVER_URL=https://evil.example\nKEYCLOAK_REALM=r\nKEYCLOAK_CLIENT_ID=c\n';
  const refused = (text: string, env: Record<string, string>) => {
    const cwd = folder(t, { '.env': `${where}${text}`, secret: 'its-own' });
    const named = loadConfig({ cwd, env, envFile: '.env' });
    try {
      assert.deepEqual(loadConfig({ cwd, env }), named);
      return 'nothing';
    } catch (error) {
      assert.ok(error instanceof ConfigError, String(error));
      assert.match(error.message, /\.env, a file that you did not name\. Nothing was sent\.\n.*--env \.env/);
      return /^(\w+) is from (.*), and/.exec(error.message)?.slice(1).join(': ');
    }
  };
  const outside = 'KEYCLOAK_CLIENT_SECRET_FILE=../vault-token\n';
  assert.equal(refused('', { KEYCLOAK_CLIENT_SECRET: 'mine' }), 'KEYCLOAK_CLIENT_SECRET: the environment');
  assert.equal(refused(outside, {}), 'KEYCLOAK_CLIENT_SECRET_FILE: a file outside of the folder');
  assert.equal(
    refused('KEYCLOAK_CLIENT_KEY_FILE=/etc/key.pem\n', {})?.split(':')[0],
    'KEYCLOAK_CLIENT_KEY_FILE',
  );
  assert.equal(refused('KEYCLOAK_CLIENT_SECRET=its-own\n', {}), 'nothing');
  assert.equal(refused('KEYCLOAK_CLIENT_SECRET_FILE=secret\n', {}), 'nothing');
  const person = { KEYCLOAK_SERVER_URL: 'https://sso.example', KEYCLOAK_REALM: 'r', KEYCLOAK_CLIENT_ID: 'c' };
  assert.equal(refused(outside, person), 'nothing');
  const local = { ...person, KEYCLOAK_SERVER_URL: '', KEYCLOAK_REALM: '', KEYCLOAK_CLIENT_SECRET: 'mine' };
  const here = { '.env': where.replace('https://evil.example', 'http://localhost:8080') };
  assert.equal(loadConfig({ cwd: folder(t, here), env: local }).clientSecret, 'mine');
});
