import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { settle } from '../support/refusal.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { startKeySet as start } from './key-set.ts';

describe('refresh ahead, in the background', () => {
  it('loads keys and issuer again when they are old, soon again while that fails, and ends with close', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { realm, keys, epoch } = start();
      await keys.start();
      await keys.start();
      assert.equal(realm.calls.jwks, 1, 'started twice');
      const pass = async (seconds: number) => {
        realm.advance(seconds);
        mock.timers.tick(seconds * 1000);
        await settle();
        await new Promise((resolve) => setImmediate(resolve));
      };
      await pass(59);
      assert.equal(realm.calls.jwks, 1);
      await pass(1);
      assert.deepEqual([realm.calls.jwks, realm.calls.discovery], [2, 2]);
      realm.discovery = { issuer: 'https://elsewhere.example.com/realms/testing' };
      await pass(60);
      assert.equal(realm.calls.jwks, 3);
      assert.equal(epoch.value, 1, 'another issuer makes known tokens be looked at again');
      realm.setAll('down');
      await pass(60);
      assert.equal(realm.calls.discovery, 4);
      await pass(5);
      assert.equal(realm.calls.discovery, 5);
      realm.setAll('normal');
      await pass(5);
      assert.equal(realm.calls.jwks, 4);
      await pass(10);
      assert.equal(realm.calls.jwks, 4);
      keys.close();
      await pass(600);
      assert.equal(realm.calls.jwks, 4);
    } finally {
      mock.timers.reset();
    }
  });

  it('is caused from outside where that is asked for, of keys that were loaded before and are old', async () => {
    const { realm, keys } = start();
    const refresh = async () => {
      keys.refresh();
      await settle();
      return [realm.calls.jwks, realm.calls.discovery];
    };
    assert.deepEqual(await refresh(), [0, 0]);
    await keys.start();
    assert.deepEqual(await refresh(), [1, 1]);
    realm.advance(60);
    assert.deepEqual(await refresh(), [2, 2]);
    keys.close();
  });

  it('puts a load off that a request has already caused', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { realm, keys } = start();
      await keys.start();
      realm.advance(30);
      await keys.find('made-up');
      assert.equal(realm.calls.jwks, 2);
      realm.advance(30);
      mock.timers.tick(60_000);
      await settle();
      assert.equal(realm.calls.jwks, 2, 'the keys are only 30 s old');
      realm.advance(30);
      mock.timers.tick(30_000);
      await settle();
      assert.equal(realm.calls.jwks, 3);
      keys.close();
    } finally {
      mock.timers.reset();
    }
  });

  it('begins with the first key that is asked for: one that leaves the JWKS is trusted no longer', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { realm, keys, epoch } = start();
    assert.ok(await keys.find(realm.signer.kid));
    await keys.find('made-up');
    assert.equal(realm.calls.jwks, 1, 'what the first request caused is new enough for it');
    realm.keys = [createTestKey('ES256', { kid: 'next' })];
    realm.advance(60);
    t.mock.timers.tick(60_000);
    await settle();
    assert.equal(keys.get(realm.signer.kid), undefined);
    assert.equal(epoch.value, 1);
    keys.close();
  });

  it('is not begun anew by a key that is asked for after close', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { realm, keys } = start();
    keys.close();
    assert.ok(await keys.find(realm.signer.kid));
    realm.advance(600);
    t.mock.timers.tick(600_000);
    await settle();
    assert.equal(realm.calls.jwks, 1);
  });

  it('is not started by a load that was under way at close', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { realm, keys } = start();
    realm.answers.jwks = 'slow';
    const started = keys.start();
    await settle();
    keys.close();
    realm.release();
    await started;
    assert.ok(keys.state.loadedAt);
    realm.advance(600);
    t.mock.timers.tick(600_000);
    await settle();
    assert.equal(realm.calls.jwks, 1);
  });

  it('ends with a close in the middle of a load of its own', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { realm, keys } = start();
    await keys.start();
    realm.answers.jwks = 'slow';
    realm.advance(60);
    t.mock.timers.tick(60_000);
    await settle();
    keys.close();
    realm.release();
    await settle();
    realm.advance(600);
    t.mock.timers.tick(600_000);
    await settle();
    assert.equal(realm.calls.jwks, 2);
  });

  it('goes on once, where it was closed and started in the middle of a load', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { realm, keys } = start();
    realm.answers.jwks = 'slow';
    const first = keys.start();
    await settle();
    keys.close();
    const second = keys.start();
    realm.answers.jwks = 'normal';
    realm.release();
    await Promise.all([first, second]);
    realm.advance(60);
    t.mock.timers.tick(60_000);
    await settle();
    assert.equal(realm.calls.jwks, 2);
    keys.close();
    realm.advance(600);
    t.mock.timers.tick(600_000);
    await settle();
    assert.equal(realm.calls.jwks, 2, 'a timer was left behind');
  });

  it('has every caller of start wait until the first try is over', async () => {
    const { realm, keys } = start();
    realm.answers.jwks = 'slow';
    const both = Promise.all([keys.start(), keys.start().then(() => assert.ok(keys.state.loadedAt))]);
    await settle();
    realm.release();
    await both;
    keys.close();
  });

  it('loads at once what has an age that nobody knows, because the clock was set back', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { realm, keys } = start();
    await keys.start();
    realm.advance(-3600);
    t.mock.timers.tick(60_000);
    await settle();
    assert.equal(realm.calls.jwks, 2);
    keys.close();
  });

  it('never rejects', async () => {
    const { realm, keys } = start();
    realm.setAll('down');
    await keys.start();
    assert.equal(keys.state.lastError?.code, 'provider_unavailable');
    keys.close();
  });

  it('notices an issuer that changed in a load whose second half failed', async () => {
    const { realm, keys, epoch } = start();
    await keys.start();
    realm.discovery = { issuer: 'https://elsewhere.example.com/realms/testing' };
    realm.answers.jwks = 'down';
    keys.close();
    await keys.start();
    keys.close();
    realm.answers.jwks = 'normal';
    await keys.start();
    keys.close();
    assert.equal(epoch.value, 1);
  });
});
