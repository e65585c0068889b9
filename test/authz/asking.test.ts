import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PermissionSyntaxError } from '../../packages/guard/src/authz/index.ts';
import { AuthError, OptionsError } from '../../packages/guard/src/core/index.ts';
import { assertRefused } from '../support/refusal.ts';
import { ALICE, BOB, createFakeKeycloak, grant, oauthError, SECRET } from './fake-keycloak.ts';

const start = () => {
  const fake = createFakeKeycloak();
  return { fake, alice: fake.tokenOf(ALICE), bob: fake.tokenOf(BOB), permissions: fake.permissions() };
};

describe('asking for permissions', () => {
  it('gives the pairs that are granted, in the order in which they were asked', async () => {
    const { fake, bob, permissions } = start();
    grant(fake, BOB, 'orders#view', 'reports#view');
    const asked = ['reports#view', 'orders#delete', { resource: 'orders', scope: 'view' }];
    assert.deepEqual(await permissions.check(bob, asked), [
      { resource: 'reports', scope: 'view' },
      { resource: 'orders', scope: 'view' },
    ]);
  });

  it('says no to a set of which Keycloak grants a part', async () => {
    const { fake, bob, permissions } = start();
    grant(fake, BOB, 'orders#view');
    assert.equal(await permissions.has(bob, ['orders#view']), true);
    assert.equal(await permissions.has(bob, ['orders#view', 'orders#delete']), false);
    assert.equal(await permissions.has(bob, ['orders#view', 'admin#view']), false);
  });

  it('puts one question for several permissions, by id, with no scope and no decision mode', async () => {
    const { fake, bob, permissions } = start();
    grant(fake, BOB, 'orders#view');
    await permissions.check(bob, ['orders#view', 'orders#edit', 'reports#view']);
    assert.equal(fake.questions.length, 1);
    const { form, authorization } = fake.questions[0] as (typeof fake.questions)[0];
    assert.deepEqual([authorization, form.get('subject_token')], [null, bob]);
    assert.deepEqual(form.getAll('permission').sort(), [
      'aaaaaaaa-0000-4000-8000-000000000001#view,edit',
      'aaaaaaaa-0000-4000-8000-000000000002#view',
    ]);
    assert.equal(form.get('response_mode'), 'permissions');
    for (const absent of ['scope', 'submit_request', 'rpt']) assert.ok(!form.has(absent));
  });

  it('says of a token that Keycloak takes no more that it is revoked', async () => {
    const { fake, bob, permissions } = start();
    fake.ended.add(bob);
    await assertRefused(() => permissions.has(bob, ['orders#view']), 'token_revoked');
  });

  it('takes a resource without scopes for granted only where it has none', async () => {
    const { fake, bob, permissions } = start();
    grant(fake, BOB, 'no scopes', 'orders#view');
    assert.equal(await permissions.has(bob, [{ resource: 'no scopes' }]), true);
    const error = await assertRefused(
      () => permissions.has(bob, [{ resource: 'orders' }]),
      'provider_misconfigured',
    );
    assert.match(error.reason, /no resource "orders" without scopes/);
  });

  it('lists everything that is granted', async () => {
    const { fake, bob, permissions } = start();
    assert.deepEqual(await permissions.list(bob), []);
    grant(fake, BOB, 'orders#view', 'no scopes');
    assert.deepEqual(await permissions.list(bob), [
      { id: 'aaaaaaaa-0000-4000-8000-000000000001', name: 'orders', scopes: ['view'] },
      { id: 'aaaaaaaa-0000-4000-8000-000000000003', name: 'no scopes', scopes: [] },
    ]);
  });

  it('refuses what is no permission, and a list without any', async () => {
    const { bob, permissions } = start();
    const wrong = ['', '#view', 'orders#', 'orders', 'orders#view#edit', 'orders#view,edit', ' orders#view'];
    const objects = [
      {},
      { resource: '' },
      { resource: 'a', resourceId: 'b-c' },
      { resourceId: 'orders' },
      null,
      7,
    ];
    const more = [{ resourceId: 'a-b#view' }, { resource: 'orders', scope: '' }, { resource: 'a\u0000b' }];
    for (const one of [...wrong, ...objects, ...more]) {
      await assert.rejects(permissions.check(bob, [one as string]), PermissionSyntaxError, String(one));
    }
    await assert.rejects(permissions.has(bob, []), PermissionSyntaxError);
  });

  it('names every option that is wrong', () => {
    const fake = createFakeKeycloak();
    assert.throws(
      () => fake.permissions({ clientSecret: '', permissionSeconds: -1, verifier: {} } as never),
      (error: unknown) => error instanceof OptionsError && error.problems.length === 3,
    );
  });
});

