import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after } from 'node:test';
import { docker, REPOSITORY, tryDocker } from '../../tools/check/containers/docker.ts';
import { baseImage } from '../../tools/check/containers/images.ts';
import { makeStandIns } from '../../tools/check/containers/stand-ins.ts';
import { eventually } from '../support/eventually.ts';
import { check } from './check.ts';

const IMAGE = 'keycloak-guard:test';
/** What the Dockerfile may add to the image of Node. Unit: megabytes. */
const MOST_MEGABYTES = 60;
const HARDENED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
const SETTINGS = {
  // Nobody is there.
  KEYCLOAK_SERVER_URL: 'http://127.0.0.1:81',
  KEYCLOAK_REALM: 'realm',
  KEYCLOAK_CLIENT_ID: 'client',
  KEYCLOAK_CLIENT_SECRET: 'secret',
  SESSION_SECRET: 'off',
};
/** Nobody is there either: the health check may ask no proxy. */
const PROXY = { http_proxy: 'http://127.0.0.1:82' };

check(
  'the images that the files name are there, as stand-ins',
  { timeout: 300_000, essential: true },
  makeStandIns,
);
after(() => docker(['rm', '--force', 'api']));

check('the Dockerfile builds an image', { timeout: 240_000, essential: true }, async ({ signal }) => {
  await docker(['build', '--tag', IMAGE, REPOSITORY], signal);
});

check(`it adds less than ${MOST_MEGABYTES} MB to Node`, { timeout: 10_000 }, async (t) => {
  const sizeOf = async (image: string) =>
    Number(await docker(['image', 'inspect', '--format', '{{.Size}}', image]));
  const megabytes = ((await sizeOf(IMAGE)) - (await sizeOf(baseImage('node').name))) / 1e6;
  t.diagnostic(`${megabytes.toFixed(1)} MB`);
  assert.ok(megabytes > 1 && megabytes < MOST_MEGABYTES, `${megabytes} MB`);
});

check('it has no package for development, and no source', { timeout: 30_000 }, async () => {
  const { packages } = JSON.parse(
    readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
  ) as {
    packages: Record<string, { dev?: boolean }>;
  };
  const find = 'find node_modules packages -name package.json -o -name "*.ts" -o -name "*.map"';
  const files = (await docker(['run', '--rm', IMAGE, 'sh', '-c', find])).split('\n');
  const folders = files.map((file) => file.replace(/\/package\.json$/, ''));
  assert.deepEqual(
    folders.filter(
      (folder) => packages[folder]?.dev || /^packages\/.*\.(ts|map)$|^packages\/create/.test(folder),
    ),
    [],
  );
  assert.ok(folders.includes('node_modules/fastify'));
});

check('it runs as a user by number who is not root', { timeout: 10_000 }, async () => {
  assert.equal(await docker(['inspect', '--format', '{{.Config.User}}', IMAGE]), '1000:1000');
  assert.equal(await docker(['run', '--rm', IMAGE, 'sh', '-c', 'id -u; id -g']), '1000\n1000');
});

check(
  'without settings it ends with 2 and names every one that is missing',
  { timeout: 20_000 },
  async () => {
    const { code, output } = await tryDocker(['run', '--rm', IMAGE]);
    assert.equal(code, 2, output);
    const named = [...output.matchAll(/^ {2}(KEYCLOAK_\w+) is not set/gm)].map(([, name]) => name).sort();
    assert.deepEqual(
      named,
      Object.keys(SETTINGS)
        .filter((name) => name.startsWith('KEYCLOAK_'))
        .sort(),
      output,
    );
  },
);

check('the command line is in its path', { timeout: 20_000 }, async () => {
  const { version } = JSON.parse(
    readFileSync(new URL('../../packages/cli/package.json', import.meta.url), 'utf8'),
  );
  assert.ok((await docker(['run', '--rm', IMAGE, 'keycloak-guard', '--version'])).includes(version));
});

check('Node takes what it compiled when the image was built', { timeout: 20_000 }, async () => {
  const args = [
    '--read-only',
    '--env',
    'NODE_DEBUG_NATIVE=COMPILE_CACHE',
    IMAGE,
    'keycloak-guard',
    '--version',
  ];
  assert.match((await tryDocker(['run', '--rm', ...args])).output, /cache for \S+ \S*main\.js was accepted/);
});

check(
  'with files that nobody can write and no capabilities it is healthy, though Keycloak is away',
  { timeout: 60_000 },
  async () => {
    const settings = Object.entries({ ...SETTINGS, ...PROXY }).flatMap(([name, value]) => [
      '--env',
      `${name}=${value}`,
    ]);
    await docker(['run', '--detach', '--name', 'api', ...HARDENED, ...settings, IMAGE]);
    const health = () => docker(['inspect', '--format', '{{.State.Health.Status}}', 'api']);
    await eventually('a healthy container', async () => (await health()) === 'healthy', 50_000);
    const { code, output } = await tryDocker(['exec', 'api', 'touch', '/app/file']);
    assert.equal(code, 1);
    assert.match(output, /Read-only file system/);
  },
);

check('on SIGTERM it ends with 0 within five seconds', { timeout: 30_000 }, async (t) => {
  const began = performance.now();
  await docker(['stop', '--time', '20', 'api']);
  const ms = performance.now() - began;
  t.diagnostic(`${ms.toFixed(0)} ms`);
  assert.equal(await docker(['inspect', '--format', '{{.State.ExitCode}}', 'api']), '0');
  assert.ok(ms < 5_000, `${ms} ms`);
});
