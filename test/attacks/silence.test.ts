import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPathEnforcer } from '../../packages/connect/src/enforcer/path-enforcer.ts';
import { resolveAdapterOptions } from '../../packages/guard/src/adapters/engine/internal.ts';
import { resolveMcpOptions } from '../../packages/guard/src/adapters/engine/mcp-options.ts';
import { checkBackchannelLogoutOptions } from '../../packages/guard/src/adapters/engine/messages.ts';
import { describeResource } from '../../packages/guard/src/adapters/engine/protected-resource.ts';
import { assertRequirements } from '../../packages/guard/src/adapters/engine/requirements.ts';
import { keycloak as expressKeycloak } from '../../packages/guard/src/adapters/express/index.ts';
import { keycloak as fetchKeycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { createPermit, createShares } from '../../packages/guard/src/authz/index.ts';
import { createClient } from '../../packages/guard/src/client/index.ts';
import {
  GUARDS_OF_LISTS,
  requireClientRole,
  requireThat,
} from '../../packages/guard/src/core/guards/guards.ts';
import {
  requireOneOrganization,
  requireOrganization,
  requireTenant,
} from '../../packages/guard/src/core/guards/organization.ts';
import {
  type AuthError,
  combineVerifiers,
  createCredential,
  createIssuer,
  createMemoryRevocationStore,
  createVerifier,
  has,
  isAuthError,
  requireSignIn,
  toGuard,
} from '../../packages/guard/src/core/index.ts';
import { createRequestGuard } from '../../packages/guard/src/core/internal.ts';
import { resolveEvents } from '../../packages/guard/src/events/options.ts';
import { createLoginLimits, createRateLimit } from '../../packages/guard/src/limits/index.ts';
import { openRedis } from '../../packages/guard/src/redis/connection.ts';
import { createRedisRevocationStore } from '../../packages/guard/src/redis/index.ts';
import { createMemorySessionStore, createSessions } from '../../packages/guard/src/session/index.ts';
import { ALICE, createFakeKeycloak, SECRET } from '../authz/fake-keycloak.ts';
import { publicOptionsOf } from './public-options.ts';

class Instance {
  readonly realmRole = 'user';
}

/** What says nothing, or not what it seems to say. */
const SILENT: readonly (readonly [string, () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['an empty string', () => ''],
  ['an empty list', () => []],
  ['a list of undefined', () => [undefined]],
  ['an empty object', () => ({})],
  ['NaN', () => Number.NaN],
  ['a promise', () => Promise.resolve({ realmRole: 'admin' })],
  ['a Map', () => new Map([['realmRole', 'admin']])],
  ['a Set', () => new Set(['admin'])],
  ['an instance', () => new Instance()],
  ['an object with inherited members', () => Object.create({ realmRole: 'admin' })],
  ['an object with a symbol', () => ({ [Symbol('realmRole')]: 'admin' })],
];

const common = { serverUrl: 'https://sso.example.com', clientId: 'my-api' };
const keycloak = { ...common, realm: 'testing' };
const client = createClient({ ...keycloak, clientSecret: SECRET });
const secret = 'c0ffee-0123456789-abcdefghijklmnopq';
const fake = createFakeKeycloak();
const permissions = fake.permissions();
const verifier = createVerifier(keycloak);
const connection = {
  duplicate: () => connection,
  onReady: () => () => {},
  run: async () => null,
  close() {},
};
const shares = createShares(permissions);
const alice = await fake.realm.verifier({ tokenCheck: 'local' }).verify(fake.tokenOf(ALICE));

const local = { verifier: fake.realm.verifier({ tokenCheck: 'local' }) };
const kc = fetchKeycloak(local);
const sockets = expressKeycloak(local);
const asAlice = () =>
  new Request('http://localhost/', { headers: { authorization: `Bearer ${fake.tokenOf(ALICE)}` } });

type Members = Record<string, unknown>;
type Make = (more: Members) => unknown;

/** How each is given, with all that must be given beside it. */
const FACTORIES: Readonly<Record<string, Make>> = {
  'core: VerifierOptions': (more) => createVerifier({ ...keycloak, ...more } as never),
  'core: DpopOptions': (more) =>
    createVerifier({ ...keycloak, dpop: { mode: 'required', ...more } as never }),
  'core: Requirements': (more) => toGuard(more as never, 'my-api'),
  'client: ClientOptions': (more) => createClient({ ...keycloak, clientSecret: SECRET, ...more } as never),
  'session: SessionOptions': (more) => createSessions({ client, secret, verifier, ...more } as never),
  'session: SessionsOptions': (more) => createSessions({ client, secret, verifier, ...more } as never),
  'session: MemorySessionStoreOptions': (more) => createMemorySessionStore(more),
  'authz: PermissionsOptions': (more) => fake.permissions(more),
  'authz: PermitOptions': (more) => createPermit(permissions, 'orders#view', more),
  'connect: PolicyEnforcerConfig': (more) => createPathEnforcer(permissions, more),
  'connect: PathConfig': (more) =>
    createPathEnforcer(permissions, { paths: [{ path: '/orders/*', name: 'orders', ...more }] }),
  'connect: MethodConfig': (more) =>
    createPathEnforcer(permissions, {
      paths: [{ path: '/orders/*', name: 'orders', methods: [{ method: 'GET', scopes: ['view'], ...more }] }],
    }),
  'authz: AskOptions': (more) => permissions.has(alice, ['orders#view'], more),
  'redis: RedisOptions': (more) => openRedis({ url: 'redis://127.0.0.1:1', ...more } as never).close(),
  'redis: RedisRevocationStoreOptions': (more) =>
    createRedisRevocationStore(connection as never, more).close(),
  'adapters/engine: McpOptions': (more) =>
    resolveMcpOptions({ url: 'https://mcp.example.com/mcp', ...more } as never),
  'adapters/engine: ProtectedResourceOptions': (more) =>
    describeResource(
      { sender: undefined, verifierOf: () => verifier, tenantAt: undefined, tenantOf: undefined },
      {
        url: 'https://api.example.com',
        ...more,
      } as never,
    ),
  'adapters/engine: BackchannelLogoutOptions': (more) => checkBackchannelLogoutOptions(more),
  'events: EventsOptions': (more) =>
    resolveEvents(createVerifier({ ...keycloak, clientSecret: SECRET }), more),
  'limits: RateLimitOptions': (more) =>
    createRateLimit({ name: 'sign-up', limit: 20, secret: SECRET, ...more } as never),
  'limits: LoginLimitOptions': (more) => createLoginLimits(more, SECRET),
  'adapters/engine: AdapterOptions': (more) =>
    resolveAdapterOptions({ ...keycloak, ...more } as never, { factory: 'keycloak' }),
  'tenants: TenantsOptions': (more) =>
    resolveAdapterOptions(
      { ...common, tenants: { of: () => undefined, get: () => undefined }, ...more } as never,
      { factory: 'keycloak' },
    ),
  'tenants: TenantSettings': async (more) => {
    const tenants = { of: () => 'acme', get: () => ({ realm: 'acme', ...more }) };
    let cause: unknown;
    const onDenied = (_request: unknown, error: AuthError) => {
      if (error.statusCode === 500) cause = error.cause;
    };
    const kcOfTenants = fetchKeycloak({ ...common, tenants, onDenied, onNotice: false } as never);
    try {
      // A wrong setting is a fault of the application, as an answer.
      await kcOfTenants.decide(new Request('http://acme/'));
      if (cause !== undefined) throw cause;
    } finally {
      await kcOfTenants.close();
    }
  },
  'core: CreateCredentialOptions': (more) =>
    createCredential({ clientId: 'my-api', credential: { secret: SECRET }, ...more } as never),
  'core: IssuerOptions': (more) =>
    createIssuer({ serverUrl: 'http://localhost:8080', realm: 'testing', ...more } as never),
  'core: GuardOptions': (more) =>
    createRequestGuard(verifier, { realmRole: 'admin', ...more } as never, {} as never),
};

/**
 * Taken because it means what it says, and is the same as nothing given.
 * `undefined` is an option that was not given, and never a requirement.
 */
const MEANS_SOMETHING: Readonly<Record<string, readonly string[]>> = {
  'core: VerifierOptions.observers': ['an empty list'],
  'client: ClientOptions.observers': ['an empty list'],
  'session: SessionOptions.authorizationParameters': ['an empty object'],
  'connect: PolicyEnforcerConfig.paths': ['an empty list'],
  'connect: PolicyEnforcerConfig.path-cache': ['an empty object'],
  'connect: PathConfig.methods': ['an empty list'],
  'connect: PathConfig.scopes': ['an empty list'],
  'authz: AskOptions.claims': ['an empty object'],
  'adapters/engine: McpOptions.scopes': ['an empty list'],
  'adapters/engine: McpOptions.tools': ['an empty object'],
  'adapters/engine: McpOptions.allowedOrigins': ['an empty list'],
  'adapters/engine: ProtectedResourceOptions.scopes': ['an empty list'],
};

/** Not given by an application, or tested with what they are a part of. */
const OUTPUTS = ['core: AuthErrorOptions', 'adapters/engine: ResolvedMcpOptions'];

const isRefusal = (error: unknown) =>
  error instanceof TypeError || error instanceof RangeError || isAuthError(error);

async function takes(act: () => unknown): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    assert.ok(isRefusal(error), `it threw ${String(error)}`);
    return false;
  }
}

