import assert from 'node:assert/strict';
import type { RealmRepresentation } from '../../../../packages/testing/src/index.ts';
import { ABDULLAH, type Caller, claimsOf, GUIDE, type Json, OTHER } from '../caller.ts';
import type { Behaviours, Scene } from '../scene.ts';
import type { TestRealm } from '../target.ts';

/** The service account of the guide's client reads events; that of the other one does not. */
function addReader(realm: RealmRepresentation): void {
  Object.assign(realm, {
    ...{ adminEventsEnabled: true, adminEventsDetailsEnabled: true, eventsEnabled: true },
    enabledEventTypes: ['LOGIN', 'LOGOUT', 'REVOKE_GRANT'],
  });
  realm.users?.push({
    username: `service-account-${GUIDE.client_id}`,
    enabled: true,
    serviceAccountClientId: GUIDE.client_id,
    clientRoles: { 'realm-management': ['view-events'] },
  });
}

interface Follower {
  readonly caller: Caller;
  readonly realm: TestRealm;
  /** Newest first. */
  read(path: string): Promise<Json[]>;
  answer(path: string, token: string): ReturnType<Caller['call']>;
  ownToken(client?: typeof GUIDE): Promise<string>;
}

const follow = ({ withRealm }: Pick<Scene, 'withRealm'>, body: (follower: Follower) => Promise<void>) =>
  withRealm(addReader, async (caller, realm) => {
    const base = `${caller.issuer.replace('/realms/', '/admin/realms/')}/`;
    const answer: Follower['answer'] = (path, token) =>
      caller.call(base + path, { headers: { authorization: `Bearer ${token}` } });
    const ownToken: Follower['ownToken'] = async (client = GUIDE) =>
      String((await caller.token({ ...client, grant_type: 'client_credentials' })).json.access_token);
    const read = async (path: string) => {
      const { status, text } = await answer(path, await ownToken());
      assert.equal(status, 200, text);
      return JSON.parse(text) as Json[];
    };
    await body({ caller, realm, read, answer, ownToken });
  });

const summary = ({ operationType, resourceType, resourcePath }: Json) =>
  [operationType, resourceType, resourcePath].filter((one) => one !== undefined).join(' ');

