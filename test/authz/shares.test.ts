import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createShares } from '../../packages/guard/src/authz/index.ts';
import { assertRefused } from '../support/refusal.ts';
import { ALICE, BOB, createFakeKeycloak, oauthError } from './fake-keycloak.ts';

const ALBUM = 'aaaaaaaa-0000-4000-8000-000000000005';
const VIEW = { resourceId: ALBUM, scope: 'view' };
const CAROL = '7c1e2d52-44a5-4c5c-8d1a-2f7a1f3c0003';

async function start() {
  const fake = createFakeKeycloak();
  const verifier = fake.realm.verifier({ tokenCheck: 'local' });
  const permissions = fake.permissions({ verifier, permissionSeconds: 0 });
  const somebody = (subject: string) => verifier.verify(fake.tokenOf(subject));
  const [alice, bob, carol] = [await somebody(ALICE), await somebody(BOB), await somebody(CAROL)];
  return { fake, verifier, permissions, shares: createShares(permissions), alice, bob, carol };
}

describe('sharing', () => {
  it('is asked for, granted by the owner, and ended', async () => {
    const { permissions, shares, alice, bob } = await start();
    assert.equal(await shares.request(bob, VIEW), 'requested');
    assert.equal(await permissions.has(bob, [VIEW]), false);
    const [asked] = await shares.list(alice);
    assert.deepEqual(asked, {
      ...{ id: 't-1', resourceId: ALBUM, resourceName: 'album', scope: 'view', owner: ALICE },
      ...{ requester: BOB, requesterName: 'bob', isGranted: false },
    });
    await shares.grant(alice, asked as NonNullable<typeof asked>);
    assert.equal(await permissions.has(bob, [VIEW]), true);
    assert.equal(await shares.request(bob, VIEW), 'granted');
    assert.deepEqual(
      (await shares.list(bob, { by: 'requester' })).map(({ isGranted }) => isGranted),
      [true],
    );
    await shares.revoke(alice, { ...VIEW, requester: BOB });
    assert.equal(await permissions.has(bob, [VIEW]), false);
    assert.deepEqual(await shares.list(alice), []);
    await shares.revoke(alice, { ...VIEW, requester: BOB });
  });

  it('lists nothing for a filter that Keycloak would not understand', async () => {
    const { fake, shares, alice } = await start();
    await shares.grant(alice, { ...VIEW, requester: BOB });
    const before = fake.protectionCalls.length;
    for (const by of ['', 'Owner', ['owner'], null, 'resourceId']) {
      await assert.rejects(shares.list(alice, { by: by as 'owner' }), TypeError, JSON.stringify(by));
    }
    await assert.rejects(shares.list(alice, { resourceID: ALBUM } as never), TypeError);
    assert.equal(fake.protectionCalls.length, before);
    for (const by of [undefined, 'owner'] as const)
      assert.equal((await shares.list(alice, { by })).length, 1);
  });

  it('asks Keycloak nothing for what names no resource, no scope or no user', async () => {
    const { fake, shares, alice, bob } = await start();
    const target = { ...VIEW, requester: BOB };
    for (const wrong of [{ resourceId: '' }, { resourceId: 7 }, { scope: '' }, { scope: 'view,edit' }]) {
      const given = { ...target, ...wrong } as never;
      for (const act of [shares.request(bob, given), shares.grant(alice, given), shares.revoke(alice, given)])
        await assert.rejects(act, { name: /^(PermissionSyntaxError|TypeError)$/ }, JSON.stringify(wrong));
    }
    for (const requester of ['', undefined, 7]) {
      const given = { ...target, requester } as never;
      for (const act of [shares.grant(alice, given), shares.revoke(alice, given)])
        await assert.rejects(act, TypeError, String(requester));
    }
    assert.deepEqual([fake.protectionCalls, fake.questions], [[], []]);
  });

  it('needs no request, and does nothing twice', async () => {
    const { fake, permissions, shares, alice, bob } = await start();
    await shares.grant(alice, { ...VIEW, requester: BOB });
    await shares.grant(alice, { ...VIEW, requester: BOB });
    assert.equal(fake.tickets.length, 1);
    assert.equal(await permissions.has(bob, [VIEW]), true);
    assert.equal(await permissions.has(bob, [{ resourceId: ALBUM, scope: 'delete' }]), false);
  });

  it('is refused to whoever does not own the resource, in the same words whether it exists or not', async () => {
    const { fake, shares, bob, carol } = await start();
    await shares.request(bob, VIEW);
    const tries = [
      () => shares.grant(bob, { ...VIEW, requester: BOB }),
      () => shares.grant(carol, { ...VIEW, requester: BOB }),
      () => shares.grant(carol, { resourceId: 'no-such', scope: 'view', requester: CAROL }),
      () =>
        shares.grant(bob, {
          resourceId: 'aaaaaaaa-0000-4000-8000-000000000001',
          scope: 'view',
          requester: BOB,
        }),
      () => shares.revoke(carol, { ...VIEW, requester: BOB }),
    ];
    const reasons = new Set<string>();
    for (const attempt of tries) reasons.add((await assertRefused(attempt, 'permission_denied')).reason);
    assert.equal(reasons.size, 1);
    assert.deepEqual(
      fake.tickets.map(({ granted }) => granted),
      [false],
    );
    assert.deepEqual(await shares.list(carol), []);
    assert.deepEqual(await shares.list(carol, { by: 'requester' }), []);
  });

  it('is given back by whom it is for', async () => {
    const { permissions, shares, alice, bob } = await start();
    await shares.grant(alice, { ...VIEW, requester: BOB });
    await shares.revoke(bob, { ...VIEW, requester: BOB });
    assert.equal(await permissions.has(bob, [VIEW]), false);
  });

  it('is refused for a scope that the resource does not have, and one that its owner may not share', async () => {
    const { fake, shares, alice } = await start();
    await assertRefused(
      () => shares.grant(alice, { resourceId: ALBUM, scope: 'print', requester: BOB }),
      'permission_denied',
    );
    fake.resources.push({ id: 'own-1', name: 'own', owner: ALICE, scopes: ['view'] });
    await assertRefused(
      () => shares.grant(alice, { resourceId: 'own-1', scope: 'view', requester: BOB }),
      'permission_denied',
    );
    for (const target of [
      { ...VIEW, requester: '' },
      { ...VIEW, scope: '', requester: BOB },
      { ...VIEW, resourceId: 'a/b', requester: BOB },
    ]) {
      await assert.rejects(shares.grant(alice, target), TypeError);
    }
  });

  it('is not done for a token that names no user, and not asked for of what is not there', async () => {
    const { fake, verifier, shares, bob } = await start();
    const nobody = await verifier.verify(fake.tokenOf(undefined as never));
    const error = await assertRefused(() => shares.request(nobody, VIEW), 'permission_denied');
    assert.equal(error.reason, 'The token names no user: the client needs the scope basic');
    fake.replaceProtection = (method, path) =>
      method === 'POST' && path === 'permission' ? oauthError(400, 'invalid_resource_id', 'x') : undefined;
    const refused = await assertRefused(() => shares.request(bob, VIEW), 'permission_denied');
    assert.match(refused.reason, /^Keycloak gives no ticket \(.*invalid_resource_id/);
    // Half an answer is none.
    for (const answer of [{}, { ticket: 7 }, { ticket: 'a b' }]) {
      fake.replaceProtection = (method, path) =>
        method === 'POST' && path === 'permission' ? Response.json(answer, { status: 201 }) : undefined;
      await assertRefused(() => shares.request(bob, VIEW), 'provider_unavailable');
    }
  });

  it('leaves out what Keycloak lists of somebody else', async () => {
    const { fake, shares, alice, bob } = await start();
    await shares.grant(alice, { ...VIEW, requester: BOB });
    const others = [
      { id: 't-9', resource: ALBUM, scopeName: 'view', owner: ALICE, requester: CAROL, granted: true },
      { id: 7 },
      null,
    ];
    fake.replaceProtection = (method, path) =>
      method === 'GET' && path === 'permission/ticket' ? Response.json(others) : undefined;
    assert.deepEqual(await shares.list(bob), []);
    assert.deepEqual(await shares.list(bob, { by: 'requester' }), []);
    assert.equal((await shares.list(alice)).length, 1);
  });

  it('is not done for somebody whose session ended', async () => {
    const { verifier, shares, alice } = await start();
    await verifier.revoke({ type: 'user', issuer: alice.issuer, subject: ALICE, issuedUntil: 9e9 });
    await assertRefused(() => shares.grant(alice, { ...VIEW, requester: BOB }), 'token_revoked');
    await assertRefused(() => shares.list(alice), 'token_revoked');
  });

  it('that Keycloak refuses to the API is a matter of its version, and an outage is one', async () => {
    const { fake, shares, alice, bob } = await start();
    fake.replaceProtection = (method, path) =>
      method === 'POST' && path === 'permission/ticket' ? oauthError(403, 'not_authorised', 'x') : undefined;
    const error = await assertRefused(
      () => shares.grant(alice, { ...VIEW, requester: BOB }),
      'provider_misconfigured',
    );
    assert.match(error.reason, /let the other user ask first/);
    await shares.request(bob, VIEW);
    await shares.grant(alice, { ...VIEW, requester: BOB });
    fake.replaceProtection = () => 'down';
    await assertRefused(() => shares.list(alice), 'provider_unavailable');
  });

  it('that Keycloak answers otherwise is refused to the user, or is an answer that cannot be used', async () => {
    const { fake, shares, alice } = await start();
    const answers = (wanted: string, status: number, body: object = { error: 'x' }) => {
      fake.replaceProtection = (method, path) =>
        `${method} ${path.split(/[/?]/).slice(0, 2).join('/')}` === wanted
          ? Response.json(body, { status })
          : undefined;
    };
    const grant = () => shares.grant(alice, { ...VIEW, requester: BOB });
    answers('POST permission/ticket', 400);
    assert.match((await assertRefused(grant, 'permission_denied')).reason, /^Keycloak does not share it \(/);
    for (const status of [300, 404, 409]) {
      answers('POST permission/ticket', status);
      await assertRefused(grant, 'provider_unavailable');
    }
    answers('POST permission/ticket', 299);
    await grant();
    fake.replaceProtection = undefined;
    await grant();
    const revoke = () => shares.revoke(alice, { ...VIEW, requester: BOB });
    for (const status of [300, 409]) {
      answers('DELETE permission/ticket', status);
      await assertRefused(revoke, 'provider_unavailable');
    }
    answers('DELETE permission/ticket', 404);
    await revoke();
    for (const [status, body] of [
      [201, []],
      [200, {}],
    ] as const) {
      answers('GET permission/ticket', status, body);
      await assertRefused(() => shares.list(alice), 'provider_unavailable');
    }
    fake.replaceProtection = undefined;
    assert.equal((await shares.list(alice, { isGranted: true })).length, 1);
    assert.deepEqual(await shares.list(alice, { isGranted: false }), []);
    // Keycloak does not list the others: there may be many.
    assert.match(fake.protectionCalls.at(-1) ?? '', /&granted=false&/);
  });
});