/** keycloak-connect's own options have tests of their own: what it ignored is ignored here, with a notice. */
const OF_PATHS = /: (?:Path|PolicyEnforcer|Method)\w+$/;
const found = publicOptionsOf(
  'core',
  'client',
  'session',
  'authz',
  'redis',
  'adapters/engine',
  'tenants',
  'events',
  'limits',
).concat(publicOptionsOf('connect').filter(({ name }) => OF_PATHS.test(name)));

it('every kind of options has its place in this test', () => {
  const names = new Set(found.map(({ name }) => name));
  assert.deepEqual(
    Object.keys(FACTORIES).filter((name) => !names.has(name)),
    [],
  );
  const known = new Set([...Object.keys(FACTORIES), ...OUTPUTS]);
  assert.deepEqual(
    found.map(({ name }) => name).filter((name) => !known.has(name)),
    [],
  );
});

for (const { name, members } of found) {
  const make = FACTORIES[name];
  if (make === undefined) continue;
  describe(name, () => {
    for (const member of members) {
      for (const [what, value] of SILENT) {
        const isRequirement = name.endsWith('Requirements') || name.endsWith('GuardOptions');
        const isNotGiven = what === 'undefined' && !isRequirement;
        it(`${member} is ${isNotGiven ? 'not given, or refused' : 'refused'} as ${what}`, async () => {
          const isTaken = await takes(() => make({ [member]: value() }));
          if (!isTaken || isNotGiven) return;
          assert.ok(MEANS_SOMETHING[`${name}.${member}`]?.includes(what), 'it was taken');
        });
      }
    }
  });
}

