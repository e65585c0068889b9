// Nest runs no guard for types of GraphQL: a decorator on one of an application's schema stops its start.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ApolloDriver } from '@nestjs/apollo';
import type { Type } from '@nestjs/common';
import {
  Args,
  ArgsType,
  Field,
  GraphQLModule,
  InputType,
  ObjectType,
  Query,
  Resolver,
} from '@nestjs/graphql';
import { Roles as ConnectRoles } from '../../packages/connect/src/nest/index.ts';
import { OptionalAuth, Public, Roles } from '../../packages/guard/src/adapters/nest/index.ts';
import { GUARDS, startConnectApp } from '../connect/nest/start-connect-app.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';
import { startApp } from './start-app.ts';

const field = (on: Type, name: string, type: () => unknown) =>
  (Field(type as never) as PropertyDecorator)(on.prototype as object, name);

let made = 0;

/** Of a name that no other has: Nest puts all types of a process into one schema. */
function toType(kind: string, ...decorators: ClassDecorator[]): Type {
  made += 1;
  const name = `${kind}${made}`;
  const type = { [name]: class {} }[name] as Type;
  decorate(type, ...decorators);
  field(type, 'id', () => String);
  return type;
}

/** An application with one query. @param type what it returns */
function start(
  t: TestContext,
  type: unknown,
  { args, isConnect = false }: { args?: Type; isConnect?: boolean } = {},
) {
  class Things {
    one() {
      return { id: '1' };
    }
  }
  decorate(Things, Resolver());
  decorate(Things, 'one', Query((() => type) as never, { name: 'one', nullable: true }));
  if (args !== undefined) {
    const isInput = args.name.startsWith('ThingOfInput');
    const given = isInput ? Args('input', { type: () => args }) : Args({ type: () => args } as never);
    decorateParameter(Things, 'one', given);
    Reflect.defineMetadata('design:paramtypes', [args], Things.prototype, 'one');
  }
  const graphql = GraphQLModule.forRoot({ driver: ApolloDriver, autoSchemaFile: true } as never);
  const metadata = { imports: [graphql], providers: [Things] };
  return isConnect
    ? startConnectApp(t, { ...metadata, providers: [...metadata.providers, ...GUARDS] })
    : startApp(t, metadata);
}

describe('a decorator on a type of GraphQL', () => {
  const REFUSED =
    /- Thing\w*\d: it is a type of GraphQL, for which Nest runs no guard\. Put the decorator on the queries/;

  for (const [name, decorators] of [
    ['above @ObjectType()', [Roles('admin'), ObjectType()]],
    ['below it', [ObjectType(), Roles('admin')]],
    ['of callers without a token', [ObjectType(), OptionalAuth()]],
  ] as const) {
    test(`${name} stops the start, and says what to write instead`, async (t) => {
      await assert.rejects(start(t, toType('Thing', ...decorators)), REFUSED);
    });
  }

  test('that is a field of another, in a list, or a base class stops it too', async (t) => {
    const inner = toType('Thing', ObjectType(), Roles('admin'));
    const outer = toType('Outer', ObjectType());
    field(outer, 'things', () => [inner]);
    await assert.rejects(start(t, [outer]), REFUSED);
  });

  test('on one of its methods stops it', async (t) => {
    class Thing0 {
      secret() {
        return 'secret';
      }
    }
    decorate(Thing0, ObjectType());
    decorate(
      Thing0,
      'secret',
      Field(() => String),
      Roles('admin'),
    );
    await assert.rejects(start(t, Thing0), REFUSED);
  });

  test('of arguments stops it', async (t) => {
    const [thing, input, args] = [
      toType('Other', ObjectType()),
      toType('ThingOfInput', InputType(), Roles('admin')),
      toType('Thing', ArgsType(), Roles('admin')),
    ];
    for (const one of [input, args]) await assert.rejects(start(t, thing, { args: one }), REFUSED);
  });

  test('of the successor stops it', async (t) => {
    const type = toType('Thing', ObjectType(), ConnectRoles('realm:admin'));
    await assert.rejects(start(t, type, { isConnect: true }), REFUSED);
  });

  test('does not stop an application that does not use it, nor one where it opens', async (t) => {
    toType('Thing', ObjectType(), Roles('admin'));
    await start(t, toType('Thing', ObjectType()));
    await start(t, toType('Open', ObjectType(), Public()));
    await start(t, toType('Thing', ObjectType()), { isConnect: true });
  });
});
