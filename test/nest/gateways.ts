import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { type ArgumentsHost, Catch, type Type, UseFilters } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { io } from 'socket.io-client';
import { type ClientOptions, WebSocket } from 'ws';
import {
  type KeycloakModuleOptions,
  Principal,
  Public,
  Require,
  Roles,
} from '../../packages/guard/src/adapters/nest/index.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';
import { type Platform, startApp } from './start-app.ts';

/**
 * On a machine that has much to do an answer takes seconds; one that does not come fails its test, before its process counts as stuck.
 * Unit: milliseconds.
 */
export const PATIENCE_MS = 40_000;

/** With `ws`, Nest tells the client nothing: the application does. */
export class Sender {
  catch(exception: WsException, host: ArgumentsHost) {
    const client = host.switchToWs().getClient<WebSocket>();
    client.send(JSON.stringify({ event: 'exception', data: exception.getError() }));
  }
}
decorate(Sender, Catch(WsException));

/** A gateway, as each test has one of its own. */
export function toGateway(gateway: ClassDecorator): Type {
  class ChatGateway {
    me(username: string | undefined) {
      return { event: 'me', data: username ?? null };
    }
    open(username: string | undefined) {
      return { event: 'open', data: username ?? null };
    }
    admin() {
      return { event: 'admin', data: true };
    }
  }
  decorate(ChatGateway, gateway, Require({}));
  decorate(ChatGateway, 'me', SubscribeMessage('me'));
  decorate(ChatGateway, 'open', SubscribeMessage('open'), Public());
  decorate(ChatGateway, 'admin', SubscribeMessage('admin'), Roles('admin'));
  decorateParameter(ChatGateway, 'me', Principal('username'));
  decorateParameter(ChatGateway, 'open', Principal('username'));
  return ChatGateway;
}

export async function connect(t: TestContext, url: string, options: ClientOptions = {}) {
  const client = new WebSocket(url.replace('http:', 'ws:'), options);
  t.after(() => client.terminate());
  keepFirst(client, 'close');
  await once(client, 'open');
  return {
    client,
    async ask(event: string, data: object = {}): Promise<unknown> {
      client.send(JSON.stringify({ event, data }));
      const answer = once(client, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
      const closed = onceOf(client, 'close').then(([code, reason]) => {
        throw new Error(`Closed before it answered: ${code} ${reason}`);
      });
      const [said] = await Promise.race([answer, closed]);
      return (JSON.parse(String(said)) as { data: unknown }).data;
    },
  };
}

/** With which code and reason a connection is closed. */
export async function closing(client: WebSocket): Promise<[number, string]> {
  const [code, reason] = await onceOf(client, 'close');
  return [code as number, String(reason)];
}

interface Emitter {
  once(event: string, listener: (...given: unknown[]) => void): unknown;
}
const firsts = new WeakMap<object, Map<string, Promise<unknown[]>>>();

/** A token may end while the machine is busy with something else, before the test waits for it. */
export function keepFirst(client: object, ...events: string[]): void {
  const emitter = client as Emitter;
  const kept = events.map(
    (event) =>
      [
        event,
        new Promise<unknown[]>((resolve) => emitter.once(event, (...given) => resolve(given))),
      ] as const,
  );
  firsts.set(client, new Map(kept));
}

/** The next event, or the first if it is kept. Clients of Socket.IO are emitters of their own make. */
export function onceOf(client: object, event: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    setTimeout(reject, PATIENCE_MS, new Error(`${event} did not come`)).unref();
    const first = firsts.get(client)?.get(event);
    if (first === undefined) (client as Emitter).once(event, (...given) => resolve(given));
    else first.then(resolve);
  });
}

export function startWs(
  t: TestContext,
  platform: Platform,
  more: object = {},
  gateway: Type = toGateway(WebSocketGateway({ path: '/chat' })),
) {
  decorate(gateway, UseFilters(Sender));
  return startApp(
    t,
    { providers: [gateway] },
    {
      platform,
      prepare: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
      options: { backchannelLogout: true, ...more },
    },
  );
}

export async function startSocketIo(
  t: TestContext,
  options: Partial<KeycloakModuleOptions> = {},
  gateway: Type = toGateway(WebSocketGateway()),
) {
  const app = await startApp(
    t,
    { providers: [gateway] },
    { options, prepare: (one) => one.useWebSocketAdapter(new IoAdapter(one)) },
  );
  const open = (given: object) => {
    const client = io(app.url, { transports: ['websocket'], ...given });
    t.after(() => client.disconnect());
    keepFirst(client, 'auth_error', 'connect_error', 'disconnect');
    const ask = (event: string) =>
      new Promise((resolve, reject) => {
        setTimeout(reject, PATIENCE_MS, new Error(`${event} was not answered`)).unref();
        client.once(event, resolve);
        client.once('exception', resolve);
        client.emit(event, {});
      });
    return { client, ask };
  };
  return { ...app, open };
}
