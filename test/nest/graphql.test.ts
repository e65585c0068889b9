import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Logger } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import {
  KeycloakGuard,
  KeycloakModule,
  type KeycloakModuleOptions,
  Principal,
  Public,
  Roles,
} from '../../packages/guard/src/adapters/nest/index.ts';
import { plainFetch } from '../../packages/testing/src/sign-in.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';
import { createApp, moduleOf, startApp } from './start-app.ts';

class MeResolver {
  me(username: string | undefined) {
    return username;
  }
  admin() {
    return true;
  }
  open() {
    return 'in';
  }
}
decorate(MeResolver, Resolver());
decorate(MeResolver, 'me', Query('me'));
decorate(MeResolver, 'admin', Query('admin'), Roles('admin'));
decorate(MeResolver, 'open', Query('open'), Public());
decorateParameter(MeResolver, 'me', Principal('username'));

async function start(
  t: TestContext,
  graphql: Partial<ApolloDriverConfig> = {},
  options: Partial<KeycloakModuleOptions> = {},
) {
  const app = await startApp(
    t,
    {
      imports: [
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: ApolloDriver,
          typeDefs: 'type Query { me: String, admin: Boolean, open: String }',
          ...graphql,
        }),
      ],
      providers: [MeResolver, { provide: APP_GUARD, useClass: KeycloakGuard }],
    },
    { options },
  );
  const ask = async (query: string, token?: string) => {
    const answer = await app.get('/graphql', token, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const { data, errors = [] } = (await answer.json()) as {
      data: object | null;
      errors?: { message: string; extensions: { code: string } }[];
    };
    return { data, errors: errors.map(({ message, extensions }) => [message, extensions.code]) };
  };
  return { ...app, ask };
}

describe('GraphQL in Nest, with Apollo', () => {
  test('the guard of the app decides on each resolver, and errors say UNAUTHENTICATED or FORBIDDEN', async (t) => {
    const { realm, ask } = await start(t);
    const token = realm.mint();
    assert.deepEqual(await ask('{ me open }', token), { data: { me: 'abdullah', open: 'in' }, errors: [] });
    const nobody = await ask('{ me open }');
    assert.deepEqual(nobody.data, { me: null, open: 'in' });
    assert.equal(nobody.errors[0]?.[1], 'UNAUTHENTICATED');
    assert.equal((await ask('{ me }', 'garbage')).errors[0]?.[1], 'UNAUTHENTICATED');
    const denied = await ask('{ me admin }', token);
    assert.deepEqual(denied.data, { me: 'abdullah', admin: null });
    assert.equal(denied.errors[0]?.[1], 'FORBIDDEN');
    const admin = realm.mint({ realm_access: { roles: ['admin'] } });
    assert.deepEqual((await ask('{ admin }', admin)).data, { admin: true });
  });

  test('an open resolver next to a guarded one does not take the caller away from it', async (t) => {
    const { realm, ask } = await start(t);
    const token = realm.mint();
    // The first time, the token is not known yet, and the guard decides later.
    for (let times = 0; times < 2; times++)
      assert.deepEqual((await ask('{ me open }', token)).data, { me: 'abdullah', open: 'in' });
  });

  test('the codes are there without the help of Nest’s driver', async (t) => {
    const { realm, ask } = await start(t, { autoTransformHttpErrors: false });
    assert.equal((await ask('{ me }')).errors[0]?.[1], 'UNAUTHENTICATED');
    assert.equal((await ask('{ admin }', realm.mint())).errors[0]?.[1], 'FORBIDDEN');
  });

  test('where the context has no request nobody gets in, until tokenFrom.graphql says where the token is', async (t) => {
    const lines: string[] = [];
    t.mock.method(Logger.prototype, 'error', (line: string) => void lines.push(line));
    const context = ({ req }: { req: { headers: { authorization?: string } } }) => ({
      // Nest puts the request there where no object is.
      req: {},
      token: req.headers.authorization?.slice('Bearer '.length),
    });
    const blind = await start(t, { context });
    assert.equal((await blind.ask('{ me }', blind.realm.mint())).errors[0]?.[1], 'INTERNAL_SERVER_ERROR');
    assert.match(lines.join('\n'), /The GraphQL context has no request/);
    const { realm, ask } = await start(
      t,
      { context },
      { tokenFrom: { graphql: (one) => one.getArgByIndex<{ token?: string }>(2).token } },
    );
    assert.deepEqual((await ask('{ me }', realm.mint())).data, { me: 'abdullah' });
    assert.equal((await ask('{ me }')).errors[0]?.[1], 'UNAUTHENTICATED');
  });

  test('at the address of no tenant a browser gets an error of GraphQL, no page', async (t) => {
    const keycloak = { serverUrl: 'http://127.0.0.1:9', clientId: 'web', clientSecret: 'a-secret' };
    const app = await createApp(
      'express',
      moduleOf({
        imports: [
          KeycloakModule.forRoot({
            ...{ ...keycloak, onNotice: false, session: { secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826' } },
            tenants: { of: () => undefined, get: async () => undefined },
          }),
          GraphQLModule.forRoot<ApolloDriverConfig>({
            driver: ApolloDriver,
            typeDefs: 'type Query { me: String, admin: Boolean, open: String }',
          }),
        ],
        providers: [MeResolver, { provide: APP_GUARD, useClass: KeycloakGuard }],
      }),
    );
    t.after(() => app.close());
    await app.listen(0, '127.0.0.1');
    const headers = {
      accept: 'text/html,*/*;q=0.8',
      'sec-fetch-mode': 'navigate',
      'content-type': 'application/json',
    };
    const init = { method: 'POST', headers, body: JSON.stringify({ query: '{ me }' }) };
    const answer = await plainFetch(`${await app.getUrl()}/graphql`, init);
    const { errors } = (await answer.json()) as { errors: { extensions: { code: string } }[] };
    assert.equal(errors[0]?.extensions.code, 'NOT_FOUND');
  });
});
