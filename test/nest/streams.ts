// Server-sent events and a GraphQL subscription that stay open, for tests of their end.
import assert from 'node:assert/strict';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Controller, type INestApplication, type ModuleMetadata, Sse } from '@nestjs/common';
import { GraphQLModule, GraphQLSchemaHost, Query, Resolver, Subscription } from '@nestjs/graphql';
import { parse, subscribe } from 'graphql';
import { concat, NEVER, of } from 'rxjs';
import { decorate } from '../support/without-syntax.ts';
import { PATIENCE_MS } from './gateways.ts';

/** `GET /events` and `subscription { events }`: one event, and nothing more. */
export function toStreams(...decorators: MethodDecorator[]) {
  class EventsController {
    events() {
      return concat(of({ data: 'one' }), NEVER);
    }
  }
  decorate(EventsController, Controller());
  decorate(EventsController, 'events', Sse('events'), ...decorators);
  class EventsResolver {
    other() {
      return 'in';
    }
    async *events() {
      yield { events: 'one' };
      await new Promise(() => {});
    }
  }
  decorate(EventsResolver, Resolver());
  decorate(EventsResolver, 'other', Query('other'));
  decorate(EventsResolver, 'events', Subscription('events'), ...decorators);
  const rest: ModuleMetadata = { controllers: [EventsController] };
  const graphql: ModuleMetadata = {
    imports: [
      GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        typeDefs: 'type Query { other: String } type Subscription { events: String }',
      }),
    ],
    providers: [EventsResolver],
  };
  return { rest, graphql };
}

export interface Stream {
  /** The next event; `undefined` at the end. */
  next(): Promise<unknown>;
}

export async function openEvents(answer: Response): Promise<Stream> {
  assert.equal(answer.status, 200);
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  return {
    // An event ends with an empty line, wherever the network cuts.
    async next() {
      for (;;) {
        const [event, rest] = text.trimStart().split(/\n\n(.*)/s, 2);
        if (rest !== undefined) {
          text = rest;
          return event;
        }
        const { done, value } = await inTime(reader.read());
        if (done) return undefined;
        text += Buffer.from(value as Uint8Array).toString();
      }
    },
  };
}

export async function openSubscription(app: INestApplication, token: string): Promise<Stream> {
  const { schema } = app.get(GraphQLSchemaHost, { strict: false });
  const contextValue = { req: { headers: { authorization: `Bearer ${token}` } } };
  const found = await subscribe({
    schema,
    document: parse('subscription { events }'),
    contextValue,
  });
  assert.ok(Symbol.asyncIterator in found, JSON.stringify(found));
  return {
    async next() {
      const { done, value } = await inTime(found.next());
      return done ? undefined : (value as { data: { events: unknown } }).data.events;
    },
  };
}

function inTime<T>(promise: Promise<T>): Promise<T> {
  return Promise.race([
    promise,
    new Promise<never>((_, reject) => {
      setTimeout(reject, PATIENCE_MS, new Error('nothing came')).unref();
    }),
  ]);
}
