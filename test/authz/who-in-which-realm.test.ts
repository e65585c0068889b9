import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPathEnforcer } from '../../packages/connect/src/enforcer/path-enforcer.ts';
import { createPermit, createShares, type Permissions } from '../../packages/guard/src/authz/index.ts';
import { isAuthError, type Principal, type VerifierOptions } from '../../packages/guard/src/core/index.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { ALICE, createFakeKeycloak, grant } from './fake-keycloak.ts';

const ALBUM = 'aaaaaaaa-0000-4000-8000-000000000005';
const SHARE = { resourceId: ALBUM, scope: 'view', requester: '7c1e2d52-44a5-4c5c-8d1a-2f7a1f3c0003' };
const GET = { method: 'GET', url: '/orders/7', headers: {} };
/** What an administrator of another realm can give an account there. */
const AS_ALICE = { sub: ALICE, sid: 'alices-session', jti: 'alices-token', azp: 'web-app' };

type Take = (permissions: Permissions, who: Principal) => unknown;

const permitOf =
  (
    rule: Parameters<typeof createPermit<null>>[1],
    options: Parameters<typeof createPermit<null>>[2] = {},
  ): Take =>
  (permissions, who) =>
    createPermit<null>(permissions, rule, options).decide(null, who);
const enforce =
  (config: object): Take =>
  (permissions, who) =>
    createPathEnforcer(permissions, config).decide(GET, who);
const owner = () => ALICE;

/** Everything of this room that takes a principal. */
const TAKERS: Readonly<Record<string, Take>> = {
  permit: permitOf('orders#view'),
  'permit that hides': permitOf('orders#view', { hide: true }),
  'permit by request': permitOf(() => 'orders#view'),
  'permit with claims': permitOf('orders#view', { claims: () => ({ ip: '10.0.0.1' }) }),
  'permit of an owner': permitOf('orders#view', { owner }),
  'permit of an owner, late': permitOf('orders#view', { owner: async () => ALICE }),
  'permit of an owner, by request': permitOf(() => 'orders#view', { owner }),
  'permit of an owner that hides': permitOf('orders#view', { owner, hide: true }),
  'path enforcer': enforce({}),
  'path enforcer by method': enforce({
    'http-method-as-scope': true,
    paths: [{ path: '/orders/*', name: 'orders', methods: [{ method: 'GET', scopes: ['view'] }] }],
  }),
  check: (permissions, who) => permissions.check(who, ['orders#view']),
  has: (permissions, who) => permissions.has(who, ['orders#view', 'orders#edit']),
  list: (permissions, who) => permissions.list(who),
  'shares.list': (permissions, who) => createShares(permissions).list(who),
  'shares.list by requester': (permissions, who) => createShares(permissions).list(who, { by: 'requester' }),
  'shares.request': (permissions, who) => createShares(permissions).request(who, SHARE),
  'shares.grant': (permissions, who) => createShares(permissions).grant(who, SHARE),
  'shares.revoke': (permissions, who) => createShares(permissions).revoke(who, SHARE),
};

/** Ways in which the API knows its own realm. */
const KNOWN_AS: Readonly<Record<string, { verifier: Partial<VerifierOptions>; isLoaded: boolean }>> = {
  pinned: { verifier: { issuer: 'https://sso.example.com/realms/testing' }, isLoaded: true },
  loaded: { verifier: {}, isLoaded: true },
  'not loaded yet': { verifier: {}, isLoaded: false },
};

describe('somebody of another realm, with the ids of a user here', () => {
  for (const [how, { verifier, isLoaded }] of Object.entries(KNOWN_AS)) {
    for (const [name, take] of Object.entries(TAKERS)) {
      it(`gets nothing: ${name}, issuer ${how}`, async () => {
        const fake = createFakeKeycloak();
        const ours = fake.realm.verifier({ tokenCheck: 'local', ...verifier });
        const permissions = fake.permissions({ verifier: ours });
        grant(fake, ALICE, 'orders#view', 'orders#edit', 'orders#delete');
        const alice = await ours.verify(fake.tokenOf(ALICE, AS_ALICE));
        // Her answers are in memory: none may be found by the ids alone.
        if (isLoaded) await take(permissions, alice);
        const theirs = createTestRealm({ serverUrl: 'https://partner.example.com', realm: 'partner' });
        const mallory = await theirs.verifier({ tokenCheck: 'local' }).verify(theirs.mint(AS_ALICE));
        assert.equal(mallory.subject, alice.subject);
        const unloaded = isLoaded
          ? permissions
          : fake.permissions({ verifier: fake.realm.verifier({ tokenCheck: 'local' }) });
        const before = [fake.questions.length, fake.tickets.length];
        await assert.rejects(
          async () => take(unloaded, mallory),
          (error) => isAuthError(error) && [401, 403, 404].includes(error.statusCode),
        );
        assert.deepEqual([fake.questions.length, fake.tickets.length], before, 'Keycloak was asked');
      });
    }
  }
});
