import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Notice } from '../../packages/guard/src/core/index.ts';
import { createFeed } from '../../packages/guard/src/events/feed.ts';
import { startEvents, type UserChange } from '../../packages/guard/src/events/index.ts';
import { cursorsAt } from '../../packages/guard/src/events/read-round.ts';
import { passing, stopTime } from '../support/passing-time.ts';
import { createEventRealm } from './fake-events.ts';
import { createMemoryCursor } from './following.ts';

/** A Keycloak without events. */
const SOURCE = {
  now: () => 0,
  calls: 0,
  isKept: async () => true,
  read: async () => ({ events: [], isMore: false }),
};

describe('changes', () => {
  it('of one user, for whom they cannot be handled, keep nothing from the others, however many they are', async (t) => {
    const [events, told] = [createEventRealm(), new Set<string>()];
    stopTime(t);
    const verifier = events.verifier();
    await verifier.load();
    t.after(() => verifier.close());
    const news = startEvents(verifier, { pollMs: 200, cursor: createMemoryCursor() });
    const handle = async ({ subject }: UserChange) => {
      if (subject === 'bad') throw new Error('not this one');
      told.add(subject);
    };
    news.onUser({ created: handle, changed: handle, disabled: handle });
    await passing('it reads', () => news.status().isHealthy);
    events.admin('UPDATE USER', 'users/bad', {});
    await passing('it waits', () => news.status().waiting === 1);
    for (let i = 0; i < 1_000; i++) {
      events.realm.advance(0.001);
      events.user('UPDATE_PROFILE', { userId: 'bad' });
      if (i % 100 === 0) events.admin('UPDATE USER', 'users/bad', { enabled: false });
    }
    events.admin('CREATE USER', 'users/good', {});
    await passing('the others are told', () => told.has('good'));
    // The one that failed, and of each kind the last.
    assert.equal(news.status().waiting, 3);
  });

  it('of so many users that no more are read: the notice says so, once', async () => {
    const change = { id: '1', kind: 'changed', subject: 'u', issuer: 'i', at: 0, by: 'user', details: null };
    const notices: Notice[] = [];
    const backlog = { u: { changes: Array.from({ length: 10_000 }, () => change), tries: 1 } };
    let [reads, saves] = [0, 0];
    const feed = createFeed({
      source: { ...SOURCE, read: async () => assert.fail(`${reads++}`) },
      store: {
        load: async () => JSON.stringify({ cursors: cursorsAt(0), backlog }),
        save: async () => void saves++,
      },
      handlers: { changed: () => Promise.reject(new Error('the database is away')) },
      issuer: () => 'i',
      onNotice: (notice) => notices.push(notice),
    });
    for (const round of [1, 2]) {
      feed.wake();
      await passing('it is done', () => saves === round);
    }
    await feed.close();
    const full = notices.filter(({ message }) => message.includes('no more are read'));
    assert.deepEqual([reads, full.length, full[0]?.code], [0, 1, 'events_unhandled']);
  });

  it('are read by one at a time, however often it is woken, and by none after the end', async () => {
    const loads: ((text: string) => void)[] = [];
    let saves = 0;
    const feed = createFeed({
      source: SOURCE,
      store: {
        load: () => new Promise<string>((resolve) => loads.push(resolve)),
        save: async () => void saves++,
      },
      handlers: {},
      issuer: () => 'i',
      onNotice: () => {},
    });
    feed.wake();
    feed.wake();
    assert.equal(loads.length, 1);
    loads[0]?.(JSON.stringify({ cursors: cursorsAt(0), backlog: {} }));
    await passing('it is done', () => saves > 0);
    await feed.close();
    feed.wake();
    assert.equal(loads.length, 1);
  });
});
