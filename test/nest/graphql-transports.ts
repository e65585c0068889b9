// GraphQL, with both drivers of Nest: fields of one operation share its request, subscriptions their socket.
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  type ExecutionContext,
  type INestApplication,
  Injectable,
  type ModuleMetadata,
  Scope,
} from '@nestjs/common';
import { GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Platform } from './start-app.ts';
import {
  answering,
  bearer,
  type CallOf,
  each,
  groups,
  type Handlers,
  inTime,
  onClass,
  type TransportOfNest,
} from './transports.ts';

const fields = ({ types, names }: Handlers) =>
  types
    .flatMap((type) => names(type))
    .map((name) => `${name}(token: String): String`)
    .join(' ');

function graphql(handlers: Handlers, options: object, root = 'Query'): ModuleMetadata {
  const typeDefs = `${root === 'Query' ? '' : 'type Query { none: String } '}type ${root} { ${fields(handlers)} }`;
  return {
    imports: [GraphQLModule.forRoot<ApolloDriverConfig>({ typeDefs, path: '/graphql', ...options } as never)],
    providers: [...handlers.types],
  };
}

const asDocument = (calls: readonly CallOf[], withTokens: boolean, root = 'query') => {
  const selected = calls.map(([name, token], index) => {
    const given = withTokens && token !== undefined ? `(token: "${token}")` : '';
    return `f${index}: ${name}${given}`;
  });
  return `${root} { ${selected.join(' ')} }`;
};

interface GraphqlAnswer {
  readonly data?: Readonly<Record<string, string | null>> | null;
  readonly errors?: readonly { extensions?: { code?: string } }[];
}
const read = ({ data, errors = [] }: GraphqlAnswer): string[] => [
  ...Object.values(data ?? {}).filter((one) => one !== null),
  ...errors.map(({ extensions }) => String(extensions?.code)),
];

async function post(app: INestApplication, body: object, token?: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json', ...bearer(token) };
  const answer = await fetch(`${await app.getUrl()}/graphql`, {
    ...{ method: 'POST', headers, body: JSON.stringify(body), signal: inTime() },
  });
  return answer.json();
}

const tokenOfField = {
  graphql: (context: ExecutionContext) => context.getArgByIndex<{ token?: string }>(1).token,
};

/** @param only what this driver does in a way of its own */
function toGraphql(name: string, platform: Platform, options: object, only = /^/): TransportOfNest[] {
  const register = (scope?: Scope) => (handlers: Handlers) => {
    onClass(handlers, () => Resolver(), ...(scope === undefined ? [] : [() => Injectable({ scope })]));
    each(handlers, (field) => Query(field));
    return graphql(handlers, options);
  };
  const byHeader = async (app: INestApplication, calls: readonly CallOf[]) => {
    const answers = groups(calls).map(([token, own]) => post(app, { query: asDocument(own, false) }, token));
    return (await Promise.all(answers)).flatMap((one) => read(one as GraphqlAnswer));
  };
  const all: TransportOfNest[] = [
    {
      ...{ name: `fields of one operation of ${name}`, platform, register: register(), call: byHeader },
    },
    {
      ...{ name: `fields of ${name}, of classes made for each request`, platform },
      ...{ register: register(Scope.REQUEST), call: byHeader },
    },
    {
      ...{ name: `operations of one batch of ${name}`, platform, register: register() },
      async call(app, calls) {
        const answers = groups(calls).map(([token, own]) =>
          post(
            app,
            own.map((one) => ({ query: asDocument([one], false) })),
            token,
          ),
        );
        return (await Promise.all(answers)).flatMap((all) => (all as GraphqlAnswer[]).flatMap(read));
      },
    },
    {
      ...{ name: `fields of one operation of ${name}, each with a token`, platform, register: register() },
      tokenFrom: tokenOfField,
      async call(app, calls) {
        return read((await post(app, { query: asDocument(calls, true) })) as GraphqlAnswer);
      },
    },
    {
      ...{ name: `subscriptions on one socket of ${name}`, platform, tokenFrom: tokenOfField },
      register(handlers) {
        onClass(handlers, () => Resolver());
        each(handlers, (field) => answering(Subscription(field), (text) => ({ [field]: text }), true));
        return graphql(handlers, options, 'Subscription');
      },
      async call(app, calls) {
        const url = `${(await app.getUrl()).replace('http:', 'ws:')}/graphql`;
        const client = createClient({ url, webSocketImpl: WebSocket });
        const answers = calls.map(async (one) => {
          const query = asDocument([one], true, 'subscription');
          const { value } = await client
            .iterate({ query })
            .next()
            .catch((errors) => ({ value: { errors } }));
          return read(value as GraphqlAnswer);
        });
        try {
          return (await Promise.all(answers)).flat();
        } finally {
          await client.dispose();
        }
      },
    },
  ];
  return all.filter((one) => only.test(one.name));
}

const APOLLO = {
  ...{ driver: ApolloDriver, allowBatchedHttpRequests: true },
  subscriptions: { 'graphql-ws': true },
};
const MERCURIUS = { driver: MercuriusDriver, allowBatchedQueries: true, subscription: true };

export const GRAPHQL: readonly TransportOfNest[] = [
  ...toGraphql('Apollo', 'express', APOLLO),
  ...toGraphql('Mercurius', 'fastify', MERCURIUS),
  ...toGraphql('Mercurius with its compiler', 'fastify', { ...MERCURIUS, jit: 1 }, /^fields of one|^subscr/),
];
