import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import {
  BROWSER_LOGIN_CHECKS,
  SPA_CHECKS,
} from '../../packages/cli/src/doctor/checks/client/browser-login.ts';
import { IDENTITY_CHECKS } from '../../packages/cli/src/doctor/checks/client/identity.ts';
import {
  CLIENT_SETTINGS_CHECKS,
  GRANT_CHECKS,
} from '../../packages/cli/src/doctor/checks/client/settings.ts';
import { readDoctorOptions } from '../../packages/cli/src/doctor/options.ts';
import {
  answer,
  askDoctor,
  CALLER,
  page,
  refused,
  say,
  tokenOf,
  UNKNOWN_USER,
} from './support/ask-doctor.ts';

// What the doctor says of a client, by answers that need no Keycloak: a ✓ is for what was seen, and for nothing else.

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
  const about = async (url: string, { serverUrl = 'http://localhost:9', issuer = 'none' } = {}) =>
    say(CLIENT_SETTINGS_CHECKS, 'client.backchannel-logout', {
      reach: {
        caller: { ...CALLER, serverUrl },
        realm: { discovery: async () => answer(200, { issuer }) },
        admin: { client: async () => ({ attributes: { 'backchannel.logout.url': url } }) },
      },
    });
  assert.match(await about(await serve(t, 400, '{}')), /^ok/);
  assert.match(await about(await serve(t, 422, '{}')), /^ok/);
  for (const status of [200, 401, 403, 500])
    assert.match(await about(await serve(t, status)), /^warn .*takes no logout tokens/, String(status));
  // Behind one proxy both have one origin; then who refuses says whose address it is.
  for (const own of ['serverUrl', 'issuer']) {
    const at = (url: string) => about(url, { [own]: new URL(url).origin });
    assert.match(await at(await serve(t, 400, '{}')), /^ok/, own);
    for (const [status, body] of [
      [400, 'Bad Request'],
      [404, '{"error":"HTTP 404 Not Found"}'],
    ] as const)
      assert.match(await at(await serve(t, status, body)), /^warn .* is Keycloak's own address/, own);
  }
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

/** A client of which Keycloak's answers say this. */
const clientWith = (
  grant: ReturnType<typeof answer>,
  login: { words?: string; status?: number } = {},
  more = {},
) => ({
  clientId: CALLER.clientId,
  passwordGrant: async () => grant,
  authorization: async () => ({
    answer: page(login.status ?? 400, login.words ?? ''),
    words: login.words ?? '',
    cameBack: false,
  }),
  introspection: async () => answer(200, { active: false }),
  knows: async () => false,
  ...more,
});
const NO_CLIENT = refused('invalid_client', 'Invalid client or Invalid client credentials');

test('an unknown client: its name in another case, its UUID, or the realm that has it is named', async () => {
  const gone = (more = {}) => clientWith(NO_CLIENT, { words: 'Client not found.' }, more);
  const ask = (reach: object) =>
    askDoctor(IDENTITY_CHECKS, 'client.known', {
      reach: { client: gone(), caller: { ...CALLER, realm: 'master' }, ...reach },
    });
  const nowhere = await ask({});
  assert.match(nowhere.cause, /^the realm 'master' has no client 'api'$/);
  assert.match(nowhere.seen, /^HTTP 401 .*; login page: Client not found\.$/);
  assert.deepEqual(nowhere.setup, ['--overwrite-env']);
  assert.match(nowhere.fix, /^Correct KEYCLOAK_CLIENT_ID/);

  const guessed = await ask({ client: gone({ knows: async (id: string) => id === 'Api' }) });
  assert.match(guessed.cause, /, but it has 'Api': the case of the letters counts$/);
  assert.equal(guessed.fix, 'KEYCLOAK_CLIENT_ID=Api');
  assert.deepEqual(guessed.setup, ['--client-id=Api', '--overwrite-env']);

  const spaced = await ask({
    caller: { ...CALLER, realm: 'master', clientId: ' api ' },
    client: gone({ knows: async (id: string) => id === 'api' }),
  });
  assert.match(spaced.cause, /it has 'api'/);

  const admin = { clientIds: async () => ['other', 'API'], realmsOfClient: async () => [] };
  assert.match((await ask({ admin })).cause, /it has 'API'/);

  const elsewhere = await ask({
    admin: { ...admin, clientIds: async () => [], realmsOfClient: async () => ['old', 'b'] },
  });
  assert.match(elsewhere.cause, /^the realm 'master' has no client 'api', but the realm 'old' has$/);
  assert.equal(elsewhere.setup, undefined);
  const inMaster = await ask({
    admin: { ...admin, clientIds: async () => [], realmsOfClient: async () => ['master'] },
  });
  assert.deepEqual(inMaster.setup, ['--overwrite-env']);

  const uuid = '6f1d2c3b-aaaa-4bbb-8ccc-1234567890ab';
  const byId = await ask({ caller: { ...CALLER, realm: 'master', clientId: uuid } });
  assert.match(byId.cause, /looks like the client's UUID/);
});

test('a client that cannot be used says which: of another protocol, disabled, public, bearer-only, or a wrong secret', async () => {
  const ask = (id: string, client: object, more = {}) =>
    say(IDENTITY_CHECKS, id, { reach: { client, ...more } });
  assert.match(
    await ask('client.known', clientWith(refused('invalid_client', 'Wrong client protocol.'))),
    /^fail .*another protocol \(SAML\)/,
  );
  assert.match(await ask('client.known', clientWith(answer(401, UNKNOWN_USER))), /^ok api$/);
  assert.match(await ask('client.enabled', clientWith(answer(401, UNKNOWN_USER))), /^ok on$/);
  // A page in another language: the realm knows the client, so it is disabled.
  const unread = clientWith(NO_CLIENT, { words: 'Etwas ist schiefgelaufen' }, { knows: async () => true });
  assert.match(await ask('client.enabled', unread), /^fail the client 'api' is disabled$/);
  for (const status of [0, 500, 503])
    assert.match(
      await ask('client.enabled', clientWith(NO_CLIENT, { words: 'x', status }, { knows: async () => true })),
      /^ok/,
    );
  assert.match(
    await ask('client.type', clientWith(refused('unauthorized_client', 'Bearer-only not allowed'))),
    /^fail the client 'api' is bearer-only/,
  );
  const open = { introspection: async () => refused('invalid_request', 'Client not allowed.') };
  assert.match(
    await ask('client.type', clientWith(answer(401, UNKNOWN_USER), {}, open)),
    /^fail the client 'api' is public/,
  );
  assert.match(await ask('client.type', clientWith(answer(401, UNKNOWN_USER))), /^ok confidential/);
  assert.match(
    await ask('client.secret', clientWith(answer(401, UNKNOWN_USER), {}, open)),
    /^ok none: the client is public/,
  );
  assert.match(await ask('client.secret', clientWith(answer(401, UNKNOWN_USER))), /^ok accepted/);

  const wrong = clientWith(refused('unauthorized_client', 'Invalid client or Invalid client credentials'));
  for (const [clientSecret, hint] of [
    ['plain', ''],
    ['"quoted"', ' (it has quotes around it)'],
    ["'half", ' (it has a quote at one end)'],
    ['line\\n', ' (it ends with a line break, written out)'],
    ['a b', ' (it has white space in it)'],
    ['6f1d2c3b-aaaa-4bbb-8ccc-1234567890ab', ' (it looks like a UUID: is it the id of the client?)'],
    [
      Buffer.from('A'.repeat(32)).toString('base64'),
      ' (it looks like base64, as Kubernetes shows Secrets: decode it)',
    ],
  ] as const) {
    const found = await askDoctor(IDENTITY_CHECKS, 'client.secret', {
      reach: { client: wrong, caller: { ...CALLER, clientSecret } },
    });
    assert.equal(found.cause, `the secret of the client 'api' is wrong${hint}`);
    assert.match(found.fix, /copy it to KEYCLOAK_CLIENT_SECRET,.*restart the application/s);
    assert.deepEqual(found.setup, ['--overwrite-env']);
  }
  const file = await askDoctor(IDENTITY_CHECKS, 'client.secret', {
    reach: { client: wrong, caller: { ...CALLER, credential: { kind: 'secret' } } },
  });
  assert.match(file.fix, /KEYCLOAK_CLIENT_SECRET_FILE.*restart the application/s);
  assert.equal(file.setup, undefined);
  const byKey = await ask('client.secret', wrong, { caller: { ...CALLER, credential: { kind: 'key' } } });
  assert.doesNotMatch(byKey, /the secret of the client/);
});

test('a client that must authenticate in another way: what the credential of this service is for, or all that it can be', async () => {
  const ask = (words: string, type: string | undefined, caller: object = {}) =>
    askDoctor(IDENTITY_CHECKS, 'client.authenticator', {
      reach: {
        client: clientWith(refused('invalid_client', words), { words: 'Invalid parameter: redirect_uri' }),
        config: { credential: 'kind' in caller ? { keyFile: 'key.pem' } : { secret: 'x' } },
        caller: { ...CALLER, ...('kind' in caller && { credential: caller }) },
        admin: type === undefined ? null : { client: async () => ({ clientAuthenticatorType: type }) },
      },
    });
  const assertion = 'Parameter client_assertion_type is missing';
  const one = await ask(assertion, 'client-jwt');
  assert.match(
    one.cause,
    /must authenticate with a signed JWT \('client-jwt'\), but this service sends a secret$/,
  );
  assert.match(one.fix, /^Set KEYCLOAK_CLIENT_KEY_FILE to the file .* in place of KEYCLOAK_CLIENT_SECRET /);
  const any = await ask(assertion, undefined);
  assert.match(any.cause, /with a signed JWT, but/);
  assert.match(any.fix, /^For client-jwt: Set KEYCLOAK_CLIENT_KEY_FILE.*\nFor client-secret-jwt: Library/s);
  const own = await ask(assertion, 'of-a-plug-in');
  assert.match(own.cause, /\('of-a-plug-in'\)/);
  assert.match(own.fix, /^For client-jwt: /);
  const certificate = await ask('Client certificate missing', undefined);
  assert.match(certificate.cause, /with something else \(a TLS client certificate/);
  assert.match(certificate.fix, /^For client-x509: .*\nFor federated-jwt: /s);
  const key = await ask('Invalid client or Invalid client credentials', 'client-x509', { kind: 'key' });
  assert.match(key.cause, /this service sends an assertion that its key signs$/);
  assert.match(key.fix, /in place of KEYCLOAK_CLIENT_KEY_FILE/);
  // Its token may be wrong, or not for this client.
  const token = await ask('Invalid client or Invalid client credentials', 'federated-jwt', { kind: 'token' });
  assert.doesNotMatch(token.cause, /must authenticate/);
});

/** The single-page app `page` at https://app.shop.test. */
const spaWith = (client: object, more = {}) => ({
  ...{ clientId: 'page', origin: 'https://app.shop.test', redirectUri: 'https://app.shop.test/callback' },
  client,
  redirectUris: async () => undefined,
  exampleClaims: async () => undefined,
  ...more,
});
const words = (text: string) => async () => ({ answer: answer(302), words: text, cameBack: true });

test("a refused redirect URI is looked for in bounded time, in anybody's page", async () => {
  const ask = (text: string) =>
    askDoctor(BROWSER_LOGIN_CHECKS, 'client.redirect-uri', {
      reach: { client: { authorization: words(text) } },
    });
  const started = performance.now();
  assert.notEqual((await ask('a'.repeat(200_000))).status, 'fail');
  assert.ok(performance.now() - started < 1000);
  const { seen } = await ask(`${'a'.repeat(500)} Invalid parameter: redirect_uri`);
  assert.equal(seen, 'Invalid parameter: redirect_uri');
});

test('--spa: redirect URI and PKCE are judged by what Keycloak says to a sign-in of the page', async () => {
  const uri = (text: string, known?: string[]) =>
    say(SPA_CHECKS, 'spa.redirect-uri', {
      spa: spaWith({ authorization: words(text) }, { redirectUris: async () => known }),
    });
  assert.equal(await uri('login_required'), 'ok https://app.shop.test/callback');
  const wrong = /^fail https:\/\/app\.shop\.test\/callback is not among the valid redirect URIs of 'page'/;
  assert.match(await uri('Invalid parameter: redirect_uri'), wrong);
  assert.doesNotMatch(await uri('Invalid parameter: redirect_uri'), /\(/);
  assert.match(await uri('Invalid parameter: redirect_uri', []), /'page' \(none\)/);
  assert.match(await uri('Invalid parameter: redirect_uri', ['a', 'b']), /'page' \(a, b\)/);

  const pkce = (text: string, without: string) =>
    say(SPA_CHECKS, 'spa.pkce', {
      spa: spaWith({ authorization: words(text), withoutPkce: words(without) }),
    });
  assert.match(
    await pkce('invalid_request: Invalid parameter: code challenge method', ''),
    /^fail .*another PKCE method/,
  );
  assert.match(await pkce('login_required', 'Missing parameter: code_challenge'), /^ok S256 is required/);
  assert.match(await pkce('login_required', 'login_required'), /^warn a code that leaks/);
});

test('--spa: web origins and audience are judged by the answer and by the token', async () => {
  const origin = (given: object) =>
    say(SPA_CHECKS, 'spa.web-origins', { spa: spaWith({ fromOrigin: async () => given }) });
  const allowed = (value: string) => answer(401, UNKNOWN_USER, { 'access-control-allow-origin': value });
  assert.equal(await origin(allowed('https://app.shop.test')), 'ok https://app.shop.test');
  assert.match(await origin(allowed('*')), /^ok/);
  assert.match(await origin(allowed('https://other.test')), /^fail .*not among the web origins of 'page'/);
  assert.match(await origin(answer(401, UNKNOWN_USER)), /^fail/);
  assert.equal(await origin({ ...answer(0), failure: 'ECONNREFUSED' }), 'skipped ECONNREFUSED');
  assert.equal(await origin(answer(0)), 'skipped no answer');

  const audience = (claims: object | undefined, more: Record<string, unknown> = {}, config = {}) =>
    say(SPA_CHECKS, 'spa.audience', {
      reach: { config },
      spa: spaWith({}, { exampleClaims: async () => claims }),
      ...more,
    });
  assert.match(
    await audience({}, { assumed: ['KEYCLOAK_CLIENT_ID'] }),
    /^skipped the API's client is not known/,
  );
  assert.match(await audience(undefined), /^skipped no token of 'page'/);
  assert.equal(await audience({ aud: ['other', 'api'] }), 'ok aud other, api');
  assert.match(await audience({ aud: 'other' }), /^fail tokens of 'page' are not for the API \('api'\)/);
  assert.match(
    await audience({ aud: 'api' }, {}, { audience: ['shop', 'web'] }),
    /^fail .*\('shop' or 'web'\)/,
  );
  const piped = (azp: string) => ({ token: tokenOf({ azp, aud: 'api' }) });
  assert.equal(await audience({ aud: 'other' }, piped('page')), 'ok aud api');
  assert.match(await audience({ aud: 'other' }, piped('another')), /^fail/);
});
