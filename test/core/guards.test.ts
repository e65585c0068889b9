import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  allOf,
  anyOf,
  GUARDS_OF_LISTS,
  requireClientRole,
  requireThat,
} from '../../packages/guard/src/core/guards/guards.ts';
import {
  requireOneOrganization,
  requireOrganization,
} from '../../packages/guard/src/core/guards/organization.ts';
import {
  AuthError,
  type Guard,
  OptionsError,
  type Requirements,
  toGuard,
} from '../../packages/guard/src/core/index.ts';
import { scopesOf } from '../../packages/guard/src/core/internal.ts';
import { toPrincipal } from '../../packages/guard/src/core/principal/to-principal.ts';
import { rulesBrokenBy } from '../support/refusal.ts';

const { realmRole: requireRealmRole, scope: requireScope, group: requireGroup } = GUARDS_OF_LISTS;
const { groupTree: requireGroupTree, audience: requireAudience, issuer: requireIssuer } = GUARDS_OF_LISTS;

const claims = {
  iss: 'https://sso.example.com/realms/testing',
  exp: 1,
  sub: 'u1',
  aud: 'my-api',
  scope: 'openid  orders:read ',
  session_state: 's1',
  realm_access: { roles: ['user', 'editor', 7] },
  resource_access: {
    'my-api': { roles: ['reader'] },
    other: { roles: ['operator'] },
    broken: null,
  },
  groups: ['/staff/dev', '/guests'],
  organization: { acme: { id: 'x' } },
};
const ACME = {
  ...{ alias: 'acme', id: 'x', domain: null, attributes: Object.create(null) as object },
  ...{ groups: [], realmRoles: [], clientRoles: Object.create(null) as object },
};
const principal = toPrincipal(claims, claims);
const passes = (guard: Guard<object> | Guard) => {
  try {
    guard(principal);
    return true;
  } catch (error) {
    assert.ok(error instanceof AuthError, String(error));
    assert.equal(error.statusCode, 403);
    return error;
  }
};

describe('the principal', () => {
  it('has the claims under the names usual in OAuth', () => {
    const { clientRoles, claims: own, ...rest } = principal;
    assert.equal(own, claims);
    assert.deepEqual(rest, {
      subject: 'u1',
      username: null,
      email: null,
      name: null,
      realmRoles: ['user', 'editor'],
      groups: ['/staff/dev', '/guests'],
      organizations: [ACME],
      scopes: ['openid', 'orders:read'],
      audience: ['my-api'],
      sessionId: 's1',
      authorizedParty: null,
      kind: 'person',
      actor: null,
      acr: null,
      authenticatedAt: null,
      issuer: claims.iss,
      expiresAt: 1,
    });
    assert.equal(Object.getPrototypeOf(clientRoles), null);
    assert.deepEqual({ ...clientRoles }, { 'my-api': ['reader'], other: ['operator'], broken: [] });
    const lists = Object.values(rest).filter((value) => Array.isArray(value));
    for (const list of [...lists, clientRoles]) assert.ok(Object.isFrozen(list));
  });

  it('takes roles of a client named like a member of every object for what they are', () => {
    const text = '{"resource_access":{"__proto__":{"roles":["a"]},"constructor":{"roles":["b"]}}}';
    const odd = toPrincipal(JSON.parse(text), {});
    assert.deepEqual(Object.entries(odd.clientRoles)[0]?.[1], ['a']);
    assert.deepEqual(odd.clientRoles.constructor, ['b']);
    assert.equal(toPrincipal({}, {}).clientRoles.constructor, undefined);
  });

  it('reads organizations from a list, too', () => {
    assert.deepEqual(toPrincipal({ organization: ['acme', 1] }, {}).organizations, [{ ...ACME, id: null }]);
  });
});