describe('a resource that the caller has registered', () => {
  const own = { owner: BOB, scopes: ['view', 'delete'] };

  it('does not speak for one of the API that has the same name', async () => {
    const { fake, bob, permissions } = start();
    fake.resources.push({ ...own, id: 'bbbbbbbb-0000-4000-8000-000000000001', name: 'orders' });
    fake.grants.add(`${BOB} bbbbbbbb-0000-4000-8000-000000000001#delete`);
    assert.equal(await permissions.has(bob, ['orders#delete']), false);
  });

  it('does not speak for one whose name is its id', async () => {
    const { fake, bob, permissions } = start();
    fake.resources.push({ ...own, id: 'order-7', name: 'mine' });
    fake.resources.push({
      ...own,
      id: 'aaaaaaaa-0000-4000-8000-000000000007',
      name: 'order-7',
      owner: 'c11e0000-0000-4000-8000-000000000001',
    });
    fake.grants.add(`${BOB} order-7#delete`);
    assert.equal(await permissions.has(bob, ['order-7#delete']), false);
  });

  it('does not speak for one whose id is its name', async () => {
    const { fake, bob, permissions } = start();
    const id = 'aaaaaaaa-0000-4000-8000-000000000005';
    fake.resources.push({ ...own, id: 'bbbbbbbb-0000-4000-8000-000000000001', name: id });
    fake.grants.add(`${BOB} bbbbbbbb-0000-4000-8000-000000000001#delete`);
    const both = [
      { resourceId: id, scope: 'delete' },
      { resourceId: 'bbbbbbbb-0000-4000-8000-000000000001', scope: 'delete' },
    ];
    assert.deepEqual(await permissions.check(bob, both), [both[1]]);
    assert.equal(await permissions.has(bob, [{ resourceId: id, scope: 'delete' }]), false);
  });

  it('is not found by its name, but by its id', async () => {
    const { fake, alice, permissions } = start();
    grant(fake, ALICE, 'album#view');
    await assertRefused(() => permissions.has(alice, ['album#view']), 'provider_misconfigured');
    const byId = { resourceId: 'aaaaaaaa-0000-4000-8000-000000000005', scope: 'view' };
    assert.equal(await permissions.has(alice, [byId]), true);
  });

  it('is not found by the name of another in capitals', async () => {
    const { bob, permissions } = start();
    await assertRefused(() => permissions.has(bob, ['ORDERS#view']), 'provider_misconfigured');
  });
});

