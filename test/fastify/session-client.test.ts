import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import {
  type KeycloakGuardOptions,
  keycloakGuard,
  keycloakSession,
} from '../../packages/guard/src/adapters/fastify/index.ts';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { combineVerifiers, createVerifier, OptionsError } from '../../packages/guard/src/core/index.ts';

const KEYCLOAK = { serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-app' };
const SECRET = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';

async function build(t: TestContext, options: KeycloakGuardOptions, session: object = {}) {
  const app = Fastify();
  t.after(() => app.close());
  await app.register(keycloakGuard, options);
  await app.register(keycloakSession, { secret: SECRET, ...session });
  return app;
}

test('sessions of a guard by a verifier are of its client; by one of several realms they need one, and are told so', async (t) => {
  const one = createVerifier({ ...KEYCLOAK, onNotice: false });
  assert.equal((await build(t, { verifier: one })).verifier.clientId, 'my-app');
  const members = ['one', 'other'].map((realm) =>
    createVerifier({
      ...{ ...KEYCLOAK, realm, onNotice: false },
      issuer: `${KEYCLOAK.serverUrl}/realms/${realm}`,
    }),
  );
  const verifier = combineVerifiers(members);
  t.after(() => verifier.close());
  await assert.rejects(build(t, { verifier }), (error: OptionsError) => {
    assert.ok(error instanceof OptionsError);
    assert.deepEqual(
      error.problems.map(({ option }) => option),
      ['client'],
    );
    return true;
  });
});

test('a client that is given goes before the one that the guard’s options name', async (t) => {
  const client = createClient({ ...KEYCLOAK, clientId: 'another' });
  let asked = '';
  const startAuthorization: typeof client.startAuthorization = async (...given) => {
    asked = client.clientId;
    return client.startAuthorization(...given);
  };
  const options = { ...KEYCLOAK, clientSecret: 'a', onNotice: false } as const;
  const app = await build(t, options, { client: { ...client, startAuthorization } });
  await app.inject({ url: '/auth/login', headers: { host: 'localhost' } });
  assert.equal(asked, 'another');
});

test('sessions in a scope with a prefix need their whole address: a guard would send people to a path that is not there', async (t) => {
  const start = async (publicUrl?: string) => {
    const app = Fastify();
    t.after(() => app.close());
    const open = async (scope: FastifyInstance) => {
      await scope.register(keycloakGuard, { ...KEYCLOAK, onNotice: false });
      await scope.register(keycloakSession, { secret: SECRET, ...(publicUrl && { publicUrl }) });
    };
    await app.register(open, { prefix: '/staff' });
    return app;
  };
  for (const publicUrl of [
    undefined,
    'http://localhost:3000',
    'http://localhost:3000/staff/x',
    'http://staff',
  ])
    await assert.rejects(start(publicUrl), /publicUrl: must end with the prefix of the scope.*\/staff'/s);
  await start('http://localhost:3000/staff/');
  const app = await start('http://localhost:3000/staff');
  const { statusCode, headers } = await app.inject('/staff/auth/session');
  assert.deepEqual([statusCode, headers['cache-control']], [200, 'no-store']);
});
