import assert from 'node:assert/strict';
import { test } from 'node:test';
import fastify from 'fastify';
import { keycloak as express } from '../../packages/guard/src/adapters/express/index.ts';
import keycloakGuard from '../../packages/guard/src/adapters/fastify/index.ts';
import { keycloak as fetch } from '../../packages/guard/src/adapters/fetch/index.ts';
import { keycloak as hapi } from '../../packages/guard/src/adapters/hapi/index.ts';
import { keycloak as hono } from '../../packages/guard/src/adapters/hono/index.ts';
import { keycloak as koa } from '../../packages/guard/src/adapters/koa/index.ts';
import { KeycloakService } from '../../packages/guard/src/adapters/nest/index.ts';
import { keycloak as node } from '../../packages/guard/src/adapters/node/index.ts';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

const ROLES: Record<string, { realmRole: string }> = { admin: { realmRole: 'admin' } };

test('requirements with a misspelt name are undefined, and do not let everybody in', async () => {
  const verifier = createTestRealm().verifier();
  const app = fastify();
  await app.register(keycloakGuard, { verifier });
  const [first, second, third, fourth] = [express, koa, hono, node].map((make) => make({ verifier }));
  for (const kc of [first, second, third, fourth, app] as { guard(given?: unknown): unknown }[]) {
    assert.ok(kc.guard());
    assert.throws(() => kc.guard(ROLES.amdin), OptionsError);
  }
  assert.throws(() => app.guardAll(ROLES.amdin), OptionsError);
  assert.throws(() => fetch({ verifier }).guard(ROLES.amdin as never, () => new Response()), OptionsError);
  await app.close();
  await verifier.close();
});

test('options that a function forgets to return are missing, each by its name', async () => {
  const none = undefined as never;
  const makers = [express, koa, hono, node, hapi, fetch].map((make) => async () => make(none));
  const later = async () =>
    fetch(() => none).guard({}, () => new Response())(new Request('http://localhost/'));
  for (const make of [...makers, later, async () => new KeycloakService(none)])
    await assert.rejects(make, (error: OptionsError) => {
      assert.deepEqual(
        error.problems.map(({ option, rule }) => `${option} ${rule}`),
        ['serverUrl is missing', 'realm is missing', 'clientId is missing'],
      );
      return true;
    });
});