describe("Keycloak's answer", () => {
  /** Whatever else it says, it is not asked again. */
  const once = (status: number, error: string, description?: string) => {
    const { fake, bob, permissions } = start();
    fake.replace = (form) => (form.has('audience') ? oauthError(status, error, description) : undefined);
    return () => permissions.has(bob, ['orders#view']);
  };

  for (const [name, reply] of Object.entries({
    not_authorized: once(403, 'access_denied', 'not_authorized'),
    request_submitted: once(403, 'access_denied', 'request_submitted'),
  })) {
    it(`403 access_denied ${name} is a no`, async () => assert.equal(await reply(), false));
  }

  const others: [
    number,
    string,
    string | undefined,
    'token_revoked' | 'provider_misconfigured' | 'provider_unavailable',
  ][] = [
    [403, 'access_denied', 'Realm not enabled', 'provider_unavailable'],
    [403, 'access_denied', undefined, 'provider_unavailable'],
    [400, 'access_denied', 'not_authorized', 'provider_unavailable'],
    [400, 'invalid_resource', 'Resource with id [x] does not exist.', 'provider_misconfigured'],
    [400, 'invalid_scope', 'One of the given scopes [x] is invalid', 'provider_misconfigured'],
    [400, 'invalid_request', 'Unknown resource server id: [x]', 'provider_misconfigured'],
    [400, 'invalid_request', 'Client does not support permissions', 'provider_misconfigured'],
    [400, 'invalid_request', 'Invalid response_mode', 'provider_unavailable'],
    [401, 'invalid_client', 'Invalid client or Invalid client credentials', 'provider_misconfigured'],
    [403, 'Invalid origin', undefined, 'provider_unavailable'],
    [500, 'server_error', 'Unexpected error', 'provider_unavailable'],
    [503, 'access_denied', 'not_authorized', 'provider_unavailable'],
  ];
  for (const [status, error, description, code] of others) {
    it(`${status} ${error}: ${description} is ${code}`, async () => {
      const refusal = await assertRefused(once(status, error, description), code);
      assert.doesNotMatch(JSON.stringify(refusal), new RegExp(SECRET));
      assert.doesNotMatch(refusal.message + JSON.stringify(refusal.headers), /orders/);
    });
  }

  it('that is no list of permissions is no answer', async () => {
    for (const body of [
      '{"result":true}',
      'true',
      '"orders"',
      '<html>',
      '',
      '{"upgraded":false,"access_token":"x"}',
    ]) {
      const { fake, bob, permissions } = start();
      fake.replace = (form) => (form.has('audience') ? new Response(body) : undefined);
      await assertRefused(() => permissions.has(bob, ['orders#view']), 'provider_unavailable');
    }
  });

  it('grants nothing by entries that cannot be read, or that were not asked for', async () => {
    const id = 'aaaaaaaa-0000-4000-8000-000000000001';
    for (const entries of [
      [null, 7, 'orders#view'],
      [{ rsid: id, rsname: 'orders', scopes: 'view' }],
      [{ rsid: id, rsname: 'orders', scopes: [['view']] }],
      [{ rsid: id, rsname: 'orders' }],
      [{ rsname: 'orders', scopes: ['view'] }],
      [{ rsid: 'other', rsname: 'orders', scopes: ['view'] }],
      [{ rsid: id, rsname: 'orders', scopes: ['VIEW', 'view,edit', 'edit'] }],
    ]) {
      const { fake, bob, permissions } = start();
      fake.replace = (form) => (form.has('audience') ? Response.json(entries) : undefined);
      assert.equal(await permissions.has(bob, ['orders#view']), false, JSON.stringify(entries));
    }
  });

  it('names resource, scope and fix where the guard is wrong, in the reason alone', async () => {
    const { bob, permissions } = start();
    for (const [asked, what] of [
      ['nope#view', '"nope#view"'],
      ['orders#nope', '"orders#nope"'],
      ['reports#delete', '"reports#delete"'],
    ] as const) {
      const error = await assertRefused(() => permissions.check(bob, [asked]), 'provider_misconfigured');
      assert.ok(error.reason.includes(what), error.reason);
      assert.match(error.reason, /Clients > my-api > Authorization/);
      assert.equal(error.message, 'Internal Server Error');
    }
  });

  it('to one permission that it does not know says nothing of the others', async () => {
    const { fake, bob, permissions } = start();
    grant(fake, BOB, 'orders#view');
    const [known, unknown] = await Promise.allSettled([
      permissions.has(bob, ['orders#view']),
      permissions.has(bob, [{ resourceId: 'no-such', scope: 'nope' }]),
    ]);
    assert.deepEqual(known, { status: 'fulfilled', value: true });
    assert.equal(unknown.status, 'rejected');
  });
});

