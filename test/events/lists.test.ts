import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryRevocationStore, type Notice } from '../../packages/guard/src/core/index.ts';
import { startEvents } from '../../packages/guard/src/events/index.ts';
import { passing, passTime, stopTime } from '../support/passing-time.ts';
import { assertRefused } from '../support/refusal.ts';
import { createEventRealm, type EventRealm } from './fake-events.ts';
import { heard, isRefused, startFollowing } from './following.ts';

describe('the lists of events', () => {
  it('are read to their end, in pages, with a page of one millisecond', async (t) => {
    const { events, realm, verifier } = await startFollowing(t);
    const tokens = [0, 699, 1_699].map((i) => realm.mint({ sub: `u${i}`, sid: `s${i}`, iat: realm.now - 1 }));
    for (let i = 0; i < 1_700; i++) {
      if (i >= 1_200) realm.advance(0.001);
      events.user('LOGOUT', { sessionId: `s${i}` });
    }
    await passing('all are heard', () => verifier.stats.revocations === 1_700);
    for (const token of tokens) assert.equal(await isRefused(verifier, token), 'token_revoked');
  });

  it('are read to their end where Keycloak shows the newest first', async (t) => {
    const { events, verifier } = await startFollowing(t, (realm) => {
      realm.knowsDirection = false;
    });
    for (let i = 0; i < 1_200; i++) {
      events.realm.advance(0.001);
      events.user('LOGOUT', { sessionId: `s${i}` });
    }
    await passing('all are heard', () => verifier.stats.revocations === 1_200);
  });

  it('are read where Keycloak is older than 26.4: without times, order and ids', async (t) => {
    const { events, verifier, news } = await startFollowing(t, (realm) => {
      realm.isOld = true;
      for (let i = 0; i < 200; i++) realm.user('LOGOUT', { sessionId: `before${i}`, time: 1_000 + i });
    });
    for (let i = 0; i < 120; i++) {
      if (i % 2 === 0) events.realm.advance(0.001);
      events.user('LOGOUT', { sessionId: `s${i}` });
    }
    await passing('all are heard', () => verifier.stats.revocations === 120);
    await heard(events);
    assert.equal(verifier.stats.revocations, 120, 'and none of before, nor one twice');
    assert.ok(news.status().isHealthy);
  });

  it('may show an event late, with a time of before: from another node of Keycloak', async (t) => {
    const { events, realm, verifier } = await startFollowing(t);
    realm.advance(20);
    events.user('LOGOUT', { sessionId: 'first' });
    await heard(events);
    events.user('LOGOUT', { sessionId: 'late', time: realm.clock() - 9_000 });
    events.user('LOGOUT', { sessionId: 'same', time: realm.clock() });
    await passing('both are heard', () => verifier.stats.revocations === 3);
    await heard(events);
    assert.equal(verifier.stats.revocations, 3);
  });

  it('are read on when one node of Keycloak has a clock that is an hour ahead', async (t) => {
    const { events, realm, verifier } = await startFollowing(t);
    events.user('LOGOUT', { sessionId: 'ahead', time: realm.clock() + 3_600_000 });
    await heard(events);
    realm.advance(20);
    events.user('LOGOUT', { sessionId: 'right' });
    await passing('both are heard', () => verifier.stats.revocations === 2);
  });

  it('are followed by the times of Keycloak, whose clock may be an hour behind', async (t) => {
    const { events, realm, verifier } = await startFollowing(t, ({ realm: { mint }, realm }) => {
      Object.assign(realm, {
        mint: (claims: object = {}) => mint({ iat: realm.now - 3600, exp: realm.now + 300, ...claims }),
      });
    });
    const token = realm.mint({ sid: 's1' });
    await verifier.verify(token);
    events.user('LOGOUT', { sessionId: 's1', time: realm.clock() - 3_600_000 });
    await passing('it is refused', async () => (await isRefused(verifier, token)) === 'token_revoked');
  });

  it('end the token of the one who reads them: 401 is news, not an outage', async (t) => {
    const { events, realm, verifier, news } = await startFollowing(t);
    const token = realm.mint({ sub: 'u1' });
    await verifier.verify(token);
    realm.advance(1);
    events.admin('ACTION REALM', 'logout-all');
    // The first token, and the one of the same second.
    events.refuse = { status: 401, times: 4 };
    await passing('it is refused', async () => (await isRefused(verifier, token)) === 'token_revoked');
    assert.ok((events.calls.token ?? 0) >= 2);
    assert.ok(news.status().isHealthy);
    assert.deepEqual(
      events.notices.filter(({ level }) => level !== 'info'),
      [],
    );
  });

  it('that were deleted before they were read let every token be checked, with a notice', async (t) => {
    const { events, realm, verifier } = await startFollowing(t);
    events.user('LOGOUT', { sessionId: 'other' });
    await passing('it is heard', () => verifier.stats.revocations > 0);
    const token = realm.mint({ sid: 's1' });
    await verifier.verify(token);
    realm.introspect = () => ({ active: false });
    events.user('LOGOUT', { sessionId: 's1' });
    events.lists.users.length = 0;
    await passing('it is refused', async () => (await isRefused(verifier, token)) === 'token_revoked');
    assert.ok(events.notices.some(({ code }) => code === 'events_missed'));
  });

  it('let every token be checked after a pause, where nothing read before can show what was deleted', async (t) => {
    const { events, realm, verifier, news } = await startFollowing(t);
    events.refuse = { status: 503, times: Number.POSITIVE_INFINITY };
    await passing('they are not read', () => !news.status().isHealthy, 15_000);
    realm.advance(3600);
    const token = realm.mint({ sid: 's1' });
    realm.introspect = () => ({ active: false });
    events.refuse = undefined;
    await passing('it is refused', async () => (await isRefused(verifier, token)) === 'token_revoked');
    assert.ok(events.notices.some(({ code }) => code === 'events_missed'));
  });

  it('of the minutes before a start count as well: what was ended while no process ran is refused', async (t) => {
    const events = createEventRealm();
    const token = events.realm.mint({ sid: 's1' });
    events.user('LOGOUT', { sessionId: 's1' });
    events.realm.advance(300);
    stopTime(t);
    const verifier = events.verifier();
    await verifier.load();
    const news = startEvents(verifier, { pollMs: 200 });
    t.after(() => Promise.all([news.close(), verifier.close()]));
    await assertRefused(() => verifier.verify(token), 'token_revoked');
  });

  it('are given up where they do not end: a proxy drops the query, and yet closing ends', {
    timeout: 120_000,
  }, async (t) => {
    const { events, realm, verifier, news } = await startFollowing(t);
    events.ignoresQuery = true;
    for (let i = 0; i < 500; i++) events.user('LOGOUT', { sessionId: `s${i}`, time: realm.clock() + i });
    await passing('it is read', () => verifier.stats.revocations === 0 && (events.calls.events ?? 0) > 3);
    await news.close();
    const calls = events.calls.events;
    await verifier.close();
    assert.equal(events.calls.events, calls);
  });
});

