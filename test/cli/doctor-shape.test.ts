import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { KINDS } from '../../packages/cli/src/commands/setup.ts';
import { fail } from '../../packages/cli/src/doctor/check.ts';
import {
  type ClientEvidence,
  findClientState,
  findShape,
} from '../../packages/cli/src/doctor/evidence/client.ts';
import { fixFindings } from '../../packages/cli/src/doctor/fix.ts';
import { readDoctorOptions } from '../../packages/cli/src/doctor/options.ts';
import { createConsent } from '../../packages/cli/src/settings/from-folder.ts';
import { UsageError } from '../../packages/cli/src/settings/usage-error.ts';
import { startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { ADMIN, createLines } from '../admin/run-setup.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { settingsFor, troubles, visitDoctor } from './doctor-visit.ts';
import { answer, page, refused, UNKNOWN_USER } from './support/ask-doctor.ts';

const OUT = createLines().out;
const newFile = () => join(mkdtempSync(join(tmpdir(), 'shape-')), '.env');

describe('the doctor knows what a client is for', () => {
  const OFF = 'Client not allowed for direct access grants';
  const NOT_BACK = 'We are sorry... Invalid parameter: redirect_uri';
  const answers = (grant: string, login: string, docs: string) =>
    ({
      passwordGrant: async () => ({ json: { error_description: grant } }),
      authorization: async () => ({ words: login }),
      docsAuthorization: async () => ({ words: docs }),
    }) as unknown as ClientEvidence;
  const asked = (client: object) => findShape(answers('', '', ''), { client: async () => client });

  test("by Keycloak's answers", async () => {
    const LOGIN = 'login_required';
    assert.equal(await findShape(answers('Invalid user credentials', NOT_BACK, NOT_BACK), null), 'guide');
    assert.equal(await findShape(answers(OFF, NOT_BACK, NOT_BACK), null), 'api');
    assert.equal(await findShape(answers(OFF, LOGIN, NOT_BACK), null), 'web');
    // The guide's client, without direct access grants.
    assert.equal(await findShape(answers(OFF, LOGIN, LOGIN), null), 'guide');
  });

  test("by the client's settings, whatever the address of the application", async () => {
    const web = { standardFlowEnabled: true, redirectUris: ['https://shop.example.com/auth/callback'] };
    assert.equal(await asked(web), 'web');
    assert.equal(await asked({ ...web, directAccessGrantsEnabled: true }), 'guide');
    assert.equal(await asked({ ...web, redirectUris: ['http://localhost:8000/*'] }), 'guide');
    assert.equal(await asked({ standardFlowEnabled: false, redirectUris: [] }), 'api');
    assert.equal(await asked({ standardFlowEnabled: false, publicClient: true }), 'guide');
  });
});

test('the client of an API is not opened for a user who is to log in there: the doctor says what examines a token', async (t) => {
  const idp = await startTestIdp();
  t.after(() => idp.close());
  const shut = { directAccessGrantsEnabled: false, standardFlowEnabled: false, redirectUris: [] };
  idp.updateClient('fastapi-keycloak', shut);
  const env = { DOCTOR_USER: 'abdullah', DOCTOR_PASSWORD: 'Test#123456' };
  const results = await visitDoctor({ settings: settingsFor(idp.url), env });
  assert.deepEqual(troubles(results), []);
  for (const name of ['client.direct-grants', 'client.redirect-uri', 'client.web-origins']) {
    const { status, seen } = results.find(({ id }) => id === name) ?? assert.fail();
    assert.equal(status, 'skipped', name);
    assert.match(seen, /right for an API.*callers log in at a client of their own.*--token -/);
  }
});

for (const [shape, flows] of [
  ['api', [false, false]],
  ['web', [true, false]],
] as const) {
  test(`doctor --fix gives a client of the shape ${shape} no logins that it is not to have`, async (t) => {
    const keycloak = await startFakeKeycloak();
    t.after(() => keycloak.close());
    await fetch(`${keycloak.url}/admin/realms`, { method: 'POST', body: '{"realm":"testing"}' });
    const client = {
      ...{ id: 'c-1', clientId: 'fastapi-keycloak', secret: 'made-by-keycloak', redirectUris: [] },
      ...{ standardFlowEnabled: flows[0], directAccessGrantsEnabled: false },
    };
    keycloak.realms.get('testing')?.lists.clients.push(client as never);
    const file = newFile();
    const settings = { ...settingsFor(keycloak.url), KEYCLOAK_CLIENT_SECRET: 'made-by-keycloak' };
    const lines = Object.entries({ ...settings, PUBLIC_URL: 'https://shop.example.com' });
    writeFileSync(file, lines.map(([name, value]) => `${name}=${value}\n`).join(''));
    const options = await readDoctorOptions(['--env', file, '--fix', '--yes', '--enable'], ADMIN);
    const found = { id: 'mapper.audience', ...fail('none', 'no audience', 'a mapper', []) };
    assert.equal(await fixFindings([found], options, shape, OUT, createConsent(undefined), undefined), 0);
    assert.deepEqual([client.standardFlowEnabled, client.directAccessGrantsEnabled], flows);
    assert.deepEqual(client.redirectUris, shape === 'api' ? [] : ['https://shop.example.com/auth/callback']);
  });
}

describe('setup writes what the application needs', () => {
  const URL_OF_SERVER = 'https://tools.example.com/mcp';

  async function startRealm(t: { after(fn: () => unknown): void }) {
    const keycloak = await startFakeKeycloak();
    t.after(() => keycloak.close());
    await fetch(`${keycloak.url}/admin/realms`, { method: 'POST', body: '{"realm":"shop"}' });
    return (kind: string, file: string, ...args: string[]) =>
      KINDS[kind]?.run([...args, '--url', keycloak.url, '--realm', 'shop', '--env', file, '--yes'], {
        environment: ADMIN,
        out: OUT,
      });
  }

  test('an MCP server gets its client id and secret, readable by its owner alone', async (t) => {
    const run = await startRealm(t);
    const file = newFile();
    // The fake leaves something by hand: it has no registration policies.
    await run('mcp', file, URL_OF_SERVER);
    assert.match(readFileSync(file, 'utf8'), /^KEYCLOAK_CLIENT_ID=https:\/\/tools\.example\.com\/mcp$/m);
    assert.match(readFileSync(file, 'utf8'), /^KEYCLOAK_CLIENT_SECRET=.+$/m);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const before = readFileSync(file, 'utf8');
    await run('mcp', file, URL_OF_SERVER);
    assert.equal(readFileSync(file, 'utf8'), before);
  });

  test("an MCP server takes nobody else's file", async (t) => {
    const run = await startRealm(t);
    const file = newFile();
    writeFileSync(file, 'KEYCLOAK_CLIENT_ID=orders\n');
    await assert.rejects(async () => run('mcp', file, URL_OF_SERVER), UsageError);
    assert.equal(readFileSync(file, 'utf8'), 'KEYCLOAK_CLIENT_ID=orders\n');
  });

  test('a server-rendered app gets its address, by which the doctor finds it', async (t) => {
    const run = await startRealm(t);
    const file = newFile();
    const args = ['--client-id', 'shop-web', '--app', 'https://shop.example.com'];
    // The fake has no introspection to prove it with.
    await run('web', file, ...args);
    assert.match(readFileSync(file, 'utf8'), /^PUBLIC_URL=https:\/\/shop\.example\.com$/m);
  });

  for (const kind of ['web', 'guide'])
    test(`setup ${kind} writes a secret of sessions where there is none, and it stays`, async (t) => {
      const run = await startRealm(t);
      const file = newFile();
      const args = ['--client-id', 'shop', '--app', 'https://shop.example.com', '--no-user'];
      await run(kind, file, ...args);
      const first = readFileSync(file, 'utf8');
      assert.match(first, /^SESSION_SECRET=[\da-f]{64}$/m);
      await run(kind, file, ...args);
      assert.equal(readFileSync(file, 'utf8'), first);
      const other = newFile();
      writeFileSync(other, 'SESSION_SECRET=off\n');
      await run(kind, other, ...args);
      assert.match(readFileSync(other, 'utf8'), /^SESSION_SECRET=off$/m);
    });

  test('the settings of an API that only checks tokens have no secret of sessions', async (t) => {
    const run = await startRealm(t);
    const file = newFile();
    await run('api', file, '--client-id', 'orders-api');
    assert.doesNotMatch(readFileSync(file, 'utf8'), /SESSION_SECRET/);
  });

  test("the guide's service gets the address that was named, by which the doctor finds it", async (t) => {
    const run = await startRealm(t);
    const file = newFile();
    const appUrls = async () => (await readDoctorOptions(['--env', file], ADMIN)).appUrl;
    const args = ['--client-id', 'shop', '--no-user'];
    await run('guide', file, ...args, '--app', 'http://localhost:3000');
    assert.equal(await appUrls(), 'http://localhost:3000');
    // A second address is one more in Keycloak; the file keeps the first.
    await run('guide', file, ...args, '--app', 'http://localhost:3001');
    assert.equal(await appUrls(), 'http://localhost:3000');
  });
});

test('the state and the purpose of a client follow from several answers', async () => {
  const client = (
    grant: object,
    {
      words = '',
      cameBack = false,
      status = 400,
      introspection = answer(200, { active: false }) as object,
      knows = true,
      docs = '',
    } = {},
  ) => ({
    ...{ clientId: 'api', knows: async () => knows },
    passwordGrant: async () => grant,
    authorization: async () => ({
      answer: { ...page(status, words), headers: new Headers({ 'x-content-type-options': 'nosniff' }) },
      words,
      cameBack,
    }),
    docsAuthorization: async () => ({ answer: page(400, docs), words: docs, cameBack: false }),
    introspection: async () => introspection,
  });
  const state = (...args: Parameters<typeof client>) => findClientState(client(...args) as never);
  const wrong = refused('invalid_client', 'Invalid client or Invalid client credentials');
  assert.equal(await state(refused('invalid_client', 'Wrong client protocol')), 'other-protocol');
  assert.equal(await state(refused('invalid_client', 'Bearer-only not allowed')), 'bearer-only');
  assert.equal(
    await state(refused('invalid_client', 'Parameter client_assertion_type is missing')),
    'other-authenticator',
  );
  assert.equal(await state(wrong, { words: 'Client not found' }), 'unknown');
  assert.equal(await state(wrong, { words: 'Client disabled' }), 'disabled');
  assert.equal(
    await state(refused('unauthorized_client', 'Invalid client'), { words: 'login_required' }),
    'wrong-secret',
  );
  assert.equal(await state(refused('unauthorized_client', 'not allowed for direct access grants')), 'good');
  assert.equal(await state(refused('unauthorized_client', 'not enabled to retrieve')), 'good');
  assert.equal(await state(refused('invalid_client', 'Client requires user consent')), 'good');
  assert.equal(await state(wrong, { cameBack: true }), 'other-authenticator');
  assert.equal(await state(wrong, { words: 'Invalid parameter: redirect_uri' }), 'other-authenticator');
  assert.equal(await state(wrong, { status: 500 }), 'unclear');
  assert.equal(await state(wrong, { status: 0 }), 'unclear');
  assert.equal(await state(wrong, { status: 499, knows: true }), 'disabled');
  assert.equal(await state(wrong, { status: 499, knows: false }), 'unknown');
  assert.equal(
    await state(answer(401, UNKNOWN_USER), {
      introspection: refused('invalid_request', 'Client not allowed.'),
    }),
    'public',
  );
  assert.equal(await state(answer(502)), 'unclear');
  assert.equal(await state(answer(200, {})), 'good');

  const shape = (there: object | undefined, ...args: Parameters<typeof client>) =>
    findShape(client(...args) as never, there === undefined ? null : { client: async () => there as never });
  const off = refused('unauthorized_client', 'Client not allowed for direct access grants');
  const flow = { standardFlowEnabled: true };
  for (const more of [{ directAccessGrantsEnabled: true }, { publicClient: true }, { bearerOnly: true }])
    assert.equal(await shape({ ...flow, ...more }, off), 'guide');
  assert.equal(await shape({}, off), 'api');
  assert.equal(await shape({ ...flow, redirectUris: ['https://a.test/auth/callback'] }, off), 'web');
  assert.equal(
    await shape({ ...flow, redirectUris: ['https://a.test/auth/callback', 'https://a.test/*'] }, off),
    'guide',
  );
  assert.equal(await shape({ ...flow, redirectUris: ['https://a.test/other'] }, off), 'guide');
  assert.equal(await shape(undefined, answer(401, UNKNOWN_USER)), 'guide');
  assert.equal(await shape(undefined, off, { words: 'Standard flow is disabled' }), 'api');
  assert.equal(await shape(undefined, off, { docs: 'Invalid parameter: redirect_uri' }), 'web');
  assert.equal(await shape(undefined, off), 'guide');
});
