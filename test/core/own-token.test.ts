import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createOwnToken } from '../../packages/guard/src/core/credential/own-token.ts';

/** Until what runs in the background is over. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A token that is good for 300 seconds, with a clock that stands still. */
function start() {
  const state = { now: 0, loads: 0, isDown: false, lifetime: 300 };
  const held = createOwnToken(
    async () => {
      state.loads++;
      await new Promise((resolve) => setImmediate(resolve));
      if (state.isDown) throw new Error('down');
      return { token: `token-${state.loads}`, expiresInSeconds: state.lifetime };
    },
    () => state.now * 1000,
  );
  return { held, state, settle };
}

describe('a token of the client itself', () => {
  it('is loaded once, however many wait for it', async () => {
    const { held, state } = start();
    const all = await Promise.all(Array.from({ length: 20 }, held.get));
    assert.deepEqual([[...new Set(all)], state.loads], [['token-1'], 1]);
  });

  it('is renewed ahead, while the one before is handed out', async () => {
    const { held, state, settle } = start();
    await held.get();
    state.now = 269;
    assert.equal(await held.get(), 'token-1');
    assert.equal(state.loads, 1);
    state.now = 271;
    assert.equal(await held.get(), 'token-1');
    await settle();
    assert.equal(await held.get(), 'token-2');
    assert.equal(state.loads, 2);
  });

  it('is good during an outage until it expires, and Keycloak is tried every two seconds', async (t) => {
    const { held, state, settle } = start();
    let now = Math.ceil(performance.now());
    t.mock.method(performance, 'now', () => now);
    await held.get();
    state.isDown = true;
    state.now = 280;
    for (let i = 0; i < 5; i++) {
      assert.equal(await held.get(), 'token-1');
      await settle();
    }
    assert.equal(state.loads, 2);
    now += 2_001;
    assert.equal(await held.get(), 'token-1');
    await settle();
    assert.equal(state.loads, 3);
    state.now = 300;
    await assert.rejects(held.get(), { message: 'down' });
    state.isDown = false;
    assert.equal(await held.get(), 'token-5');
  });

  it('that is short-lived is renewed after half of its life', async () => {
    const { held, state, settle } = start();
    state.lifetime = 10;
    await held.get();
    state.now = 6;
    assert.equal(await held.get(), 'token-1');
    await settle();
    assert.equal(await held.get(), 'token-2');
    state.lifetime = 0;
    state.now = 100;
    await held.get();
    await held.get();
    assert.equal(state.loads, 4);
  });

  it('is renewed at half of its life at the earliest, and handed out until it could not arrive any more', async () => {
    for (const [lifetime, renewed, over] of [
      [300, 270, 299],
      [40, 20, 39],
      [1, 0.5, 0.5],
    ] as const) {
      const { held, state, settle } = start();
      state.lifetime = lifetime;
      await held.get();
      state.now = renewed - 0.25;
      assert.equal(await held.get(), 'token-1');
      await settle();
      assert.equal(state.loads, 1, `not before ${renewed} s of ${lifetime}`);
      state.isDown = true;
      state.now = over - 0.25;
      assert.equal(await held.get(), 'token-1');
      await settle();
      state.now = over;
      await assert.rejects(held.get(), { message: 'down' });
    }
    const { held, state, settle } = start();
    await held.get();
    state.now = 270;
    await held.get();
    await settle();
    assert.equal(state.loads, 2, 'at that very second');
    held.drop('nobody');
  });

  it('that was refused is loaded again, unless it is young or another one', async () => {
    const { held, state } = start();
    const token = await held.get();
    held.drop('another');
    held.drop(token, 5_000);
    assert.equal(await held.get(), token);
    state.now = 5;
    held.drop(token, 5_000);
    assert.equal(await held.get(), 'token-2');
    // The clock was set back: its age is not known.
    state.now = -60;
    held.drop('token-2', 5_000);
    assert.equal(await held.get(), 'token-3');
    held.drop('token-3');
    assert.equal(await held.get(), 'token-4');
    assert.equal(state.loads, 4);
  });
});
