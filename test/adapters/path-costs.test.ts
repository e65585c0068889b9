import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { describe, test } from 'node:test';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { sendTargets } from '../support/send-targets.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { listen } from './listen.ts';
import { MOUNTED } from './mounted-apps.ts';

const LENGTH = 15_000;
const PLAIN = `/${'a'.repeat(LENGTH)}`;
const SHAPES: Readonly<Record<string, string>> = {
  'escapes of no letter': '/a%ff',
  'escapes of letters': '/%41',
  'escapes in one segment': 'a%ff',
  'segments of dots': '/..',
  'empty segments': '//',
  semicolons: '/;a',
  backslashes: '/a\\',
};
const ONE_OF_EACH = [
  'Express 5, app',
  'Express 4, app',
  'Fastify',
  'Koa',
  'hapi',
  'Hono',
  'Fetch, URL',
  'Node, URL',
  'Nest on Express',
  'Nest on Fastify',
];
/** Requests of one round. */
const AT_ONCE = 2;
const URL_OF_SERVER = 'https://tools.example.com/mcp';

/** Hono's router takes 11 ms of itself for escapes that it cannot decode: the guard adds nothing to that. */
function startBareHono() {
  const app = new Hono().all('/*', (c) => c.text('ran:public'));
  return listen(createAdaptorServer({ fetch: app.fetch }) as Server, async () => {});
}

describe('an anonymous request costs what its bytes cost, whatever its path is', () => {
  for (const { name, start } of MOUNTED.filter((one) => ONE_OF_EACH.includes(one.name))) {
    test(name, async (t) => {
      const verifier = createTestRealm().verifier();
      const app = await start({ verifier, mcp: { url: URL_OF_SERVER } });
      t.after(() => app.close());
      const bare = name === 'Hono' ? await startBareHono() : undefined;
      t.after(() => bare?.close());
      const targetOf = (shape: string) => `/${shape.repeat(LENGTH / shape.length)}`;

      /** Of the least of some rounds. Unit: microseconds of processor time for one request, those of its client too. */
      async function costOf(target: string, rounds: number, { url } = app): Promise<number> {
        const port = Number(new URL(url).port);
        const costs: number[] = [];
        for (let round = 0; round < rounds; round++) {
          const before = process.cpuUsage();
          await sendTargets(port, Array<string>(AT_ONCE).fill(target), 'no-token');
          const { user, system } = process.cpuUsage(before);
          costs.push((user + system) / AT_ONCE);
        }
        return Math.min(...costs);
      }

      await costOf(PLAIN, 3);
      const plain = await costOf(PLAIN, 3);
      for (const [shape, part] of Object.entries(SHAPES)) {
        const target = targetOf(part);
        let most = 3 * plain + 1_000;
        let cost = await costOf(target, 1);
        // Looked at again, both of them in turn: what another program took is not there the next time.
        for (let again = 0; again < 4 && cost >= most; again++) {
          if (bare !== undefined) most = Math.max(most, 1.5 * (await costOf(target, 2, bare)));
          cost = await costOf(target, 2);
        }
        t.diagnostic(`${shape}: ${Math.round(cost)} µs, ${Math.round(plain)} µs for a plain path`);
        assert.ok(cost < most, `${shape}: ${Math.round(cost)} µs; plain ${Math.round(plain)} µs`);
      }
    });
  }
});
