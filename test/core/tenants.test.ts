import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AuthError,
  OptionsError,
  type Requirements,
  toGuard,
} from '../../packages/guard/src/core/index.ts';
import { compile } from '../../packages/guard/src/core/internal.ts';
import {
  actingFor,
  rememberToken,
  tenantsOf,
  tokenOf,
  toPrincipal,
} from '../../packages/guard/src/core/principal/to-principal.ts';
import { parsePrincipal } from '../../packages/guard/src/core/token/known-token.ts';

const of = (organization: unknown) => toPrincipal({ iss: 'https://sso.example.com', organization }, {});
const among = (organization: unknown) =>
  parsePrincipal(
    { iss: 'https://sso.example.com', organization },
    { parseClaims: undefined, tenants: 'organizations' },
  );
/** The code of the refusal; `undefined` if the principal passes. */
function refusalOf(requirements: Requirements, principal: ReturnType<typeof of>): string | undefined {
  try {
    toGuard(requirements, 'my-api')(principal);
    return undefined;
  } catch (error) {
    return (error as AuthError).code;
  }
}

/** As Keycloak 26.7 writes it, with every part that its mappers can add. */
const FULL = {
  acme: {
    id: 'a1',
    domain: 'acme.example',
    tier: ['gold'],
    groups: ['/staff', '/staff/dev'],
    realm_access: { roles: ['editor'] },
    resource_access: { 'my-api': { roles: ['writer'] } },
  },
  globex: { id: 'g1', groups: [] },
};

describe('organizations of a token', () => {
  it('are read in each form of the claim', () => {
    const aliases = (value: unknown) => of(value).organizations.map(({ alias }) => alias);
    assert.deepEqual(aliases(['globex', 'acme']), ['globex', 'acme']);
    assert.deepEqual(aliases('acme'), ['acme']);
    assert.deepEqual(aliases({ acme: {}, globex: { id: 'g1' } }), ['acme', 'globex']);
    for (const none of [undefined, null, '', [], {}, 7, [7, null], [['acme']], { '': { id: 'a1' } }, ['']]) {
      assert.deepEqual(aliases(none), [], JSON.stringify(none));
    }
    assert.deepEqual(aliases(JSON.parse('{"__proto__":{"id":"a1"}}')), ['__proto__']);
  });

  it('have id, domain, attributes, and the groups and roles of their own', () => {
    const [acme] = of(FULL).organizations;
    assert.ok(Object.isFrozen(acme));
    assert.deepEqual(
      { ...acme, attributes: { ...acme?.attributes }, clientRoles: { ...acme?.clientRoles } },
      {
        ...{ alias: 'acme', id: 'a1', domain: 'acme.example', attributes: { tier: ['gold'] } },
        ...{ groups: ['/staff', '/staff/dev'], realmRoles: ['editor'] },
        clientRoles: { 'my-api': ['writer'] },
      },
    );
  });

  it('an attribute that has the name of another member is not taken for it', () => {
    const forged = { id: ['a1'], domain: ['x'], realm_access: ['admin'], resource_access: ['admin'] };
    const [acme] = of({ acme: forged }).organizations;
    assert.deepEqual([acme?.id, acme?.domain, acme?.realmRoles], [null, null, []]);
    assert.deepEqual({ ...acme?.clientRoles }, {});
  });
});

