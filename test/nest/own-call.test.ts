// What belongs to one call of a handler is seen by that call alone: two callers and two handlers at once, on every transport.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  type CallHandler,
  type ExecutionContext,
  type Type,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import * as connect from '../../packages/connect/src/nest/index.ts';
import {
  callerOf,
  KeycloakGuard,
  Permission,
  Principal,
  Public,
} from '../../packages/guard/src/adapters/nest/index.ts';
import { ALICE, BOB, CLIENT_UUID, createFakeKeycloak, grant, SECRET } from '../authz/fake-keycloak.ts';
import { GUARDS, startConnectApp } from '../connect/nest/start-connect-app.ts';
import { eventually } from '../support/eventually.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';
import { PATIENCE_MS } from './gateways.ts';
import { GRAPHQL } from './graphql-transports.ts';
import { startApp } from './start-app.ts';
import { type Handlers, TRANSPORTS, type TransportOfNest } from './transports.ts';

/** Holds every call that was admitted until so many of them are there, and what was refused meanwhile is refused. */
function createMeeting(count: number) {
  let all = () => {};
  const met = new Promise<void>((resolve) => {
    all = resolve;
  });
  let arrived = 0;
  return async () => {
    arrived += 1;
    if (arrived === count) {
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
      all();
    }
    await met;
  };
}

interface Seen {
  readonly answers: string[];
  readonly interceptors: string[];
}

/** Two classes with handlers that say which they are, whose call it is, and what was granted. */
function toHandlers(seen: Seen, count: number): Handlers {
  const say = (name: string, user: unknown, scopes: unknown): string => {
    const who = typeof user === 'object' ? (user as { preferred_username: string }).preferred_username : user;
    const text = `${name} for ${who ?? 'nobody'}${Array.isArray(scopes) ? ` with ${scopes}` : ''}`;
    seen.answers.push(text);
    return text;
  };
  class First {
    products(user: unknown, scopes: unknown) {
      return say('products', user, scopes);
    }
    open(user: unknown, scopes: unknown) {
      return say('open', user, scopes);
    }
  }
  class Second {
    books(user: unknown, scopes: unknown) {
      return say('books', user, scopes);
    }
  }
  const meet = createMeeting(count);
  const slow = {
    async intercept(context: ExecutionContext, next: CallHandler) {
      await meet();
      seen.interceptors.push(`${context.getHandler().name} for ${callerOf(context)?.username ?? 'nobody'}`);
      return next.handle();
    },
  };
  for (const type of [First, Second]) decorate(type, UseInterceptors(slow));
  return {
    types: [First, Second],
    names: (type: Type) => (type === First ? ['products', 'open'] : ['books']),
  };
}

const OURS: Readonly<Record<string, (handlers: Handlers) => void>> = {
  'keycloak-guard/nest'({ types: [First, Second] }) {
    if (First === undefined || Second === undefined) return;
    decorate(First, 'products', Permission('products#read'));
    decorate(First, 'open', Public());
    decorate(Second, 'books', Permission('books#check'));
    for (const [type, name] of [
      [First, 'products'],
      [First, 'open'],
      [Second, 'books'],
    ] as const)
      decorateParameter(type, name, Principal('username'));
  },
  '@keycloak-guard/connect/nest'({ types: [First, Second] }) {
    if (First === undefined || Second === undefined) return;
    decorate(First, 'products', connect.Resource('products'), connect.Scopes('read'));
    decorate(First, 'open', connect.Public());
    decorate(Second, 'books', connect.Resource('books'), connect.Scopes('check'));
    for (const type of [First, Second])
      decorate(type, UseGuards(connect.AuthGuard, connect.ResourceGuard, connect.RoleGuard));
    for (const [type, name] of [
      [First, 'products'],
      [First, 'open'],
      [Second, 'books'],
    ] as const) {
      decorateParameter(type, name, connect.KeycloakUser());
      decorateParameter(type, name, connect.ResolvedScopes(), 1);
    }
  },
};

