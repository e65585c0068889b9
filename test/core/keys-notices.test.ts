import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createTestKey, type TestKey } from '../support/signing-keys.ts';
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

it('a key that cannot be used is told once, and again when it came back', async () => {
  const { realm, keys } = startKeySet();
  const weak = createTestKey('RS256', { bits: 1024, kid: 'weak' });
  const ignored = () => realm.notices.filter(({ code }) => code === 'key_ignored').length;
  const load = async (list: TestKey[]) => {
    realm.keys = [realm.signer, ...list];
    keys.close();
    await keys.start();
  };
  for (const [list, expected] of [
    [[weak], 1],
    [[weak], 1],
    [[], 1],
    [[weak], 2],
    [[weak, createTestKey('RS256', { bits: 1024 })], 3],
  ] as const) {
    await load([...list]);
    assert.equal(ignored(), expected);
  }
  keys.close();
});
