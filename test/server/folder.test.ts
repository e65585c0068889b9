import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, loadConfig } from '@keycloak-guard/server/config';
import { makeFolder } from '../support/folder.ts';

test('a .env that nobody named does not choose where a credential goes that is not its own', (t) => {
  const where = 'KEYCLOAK_SERVER_URL=https://evil.example\nKEYCLOAK_REALM=r\nKEYCLOAK_CLIENT_ID=c\n';
  const refused = (text: string, env: Record<string, string>) => {
    const cwd = makeFolder(t, { '.env': `${where}${text}`, secret: 'its-own' });
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
  assert.equal(loadConfig({ cwd: makeFolder(t, here), env: local }).clientSecret, 'mine');
});

test('a .env that nobody named opens nothing of a service whose Keycloak the environment names', (t) => {
  const secret = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';
  const env = {
    ...{ KEYCLOAK_SERVER_URL: 'https://sso.example', KEYCLOAK_REALM: 'r', KEYCLOAK_CLIENT_ID: 'c' },
    KEYCLOAK_CLIENT_SECRET: 'mine',
  };
  const values: Record<string, string> = {
    ...{ HOST: '0.0.0.0', METRICS_HOST: '0.0.0.0', METRICS_PORT: '9464', TRUST_PROXY: '0.0.0.0/0' },
    ...{ CORS_ORIGINS: 'https://evil.example', PUBLIC_URL: 'https://evil.example', TOKEN_CHECK: 'local' },
    ...{
      KEYCLOAK_AUDIENCE: 'account',
      AUDIT_LOG: 'off',
      LOGINS_PER_MINUTE_AND_USER: '0',
      SESSION_SECRET: secret,
    },
    ...{ CLOCK_TOLERANCE_SECONDS: '300', REDIS_URL: 'redis://evil.example', REDIS_KEY_PREFIX: 'of-another' },
  };
  for (const [name, value] of Object.entries(values)) {
    const cwd = makeFolder(t, { '.env': `${name}=${value}\n` });
    const why = `Keycloak's address is from the environment or a file that it names, and ${name} from .env, a file that you did not name.`;
    assert.throws(() => loadConfig({ cwd, env }), { name: 'ConfigError', message: new RegExp(`^${why}`) });
    loadConfig({ cwd, env, envFile: '.env' });
    loadConfig({ cwd, env: { ...env, [name]: value } });
    // As beside `keycloak-guard dev`.
    loadConfig({ cwd, env: { ...env, KEYCLOAK_SERVER_URL: 'http://localhost:8080' } });
  }
  const cwd = makeFolder(t, { '.env': 'PORT=9000\nLOG_LEVEL=debug\nREDIS_URL=redis://localhost\n' });
  assert.equal(loadConfig({ cwd, env }).port, 9000);
});
