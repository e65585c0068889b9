import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { keptSince } from '../support/heap.ts';
import type { Started, SUBJECTS } from './apps.ts';
import { glanceAtCost, measureCost, memoryInUse, ratioOf, startSender } from './measure.ts';
import type { Shape } from './shapes.ts';

/** More than any shape takes on a quiet machine (lab/reliability/RESULTS.md), and less than a mistake that grows with the length. */
const MOST = 6;
/** Requests of the first look. */
const FEW = 4;
/** Looked at again, with more requests each time: what another program took is not there the next time. */
const ROUNDS = [
  { rounds: 1, count: 4 },
  { rounds: 3, count: 25 },
  { rounds: 7, count: 40 },
];
/** What fails must not take minutes. Unit: microseconds of processor time in one round. */
const LONGEST = 200_000;
const MOST_KEPT = 1.5 * 1024 * 1024;
/** These are sent every shape. The others have the same code below them, and are sent one of each kind: all is `npm run reliability:shapes`. */
export const SENT_ALL = ['node', 'the service'];
/** Each keeps what it keeps in a way of its own. */
const COUNTED = [...SENT_ALL, 'express 5', 'fastify', 'express 5, tenants by issuer'];
/** The part before the colon: path, query, cookies, token … */
const kindOf = ({ name }: Shape) => name.split(':')[0];
const isFirstOfItsKind = (shape: Shape, at: number, all: readonly Shape[]) =>
  all.findIndex((one) => kindOf(one) === kindOf(shape)) === at;

/** What anybody may send costs little, and leaves nothing. */
export function testAnybody(subjects: typeof SUBJECTS): void {
  const sender = startSender();
  after(() => sender.close());

  for (const { name, start } of subjects) {
    describe(`${name}, requests of anybody`, () => {
      let app: Started;
      let shapes: readonly Shape[];
      before(async () => {
        app = await start();
        shapes = SENT_ALL.includes(name) ? app.shapes : app.shapes.filter(isFirstOfItsKind);
      });
      after(async () => {
        await app.close();
      });

      test('cost what plain ones of their length cost, whatever is in them', async () => {
        for (const { name: shape, sent } of shapes) {
          let cost = await glanceAtCost(sender, app, sent, FEW);
          for (const more of ROUNDS)
            if (ratioOf(cost) > MOST) {
              const count = Math.min(more.count, Math.ceil(LONGEST / cost.shape));
              cost = await measureCost(sender, app, sent, { ...more, count });
            }
          assert.equal(cost.statuses[0], undefined, `${shape}: no answer`);
          assert.equal(cost.statuses[200], undefined, `${shape}: let in`);
          assert.ok(ratioOf(cost) <= MOST, `${shape}: ${JSON.stringify(cost)}`);
        }
      });

      test('leave nothing', { skip: !COUNTED.includes(name) }, async () => {
        const sendAll = async (count: number) => {
          for (const { sent } of shapes) await sender.send(app.url, sent, count);
        };
        // The test before sent all of them.
        const earlier = memoryInUse();
        await sendAll(shapes === app.shapes ? 5 : 12);
        const kept = keptSince(earlier, MOST_KEPT, memoryInUse);
        assert.ok(kept < MOST_KEPT, `${kept} bytes are kept`);
      });
    });
  }
}
