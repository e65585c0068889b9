// Every way in which messages reach handlers of Nest, with calls that share what the transport lets them share.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import {
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  type MessageEvent,
  Module,
  type ModuleMetadata,
  Scope,
  Sse,
  type Type,
  UseFilters,
  VersioningType,
} from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  type MicroserviceOptions,
  Server,
  Transport,
} from '@nestjs/microservices';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { firstValueFrom, from, lastValueFrom, map, type Observable } from 'rxjs';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { freePort } from '../support/free-port.ts';
import { decorate } from '../support/without-syntax.ts';
import { PATIENCE_MS, Sender } from './gateways.ts';
import type { Platform } from './start-app.ts';

/** A handler, and the token of who calls it. */
export type CallOf = readonly [handler: string, token: string | undefined];

/** Two classes whose handlers have the names of their methods. */
export interface Handlers {
  readonly types: readonly Type[];
  readonly names: (type: Type) => readonly string[];
}

export interface TransportOfNest {
  readonly name: string;
  readonly platform: Platform;
  /** Makes handlers of the methods. */
  register(handlers: Handlers): ModuleMetadata;
  prepare?(app: INestApplication): unknown;
  /** Where the module's option finds the token; left out: in the request. */
  readonly tokenFrom?: Readonly<Record<string, (context: ExecutionContext) => string | undefined>>;
  /** Makes all of these calls at once. @returns what came of each of them, in any order */
  call(app: INestApplication, calls: readonly CallOf[]): Promise<readonly string[]>;
  /** Whether each call reaches all handlers, and is not answered. */
  readonly isForAll?: boolean;
}

export const each = ({ types, names }: Handlers, decorator: (name: string) => MethodDecorator): void => {
  for (const type of types) for (const name of names(type)) decorate(type, name, decorator(name));
};
export const onClass = ({ types }: Handlers, ...decorators: (() => ClassDecorator)[]): void => {
  for (const type of types) decorate(type, ...decorators.map((one) => one()));
};
export const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };
export const inTime = () => AbortSignal.timeout(PATIENCE_MS);

// HTTP

const controllers = (handlers: Handlers): ModuleMetadata => ({ controllers: [...handlers.types] });

const overHttp =
  (prefix = '') =>
  (app: INestApplication, calls: readonly CallOf[]) =>
    Promise.all(
      calls.map(async ([name, token]) => {
        const url = `${await app.getUrl()}${prefix}/${name}`;
        const answer = await fetch(url, { headers: bearer(token), signal: inTime() });
        const text = await answer.text();
        return /^data: (.*)$/m.exec(text)?.[1] ?? text;
      }),
    );

const toHttp = (platform: Platform): TransportOfNest[] => [
  {
    ...{ name: `routes on ${platform}`, platform, call: overHttp() },
    register(handlers) {
      onClass(handlers, Controller);
      each(handlers, Get);
      return controllers(handlers);
    },
  },
  {
    ...{ name: `routes of classes made for each request on ${platform}`, platform, call: overHttp() },
    register(handlers) {
      onClass(handlers, () => Controller({ scope: Scope.REQUEST }));
      each(handlers, Get);
      return controllers(handlers);
    },
  },
  {
    name: `routes with a version, below a prefix and a RouterModule, on ${platform}`,
    platform,
    register(handlers) {
      onClass(handlers, () => Controller({ version: '1' }));
      each(handlers, Get);
      class Below {}
      Module(controllers(handlers))(Below);
      return { imports: [Below, RouterModule.register([{ path: 'below', module: Below }])] };
    },
    prepare: (app) => app.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI }),
    call: overHttp('/api/v1/below'),
  },
  {
    ...{ name: `server-sent events on ${platform}`, platform, call: overHttp() },
    register(handlers) {
      onClass(handlers, Controller);
      each(handlers, (name) => answering(Sse(name), (text): MessageEvent => ({ data: text })));
      return controllers(handlers);
    },
  },
];

