import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadedFiles } from '../../tools/check/package/loaded-files.ts';

/** What the first request for it, or a setting, loads. */
const LATER = [
  '@fastify/swagger',
  '@fastify/swagger-ui',
  'yaml',
  '@fastify/busboy',
  '@fastify/cors',
  'prom-client',
];

test('the built service starts from few files, and without what only some requests or settings need', () => {
  const { files, packages } = loadedFiles(
    `const { buildApp, loadConfig } = await import('@keycloak-guard/server');
    const env = {
      KEYCLOAK_SERVER_URL: 'http://127.0.0.1:9', KEYCLOAK_REALM: 'testing',
      KEYCLOAK_CLIENT_ID: 'api', KEYCLOAK_CLIENT_SECRET: 'unused', DOCS: 'on',
    };
    const app = await buildApp(loadConfig({ env, cwd: '/' }));
    await app.ready();
    await app.close();`,
    fileURLToPath(new URL('../../packages/cli', import.meta.url)),
  );
  const own = files.filter((file) => /packages.server.dist/.test(file));
  assert.ok(own.length > 0 && own.length < 10, `${own.length} files of its own`);
  assert.deepEqual(
    LATER.filter((name) => packages.includes(name)),
    [],
  );
  assert.ok(packages.includes('fastify') && packages.includes('@fastify/under-pressure'));
});
