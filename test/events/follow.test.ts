import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Revocation } from '../../packages/guard/src/core/index.ts';
import { partsOf } from '../../packages/guard/src/core/internal.ts';
import { startEvents } from '../../packages/guard/src/events/index.ts';
import { passing, passTime, stopTime } from '../support/passing-time.ts';
import { assertAtOnce, assertRefused, settle } from '../support/refusal.ts';
import { createEventRealm, type EventRealm } from './fake-events.ts';
import { heard, isRefused, startFollowing } from './following.ts';

describe('what Keycloak tells in its events', () => {
  const cases: readonly [what: string, tell: (events: EventRealm) => void, code: string][] = [
    ['a user is deleted', (e) => e.admin('DELETE USER', 'users/u1'), 'token_revoked'],
    ['a user deletes their account', (e) => e.user('DELETE_ACCOUNT', { userId: 'u1' }), 'token_revoked'],
    ['an administrator logs a user out', (e) => e.admin('ACTION USER', 'users/u1/logout'), 'token_revoked'],
    [
      'a session is deleted',
      (e) => e.admin('DELETE USER_SESSION', 'sessions/s1', { offline: false }),
      'token_revoked',
    ],
    ['a user logs out', (e) => e.user('LOGOUT', { userId: 'u1', sessionId: 's1' }), 'token_revoked'],
    [
      'a token is revoked',
      (e) => e.user('REVOKE_GRANT', { userId: 'u1', details: { token_id: 't1' } }),
      'token_revoked',
    ],
    [
      'a role is taken away',
      (e) => e.admin('DELETE REALM_ROLE_MAPPING', 'users/u1/role-mappings/realm', [{ name: 'x' }]),
      'token_outdated',
    ],
    [
      'a role of a client is taken away',
      (e) => e.admin('DELETE CLIENT_ROLE_MAPPING', 'users/u1/role-mappings/clients/c'),
      'token_outdated',
    ],
    ['a group is left', (e) => e.admin('DELETE GROUP_MEMBERSHIP', 'users/u1/groups/g'), 'token_outdated'],
    [
      'an organization is left',
      (e) => e.admin('DELETE ORGANIZATION_MEMBERSHIP', 'organizations/o/members/u1'),
      'token_outdated',
    ],
    [
      'a group of an organization is left',
      (e) => e.admin('DELETE ORGANIZATION_GROUP_MEMBERSHIP', 'organizations/o/groups/g/members/u1'),
      'token_outdated',
    ],
    [
      'a session is over',
      (e) => e.user('USER_SESSION_DELETED', { userId: 'u1', sessionId: 's1' }),
      'token_revoked',
    ],
    ['a password is reset', (e) => e.admin('ACTION USER', 'users/u1/reset-password'), 'token_outdated'],
    [
      'a not-before of the realm',
      (e) => e.admin('UPDATE REALM', '', { notBefore: e.realm.now + 1 }),
      'token_revoked',
    ],
    [
      'a not-before of a client',
      (e) =>
        e.admin('UPDATE CLIENT', 'clients/x', {
          clientId: 'web-app',
          enabled: true,
          notBefore: e.realm.now + 1,
        }),
      'token_revoked',
    ],
    ['all are logged out', (e) => e.admin('ACTION REALM', 'logout-all'), 'token_revoked'],
  ];
  for (const [what, tell, code] of cases) {
    it(`${what}: the tokens of before are refused, without a question`, async (t) => {
      const { events, realm, verifier } = await startFollowing(t);
      const token = realm.mint({ sub: 'u1', sid: 's1', jti: 't1' });
      const other = realm.mint({ sub: 'u2', sid: 's2', jti: 't2', azp: 'other', iat: realm.now + 2 });
      await verifier.verify(token);
      realm.advance(1);
      await verifier.verify(other);
      tell(events);
      await passing('it is refused', async () => (await isRefused(verifier, token)) === code);
      await verifier.verify(other);
      assert.equal(realm.calls.introspection, 0);
    });
  }

  it('a not-before of a client is for no token of another client', async (t) => {
    const { events, realm, verifier } = await startFollowing(t);
    const ofClient = realm.mint({ azp: 'web-app' });
    const ofOther = realm.mint({ azp: 'other' });
    events.admin('UPDATE CLIENT', 'clients/x', { clientId: 'web-app', notBefore: realm.now + 1 });
    await passing('it is refused', async () => (await isRefused(verifier, ofClient)) === 'token_revoked');
    await verifier.verify(ofOther);
  });

  const asked: readonly [what: string, tell: (events: EventRealm) => void][] = [
    ['a user is disabled', (e) => e.admin('UPDATE USER', 'users/u1', { enabled: false })],
    ['a user is changed, without details', (e) => e.admin('UPDATE USER', 'users/u1')],
    ['a consent is revoked by an administrator', (e) => e.admin('ACTION USER', 'users/u1/consents/web-app')],
    [
      'a consent is revoked',
      (e) => e.user('REVOKE_GRANT', { userId: 'u1', details: { revoked_client: 'web-app' } }),
    ],
    [
      'a client is disabled',
      (e) => e.admin('UPDATE CLIENT', 'clients/x', { clientId: 'web-app', enabled: false }),
    ],
    ['a user is locked out for ever', (e) => e.user('USER_DISABLED_BY_PERMANENT_LOCKOUT', { userId: 'u1' })],
    [
      'a partial import replaces users, whom no event names',
      (e) => e.admin('UPDATE REALM', 'users/u9', { username: 'anna', enabled: false }),
    ],
    ['a partial import replaces a client', (e) => e.admin('UPDATE REALM', 'clients/c9', { clientId: 'x' })],
    [
      'a role becomes part of another one',
      (e) => e.admin('CREATE REALM_ROLE', 'roles/staff/composites', [{ name: 'x' }]),
    ],
    [
      'a group of an organization is deleted',
      (e) => e.admin('DELETE ORGANIZATION_GROUP', 'organizations/o/groups/g'),
    ],
    ['a client is deleted', (e) => e.admin('DELETE CLIENT', 'clients/x')],
    ['a directory is switched off', (e) => e.admin('UPDATE COMPONENT', 'components/c', { name: 'ldap' })],
    ['a directory is deleted, its users with it', (e) => e.admin('DELETE COMPONENT', 'components/c')],
    [
      'users of a directory are removed',
      (e) => e.admin('ACTION COMPONENT', 'user-storage/c/remove-imported-users'),
    ],
    [
      'an organization is disabled',
      (e) => e.admin('UPDATE ORGANIZATION', 'organizations/o', { enabled: false }),
    ],
    [
      'an organization is deleted, its users with it',
      (e) => e.admin('DELETE ORGANIZATION', 'organizations/o'),
    ],
    ['the realm is disabled', (e) => e.admin('UPDATE REALM', '', { realm: 'x', enabled: false })],
    [
      'events were not kept for a moment',
      (e) => e.admin('UPDATE REALM', 'events/config', { adminEventsEnabled: true, eventsEnabled: true }),
    ],
  ];
  for (const [what, tell] of asked) {
    it(`${what}: Keycloak is asked before another request, and is believed`, async (t) => {
      const { events, realm, verifier } = await startFollowing(t);
      const token = realm.mint({ sub: 'u1' });
      await verifier.verify(token);
      realm.advance(1);
      tell(events);
      await passing('it is asked', async () => {
        await verifier.verify(token);
        return realm.calls.introspection === 1;
      });
      assertAtOnce(verifier.verify(token));
      realm.introspect = () => ({ active: false });
      realm.advance(1);
      tell(events);
      await passing('it is refused', async () => (await isRefused(verifier, token)) === 'token_revoked');
      assert.equal(realm.calls.introspection, 2);
    });
  }

  for (const [when, seconds] of [
    ['in the same second as the last', 0.1],
    ['of a moment before the last, which another node of Keycloak wrote', -3],
  ] as const)
    for (const [what, tell] of [
      ['of a user', (e: EventRealm) => e.admin('UPDATE USER', 'users/u1', { enabled: false })],
      ['of a client', (e: EventRealm) => e.admin('DELETE CLIENT', 'clients/x')],
    ] as const)
      it(`a change ${what} ${when} is one more: Keycloak is asked again`, async (t) => {
        const { events, realm, verifier } = await startFollowing(t);
        realm.advance(10 - ((realm.clock() / 1000) % 1));
        const token = realm.mint({ sub: 'u1', iat: realm.now - 8 });
        await verifier.verify(token);
        tell(events);
        await passing('it is asked', async () => {
          await verifier.verify(token);
          return realm.calls.introspection === 1;
        });
        realm.introspect = () => ({ active: false });
        tell(events);
        const [event] = events.lists.admin;
        if (event !== undefined) event.time = (event.time as number) + seconds * 1000;
        await passing('it is refused', async () => (await isRefused(verifier, token)) === 'token_revoked');
      });

  it('a role is given, a group changes: Keycloak is asked, and nobody is refused where it does not answer', async (t) => {
    const { events, realm, verifier } = await startFollowing(t);
    const token = realm.mint({ sub: 'u1' });
    await verifier.verify(token);
    realm.answers.introspection = 'error';
    events.admin('CREATE REALM_ROLE_MAPPING', 'users/u1/role-mappings/realm', [{ name: 'x' }]);
    await passing('it is asked', async () => {
      await verifier.verify(token);
      return realm.calls.introspection === 1;
    });
    realm.answers.introspection = 'normal';
    realm.advance(20);
    events.admin('DELETE GROUP', 'groups/g');
    await passing('it is asked again', async () => {
      await verifier.verify(token);
      return realm.calls.introspection >= 2;
    });
  });

  it('names nobody else: another realm of the same Keycloak has users with the same id', async (t) => {
    const { events, realm, verifier } = await startFollowing(t);
    events.admin('DELETE USER', 'users/u1');
    await heard(events);
    assert.equal(await isRefused(verifier, realm.mint({ sub: 'u1', iat: realm.now - 1 })), 'token_revoked');
    const { issuer } = verifier.issuer.current ?? {};
    assert.equal(issuer, realm.issuer);
  });
});

