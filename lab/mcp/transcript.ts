// What MCP clients, a browser and the guard say to one another, from nothing but a URL to the end of the session:
//
//   npx tsx --conditions=@keycloak-guard/source lab/mcp/transcript.ts
//   KEYCLOAK_ADMIN_USER=admin KEYCLOAK_ADMIN_PASSWORD=… npx tsx … lab/mcp/transcript.ts http://localhost:8080
//
// With the address of a Keycloak, in a realm of its own there, else with the embedded provider.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import type { McpOptions } from 'keycloak-guard/express';
import type { McpRealm } from '../../test/contract/mcp/dance.ts';
import { startEmbeddedRealm } from '../../test/contract/mcp/embedded-realm.ts';
import { createPerson } from '../../test/contract/mcp/person.ts';
import { createKeeper, REDIRECT_URI, SDKS, type Sdk } from '../../test/contract/mcp/sdk.ts';
import { type McpExample, SERVERS } from '../../test/contract/mcp/servers.ts';
import { createMcpRealm } from '../../test/keycloak/support/mcp-realm.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const [keycloakUrl] = positionals;
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Names for what differs from run to run, and nothing of what is secret. */
const names: [string, string][] = [];
function plain(text: string): string {
  let said = text;
  for (const [value, name] of names) said = said.replaceAll(value, name);
  return said
    .replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'JWT')
    .replaceAll(
      /\b(code|code_verifier|code_challenge|state|session_state|session_code|execution|tab_id|client_data|client_secret|token|refresh_token|id_token_hint|nonce)=[^&\s"]+/g,
      '$1=…',
    );
}

/** Who asks, as far as the request shows it. */
function whoAsks(url: string, headers: Headers): string {
  if (headers.get('accept') === 'text/html') return 'browser ';
  if (
    /introspect|openid-connect\/certs|\.well-known\/openid-configuration/.test(url) &&
    !headers.has('mcp-protocol-version')
  )
    return 'guard   ';
  return url.includes('/admin/') ? 'admin   ' : 'program ';
}

/** Guards of the dances before look after their keys. */
function isOfAnother(url: string): boolean {
  return url.includes('/realms/') && !url.includes(`/realms/${realmName}`);
}

const real = globalThis.fetch;
let realmName = '';
let isTold = false;
globalThis.fetch = async (input, init) => {
  const url = input instanceof Request ? input.url : String(input);
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
  const answer = await real(input, init);
  const who = whoAsks(url, headers);
  if (!isTold || who === 'admin   ' || isOfAnother(url)) return answer;
  const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
  const [at, query] = url.split('?');
  say(`${who}${method} ${plain(at as string)}`);
  if (query) say(`          ? ${plain(decodeURIComponent(query.replaceAll('+', ' ')))}`);
  const authorization = headers.get('authorization');
  if (authorization)
    say(
      `          Authorization: ${plain(authorization)
        .replace(/^Basic .*/, 'Basic …')
        .replace('not-taken', '(not a token)')}`,
    );
  const body = init?.body;
  if (body && who !== 'browser ')
    say(`          > ${plain(decodeURIComponent(String(body).replaceAll('+', ' '))).slice(0, 300)}`);
  say(`        ${answer.status}`);
  for (const name of ['www-authenticate', 'mcp-session-id', 'location']) {
    const value = answer.headers.get(name);
    if (value) say(`          ${name}: ${plain(decodeURIComponent(value))}`);
  }
  const type = answer.headers.get('content-type') ?? '';
  if (/json|event-stream/.test(type) && method !== 'GET' && who !== 'browser ') {
    const text = await answer.clone().text();
    say(
      `          < ${plain(text)
        .replaceAll(
          /"(registration_access_token|access_token|refresh_token|id_token|session_state|client_secret)":"[^"]*"/g,
          '"$1":"…"',
        )
        .replaceAll(/\s+/g, ' ')
        .slice(0, 360)}`,
    );
  }
  return answer;
};

