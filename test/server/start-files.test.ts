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

const CLI = fileURLToPath(new URL('../../packages/cli', import.meta.url));
const ENV = {
  ...{ KEYCLOAK_SERVER_URL: 'http://127.0.0.1:9', KEYCLOAK_REALM: 'testing', KEYCLOAK_CLIENT_ID: 'api' },
  ...{ KEYCLOAK_CLIENT_SECRET: 'unused', DOCS: 'on', HOST: '127.0.0.1', LOG_LEVEL: 'fatal' },
};

test('the service that runs holds what it uses of the library, and loads few files of ours', () => {
  const { files, packages } = loadedFiles(
    `process.argv = ['node', 'keycloak-guard', 'serve'];
    Object.assign(process.env, ${JSON.stringify(ENV)}, { PORT: '0', SHUTDOWN_DELAY_MS: '0' });
    setInterval(() => {
      if (process.getActiveResourcesInfo().includes('TCPServerWrap')) process.emit('SIGTERM', 'SIGTERM');
    }, 5).unref();
    await import('./dist/main.js');`,
    CLI,
  );
  const own = files.filter((file) => /packages.(server|guard|cli).dist/.test(file));
  // A file for each part that is turned on.
  assert.ok(own.length > 0 && own.length <= 16, own.join('\n'));
  assert.ok(!packages.includes('guard'));
  assert.deepEqual(
    LATER.filter((name) => packages.includes(name)),
    [],
  );
});

test('the built service, embedded, starts from few files, and without what only some requests or settings need', () => {
  const { files, packages } = loadedFiles(
    `const { buildApp, loadConfig } = await import('@keycloak-guard/server');
    const app = await buildApp(loadConfig({ env: ${JSON.stringify(ENV)}, cwd: '/' }));
    await app.ready();
    await app.close();`,
    CLI,
  );
  const own = files.filter((file) => /packages.server.dist/.test(file));
  assert.ok(own.length > 0 && own.length < 10, `${own.length} files of its own`);
  assert.deepEqual(
    LATER.filter((name) => packages.includes(name)),
    [],
  );
  assert.ok(packages.includes('fastify') && packages.includes('lru-cache'));
});
