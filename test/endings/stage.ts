import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import express from 'express';
import { Server as SocketIo } from 'socket.io';
import { io as openSocketIo } from 'socket.io-client';
import { WebSocket, WebSocketServer } from 'ws';
import { keycloak } from '../../packages/guard/src/adapters/express/index.ts';
import {
  createMemoryRevocationStore,
  type Principal,
  type RevocationStore,
  type TokenCheck,
} from '../../packages/guard/src/core/index.ts';
import { createMemorySessionStore, type SessionStore } from '../../packages/guard/src/session/index.ts';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { openSocketBrowser } from '../support/socket-browser.ts';
import { CLIENT, MCP_URL, ORDERS, toRealm } from './realm.ts';

const SECRET = 'for-development-only';
const PASSWORD = 'Test#123456';
const USER = { realmRole: 'user' };

/** Everything that holds on to a sign-in. */
export const HOLDERS = [
  ...(['token', 'session', 'permission', 'token for calls on', 'MCP session'] as const),
  ...(['WebSocket', 'Socket.IO', 'stream of events', 'MCP stream', 'stream of a session'] as const),
  ...(['token, other process', 'session, other process', 'WebSocket, other process'] as const),
] as const;
export type Holder = (typeof HOLDERS)[number];

export interface StageOptions {
  readonly tokenCheck?: TokenCheck;
  /** Whether Keycloak reports logouts to the first process. */
  readonly hasMessages?: boolean;
  /** Whether both processes follow Keycloak's events. */
  readonly hasEvents?: boolean;
}

/** What the processes share. */
export interface Stores {
  readonly revocationStore: RevocationStore;
  readonly store: SessionStore;
}
const inMemory = (clock: () => number): Stores => ({
  revocationStore: createMemoryRevocationStore(clock),
  store: createMemorySessionStore({ clock }),
});

async function startProcess(
  t: TestContext,
  idp: DevIdp,
  { revocationStore, store }: Stores,
  { clock, publicUrl, tokenCheck, hasEvents }: StageOptions & { clock: () => number; publicUrl?: string },
) {
  const app = express();
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kc = keycloak({
    ...{ serverUrl: idp.url, realm: 'testing', clientId: CLIENT, clientSecret: SECRET },
    audience: CLIENT,
    ...{ clock, revocationStore, onNotice: false, logRefusals: false, timeoutMs: 30_000 },
    ...(tokenCheck && { tokenCheck }),
  });
  const events = hasEvents ? kc.events({ pollMs: 200 }) : undefined;
  await events?.ready;
  const secret = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';
  app.use(kc.session({ secret, publicUrl: publicUrl ?? url, store }));
  app.use(kc.backchannelLogout());
  const user = kc.guard(USER);
  const ok: express.RequestHandler = (_request, response) => void response.json({});
  app.get('/me', user, ok);
  kc.permissions({});
  app.get('/orders', kc.guard(), kc.permit('orders#view'), ok);
  const tokenFor = kc.tokenFor({ audience: ORDERS, scope: 'to-orders' });
  // In the name of somebody who came before: a job that goes on.
  const callers = new Map<string, Principal>();
  app.get('/begin/:name', kc.guard(), (request, response) => {
    callers.set(request.params.name as string, request.principal as Principal);
    response.json({});
  });
  app.get('/job/:name', async (request, response) => {
    await tokenFor(callers.get(request.params.name) as never).then(
      () => response.json({}),
      (error) => response.status(error.statusCode ?? 500).json({ code: error.code }),
    );
  });
  app.get('/events', user, async (request, response) => {
    const connection = await kc.connect(request, USER);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: hello\n\n');
    connection.signal.addEventListener('abort', () => response.end());
    response.once('close', connection.end);
  });
  const mcp = kc.mcp({ url: MCP_URL });
  app.use(mcp.metadata);
  app.all('/mcp', mcp, (request, response) => {
    if (request.method !== 'GET')
      return void response.set('mcp-session-id', `of-${request.principal?.username}`).json({});
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': hello\n\n');
  });
  const wss = new WebSocketServer({ noServer: true });
  const upgrade = kc.upgrade(USER, (request, socket, head, connection) => {
    wss.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', () => ws.terminate());
      connection.signal.addEventListener('abort', () => ws.close(4401));
    });
  });
  const io = new SocketIo(server, { path: '/io/' }).use(kc.socket(USER));
  server.on('upgrade', (request, socket, head) => {
    if (!request.url?.startsWith('/io/')) upgrade(request, socket, head);
  });
  t.after(async () => {
    for (const client of wss.clients) client.terminate();
    server.closeAllConnections();
    await io.close();
    await events?.close();
    await kc.close();
  });
  return { url, kc };
}

/** A holder says whether it still lets in: its status, or for what stays open whether it is. */
type Look = () => Promise<string>;

