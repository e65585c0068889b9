import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPathEnforcer } from '../../../packages/connect/src/enforcer/path-enforcer.ts';
import { createPermit, createShares, type PermissionLike } from '../../../packages/guard/src/authz/index.ts';
import { isAuthError } from '../../../packages/guard/src/core/index.ts';
import { DECIDED_PATHS, PATH_TRICKS } from '../../authz/path-tricks.ts';
import type { AuthzLab } from './lab.ts';
import { PATHS } from './settings.ts';

/** A provider under test. */
export interface PermissionsTarget {
  readonly name: string;
  /** Whether it is this version of Keycloak, or a later one. */
  isFrom(major: number, minor: number): boolean;
  open(): Promise<AuthzLab>;
}

let lab: AuthzLab;
/** Policies on claims of the request came after 22. */
const FROM_24 = 'yes, from Keycloak 24 on';

/** The answer, or the code of the refusal. */
async function outcomeOf(act: () => unknown): Promise<unknown> {
  try {
    return (await act()) ?? 'in';
  } catch (error) {
    return isAuthError(error) ? error.code : String(error).split(':')[0];
  }
}

const has = async (username: string, ...asked: PermissionLike[]) => {
  const token = await lab.login(username);
  return lab.permissions().has(token, asked);
};

/** What is asked, and our answer. */
const ROWS: readonly (readonly [string, () => unknown, unknown])[] = [
  ['a scope that a policy grants', () => has('bob', 'orders#view'), true],
  ['a scope that none grants', () => has('bob', 'orders#delete'), false],
  ['a resource that none grants', () => has('bob', 'reports#view'), false],
  ['two scopes, of which one is granted', () => has('bob', 'orders#view', 'orders#delete'), false],
  ['two resources, of which one is granted', () => has('bob', 'orders#view', 'admin#view'), false],
  ['two scopes, both granted', () => has('alice', 'orders#view', 'orders#delete'), true],
  ['two resources, both granted', () => has('alice', 'orders#view', 'admin#view'), true],
  ['somebody without the role', () => has('dave', 'orders#view'), false],
  ['a scope that exists nowhere', () => has('bob', 'orders#nope'), 'provider_misconfigured'],
  [
    'a scope that exists nowhere, beside one that is granted',
    () => has('bob', 'orders#view', 'orders#nope'),
    'provider_misconfigured',
  ],
  ["another resource's scope", () => has('bob', 'reports#delete'), 'provider_misconfigured'],
  ['a resource that does not exist', () => has('bob', 'nope#view'), 'provider_misconfigured'],
  [
    'a resource that does not exist, beside one that is granted',
    () => has('bob', 'orders#view', 'nope#view'),
    'provider_misconfigured',
  ],
  [
    'an id that does not exist',
    () => has('bob', { resourceId: 'no-such', scope: 'view' }),
    'provider_misconfigured',
  ],
  ['a name in capitals', () => has('bob', 'ORDERS#view'), 'provider_misconfigured'],
  ['a resource that no permission is about', () => has('alice', 'unprotected#view'), false],
  ['a resource without scopes', () => has('bob', { resource: 'no scopes' }), true],
  [
    'a resource without scopes, by somebody without the role',
    () => has('dave', { resource: 'no scopes' }),
    false,
  ],
  ['a whole resource that has scopes', () => has('bob', { resource: 'orders' }), 'provider_misconfigured'],
  ['a text that names no scope', () => has('bob', 'orders'), 'PermissionSyntaxError'],
  ['a scope of every resource', () => has('bob', '#view'), 'PermissionSyntaxError'],
  ['an empty scope', () => has('bob', 'orders#'), 'PermissionSyntaxError'],
  ['a type for a resource', () => has('bob', 'resource-type:urn:api:order#view'), 'provider_misconfigured'],
  ['a second #', () => has('bob', 'orders#view#delete'), 'PermissionSyntaxError'],
  ['two scopes in one text', () => has('bob', 'orders#view,delete'), 'PermissionSyntaxError'],
  ['nothing at all', () => has('bob'), 'PermissionSyntaxError'],
  [
    'by id what is granted by name',
    async () => has('bob', { resourceId: await lab.idOf('orders'), scope: 'view' }),
    true,
  ],
  [
    'everything',
    async () =>
      (await lab.permissions().list(await lab.login('bob')))
        .map(({ name, scopes }) => `${name} ${scopes}`)
        .sort(),
    ['no scopes ', 'order by id view', 'orders view'],
  ],
  [
    "with a public client's token",
    async () => lab.permissions().has(await lab.login('bob', 'spa'), ['orders#view']),
    true,
  ],
  [
    "with a service account's token",
    async () => lab.permissions().has(await serviceToken(), ['orders#view']),
    false,
  ],
  [
    'one of two, where each counts',
    async () => lab.permissions().check(await lab.login('bob'), ['orders#view', 'orders#delete']),
    [{ resource: 'orders', scope: 'view' }],
  ],
  [
    'with a wrong secret',
    async () =>
      lab
        .permissions({ clientSecret: 'x' })
        .has(await lab.login('bob'), [{ resourceId: await lab.idOf('orders'), scope: 'view' }]),
    'provider_misconfigured',
  ],
  [
    'names, with a wrong secret',
    async () => lab.permissions({ clientSecret: 'x' }).has(await lab.login('bob'), ['orders#view']),
    'provider_misconfigured',
  ],
  [
    'for a client that does not exist',
    async () =>
      lab
        .permissions({ clientId: 'nope' })
        .has(await lab.login('bob'), [{ resourceId: 'a-b', scope: 'view' }]),
    'provider_misconfigured',
  ],
  [
    'for a client without authorization',
    async () =>
      lab
        .permissions({ clientId: 'web', clientSecret: 'web-secret' })
        .has(await lab.login('bob'), [{ resourceId: 'a-b', scope: 'view' }]),
    'provider_misconfigured',
  ],
  [
    'names, for a client without authorization',
    async () =>
      lab
        .permissions({ clientId: 'svc', clientSecret: 'svc-secret' })
        .has(await lab.login('bob'), ['orders#view']),
    'provider_misconfigured',
  ],
  ['with what is no token', () => lab.permissions().has('x.y.z', ['orders#view']), 'token_malformed'],
  [
    'with an ID token',
    async () => lab.permissions().has((await loginWhole('bob')).id_token as string, ['orders#view']),
    'token_type',
  ],
  [
    'with a refresh token',
    async () => lab.permissions().has((await loginWhole('bob')).refresh_token as string, ['orders#view']),
    'token_algorithm',
  ],
  ['with a token whose session ended', afterLogout, 'token_revoked'],
  ['what a claim decides, without it', () => has('bob', 'office#view'), false],
  ['what a claim decides, with it', async () => office(await lab.login('bob'), 'office'), FROM_24],
  ['what a claim decides, with another', async () => office(await lab.login('bob'), 'home'), false],
  [
    "claims with a public client's token",
    async () => office(await lab.login('bob', 'spa'), 'office'),
    FROM_24,
  ],
  [
    'what the owner has not shared, by the owner',
    () => has('alice', { resourceId: lab.ids.get('album') as string, scope: 'view' }),
    false,
  ],
  ['what a user owns, by its name', () => has('alice', 'album#view'), 'provider_misconfigured'],
];

