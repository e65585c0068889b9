// What Nest has in its container, and which of it runs no guard, without an application.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CanActivate, ExecutionContext, Type } from '@nestjs/common';
import { APP_GUARD, ExternalContextCreator, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { of } from 'rxjs';
import {
  asOurs,
  GlobalGuards,
  globalGuardsOf,
  guardMessages,
  KeycloakGuard,
  LoginLimitsGuard,
} from '../../packages/guard/src/adapters/nest/guards.ts';
import { appGuardsIn, registeredIn } from '../../packages/guard/src/adapters/nest/handlers.ts';
import { KeycloakModule } from '../../packages/guard/src/adapters/nest/module.ts';
import { KeycloakService } from '../../packages/guard/src/adapters/nest/service.ts';
import {
  findOpenReferences,
  findUnguarded,
  refuseUnguarded,
} from '../../packages/guard/src/adapters/nest/unguarded.ts';

type Place = 'controllers' | 'providers' | 'injectables' | 'middlewares';

/** A module of Nest's container. */
function toModule(given: Partial<Record<Place, Record<string, unknown> | readonly unknown[]>>) {
  const toMap = (all: Record<string, unknown> | readonly unknown[] = {}) =>
    new Map(
      Array.isArray(all)
        ? all.map((type) => [type, { metatype: type, instance: undefined }])
        : Object.entries(all),
    );
  const added: unknown[] = [];
  return {
    ...{ controllers: toMap(given.controllers), providers: toMap(given.providers) },
    ...{ injectables: toMap(given.injectables), middlewares: toMap(given.middlewares) },
    added,
    addInjectable: (...one: unknown[]) => void added.push(one),
  };
}
const toModules = (...modules: ReturnType<typeof toModule>[]) =>
  new Map(modules.map((one, at) => [String(at), one])) as never;
const on = (method: object, data: Record<string, unknown>) => {
  for (const [key, value] of Object.entries(data)) Reflect.defineMetadata(key, value, method);
};

const RESOLVER = 'graphql:resolver_type';
const GATEWAY = { 'websockets:is_gateway': true };
const GRAPHQL = (...fieldResolverEnhancers: string[]) =>
  toModule({ providers: { GqlModuleOptions: { metatype: Object, instance: { fieldResolverEnhancers } } } });

/** A class with one method of the metadata. */
function toClass(
  data: Record<string, unknown>,
  ofClass: Record<string, unknown> = {},
  name = 'handler',
): Type {
  class Subject {}
  Object.defineProperty(Subject.prototype, name, { value() {}, configurable: true });
  on((Subject.prototype as never)[name], data);
  on(Subject, ofClass);
  return Subject as Type;
}

describe('the classes in Nest’s container', () => {
  test('are those of controllers, providers, guards and middleware, and what factories made', () => {
    class A {}
    class B {}
    class C {}
    class D {}
    class E {}
    const modules = toModules(
      toModule({
        controllers: [A],
        providers: {
          b: { metatype: B },
          // A factory: what it made has a class.
          c: { metatype: () => new C(), inject: [], instance: new C() },
          none: { metatype: () => ({}), inject: [], instance: {} },
          text: { metatype: null, instance: 'text' },
          nothing: { metatype: null, instance: null },
          bare: { metatype: null, instance: Object.create(null) },
          value: { metatype: Object, instance: {} },
        },
        injectables: [D],
        middlewares: [E],
      }),
      toModule({ controllers: [B], providers: [A] }),
    );
    const found = registeredIn(modules).map(({ controller, isController }) => [controller, isController]);
    assert.deepEqual(found, [
      [A, true],
      [B, true],
      [C, false],
      [D, false],
      [E, false],
    ]);
  });

  test('have their own methods and inherited ones, each as it is called', () => {
    class Base {
      kept() {}
      replaced() {}
      get accessor() {
        return () => {};
      }
    }
    class Sub extends Base {
      override replaced() {}
      own() {}
    }
    const [one] = registeredIn(toModules(toModule({ providers: [Sub] })));
    assert.deepEqual(
      one?.handlers.map(({ name, method }) => [name, method]),
      [
        ['Sub.replaced', Sub.prototype.replaced],
        ['Sub.own', Sub.prototype.own],
        ['Sub.kept', Base.prototype.kept],
      ],
    );
  });

  const route = { method: 0, path: '/' };
  const cases: readonly (readonly [
    what: string,
    type: Type,
    kinds: string[],
    inController: string[],
    asProvider: string[],
  ])[] = [
    ['a route', toClass(route), ['http'], [], ['http']],
    ['events', toClass({ ...route, __sse__: true }), ['sse'], [], ['sse']],
    ['no events', toClass({ __sse__: true }), [], [], []],
    ['a message', toClass({ 'microservices:handler_type': 1 }), ['rpc'], [], ['rpc']],
    ['a message of a gateway', toClass({ 'websockets:message_mapping': true }, GATEWAY), ['ws'], [], []],
    ['a message of no gateway', toClass({ 'websockets:message_mapping': true }), ['ws'], ['ws'], ['ws']],
    ['a query', toClass({ [RESOLVER]: 'Query' }), ['graphql'], [], []],
    ['a mutation', toClass({ [RESOLVER]: 'Mutation' }), ['graphql'], [], []],
    ['a subscription', toClass({ [RESOLVER]: 'Subscription' }), ['subscription'], [], []],
    ['a query by its class', toClass({}, { [RESOLVER]: 'Query' }), ['graphql'], [], []],
    ['a field', toClass({ 'graphql:resolve_property': true }), ['field'], ['field'], ['field']],
    ['a reference', toClass({ 'graphql:resolve_reference': true }), ['field'], ['field'], ['field']],
    ['a type', toClass({ [RESOLVER]: 'Query' }, {}, '__resolveType'), ['graphql'], ['graphql'], ['graphql']],
    ['nothing', toClass({}), [], [], []],
  ];
  for (const [what, type, kinds, inController, asProvider] of cases) {
    test(`${what}: Nest runs a guard for it in the right place alone`, () => {
      for (const [place, unguarded] of [
        ['controllers', inController],
        ['providers', asProvider],
      ] as const) {
        const [one] = registeredIn(toModules(toModule({ [place]: [type] })));
        assert.deepEqual([one?.handlers[0]?.kinds, one?.handlers[0]?.unguarded], [kinds, unguarded], place);
      }
    });
  }

  test('have guarded fields where every GraphQL module has the option', () => {
    const field = toClass({ 'graphql:resolve_property': true });
    const unguarded = (...graphql: ReturnType<typeof toModule>[]) =>
      registeredIn(toModules(toModule({ providers: [field] }), ...graphql))
        .find(({ controller }) => controller === field)
        ?.handlers.map((one) => one.unguarded.join());
    assert.deepEqual(unguarded(), ['field']);
    assert.deepEqual(unguarded(GRAPHQL('guards')), ['']);
    assert.deepEqual(unguarded(GRAPHQL('guards'), GRAPHQL('interceptors', 'guards')), ['']);
    assert.deepEqual(unguarded(GRAPHQL('guards'), GRAPHQL('interceptors')), ['field']);
    assert.deepEqual(unguarded(GRAPHQL()), ['field']);
  });

  test('are guards of the whole application by their token', () => {
    class One {}
    class Two {}
    class Three {}
    const providers = {
      [`${APP_GUARD} (UUID: 1)`]: { metatype: One },
      [`${APP_GUARD} (UUID: 2)`]: { isAlias: true, inject: [Two], metatype: () => {} },
      [`${APP_GUARD} (UUID: 3)`]: { metatype: null, instance: {} },
      Three: { metatype: Three },
    };
    const injectables = { [`${APP_GUARD} (UUID: 4)`]: { metatype: Three } };
    assert.deepEqual(appGuardsIn(toModules(toModule({ providers, injectables }))), [One, Two, Three]);
  });
});

describe('what a decorator guards in vain', () => {
  const route = toClass({ method: 0 });
  const field = toClass({ 'graphql:resolve_property': true });
  const message = toClass({ 'websockets:message_mapping': true });
  const none = toClass({});
  const resolver = toClass({ 'graphql:resolve_property': true }, { [RESOLVER]: 'User' });
  const find = (
    place: Place,
    type: Type,
    { marked = [], opened = [] }: { marked?: readonly object[]; opened?: readonly object[] },
  ) => {
    const [one] = registeredIn(toModules(toModule({ [place]: [type] })));
    assert.ok(one);
    const lines = findUnguarded(
      one,
      (on) => marked.includes(on),
      (on) => opened.includes(on),
    );
    return lines.map((line) => line.replace(/^Subject/, '').slice(0, 34));
  };
  const methodOf = (type: Type): object => type.prototype.handler;

  test('is a method that is no handler, or whose place is another', () => {
    for (const [place, type, advice] of [
      ['controllers', route, []],
      ['providers', route, ['.handler: its class is no controll']],
      ['controllers', none, ['.handler: it is no route, message ']],
      ['providers', field, ['.handler: set fieldResolverEnhance']],
      ['providers', message, ['.handler: its class is no gateway.']],
    ] as const) {
      assert.deepEqual(find(place, type, { marked: [methodOf(type)] }), advice, advice[0]);
      assert.deepEqual(find(place, type, { marked: [methodOf(type)], opened: [methodOf(type)] }), []);
      assert.deepEqual(find(place, type, {}), []);
    }
  });

  test('is a class that has nothing to guard, and the fields of one that is guarded', () => {
    assert.deepEqual(find('controllers', route, { marked: [route] }), []);
    assert.deepEqual(find('controllers', none, { marked: [none] }), []);
    assert.deepEqual(find('providers', none, { marked: [none] }), [': it has no route, message or reso']);
    assert.deepEqual(find('providers', route, { marked: [route] }), [': it has no route, message or reso']);
    assert.deepEqual(find('providers', none, {}), []);
    assert.equal(find('providers', field, { marked: [field] }).length, 2);
    assert.deepEqual(find('providers', resolver, { marked: [resolver] }), [
      '.handler: set fieldResolverEnhance',
    ]);
    assert.deepEqual(find('providers', resolver, { marked: [resolver], opened: [methodOf(resolver)] }), []);
    class Sub extends resolver {}
    assert.equal(
      findUnguarded(
        registeredIn(toModules(toModule({ providers: [Sub] })))[0] as never,
        (on) => on === resolver,
        () => false,
      ).length,
      1,
    );
  });

  test('is told as a whole', () => {
    assert.doesNotThrow(() => refuseUnguarded('KeycloakModule', []));
    assert.throws(() => refuseUnguarded('KeycloakModule', ['a: b', 'c: d']), {
      message:
        'KeycloakModule: the app does not start, because a decorator would guard nothing:\n- a: b\n- c: d',
    });
  });

  test('of a federated schema is told where a guard is the application’s own', () => {
    class Guard {}
    const reference = toClass({ 'graphql:resolve_reference': true });
    const property = toClass({ 'graphql:resolve_property': true });
    const find = (marked: readonly object[], guard = true, ...graphql: ReturnType<typeof toModule>[]) => {
      const guards = guard ? { [`${APP_GUARD} (UUID: 1)`]: { metatype: Guard } } : {};
      const providers = { ...guards, reference: { metatype: reference }, property: { metatype: property } };
      return findOpenReferences(toModules(toModule({ providers }), ...graphql), Guard as Type, (on) =>
        marked.includes(on),
      );
    };
    assert.match(find([]) ?? '', /Everybody may call: Subject\.handler$/);
    assert.equal(find([reference]), undefined);
    assert.equal(find([reference.prototype.handler]), undefined);
    assert.equal(find([], false), undefined);
    assert.equal(find([], true, GRAPHQL('guards')), undefined);
  });
});

test('our guards and our module are made by Nest, a guard without the module too', () => {
  const metadata = (of: object) => [
    Reflect.getMetadata('__injectable__', of),
    Reflect.getMetadata('self:paramtypes', of),
    Reflect.getMetadata('optional:paramtypes', of),
  ];
  const service = { index: 0, param: KeycloakService };
  assert.deepEqual(metadata(KeycloakGuard), [true, [service], [0]]);
  assert.deepEqual(metadata(LoginLimitsGuard), [true, [service], undefined]);
  assert.deepEqual(metadata(GlobalGuards), [true, [{ index: 0, param: ExternalContextCreator }], undefined]);
  const params = Reflect.getMetadata('self:paramtypes', KeycloakModule) as {
    index: number;
    param: unknown;
  }[];
  assert.deepEqual(
    params.toSorted((a, b) => a.index - b.index).map(({ param }) => param),
    [KeycloakService, HttpAdapterHost, ModulesContainer, ExternalContextCreator],
  );
  const { global, exports, imports } = KeycloakModule.forRootAsync({ useFactory: () => ({}) as never });
  assert.deepEqual([global, exports, imports], [true, [KeycloakService, KeycloakGuard], []]);
});

describe('global guards', () => {
  /** Of an application, by `useGlobalGuards` and as Nest makes them for each request. */
  const toContexts = (guards: readonly object[], each: readonly object[] = []) =>
    ({
      guardsContextCreator: {
        config: { getGlobalGuards: () => guards, getGlobalRequestGuards: () => each },
      },
    }) as never;
  const toGuard = (answer: unknown, isOurs = true): { one: CanActivate; type: Type; asked: () => number } => {
    let count = 0;
    class Guard {
      canActivate() {
        count++;
        return answer as boolean;
      }
    }
    if (isOurs) asOurs(Guard);
    return { one: new Guard(), type: Guard, asked: () => count };
  };
  const decide = (kind: string, guards: readonly object[], each: readonly object[] = []) =>
    new GlobalGuards(toContexts(guards, each)).canActivate({ getType: () => kind } as ExecutionContext);

  test('of ours decide on messages, all of them, however they answer', async () => {
    for (const kind of ['ws', 'rpc']) {
      for (const [answer, isIn] of [
        [true, true],
        [false, false],
        [Promise.resolve(true), true],
        [Promise.resolve(false), false],
        [of(false, true), true],
        [of(true, false), false],
        ['yes', false],
        [undefined, false],
      ] as const) {
        assert.equal(await decide(kind, [toGuard(answer).one]), isIn, `${kind} ${answer}`);
        const last = toGuard(true);
        assert.equal(await decide(kind, [toGuard(answer).one, last.one]), isIn);
        assert.equal(last.asked(), isIn ? 1 : 0);
      }
      assert.equal(await decide(kind, []), true);
    }
  });

  test('of others are asked by Nest, and so are ours for what is no message', async () => {
    const other = toGuard(false, false);
    assert.equal(await decide('ws', [other.one]), true);
    const ours = toGuard(false);
    for (const kind of ['http', 'graphql', 'telegraf']) assert.equal(await decide(kind, [ours.one]), true);
    assert.deepEqual([other.asked(), ours.asked()], [0, 0]);
  });

  test('that are made for each request are not at hand: nobody is let in', async () => {
    assert.equal(await decide('ws', [], [{ metatype: toGuard(true).type }]), false);
    assert.equal(await decide('ws', [], [{ metatype: toGuard(true, false).type }]), true);
    // What a factory makes may be ours.
    assert.equal(await decide('ws', [], [{ metatype: () => {}, inject: [] }]), false);
  });

  test('are none where Nest hands out nothing', () => {
    for (const contexts of [undefined, {}, { guardsContextCreator: {} }])
      assert.deepEqual(globalGuardsOf(contexts as never), []);
    const config = { getGlobalGuards: () => [] };
    assert.deepEqual(globalGuardsOf({ guardsContextCreator: { config } } as never), []);
  });

  test('stand before every message, once, in each module that has it', () => {
    const gateway = toClass({ 'websockets:message_mapping': true }, { ...GATEWAY, __guards__: ['own'] });
    const service = toClass({ 'microservices:handler_type': 1 });
    const route = toClass({ method: 0 });
    const modules = [
      toModule({ providers: [gateway], controllers: [service, route] }),
      toModule({ providers: [gateway] }),
      toModule({ controllers: [route] }),
    ];
    guardMessages(toModules(...modules), {} as never);
    guardMessages(toModules(...modules), {} as never);
    const guardsOf = (type: Type) => Reflect.getMetadata('__guards__', type);
    assert.deepEqual(guardsOf(gateway), [GlobalGuards, 'own']);
    assert.deepEqual(guardsOf(service), [GlobalGuards]);
    assert.equal(guardsOf(route), undefined);
    assert.deepEqual(
      modules.map(({ added }) => added.length > 0),
      [true, true, false],
    );
    for (const [provider, kind] of (modules[0]?.added ?? []) as [
      { provide: unknown; useValue: unknown },
      string,
    ][]) {
      assert.equal(provider.provide, GlobalGuards);
      assert.ok(provider.useValue instanceof GlobalGuards);
      assert.equal(kind, 'guard');
    }
    const has = toModule({ providers: [gateway] });
    has.injectables.set(GlobalGuards as never, {} as never);
    guardMessages(toModules(has), {} as never);
    assert.deepEqual(has.added, []);
  });
});
