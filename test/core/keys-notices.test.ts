import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startKeySet } from './key-set.ts';

it('an outage is told once, its end once, and what goes on as before not at all', async () => {
  const { realm, keys } = startKeySet();
  const told = () => realm.notices.splice(0).map(({ level, code }) => `${level} ${code}`);
  /** Another look at the JWKS, past the pause between two. */
  const look = async () => {
    realm.advance(10);
    await keys.find('no-such-key').catch(() => {});
  };
  await look();
  assert.deepEqual(told(), ['info keys_loaded']);
  await look();
  assert.deepEqual(told(), []);
  realm.setAll('error');
  await look();
  assert.deepEqual(told(), ['error keys_unavailable']);
  await look();
  assert.deepEqual(told(), []);
  realm.setAll('normal');
  await look();
  assert.deepEqual(told(), ['info keys_loaded']);
  keys.close();
});