describe('the requirement organization', () => {
  const principal = of(FULL);
  const met: Requirements['organization'][] = [
    'acme',
    ['acme', 'globex'],
    { alias: 'acme' },
    { id: 'a1' },
    { alias: 'acme', group: '/staff', realmRole: 'editor', clientRole: 'writer' },
    { id: 'a1', groupTree: '/staff', clientRole: { 'my-api': 'writer' } },
  ];
  for (const organization of met) {
    it(`is met: ${JSON.stringify(organization)}`, () => {
      assert.equal(refusalOf({ organization } as Requirements, principal), undefined);
    });
  }
  const unmet: [Requirements['organization'], string][] = [
    ['ACME', 'organization_missing'],
    ['a1', 'organization_missing'],
    [{ alias: 'a1' }, 'organization_missing'],
    [{ id: 'acme' }, 'organization_missing'],
    [['acme', 'initech'], 'organization_missing'],
    [{ alias: 'globex', group: '/staff' }, 'group_missing'],
    [{ alias: 'globex', realmRole: 'editor' }, 'role_missing'],
    [{ alias: 'acme', clientRole: 'reader' }, 'role_missing'],
  ];
  for (const [organization, code] of unmet) {
    it(`is not met: ${JSON.stringify(organization)}`, () => {
      assert.equal(refusalOf({ organization } as Requirements, principal), code);
    });
  }

  it('what somebody has in the realm does not count within an organization, nor the other way round', () => {
    const inRealm = toPrincipal(
      { iss: 'x', realm_access: { roles: ['editor'] }, groups: ['/staff'], organization: ['acme'] },
      {},
    );
    assert.equal(
      refusalOf({ organization: { alias: 'acme', realmRole: 'editor' } }, inRealm),
      'role_missing',
    );
    assert.equal(refusalOf({ organization: { alias: 'acme', group: '/staff' } }, inRealm), 'group_missing');
    assert.equal(refusalOf({ realmRole: 'editor' }, principal), 'role_missing');
  });

  it('an id that is no string, or that is missing, is nobody’s', () => {
    assert.equal(refusalOf({ organization: { id: 'null' } }, of(['acme'])), 'organization_missing');
    assert.throws(() => toGuard({ organization: { id: null as never } }, 'my-api'), OptionsError);
  });

  for (const wrong of [
    {},
    { alias: 'a', id: 'b' },
    { group: '/staff' },
    { alias: undefined },
    { alias: 'a', scope: 'x' },
    { alias: 'a', group: undefined },
    { alias: ['a'] },
    { alias: 'a', realmRole: [] },
  ]) {
    it(`is refused at start: ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => toGuard({ organization: wrong as never }, 'my-api'), OptionsError);
    });
  }
});

describe('the requirement tenant', () => {
  it('is met by the name of the realm’s tenant', () => {
    const principal = toPrincipal({ iss: 'x', organization: ['globex'] }, {}, { name: 'acme' });
    assert.equal(principal.tenant, 'acme');
    assert.equal(refusalOf({ tenant: 'acme' }, principal), undefined);
    assert.equal(refusalOf({ tenant: 'globex' }, principal), 'tenant_refused');
  });

  it('names whom a caller acts for where it is one tenant, wherever it stands', () => {
    for (const [requirements, tenant] of [
      [{ tenant: 'acme' }, 'acme'],
      [{ allOf: [{ realmRole: 'user' }, { tenant: 'acme' }] }, 'acme'],
      [{ allOf: [{ realmRole: 'user' }, { allOf: [{ tenant: 'globex' }] }] }, 'globex'],
      [{ anyOf: [{ tenant: 'acme' }, { realmRole: 'admin' }] }, undefined],
      [{ realmRole: 'user' }, undefined],
    ] as const)
      assert.equal(
        compile(requirements, { clientId: 'my-api' }).tenant,
        tenant,
        JSON.stringify(requirements),
      );
  });

  it('is met by nobody where the application has no tenants', () => {
    const principal = of(['acme']);
    assert.ok(!('tenant' in principal));
    assert.equal(refusalOf({ tenant: 'acme' }, principal), 'tenant_refused');
    assert.equal(refusalOf({ tenant: 'undefined' }, principal), 'tenant_refused');
  });

  it('is met by members of an organization; the only one of a token is the tenant', () => {
    assert.equal(among(['acme']).tenant, 'acme');
    const both = among(FULL);
    assert.ok(!('tenant' in both));
    assert.deepEqual(tenantsOf(both), ['acme', 'globex']);
    assert.equal(refusalOf({ tenant: 'globex' }, both), undefined);
    assert.equal(refusalOf({ tenant: 'initech' }, both), 'tenant_refused');
    assert.equal(refusalOf({ tenant: 'a1' }, both), 'tenant_refused');
  });

  it('is met for the active one alone by who acts for it', () => {
    const both = rememberToken(among(FULL), 'token');
    const active = actingFor(both, 'globex');
    assert.equal(active.tenant, 'globex');
    assert.equal(actingFor(both, 'globex'), active, 'one copy');
    assert.equal(tokenOf(active), 'token');
    assert.deepEqual(tenantsOf(active), ['globex']);
    assert.equal(refusalOf({ tenant: 'globex' }, active), undefined);
    assert.equal(refusalOf({ tenant: 'acme' }, active), 'tenant_refused');
    assert.equal(refusalOf({ tenant: 'acme' }, both), undefined, 'the original is as it was');
  });

  it('is not met by who acts for one that the token does not name, nor for its only one instead', () => {
    for (const tenant of ['initech', undefined]) {
      const active = actingFor(among(['acme']), tenant);
      assert.ok(!('tenant' in active));
      assert.deepEqual(tenantsOf(active), []);
      assert.equal(refusalOf({ tenant: 'acme' }, active), 'tenant_refused');
      assert.equal(refusalOf({ tenant: 'initech' }, active), 'tenant_refused');
    }
  });
});

describe('a refusal', () => {
  const thrown = (act: () => void): AuthError => {
    try {
      act();
    } catch (error) {
      return error as AuthError;
    }
    return assert.fail('let in');
  };

  it('by the id of an organization says which of the caller have none', () => {
    const refusal = thrown(() => toGuard({ organization: { id: 'x1' } }, 'my-api')(of(['acme'])));
    assert.deepEqual([refusal.code, refusal.seen], ['organization_missing', 'no id']);
    const none = thrown(() => toGuard({ organization: { id: 'x1' } }, 'my-api')(of([])));
    assert.equal(none.seen, 'none');
  });

  it('names the tenant to switch to', () => {
    const principal = among(['acme']) as never;
    const one = thrown(() => toGuard({ tenant: 'globex' }, 'my-api')(principal));
    assert.equal(one.tenant, 'globex');
  });

  it('is no list: a query that names several would mean one of them, and of organizations all', () => {
    for (const list of [['acme'], ['acme', 'globex'], []]) {
      assert.throws(
        () => toGuard({ tenant: list as never }, 'my-api'),
        /tenant: must be one tenant, and no list/,
      );
    }
  });
});
