// The recipes of docs/frameworks/graphql-and-rpc.md are called. Their types: program-types.test.ts.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { codeBlocks } from '../../tools/docs/documents.ts';
import { ROOT } from '../repo/source-imports.ts';
import { startTestIdp } from '../support/dev-idp.ts';

const FOLDER = join(ROOT, `reports/graphql-and-rpc-${process.pid}`);
const programs = codeBlocks('docs/frameworks/graphql-and-rpc.md').filter(({ info }) => info.endsWith('.mts'));
const tokens: { plain?: string; admin?: string } = {};
let idp: DevIdp;

before(async () => {
  idp = await startTestIdp();
  mkdirSync(FOLDER, { recursive: true });
  for (const { info, text } of programs) {
    const here = text.replace("'http://localhost:8080'", `'${idp.url}'`).replace('port: 4000', 'port: 0');
    writeFileSync(join(FOLDER, info), here);
  }
  tokens.plain = await idp.issueToken();
  tokens.admin = await idp.issueToken({ claims: { realm_access: { roles: ['admin'] } } });
});
after(async () => {
  await idp.close();
  rmSync(FOLDER, { recursive: true, force: true });
});

/** Asks for a field, with a token: what it is, or the code of the error. */
type Ask = (field: string, token?: string) => Promise<unknown>;

const load = (name: string) => import(join(FOLDER, name));
const init = (field: string, token?: string) => ({
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  },
  body: JSON.stringify({ query: `{ ${field} }` }),
});
interface GraphQLAnswer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
}
const read = (field: string, { data, errors }: GraphQLAnswer) =>
  errors?.[0]?.extensions?.code ?? data?.[field];

const SERVERS: Readonly<Record<string, (t: TestContext) => Promise<Ask>>> = {
  async 'yoga.mts'() {
    const { yoga } = await load('yoga.mts');
    return async (field, token) =>
      read(field, await (await yoga.fetch('http://localhost/graphql', init(field, token))).json());
  },
  async 'apollo.mts'(t) {
    const { server, url } = await load('apollo.mts');
    t.after(() => server.stop());
    return async (field, token) =>
      read(field, (await (await fetch(url, init(field, token))).json()) as GraphQLAnswer);
  },
  async 'mercurius.mts'(t) {
    const { app } = await load('mercurius.mts');
    t.after(() => app.close());
    return async (field, token) => {
      const { headers, body } = init(field, token);
      const answer = await app.inject({ method: 'POST', url: '/graphql', headers, payload: body });
      return answer.statusCode === 401 ? 'UNAUTHENTICATED' : read(field, answer.json());
    };
  },
  async 'trpc.mts'() {
    const { default: server } = await load('trpc.mts');
    return async (field, token) => {
      const { headers } = init(field, token);
      const answer = await server.fetch(new Request(`http://localhost/trpc/${field}`, { headers }));
      const { result, error } = await answer.json();
      return error?.data.code.replace('UNAUTHORIZED', 'UNAUTHENTICATED') ?? result.data;
    };
  },
};

/** How a subscription begins, and how the application says something to all of them. */
interface Subscribed {
  send(order: string): void;
  read(token?: string): Promise<Response>;
}

const bearer = (token: string | undefined) => ({
  accept: 'text/event-stream',
  ...(token !== undefined && { authorization: `Bearer ${token}` }),
});

const SUBSCRIPTIONS: Readonly<Record<string, () => Promise<Subscribed>>> = {
  async 'yoga.mts'() {
    const { yoga, pubsub } = await load('yoga.mts');
    const query = encodeURIComponent('subscription { orders }');
    return {
      send: (order) => pubsub.publish('orders', order),
      read: (token) => yoga.fetch(`http://localhost/graphql?query=${query}`, { headers: bearer(token) }),
    };
  },
  async 'trpc.mts'() {
    const { default: server, orders } = await load('trpc.mts');
    return {
      send: (order) => orders.emit('order', order),
      read: (token) => server.fetch(new Request('http://localhost/trpc/orders', { headers: bearer(token) })),
    };
  },
};

describe('docs/frameworks/graphql-and-rpc.md', () => {
  test('each of its programs is one of these', () => {
    assert.deepEqual(
      programs.map(({ info }) => info),
      Object.keys(SERVERS),
    );
  });

  // They wait.
  describe('a subscription is for who is signed in, and is done when its token expires', {
    concurrency: true,
  }, () => {
    for (const [name, start] of Object.entries(SUBSCRIPTIONS)) {
      test(name, async () => {
        const { send, read: open } = await start();
        assert.match(await (await open()).text(), /UNAUTHENTICATED|UNAUTHORIZED/);
        const token = await idp.issueToken({ claims: { exp: Math.ceil(Date.now() / 1000) + 3 } });
        const answer = await open(token);
        const reader = (answer.body as ReadableStream)
          .pipeThrough<string>(new TextDecoderStream())
          .getReader();
        let text = '';
        // Again and again: nobody says when the subscription begins to listen.
        const sending = setInterval(() => send('order 7'), 50);
        try {
          while (!text.includes('order 7')) {
            const { value = '', done } = await reader.read();
            assert.equal(done, false, text);
            text += value;
          }
        } finally {
          clearInterval(sending);
        }
        for (;;) {
          const { value = '', done } = await reader.read();
          if (done || /event: (complete|return)/.test(value)) break;
        }
      });
    }
  });

  test('yoga.mts lets no page of another origin read its answers', async () => {
    const { yoga } = await load('yoga.mts');
    for (const method of ['POST', 'OPTIONS']) {
      const { headers, body } = init('hello');
      const origin = 'http://other.localhost:4000';
      const answer = await yoga.fetch('http://localhost/graphql', {
        method,
        headers: { ...headers, origin, 'access-control-request-method': 'POST' },
        ...(method === 'POST' && { body }),
      });
      assert.equal(answer.headers.get('access-control-allow-origin'), null, method);
    }
  });

  for (const [name, start] of Object.entries(SERVERS)) {
    test(`${name}: who may gets an answer, who may not an error that says which`, async (t) => {
      const ask = await start(t);
      const { plain, admin } = tokens;
      assert.equal(await ask('hello'), 'everybody');
      assert.equal(await ask('hello', plain), 'everybody');
      assert.equal(await ask('me'), 'UNAUTHENTICATED');
      assert.equal(await ask('me', plain), 'abdullah');
      assert.equal(await ask('me', `${plain?.slice(0, -4)}AAAA`), 'UNAUTHENTICATED');
      assert.equal(await ask('users'), 'UNAUTHENTICATED');
      assert.equal(await ask('users', plain), 'FORBIDDEN');
      assert.deepEqual(await ask('users', admin), ['abdullah']);
    });
  }
});
