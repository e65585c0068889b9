import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createVerifier, type Verifier } from '../../../packages/guard/src/core/index.ts';
import { startEvents } from '../../../packages/guard/src/events/index.ts';
import { createEventsRealm, type EventsRealm } from '../support/events-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();
const [MAJOR = 0, MINOR = 0] = keycloak.version.split('.').map(Number);

/** Somebody with a token, and what belongs to them. */
interface Somebody {
  readonly id: string;
  readonly name: string;
  readonly sid: string;
  readonly token: string;
  readonly refreshToken: string;
}
type Effect = 'token_revoked' | 'token_outdated' | 'asked' | 'nothing';
interface Case {
  readonly what: string;
  /** What becomes of a token of before, within two seconds. `asked`: Keycloak is asked about it, and accepts it. */
  readonly effect: Effect;
  act(somebody: Somebody): Promise<unknown>;
  /** Keycloak knows it from this version on. */
  readonly from?: readonly [major: number, minor: number];
  readonly scope?: string;
}

describe('what Keycloak tells in its events counts within two seconds', () => {
  let realm: EventsRealm;
  let verifier: Verifier;
  const notices: string[] = [];
  /** Tokens that Keycloak was asked about. */
  const asked: { readonly text: string; readonly at: number }[] = [];

  before(async () => {
    realm = await createEventsRealm(keycloak, 'every-events');
    verifier = createVerifier({
      ...{ serverUrl: keycloak.url, realm: realm.name, clientId: 'api', clientSecret: 'api-secret' },
      onNotice: ({ message }) => notices.push(message),
      fetch: (input, init) => {
        const text = `${init?.body} ${JSON.stringify(init?.headers)}`;
        asked.push({ text, at: performance.now() });
        return fetch(input, init);
      },
    });
    await realm.call('PUT', '', {
      ...{ bruteForceProtected: true, permanentLockout: true, failureFactor: 2 },
      ...(MAJOR >= 24 && { maxTemporaryLockouts: 0, quickLoginCheckMilliSeconds: 0 }),
    });
    await verifier.load();
    const news = startEvents(verifier);
    await news.ready;
    await sleep(1_100);
  });
  after(async () => {
    await verifier.close();
    await realm.remove();
  });

  async function make(what: string, scope?: string): Promise<Somebody> {
    const name = what.replaceAll(/\W+/g, '-').toLowerCase().slice(0, 40);
    const id = await realm.addUser(name, { groups: ['/dev'] });
    await realm.call('POST', `/users/${id}/role-mappings/realm`, [await find('/roles/staff')]);
    const role = await clientRole('account', 'manage-consent');
    await realm.call('POST', `/users/${id}/role-mappings/clients/${role.containerId}`, [role]);
    const { access_token: token, refresh_token: refreshToken } = await realm.login(name, scope);
    const { sessionId } = await verifier.verify(token);
    return { id, name, token, refreshToken, sid: sessionId ?? '' };
  }
  const find = async (path: string) =>
    (await (await realm.call('GET', path)).json()) as { id: string; enabled?: boolean };
  const first = async (path: string) => (await find(path)) as unknown as [{ id: string }];
  const groupId = async () => (await first('/groups'))[0].id;
  const clientId = async (name: string) => (await first(`/clients?clientId=${name}`))[0].id;
  const clientRole = async (client: string, role: string) => {
    const containerId = await clientId(client);
    return { ...(await find(`/clients/${containerId}/roles/${role}`)), containerId };
  };
  const made = async (path: string, body: unknown) =>
    (await realm.call('POST', path, body)).headers.get('location')?.split('/').at(-1) ?? '';
  const organization = async (name: string) => {
    const alias = name.slice(0, 20);
    return made('/organizations', { name, alias, enabled: true, domains: [{ name: `${alias}.example` }] });
  };

  async function codeOf(token: string): Promise<string | undefined> {
    try {
      await verifier.verify(token);
      return undefined;
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  /** @returns after how long it was so; `undefined` if it is not within so long */
  async function observe({ token }: Somebody, effect: Effect, begin: number): Promise<number | undefined> {
    for (let tookMs = 0; tookMs < 2_000; tookMs = performance.now() - begin) {
      const code = await codeOf(token);
      if (code !== undefined) {
        assert.equal(code, effect);
        return tookMs;
      }
      const isAsked = asked.some(({ text, at }) => at > begin && text.includes(token));
      if (isAsked && effect === 'asked') return tookMs;
      assert.ok(!(isAsked && effect === 'nothing'), 'Keycloak is asked');
      await sleep(50);
    }
    return undefined;
  }

  const OF_ONE: readonly Case[] = [
    {
      ...{ what: 'disabled', effect: 'token_revoked' },
      act: ({ id }) => realm.call('PUT', `/users/${id}`, { enabled: false }),
    },
    {
      ...{ what: 'deleted', effect: 'token_revoked' },
      act: ({ id }) => realm.call('DELETE', `/users/${id}`),
    },
    {
      ...{ what: 'locked out for ever', effect: 'token_revoked', from: [24, 0] },
      async act({ id, name }) {
        // Keycloak counts in the background, and does not count a login that comes before it is done.
        for (let tries = 0; tries < 10 && (await find(`/users/${id}`)).enabled; tries++) {
          await realm.login(name, 'openid', 'wrong').catch(() => {});
          await sleep(200);
        }
      },
    },
    {
      ...{ what: 'logs out', effect: 'token_revoked' },
      act: ({ refreshToken }) => realm.post('/logout', { refresh_token: refreshToken }),
    },
    {
      ...{ what: 'logged out by an administrator', effect: 'token_revoked' },
      act: ({ id }) => realm.call('POST', `/users/${id}/logout`),
    },
    {
      ...{ what: 'the session is deleted', effect: 'token_revoked' },
      act: ({ sid }) => realm.call('DELETE', `/sessions/${sid}`),
    },
    {
      ...{ what: 'the refresh token is revoked', effect: 'token_revoked' },
      act: ({ refreshToken }) => realm.post('/revoke', { token: refreshToken }),
    },
    {
      ...{ what: 'the token is revoked', effect: 'token_revoked' },
      act: ({ token }) => realm.post('/revoke', { token }),
    },
    {
      // Before 26.4 Keycloak accepts a token of an offline session until it expires.
      ...{ what: 'a consent is revoked', scope: 'openid offline_access' },
      effect: MAJOR > 26 || (MAJOR === 26 && MINOR >= 4) ? 'token_revoked' : 'asked',
      act: ({ id }) => realm.call('DELETE', `/users/${id}/consents/api`),
    },
    {
      ...{ what: 'a role is taken away', effect: 'token_outdated' },
      act: async ({ id }) =>
        realm.call('DELETE', `/users/${id}/role-mappings/realm`, [await find('/roles/staff')]),
    },
    {
      ...{ what: 'a role of a client is taken away', effect: 'token_outdated' },
      async act({ id }) {
        const role = await clientRole('account', 'manage-consent');
        return realm.call('DELETE', `/users/${id}/role-mappings/clients/${role.containerId}`, [role]);
      },
    },
    {
      ...{ what: 'a group is left', effect: 'token_outdated' },
      act: async ({ id }) => realm.call('DELETE', `/users/${id}/groups/${await groupId()}`),
    },
    {
      ...{ what: 'the password is reset', effect: 'token_outdated' },
      act: ({ id }) => realm.call('PUT', `/users/${id}/reset-password`, { type: 'password', value: 'other' }),
    },
    {
      ...{ what: 'an organization is left', effect: 'token_outdated', from: [26, 0] },
      async act({ id }) {
        await realm.call('PUT', '', { organizationsEnabled: true });
        const place = `/organizations/${await organization('left')}/members`;
        await realm.call('POST', place, id);
        return realm.call('DELETE', `${place}/${id}`);
      },
    },
    {
      ...{ what: 'a group of an organization is left', effect: 'token_outdated', from: [26, 7] },
      async act({ id }) {
        await realm.call('PUT', '', { organizationsEnabled: true });
        const place = `/organizations/${await organization('teams')}`;
        await realm.call('POST', `${place}/members`, id);
        const member = `${place}/groups/${await made(`${place}/groups`, { name: 'team' })}/members/${id}`;
        await realm.call('PUT', member);
        return realm.call('DELETE', member);
      },
    },
    {
      ...{ what: 'a role is given', effect: 'asked' },
      act: async ({ id }) =>
        realm.call('POST', `/users/${id}/role-mappings/realm`, [await find('/roles/offline_access')]),
    },
    {
      ...{ what: 'a profile is changed', effect: 'asked' },
      act: ({ id }) => realm.call('PUT', `/users/${id}`, { firstName: 'Anna' }),
    },
    {
      ...{ what: 'a credential is removed', effect: 'asked' },
      async act({ id }) {
        const [credential] = await first(`/users/${id}/credentials`);
        return realm.call('DELETE', `/users/${id}/credentials/${credential.id}`);
      },
    },
  ];

  it('about one user', async (t) => {
    const cases = OF_ONE.filter(isKnown);
    const all = await Promise.all(cases.map(({ what, scope }) => make(what, scope)));
    // A change spares tokens of its own second.
    await sleep(1_100);
    for (const [i, { what, effect, act }] of cases.entries()) {
      await t.test(`${what}: ${effect}`, async (one) => {
        await act(all[i] as Somebody);
        const tookMs = await observe(all[i] as Somebody, effect, performance.now());
        assert.ok(tookMs !== undefined, `not within two seconds: ${notices.join('; ')}`);
        one.diagnostic(`${tookMs.toFixed(0)} ms`);
      });
    }
  });

  const OF_ALL: readonly Case[] = [
    {
      what: 'a client, a role, a group, a scope, an identity provider and a flow are made: nothing',
      effect: 'nothing',
      async act() {
        await realm.call('POST', '/clients', { clientId: 'other', secret: 'other-secret' });
        await realm.call('POST', '/roles', { name: 'whole' });
        await realm.call('POST', '/groups', { name: 'ops' });
        await realm.call('POST', '/client-scopes', { name: 'more', protocol: 'openid-connect' });
        const alias = 'github';
        const config = { clientId: 'a', clientSecret: 'b' };
        await realm.call('POST', '/identity-provider/instances', { alias, providerId: alias, config });
        await realm.call('DELETE', `/identity-provider/instances/${alias}`);
        await realm.call('PUT', '', { ssoSessionMaxLifespan: 36_000 });
      },
    },
    {
      ...{ what: 'a role becomes part of another', effect: 'asked' },
      act: async () => realm.call('POST', '/roles/whole/composites', [await find('/roles/staff')]),
    },
    {
      ...{ what: 'a role of a group is taken away', effect: 'asked' },
      act: async () =>
        realm.call('DELETE', `/groups/${await groupId()}/role-mappings/realm`, [await find('/roles/staff')]),
    },
    { ...{ what: 'a role is deleted', effect: 'asked' }, act: () => realm.call('DELETE', '/roles/whole') },
    {
      ...{ what: 'a client is disabled', effect: 'asked' },
      act: async () =>
        realm.call('PUT', `/clients/${await clientId('other')}`, { clientId: 'other', enabled: false }),
    },
    {
      ...{ what: 'a client is deleted', effect: 'asked' },
      act: async () => realm.call('DELETE', `/clients/${await clientId('other')}`),
    },
    {
      ...{ what: 'an organization is deleted', effect: 'asked', from: [26, 0] },
      act: async () => realm.call('DELETE', `/organizations/${await organization('gone')}`),
    },
    {
      ...{ what: 'a partial import replaces the user', effect: 'token_revoked' },
      act: ({ name }) =>
        realm.call('POST', '/partialImport', {
          ifResourceExists: 'OVERWRITE',
          users: [{ username: name, enabled: true }],
        }),
    },
    {
      ...{ what: 'a not-before of the client', effect: 'token_revoked' },
      async act() {
        const notBefore = Math.floor(Date.now() / 1000);
        const place = `/clients/${await clientId('api')}`;
        // As a whole: of a part, older ones take the service account away.
        return realm.call('PUT', place, { ...(await find(place)), notBefore });
      },
    },
    {
      ...{ what: 'a not-before of the realm', effect: 'token_revoked' },
      act: () => realm.call('PUT', '', { notBefore: Math.floor(Date.now() / 1000) }),
    },
    {
      ...{ what: 'all are logged out', effect: 'token_revoked' },
      act: () => realm.call('POST', '/logout-all'),
    },
  ];

  for (const { what, effect, act } of OF_ALL.filter(isKnown)) {
    it(`about everybody: ${what}: ${effect}`, async (t) => {
      const somebody = await make(what);
      await sleep(1_100);
      // Keycloak is asked about a token, at its next use, if its user was given a role in the second in which it was issued.
      await codeOf(somebody.token);
      await sleep(1_000);
      const begin = performance.now();
      await act(somebody);
      const tookMs = await observe(somebody, effect, effect === 'nothing' ? begin : performance.now());
      if (effect === 'nothing') return assert.equal(tookMs, undefined);
      assert.ok(tookMs !== undefined, `not within two seconds: ${notices.join('; ')}`);
      t.diagnostic(`${tookMs.toFixed(0)} ms`);
    });
  }
});

function isKnown({ from: [major, minor] = [0, 0] }: Case): boolean {
  return MAJOR > major || (MAJOR === major && MINOR >= minor);
}
