import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  createPermit,
  type PermitOptions,
  type PermitRule,
  type RuleOfRequest,
} from '../../packages/guard/src/authz/index.ts';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { assertAtOnce, assertRefused, rulesBrokenBy } from '../support/refusal.ts';
import { ALICE, BOB, createFakeKeycloak, grant } from './fake-keycloak.ts';

interface Asked {
  readonly params: { readonly id: string };
}

async function start(rule: PermitRule | RuleOfRequest<Asked>, options: PermitOptions<Asked> = {}) {
  const fake = createFakeKeycloak();
  const verifier = fake.realm.verifier({ tokenCheck: 'local' });
  const permissions = fake.permissions({ verifier });
  const permit = createPermit<Asked>(permissions, rule, options);
  const bob = await verifier.verify(fake.tokenOf(BOB));
  const decide = (id = '1', who = bob) => permit.decide({ params: { id } }, who);
  return { fake, permissions, permit, bob, decide, verifier };
}

describe('a permit', () => {
  it('lets pass who has the permission, at once where that is known', async () => {
    const { fake, decide } = await start('orders#view');
    grant(fake, BOB, 'orders#view');
    await decide();
    assert.equal(assertAtOnce(decide()), undefined);
    assert.equal(fake.questions.length, 1);
  });

  it('refuses with 403, and says in the reason what was asked', async () => {
    const { decide } = await start('orders#view');
    const error = await assertRefused(() => decide(), 'permission_denied');
    assert.equal(error.statusCode, 403);
    assert.equal(error.expected, 'orders#view');
    assert.doesNotMatch(error.message + JSON.stringify(error.headers), /orders/);
    await assertRefused(async () => decide(), 'permission_denied');
  });

  it('hides: 404, with nothing that tells of a permission', async () => {
    const { decide, permit } = await start('orders#view', { hide: true });
    const error = await assertRefused(() => decide(), 'not_found');
    assert.deepEqual([error.statusCode, error.message, error.headers], [404, 'Not Found', {}]);
    assert.equal(permit.status, 404);
  });

  it('asks for several of which any, or all, are enough, in one question', async () => {
    const rule: PermitRule = { anyOf: ['admin#view', { allOf: ['orders#view', 'orders#edit'] }] };
    for (const [granted, isLetIn] of [
      [['admin#view'], true],
      [['orders#view', 'orders#edit'], true],
      [['orders#view'], false],
      [['orders#edit', 'reports#view'], false],
      [[], false],
    ] as const) {
      const { fake, decide } = await start(rule);
      grant(fake, BOB, ...granted);
      if (isLetIn) await decide();
      else await assertRefused(() => decide(), 'permission_denied');
      assert.equal(fake.questions.length, 1);
    }
  });

  it('depends on the request where the rule is a function of it', async () => {
    const { fake, decide } = await start(async ({ params }) => `${params.id}#view`);
    grant(fake, BOB, 'orders#view');
    await decide('orders');
    for (const [id, reason] of [
      ['reports', 'Keycloak does not grant the permission'],
      ['nope', 'Keycloak has no such permission'],
    ] as const)
      assert.equal((await assertRefused(() => decide(id), 'permission_denied')).reason, reason);
  });

  it('refuses what the caller wrote into the name, and never takes it for all resources, or for a fault', async () => {
    const { fake, decide } = await start(({ params }) => `${params.id}#view`);
    grant(fake, BOB, 'orders#view', 'reports#view', 'admin#view');
    const tricks = [
      '',
      '#',
      'orders#edit',
      'orders,reports',
      ' orders',
      'orders ',
      'ORDERS',
      '999',
      '*',
      '%',
    ];
    const more = [
      'resource-type:urn:api:order',
      'orders\u0000',
      '\u2028',
      'o'.repeat(10_000),
      '../orders',
      'orders#view#',
    ];
    for (const id of [...tricks, ...more, 'aaaaaaaa-0000-4000-8000-000000000001']) {
      await assertRefused(() => decide(id), 'permission_denied');
    }
    for (const { form } of fake.questions) {
      for (const permission of form.getAll('permission')) assert.match(permission, /^[0-9a-f-]{36}#view$/);
    }
  });

  it('that names what is not in Keycloak is a fault, which another alternative makes up for', async () => {
    const alone = await start('nope#view');
    assert.match((await assertRefused(() => alone.decide(), 'provider_misconfigured')).reason, /"nope#view"/);
    const { fake, decide } = await start({ anyOf: ['nope#view', 'orders#view'] });
    await assertRefused(() => decide(), 'provider_misconfigured');
    fake.realm.advance(31);
    grant(fake, BOB, 'orders#view');
    await decide();
  });

  it('lets the owner pass without a question, and nobody who is nobody in particular', async () => {
    let owner: unknown;
    const { fake, decide, verifier } = await start('orders#view', { owner: () => owner as string });
    for (owner of [ALICE, '', null, undefined, true, [BOB], { toString: () => BOB }]) {
      await assertRefused(() => decide(), 'permission_denied');
    }
    const asked = fake.questions.length;
    fake.realm.advance(31);
    owner = BOB;
    await decide();
    assert.equal(fake.questions.length, asked);
    const nameless = await verifier.verify(fake.tokenOf(BOB, { sub: undefined }));
    for (owner of [null, undefined, '', 'null', 'undefined']) {
      await assert.rejects(async () => decide('1', nameless), { statusCode: 403 });
    }
  });

  it('sends the claims that the server names, and no others', async () => {
    const { fake, decide } = await start('orders#view', { claims: ({ params }) => ({ order: params.id }) });
    await assertRefused(() => decide('7'), 'permission_denied');
    const form = fake.questions[0]?.form as URLSearchParams;
    const sent = JSON.parse(Buffer.from(form.get('claim_token') as string, 'base64url').toString());
    assert.deepEqual(sent, { order: ['7'] });
  });

  it('refuses nobody as not authenticated, and one whose token was revoked', async () => {
    const { fake, permit, bob, decide, verifier } = await start('orders#view');
    await assertRefused(() => permit.decide({ params: { id: '1' } }, null), 'missing_token');
    grant(fake, BOB, 'orders#view');
    await decide();
    await verifier.revoke({ type: 'user', issuer: bob.issuer, subject: BOB, issuedUntil: fake.realm.now });
    await assertRefused(() => decide(), 'token_revoked');
  });

  it('passes an outage on as one: it is no refusal, hidden or not', async () => {
    const { fake, decide } = await start('orders#view', { hide: true });
    fake.replace = () => 'down';
    await assertRefused(() => decide(), 'provider_unavailable');
  });

  it('with a rule or an option that is wrong is refused at start, every part of it named', () => {
    const permissions = createFakeKeycloak().permissions();
    const rules = [
      'orders',
      '',
      '#view',
      {},
      [],
      null,
      { anyOf: [] },
      { allOf: 'orders#view' },
      { anyOf: ['a#b'], allOf: ['a#b'] },
    ];
    for (const rule of [...rules, { anyOf: ['a#b'], resource: 'c' }, { anyOf: [{ allOf: ['a#b', 'c'] }] }]) {
      assert.throws(() => createPermit(permissions, rule as never), OptionsError, JSON.stringify(rule));
    }
    for (const [rule, wrong] of [
      [{ anyOf: ['a', { allOf: ['b'] }] }, ['anyOf[0]', 'anyOf[1].allOf[0]']],
      [{ anyOf: ['a#b', { allOf: [] }] }, ['anyOf[1].allOf']],
      [{ anyOf: [] }, ['anyOf']],
    ] as const) {
      const broken = rulesBrokenBy(() => createPermit(permissions, rule));
      assert.deepEqual(
        broken.map((one) => one.split(' ', 1)[0]),
        wrong,
      );
    }
    assert.throws(() => createPermit(permissions, 'a#b', { hide: 'yes', onwer: 1 } as never), OptionsError);
    assert.throws(() => createPermit({ ...permissions }, 'a#b'), /must be those of createPermissions/);
  });
});
