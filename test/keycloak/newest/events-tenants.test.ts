import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { keycloak as createKeycloak } from '../../../packages/guard/src/adapters/fetch/index.ts';
import type { Notice } from '../../../packages/guard/src/core/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createEventsRealm, type EventsRealm } from '../support/events-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();

/** Far sooner than a token is asked about without events. Unit: milliseconds. */
const SOON = 10_000;

describe('Keycloak is followed for tenants with realms of their own', () => {
  const realms: EventsRealm[] = [];
  const notices: Notice[] = [];
  let kc: ReturnType<typeof createKeycloak>;
  let news: ReturnType<typeof kc.events>;
  before(async () => {
    for (const name of ['acme', 'globex', 'deaf']) realms.push(await createEventsRealm(keycloak, name));
    await realms[2]?.call('PUT', '', { adminEventsEnabled: false });
    kc = createKeycloak({
      ...{ serverUrl: keycloak.url, clientId: 'api', clientSecret: 'api-secret' },
      tenants: { of: ({ header }) => header('x-realm'), get: (realm) => ({ realm }) },
      onNotice: (notice) => notices.push(notice),
    });
    news = kc.events();
  });
  after(async () => {
    await kc.close();
    for (const realm of realms) await realm.remove();
  });

  const ask = async (realm: EventsRealm, token: string) => {
    const headers = { 'x-realm': realm.name, authorization: `Bearer ${token}` };
    const found = await kc.decide(new Request('http://api/', { headers }));
    return found instanceof Response ? found.status : 200;
  };
  const refusedSoon = async (realm: EventsRealm, token: string) => {
    const begin = performance.now();
    await eventually('it is refused', async () => (await ask(realm, token)) === 401);
    assert.ok(performance.now() - begin < SOON);
  };

  it('a user who is disabled or logged out in one realm is out there, and the one of the same name is not elsewhere', async () => {
    const [acme, globex] = realms as [EventsRealm, EventsRealm];
    const id = await acme.addUser('anna');
    await globex.addUser('anna');
    const [ours, theirs] = await Promise.all([acme.login('anna'), globex.login('anna')]);
    assert.deepEqual(
      [await ask(acme, ours.access_token), await ask(globex, theirs.access_token)],
      [200, 200],
    );
    assert.equal(await ask(globex, ours.access_token), 401);
    await eventually('both are followed', () => news.status().isHealthy && news.status().calls > 8);
    await acme.call('PUT', `/users/${id}`, { enabled: false });
    await refusedSoon(acme, ours.access_token);
    assert.equal(await ask(globex, theirs.access_token), 200);
    await acme.call('PUT', `/users/${id}`, { enabled: true });
    const again = (await acme.login('anna')).access_token;
    assert.equal(await ask(acme, again), 200);
    await acme.call('POST', `/users/${id}/logout`);
    await refusedSoon(acme, again);
    assert.equal(await ask(globex, theirs.access_token), 200);
    assert.deepEqual(
      notices.filter(({ level }) => level !== 'info'),
      [],
    );
  });

  it('a realm that keeps no events is told with its tenant, and its tokens are checked as without them', async () => {
    const [acme, , deaf] = realms as [EventsRealm, EventsRealm, EventsRealm];
    await deaf.addUser('anna');
    const token = (await deaf.login('anna')).access_token;
    assert.equal(await ask(deaf, token), 200);
    await eventually('it is told', () => notices.some(({ code }) => code === 'events_lost'));
    const [lost] = notices.filter(({ code }) => code === 'events_lost');
    assert.equal(lost?.tenant, deaf.name);
    assert.match(`${lost?.message} ${lost?.fix}`, /does not keep the events .*setup events/);
    assert.equal(await ask(deaf, token), 200);
    await acme.addUser('bert');
    assert.equal(await ask(acme, (await acme.login('bert')).access_token), 200);
  });

  it('a realm that is disabled or deleted lets nobody in any more, and the others go on', async () => {
    const [acme, globex, deaf] = realms as [EventsRealm, EventsRealm, EventsRealm];
    await acme.addUser('cleo');
    const [ours, theirs, third] = await Promise.all([
      acme.login('cleo'),
      globex.login('anna'),
      deaf.login('anna'),
    ]);
    const all = () =>
      Promise.all([
        ask(acme, ours.access_token),
        ask(globex, theirs.access_token),
        ask(deaf, third.access_token),
      ]);
    assert.deepEqual(await all(), [200, 200, 200]);
    await globex.call('PUT', '', { enabled: false });
    await deaf.remove();
    await eventually('both are refused', async () => `${await all()}` === '200,401,401');
  });
});
