import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPathEnforcer } from '../../packages/connect/src/enforcer/path-enforcer.ts';
import type { PolicyEnforcerConfig } from '../../packages/connect/src/index.ts';
import { createKnownNames } from '../../packages/guard/src/authz/asking/names.ts';
import { createPermit } from '../../packages/guard/src/authz/index.ts';
import { assertRefused } from '../support/refusal.ts';
import { ALICE, createFakeKeycloak, grant } from './fake-keycloak.ts';

function start() {
  const fake = createFakeKeycloak();
  return { fake, permissions: fake.permissions() };
}

describe('what guards name', () => {
  it('is looked up before there is a request, each resource once, and nothing else is asked', async () => {
    const { fake, permissions } = start();
    createPermit(permissions, 'orders#view');
    createPermit(permissions, { anyOf: ['orders#edit', { allOf: ['reports#view', 'orders#view'] }] });
    createPermit(permissions, { resource: 'no scopes' });
    createPermit(permissions, { resourceId: 'aaaaaaaa-0000-4000-8000-000000000005', scope: 'view' });
    createPermit(permissions, () => 'nobody knows#this');
    await permissions.assertKnown();
    assert.equal(fake.protectionCalls.length, 4, fake.protectionCalls.join());
    assert.equal(fake.questions.length, 0);
  });

  it('and Keycloak has not is told at once, all of it, with what to do', async () => {
    const { permissions } = start();
    createPermit(permissions, { anyOf: ['orders#view', 'orders#veiw'] });
    createPermit(permissions, 'nope#view', { hide: true });
    createPermit(permissions, { resource: 'orders' });
    createPermit(permissions, { resource: 'ORDERS', scope: 'view' });
    createPermit(permissions, { resourceId: 'no-such', scope: 'view' });
    const { reason } = await assertRefused(
      () => permissions.assertKnown(['reports#delete']),
      'provider_misconfigured',
    );
    for (const one of [
      '"orders#veiw"',
      '"nope#view"',
      'no resource "orders" without scopes',
      '"ORDERS#view"',
      '"resource id no-such#view"',
      '"reports#delete"',
    ])
      assert.ok(reason.includes(one), `${one}: ${reason}`);
    assert.doesNotMatch(reason, /"orders#view"/);
    assert.match(reason, /Clients > my-api > Authorization/);
  });

  it('is none of what the caller may choose', async () => {
    const { permissions } = start();
    await permissions.assertKnown();
    await permissions.assertKnown(['orders#view']);
    await assert.rejects(permissions.assertKnown(['orders']), /resource#scope/);
  });

  it('fills no memory where an application makes a guard for each request', async () => {
    const named = createKnownNames(2);
    for (const resource of ['first', 'second', 'third', 'first']) named.add([{ resource, scope: 'view' }]);
    const kept = (await named.all()).map(({ resource }) => resource);
    assert.deepEqual(kept, ['first', 'second']);
  });

  it('is no mistake where Keycloak does not answer', async () => {
    const { fake, permissions } = start();
    createPermit(permissions, 'orders#view');
    fake.replaceProtection = () => 'down';
    await assertRefused(() => permissions.assertKnown(), 'provider_unavailable');
  });

  it('of many is looked up a few at a time', async () => {
    const { fake, permissions } = start();
    for (let at = 0; at < 45; at++) {
      fake.resources.push({ id: `bb-${at}`, name: `thing ${at}`, owner: ALICE, scopes: ['view'] });
      createPermit(permissions, { resourceId: `bb-${at}`, scope: at === 44 ? 'nope' : 'view' });
    }
    const { reason } = await assertRefused(() => permissions.assertKnown(), 'provider_misconfigured');
    assert.match(reason, /"resource id bb-44#nope"/);
    assert.doesNotMatch(reason, /bb-43/);
  });
});

describe('what a path enforcer names', () => {
  const check = async (config: PolicyEnforcerConfig) => {
    const { permissions } = start();
    createPathEnforcer(permissions, config);
    return permissions.assertKnown().then(
      () => 'known',
      (error: { reason: string }) => error.reason,
    );
  };

  it('is looked up too: by name, by the scopes of every method, and by the URI', async () => {
    const get = (scopes: string[], mode?: 'DISABLED') => ({
      method: 'GET',
      scopes,
      ...(mode && { 'scopes-enforcement-mode': mode }),
    });
    assert.equal(
      await check({
        paths: [
          { path: '/orders/*', name: 'orders', methods: [get(['view', 'edit'])] },
          { path: '/reports/*', scopes: ['view'] },
          { path: '/no-scopes', name: 'no scopes' },
          { path: '/open', name: 'nope', 'enforcement-mode': 'DISABLED' },
          { path: '/half', name: 'orders', methods: [get(['nope'], 'DISABLED')] },
        ],
      }),
      'known',
    );
    assert.match(await check({ paths: [{ path: '/x', name: 'nope', scopes: ['view'] }] }), /"nope#view"/);
    assert.match(
      await check({ paths: [{ path: '/x', name: 'orders', methods: [get(['veiw'])], scopes: ['edti'] }] }),
      /"orders#veiw".*"orders#edti"/,
    );
    assert.match(await check({ paths: [{ path: '/reports/*', scopes: ['edit'] }] }), /#edit"/);
    assert.match(await check({ paths: [{ path: '/x', name: 'orders' }] }), /"orders" without scopes/);
    assert.match(await check({ paths: [{ path: '/elsewhere' }] }), /No resource has the URI "\/elsewhere"/);
  });

  it('is nothing where the caller chooses it, or nobody is asked', async () => {
    const path = { path: '/x', name: 'nope', scopes: ['view'] };
    assert.equal(await check({ 'enforcement-mode': 'DISABLED', paths: [path] }), 'known');
    assert.equal(await check({ 'http-method-as-scope': true, paths: [path] }), 'known');
    assert.equal(await check({}), 'known');
  });
});

it('a resource that was made again under another id is found out by the first question about it', async () => {
  const { fake, permissions } = start();
  const alice = fake.tokenOf(ALICE);
  assert.equal(await permissions.has(alice, ['orders#view']), false);
  const old = fake.resources.shift() as (typeof fake.resources)[0];
  fake.resources.push({ ...old, id: 'aaaaaaaa-0000-4000-8000-00000000000f' });
  grant(fake, ALICE, 'orders#view');
  const another = fake.tokenOf(ALICE, { jti: 'another' });
  await assertRefused(() => permissions.check(another, ['orders#view']), 'provider_misconfigured');
  assert.equal(await permissions.has(another, ['orders#view']), true);
});
