import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createVerifier, type Notice, type Verifier } from '../../../packages/guard/src/core/index.ts';
import { type KeycloakEvents, startEvents } from '../../../packages/guard/src/events/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createEventsRealm, type EventsRealm } from '../support/events-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();

describe('Keycloak is followed', () => {
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
