// Every kind of handler that a decorator can stand on, for tests of what becomes of it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  Catch,
  Controller,
  Get,
  type INestApplication,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type ModuleMetadata,
  Post,
  RequestMethod,
  Scope,
  SetMetadata,
  Sse,
  type Type,
  UseFilters,
} from '@nestjs/common';
import {
  GraphQLModule,
  GraphQLSchemaHost,
  Mutation,
  Query,
  ResolveField,
  ResolveReference,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { ClientProxyFactory, EventPattern, MessagePattern, Transport } from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { graphql, parse, subscribe } from 'graphql';
import { firstValueFrom, of } from 'rxjs';
import { WebSocket } from 'ws';
import { freePort } from '../support/free-port.ts';
import { decorate } from '../support/without-syntax.ts';
import { Sender } from './gateways.ts';

/** A class with one method for each decorator: `run0`, `run1`, … */
export interface Subject {
  readonly type: Type;
  readonly methods: readonly string[];
  /** Methods that ran. */
  readonly ran: Set<string>;
}

export interface KindOfHandler {
  readonly name: string;
  /** Decorates the class and its methods as the framework wants it, and says where it is registered. */
  register(subject: Subject): ModuleMetadata;
  prepare?(app: INestApplication): unknown;
  /** Calls a method; whatever comes of it. Left out where only the framework itself calls it. */
  call?(app: INestApplication, method: string, token?: string): Promise<unknown>;
}

/**
 * @param value what each method returns
 * @param name of the class
 */
export function toSubject(count: number, value: unknown = 'in', name = 'Subject'): Subject {
  const ran = new Set<string>();
  class Subject {}
  Object.defineProperty(Subject, 'name', { value: name });
  const methods = Array.from({ length: count }, (_, index) => `run${index}`);
  for (const method of methods) {
    const run = { [method]: () => ran.add(method) && value }[method];
    Object.defineProperty(Subject.prototype, method, { configurable: true, writable: true, value: run });
  }
  return { type: Subject, methods, ran };
}

function each(subject: Subject, decorator: (method: string) => MethodDecorator): Subject {
  for (const method of subject.methods) decorate(subject.type, method, decorator(method));
  return subject;
}

function onClass(subject: Subject, decorator: ClassDecorator): Subject {
  decorate(subject.type, decorator);
  return subject;
}

const headersOf = (token: string | undefined) =>
  token === undefined ? undefined : { authorization: `Bearer ${token}` };

const get =
  (method: 'GET' | 'POST' = 'GET') =>
  async (app: INestApplication, path: string, token?: string): Promise<unknown> => {
    const signal = AbortSignal.timeout(60_000);
    const url = `${await app.getUrl()}/${path}`;
    return (
      await fetch(url, { method, signal, ...(token && { headers: headersOf(token) as never }) })
    ).text();
  };

/** Runs a document on the schema, as every transport does. */
async function ask(app: INestApplication, source: string, token?: string): Promise<unknown> {
  const { schema } = app.get(GraphQLSchemaHost, { strict: false });
  const contextValue = { req: { headers: { ...headersOf(token) } } };
  if (!source.startsWith('subscription')) return graphql({ schema, source, contextValue });
  return subscribe({ schema, document: parse(source), contextValue });
}

function toGraphql(
  subject: Subject,
  typeDefs: string,
  options: Partial<ApolloDriverConfig> = {},
): ModuleMetadata {
  return {
    imports: [
      GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        typeDefs,
        path: '/graphql',
        ...options,
      }),
    ],
    providers: [subject.type],
  };
}

const fields = ({ methods }: Subject) => methods.map((name) => `${name}: String`).join(' ');

class Root {
  thing() {
    return {};
  }
}
decorate(Root, Resolver());
decorate(Root, 'thing', Query('thing'));

function toFields(subject: Subject, options?: Partial<ApolloDriverConfig>): ModuleMetadata {
  decorate(subject.type, Resolver('Thing'));
  each(subject, () => ResolveField());
  const typeDefs = `type Thing { ${fields(subject)} } type Query { thing: Thing }`;
  const { providers = [], ...rest } = toGraphql(subject, typeDefs, options);
  return { ...rest, providers: [...providers, Root] };
}

