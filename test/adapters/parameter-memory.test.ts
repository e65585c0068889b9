import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import express from 'express';
import { keycloak } from '../../packages/guard/src/adapters/express/index.ts';
import { memoryInUse } from '../cost/measure.ts';
import { keptSince } from '../support/heap.ts';
import { startLoaded } from '../support/test-realm.ts';
import { listen } from './listen.ts';

test('a long route parameter in a requirement leaves nothing in memory', async (t) => {
  const { realm, verifier } = await startLoaded({ tenants: 'organizations' });
  const kc = keycloak({ verifier, logRefusals: false });
  const app = express();
  app.get('/:org', kc.guard({ tenant: ':org' }), (_request, response) => void response.json(null));
  const { url, close } = await listen(createServer(app), () => verifier.close());
  t.after(close);
  const headers = { authorization: `Bearer ${realm.mint({ organization: ['acme'] })}` };
  const get = async (path: string) => {
    const answer = await fetch(`${url}${path}`, { headers });
    await answer.arrayBuffer();
    return answer.status;
  };
  assert.equal(await get('/acme'), 200);
  const name = 'a'.repeat(12_000);
  for (let at = 0; at < 200; at++) assert.equal(await get(`/${at}`), 403);
  const before = memoryInUse();
  for (let at = 0; at < 200; at++) assert.equal(await get(`/${at}${name}`), 403);
  const most = 1.5 * 1024 * 1024;
  const kept = keptSince(before, most, memoryInUse);
  assert.ok(kept < most, `${kept} bytes`);
});