export const eventsGroup: Behaviours = {
  'realm-admin has the other roles of realm-management, and so reads events': ({ withRealm }) =>
    withRealm(
      (realm) => {
        addReader(realm);
        Object.assign(realm.users?.at(-1) ?? {}, { clientRoles: { 'realm-management': ['realm-admin'] } });
      },
      async (caller) => {
        const { json } = await caller.token({ ...GUIDE, grant_type: 'client_credentials' });
        const { 'realm-management': management } = claimsOf(String(json.access_token))
          .resource_access as Record<string, { roles: string[] }>;
        const roles = new Set(management?.roles);
        for (const name of ['realm-admin', 'view-events', 'manage-users', 'query-users', 'query-realms'])
          assert.ok(roles.has(name), name);
        const url = `${caller.issuer.replace('/realms/', '/admin/realms/')}/admin-events`;
        const headers = { authorization: `Bearer ${json.access_token}` };
        assert.equal((await caller.call(url, { headers })).status, 200);
      },
    ),
  'what administrators do, newest first, for who may read events': (scene) =>
    follow(scene, async ({ caller, realm, read, answer, ownToken }) => {
      const { session_state, access_token } = await caller.login();
      const { sub } = claimsOf(access_token);
      await realm.updateUser('abdullah', { enabled: false });
      await realm.updateUser('abdullah', { enabled: true });
      await realm.takeRealmRole('abdullah', 'user');
      await realm.endSession(session_state);
      await realm.logoutUser('abdullah');
      const events = await read('admin-events');
      assert.deepEqual(events.map(summary), [
        `ACTION USER users/${sub}/logout`,
        `DELETE USER_SESSION sessions/${session_state}`,
        `DELETE REALM_ROLE_MAPPING users/${sub}/role-mappings/realm`,
        `UPDATE USER users/${sub}`,
        `UPDATE USER users/${sub}`,
      ]);
      const changes = events.map(({ representation }) => JSON.parse(String(representation ?? 'null')));
      assert.equal(changes[0], null);
      assert.deepEqual(changes[1], { offline: false });
      assert.deepEqual(
        changes[2]?.map(({ name }: { name: string }) => name),
        ['user'],
      );
      assert.deepEqual([changes[3]?.enabled, changes[4]?.enabled], [true, false]);
      const times = events.map(({ time }) => Number(time));
      assert.deepEqual(
        times,
        times.toSorted((a, b) => b - a),
      );
      const since = (await read(`admin-events?dateFrom=${times[1]}`)).length;
      assert.ok(since >= 2 && since < 5, String(since));
      assert.deepEqual((await read('admin-events?max=1&first=1')).map(summary), [summary(events[1] ?? {})]);
      const oldest = await read('admin-events?direction=asc&max=2');
      assert.deepEqual(oldest.map(summary), events.toReversed().slice(0, 2).map(summary));
      const [config] = [await read('events/config')] as unknown as [Json];
      const types = config.enabledEventTypes as string[];
      assert.deepEqual(types.toSorted(), ['LOGIN', 'LOGOUT', 'REVOKE_GRANT']);
      assert.deepEqual(
        [config.eventsEnabled, config.adminEventsEnabled, config.adminEventsDetailsEnabled],
        [true, true, true],
      );
      assert.equal((await read('admin-events?operationTypes=ACTION')).length, 1);
      assert.equal((await read('admin-events?resourceTypes=USER')).length, 3);
      assert.equal((await read('admin-events?dateFrom=2020-01-01')).length, 5);
      const wrong = await answer('admin-events?dateFrom=x', await ownToken());
      const text = "Invalid value for 'dateFrom', expected format is yyyy-MM-dd or an Epoch timestamp";
      assert.deepEqual([wrong.status, wrong.json.error], [400, text]);
      for (const path of ['admin-events', 'events', 'events/config']) {
        assert.equal((await answer(path, await ownToken(OTHER))).status, 403, path);
        assert.equal((await answer(path, 'x')).status, 401, path);
      }
      assert.equal((await answer('users', await ownToken())).status, 403);
    }),
  'what people do: they sign in and out, and revoke': (scene) =>
    follow(scene, async ({ caller, read }) => {
      const first = await caller.login();
      const second = await caller.login({ ...ABDULLAH });
      await caller.post('/logout', { ...GUIDE, refresh_token: first.refresh_token });
      await caller.post('/revoke', { ...GUIDE, token: second.access_token });
      const events = await read('events?type=LOGIN&type=LOGOUT&type=REVOKE_GRANT');
      const { sub, jti } = claimsOf(second.access_token);
      assert.deepEqual(
        events.map(({ type, sessionId, clientId, userId }) => [type, sessionId, clientId, userId]),
        [
          ['REVOKE_GRANT', undefined, GUIDE.client_id, sub],
          ['LOGOUT', first.session_state, GUIDE.client_id, sub],
          ['LOGIN', second.session_state, GUIDE.client_id, sub],
          ['LOGIN', first.session_state, GUIDE.client_id, sub],
        ],
      );
      const details = (events[0]?.details ?? {}) as Json;
      assert.equal(details.token_id, jti);
      assert.equal((await read(`events?type=LOGIN&user=${sub}`)).length, 2);
      assert.deepEqual(await read('events?client=nobody'), []);
    }),
  'a realm that keeps no events has none': (scene) =>
    follow(scene, async ({ caller, realm, read }) => {
      await realm.updateRealm({ eventsEnabled: false, adminEventsEnabled: false });
      const before = (await read('admin-events')).length;
      await caller.login();
      await realm.updateUser('abdullah', { enabled: false });
      assert.equal((await read('admin-events')).length, before);
      assert.deepEqual(await read('events'), []);
    }),
};