const toRoute = (subject: Subject, route: (path: string) => MethodDecorator = Get): ModuleMetadata => {
  decorate(subject.type, Controller());
  each(subject, route);
  return { controllers: [subject.type] };
};

const askForm = (kind: string) => (app: INestApplication, method: string, token?: string) =>
  ask(app, `${kind} { ${method} }`, token);

async function say(app: INestApplication, method: string, token?: string): Promise<unknown> {
  const url = (await app.getUrl()).replace('http:', 'ws:');
  const client = new WebSocket(`${url}/kinds`, { headers: headersOf(token) });
  await once(client, 'open');
  client.send(JSON.stringify({ event: method, data: {} }));
  await Promise.race([once(client, 'message'), once(client, 'close')]);
  client.terminate();
  return undefined;
}

const ports = new WeakMap<INestApplication, number>();

async function listenToMessages(app: INestApplication): Promise<void> {
  const port = await freePort();
  ports.set(app, port);
  app.connectMicroservice({ transport: Transport.TCP, options: { port, host: '127.0.0.1' } });
  await app.startAllMicroservices();
}

async function send(app: INestApplication, method: string, token?: string): Promise<unknown> {
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { port: ports.get(app) as number, host: '127.0.0.1' },
  });
  try {
    return await firstValueFrom(client.send(method, { token })).catch((error) => error);
  } finally {
    await client.close();
  }
}

/** Another package's decorator of a job, an event, a queue: metadata that Nest itself does not know. */
const foreign = (key: string) => (): MethodDecorator => SetMetadata(key, { every: 'day' });

const asController = (subject: Subject): ModuleMetadata => ({ controllers: [subject.type] });
const asProvider = (subject: Subject): ModuleMetadata => ({ providers: [subject.type] });

/** Kinds that Nest guards, with what calls them. */
export const GUARDED: readonly KindOfHandler[] = [
  { name: 'a route', register: (one) => toRoute(one), call: get() },
  { name: 'a route of any method', register: (one) => toRoute(one, Post), call: get('POST') },
  { name: 'server-sent events', register: (one) => toRoute(one, Sse), call: get() },
  {
    name: 'a route of a controller made for each request',
    register(subject) {
      decorate(subject.type, Controller({ scope: Scope.REQUEST }));
      each(subject, Get);
      return { controllers: [subject.type] };
    },
    call: get(),
  },
  {
    name: 'a route that a controller inherits',
    register(subject) {
      each(subject, Get);
      class Inheriting extends (subject.type as Type<object>) {}
      decorate(Inheriting, Controller());
      return { controllers: [Inheriting] };
    },
    call: get(),
  },
  ...(['query', 'mutation', 'subscription'] as const).map((kind): KindOfHandler => {
    const [decorator, name] = {
      query: [Query, 'Query'],
      mutation: [Mutation, 'Mutation'],
      subscription: [Subscription, 'Subscription'],
    }[kind] as [(name: string) => MethodDecorator, string];
    return {
      name: `a GraphQL ${kind}`,
      register(subject) {
        decorate(subject.type, Resolver());
        each(subject, decorator);
        return toGraphql(
          subject,
          `${name === 'Query' ? '' : 'type Query { other: String }'} type ${name} { ${fields(subject)} }`,
        );
      },
      call: askForm(kind),
    };
  }),
  {
    name: 'a field of GraphQL, where fields are guarded',
    register: (one) => toFields(one, { fieldResolverEnhancers: ['guards'] }),
    call: (app, method, token) => ask(app, `{ thing { ${method} } }`, token),
  },
  {
    name: 'a message of a gateway',
    register(subject) {
      decorate(subject.type, WebSocketGateway({ path: '/kinds' }), UseFilters(Sender));
      each(subject, SubscribeMessage);
      return asProvider(subject);
    },
    prepare: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
    call: say,
  },
  ...[MessagePattern, EventPattern].map(
    (pattern, index): KindOfHandler => ({
      name: index === 0 ? 'a message of a microservice' : 'an event of a microservice',
      register: (one) => toRoute(one, pattern),
      prepare: listenToMessages,
      call: send,
    }),
  ),
];

/** What a handler of the kind answers. */
export const answerOf = ({ name }: KindOfHandler): unknown =>
  name === 'server-sent events' ? of({ data: 'in' }) : name === 'a GraphQL subscription' ? nothing() : 'in';

async function* nothing() {}

