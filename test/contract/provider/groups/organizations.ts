import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { RealmRepresentation } from '../../../../packages/testing/src/index.ts';
import { createBrowser, redirectOf } from '../browser.ts';
import {
  type Answer,
  assertFault,
  CALLBACK,
  type Caller,
  claimsOf,
  GUIDE,
  type Json,
  PASSWORD,
  pageText,
  sorted,
} from '../caller.ts';
import type { Behaviours, Scene } from '../scene.ts';
import type { TestRealm } from '../target.ts';

const SCOPE = 'organization';
const NAMES = ['globex', 'acme'];

/** Two organizations and one that is closed: sara is in all of them, abdullah in one, newcomer in none. */
function addOrganizations(realm: RealmRepresentation): void {
  const members = (...names: string[]) =>
    names.map((username) => ({ username, membershipType: 'UNMANAGED' }));
  realm.organizationsEnabled = true;
  realm.organizations = [
    {
      ...{ name: 'Acme Corp', alias: 'acme', domains: [{ name: 'acme.example', verified: true }] },
      attributes: { tier: ['gold'], region: ['eu', 'us'] },
      members: members('abdullah', 'sara'),
    },
    { name: 'Globex', alias: 'globex', domains: [{ name: 'globex.example' }], members: members('sara') },
    {
      ...{ name: 'Closed', alias: 'closed', enabled: false, domains: [{ name: 'closed.example' }] },
      members: members('sara'),
    },
  ];
  const newcomer = realm.users?.find(({ username }) => username === 'newcomer');
  Object.assign(newcomer ?? {}, { requiredActions: [] });
}

const within = (
  { withRealm }: Pick<Scene, 'withRealm'>,
  body: (caller: Caller, realm: TestRealm) => Promise<void>,
  change: (realm: RealmRepresentation) => void = () => undefined,
) =>
  withRealm((realm) => {
    addOrganizations(realm);
    change(realm);
  }, body);

const ask = (caller: Caller, username: string, scope: string) =>
  caller.passwordGrant({ username, scope: `openid ${scope}`.trim() });

/** The claim, the visible scopes of organizations, and the claim of the ID token, which must be the same. */
function seen({ status, json, text }: Answer): [unknown, string[]] {
  assert.equal(status, 200, text);
  const { organization } = claimsOf(String(json.access_token));
  assert.deepEqual(list(claimsOf(String(json.id_token)).organization), list(organization));
  const scopes = String(json.scope).split(' ');
  return [list(organization), sorted(scopes.filter((name) => name.startsWith(SCOPE)))];
}

/** Keycloak's lists have no order. */
const list = (claim: unknown): unknown => (Array.isArray(claim) ? sorted(claim) : claim);

/** The same with its lists in order. */
const inOrder = (claim: unknown): unknown =>
  claim && JSON.parse(JSON.stringify(claim), (_, value) => list(value));

