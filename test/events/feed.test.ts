import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createMemoryRevocationStore, type RevocationStore } from '../../packages/guard/src/core/index.ts';
import {
  type CursorStore,
  createFileCursor,
  startEvents,
  type UserChange,
  type UserHandlers,
} from '../../packages/guard/src/events/index.ts';
import { passing, passTime, stopTime } from '../support/passing-time.ts';
import { createEventRealm, type EventRealm } from './fake-events.ts';
import { createMemoryCursor } from './following.ts';

/** Handlers for every kind of change. */
const all = (handle: (change: UserChange) => unknown): UserHandlers => ({
  ...{ created: handle, changed: handle, disabled: handle, deleted: handle, rolesChanged: handle },
});

async function start(
  t: TestContext,
  events: EventRealm,
  cursor: CursorStore,
  handlers: UserHandlers,
  store?: RevocationStore,
) {
  stopTime(t);
  const verifier = events.verifier(store);
  await verifier.load();
  const news = startEvents(verifier, { pollMs: 200, cursor });
  news.onUser(handlers);
  assert.throws(() => news.onUser(handlers), /events: onUser was called before/);
  const end = () => verifier.close();
  t.after(end);
  // On a busy machine the first look may not be in time, and the next one needs time that passes.
  await passing('it reads', () => news.status().isHealthy);
  await news.ready;
  await passing('the position is known', async () => (await cursor.load()) !== null);
  return { news, end };
}