/** An app on a Keycloak in memory: Alice may read products and check books, Bob may read products. */
async function start(t: TestContext, module: string, transport: TransportOfNest, handlers: Handlers) {
  const fake = createFakeKeycloak();
  const own = { owner: CLIENT_UUID, scopes: ['read', 'check'] };
  fake.resources.push(
    { id: 'aaaaaaaa-0000-4000-8000-0000000000a1', name: 'products', ...own },
    { id: 'aaaaaaaa-0000-4000-8000-0000000000a2', name: 'books', ...own },
  );
  grant(fake, ALICE, 'products#read', 'books#check');
  grant(fake, BOB, 'products#read');
  const { realm, fetch } = fake;
  // Innermost first: what makes a handler of a method may replace it.
  const metadata = transport.register(handlers);
  OURS[module]?.(handlers);
  const { platform, tokenFrom } = transport;
  const prepare = transport.prepare && { prepare: transport.prepare };
  const { app } =
    module === 'keycloak-guard/nest'
      ? await startApp(
          t,
          {
            ...metadata,
            providers: [...(metadata.providers ?? []), { provide: APP_GUARD, useClass: KeycloakGuard }],
          },
          {
            ...{ platform, realm, ...prepare },
            options: {
              ...{ fetch, tokenCheck: 'local', permissions: { clientSecret: SECRET, fetch } },
              ...(tokenFrom && { tokenFrom }),
            } as never,
          },
        )
      : await startConnectApp(
          t,
          { ...metadata, providers: [...(metadata.providers ?? []), ...GUARDS] },
          {
            ...{ platform, realm, ...prepare },
            config: {
              ...{ secret: SECRET, verifier: { fetch, tokenCheck: 'local' } },
              ...(tokenFrom && { tokenFrom }),
            },
          },
        );
  return { app, fake };
}

/** That of Nest 10 answers a refused subscription with a message that the protocol does not have. */
const isBroken = (name: string): boolean =>
  process.env.NEST_VERSION === '10' && name.startsWith('subscriptions on one socket of Mercurius');

/** The successor finds its caller and its grants as ours does: one of each way in which Nest calls guards. */
const OF_CONNECT =
  /^(?:routes on express|server-sent events on fastify|messages on one .*|messages of a transport .*|events .*|.* each with a token|subscriptions .*)$/;

for (const module of Object.keys(OURS)) {
  describe(`a call of a handler has its own caller and its own grants, with ${module}`, () => {
    const isChosen = ({ name }: TransportOfNest) => module === 'keycloak-guard/nest' || OF_CONNECT.test(name);
    for (const transport of [...TRANSPORTS, ...GRAPHQL].filter(isChosen)) {
      const skip =
        isBroken(transport.name) && 'this Mercurius ends the socket where it refuses a subscription';
      test(transport.name, { timeout: PATIENCE_MS, skip }, async (t) => {
        const seen: Seen = { answers: [], interceptors: [] };
        const { isForAll = false } = transport;
        const handlers = toHandlers(seen, isForAll ? 6 : 4);
        const { app, fake } = await start(t, module, transport, handlers);
        // Where one of several handlers refuses an event, Nest cancels the others.
        if (isForAll) grant(fake, BOB, 'books#check');
        const [alice, bob] = [
          fake.tokenOf(ALICE, { preferred_username: 'alice' }),
          fake.tokenOf(BOB, { preferred_username: 'bob' }),
        ];
        const answers = await transport.call(app, [
          ['books', bob],
          ['products', alice],
          ['books', alice],
          ['products', bob],
          ...(isForAll ? [] : [['open', undefined] as const]),
        ]);
        const isConnect = module === '@keycloak-guard/connect/nest';
        const granted = (name: string, user: string, scope: string) =>
          `${name} for ${user}${isConnect ? ` with ${scope}` : ''}`;
        // An event reaches the open handler too, and the successor says who sent it.
        const open = isForAll && isConnect ? ['alice', 'bob'] : isForAll ? ['nobody', 'nobody'] : ['nobody'];
        const expected = [
          granted('books', 'alice', 'check'),
          ...(isForAll ? [granted('books', 'bob', 'check')] : []),
          ...open.map((user) => `open for ${user}`),
          granted('products', 'alice', 'read'),
          granted('products', 'bob', 'read'),
        ];
        await eventually('all handlers ran', () => seen.answers.length >= expected.length);
        assert.deepEqual(seen.answers.toSorted(), expected);
        assert.deepEqual(
          seen.interceptors.toSorted(),
          expected.map((one) => one.replace(/ with .*/, '')),
        );
        if (!isForAll)
          assert.deepEqual(answers.map(toOutcome).toSorted(), [...expected, 'refused'].toSorted());
      });
    }
  });
}

const toOutcome = (answer: string): string =>
  /^FORBIDDEN$|"Not enough permissions"/.test(answer) ? 'refused' : answer;
