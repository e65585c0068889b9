// References of a federated schema: a gateway asks for entities, and the resolver of each kind may be guarded.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApolloFederationDriver } from '@nestjs/apollo';
import type { ModuleMetadata, Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  Context,
  GraphQLModule,
  Query,
  ResolveField,
  ResolveReference,
  Resolver,
  Root,
} from '@nestjs/graphql';
import { MercuriusFederationDriver } from '@nestjs/mercurius';
import * as connect from '../../packages/connect/src/nest/index.ts';
import { KeycloakGuard, Principal, Public, Roles } from '../../packages/guard/src/adapters/nest/index.ts';
import { GUARDS, startConnectApp } from '../connect/nest/start-connect-app.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';
import { startApp } from './start-app.ts';

const DRIVERS = [
  ['Apollo', 'express', ApolloFederationDriver],
  ['Mercurius', 'fastify', MercuriusFederationDriver],
] as const;

interface Of {
  readonly caller: () => ParameterDecorator;
  readonly admin: () => MethodDecorator;
  readonly open: () => MethodDecorator;
}
const MODULES: Readonly<Record<string, Of>> = {
  nest: { caller: () => Principal('username'), admin: () => Roles('admin'), open: Public },
  'connect/nest': {
    caller: connect.KeycloakUser,
    admin: () => connect.Roles('realm:admin'),
    open: connect.Public,
  },
};

type User = string | { readonly preferred_username: string } | undefined;
const nameOf = (user: User): string =>
  typeof user === 'object' ? user.preferred_username : (user ?? 'nobody');

/** Three entities: of whoever has a token, of administrators, of all. */
function toEntities({ caller, admin, open }: Of, driver: unknown): ModuleMetadata {
  function toResolver(entity: string, ...decorators: MethodDecorator[]): Type {
    class Entities {
      any() {
        return 'any';
      }
      find({ id }: { id: string }, user: User, context: object) {
        assert.ok('req' in context || 'reply' in context);
        return { id, by: nameOf(user) };
      }
      secret(user: User) {
        return `secret for ${nameOf(user)}`;
      }
    }
    decorate(Entities, Resolver(entity));
    if (entity === 'Product') decorate(Entities, 'any', Query('any'));
    decorate(Entities, 'find', ResolveReference(), ...decorators);
    decorate(Entities, 'secret', ResolveField('secret'), admin());
    decorateParameter(Entities, 'find', Root());
    decorateParameter(Entities, 'find', caller(), 1);
    decorateParameter(Entities, 'find', Context(), 2);
    decorateParameter(Entities, 'secret', caller());
    return Entities;
  }
  const fields = '@key(fields: "id") { id: ID by: String secret: String }';
  const typeDefs = `type Query { any: String } type Product ${fields} type Report ${fields} type Page ${fields}`;
  const options = { driver, typeDefs, path: '/graphql', fieldResolverEnhancers: ['guards'] };
  return {
    imports: [GraphQLModule.forRoot(options as never)],
    providers: [toResolver('Product'), toResolver('Report', admin()), toResolver('Page', open())],
  };
}

const query = `query ($all: [_Any!]!) { _entities(representations: $all) {
  ... on Product { id by } ... on Report { id by } ... on Page { id by } } }`;
const all = ['Product', 'Report', 'Page', 'Product'].map((name, id) => ({
  __typename: name,
  id: String(id),
}));
const ADMIN = { realm_access: { roles: ['admin'] } };

for (const [driver, platform, type] of DRIVERS) {
  for (const [module, of] of Object.entries(MODULES)) {
    describe(`references of ${driver} behind the guards of ${module}`, () => {
      test('each resolver has the caller of its request, and refuses whom it does not admit', async (t) => {
        const { imports = [], providers = [] } = toEntities(of, type);
        const { realm, get } =
          module === 'nest'
            ? await startApp(
                t,
                { imports, providers: [...providers, { provide: APP_GUARD, useClass: KeycloakGuard }] },
                { platform },
              )
            : await startConnectApp(t, { imports, providers: [...providers, ...GUARDS] }, { platform });
        const ask = async (token: string | undefined, source = query) => {
          const answer = await get('/graphql', token, {
            ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
            body: JSON.stringify({ query: source, variables: { all } }),
          });
          const { data, errors = [] } = (await answer.json()) as {
            data?: { _entities: ({ id: string; by: string; secret?: string } | null)[] };
            errors?: { extensions?: { code: string } }[];
          };
          const found = data?._entities.map((one) => one && (one.secret ?? `${one.id} by ${one.by}`));
          return { found, errors: errors.map(({ extensions }) => extensions?.code) };
        };
        const page = module === 'nest' ? '2 by nobody' : '2 by sara';
        const sara = { preferred_username: 'sara' };
        assert.deepEqual(await ask(realm.mint({ ...sara, ...ADMIN })), {
          found: ['0 by sara', '1 by sara', page, '3 by sara'],
          errors: [],
        });
        assert.deepEqual(await ask(realm.mint(sara)), {
          found: ['0 by sara', null, page, '3 by sara'],
          errors: ['FORBIDDEN'],
        });
        assert.deepEqual(await ask(undefined), {
          found: [null, null, '2 by nobody', null],
          errors: ['UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
        });
        const secrets = query.replaceAll('id by', 'secret');
        assert.deepEqual((await ask(realm.mint({ ...sara, ...ADMIN }), secrets)).found, [
          ...Array(4).fill('secret for sara'),
        ]);
        const [first, ...rest] = (await ask(realm.mint(sara), secrets)).errors;
        assert.deepEqual([first, rest.length], ['FORBIDDEN', 3]);
      });
    });
  }
}
