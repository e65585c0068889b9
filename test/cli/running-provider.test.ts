import assert from 'node:assert/strict';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { announceProvider, findRunningProviders } from '../../packages/cli/src/dev/running-provider.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { runInProcess } from './support/in-process.ts';
import { emptyFolder } from './support/program.ts';

const PROVIDER = { url: 'http://localhost:8080', realm: 'testing', realmFile: undefined };

/** A cache of its own; returns the folder and the note in it. */
async function setUp(t: TestContext) {
  const { XDG_CACHE_HOME } = process.env;
  const cache = emptyFolder();
  process.env.XDG_CACHE_HOME = cache;
  t.after(() => {
    if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
  });
  const folder = join(cache, 'keycloak-guard', 'running');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return { cache, folder, file: join(folder, `${process.pid}.json`) };
}

test('the provider of a process that runs is found, until it ends', async (t) => {
  const { folder } = await setUp(t);
  const forget = await announceProvider(PROVIDER);
  assert.deepEqual(await findRunningProviders(), [PROVIDER]);
  assert.deepEqual(await readdir(folder), [`${process.pid}.json`]);
  await forget();
  assert.deepEqual(await findRunningProviders(), []);
});

test('the note is for its owner alone, though the file was there before', async (t) => {
  const { file } = await setUp(t);
  await writeFile(file, '{}');
  await chmod(file, 0o666);
  await announceProvider(PROVIDER);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test('a link in the place of the note is replaced, and what it leads to is not written to', async (t) => {
  const { folder, file } = await setUp(t);
  const victim = join(folder, 'victim');
  await writeFile(victim, 'mine');
  await symlink(victim, file);
  await announceProvider(PROVIDER);
  assert.equal(await readFile(victim, 'utf8'), 'mine');
  assert.ok((await lstat(file)).isFile());
});

test('a note that others could write, one that leads elsewhere, a link, and a process that there cannot be are not believed', async (t) => {
  const { folder, file } = await setUp(t);
  for (const pid of [0, -1, -process.pid, 1.5, '1', null]) {
    await writeFile(file, JSON.stringify({ ...PROVIDER, pid }), { mode: 0o600 });
    assert.deepEqual(await findRunningProviders(), [], String(pid));
  }
  for (const stray of [
    { ...PROVIDER, url: 'http://127.0.0.1:8080' },
    { ...PROVIDER, url: 'http://localhost:8080@evil.test' },
    { url: PROVIDER.url },
  ]) {
    await writeFile(file, JSON.stringify({ ...stray, pid: process.pid }), { mode: 0o600 });
    assert.deepEqual(await findRunningProviders(), [], stray.url);
  }
  await writeFile(file, '"x"');
  assert.deepEqual(await findRunningProviders(), []);
  const good = JSON.stringify({ ...PROVIDER, pid: process.pid });
  await writeFile(file, good);
  assert.deepEqual(await findRunningProviders(), [PROVIDER]);
  await chmod(file, 0o602);
  assert.deepEqual(await findRunningProviders(), []);
  const real = join(folder, 'real');
  await writeFile(real, good, { mode: 0o600 });
  await rm(file);
  await symlink(real, file);
  assert.deepEqual(await findRunningProviders(), []);
});

test('of two that run, the one that was started last comes first, and the other stays known when it ends', async (t) => {
  const { folder, file } = await setUp(t);
  const forget = await announceProvider({ ...PROVIDER, url: 'http://localhost:8081' });
  // One that was started before, in another process, and one that was killed.
  const first = join(folder, `${process.ppid}.json`);
  const dead = join(folder, '4194303.json');
  await writeFile(first, JSON.stringify({ ...PROVIDER, pid: process.ppid }), { mode: 0o600 });
  await writeFile(dead, JSON.stringify({ ...PROVIDER, pid: 4194303 }), { mode: 0o600 });
  const { mtime } = await stat(file);
  await utimes(first, mtime, new Date(mtime.getTime() - 1000));
  assert.deepEqual(
    (await findRunningProviders()).map(({ url }) => url),
    ['http://localhost:8081', 'http://localhost:8080'],
  );
  await forget();
  assert.deepEqual(await findRunningProviders(), [PROVIDER]);
  await announceProvider(PROVIDER);
  assert.ok(!(await readdir(folder)).includes('4194303.json'));
});

test('token signs in at the one that was started last, and says so where there is another', async (t) => {
  const { cache, folder, file } = await setUp(t);
  const idp = await startTestIdp();
  t.after(() => idp.close());
  await announceProvider({ ...PROVIDER, url: `http://localhost:${new URL(idp.url).port}` });
  const sign = () => runInProcess(['token'], { XDG_CACHE_HOME: cache });
  const alone = await sign();
  assert.deepEqual([alone.code, alone.stdout.split('.').length], [0, 3], alone.stderr);
  assert.match(alone.stderr, /^abdullah, at the embedded provider: http:\/\/localhost:\d+\n$/);
  const other = join(folder, `${process.ppid}.json`);
  await writeFile(other, JSON.stringify({ ...PROVIDER, pid: process.ppid }), { mode: 0o600 });
  const { mtime } = await stat(file);
  await utimes(other, mtime, new Date(mtime.getTime() - 1000));
  const both = await sign();
  assert.equal(both.code, 0);
  assert.match(
    both.stderr,
    /It was started last\. For the one at http:\/\/localhost:8080: KEYCLOAK_SERVER_URL/,
  );
});