export const organizationTokensGroup: Behaviours = {
  'the scope says which: one, the one that is named, or all': (scene) =>
    within(scene, async (caller) => {
      const rows: [string, string, unknown, string[]][] = [
        ['abdullah', '', undefined, []],
        ['abdullah', 'organization', ['acme'], ['organization']],
        ['sara', 'organization', undefined, ['organization']],
        ['newcomer', 'organization', undefined, ['organization']],
        ['sara', 'organization:acme', ['acme'], ['organization:acme']],
        ['abdullah', 'organization:globex', undefined, []],
        ['sara', 'organization:*', ['acme', 'globex'], ['organization:*']],
        ['newcomer', 'organization:*', undefined, []],
        ['sara', 'organization:', undefined, []],
        [
          ...(['sara', 'organization:acme organization:globex'] as const),
          ...[
            ['acme', 'globex'],
            ['organization:acme', 'organization:globex'],
          ],
        ] as [string, string, unknown, string[]],
        ['abdullah', 'organization:acme organization:globex', ['acme'], ['organization:acme']],
      ];
      for (const [username, scope, claim, visible] of rows) {
        assert.deepEqual(seen(await ask(caller, username, scope)), [claim, visible], `${username}: ${scope}`);
      }
      for (const scope of [
        'organization:nobody',
        'organization:closed',
        'organization:ACME',
        'organization organization:*',
        'organization organization:acme',
        'organization:acme organization:*',
      ]) {
        const text = `Invalid scopes: openid ${scope}`;
        assertFault(await ask(caller, 'sara', scope), 400, 'invalid_scope', text);
      }
    }),
  'the claim has the shape that the mapper asks for': async (scene) => {
    const shapes: [Record<string, string>, (ids: Json) => unknown][] = [
      [{ addOrganizationId: 'true' }, ({ acme }) => ({ acme: { id: acme } })],
      [{ addOrganizationAttributes: 'true' }, () => ({ acme: { tier: ['gold'], region: ['eu', 'us'] } })],
      [
        { addOrganizationId: 'true', addOrganizationAttributes: 'true' },
        ({ acme }) => ({ acme: { id: acme, tier: ['gold'], region: ['eu', 'us'] } }),
      ],
      [{ 'jsonType.label': 'JSON' }, () => ({ acme: {} })],
      [{ multivalued: 'false' }, () => 'acme'],
      [{ multivalued: 'false', addOrganizationId: 'true' }, () => 'acme'],
    ];
    const common = { 'access.token.claim': 'true', multivalued: 'true' };
    const everywhere = { 'introspection.token.claim': 'true', 'id.token.claim': 'true' };
    const toMapper = ([config]: (typeof shapes)[number], at: number) => ({
      name: `shape ${at}`,
      protocol: 'openid-connect',
      protocolMapper: 'oidc-organization-membership-mapper',
      config: { ...common, ...everywhere, 'claim.name': `shape${at}`, ...config },
    });
    await within(
      scene,
      async (caller) => {
        const { json } = await ask(caller, 'abdullah', 'organization');
        const claims = claimsOf(String(json.access_token));
        const { acme } = claims.shape0 as { acme: { id: string } };
        assert.match(acme.id, /^[0-9a-f-]{36}$/);
        const expected = Object.fromEntries(
          shapes.map(([, shape], at) => [`shape${at}`, shape({ acme: acme.id })]),
        );
        const info = (await caller.userinfo(String(json.access_token))).json;
        const seenByApi = (await caller.introspect(String(json.access_token))).json;
        for (const answer of [claims, info, seenByApi]) {
          const found = Object.keys(expected).map((name) => [name, answer[name]]);
          assert.deepEqual(Object.fromEntries(found), expected);
          assert.deepEqual(answer.organization, ['acme']);
        }
      },
      (realm) => realm.clients?.[0]?.protocolMappers?.push(...shapes.map(toMapper)),
    );
  },
  'groups in an organization, and the roles that these groups themselves have': async (scene) => {
    const everywhere = {
      'access.token.claim': 'true',
      'id.token.claim': 'true',
      'userinfo.token.claim': 'true',
    };
    const toMapper = (addGroupRoleMappings: string) => ({
      ...{ name: 'organization groups', protocol: 'openid-connect' },
      protocolMapper: 'oidc-organization-group-membership-mapper',
      config: { ...everywhere, addGroupRoleMappings },
    });
    const groups = ['/staff', '/staff/dev'];
    const roles = { realm_access: { roles: ['billing', 'inner'] } };
    const rows: [string, string, string, unknown][] = [
      ['true', 'abdullah', '', undefined],
      ['true', 'abdullah', 'organization', { acme: { groups, ...roles } }],
      ['true', 'sara', 'organization:*', { acme: { groups: ['/staff/dev'] }, globex: { groups: [] } }],
      ['true', 'sara', 'organization', {}],
      ['false', 'abdullah', 'organization:acme', { acme: { groups } }],
    ];
    for (const withRoles of ['true', 'false']) {
      // Keycloak wants other ids in each realm.
      const [staff, dev] = [randomUUID(), randomUUID()];
      await within(
        scene,
        async (caller) => {
          for (const [, username, scope, claim] of rows.filter(([one]) => one === withRoles)) {
            const { json, status, text } = await ask(caller, username, scope);
            assert.equal(status, 200, text);
            const info = (await caller.userinfo(String(json.access_token))).json;
            for (const answer of [claimsOf(String(json.access_token)), claimsOf(String(json.id_token)), info])
              assert.deepEqual(inOrder(answer.organization), claim, `${username}: ${scope}`);
          }
        },
        (realm) => {
          const billing = { name: 'billing', composite: true, composites: { realm: ['inner'] } };
          realm.roles = {
            ...realm.roles,
            realm: [...(realm.roles?.realm ?? []), { name: 'inner' }, billing],
          };
          const acme = realm.organizations?.[0];
          const subGroups = [{ id: dev, name: 'dev' }];
          Object.assign(acme ?? {}, {
            groups: [{ id: staff, name: 'staff', realmRoles: ['billing'], subGroups }],
          });
          for (const member of acme?.members ?? [])
            member.groups = member.username === 'abdullah' ? [staff, dev] : [dev];
          realm.clients?.[0]?.protocolMappers?.push(toMapper(withRoles));
        },
      );
    }
  },
  'a refresh narrows, and never names another one': (scene) =>
    within(scene, async (caller) => {
      const rows: [string, string, string, unknown][] = [
        ['sara', 'organization:acme', '', ['acme']],
        ['sara', 'organization:acme', 'openid organization:acme', ['acme']],
        ['sara', 'organization:acme', 'openid organization:globex', undefined],
        ['sara', 'organization:acme', 'openid organization', ['acme']],
        ['sara', 'organization:acme', 'openid organization:*', ['acme']],
        ['sara', 'organization:acme', 'openid', undefined],
        ['sara', 'organization:*', 'openid organization:acme', ['acme']],
        ['sara', 'organization:*', 'openid organization:*', ['acme', 'globex']],
        ['abdullah', 'organization', 'openid organization:acme', undefined],
        ['abdullah', 'organization', 'openid organization', ['acme']],
        ['abdullah', 'organization', 'openid organization:*', ['acme']],
      ];
      for (const [username, held, scope, claim] of rows) {
        const { refresh_token } = (await ask(caller, username, held)).json;
        const answer = await caller.refresh(String(refresh_token), scope === '' ? {} : { scope });
        assert.deepEqual(seen(answer)[0], claim, `${held} → ${scope}`);
        // What was left out comes back.
        const again = await caller.refresh(String(answer.json.refresh_token));
        assert.deepEqual(seen(again)[0], held === 'organization:*' ? ['acme', 'globex'] : ['acme']);
      }
      const { refresh_token } = (await ask(caller, 'sara', 'organization:*')).json;
      const wide = await caller.refresh(String(refresh_token), { scope: 'openid organization' });
      assertFault(wide, 400, 'ANY organization scope is not allowed in this context');
      const wrong = await caller.refresh(String(refresh_token), { scope: 'openid organization:nobody' });
      assertFault(wrong, 400, 'invalid_scope', 'Invalid scopes: openid organization:nobody');
    }),
  'whoever leaves an organization signs in anew for it': (scene) =>
    within(scene, async (caller, realm) => {
      const held = new Map<string, string>();
      for (const scope of ['organization:acme', 'organization:*', 'organization:acme organization:globex']) {
        held.set(scope, String((await ask(caller, 'sara', scope)).json.refresh_token));
      }
      await realm.leaveOrganization('sara', 'acme');
      const refresh = (scope: string) => caller.refresh(held.get(scope) ?? '');
      assertFault(await refresh('organization:acme'), 400, 'invalid_grant', 'Invalid organization');
      assert.deepEqual(seen(await refresh('organization:*'))[0], ['globex']);
      assert.deepEqual(seen(await refresh('organization:acme organization:globex'))[0], ['globex']);
      await realm.leaveOrganization('sara', 'globex');
      assert.deepEqual(seen(await refresh('organization:*')), [undefined, []]);
    }),
  'a token for an organization that its user has left is good for nothing': (scene) =>
    within(scene, async (caller, realm) => {
      const rows = [
        ['sara', 'organization:acme', true],
        ['sara', 'organization:*', false],
        ['sara', 'organization:acme organization:globex', false],
        ['abdullah', 'organization', true],
        ['abdullah', 'organization:*', true],
      ] as const;
      const tokens: string[] = [];
      for (const [username, scope] of rows)
        tokens.push(String((await ask(caller, username, scope)).json.access_token));
      for (const username of ['sara', 'abdullah']) await realm.leaveOrganization(username, 'acme');
      for (const [at, [, scope, isOver]] of rows.entries()) {
        const token = tokens[at] ?? '';
        const [seenByApi, info] = [await caller.introspect(token), await caller.userinfo(token)];
        if (isOver) {
          assertFault(seenByApi, 400, 'invalid_request', 'Failed to introspect token.');
          assertFault(info, 400, 'invalid_grant', 'Invalid organization');
        } else {
          assert.equal(seenByApi.json.active, true, scope);
          assert.deepEqual(info.json.organization, ['globex'], scope);
        }
      }
    }),
  'a service account is in none, and a realm without organizations drops the scope': async (scene) => {
    await within(scene, async (caller) => {
      for (const scope of ['organization:acme', 'organization:*']) {
        const own = await caller.token({ ...GUIDE, grant_type: 'client_credentials', scope });
        assert.doesNotMatch(String(own.json.scope), /organization/);
      }
    });
    await within(
      scene,
      async (caller) => {
        for (const scope of ['organization', 'organization:acme']) {
          assert.deepEqual(seen(await ask(caller, 'abdullah', scope)), [undefined, []]);
        }
      },
      (realm) => {
        realm.organizationsEnabled = false;
        delete realm.organizations;
      },
    );
  },
};