describe('while events are heard', () => {
  it('Keycloak is not asked about a token in use, however long it is used', async (t) => {
    const { events, realm, verifier } = await startFollowing(t);
    realm.advance(10);
    const token = realm.mint({ exp: realm.now + 3600 });
    await verifier.verify(token);
    for (let minute = 0; minute < 20; minute++) {
      realm.advance(60);
      await heard(events);
      assertAtOnce(verifier.verify(token));
      await settle();
    }
    assert.equal(realm.calls.introspection, 0);
    // What no event tells: after half an hour it is asked all the same, and no request waits.
    for (const seconds of [...Array<number>(9).fill(60), 20, 20]) {
      realm.advance(seconds);
      await heard(events);
      assertAtOnce(verifier.verify(token));
    }
    assert.equal(realm.calls.introspection, 0);
    realm.advance(20);
    assertAtOnce(verifier.verify(token));
    await passing('it is asked', () => realm.calls.introspection === 1);
  });

  for (const [what, claims] of [
    ['without a session', { sid: undefined }],
    ['without an id', { jti: undefined }],
    ['without a client', { azp: undefined }],
  ] as const) {
    it(`a token that they cannot name is asked about as ever: ${what}`, async (t) => {
      const { events, realm, verifier } = await startFollowing(t);
      realm.advance(10);
      const token = realm.mint({ exp: realm.now + 3600, ...claims });
      await verifier.verify(token);
      const before = realm.calls.introspection;
      realm.advance(16);
      await heard(events);
      await verifier.verify(token);
      await passing('it is asked', () => realm.calls.introspection === before + 1);
    });
  }

  it('a token from before they were heard is asked about once', async (t) => {
    const { events, realm, verifier } = await startFollowing(t);
    const token = realm.mint({ iat: realm.now - 100, exp: realm.now + 3600 });
    realm.advance(10);
    await verifier.verify(token);
    assert.equal(realm.calls.introspection, 1);
    for (let minute = 0; minute < 5; minute++) {
      realm.advance(60);
      await heard(events);
      assertAtOnce(verifier.verify(token));
    }
    assert.equal(realm.calls.introspection, 1);
  });

  it('when they are not heard any more, everything is as without them, with one notice, and one when they are back', async (t) => {
    const { events, realm, verifier, news } = await startFollowing(t);
    realm.advance(10);
    const token = realm.mint({ exp: realm.now + 3600 });
    await verifier.verify(token);
    realm.advance(100);
    await heard(events);
    assertAtOnce(verifier.verify(token));
    events.refuse = { status: 403, times: 1e9 };
    realm.advance(16);
    assertAtOnce(verifier.verify(token));
    await passing('it is asked in the background', () => realm.calls.introspection === 1);
    realm.introspect = () => ({ active: false });
    realm.advance(31);
    await assertRefused(() => verifier.verify(token), 'token_revoked');
    const codes = () => events.notices.map(({ code }) => code).filter((code) => code.startsWith('events'));
    await passing('it is told', () => codes().length === 1);
    assert.equal(news.status().isHealthy, false);
    const lost = events.notices.find(({ code }) => code === 'events_lost');
    assert.match(lost?.message ?? '', /may not see Keycloak's events/);
    assert.match(lost?.fix ?? '', /setup events/);
    events.refuse = undefined;
    await passing('it is back', () => codes().length === 2);
    assert.deepEqual(codes(), ['events_lost', 'events_back']);
    assert.ok(news.status().isHealthy);
  });

  it('when they were never heard, that is told once, after five seconds', async (t) => {
    stopTime(t);
    const events = createEventRealm();
    events.refuse = { status: 403, times: 1e9 };
    const verifier = events.verifier();
    await verifier.load();
    const news = startEvents(verifier, { pollMs: 200 });
    t.after(async () => {
      await news.close();
      await verifier.close();
    });
    const lost = () => events.notices.filter(({ code }) => code === 'events_lost').length;
    await passTime(4_700);
    assert.equal(lost(), 0);
    await passTime(1_000);
    assert.equal(lost(), 1);
    await passTime(5_000);
    assert.equal(lost(), 1);
  });

  for (const type of ['LOGOUT', 'REVOKE_GRANT', 'DELETE_ACCOUNT', 'USER_DISABLED_BY_PERMANENT_LOCKOUT']) {
    it(`a realm that keeps no ${type} is not trusted`, async (t) => {
      const { events, news } = await startFollowing(t);
      const { config } = events;
      config.enabledEventTypes = (config.enabledEventTypes as string[]).filter((kept) => kept !== type);
      const isLost = () => events.notices.some(({ code }) => code === 'events_lost');
      await passing('it is told', isLost, 15_000);
      assert.equal(news.status().isHealthy, false);
    });
  }

  it('a Keycloak that does not know lockouts cannot keep them, and is asked once whether it does', async (t) => {
    const lockout = 'USER_DISABLED_BY_PERMANENT_LOCKOUT';
    const { events, news } = await startFollowing(t, (e) => {
      e.unknownTypes = [lockout];
      e.config.enabledEventTypes = ['LOGOUT', 'REVOKE_GRANT', 'DELETE_ACCOUNT'];
    });
    await heard(events);
    assert.ok(news.status().isHealthy);
    assert.equal((events.calls.events ?? 0) - (events.calls['admin-events'] ?? 0), 1);
  });

  it('a realm that keeps them no more is no silence that is trusted', async (t) => {
    const { events, realm, verifier } = await startFollowing(t);
    realm.advance(10);
    const token = realm.mint({ exp: realm.now + 3600 });
    await verifier.verify(token);
    events.config.eventsEnabled = false;
    const isTold = (code: string) => events.notices.some((notice) => notice.code === code);
    await passing('it is told', () => isTold('events_lost'));
    // Nobody heard of a logout meanwhile.
    realm.introspect = () => ({ active: false });
    realm.advance(1);
    events.config.eventsEnabled = true;
    await passing('it is back', () => isTold('events_back'));
    assert.ok(isTold('events_missed'));
    await assertRefused(() => verifier.verify(token), 'token_revoked');
  });
});

it('ids that no Keycloak makes are kept nowhere: more tokens are asked about', async (t) => {
  const { events, realm, verifier } = await startFollowing(t);
  const kept: Revocation[] = [];
  partsOf(verifier)?.store.subscribe((one) => void kept.push(one));
  const long = 'x'.repeat(513);
  events.user('LOGOUT', { sessionId: long, userId: long });
  events.user('REVOKE_GRANT', { details: { token_id: long } });
  events.user('DELETE_ACCOUNT', { userId: long });
  events.admin('DELETE USER', `users/${long}`);
  events.admin('UPDATE CLIENT', 'clients/c', { clientId: long, notBefore: realm.now });
  await heard(events);
  assert.deepEqual(
    kept.filter((one) => JSON.stringify(one).includes(long)),
    [],
  );
  assert.deepEqual(new Set(kept.map(({ type }) => type)), new Set(['change', 'recheck']));
});