/** What takes requirements, a rule or a permission: nothing may be let in by one that says nothing. */
const WHOLE: Readonly<Record<string, (value: never) => unknown>> = {
  toGuard: (value) => toGuard(value, 'my-api'),
  has: (value) => has(alice, value),
  'guard of a request': (value) => createRequestGuard(verifier, value, {} as never),
  'an alternative of requirements': (value) => toGuard({ anyOf: [{ realmRole: 'admin' }, value] }, 'my-api'),
  'one of several requirements': (value) => toGuard({ allOf: [{ realmRole: 'admin' }, value] }, 'my-api'),
  'roles of a client': (value) => toGuard({ clientRole: { 'my-api': value } }, 'my-api'),
  'all of requirements': (value) => toGuard({ allOf: value }, 'my-api'),
  'any of requirements': (value) => toGuard({ anyOf: value }, 'my-api'),
  ...GUARDS_OF_LISTS,
  requireOrganization,
  requireTenant,
  requireThat,
  'requireOneOrganization, alias': (value) => requireOneOrganization({ alias: value }, () => []),
  'requireOneOrganization, id': (value) => requireOneOrganization({ id: value }, () => []),
  'an organization by alias': (value) => toGuard({ organization: { alias: value } }, 'my-api'),
  'an organization by id': (value) => toGuard({ organization: { id: value } }, 'my-api'),
  'a group in an organization': (value) =>
    toGuard({ organization: { alias: 'acme', group: value } }, 'my-api'),
  'a role in an organization': (value) =>
    toGuard({ organization: { alias: 'acme', clientRole: value } }, 'my-api'),
  'connect of an adapter': (value) => kc.connect(asAlice(), value),
  'decide of fetch': (value) => kc.decide(asAlice(), value),
  'principal of fetch': (value) => kc.principal(asAlice(), value),
  'socket of an adapter': (value) => sockets.socket(value),
  'upgrade of an adapter': (value) => sockets.upgrade(value, () => {}),
  'requirements of the request': (value) => assertRequirements(value),
  'one of several of the request': (value) =>
    assertRequirements({ allOf: [() => ({ realmRole: 'admin' }), value] }),
  requireClientRole: (value) => requireClientRole('my-api', value),
  'requireSignIn, acr': (value) => requireSignIn({ acr: value }),
  'requireSignIn, maxAge': (value) => requireSignIn({ maxAge: value }),
  requireSignIn,
  permit: (value) => createPermit(permissions, value),
  'one of several permissions': (value) => createPermit(permissions, { allOf: ['orders#view', value] }),
  'an alternative of permissions': (value) => createPermit(permissions, { anyOf: ['orders#view', value] }),
  'a second list of permissions': (value) =>
    createPermit(permissions, { anyOf: ['orders#view'], allOf: value } as never),
  'a member of a permission': (value) =>
    createPermit(permissions, { resource: 'orders', scope: 'view', type: value } as never),
  'permissions.check': (value) => permissions.check(alice, value),
  'permissions.has': (value) => permissions.has(alice, [value]),
  'permissions.assertKnown': (value) => permissions.assertKnown([value]),
  'shares.list, by': (value) => shares.list(alice, { by: value }),
  'shares.list, resourceId': (value) => shares.list(alice, { resourceId: value }),
  'shares.list, isGranted': (value) => shares.list(alice, { isGranted: value }),
  'shares.grant': (value) => shares.grant(alice, { resourceId: value, scope: value, requester: value }),
  'how long revocations are kept': (value) => createMemoryRevocationStore(Date.now, value),
  'a store that says how long': (value) =>
    createVerifier({
      ...keycloak,
      revocationStore: { ...createMemoryRevocationStore(), rememberSeconds: value },
    }),
  'the secret of login limits': (value) => createLoginLimits({}, value),
  combineVerifiers,
};

