import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import type { McpOptions } from '../../../packages/guard/src/adapters/engine/index.ts';
import { createPerson } from './person.ts';
import { createKeeper, type Keeper, type Program, REDIRECT_URI, SDKS, type Sdk } from './sdk.ts';
import { type McpExample, SERVERS } from './servers.ts';

/** An identity provider in which an MCP server was set up, with the scopes `notes:read` and `notes:write`. */
export interface McpRealm {
  readonly serverUrl: string;
  readonly realm: string;
  readonly clientSecret: string;
  readonly user: { readonly username: string; readonly password: string };
  /** Ends all sessions of the user. */
  logout(): Promise<void>;
  close(): Promise<void>;
}

export type SetUpMcpRealm = (url: string) => Promise<McpRealm>;

/** The example on a port of its own. Every token is asked about: what was ended is over at once. */
export async function startExample<R extends McpRealm>(
  t: TestContext,
  setUpRealm: (url: string) => Promise<R>,
  mcp: Partial<McpOptions>,
  { build }: McpExample = SERVERS[0],
) {
  let listener: RequestListener = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => listener(request, response));
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}/mcp`;
  const realm = await setUpRealm(url);
  const { serverUrl, realm: name, clientSecret } = realm;
  listener = build(
    { serverUrl, realm: name, clientId: url, clientSecret, tokenCheck: 'remote', onNotice: false },
    { url, ...mcp },
  );
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await realm.close();
  });
  return { url: new URL(url), realm };
}

/** The whole way of MCP clients, with the SDK's own, from nothing but a URL. */
export function describeDance(
  provider: string,
  setUpRealm: SetUpMcpRealm,
  servers: readonly McpExample[] = SERVERS,
): void {
  describe(`${provider}, MCP clients`, () => {
    for (const server of servers) {
      for (const sdk of SDKS) if (server.isModern || !sdk.isModern) describeWay(server, sdk, setUpRealm);
    }
  });
}

function describeWay(server: McpExample, sdk: Sdk, setUpRealm: SetUpMcpRealm): void {
  const title = `${sdk.name} at ${server.name}`;
  test(`${title}: registers, signs in, calls, refreshes, is signed out`, async (t) => {
    const { url, realm } = await startExample(t, setUpRealm, {}, server);
    const person = createPerson(realm.user.username, realm.user.password, REDIRECT_URI);
    const keeper = createKeeper();
    const program = sdk.start(url, keeper);
    t.after(() => program.close());

    await assert.rejects(program.connect(), program.isUnauthorized);
    assert.equal(typeof keeper.client?.client_id, 'string');
    const asked = keeper.asked as URL;
    // SDK 2 adds `offline_access` by itself.
    assert.deepEqual(scopesOf(asked), ['notes:read', 'notes:write']);
    assert.equal(asked.searchParams.get('resource'), url.href);
    await program.finish(await person.authorize(asked));
    assert.deepEqual(person.seen, ['sign-in', 'consent']);

    await program.connect();
    assert.equal(await program.call('list-notes'), 'Notes of abdullah: buy tea');
    assert.equal(await program.call('clear-notes'), 'Cleared');
    await assertRefreshed(program, keeper);
    await assertSignedOut(program, keeper, realm, url);
  });

  test(`${title}: a client that was set up before steps up for a tool that needs more`, async (t) => {
    const { url, realm } = await startExample(t, setUpRealm, { scopesInChallenge: 'required' }, server);
    const person = createPerson(realm.user.username, realm.user.password, REDIRECT_URI);
    const keeper = createKeeper({ client_id: 'mcp-client' });
    const program = sdk.start(url, keeper);
    t.after(() => program.close());

    await assert.rejects(program.connect(), program.isUnauthorized);
    assert.deepEqual(scopesOf(keeper.asked as URL), ['notes:read']);
    await program.finish(await person.authorize(keeper.asked as URL));
    await program.connect();
    assert.equal(await program.call('list-notes'), 'Notes of abdullah: buy tea');

    if (!sdk.stepsUp) {
      // It refreshes, is refused again, and stays so until something else was answered.
      await assert.rejects(program.call('clear-notes'), /403/);
      delete keeper.tokens?.refresh_token;
      await program.call('list-notes');
    }
    await assert.rejects(program.call('clear-notes'), program.isUnauthorized);
    assert.deepEqual(scopesOf(keeper.asked as URL), ['notes:read', 'notes:write']);
    await program.finish(await person.authorize(keeper.asked as URL));
    // For consent nobody is asked. Keycloak keeps no session of the browser for `offline_access`, which SDK 2 asks for.
    assert.deepEqual([...new Set(person.seen)], ['sign-in']);
    assert.equal(await program.call('clear-notes'), 'Cleared');
    await assertRefreshed(program, keeper);
    await assertSignedOut(program, keeper, realm, url);
  });
}

function scopesOf(asked: URL): string[] {
  const scopes = asked.searchParams.get('scope')?.split(' ') ?? [];
  return scopes.filter((scope) => scope.startsWith('notes:')).sort();
}

/** A token that is not taken any more is replaced by the client itself. */
async function assertRefreshed(program: Program, keeper: Keeper): Promise<void> {
  const { refresh_token, ...tokens } = keeper.tokens as NonNullable<Keeper['tokens']>;
  assert.equal(typeof refresh_token, 'string');
  keeper.tokens = { ...tokens, refresh_token: refresh_token as string, access_token: 'not-taken' };
  assert.match(await program.call('list-notes'), /^Notes of abdullah/);
  assert.match(keeper.tokens.access_token, /^ey/);
}

async function assertSignedOut(program: Program, keeper: Keeper, realm: McpRealm, url: URL): Promise<void> {
  const token = keeper.tokens?.access_token;
  await realm.logout();
  keeper.asked = undefined;
  await assert.rejects(program.call('list-notes'));
  const refused = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get('www-authenticate') ?? '', /error="invalid_token".*resource_metadata="/);
}
