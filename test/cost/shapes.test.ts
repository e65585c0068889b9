import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Started, SUBJECTS } from './apps.ts';
import { heapInUse, measureCost, ratioOf, type Sender, startSender } from './measure.ts';

/** More than any shape takes on a quiet machine (lab/reliability/RESULTS.md), and less than a mistake that grows with the length. */
const MOST = 6;
/** Looked at again, with more requests each time: what another program took is not there the next time. */
const ROUNDS = [
  { rounds: 1, count: 8 },
  { rounds: 3, count: 25 },
  { rounds: 7, count: 40 },
];
const MOST_KEPT = 10 * 1024 * 1024;

for (const { name, start } of SUBJECTS) {
  describe(`${name}, requests of anybody`, () => {
    let sender: Sender;
    let app: Started;
    before(async () => {
      [sender, app] = [startSender(), await start()];
    });
    after(async () => {
      await app.close();
      sender.close();
    });

    test('cost what plain ones of their length cost, whatever is in them', async () => {
      const tooMuch: string[] = [];
      for (const { name: shape, sent } of app.shapes) {
        let cost = await measureCost(sender, app, sent, ROUNDS[0]);
        for (const more of ROUNDS.slice(1))
          if (ratioOf(cost) > MOST) cost = await measureCost(sender, app, sent, more);
        assert.equal(cost.statuses[0], undefined, `${shape}: no answer`);
        assert.equal(cost.statuses[200], undefined, `${shape}: let in`);
        if (ratioOf(cost) > MOST) tooMuch.push(`${shape}: ${JSON.stringify(cost)}`);
      }
      assert.deepEqual(tooMuch, []);
    });

    test('leave nothing', async () => {
      const sendAll = async (count: number) => {
        for (const { sent } of app.shapes) await sender.send(app.url, sent, count);
      };
      await sendAll(5);
      const earlier = heapInUse();
      await sendAll(40);
      assert.ok(heapInUse() - earlier < MOST_KEPT, `${heapInUse() - earlier} bytes are kept`);
    });
  });
}
