import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRedis } from '../../packages/guard/src/redis/index.ts';
import { settingsFor, visitDoctor } from '../cli/doctor-visit.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-server.ts';

test('the doctor finds a Redis that answers and refuses writes, and leaves nothing behind in one that takes them', async (t) => {
  const redis = await startRedis(t);
  const admin = openRedis({ url: redis.url, onNotice: false });
  t.after(() => admin.close());
  await eventually('Redis is there', () => admin.isReady);
  const visit = async () =>
    (await visitDoctor({ settings: { ...settingsFor('http://127.0.0.1:9'), REDIS_URL: redis.url } })).find(
      ({ id }) => id === 'settings.redis',
    );
  assert.equal((await visit())?.status, 'ok');
  await eventually('its key is gone', async () => (await admin.run((client) => client.dbSize())) === 0);
  await admin.run((client) => client.configSet('maxmemory', '1'));
  const full = await visit();
  assert.equal(full?.status, 'fail');
  assert.match(full?.seen ?? '', /its memory is full \(OOM\)/);
  assert.match(full?.cause ?? '', /browser sign-ins get 503/);
  assert.match(full?.fix ?? '', /maxmemory/);
  await admin.run((client) => client.configSet('maxmemory', '0'));
  await admin.run((client) => client.sendCommand(['REPLICAOF', '127.0.0.1', '1']));
  assert.match((await visit())?.seen ?? '', /read-only replica \(READONLY\)/);
});
