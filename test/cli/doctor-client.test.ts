import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Check, runChecks } from '../../packages/cli/src/doctor/check.ts';
import {
  BROWSER_LOGIN_CHECKS,
  SPA_CHECKS,
} from '../../packages/cli/src/doctor/checks/client/browser-login.ts';
import {
  CLIENT_SETTINGS_CHECKS,
  GRANT_CHECKS,
} from '../../packages/cli/src/doctor/checks/client/settings.ts';
import type { DoctorContext } from '../../packages/cli/src/doctor/context.ts';
import { readDoctorOptions } from '../../packages/cli/src/doctor/options.ts';

// What the doctor says of a client, by answers that need no Keycloak: a ✓ is for what was seen, and for nothing else.

const UNKNOWN_USER = { error: 'invalid_grant', error_description: 'Invalid user credentials' };
const CALLER = { realm: 'shop', clientId: 'api', serverUrl: 'https://sso.shop.test', timeoutMs: 1000 };

function answer(status: number, json?: object, headers: Record<string, string> = {}) {
  const text = json === undefined ? '' : JSON.stringify(json);
  const all = new Headers({ 'x-content-type-options': 'nosniff', ...headers });
  return { url: 'https://sso.shop.test/', status, json, text, headers: all, tookMs: 1, arrivedAt: 0 };
}

async function say(checks: readonly Check[], id: string, { reach = {}, ...more }: Record<string, object>) {
  const context = {
    options: { appUrl: 'https://app.shop.test' },
    reach: {
      caller: CALLER,
      config: { events: true },
      shape: async () => 'guide',
      realm: { discovery: async () => answer(200, { issuer: 'https://sso.shop.test/realms/shop' }) },
      calls: { baseUrl: 'https://sso.shop.test/realms/shop' },
      ...reach,
    },
    assumed: [],
    close: async () => {},
    ...more,
  };
  const alone = checks.filter((one) => one.id === id).map((one) => ({ ...one, needs: [] }));
  const [result] = await runChecks(alone, context as unknown as DoctorContext);
  return `${result?.status} ${result?.cause || result?.seen}`;
}

test('web origins: the header that lets pages of another origin read the answer is none of this page', async () => {
  const about = (allowed: string) =>
    say(BROWSER_LOGIN_CHECKS, 'client.web-origins', {
      reach: {
        client: {
          fromOrigin: async () => answer(401, UNKNOWN_USER, { 'access-control-allow-origin': allowed }),
          passwordGrant: async () => answer(401, UNKNOWN_USER),
        },
      },
    });
  assert.match(await about('https://app.shop.test'), /^ok/);
  assert.match(await about('*'), /^ok/);
  assert.match(await about('https://old.shop.test'), /^warn https:\/\/app\.shop\.test is not among/);
});

test('scopes: only an answer about the user says that they may be asked for', async () => {
  const about = (status: number, json?: object) =>
    say(GRANT_CHECKS, 'client.scopes', { reach: { client: { scopes: async () => answer(status, json) } } });
  assert.match(await about(401, UNKNOWN_USER), /^ok/);
  assert.match(
    await about(400, { error: 'invalid_scope', error_description: 'Invalid scopes: email' }),
    /^fail/,
  );
  assert.match(await about(429), /^skipped/);
  assert.match(await about(403, { error: 'access_denied' }), /^skipped/);
});

test('events: an answer that is no configuration says nothing of what is kept', async () => {
  const about = (config: ReturnType<typeof answer>) =>
    say(GRANT_CHECKS, 'client.events', {
      reach: {
        client: { clientCredentials: async () => answer(200, { access_token: 'x' }) },
        calls: { baseUrl: 'https://sso.shop.test/realms/shop', get: async () => config },
      },
    });
  assert.match(await about(answer(401, { error: 'HTTP 401 Unauthorized' })), /^fail Keycloak does not say/);
  assert.match(await about(answer(200, {})), /^fail Keycloak does not keep the events/);
});

/** What the check says of a client with these attributes. */
const aboutClient = (id: string, attributes: object, client: object = {}) =>
  say(CLIENT_SETTINGS_CHECKS, id, { reach: { admin: { client: async () => ({ attributes, ...client }) } } });