/** Refused for everything but these. */
const NOT_GIVEN: Readonly<Record<string, readonly string[]>> = {
  // `guard({})`, the form for "somebody who is authenticated".
  ...Object.fromEntries(
    [
      ...['toGuard', 'has', 'guard of a request', 'requirements of the request', 'connect of an adapter'],
      ...['decide of fetch', 'principal of fetch', 'socket of an adapter', 'upgrade of an adapter'],
    ].map((name) => [name, ['an empty object']]),
  ),
  ...Object.fromEntries(
    ['by', 'resourceId', 'isGranted'].map((one) => [`shares.list, ${one}`, ['undefined']]),
  ),
  'how long revocations are kept': ['undefined'],
  'a store that says how long': ['undefined'],
};

for (const [name, take] of Object.entries(WHOLE)) {
  describe(name, () => {
    for (const [what, value] of SILENT) {
      const isNotGiven = NOT_GIVEN[name]?.includes(what) === true;
      it(`${isNotGiven ? 'is not given' : 'refuses'} ${what}`, async () => {
        assert.equal(await takes(() => take(value() as never)), isNotGiven);
      });
    }
  });
}

it('what is left out is somebody who is signed in', async () => {
  assert.equal((await kc.connect(asAlice())).principal.subject, alice.subject);
  assert.equal((await kc.principal(asAlice())).subject, alice.subject);
  assert.ok(sockets.socket());
});