/** The organizations that a chooser page offers. */
const offered = ({ text }: Answer): string[] =>
  sorted(
    [...text.matchAll(/name="kc\.org"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="kc\.org"/g)].map(
      (m) => m[1] ?? m[2],
    ),
  );

const hasPassword = ({ text }: Answer): boolean => /<input[^>]*name="password"/.test(text);

const tokensOf = async (caller: Caller, answer: Answer): Promise<Answer> =>
  caller.token({
    ...GUIDE,
    grant_type: 'authorization_code',
    code: redirectOf(answer).searchParams.get('code') ?? '',
    redirect_uri: CALLBACK,
  });

export const organizationLoginGroup: Behaviours = {
  'the name first, then the password, for every client': (scene) =>
    within(scene, async (caller) => {
      const browser = createBrowser(caller);
      const first = await browser.open();
      assert.ok(!hasPassword(first));
      const empty = await browser.submit(first, { username: '' });
      assert.ok(pageText(empty).includes('Invalid username.'));
      const second = await browser.submit(empty, { username: 'abdullah' });
      assert.ok(hasPassword(second) && !/<input[^>]*name="username"/.test(second.text));
      assert.ok(second.text.includes('kc-attempted-username'));
      const wrong = await browser.submit(second, { password: 'x' });
      assert.ok(hasPassword(wrong));
      const done = await browser.submit(wrong, { password: PASSWORD });
      assert.deepEqual(seen(await tokensOf(caller, done)), [undefined, []]);
      assert.ok(hasPassword(await createBrowser(caller).open({ login_hint: 'abdullah' })));
      const nobody = createBrowser(caller);
      assert.ok(hasPassword(await nobody.submit(await nobody.open(), { username: 'nobody' })));
      const stranger = await nobody.submit(await nobody.open(), { username: 'nobody@acme.example' });
      assert.ok(!hasPassword(stranger));
      const text = "Your email domain matches an organization but you don't have an account yet.";
      assert.ok(pageText(stranger).includes(text), pageText(stranger));
      const disabled = await nobody.submit(await nobody.open(), { username: 'disabled' });
      assert.equal(disabled.status, 400);
      assert.ok(pageText(disabled).includes('Account is disabled, contact your administrator.'));
    }),
  'a member of several chooses one, and another one later without a password': (scene) =>
    within(scene, async (caller) => {
      const browser = createBrowser(caller);
      const scope = { scope: 'openid organization' };
      let page = await browser.submit(await browser.open(scope), { username: 'sara' });
      assert.deepEqual(offered(page), ['acme', 'closed', 'globex']);
      for (const alias of ['nobody', 'closed']) {
        page = await browser.submit(page, { 'kc.org': alias });
        assert.deepEqual(offered(page), ['acme', 'closed', 'globex'], alias);
      }
      page = await browser.submit(page, { 'kc.org': 'globex' });
      assert.ok(hasPassword(page));
      page = await browser.submit(page, { switchOrganization: 'true' });
      page = await browser.submit(page, { 'kc.org': 'globex' });
      const globex = await tokensOf(caller, await browser.submit(page, { password: PASSWORD }));
      assert.deepEqual(seen(globex), [['globex'], ['organization']]);
      assert.deepEqual(seen(await caller.refresh(String(globex.json.refresh_token)))[0], ['globex']);
      const silent = redirectOf(await browser.open({ ...scope, prompt: 'none' }));
      assert.equal(silent.searchParams.get('error'), 'login_required');
      const again = await browser.open(scope);
      assert.deepEqual(offered(again), ['acme', 'closed', 'globex']);
      const acme = await tokensOf(caller, await browser.submit(again, { 'kc.org': 'acme' }));
      assert.deepEqual(seen(acme), [['acme'], ['organization']]);
    }),
  'who is signed in gets another one by its alias, all, or none without a page': (scene) =>
    within(scene, async (caller) => {
      const browser = createBrowser(caller);
      const second = await browser.submit(await browser.open(), { username: 'sara' });
      await browser.submit(second, { password: PASSWORD });
      const rows: [string, unknown][] = [
        ['openid organization:globex', ['globex']],
        ['openid organization:acme', ['acme']],
        ['openid organization:*', [...NAMES].toSorted()],
        ['openid', undefined],
      ];
      for (const [scope, claim] of rows) {
        const answer = await tokensOf(caller, await browser.open({ scope, prompt: 'none' }));
        assert.deepEqual(seen(answer)[0], claim, scope);
      }
      const wrong = redirectOf(await browser.open({ scope: 'openid organization:nobody' })).searchParams;
      assert.equal(wrong.get('error'), 'invalid_scope');
      assert.equal(wrong.get('error_description'), 'Invalid scopes: openid organization:nobody');
    }),
  'a member of one chooses nothing': (scene) =>
    within(scene, async (caller) => {
      for (const [username, claim] of [
        ['abdullah', ['acme']],
        ['newcomer', undefined],
      ] as const) {
        const browser = createBrowser(caller);
        const second = await browser.submit(await browser.open({ scope: 'openid organization' }), {
          username,
        });
        assert.ok(hasPassword(second));
        const answer = await tokensOf(caller, await browser.submit(second, { password: PASSWORD }));
        assert.deepEqual(seen(answer), [claim, ['organization']]);
      }
    }),
};