/** A stream of one answer: as an observable, or as an iterable. */
export function answering(
  decorator: MethodDecorator,
  wrap: (text: string) => unknown,
  isIterable = false,
): MethodDecorator {
  return (target, key, descriptor: PropertyDescriptor) => {
    const answer = descriptor.value as (...given: unknown[]) => string;
    const stream = {
      [key as string](this: unknown, ...given: unknown[]) {
        const text = wrap(answer.apply(this, given));
        return isIterable ? iterate(text) : from([text]);
      },
    }[key as string] as object;
    Object.defineProperty(target, key, { ...descriptor, value: stream });
    return decorator(target, key, Object.getOwnPropertyDescriptor(target, key) as never);
  };
}

async function* iterate(one: unknown) {
  yield one;
}

export const groups = (calls: readonly CallOf[]): [string | undefined, CallOf[]][] =>
  [...new Set(calls.map(([, token]) => token))].map((token) => [
    token,
    calls.filter(([, own]) => own === token),
  ]);

// WebSockets

const gateways = (handlers: Handlers, gateway: () => ClassDecorator): ModuleMetadata => {
  onClass(handlers, gateway, () => UseFilters(Sender) as ClassDecorator);
  each(handlers, SubscribeMessage);
  return { providers: [...handlers.types] };
};
const tokenOfMessage = {
  ws: (context: ExecutionContext) => context.switchToWs().getData<{ token?: string }>()?.token,
};

const SOCKETS: readonly TransportOfNest[] = [
  {
    ...{
      name: 'messages on one socket of ws, to two gateways',
      platform: 'express',
      tokenFrom: tokenOfMessage,
    },
    register: (handlers) => {
      each(handlers, (name) => (target, key, descriptor: PropertyDescriptor) => {
        const answer = descriptor.value as (...given: unknown[]) => string;
        const { value } = Object.getOwnPropertyDescriptor(
          {
            [key](this: unknown, ...given: unknown[]) {
              return { event: name, data: answer.apply(this, given) };
            },
          },
          key,
        ) as PropertyDescriptor;
        Object.defineProperty(target, key, { ...descriptor, value });
      });
      return gateways(handlers, () => WebSocketGateway({ path: '/chat' }));
    },
    prepare: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
    async call(app, calls) {
      const client = new WebSocket(`${(await app.getUrl()).replace('http:', 'ws:')}/chat`);
      await once(client, 'open');
      const answers: string[] = [];
      client.on('message', (text) => {
        const { data } = JSON.parse(String(text)) as { data: string | { code: string } };
        answers.push(typeof data === 'string' ? data : data.code);
        if (answers.length === calls.length) client.terminate();
      });
      const { _socket: socket } = client as unknown as { _socket: Socket };
      socket.cork();
      for (const [event, token] of calls) client.send(JSON.stringify({ event, data: { token } }));
      socket.uncork();
      await once(client, 'close', { signal: inTime() });
      return answers;
    },
  },
  {
    name: 'messages on one socket of a namespace of Socket.IO, with acknowledgements',
    ...{ platform: 'fastify', tokenFrom: tokenOfMessage },
    register(handlers) {
      onClass(handlers, () => WebSocketGateway({ namespace: '/chat' }));
      each(handlers, SubscribeMessage);
      return { providers: [...handlers.types] };
    },
    prepare: (app) => app.useWebSocketAdapter(new IoAdapter(app)),
    async call(app, calls) {
      const client = io(`${await app.getUrl()}/chat`, { transports: ['websocket'], forceNew: true });
      await new Promise<void>((resolve) => void client.once('connect', () => resolve()));
      const answers: string[] = [];
      return new Promise((resolve) => {
        const add = (answer: string) => {
          answers.push(answer);
          if (answers.length < calls.length) return;
          client.disconnect();
          resolve(answers);
        };
        client.on('exception', ({ code }) => add(code));
        for (const [event, token] of calls) client.emit(event, { token }, add);
      });
    },
  },
];

// Microservices