/** What makes an app of all of them. Those of GraphQL have a schema each, and are not for that. */
export function together(all: readonly ModuleMetadata[]): ModuleMetadata {
  const every = (key: 'imports' | 'controllers' | 'providers') =>
    all.flatMap<never>((one) => (one[key] ?? []) as never);
  return { imports: every('imports'), controllers: every('controllers'), providers: every('providers') };
}

export const isOfGraphql = ({ name }: KindOfHandler): boolean => /GraphQL|entity/.test(name);

/** Kinds by the apps that they can be in. */
export const appsOf = (kinds: readonly KindOfHandler[]): KindOfHandler[][] => [
  kinds.filter((one) => !isOfGraphql(one)),
  ...kinds.filter(isOfGraphql).map((one) => [one]),
];

/** The name of a class, by its place and its kind. */
const classOf = (at: number, kind: string) => (kind.includes('inherits') ? 'Inheriting' : `Subject${at}`);
export const namesOf = (kinds: readonly KindOfHandler[]): string => kinds.map(({ name }) => name).join(', ');

/**
 * For `assert.rejects`: the message names every method of the classes of these kinds.
 *
 * @param count how many methods each class has
 * @param said what is said of each; the source of a regular expression
 */
export const namesEach =
  (kinds: readonly KindOfHandler[], count: number, said: string) =>
  ({ message }: Error): true => {
    for (const [at, { name }] of kinds.entries())
      for (let method = 0; method < count; method++)
        assert.match(message, new RegExp(`- ${classOf(at, name)}\\.run${method}: ${said}`), name);
    return true;
  };

/** Kinds that Nest runs no guard for. */
export const UNGUARDED: readonly KindOfHandler[] = [
  { name: 'a field of GraphQL', register: (one) => toFields(one) },
  {
    name: 'a field of GraphQL, where its filters are enhanced',
    register: (one) => toFields(one, { fieldResolverEnhancers: ['filters', 'interceptors'] }),
  },
  {
    name: 'a reference of a federated entity',
    register(subject) {
      decorate(subject.type, Resolver('Thing'));
      each(subject, () => ResolveReference());
      const typeDefs = 'type Thing { id: ID } type Query { thing: Thing }';
      const { providers = [], ...rest } = toGraphql(subject, typeDefs);
      return { ...rest, providers: [...providers, Root] };
    },
  },
  { name: 'a job', register: (one) => asProvider(each(one, foreign('SCHEDULE_CRON_OPTIONS'))) },
  {
    name: 'an event of this process',
    register: (one) => asProvider(each(one, foreign('EVENT_LISTENER_METADATA'))),
  },
  {
    name: 'a job of a queue',
    register: (one) => asProvider(each(one, foreign('bull:module_queue_process'))),
  },
  { name: 'a method of a service', register: asProvider },
  {
    name: 'a method of a service that a factory makes',
    register: ({ type }) => ({ providers: [{ provide: 'made', useFactory: () => new type() }] }),
  },
  {
    name: 'a method of a service that is a value',
    register: ({ type }) => ({ providers: [{ provide: 'given', useValue: new type() }] }),
  },
  { name: 'a route of a provider', register: (one) => asProvider(each(one, Get)) },
  {
    name: 'a message of a microservice in a provider',
    register: (one) => asProvider(each(one, MessagePattern)),
  },
  {
    name: 'a message of a class that is no gateway',
    register: (one) => asProvider(each(one, SubscribeMessage)),
  },
  {
    name: 'a method of a gateway that is no message',
    register: (one) => asProvider(onClass(one, WebSocketGateway({ path: '/kinds' }))),
    prepare: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
  },
  {
    name: 'a method of a controller that is no route',
    register: (one) => asController(onClass(one, Controller())),
  },
  {
    name: 'middleware',
    register({ type }) {
      Object.assign(type.prototype, {
        use: (_request: unknown, _response: unknown, next: () => void) => next(),
      });
      decorate(type, Injectable());
      class WithMiddleware {
        configure(consumer: MiddlewareConsumer) {
          consumer.apply(type).forRoutes({ path: 'any', method: RequestMethod.ALL });
        }
      }
      Module({})(WithMiddleware);
      return { imports: [WithMiddleware] };
    },
  },
  { name: 'an exception filter', register: (one) => asProvider(onClass(one, Catch())) },
];
