import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { promisify } from 'node:util';
import { send } from '../../lab/reliability/load/http.ts';
import { compose as composeFiles } from '../../packages/create/src/compose.ts';
import { findArchives } from '../../packages/create/src/manifest.ts';
import { docker, dockerRoot } from '../../tools/check/containers/docker.ts';
import { baseImage } from '../../tools/check/containers/images.ts';
import { makeStandIns } from '../../tools/check/containers/stand-ins.ts';
import { packAll } from '../../tools/release/pack.ts';
import { ROOT } from '../repo/source-imports.ts';
import { check } from './check.ts';

// What `npm create keycloak-guard -- --deploy compose` writes, as its README.md starts it.

const PLACE = '/application';
const folder = join(dockerRoot(), PLACE);
const app = 'http://localhost:3000';
const compose = (...args: string[]) => docker(['compose', '--project-directory', PLACE, ...args]);

after(async () => {
  await compose('down', '--volumes', '--timeout', '2').catch(() => {});
  rmSync(folder, { recursive: true, force: true });
});

check(
  'the images that the files name are there, as stand-ins',
  { timeout: 300_000, essential: true },
  async () => {
    await makeStandIns();
    await docker(['tag', baseImage('node').name, 'node:24-alpine']);
  },
);

check(
  'create writes the application, and npm its lock file',
  { timeout: 180_000, essential: true },
  async () => {
    const packed = mkdtempSync(join(tmpdir(), 'packed-'));
    packAll(packed);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'packages/create/package.json'), 'utf8'));
    const archives = findArchives(packed, version);
    const files = composeFiles(
      {
        ...{ name: 'shop', framework: 'express', login: 'browser', language: 'js' },
        ...{ deploy: ['compose'] },
      },
      {
        templates: join(ROOT, 'packages/create/dist/templates'),
        own: archives.own,
        random: (bytes) => randomBytes(bytes).toString('hex'),
      },
    );
    for (const [path, content] of [...files, ...archives.files()]) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
    // Nobody is there.
    appendFileSync(
      join(folder, '.env'),
      'KEYCLOAK_SERVER_URL=http://127.0.0.1:81\nKEYCLOAK_CLIENT_SECRET=secret\n',
    );
    rmSync(packed, { recursive: true });
    const lock = ['install', '--package-lock-only', '--no-audit', '--omit-lockfile-registry-resolved'];
    await promisify(execFile)('npm', lock, { cwd: folder });
  },
);

check(
  'docker compose builds the image, and the application is alive and not ready: Keycloak is away',
  { timeout: 180_000, essential: true },
  async () => {
    await compose('up', '--build', '--detach', '--wait').catch(async (error: Error) => {
      assert.fail(`${error.message}\n${await compose('logs')}`);
    });
    assert.equal((await send(`${app}/`)).status, 200);
    const ready = await send(`${app}/health/ready`);
    assert.deepEqual([ready.status, JSON.parse(ready.body).checks.revocations?.ok], [503, true]);
  },
);

check('it is not root, and can write into no file of the image', { timeout: 20_000 }, async () => {
  const inApp = (command: string) => compose('exec', '-T', 'app', 'sh', '-c', command);
  assert.equal(await inApp('id -u'), '1000');
  assert.match(await inApp('touch /app/file 2>&1 || true'), /Read-only file system/);
  assert.match(await inApp('grep CapBnd /proc/1/status'), /0{16}$/);
  assert.equal(await inApp('ls realm.json .env compose.yaml test 2>/dev/null || true'), '');
});

check('on SIGTERM it ends with 0 within five seconds', { timeout: 30_000 }, async (t) => {
  const container = await compose('ps', '--quiet', 'app');
  const began = performance.now();
  await docker(['stop', '--time', '20', container]);
  const ms = performance.now() - began;
  t.diagnostic(`${ms.toFixed(0)} ms`);
  assert.equal(await docker(['inspect', '--format', '{{.State.ExitCode}}', container]), '0');
  assert.ok(ms < 5_000, `${ms} ms`);
});