/** The notice that events are not read. */
async function whyLost({ notices }: EventRealm): Promise<string> {
  const isIt = ({ code }: Notice) => code === 'events_lost';
  await passing('it is told', () => notices.some(isIt));
  return notices.find(isIt)?.message ?? '';
}

describe('a Keycloak that is not what it should be', () => {
  it('has a list without end, each page of it new: it is given up, and closing ends', {
    timeout: 60_000,
  }, async (t) => {
    const beOld = (realm: EventRealm) => {
      realm.isOld = true;
    };
    const { events, news } = await startFollowing(t, beOld, { pollMs: 5_000 });
    events.isEndless = true;
    await passing('it is given up', () => !news.status().isHealthy, 40_000);
    await news.close();
  });

  it('takes the question and does not answer: it is given up and asked again, and closing ends', async (t) => {
    const { events, realm, verifier, news } = await startFollowing(t);
    t.mock.method(AbortSignal, 'timeout', (ms: number) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new DOMException('too late', 'TimeoutError')), ms);
      return controller.signal;
    });
    events.hangs = true;
    const notice = () => events.notices.find(({ code }) => code === 'events_lost');
    // Time that is stopped passes faster than what is awaited beside it.
    await passing('it is told', () => notice() !== undefined, 200_000);
    assert.match(notice()?.message ?? '', /events are not read.*gave no answer/);
    assert.equal(news.status().isHealthy, false);
    const token = realm.mint({ sid: 's1' });
    events.user('LOGOUT', { sessionId: 's1' });
    events.hangs = false;
    await passing('it is heard', async () => (await isRefused(verifier, token)) === 'token_revoked');
    assert.equal(news.status().isHealthy, true);
    events.hangs = true;
    await passTime(1_000);
    let isClosed = false;
    void news.close().then(() => {
      isClosed = true;
    });
    await passing('it is closed', () => isClosed, 15_000);
  });

  it('has a clock that was an hour ahead: what comes then is heard, and every token is checked', async (t) => {
    let aheadSeconds = 3600;
    const { events, realm, verifier } = await startFollowing(t, ({ realm: { mint }, realm }) => {
      Object.assign(realm, {
        mint: (claims: object = {}) =>
          mint({ iat: realm.now + aheadSeconds, exp: realm.now + 9999, ...claims }),
      });
    });
    await heard(events);
    aheadSeconds = 0;
    // It gets a new token.
    events.refuse = { status: 401, times: 1 };
    await passing('it is noticed', () => events.notices.some(({ code }) => code === 'events_missed'));
    const token = realm.mint({ sid: 's1' });
    await verifier.verify(token);
    realm.advance(2);
    events.user('LOGOUT', { sessionId: 's1' });
    await heard(events);
    assert.equal(await isRefused(verifier, token), 'token_revoked');
  });

  for (const [status, reason] of [
    [500, /: Keycloak shows no events \(HTTP 500/],
    [403, /may not see Keycloak's events \(.*403.*give its service account the role view-events/],
  ] as const) {
    it(`answers ${status} for long: the reason says so`, async (t) => {
      const { events } = await startFollowing(t);
      events.refuse = { status, times: Number.POSITIVE_INFINITY };
      assert.match(await whyLost(events), reason);
    });
  }

  it('has events without a type: the reason says so', async (t) => {
    const { events, news } = await startFollowing(t);
    events.lists.admin.unshift({ id: 'e1', time: events.realm.clock(), operationType: { toString: 1 } });
    assert.match(await whyLost(events), /Keycloak answered something else than a list of events/);
    assert.equal(news.status().isHealthy, false);
  });
});

describe('of several processes', () => {
  it('each reads for itself, and one that starts knows before it takes a token', async (t) => {
    stopTime(t);
    const store = createMemoryRevocationStore();
    const events = createEventRealm();
    const { realm } = events;
    const start = async () => {
      const verifier = events.verifier(store);
      await verifier.load();
      const news = startEvents(verifier, { pollMs: 200 });
      t.after(() => Promise.all([news.close(), verifier.close()]));
      return { verifier, news };
    };
    const [one, two] = [await start(), await start()];
    await passing('both read', () => one.news.status().isHealthy && two.news.status().isHealthy);
    const token = realm.mint({ sid: 's1' });
    events.user('LOGOUT', { sessionId: 's1' });
    await passing('both refuse', async () => (await isRefused(two.verifier, token)) === 'token_revoked');
    assert.equal(await isRefused(one.verifier, token), 'token_revoked');
    await one.news.close();
    const late = realm.mint({ sid: 's2' });
    events.user('LOGOUT', { sessionId: 's2' });
    const third = await start();
    assert.equal(await isRefused(third.verifier, late), 'token_revoked');
  });
});
