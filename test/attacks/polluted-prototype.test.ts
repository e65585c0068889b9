import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { type Principal, type Requirements, toGuard } from '../../packages/guard/src/core/index.ts';
import { toActor } from '../../packages/guard/src/core/principal/principal.ts';
import { refusalOf } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

// A library that merges what a client sent puts members on every object. None of them may be taken for a claim, or for what
// Keycloak answered.

async function polluted<T>(name: string, value: unknown, act: () => Promise<T>): Promise<T> {
  Object.defineProperty(Object.prototype, name, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
  try {
    return await act();
  } finally {
    Reflect.deleteProperty(Object.prototype, name);
  }
}

/** What is on every object, the claims of the token, and what must not be met by that. */
const CLAIMS: readonly [name: string, value: unknown, claims: object, requirements: Requirements][] = [
  ['realm_access', { roles: ['admin'] }, { realm_access: undefined }, { realmRole: 'admin' }],
  ['roles', ['admin'], { realm_access: {} }, { realmRole: 'admin' }],
  ['roles', ['admin'], { resource_access: { 'my-api': {} } }, { clientRole: 'admin' }],
  [
    'resource_access',
    { 'my-api': { roles: ['admin'] } },
    { resource_access: undefined },
    { clientRole: 'admin' },
  ],
  ['groups', ['/admin'], { groups: undefined }, { group: '/admin' }],
  ['scope', 'admin', { scope: undefined }, { scope: 'admin' }],
  ['organization', ['acme'], {}, { organization: 'acme' }],
  ['id', 'org-1', { organization: { acme: {} } }, { organization: { id: 'org-1' } }],
  [
    'groups',
    ['/admin'],
    { organization: { acme: {} } },
    { organization: { alias: 'acme', group: '/admin' } },
  ],
  ['aud', ['my-api', 'other'], { aud: undefined, azp: 'my-api' }, { audience: 'other' }],
  ['azp', 'reports', { azp: undefined }, { client: 'reports' }],
  ['acr', 'gold', { acr: undefined }, { acr: 'gold' }],
  ['auth_time', Date.UTC(2026, 0, 15, 12) / 1000, {}, { maxAge: 60 }],
  ['tenant', 'acme', {}, { tenant: 'acme' }],
  ['sid', 'session', { sid: undefined }, { kind: 'person' }],
  ['sub', 'admin', { sub: undefined }, { check: ({ subject }) => subject === 'admin' }],
  [
    'preferred_username',
    'admin',
    { preferred_username: undefined },
    { check: ({ username }) => username === 'admin' },
  ],
];

for (const [name, value, claims, requirements] of CLAIMS) {
  test(`${name} on every object is no claim: ${JSON.stringify(requirements)}`, async () => {
    const realm = createTestRealm();
    const verifier = realm.verifier({ tokenCheck: 'local' });
    // As an application makes it: at start.
    const guard = toGuard(requirements, 'my-api', { clock: realm.clock });
    const [principal, refusal] = await polluted(name, value, async () => {
      const caller: Principal = await verifier.verify(realm.mint(claims as Record<string, unknown>));
      return [caller, await refusalOf(async () => guard(caller))] as const;
    });
    assert.ok([401, 403].includes(refusal.statusCode), String(refusal));
    assert.equal(Object.getPrototypeOf(principal.claims), Object.prototype);
    await verifier.close();
  });
}

test('a token without what it needs is refused, whatever is on every object', async () => {
  const realm = createTestRealm();
  const verifier = realm.verifier({ tokenCheck: 'local' });
  await verifier.load();
  for (const [name, value, claims, header] of [
    ['typ', 'Bearer', { typ: undefined }],
    ['iss', realm.issuer, { iss: undefined }],
    ['exp', realm.now + 300, { exp: undefined }],
    ['aud', 'my-api', { aud: undefined, azp: 'other' }],
    ['azp', 'my-api', { aud: 'other', azp: undefined }],
    ['kid', realm.signer.kid, {}, { kid: undefined }],
    ['alg', realm.signer.alg, {}, { alg: undefined }],
  ] as const) {
    const token = realm.mint(claims, header && { header });
    const { statusCode } = await polluted(name, value, () => refusalOf(() => verifier.verify(token)));
    assert.equal(statusCode, 401, name);
  }
  await verifier.close();
});

test('an answer that does not say it is no yes, whatever is on every object', async () => {
  const realm = createTestRealm();
  const verifier = realm.verifier({ tokenCheck: 'remote', whenUnavailable: 'refuse' });
  realm.introspect = () => ({ username: 'abdullah' });
  const refusal = await polluted('active', true, () => refusalOf(() => verifier.verify(realm.mint())));
  assert.equal(refusal.code, 'provider_unavailable');
  await verifier.close();
});

test('who acts is nobody that is on every object', async () => {
  const actor = await polluted('client_id', 'admin', async () => toActor({ sub: 'a', act: {} }));
  assert.deepEqual(actor, {
    subject: 'a',
    clientId: null,
    actor: { subject: null, clientId: null, actor: null },
  });
});

test('a guard is not open because every object says so', async () => {
  const { serverUrl, realm, clientId, fetch } = createTestRealm();
  const kc = keycloak({ serverUrl, realm, clientId, fetch, onNotice: false, logRefusals: false });
  const guarded = kc.guard({}, () => new Response('open'));
  const answer = await polluted(
    'isOpen',
    () => true,
    async () => guarded(new Request('https://api.example.com/')),
  );
  assert.equal(answer.status, 401);
  await kc.close();
});
