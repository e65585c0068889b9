import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createVerifier, type Notice, type Verifier } from '../../../packages/guard/src/core/index.ts';
import { type KeycloakEvents, startEvents } from '../../../packages/guard/src/events/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createEventsRealm, type EventsRealm } from '../support/events-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();

interface Case {
  readonly what: string;
  readonly code: 'token_revoked' | 'token_outdated';
  readonly scope?: string;
  act(user: { id: string; name: string; sid: string; refreshToken: string }): Promise<unknown>;
}

describe('what Keycloak tells in its events counts within two seconds', () => {
  let realm: EventsRealm;
  let verifier: Verifier;
  let news: KeycloakEvents;
  let questions = 0;
  const notices: Notice[] = [];

  before(async () => {
    realm = await createEventsRealm(keycloak, 'events');
    verifier = createVerifier({
      ...{ serverUrl: keycloak.url, realm: realm.name, clientId: 'api', clientSecret: 'api-secret' },
      onNotice: (notice) => notices.push(notice),
      fetch: (...args) => {
        questions++;
        return fetch(...args);
      },
    });
    await verifier.load();
    news = startEvents(verifier);
    await news.ready;
  });
  after(async () => {
    await verifier.close();
    await realm.remove();
  });

  const find = async (path: string) => (await (await realm.call('GET', path)).json()) as { id: string };
  const CASES: readonly Case[] = [
    {
      what: 'disabled',
      code: 'token_revoked',
      act: ({ id }) => realm.call('PUT', `/users/${id}`, { enabled: false }),
    },
    { what: 'deleted', code: 'token_revoked', act: ({ id }) => realm.call('DELETE', `/users/${id}`) },
    {
      what: 'a role is taken away',
      code: 'token_outdated',
      act: async ({ id }) =>
        realm.call('DELETE', `/users/${id}/role-mappings/realm`, [await find('/roles/staff')]),
    },
    {
      what: 'a group is left',
      code: 'token_outdated',
      async act({ id }) {
        const [group] = (await (await realm.call('GET', '/groups')).json()) as { id: string }[];
        return realm.call('DELETE', `/users/${id}/groups/${group?.id}`);
      },
    },
    {
      what: 'consent is revoked',
      code: 'token_revoked',
      scope: 'openid offline_access',
      act: ({ id }) => realm.call('DELETE', `/users/${id}/consents/api`),
    },
    {
      what: 'the user logs out',
      code: 'token_revoked',
      act: ({ refreshToken }) => realm.post('/logout', { refresh_token: refreshToken }),
    },
    {
      what: 'the refresh token is revoked',
      code: 'token_revoked',
      act: ({ refreshToken }) => realm.post('/revoke', { token: refreshToken }),
    },
    {
      what: 'logged out by an administrator',
      code: 'token_revoked',
      act: ({ id }) => realm.call('POST', `/users/${id}/logout`),
    },
    {
      what: 'the session is deleted',
      code: 'token_revoked',
      act: ({ sid }) => realm.call('DELETE', `/sessions/${sid}`),
    },
    {
      what: 'the password is reset',
      code: 'token_outdated',
      act: ({ id }) => realm.call('PUT', `/users/${id}/reset-password`, { type: 'password', value: 'other' }),
    },
    {
      what: 'not-before',
      code: 'token_revoked',
      act: () => realm.call('PUT', '', { notBefore: Math.floor(Date.now() / 1000) }),
    },
    { what: 'all are logged out', code: 'token_revoked', act: () => realm.call('POST', '/logout-all') },
  ];

  for (const { what, code, scope, act } of CASES) {
    it(what, async (t) => {
      const name = what.replaceAll(' ', '-');
      const id = await realm.addUser(name, { groups: ['/dev'] });
      await realm.call('POST', `/users/${id}/role-mappings/realm`, [await find('/roles/staff')]);
      const { access_token: token, refresh_token: refreshToken } = await realm.login(name, scope);
      const { sessionId: sid } = await verifier.verify(token);
      // A not-before spares tokens of its own second.
      await sleep(1_100);
      await verifier.verify(token);
      await act({ id, name, sid: sid ?? '', refreshToken });
      const begin = performance.now();
      await eventually('it is refused', async () => {
        try {
          await verifier.verify(token);
          return false;
        } catch (error) {
          assert.equal((error as { code: string }).code, code);
          return true;
        }
      });
      const tookMs = performance.now() - begin;
      t.diagnostic(`${what}: refused after ${tookMs.toFixed(0)} ms`);
      assert.ok(tookMs < 2_000, `${tookMs} ms`);
    });
  }

  it('at two and a half questions a second', async (t) => {
    assert.ok(news.status().isHealthy);
    const [before, begin] = [questions, performance.now()];
    const name = 'quiet';
    await realm.addUser(name);
    const { access_token: token } = await realm.login(name);
    while (performance.now() - begin < 20_000) {
      await verifier.verify(token);
      await sleep(50);
    }
    const rate = (questions - before) / ((performance.now() - begin) / 1000);
    t.diagnostic(`${rate.toFixed(2)} questions a second`);
    assert.ok(rate <= 2.5, String(rate));
    const troubles = notices.filter(({ level }) => level !== 'info');
    assert.deepEqual(troubles, []);
  });

  it('and the application hears of each change of a user, in order', async () => {
    const heard: string[] = [];
    const tell = ({ kind, subject }: { kind: string; subject: string }) =>
      void heard.push(`${kind} ${subject}`);
    news.onUser({ created: tell, changed: tell, disabled: tell, deleted: tell, rolesChanged: tell });
    await sleep(2_500);
    const id = await realm.addUser('told');
    await realm.call('PUT', `/users/${id}`, { firstName: 'Anna' });
    await realm.call('POST', `/users/${id}/role-mappings/realm`, [await find('/roles/staff')]);
    await realm.call('PUT', `/users/${id}`, { enabled: false });
    await realm.call('DELETE', `/users/${id}`);
    const expected = ['created', 'changed', 'rolesChanged', 'disabled', 'deleted'].map(
      (kind) => `${kind} ${id}`,
    );
    await eventually('all are told', () => heard.length >= expected.length);
    assert.deepEqual(heard, expected);
  });
});
