import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import fastify from 'fastify';
import keycloakGuard from '../../packages/guard/src/adapters/fastify/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

const { serverUrl, realm, clientId } = createTestRealm();
const missing = {
  ...{ serverUrl, realm, clientId },
  fetch: async () => new Response('{}', { status: 404 }),
};

/** What the app logs, and what it writes to the standard error output, until it knows that there is no such realm. */
async function outputOf(logger: false | { level: string }, more: object = {}) {
  const lines: string[] = [];
  const write = mock.method(process.stderr, 'write', () => true);
  try {
    const stream = { write: (line: string) => void lines.push(line) };
    const app = fastify({ logger: logger && { ...logger, stream } });
    await app.register(keycloakGuard, { ...missing, ...more });
    await app.verifier.load();
    await app.close();
    const told = lines.map((line) => {
      const { level, code, msg, fix } = JSON.parse(line);
      return { level, code, msg, fix };
    });
    return { told, stderr: write.mock.calls.map(({ arguments: [text] }) => String(text)) };
  } finally {
    write.mock.restore();
  }
}

const notice = {
  level: 50,
  code: 'keys_misconfigured',
  msg: `${serverUrl}/realms/${realm}/.well-known/openid-configuration answered 404`,
  fix: 'Check the name of the realm, in its exact case, and the path of the server URL: with or without /auth',
};

test("wrong settings are in the app's log, with its code and the fix", async () => {
  assert.deepEqual(await outputOf({ level: 'warn' }), { told: [notice], stderr: [] });
});

test('an app that logs nothing says it on the standard error output', async () => {
  assert.deepEqual(await outputOf(false), {
    told: [],
    stderr: [
      `keycloak-guard: ${serverUrl}, realm ${realm}: ${notice.msg}. ${notice.fix} (keys_misconfigured)\n`,
    ],
  });
});

test('nothing is said where the log is silent, with onNotice: false, or with a listener', async () => {
  const nothing = { told: [], stderr: [] };
  const codes: string[] = [];
  assert.deepEqual(await outputOf({ level: 'silent' }), nothing);
  assert.deepEqual(await outputOf({ level: 'warn' }, { onNotice: false }), nothing);
  assert.deepEqual(await outputOf(false, { onNotice: false }), nothing);
  assert.deepEqual(
    await outputOf({ level: 'warn' }, { onNotice: (told: { code: string }) => codes.push(told.code) }),
    nothing,
  );
  assert.deepEqual(codes, ['keys_misconfigured']);
});
