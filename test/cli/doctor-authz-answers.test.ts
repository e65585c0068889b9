import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUTHZ_CHECKS } from '../../packages/cli/src/doctor/checks/index.ts';
import { answer, askDoctor, refused } from './support/ask-doctor.ts';

const NOTHING = refused('access_denied', 'no', 403);

/** What the doctor says of the authorization services by an answer of the protection API, where no admin looks, or one does. */
async function find(
  id: string,
  given: ReturnType<typeof answer>,
  { state, stale = [], ...options }: Record<string, unknown> = {},
) {
  const authz = {
    protection: async () => given,
    state: async () => state ?? null,
    stale: async () => stale,
  };
  return askDoctor(AUTHZ_CHECKS, id, {
    options: { authzFiles: [], ...options },
    reach: { authz, config: { credential: { secret: 'x' } } },
  });
}

async function say(...args: Parameters<typeof find>) {
  const { status, cause, seen } = await find(...args);
  return `${status} ${cause || seen}`;
}
const stateOf = (isOn: boolean, switches = {}) => ({ isOn, model: { switches } });

test('whether the authorization services are on: Keycloak says it to the client, or an admin sees it', async () => {
  const enabled = (...args: [ReturnType<typeof answer>, Record<string, unknown>?]) =>
    say('authz.enabled', ...args);
  assert.equal(await enabled(answer(200)), 'ok on');
  for (const words of ['uma_protection is missing', 'not_supported'])
    assert.equal(await enabled(refused('x', words, 403)), 'ok on');
  assert.match(await enabled(NOTHING), /^skipped HTTP 403 access_denied: no/);
  assert.match(await enabled(answer(204)), /^skipped HTTP 204/);
  assert.equal(await enabled(NOTHING, { authz: true }), 'ok on');
  assert.equal(await enabled(NOTHING, { state: stateOf(true) }), 'ok on');
  const off = /authorization is off at the client 'api'/;
  for (const reason of ['unauthorized_client', 'invalid_clientId']) {
    assert.match(
      await enabled(refused(reason, 'x', 400)),
      /^skipped the client 'api' has no authorization services/,
    );
    assert.match(await enabled(refused(reason, 'x', 400), { authz: true }), off);
  }
  assert.match(await enabled(answer(200), { authz: true, state: stateOf(false) }), off);
});

test('a few stale resources are named, of many the first five', async () => {
  const seen = async (...names: string[]) =>
    (await find('authz.stale', answer(200), { state: stateOf(true), stale: names })).seen;
  assert.equal(await seen(), 'Keycloak decides by what is set');
  assert.equal(await seen('a'), '1 resource: a');
  assert.equal(await seen('a', 'b', 'c', 'd', 'e'), '5 resources: a, b, c, d, e');
  assert.equal(await seen('a', 'b', 'c', 'd', 'e', 'f'), '6 resources: a, b, c, d, e and 1 more');
});

test('what was seen is the answer of Keycloak, or what an admin sees where that says more', async () => {
  const seen = async (id: string, ...args: [ReturnType<typeof answer>, Record<string, unknown>?]) =>
    (await find(id, ...args)).seen;
  const off = refused('unauthorized_client', 'x', 400);
  assert.equal(await seen('authz.enabled', off, { authz: true }), 'HTTP 400 unauthorized_client: x');
  assert.equal(await seen('authz.enabled', off, { authz: true, state: stateOf(false) }), 'off');
  const remote = refused('not_supported', 'x', 501);
  assert.equal(await seen('authz.protection', remote), 'HTTP 501 not_supported: x');
  assert.equal(
    await seen('authz.protection', answer(200), {
      state: stateOf(true, { allowRemoteResourceManagement: false }),
    }),
    'Remote resource management is off',
  );
});

test('the enforcement that is not set is the strict one', async () => {
  const of = (policyEnforcementMode?: string) =>
    say('authz.enforcement', answer(200), { state: stateOf(true, { policyEnforcementMode }) });
  assert.equal(await of(), 'ok ENFORCING');
  assert.equal(await of('ENFORCING'), 'ok ENFORCING');
  assert.match(await of('PERMISSIVE'), /^fail the policy enforcement is PERMISSIVE/);
  assert.match(await of('DISABLED'), /^fail the policy enforcement is DISABLED/);
});

test('a default permission that somebody gave a policy of their own grants no more than that', async () => {
  const of = (...policies: string[]) =>
    say('authz.default-permission', answer(200), {
      state: { model: { lists: { permissions: new Map([['Default Permission', { policies }]]) } } },
    });
  assert.match(await of('Default Policy'), /^fail Default Permission/);
  assert.match(await of('is member'), /^ok/);
});

test('why the protection API refuses the service account', async () => {
  const protection = (...args: [ReturnType<typeof answer>, Record<string, unknown>?]) =>
    say('authz.protection', ...args);
  assert.match(await protection(answer(200)), /^ok the service account may look up resources/);
  assert.match(await protection(answer(201)), /^fail the protection API refuses the service account/);
  assert.match(await protection(NOTHING), /^fail the protection API refuses the service account/);
  assert.match(
    await protection(refused('unauthorized_client', 'x')),
    /^fail the client 'api' has no service account/,
  );
  assert.match(
    await protection(refused('x', 'uma_protection', 403)),
    /^fail .* has lost the role uma_protection/,
  );
  const remote = /^fail remote resource management is off/;
  assert.match(await protection(refused('not_supported', 'x', 501)), remote);
  const switchedOff = { allowRemoteResourceManagement: false };
  assert.match(await protection(answer(200), { state: stateOf(true, switchedOff) }), remote);
  assert.match(
    await protection(answer(200), { state: stateOf(true, { allowRemoteResourceManagement: true }) }),
    /^ok/,
  );
});

test('a scope is granted by a permission about it: of the resource, of its type, or of any', async () => {
  const orders = { name: 'orders', type: 'order', scopes: ['view', 'edit'] };
  const view = { resources: ['orders'], scopes: ['view'] };
  const part = (permissions: object[], resource: object = orders, foreign: string[] = [], switches = {}) =>
    say('authz.part-granted', answer(200), {
      state: {
        foreign: new Map(foreign.map((type) => [type, type])),
        model: {
          switches,
          lists: { resources: new Map([['orders', resource]]), permissions: new Map(permissions.entries()) },
        },
      },
    });
  for (const [isGranted, also] of [
    [true, { scopes: ['edit'] }],
    [true, { resourceType: 'order', scopes: ['edit'] }],
    [true, { resources: ['orders'] }],
    [false, { resourceType: 'report', scopes: ['edit'] }],
    [false, { resources: ['reports'], scopes: ['edit'] }],
    [false, { scopes: ['view'] }],
  ] as const)
    assert.match(await part([view, also]), isGranted ? /^ok/ : /^warn no permission/, JSON.stringify(also));
  const elsewhere = { resources: ['reports'], scopes: ['edit'] };
  assert.match(await part([view, elsewhere], { ...orders, type: undefined }), /^warn/);
  assert.match(await part([]), /^ok/);
  for (const foreign of ['resource', 'scope'])
    assert.match(await part([view], orders, [foreign]), /^skipped/);
  assert.match(await part([view], orders, ['js']), /^warn/);
  assert.match(await part([view], orders, [], { policyEnforcementMode: 'PERMISSIVE' }), /^skipped/);
  assert.match(await part([view], orders, [], { policyEnforcementMode: 'ENFORCING' }), /^warn/);
});