async function setUp(mcp: Partial<McpOptions>, { build }: McpExample) {
  let listener: RequestListener = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => listener(request, response)).listen(0, 'localhost');
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}/mcp`;
  const realm = await (keycloakUrl === undefined ? startEmbeddedRealm(url) : onKeycloak(keycloakUrl, url));
  const { serverUrl, realm: name, clientSecret } = realm;
  realmName = name;
  names.splice(
    0,
    names.length,
    [`${serverUrl}/realms/${name}`, 'ISSUER'],
    [new URL(url).origin, 'SERVER'],
    [new URL(serverUrl).origin, 'PROVIDER'],
    [realm.user.password, '…'],
  );
  listener = build(
    { serverUrl, realm: name, clientId: url, clientSecret, tokenCheck: 'remote', onNotice: false },
    { url, ...mcp },
  );
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await realm.close();
  };
  return { url: new URL(url), realm, close };
}

const onKeycloak = (url: string, serverUrl: string): Promise<McpRealm> =>
  createMcpRealm(
    {
      ...{ url, version: '', realm: 'master' },
      adminUser: process.env.KEYCLOAK_ADMIN_USER ?? 'admin',
      adminPassword: process.env.KEYCLOAK_ADMIN_PASSWORD ?? 'admin',
    },
    serverUrl,
  );

/** @param isSetUp whether the program was given the client id `mcp-client`, else it registers */
async function dance(server: McpExample, sdk: Sdk, isSetUp: boolean): Promise<void> {
  const { url, realm, close } = await setUp(isSetUp ? { scopesInChallenge: 'required' } : {}, server);
  say(
    `\n\n### ${sdk.name} at ${server.name}, ${isSetUp ? 'a client that was set up before' : 'a client that registers'}`,
  );
  const person = createPerson(realm.user.username, realm.user.password, REDIRECT_URI);
  const keeper = createKeeper(isSetUp ? { client_id: 'mcp-client' } : undefined);
  const program = sdk.start(url, keeper);
  const part = async (title: string, run: () => Promise<unknown>) => {
    say(`\n-- ${title}`);
    isTold = true;
    await run().finally(() => {
      isTold = false;
    });
  };
  const signIn = async () => {
    await part('the browser', async () => {
      const back = await person.authorize(keeper.asked as URL);
      await program.finish(back);
    });
  };
  try {
    await part('nothing but a URL', () => assert.rejects(program.connect(), program.isUnauthorized));
    await signIn();
    await part('connected; a tool', async () => {
      await program.connect();
      say(`        tool: ${await program.call('list-notes')}`);
    });
    if (isSetUp && !sdk.stepsUp) delete keeper.tokens?.refresh_token;
    if (isSetUp) {
      await part('a tool that needs a second scope', () =>
        assert.rejects(program.call('clear-notes'), program.isUnauthorized),
      );
      await signIn();
    }
    await part('the tool that needs both scopes', async () =>
      say(`        tool: ${await program.call('clear-notes')}`),
    );
    await part('a token that is not taken any more: refreshed', async () => {
      keeper.tokens = { ...keeper.tokens, access_token: 'not-taken' };
      say(`        tool: ${await program.call('list-notes')}`);
    });
    const token = keeper.tokens?.access_token;
    await realm.logout();
    await part('signed out at the provider', async () => {
      await assert.rejects(program.call('list-notes'));
      const refused = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
      assert.equal(refused.status, 401);
    });
  } finally {
    await program.close().catch(() => {});
    await close();
  }
}

say(`# ${keycloakUrl === undefined ? 'The embedded provider' : `Keycloak at ${keycloakUrl}`}`);
for (const server of [SERVERS[0], SERVERS[1]]) {
  for (const sdk of SDKS.filter(({ isModern }) => server.isModern || !isModern)) {
    for (const isSetUp of [false, true]) await dance(server, sdk, isSetUp);
  }
}