const tokenOfRpc = {
  rpc: (context: ExecutionContext) => context.switchToRpc().getData<{ token?: string }>().token,
};
const ports = new WeakMap<INestApplication, number>();

async function listenByTcp(app: INestApplication): Promise<void> {
  const port = await freePort();
  ports.set(app, port);
  const options = { port, host: '127.0.0.1' };
  app.connectMicroservice<MicroserviceOptions>({ transport: Transport.TCP, options });
  await app.startAllMicroservices();
}

/** Runs handlers in this process, all of them with the same context. */
class InMemory extends Server {
  readonly #context = {};
  listen(callback: () => void): void {
    callback();
  }
  close(): void {}
  on(): void {}
  unwrap<T>(): T {
    throw new Error('There is nothing below');
  }
  async run(pattern: string, data: object): Promise<unknown> {
    const handler = this.getHandlers().get(pattern);
    return lastValueFrom(
      this.transformToObservable(await handler?.(data, this.#context)) as Observable<unknown>,
    );
  }
}
const strategies = new WeakMap<INestApplication, InMemory>();

async function listenInMemory(app: INestApplication): Promise<void> {
  const strategy = new InMemory();
  strategies.set(app, strategy);
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
}

const codeOf = (error: unknown) => {
  const { code, error: inner } = error as { code?: string; error?: { code?: string } };
  return String(code ?? inner?.code);
};

async function overTcp(app: INestApplication, calls: readonly CallOf[], isEvent = false) {
  const options = { port: ports.get(app) as number, host: '127.0.0.1' };
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
  try {
    await client.connect();
    const answers = calls.map(([name, token]) =>
      isEvent
        ? lastValueFrom(client.emit(name, { token }).pipe(map(String)), { defaultValue: '' })
        : firstValueFrom(client.send<string>(name, { token })).catch(codeOf),
    );
    return await Promise.all(answers);
  } finally {
    await client.close();
  }
}

const asMessages = (scope?: Scope) => (handlers: Handlers) => {
  onClass(handlers, () => (scope === undefined ? Controller() : Controller({ scope })));
  // One handler may have several patterns.
  each(handlers, (name) => MessagePattern([name, `${name}.again`]));
  return controllers(handlers);
};

const MICROSERVICES: readonly TransportOfNest[] = [
  {
    ...{
      name: 'messages on one connection of TCP, of a hybrid app',
      platform: 'express',
      tokenFrom: tokenOfRpc,
    },
    ...{ register: asMessages(), prepare: listenByTcp, call: overTcp },
  },
  {
    ...{
      name: 'messages of TCP to classes made for each of them',
      platform: 'express',
      tokenFrom: tokenOfRpc,
    },
    ...{ register: asMessages(Scope.REQUEST), prepare: listenByTcp },
    call: (app, calls) =>
      overTcp(
        app,
        calls.map(([name, token]) => [`${name}.again`, token]),
      ),
  },
  {
    ...{
      name: 'messages of a transport with one context for all',
      platform: 'fastify',
      tokenFrom: tokenOfRpc,
    },
    ...{ register: asMessages(), prepare: listenInMemory },
    call: (app, calls) =>
      Promise.all(
        calls.map(([name, token]) =>
          (strategies.get(app) as InMemory).run(name, { token }).then(String, codeOf),
        ),
      ),
  },
  {
    ...{
      name: 'events that several handlers take',
      platform: 'express',
      tokenFrom: tokenOfRpc,
      isForAll: true,
    },
    register(handlers) {
      onClass(handlers, Controller);
      each(handlers, () => EventPattern('happened'));
      return controllers(handlers);
    },
    prepare: listenByTcp,
    async call(app, calls) {
      await overTcp(
        app,
        groups(calls).map(([token]) => ['happened', token]),
        true,
      );
      return [];
    },
  },
];

export const TRANSPORTS: readonly TransportOfNest[] = [
  ...toHttp('express'),
  ...toHttp('fastify').filter(({ name }) => /^routes on|^server-sent/.test(name)),
  ...SOCKETS,
  ...MICROSERVICES,
];