describe('changes of users', () => {
  it('that take long do not keep following alive when it is closed', async (t) => {
    const events = createEventRealm();
    let finish = (): void => {};
    const work = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let isBegun = false;
    const { news } = await start(
      t,
      events,
      createMemoryCursor(),
      all(() => {
        isBegun = true;
        return work;
      }),
    );
    events.admin('CREATE USER', 'users/u1', {});
    await passing('it is told', () => isBegun);
    const closing = news.close();
    await passing('nobody vouches for tokens', () => !news.status().isHealthy, 15_000);
    finish();
    await closing;
  });

  it('that one process still handles while it closes are not begun by the next one', async (t) => {
    const [events, store, cursor] = [createEventRealm(), createMemoryRevocationStore(), createMemoryCursor()];
    const told: string[] = [];
    let finish = (): void => {};
    const work = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const slow = (change: UserChange) => {
      told.push(`one begins ${change.kind}`);
      return work.then(() => told.push(`one ends ${change.kind}`));
    };
    const { news } = await start(t, events, cursor, all(slow), store);
    events.admin('CREATE USER', 'users/u1', {});
    await passing('it is told', () => told.length === 1);
    const closing = news.close();
    events.admin('DELETE USER', 'users/u1');
    const other = all(({ kind }) => told.push(`two handles ${kind}`));
    const next = start(t, events, cursor, other, store);
    await passTime(1_000);
    finish();
    await closing;
    await passing('the next one goes on', () => told.includes('two handles deleted'));
    await next;
    assert.deepEqual(told, ['one begins created', 'one ends created', 'two handles deleted']);
  });

  it('that hang hold up a close for five seconds, are told again, and leave no mark when they end at last', async (t) => {
    const [events, kept, begun] = [createEventRealm(), createMemoryCursor(), [] as string[]];
    let saves = 0;
    const cursor: CursorStore = {
      load: kept.load,
      save: (state) => kept.save(state).then(() => void saves++),
    };
    let finish = (): void => {};
    const hanging = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const handlers = all(({ id }) => {
      begun.push(id);
      return hanging;
    });
    const { news } = await start(t, events, cursor, handlers);
    const first = events.admin('CREATE USER', 'users/u1', {});
    await passing('it is told', () => begun.length === 1);
    const [began, before] = [performance.now(), saves];
    let isClosed = false;
    void news.close().then(() => {
      isClosed = true;
    });
    await passing('it is closed', () => isClosed);
    const tookMs = performance.now() - began;
    assert.ok(tookMs >= 4_999 && tookMs <= 5_100, `${tookMs} ms`);
    finish();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(saves, before);
    const told: string[] = [];
    await start(
      t,
      events,
      cursor,
      all(({ id }) => told.push(id)),
    );
    await passing('it is told again', () => told.length === 1);
    assert.deepEqual(told, [first]);
  });

  it('are told by kind, with who and when, and what an administrator sent', async (t) => {
    const [events, told] = [createEventRealm(), [] as UserChange[]];
    const { realm } = events;
    await start(
      t,
      events,
      createMemoryCursor(),
      all((change) => told.push(change)),
    );
    const tell = [
      () => events.admin('CREATE USER', 'users/u1', { username: 'anna' }),
      () => events.user('REGISTER', { userId: 'u2' }),
      () => events.admin('UPDATE USER', 'users/u1', { firstName: 'Anna' }),
      () => events.user('UPDATE_PROFILE', { userId: 'u1' }),
      () => events.admin('CREATE REALM_ROLE_MAPPING', 'users/u1/role-mappings/realm', [{ name: 'staff' }]),
      () => events.admin('DELETE GROUP_MEMBERSHIP', 'users/u1/groups/g', { path: '/dev' }),
      () => events.admin('DELETE ORGANIZATION_MEMBERSHIP', 'organizations/o/members/u1'),
      () => events.admin('UPDATE USER', 'users/u1', { enabled: false }),
      () => events.user('DELETE_ACCOUNT', { userId: 'u2' }),
      () => events.admin('DELETE USER', 'users/u1'),
    ];
    const ids = tell.map((one) => {
      realm.advance(0.001);
      return one();
    });
    // Of no interest: roles of groups, passwords, sessions, clients.
    events.admin('DELETE REALM_ROLE_MAPPING', 'groups/g/role-mappings/realm');
    events.admin('ACTION USER', 'users/u1/reset-password');
    events.user('LOGOUT', { userId: 'u1', sessionId: 's1' });
    await passing('all are told', () => told.length === ids.length);
    assert.deepEqual(
      told.filter(({ subject }) => subject === 'u1').map(({ kind, by }) => `${kind} by ${by}`),
      [
        ...['created by admin', 'changed by admin', 'changed by user', 'rolesChanged by admin'],
        ...['rolesChanged by admin', 'rolesChanged by admin', 'disabled by admin', 'deleted by admin'],
      ],
    );
    const [first] = told.filter(({ subject }) => subject === 'u1');
    const { id, issuer, details } = first ?? {};
    assert.deepEqual([id, issuer, details], [ids[0], realm.issuer, { username: 'anna' }]);
    assert.deepEqual(told.map((one) => one.id).sort(), ids.toSorted());
  });

  it('of a long list are not all told again to a process that was killed in the middle', async (t) => {
    const [events, told, saved] = [createEventRealm(), [] as string[], [] as number[]];
    const memory = createMemoryCursor();
    const save = async (text: string) => {
      await memory.save(text);
      saved.push(told.length);
    };
    await start(
      t,
      events,
      { ...memory, save },
      all(({ subject }) => told.push(subject)),
    );
    for (let i = 0; i < 250; i++) {
      events.realm.advance(0.001);
      events.admin('CREATE USER', `users/u${i}`, {});
    }
    await passing('all are told', () => told.length === 250);
    await passing('the last position is saved', () => saved.at(-1) === 250);
    assert.ok(saved.every((count, i) => count - (saved[i - 1] ?? 0) <= 100));
  });

  it('are told again, in order, where a function fails; those of others do not wait', async (t) => {
    const [events, told] = [createEventRealm(), [] as string[]];
    const tries: number[] = [];
    const { news } = await start(
      t,
      events,
      createMemoryCursor(),
      all(async ({ subject, details }) => {
        if (subject === 'bad' && tries.push(performance.now()) <= 2) throw new Error('the database is away');
        told.push(`${subject} ${(details as { n: number }).n}`);
      }),
    );
    for (let n = 1; n <= 3; n++) {
      events.realm.advance(0.001);
      events.admin('UPDATE USER', 'users/bad', { n });
      events.admin('UPDATE USER', 'users/good', { n });
    }
    await passing('those of others are told', () => told.length === 3);
    assert.deepEqual(told, ['good 1', 'good 2', 'good 3']);
    assert.equal(news.status().waiting, 3);
    await passing('all are told', () => told.length === 6);
    assert.deepEqual(told.slice(3), ['bad 1', 'bad 2', 'bad 3']);
    const pauses = tries.slice(1, 3).map((at, i) => at - (tries[i] as number));
    assert.deepEqual(
      pauses.map((ms) => Math.floor(ms / 1_000)),
      [1, 2],
      `${pauses}`,
    );
    await passing('none waits', () => news.status().waiting === 0);
    const notices = events.notices.filter(({ code }) => code === 'events_unhandled');
    assert.equal(notices.length, 1);
    assert.match(notices[0]?.message ?? '', /the database is away/);
  });

  it('wait in the cursor store, which outlives the process, with those that could not be handled', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'events-'));
    const cursor = createFileCursor(join(folder, 'cursor.json'));
    const [events, told] = [createEventRealm(), [] as string[]];
    const before = await start(
      t,
      events,
      cursor,
      all(() => Promise.reject(new Error('not today'))),
    );
    const failed = events.admin('UPDATE USER', 'users/u1', {});
    await passing('it waits', () => before.news.status().waiting === 1);
    await passing('it is kept', () => readFileSync(join(folder, 'cursor.json'), 'utf8').includes(failed));
    await before.end();
    events.realm.advance(3_600);
    const later = events.admin('DELETE USER', 'users/u1');
    await start(
      t,
      events,
      cursor,
      all(({ id }) => told.push(id)),
    );
    // After what ends the second one: hooks run in the order in which they were registered.
    t.after(() => rmSync(folder, { recursive: true }));
    await passing('both are told', () => told.length === 2);
    assert.deepEqual(told, [failed, later]);
  });

  it('that Keycloak deleted before they were told are missed, and the application learns it', async (t) => {
    const [events, cursor, missed] = [createEventRealm(), createMemoryCursor(), [] as number[]];
    const told: string[] = [];
    const handlers = { ...all(({ id }) => told.push(id)), missed: (since: number) => missed.push(since) };
    const before = await start(t, events, cursor, handlers);
    events.admin('CREATE USER', 'users/u1');
    await passing('it is told', () => told.length === 1);
    await passing('it is kept', async () => ((await cursor.load()) ?? '').includes(told[0] ?? 'none'));
    await before.end();
    const at = events.realm.clock();
    events.realm.advance(3_600);
    events.lists.admin.length = 0;
    await start(t, events, cursor, handlers);
    await passing('it is told', () => missed.length === 1);
    assert.deepEqual(missed, [at]);
  });

  it('are missed since now, and no later, where the clock of Keycloak was set back meanwhile', async (t) => {
    const [events, cursor, missed, told] = [
      createEventRealm(),
      createMemoryCursor(),
      [] as number[],
      [] as string[],
    ];
    const handlers = { ...all(({ id }) => told.push(id)), missed: (since: number) => missed.push(since) };
    events.realm.advance(3_600);
    await (await start(t, events, cursor, handlers)).end();
    events.realm.advance(-3_600);
    await start(t, events, cursor, handlers);
    await passing('it is told', () => missed.length === 1);
    assert.ok((missed[0] ?? Number.NaN) <= events.realm.clock(), `${missed} <= ${events.realm.clock()}`);
    events.admin('CREATE USER', 'users/u1');
    await passing('what comes then is told', () => told.length === 1);
  });

  it('that a partial import made are told, and that somebody was replaced, whom no event names', async (t) => {
    const [events, missed, told] = [createEventRealm(), [] as number[], [] as string[]];
    const tell = all(({ kind, subject }) => told.push(`${kind} ${subject}`));
    await start(t, events, createMemoryCursor(), { ...tell, missed: (since) => missed.push(since) });
    events.admin('CREATE REALM', 'users/u1', { username: 'anna' });
    await passing('it is told', () => told.length === 1);
    assert.deepEqual([told, missed.length], [['created u1'], 0]);
    events.admin('UPDATE REALM', 'users/u2', { username: 'anna' });
    await passing('it is told', () => told.length === 2);
    assert.deepEqual([told, missed.length], [['created u1', 'created u2'], 1]);
  });

  it('are told of whoever an import gave a strange id, too', async (t) => {
    const [events, told] = [createEventRealm(), [] as string[]];
    const handlers = all(({ subject }) => told.push(subject));
    await start(t, events, createMemoryCursor(), handlers);
    // Keycloak takes it from a partial import.
    for (const id of ['__proto__', 'constructor']) events.admin('DELETE USER', `users/${id}`);
    await passing('both are told', () => told.length === 2);
    assert.deepEqual(told.toSorted(), ['__proto__', 'constructor']);
  });

  it('do not wait for ever for a comparison of all users that does not end', async (t) => {
    const [events, cursor] = [createEventRealm(), createMemoryCursor()];
    const told: string[] = [];
    const before = await start(t, events, cursor, {});
    await before.end();
    events.realm.advance(3_600);
    let tries = 0;
    const missed = () => new Promise<void>((resolve) => (tries++ === 0 ? undefined : resolve()));
    const saved = JSON.parse((await cursor.load()) ?? '');
    saved.cursors['admin-events'].seen = { gone: saved.cursors['admin-events'].time };
    await cursor.save(JSON.stringify(saved));
    const { news } = await start(t, events, cursor, { ...all(({ id }) => told.push(id)), missed });
    await passing(
      'it was tried again, and the next changes are told',
      () => {
        if (tries === 2) events.admin('CREATE USER', 'users/u1');
        return told.length > 0;
      },
      120_000,
    );
    await news.close();
  });

  it('are not begun anew over a position that cannot be read', async (t) => {
    const [events, told] = [createEventRealm(), [] as string[]];
    const saved: string[] = [];
    const broken: CursorStore = {
      load: async () => '{"half":',
      save: async (state) => void saved.push(state),
    };
    await start(
      t,
      events,
      broken,
      all(({ id }) => told.push(id)),
    );
    events.admin('CREATE USER', 'users/u1');
    await passing('it is told', () => events.notices.some(({ code }) => code === 'events_unhandled'));
    assert.deepEqual([told, saved], [[], []]);
  });
});