describe('a token', () => {
  it('that is bound to a key is refused before Keycloak is asked', async () => {
    const { fake, permissions } = start();
    const bound = fake.tokenOf(BOB, { cnf: { jkt: 'x' } });
    await assertRefused(() => permissions.has(bound, ['orders#view']), 'token_bound');
    assert.equal(fake.questions.length, 0);
  });

  it('that is bound to a key and was accepted with its proof is refused, for Keycloak takes it in no form', async () => {
    const { fake, bob } = start();
    const real = fake.realm.verifier({ tokenCheck: 'local' });
    const principal = await real.verify(bob);
    const verifier = { ...real, verify: () => principal };
    const permissions = fake.permissions({ verifier });
    for (const bound of [fake.tokenOf(BOB, { cnf: { jkt: 'x' } }), fake.tokenOf(BOB, { typ: 'DPoP' })]) {
      const error = await assertRefused(
        () => permissions.has(bound, ['orders#view']),
        'permission_unaskable',
      );
      assert.equal(error.statusCode, 403);
      assert.match(error.reason, /DPoP/);
    }
    assert.equal(fake.questions.length, 0);
  });

  it('that a guard has let in with its proof is named as what it is, not refused as a stolen one', async () => {
    const { fake, bob } = start();
    const real = fake.realm.verifier({ tokenCheck: 'local' });
    const principal = await real.verify(bob);
    const refusal = new AuthError('token_bound', 'no proof');
    const throwIt = () => {
      throw refusal;
    };
    for (const verify of [() => Promise.reject(refusal), throwIt]) {
      const permissions = fake.permissions({ verifier: { ...real, verify } });
      await assertRefused(() => permissions.has(principal, ['orders#view']), 'permission_unaskable');
      await assertRefused(() => permissions.has(bob, ['orders#view']), 'token_bound');
    }
  });

  it('that a verifier of your own finds no principal for has no permissions', async () => {
    const { fake, bob } = start();
    grant(fake, BOB, 'orders#view');
    const real = fake.realm.verifier({ tokenCheck: 'local' });
    const later = Object.defineProperty({}, ['th', 'en'].join(''), {
      value: (_: unknown, reject: (error: Error) => void) => reject(new AuthError('token_revoked', 'x')),
    });
    for (const found of [null, undefined, true, {}, Promise.resolve(null), later]) {
      const permissions = fake.permissions({ verifier: { ...real, verify: () => found as never } });
      await assert.rejects(permissions.has(bob, ['orders#view']), String(found));
    }
    assert.equal(fake.questions.length, 0);
  });

  it('that is forged, expired or of another audience is refused before Keycloak is asked', async () => {
    const { fake, permissions } = start();
    for (const [token, code] of [
      ['x.y.z', 'token_malformed'],
      [fake.tokenOf(BOB, { exp: 5 }), 'token_expired'],
      [fake.tokenOf(BOB, { aud: 'other', azp: 'other' }), 'token_audience'],
    ] as const) {
      await assertRefused(() => permissions.check(token, ['orders#view']), code);
    }
    assert.equal(fake.questions.length, 0);
  });

  it('that carries permissions is asked about as the API: as a bearer token Keycloak would end its session', async () => {
    const { fake, permissions } = start();
    grant(fake, BOB, 'orders#view');
    const authorization = { permissions: [{ rsid: 'x', rsname: 'reports', scopes: ['view'] }] };
    const rpt = fake.tokenOf(BOB, { authorization });
    assert.deepEqual(await permissions.check(rpt, ['orders#view', 'reports#view']), [
      { resource: 'orders', scope: 'view' },
    ]);
    const [asked] = fake.questions.filter(({ form }) => form.has('audience'));
    assert.deepEqual(
      [asked?.authorization, asked?.form.get('subject_token'), asked?.form.get('client_id')],
      [null, rpt, 'my-api'],
    );
    fake.ended.add(rpt);
    await assertRefused(() => permissions.list(rpt), 'token_revoked');
  });

  it('need not be given where its principal is', async () => {
    const { fake, bob } = start();
    grant(fake, BOB, 'orders#view');
    const verifier = fake.realm.verifier({ tokenCheck: 'local' });
    const permissions = fake.permissions({ verifier });
    const principal = await verifier.verify(bob);
    assert.equal(await permissions.has(principal, ['orders#view']), true);
    const copy = { ...principal };
    const error = await assertRefused(() => permissions.has(copy, ['orders#view']), 'provider_misconfigured');
    assert.match(error.reason, /is a copy/);
    await assertRefused(() => permissions.has(null as never, ['orders#view']), 'missing_token');
    const elsewhere = Object.freeze({ ...principal, issuer: 'https://other.example.com' });
    await assertRefused(() => permissions.has(elsewhere, ['orders#view']), 'issuer_refused');
  });
});

describe('claims', () => {
  const claimsIn = (form: URLSearchParams) =>
    JSON.parse(Buffer.from(form.get('claim_token') as string, 'base64url').toString());

  it('go along as lists of texts, with their format', async () => {
    const { fake, bob, permissions } = start();
    await permissions.check(bob, ['orders#view'], { claims: { address: '10.0.0.1', days: ['mon', 'tue'] } });
    const { form } = fake.questions[0] as (typeof fake.questions)[0];
    assert.deepEqual(claimsIn(form), { address: ['10.0.0.1'], days: ['mon', 'tue'] });
    assert.equal(form.get('claim_token_format'), 'urn:ietf:params:oauth:token-type:jwt');
    for (const claims of [{ n: 7 }, { n: [] }, { n: ['a', 1] }, [], 'x'] as never[]) {
      await assert.rejects(permissions.check(bob, ['orders#view'], { claims }), TypeError);
    }
  });

  it('are part of what an answer is remembered for', async () => {
    const { fake, bob, permissions } = start();
    grant(fake, BOB, 'orders#view');
    const has = (claims?: Record<string, string>) => permissions.has(bob, ['orders#view'], { claims });
    await has({ a: '1', b: '2' });
    await has({ b: '2', a: '1' });
    assert.equal(fake.questions.length, 1);
    fake.grants.clear();
    assert.equal(await has({ a: '2', b: '2' }), false);
    assert.equal(await has(), false);
    assert.equal(await has({ a: '1', b: '2' }), true);
    assert.equal(fake.questions.length, 3);
    const long = (end: string) => ({ text: `${'x'.repeat(5000)}${end}` });
    await has(long('a'));
    await has(long('a'));
    await has(long('b'));
    assert.equal(fake.questions.length, 5);
  });

  it("go with a public client's token, too", async () => {
    const { fake, permissions } = start();
    const token = fake.tokenOf(BOB, { azp: 'spa' });
    await permissions.has(token, ['orders#view'], { claims: { a: '1' } });
    assert.ok(fake.questions[0]?.form.has('claim_token'));
  });
});