describe('guards', () => {
  const met: Guard<object>[] = [
    requireRealmRole('user'),
    requireRealmRole('user', 'editor'),
    requireClientRole('my-api', 'reader'),
    requireScope('orders:read'),
    requireGroup('/staff/dev'),
    requireGroupTree('/staff'),
    requireGroupTree('/staff/'),
    requireGroupTree('/staff/dev'),
    requireOrganization('acme'),
    requireAudience('my-api'),
    requireThat((one) => one.subject === 'u1'),
    allOf([requireRealmRole('user'), requireScope('openid')]),
    anyOf([requireRealmRole('admin'), requireRealmRole('user')]),
  ];
  it('let pass who meets them', () => {
    for (const guard of met) assert.equal(passes(guard), true);
  });

  const unmet: readonly [Guard<object>, string, string, string, string?][] = [
    [requireRealmRole('user', 'admin'), 'role_missing', 'realm role user and admin', 'user, editor'],
    [requireRealmRole('User'), 'role_missing', 'realm role User', 'user, editor'],
    [requireClientRole('my-api', 'operator'), 'role_missing', 'role operator of the client my-api', 'reader'],
    [requireClientRole('constructor', 'name'), 'role_missing', 'role name of the client constructor', 'none'],
    [
      requireScope('openid', 'orders:write'),
      'scope_missing',
      'scope openid and orders:write',
      'openid, orders:read',
      'openid orders:write',
    ],
    [requireGroup('/staff'), 'group_missing', 'group /staff', '/staff/dev, /guests'],
    [requireGroupTree('/sta'), 'group_missing', 'group (or one below it) /sta', '/staff/dev, /guests'],
    [
      requireGroupTree('/staff/dev/x'),
      'group_missing',
      'group (or one below it) /staff/dev/x',
      '/staff/dev, /guests',
    ],
    [requireOrganization('other'), 'organization_missing', 'organization other', 'acme'],
    [requireAudience('account'), 'audience_missing', 'audience account', 'my-api'],
  ];
  for (const [guard, code, expected, seen, scope] of unmet) {
    it(`refuse with ${code} who lacks ${expected}`, () => {
      const error = passes(guard) as AuthError;
      assert.deepEqual([error.code, error.expected, error.seen], [code, expected, seen]);
      assert.match(error.reason, /^The .* is missing(; it is there as a role of other)?$/);
      assert.equal(
        error.headers['www-authenticate'],
        `Bearer error="insufficient_scope"${scope === undefined ? '' : `, scope="${scope}"`}`,
      );
    });
  }

  it('of an issuer let pass whose token is of one of them, by its exact name', () => {
    const { iss } = claims;
    assert.equal(passes(requireIssuer(iss)), true);
    assert.equal(passes(requireIssuer('https://other.example.com', iss)), true);
    assert.equal(passes(toGuard({ issuer: ['https://other.example.com', iss] }, 'my-api')), true);
    for (const other of [
      `${iss}/`,
      iss.toUpperCase(),
      'https://sso.example.com/realms/test',
      'https://other.example.com',
    ]) {
      const error = passes(toGuard({ issuer: other }, 'my-api')) as AuthError;
      assert.deepEqual(
        [error.code, error.expected, error.seen],
        ['issuer_refused', `issuer ${other}`, `issuer ${iss}`],
      );
      assert.equal(error.headers['www-authenticate'], 'Bearer error="insufficient_scope"');
    }
    for (const wrong of [[], '', ' ', 'staff', 7, null, [iss, 'staff']]) {
      assert.throws(
        () => toGuard({ issuer: wrong as string }, 'my-api'),
        OptionsError,
        JSON.stringify(wrong),
      );
    }
  });

  it('of one’s own let pass by true and nothing else', () => {
    for (const answer of [false, undefined, null, 1, 'true', {}]) {
      assert.equal((passes(requireThat(() => answer as boolean)) as AuthError).code, 'permission_denied');
    }
  });

  it('of one’s own that give a promise let nobody pass, and a rejection ends no process', async () => {
    const late = async () => Promise.reject(new Error('the database is away'));
    for (const check of [async () => true, late]) {
      const refusal = passes(requireThat(check as never)) as AuthError;
      assert.deepEqual([refusal.code, refusal.statusCode], ['requirement_unclear', 403]);
    }
    // An unhandled one would fail this file.
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('of one organization say where something is missing, and pass on what is no refusal', () => {
    const within = (guard: Guard<never>) => requireOneOrganization({ alias: 'acme' }, () => [guard]);
    const refused = passes(within(requireRealmRole('billing')));
    assert.ok(refused instanceof AuthError);
    assert.deepEqual([refused.code, refused.organization], ['role_missing', 'acme']);
    const broken = new TypeError('broken');
    const guard = within(() => {
      throw broken;
    });
    assert.throws(() => guard(principal), broken);
  });

  it('of a role say where there is one of that name, which is taken for it', () => {
    const reasonOf = (guard: Guard<object>) => (passes(guard) as AuthError).reason;
    assert.equal(
      reasonOf(requireRealmRole('reader')),
      'The realm role reader is missing; it is there as a role of my-api',
    );
    assert.equal(
      reasonOf(requireClientRole('my-api', 'user')),
      'The role user of the client my-api is missing; it is there as a role of the realm',
    );
    assert.equal(reasonOf(requireRealmRole('admin')), 'The realm role admin is missing');
  });

  it('together throw what the first one throws, as alternatives which scope to ask for, or what the last one throws', () => {
    const guards = [requireRealmRole('x'), requireScope('y')];
    assert.equal((passes(allOf(guards)) as AuthError).code, 'role_missing');
    const challenge = (passes(requireScope('y')) as AuthError).headers['www-authenticate'];
    for (const alternatives of [guards, guards.toReversed()]) {
      const { code, scope, headers } = passes(anyOf(alternatives)) as AuthError;
      assert.deepEqual([code, scope, headers['www-authenticate']], ['scope_missing', 'y', challenge]);
    }
    const refuse = () => {
      throw new AuthError('organization_missing', 'No', { tenant: 'acme' });
    };
    const mixed = passes(anyOf([requireScope('y'), refuse])) as AuthError;
    assert.deepEqual([mixed.code, mixed.tenant], ['scope_missing', 'acme']);
    const roles = anyOf([requireClientRole('my-api', 'x'), requireRealmRole('x')]);
    assert.equal((passes(roles) as AuthError).reason, 'The realm role x is missing');
  });

  it('as alternatives say what each of them expects, also one that says no more than its reason', () => {
    const own = requireThat((one) => one.subject === 'nobody');
    const { expected } = passes(anyOf([requireRealmRole('x'), own, requireScope('y')])) as AuthError;
    assert.equal(
      expected,
      `realm role x, or ${(passes(own) as AuthError).expected ?? (passes(own) as AuthError).reason}, or scope y`,
    );
    const cause = new Error('underneath');
    const refusing = () => {
      throw new AuthError('permission_denied', 'No', { cause });
    };
    assert.equal((passes(anyOf([requireRealmRole('x'), refusing])) as AuthError).cause, cause);
    const broken = new TypeError('broken');
    const fail = () => {
      throw broken;
    };
    const guard = anyOf([requireRealmRole('x'), fail]);
    assert.throws(() => guard(principal), broken);
  });

  it('that are built wrongly fail when they are built', () => {
    const texts = [
      requireRealmRole,
      requireScope,
      requireGroup,
      requireGroupTree,
      requireOrganization,
      requireAudience,
    ];
    for (const build of texts) {
      assert.throws(() => build(), /^TypeError: The .+ of a guard must /);
      for (const wrong of ['', ' ', 1, null, undefined, ['x']]) {
        assert.throws(() => build(wrong as string), /must be a non-empty string/);
      }
    }
    // As OAuth writes several in one parameter: no token ever has such a scope.
    assert.throws(() => requireScope('profile email'), /without spaces, or a list of them/);
    assert.throws(() => requireScope('openid', 'profile email'), /without spaces, or a list of them/);
    assert.throws(() => requireClientRole('', 'x'), /client id/);
    assert.throws(() => requireClientRole('x'), /role of the client x/);
    assert.throws(() => requireThat(true as never), /must be a function of the principal/);
  });
});

const rulesOf = (one: unknown) => rulesBrokenBy(() => toGuard(one as never, 'my-api'));

describe('requirements', () => {
  const met: Requirements[] = [
    {},
    { realmRole: 'user' },
    { realmRole: ['user', 'editor'], scope: 'openid' },
    { clientRole: 'reader' },
    { clientRole: ['reader'] },
    { clientRole: { 'my-api': 'reader', other: ['operator'] } },
    { group: '/guests', groupTree: '/staff', organization: 'acme', audience: 'my-api' },
    { kind: 'person' },
    { check: (one) => one.subject === 'u1' },
    { anyOf: [{ realmRole: 'x' }, { allOf: [{ realmRole: 'user' }, { scope: 'openid' }] }] },
  ];
  const unmet: Requirements[] = [
    { realmRole: 'admin' },
    { realmRole: 'user', scope: 'x' },
    { clientRole: 'operator' },
    { clientRole: { other: 'reader' } },
    { group: '/staff' },
    { groupTree: '/x' },
    { organization: 'x' },
    { audience: 'x' },
    { kind: 'service' },
    { client: 'reports' },
    { check: () => false },
    { allOf: [{ realmRole: 'user' }, { realmRole: 'admin' }] },
    { anyOf: [{ realmRole: 'user', scope: 'x' }, { realmRole: 'x' }] },
  ];
  it('become guards', () => {
    for (const one of met) assert.equal(passes(toGuard(one, 'my-api')), true, JSON.stringify(one));
    for (const one of unmet) assert.notEqual(passes(toGuard(one, 'my-api')), true, JSON.stringify(one));
  });

  it('that are misspelt or empty are reported all at once', () => {
    const wrong = {
      realmRol: 'x',
      scope: [],
      clientRole: 7,
      role: 'x',
      anyOf: [{ groups: '/x', roles: ['x'] }, {}],
      check: 1,
      allOf: {},
    };
    assert.deepEqual(rulesOf(wrong), [
      'realmRol is not a requirement: did you mean realmRole?',
      'scope must be a non-empty string, or a list of them',
      'clientRole must be a role, or an object of roles by client',
      'role is not a requirement: did you mean realmRole?',
      'anyOf[0].groups is not a requirement: did you mean group?',
      'anyOf[0].roles is not a requirement: did you mean realmRole?',
      'anyOf[1] must hold a requirement',
      'check must be a function of the principal',
      'allOf must be a non-empty list of requirements',
    ]);
    const ruleOf = (list: unknown) => rulesOf({ realmRole: list }).join();
    for (const list of [['user', ''], ['user', ' '], ['user', 7], 7])
      assert.equal(ruleOf(list), 'realmRole must be a non-empty string, or a list of them');
    assert.equal(ruleOf(['two words']), '');
    assert.deepEqual(rulesOf({ clientRole: {} }), ['clientRole must name a role of a client']);
    const inherits = Object.create(Object.assign(Object.create(null), { realmRole: 'user' }));
    for (const one of [null, undefined, 'x', [], inherits]) {
      assert.throws(() => toGuard(one as never, 'my-api'), OptionsError);
    }
  });

  it('name their scopes, once each', () => {
    assert.deepEqual(
      scopesOf({
        scope: ['a', 'b'],
        anyOf: [{ scope: 'c' }, { allOf: [{ scope: 'a' }] }],
        allOf: [{ realmRole: 'x' }],
      }),
      ['a', 'b', 'c'],
    );
  });
});

describe('a guard that is asked about nobody', () => {
  const guards: readonly [string, Guard<object> | Guard][] = [
    ['a role', toGuard({ realmRole: 'admin' }, 'my-api')],
    ['a role of a client', toGuard({ clientRole: 'reader' }, 'my-api')],
    ['a scope', toGuard({ scope: 'openid' }, 'my-api')],
    ['a group tree', toGuard({ groupTree: '/staff' }, 'my-api')],
    ['an issuer', toGuard({ issuer: 'https://sso.example.com/realms/testing' }, 'my-api')],
    ['a client', toGuard({ client: 'reports' }, 'my-api')],
    ['a kind', toGuard({ kind: 'person' }, 'my-api')],
    ['a sign-in', toGuard({ maxAge: 60 }, 'my-api')],
    ['a check', toGuard({ check: () => true }, 'my-api')],
    ['all of several', toGuard({ allOf: [{ check: () => true }] }, 'my-api')],
    ['any of several', toGuard({ anyOf: [{ check: () => true }, { realmRole: 'admin' }] }, 'my-api')],
    ['requirements', toGuard({ realmRole: 'admin', scope: 'openid' }, 'my-api')],
    ['no requirement', toGuard({}, 'my-api')],
  ];
  for (const [what, guard] of guards) {
    it(`refuses it as a request without a token: ${what}`, () => {
      for (const nobody of [null, undefined]) {
        assert.throws(
          () => guard(nobody as never),
          (error) => {
            assert.ok(error instanceof AuthError, String(error));
            const { code, statusCode, detail, headers, reason } = error;
            assert.deepEqual([code, statusCode, detail], ['missing_token', 401, 'Not authenticated']);
            assert.deepEqual(headers, { 'www-authenticate': 'Bearer' });
            assert.equal(reason, 'The guard was called without a principal');
            return true;
          },
        );
      }
    });
  }
});
