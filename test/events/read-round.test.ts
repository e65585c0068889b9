import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { markFailure } from '../../packages/guard/src/core/realm/fetch-json.ts';
import type { EventSource } from '../../packages/guard/src/events/event-source.ts';
import { type Cursors, cursorsAt, readRound } from '../../packages/guard/src/events/read-round.ts';

const NOW = 1_800_000_000_000;

/** Shows events of users, so many in each millisecond. */
function createSource(count: number, inOneMs: number) {
  const events = Array.from({ length: count }, (_, i) => ({
    id: `e${i}`,
    time: NOW + Math.floor(i / inOneMs),
  }));
  const sizes: number[] = [];
  const source = {
    now: () => NOW + 60_000,
    async read(list: string, from: number, most: number) {
      const page = events.filter(({ time }) => list === 'events' && time >= from).slice(0, most);
      if (list === 'events') sizes.push(most);
      return { events: page, isMore: page.length >= most };
    },
  } as unknown as EventSource;
  return { source, events, sizes };
}

/** Reads to the end, a hundred at a time. */
async function readAll(source: EventSource, cursors: Cursors): Promise<{ sizes: number[]; ids: string[] }> {
  const [sizes, ids]: [number[], string[]] = [[], []];
  for (let now = cursors, isMore = true; isMore; ) {
    const round = await readRound(source, now, 100);
    sizes.push(round.events.length);
    ids.push(...round.events.map(({ id }) => id));
    ({ cursors: now, isMore } = round);
  }
  return { sizes, ids };
}

describe('a round of reading events', () => {
  it('finds what is new behind ten thousand that came in the last moments', async () => {
    const { source, events } = createSource(12_001, 2);
    const seen = Object.fromEntries(events.slice(0, 12_000).map(({ id, time }) => [id, time]));
    const cursors = { ...cursorsAt(NOW), events: { time: NOW + 5_999, seen } };
    const { events: fresh, isMore } = await readRound(source, cursors, 100);
    assert.deepEqual([fresh.map(({ id }) => id), isMore], [['e12000'], false]);
  });

  it('gives no more than it was asked for, each once and in order, whatever the size of the pages', async () => {
    const { source, events, sizes: pages } = createSource(1_000, 1);
    const { sizes, ids } = await readAll(source, cursorsAt(NOW));
    assert.ok(Math.max(...sizes) <= 100, sizes.join());
    assert.deepEqual(
      ids,
      events.map(({ id }) => id),
    );
    assert.ok(pages.length < 50, `${pages.length} pages`);
  });

  it('asks for less where an answer is too large, down to one event, and gives up where that is too large', async () => {
    const { source, events, sizes } = createSource(3, 1);
    const limited = (largest: number): EventSource => ({
      ...source,
      async read(list, from, most) {
        if (list !== 'events' || most <= largest) return source.read(list, from, most);
        sizes.push(-most);
        throw markFailure(new AuthError('provider_unavailable', 'too large'), 'cut');
      },
    });
    const { events: fresh, isMore } = await readRound(limited(25), cursorsAt(NOW), 500);
    assert.deepEqual(
      fresh.map(({ id }) => id),
      events.map(({ id }) => id),
    );
    assert.deepEqual([sizes.slice(0, 3), isMore], [[-500, -50, 5], false]);
    sizes.length = 0;
    await assert.rejects(readRound(limited(0), cursorsAt(NOW), 40), /too large|unavailable/);
    assert.deepEqual(sizes, [-40, -4, -1]);
  });

  it('does not ask for less where Keycloak fails otherwise', async () => {
    const { source } = createSource(3, 1);
    let calls = 0;
    const failing = {
      ...source,
      async read() {
        calls++;
        throw new AuthError('provider_unavailable', 'no answer');
      },
    } as unknown as EventSource;
    await assert.rejects(readRound(failing, cursorsAt(NOW), 500), AuthError);
    assert.ok(calls <= 2, `${calls} calls`);
  });

  it('ends after a hundred pages of nothing but what is known: something on the way drops the query', async () => {
    let pages = 0;
    const known = [NOW, NOW + 1].map((time) => ({ id: `e${time}`, time }));
    const source = {
      now: () => NOW + 60_000,
      async read(list: string) {
        if (list !== 'events') return { events: [], isMore: false };
        pages++;
        return { events: known, isMore: true };
      },
    } as unknown as EventSource;
    const seen = Object.fromEntries(known.map(({ id, time }) => [id, time]));
    const cursors = { ...cursorsAt(NOW), events: { time: NOW + 1, seen } };
    await assert.rejects(readRound(source, cursors), { reason: "Keycloak's list of events has no end" });
    assert.equal(pages, 100);
  });

  it('gives all of one millisecond together', async () => {
    const { source, events } = createSource(900, 300);
    const { sizes, ids } = await readAll(source, cursorsAt(NOW));
    assert.deepEqual(
      ids,
      events.map(({ id }) => id),
    );
    assert.ok(Math.max(...sizes) <= 300, sizes.join());
  });

  it('remembers no more of a list whose events all have one time than a real one has in a moment, and begins again', async () => {
    let count = 0;
    const source = {
      now: () => NOW + 60_000,
      async read(list: string) {
        const events =
          list === 'events' ? Array.from({ length: 26_000 }, () => ({ id: `e${count++}`, time: NOW })) : [];
        return { events, isMore: false };
      },
    } as unknown as EventSource;
    let cursors = cursorsAt(NOW);
    let lost = 0;
    for (let rounds = 0; rounds < 4; rounds++) {
      const round = await readRound(source, cursors);
      ({ cursors } = round);
      if (round.isLost) {
        lost++;
        assert.deepEqual([cursors, round.isMore], [cursorsAt(NOW + 60_000), false]);
        cursors = cursorsAt(NOW);
      }
      assert.ok(Object.keys(cursors.events.seen).length <= 50_000);
    }
    assert.equal(lost, 2);
  });
});
