import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { createNeed, enter, locate } from '../../packages/cli/src/access/access.ts';
import { findServer, judgeServer } from '../../packages/cli/src/keycloak/server.ts';
import { createLines } from '../admin/run-setup.ts';
import { startTestIdp } from '../support/dev-idp.ts';

const SOURCES = new URL('../../packages/cli/src', import.meta.url).pathname;

/** Looks for a Keycloak that answers at every address; returns what is said. */
async function locateAt(t: TestContext, serverUrl: string): Promise<string[]> {
  const answer = { realm: 'master', 'token-service': 'x' };
  const { mock } = t.mock.method(globalThis, 'fetch', async () => Response.json(answer));
  const { lines, out } = createLines();
  assert.equal(await locate(serverUrl, 'testing', out), serverUrl);
  mock.restore();
  return lines;
}

test('before the password of an admin is sent over a network in the clear, setup says so', async (t) => {
  assert.match(
    (await locateAt(t, 'http://sso.example.com')).join('\n'),
    /^! http:\/\/sso\.example\.com: plain HTTP\. .*password.*https:/,
  );
  for (const url of [
    'https://sso.example.com',
    'http://localhost:8080',
    'http://127.0.0.1',
    'http://keycloak',
  ]) {
    assert.deepEqual(await locateAt(t, url), [], url);
  }
});

test('an address that ends in a realm is cut, also where Keycloak does not have that realm', async (t) => {
  const idp = await startTestIdp();
  t.after(() => idp.close());
  for (const path of ['/realms/none', '/realms/none/', '/realms'])
    assert.equal((await findServer(idp.url + path, 'none', 5_000)).elsewhere, idp.url, path);
});

test('an address that is not quite that of Keycloak is replaced, in a line; one that is not at all is refused', async (t) => {
  const { mock } = t.mock.method(globalThis, 'fetch', async (url: string | URL) =>
    String(url).startsWith('https://sso.example.com/auth/realms/')
      ? Response.json({ realm: 'shop', 'token-service': 'x' })
      : new Response('<html><body>Our shop</body></html>', { status: 404 }),
  );
  const { lines, out } = createLines();
  assert.equal(
    await locate('https://sso.example.com/admin/master/console/', 'shop', out),
    'https://sso.example.com/auth',
  );
  assert.deepEqual(lines, [
    'Keycloak is not at https://sso.example.com/admin/master/console/ but at https://sso.example.com/auth: that is used.',
  ]);
  await assert.rejects(
    locate('https://shop.example.com', 'shop', out),
    /^Error: something answers at https:\/\/shop\.example\.com, but it is not Keycloak\. It says: Our shop\nLook at host, port/,
  );
  await assert.rejects(locate('shop', 'shop', out), { name: 'UsageError' });
  mock.restore();
});

test('each question for a password says whose it is, of which realm, and who gets it', async (t) => {
  const serverUrl = 'https://sso.example.com';
  const { mock } = t.mock.method(globalThis, 'fetch', async () =>
    Response.json({ realm: 'master', 'token-service': 'x' }),
  );
  const asked: string[] = [];
  const answer = (one: string) => async (question: string) => {
    asked.push(question);
    return one;
  };
  const need = createNeed({ text: answer('ann'), secret: answer('x') } as never);
  const access = { serverUrl, realm: 'shop', adminRealm: 'theirs', readsPassword: false };
  for (const who of [{ username: 'bob' }, { clientId: 'robot' }, {}])
    await enter({ ...access, ...who } as never, undefined, need, createLines().out as never);
  mock.restore();
  const where = `(realm theirs, at ${serverUrl})`;
  assert.deepEqual(asked, [
    `Password of bob ${where}`,
    `Secret of the admin client robot ${where}`,
    `Admin user of Keycloak ${where}`,
    `Password of ann ${where}`,
  ]);
  // The other ones that the sources have.
  const questions = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => readFileSync(`${SOURCES}/${file}`, 'utf8').match(/\.secret\(`[^`]*`/g) ?? []);
  assert.ok(questions.length >= 6, questions.join());
  assert.deepEqual(
    questions.filter((one) => !/\(\$\{where\}\)|\$\{whereOf\(/.test(one)),
    [],
  );
});

test('what answers in the place of Keycloak is told by its status, its headers and its words', async (t) => {
  const serverUrl = 'https://sso.example.com';
  const judge = async (answer: Response, others: Record<string, Response> = {}) => {
    const { mock } = t.mock.method(globalThis, 'fetch', async (url: string | URL) => {
      const path = new URL(String(url)).pathname;
      return (
        others[path] ?? (path.startsWith('/realms/') ? answer : new Response('', { status: 404 }))
      ).clone();
    });
    const found = await judgeServer(await findServer(serverUrl, 'shop', 1_000), {
      serverUrl,
      timeoutMs: 1_000,
    });
    mock.restore();
    return found.cause || found.seen;
  };
  const page = (status: number, headers = {}) =>
    new Response('<html><body>Our shop</body></html>', {
      status,
      headers: { 'content-type': 'text/html', ...headers },
    });
  for (const [answer, cause] of [
    [page(404), /it is not Keycloak\. It says: Our shop$/],
    [page(404, { server: 'nginx' }), /it is not Keycloak\. It calls itself 'nginx'\. It says: Our shop$/],
    [new Response('', { status: 404 }), /it is not Keycloak\.$/],
    [new Response('', { status: 499 }), /it is not Keycloak\.$/],
    [new Response('', { status: 500 }), /answers, but is not well \(HTTP 500\)$/],
    [new Response('', { status: 503 }), /answers, but is not well \(HTTP 503\)$/],
  ] as const)
    assert.match(await judge(answer), cause);
  const none = new Response('', { status: 404 });
  const up = { status: 'UP', checks: [] };
  for (const [path, answer, isPort] of [
    ['/health/live', Response.json(up), true],
    ['/health/live', Response.json(up, { status: 503 }), false],
    ['/health/live', Response.json({ status: 'DOWN', checks: [] }), false],
    ['/health/live', Response.json({ status: 'UP' }), false],
    ['/metrics', new Response('# HELP jvm_memory'), true],
    ['/metrics', new Response('# HELP jvm_memory', { status: 404 }), false],
    ['/metrics', new Response('jvm'), false],
  ] as const)
    assert.equal(
      /management port/.test(await judge(none, { [path]: answer })),
      isPort,
      `${path} ${answer.status}`,
    );
});