async function serve(t: TestContext, status: number, body = '', isLeftAlone = false): Promise<string> {
  const server = createServer((_request, out) => {
    assert.ok(!isLeftAlone);
    out.writeHead(status).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/backchannel-logout`;
}

test('back-channel logout: only who refuses a call without a logout token takes one', async (t) => {
  const local = { ...CALLER, serverUrl: 'http://localhost:9' };
  const about = async (url: string) =>
    say(CLIENT_SETTINGS_CHECKS, 'client.backchannel-logout', {
      reach: {
        caller: local,
        realm: { discovery: async () => answer(200, { issuer: 'none' }) },
        admin: { client: async () => ({ attributes: { 'backchannel.logout.url': url } }) },
      },
    });
  assert.match(await about(await serve(t, 400, '{}')), /^ok/);
  assert.match(await about(await serve(t, 422, '{}')), /^ok/);
  for (const status of [200, 401, 403, 500])
    assert.match(await about(await serve(t, status)), /^warn .*takes no logout tokens/, String(status));
  assert.match(await about('http://'), /^warn the backchannel logout URL is no http or https URL/);
  assert.match(
    await aboutClient('client.backchannel-logout', {
      'backchannel.logout.url': await serve(t, 400, '{}', true),
    }),
    /^warn .* is Keycloak's own machine$/,
  );
});

test('post logout redirect URIs: those of another application are none', async () => {
  const about = (uris: string, client?: object) =>
    aboutClient('client.post-logout-uris', { 'post.logout.redirect.uris': uris }, client);
  for (const uris of ['https://app.shop.test/*', 'https://old.shop.test/*##https://app.shop.test/bye', '*'])
    assert.match(await about(uris), /^ok/, uris);
  assert.match(await about('+', { redirectUris: ['https://app.shop.test/*'] }), /^ok/);
  assert.match(await about('/*', { rootUrl: 'https://app.shop.test' }), /^ok/);
  for (const uris of ['', '-', 'https://old.shop.test/*', 'https://app.shop.test.evil.test/*'])
    assert.match(await about(uris), /^warn a browser logout cannot come back/, uris);
  assert.match(await about('+', { redirectUris: ['https://old.shop.test/*'] }), /^warn/);
});

test('--spa: a client that authenticates by a key or a certificate is no public one, and a page in between proves nothing', async () => {
  const refused = (error: string, error_description: string) => answer(401, { error, error_description });
  const isPublic = refused('invalid_request', 'Client not allowed.');
  const about = (grant: ReturnType<typeof answer>, introspection = isPublic) =>
    say(SPA_CHECKS, 'spa.client', {
      spa: {
        clientId: 'page',
        origin: 'https://app.shop.test',
        client: {
          clientId: 'page',
          knows: async () => true,
          passwordGrant: async () => grant,
          authorization: async () => ({ answer: answer(302), words: 'login_required', cameBack: true }),
          introspection: async () => introspection,
        },
      },
    });
  const off = refused('unauthorized_client', 'Client not allowed for direct access grants');
  assert.match(await about(off), /^ok public/);
  for (const grant of [
    refused('unauthorized_client', 'Invalid client or Invalid client credentials'),
    refused('invalid_client', 'Parameter client_assertion_type is missing'),
    refused('invalid_client', 'Client certificate missing'),
  ])
    assert.match(await about(grant), /^fail the client is confidential/);
  assert.match(await about(answer(502), answer(502)), /^skipped/);
});

test('what one flag leaves out is not passed over in silence', async () => {
  const admin = ['--admin-user', 'admin'];
  for (const [args, words] of [
    [
      ['--mcp', 'http://mcp.test', '--route', 'http://api.test'],
      /^--mcp looks at nothing that --route names/,
    ],
    [['--mcp', 'http://mcp.test', '--token', '-'], /^--mcp looks at nothing that --token names/],
    [['--tenant', 'a', '--upgrade', '26', ...admin], /^--tenant looks at nothing that --upgrade names/],
    [['--upgrade', '26', '--needs', 'role=x', ...admin], /^--upgrade looks at nothing that --needs names/],
  ] as const)
    await assert.rejects(readDoctorOptions(['--env', 'none.env', ...args], {}), { message: words });
});