/** @param makeStores called for each process */
export async function startStage(
  t: TestContext,
  options: StageOptions,
  makeStores?: (t: TestContext) => Stores,
) {
  const idp = await startTestIdp({ realm: toRealm() });
  t.after(() => idp.close());
  let ahead = 0;
  let stoppedAt: number | undefined;
  const clock = () => (stoppedAt ?? Date.now()) + ahead;
  const shared = inMemory(clock);
  const stores = () => makeStores?.(t) ?? shared;
  const one = await startProcess(t, idp, stores(), { ...options, clock });
  const other = await startProcess(t, idp, stores(), { ...options, clock, publicUrl: one.url });
  idp.updateClient(CLIENT, {
    redirectUris: [`${one.url}/*`],
    attributes: {
      'standard.token.exchange.enabled': 'true',
      ...(options.hasMessages && {
        'backchannel.logout.url': `${one.url}/backchannel-logout`,
        'backchannel.logout.session.required': 'true',
      }),
    },
  });

  let secret = SECRET;
  async function logIn(username: string): Promise<string> {
    const answer = await fetch(`${idp.issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        ...{ grant_type: 'password', username, password: PASSWORD, scope: 'openid' },
        ...{ client_id: CLIENT, client_secret: secret },
      }),
    });
    const { access_token = '' } = (await answer.json()) as { access_token?: string };
    return access_token;
  }
  async function signIn(username: string) {
    const browser = openSocketBrowser({ url: one.url }, { username });
    await browser.open(`${one.url}/me`);
    return browser.cookie(one.url);
  }

  const ask =
    (url: string, headers: Record<string, string>, init: RequestInit = {}): Look =>
    async () => {
      const answer = await fetch(url, { redirect: 'manual', headers, ...init });
      await answer.text();
      return answer.status === 200 ? 'in' : String(answer.status);
    };
  async function openStream(url: string, headers: Record<string, string>): Promise<Look> {
    const abort = new AbortController();
    t.after(() => abort.abort());
    const answer = await fetch(url, { headers, signal: abort.signal });
    if (answer.status !== 200) throw new Error(`${url}: ${answer.status}`);
    let state = 'in';
    const read = async () => {
      for await (const _ of answer.body as ReadableStream<Uint8Array>);
    };
    read()
      .catch(() => {})
      .finally(() => {
        state = 'closed';
      });
    return async () => state;
  }
  async function openSocket(url: string, headers: Record<string, string>): Promise<Look> {
    const socket = new WebSocket(url.replace('http', 'ws'), { headers });
    t.after(() => socket.terminate());
    await once(socket, 'open');
    return async () => (socket.readyState === WebSocket.OPEN ? 'in' : 'closed');
  }

  async function openSocketOfIo(url: string, token: string): Promise<Look> {
    const options = { path: '/io/', transports: ['websocket'], auth: { token }, forceNew: true };
    const socket = openSocketIo(url, { ...options, reconnection: false });
    t.after(() => socket.disconnect());
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('connect_error', reject);
    });
    return async () => (socket.connected ? 'in' : 'closed');
  }

  /** Everything that a token and a session of a person hold, open and known at both processes. */
  async function hold(username: string) {
    const token = await logIn(username);
    const bearer = { authorization: `Bearer ${token}` };
    const cookie = { cookie: await signIn(username) };
    await ask(`${one.url}/begin/${username}`, bearer)();
    const post = { method: 'POST' };
    await ask(`${one.url}/mcp`, bearer, post)();
    const holders: Record<Holder, Look> = {
      token: ask(`${one.url}/me`, bearer),
      session: ask(`${one.url}/me`, cookie),
      permission: ask(`${one.url}/orders`, bearer),
      'token for calls on': ask(`${one.url}/job/${username}`, {}),
      'MCP session': ask(`${one.url}/mcp`, { ...bearer, 'mcp-session-id': `of-${username}` }, post),
      WebSocket: await openSocket(one.url, bearer),
      'Socket.IO': await openSocketOfIo(one.url, token),
      'stream of events': await openStream(`${one.url}/events`, bearer),
      'MCP stream': await openStream(`${one.url}/mcp`, bearer),
      'stream of a session': await openStream(`${one.url}/events`, cookie),
      'token, other process': ask(`${other.url}/me`, bearer),
      'session, other process': ask(`${other.url}/me`, cookie),
      'WebSocket, other process': await openSocket(other.url, bearer),
    };
    const signOut = ask(`${one.url}/auth/logout`, { ...cookie, origin: one.url }, post);
    return { holders, signOut };
  }

  return {
    ...{ idp, one, hold },
    /** From now on it is the same moment for both processes, until {@link passSeconds}. */
    stopClock(): void {
      stoppedAt = Date.now();
    },
    /** Whether somebody who signs in now is let in, at both processes. */
    async letsInAnew(username: string): Promise<boolean> {
      stoppedAt = undefined;
      const bearer = { authorization: `Bearer ${await logIn(username)}` };
      const answers = [one, other].map(({ url }) => ask(`${url}/me`, bearer)());
      return (await Promise.all(answers)).every((one) => one === 'in');
    },
    /** Later, for both processes and Keycloak. */
    passSeconds(seconds: number): void {
      ahead += seconds * 1000;
      idp.advanceClock(seconds);
    },
    /** Keycloak's secret of the application becomes another one, which nobody tells the application. */
    changeSecret(): void {
      secret = 'another-secret';
      idp.updateClient(CLIENT, { secret });
    },
  };
}