async function serviceToken(): Promise<string> {
  const fields = { grant_type: 'client_credentials', client_id: 'svc', client_secret: 'svc-secret' };
  return (await lab.token(fields)).access_token as string;
}

async function loginWhole(username: string): Promise<Record<string, string>> {
  const client = { client_id: 'web', client_secret: 'web-secret', scope: 'openid' };
  return lab.token({ grant_type: 'password', username, password: `${username}-pw`, ...client });
}

/** The verifier asks nobody: that the session ended, Keycloak says when it is asked for a permission. */
async function afterLogout(): Promise<boolean> {
  const tokens = await loginWhole('bob');
  const body = new URLSearchParams({
    client_id: 'web',
    client_secret: 'web-secret',
    refresh_token: tokens.refresh_token as string,
  });
  await fetch(`${lab.issuer}/protocol/openid-connect/logout`, { method: 'POST', body });
  return lab.permissions().has(tokens.access_token as string, ['orders#view']);
}

function office(token: string, place: string): Promise<boolean> {
  return lab.permissions().has(token, ['office#view'], { claims: { place } });
}

/** Permissions as the library asks for them: the same on the embedded provider and on a real Keycloak. */
export function definePermissionsContract(target: PermissionsTarget): void {
  describe(`permissions of ${target.name}`, () => {
    before(async () => {
      lab = await target.open();
    });
    after(() => lab.close());

    for (const [title, act, expected] of ROWS) {
      it(`${title}: ${JSON.stringify(expected)}`, async () => {
        const isVersioned = expected === FROM_24;
        assert.deepEqual(await outcomeOf(act), isVersioned ? target.isFrom(24, 0) : expected);
      });
    }

    it('a resource that the caller registers under the name, or the id, of another does not speak for it', async () => {
      const own = await lab.login('dave', 'api');
      for (const [name, id] of [
        ['orders', undefined],
        ['daves thing', lab.hyphenated],
      ] as const) {
        const body = {
          name,
          ...(id === undefined ? {} : { _id: id }),
          resource_scopes: ['delete'],
          ownerManagedAccess: true,
        };
        const made = await lab.protection('POST', 'resource_set', own, body);
        assert.equal(made.status, 201, JSON.stringify(made));
        const share = { resource: made._id, scopeName: 'delete', requesterName: 'dave', granted: true };
        const shared = await lab.protection('POST', 'permission/ticket', own, share);
        assert.ok((shared.status as number) < 300, JSON.stringify(shared));
        const asked = id ?? name;
        const form = {
          grant_type: 'urn:ietf:params:oauth:grant-type:uma-ticket',
          audience: 'api',
          permission: `${asked}#delete`,
          response_mode: 'decision',
        };
        const naive = await lab.token(form, { authorization: `Bearer ${own}` });
        assert.deepEqual(naive, { result: true }, 'Keycloak grants it to whoever asks by that');
        assert.equal(await has('dave', `${asked}#delete`), false);
        assert.equal(await lab.permissions().has(own, [`${asked}#delete`]), false);
      }
    });

    it('a permission that is taken away is gone with the next question, and until then an answer is used', async () => {
      const token = await lab.login('bob');
      const [fresh, remembering] = [lab.permissions(), lab.permissions({ permissionSeconds: 3600 })];
      for (const one of [fresh, remembering]) assert.equal(await one.has(token, ['orders#view']), true);
      await lab.applyPolicy('orders for members', 'only alice');
      try {
        assert.equal(await fresh.has(token, ['orders#view']), false);
        assert.equal(await remembering.has(token, ['orders#view']), true);
      } finally {
        await lab.applyPolicy('orders for members', 'is member');
      }
      assert.equal(await fresh.has(token, ['orders#view']), true);
    });

    it('an owner shares with whoever asked, and ends it', async () => {
      const permissions = lab.permissions();
      const shares = createShares(permissions);
      const view = { resourceId: lab.ids.get('album') as string, scope: 'view' };
      const bob = await lab.verifier.verify(await lab.login('bob'));
      const alice = await lab.verifier.verify(await lab.login('alice'));
      const dave = await lab.verifier.verify(await lab.login('dave'));
      const toBob = { ...view, requester: bob.subject as string };
      assert.equal(await shares.request(bob, view), 'requested');
      assert.deepEqual(
        (await shares.list(alice)).map(({ requesterName, isGranted }) => [requesterName, isGranted]),
        [['bob', false]],
      );
      for (const other of [dave, bob])
        assert.equal(await outcomeOf(() => shares.grant(other, toBob)), 'permission_denied');
      assert.equal(await outcomeOf(() => shares.revoke(dave, toBob)), 'permission_denied');
      await shares.grant(alice, toBob);
      assert.equal(await permissions.has(bob, [view]), true);
      assert.equal(await permissions.has(bob, [{ ...view, scope: 'delete' }]), false);
      assert.equal(await shares.request(bob, view), 'granted');
      await shares.revoke(alice, toBob);
      assert.equal(await permissions.has(bob, [view]), false);
      const unasked = await outcomeOf(() =>
        shares.grant(alice, { ...view, requester: dave.subject as string }),
      );
      assert.equal(unasked, target.isFrom(26, 7) ? 'in' : 'provider_misconfigured');
    });

    it('a path that this version takes for another lets nobody in', async () => {
      const bob = await lab.verifier.verify(await lab.login('bob'));
      const form = {
        grant_type: 'urn:ietf:params:oauth:grant-type:uma-ticket',
        ...{ audience: 'api', permission: '/orders/../admin#view', response_mode: 'decision' },
        ...{ permission_resource_format: 'uri', permission_resource_matching_uri: 'true' },
      };
      const naive = await lab.token(form, { authorization: `Bearer ${await lab.login('bob')}` });
      assert.equal(naive.error === undefined, !target.isFrom(26, 7), JSON.stringify(naive));
      const permissions = lab.permissions({ permissionSeconds: 30 });
      const paths = createPathEnforcer(permissions, PATHS);
      const at = (url: string) => outcomeOf(() => paths.decide({ method: 'GET', url, headers: {} }, bob));
      for (const url of [...PATH_TRICKS, ...DECIDED_PATHS]) assert.notEqual(await at(url), 'in', url);
      assert.equal(await at('/orders/7'), 'in');
    });

    it('what guards name is looked up when the application starts', async () => {
      const permissions = lab.permissions();
      createPermit(permissions, { anyOf: ['orders#view', { resource: 'no scopes' }] });
      createPermit(permissions, { resourceId: lab.ids.get('album') as string, scope: 'view' });
      assert.equal(await outcomeOf(() => permissions.assertKnown()), 'in');
      assert.equal(await outcomeOf(() => permissions.assertKnown(['orders#nope'])), 'provider_misconfigured');
      createPermit(permissions, 'album#view');
      assert.equal(await outcomeOf(() => permissions.assertKnown()), 'provider_misconfigured');
    });

    it('a disabled realm is an outage, and no refusal', async () => {
      const [token, permissions] = [await lab.login('bob'), lab.permissions()];
      await permissions.has(token, ['orders#view']);
      await lab.enableRealm(false);
      try {
        const byId = { resourceId: 'a-b', scope: 'view' };
        assert.equal(await outcomeOf(() => permissions.has(token, [byId])), 'provider_unavailable');
      } finally {
        await lab.enableRealm(true);
      }
      assert.equal(await permissions.has(token, ['orders#view']), true);
    });

    it('a user who is disabled has no permissions', async () => {
      const token = await lab.login('dave');
      await lab.enableUser('dave', false);
      try {
        assert.equal(await outcomeOf(() => lab.permissions().has(token, ['orders#view'])), 'token_revoked');
      } finally {
        await lab.enableUser('dave', true);
      }
    });
  });
}
