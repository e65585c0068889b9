import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventsState, planEvents } from '../../packages/cli/src/admin/events.ts';
import { startSetup } from './run-setup.ts';

const GOAL = { realm: 'shop', clientId: 'orders' };
const ALL = ['LOGIN', 'LOGIN_ERROR', 'LOGOUT', 'REVOKE_GRANT'];
const CLIENT = { clientId: 'orders', serviceAccountsEnabled: true };
const plan = (realm: EventsState['realm'], more: Partial<EventsState> = {}) =>
  planEvents({ realm, client: CLIENT, mayRead: true, knownTypes: ALL, ...more }, GOAL);
const shown = (made: ReturnType<typeof plan>) =>
  made.steps.flatMap(({ changes }) => changes.map(({ field, from, to }) => `${field}: ${from} → ${to}`));
const NEEDED =
  'LOGOUT, REVOKE_GRANT, REGISTER, IDENTITY_PROVIDER_FIRST_LOGIN, UPDATE_PROFILE, UPDATE_EMAIL, VERIFY_EMAIL, DELETE_ACCOUNT';

test('a realm that keeps nothing keeps what is needed for a week, and no logins', () => {
  const made = plan({ enabledEventTypes: ALL }, { client: { clientId: 'orders' }, mayRead: false });
  assert.deepEqual(shown(made), [
    'Save admin events: off → on',
    'Include representation: off → on',
    'Save user events: off → on',
    `Event saved types:  → ${NEEDED}`,
    'User events expiration: never → 7 days',
    'Admin events expiration: never → 7 days',
    'Service accounts roles: off → on',
    'Service account roles:  → + realm-management view-events',
  ]);
  assert.deepEqual(
    made.steps.map(({ opens = [] }) => opens.length),
    [1, 1, 1],
  );
});

test('what somebody has chosen stays: more types, a longer time, and for ever', () => {
  const realm = { adminEventsEnabled: true, adminEventsDetailsEnabled: true, eventsEnabled: true };
  const types = [...ALL, ...NEEDED.split(', ')];
  assert.deepEqual(plan({ ...realm, enabledEventTypes: types }).steps, []);
  assert.deepEqual(plan({ ...realm, enabledEventTypes: [] }).kept, ['realm shop', 'client orders']);
  const attributes = { adminEventsExpiration: '86400' };
  assert.deepEqual(plan({ ...realm, eventsExpiration: 31_536_000, attributes }).steps, []);
});

test('what is missing is added, and what is kept too shortly is kept for longer', () => {
  const realm = { adminEventsEnabled: true, adminEventsDetailsEnabled: false, eventsEnabled: true };
  const attributes = { adminEventsExpiration: '60' };
  const types = ['LOGIN', ...NEEDED.split(', ').slice(1)];
  const made = plan({ ...realm, enabledEventTypes: types, eventsExpiration: 60, attributes });
  assert.deepEqual(shown(made), [
    'Include representation: off → on',
    'Event saved types:  → + LOGOUT',
    'User events expiration: 60 s → 7 days',
    'Admin events expiration: 60 s → 7 days',
  ]);
  assert.deepEqual(made.steps[0]?.action, {
    type: 'update-realm',
    patch: {
      adminEventsDetailsEnabled: true,
      enabledEventTypes: [...types, 'LOGOUT'],
      eventsExpiration: 604_800,
    },
    attributes: { adminEventsExpiration: '604800' },
  });
});

test('what later versions tell as well is kept where Keycloak knows it', () => {
  const later = ['USER_DISABLED_BY_PERMANENT_LOCKOUT', 'USER_SESSION_DELETED'];
  const realm = { adminEventsEnabled: true, adminEventsDetailsEnabled: true, eventsEnabled: true };
  const made = plan(
    {
      ...realm,
      enabledEventTypes: NEEDED.split(', '),
      eventsExpiration: 86_400,
      attributes: { adminEventsExpiration: '86400' },
    },
    { knownTypes: [...ALL, ...later] },
  );
  assert.deepEqual(shown(made), [`Event saved types:  → + ${later.join(', ')}`]);
});

test('a client that is not there, or has no credential, is left to a person', () => {
  for (const client of [undefined, { ...CLIENT, publicClient: true }, { ...CLIENT, bearerOnly: true }]) {
    const made = plan({}, { client });
    assert.deepEqual([made.steps.length, made.blocked.length], [0, 1]);
  }
});

test('setup events says what the kept events cost where it lets Keycloak keep them, and not where they are kept', async (t) => {
  const { keycloak, setUp } = await startSetup(t, { always: ['--realm', 'shop', '--client-id', 'orders'] });
  await setUp('api', '--no-env');
  const costs = /a row of about 1 KiB for each change.*\n1,000 a day, kept for 7 days, are 7 MiB/;
  const done = /In the API: kc\.events\(\), or KEYCLOAK_EVENTS=on/;
  const first = await setUp('events');
  assert.equal(first.code, 0, first.text);
  assert.match(first.text, costs);
  assert.match(first.text, done);
  assert.equal(keycloak.realms.get('shop')?.self.eventsEnabled, true);
  const again = await setUp('events');
  assert.equal(again.code, 0, again.text);
  assert.doesNotMatch(again.text, costs);
  assert.match(again.text, done);
  for (const user of keycloak.realms.get('shop')?.lists.users ?? []) user.given = [];
  const rights = await setUp('events');
  assert.match(rights.text, /view-events/);
  assert.doesNotMatch(rights.text, costs);
});
