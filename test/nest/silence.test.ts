// A decorator either guards its handler or stops the start: generated for every kind of handler and decorator.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Logger, type ModuleMetadata } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  type AccessDecorator,
  ClientRoles,
  KeycloakGuard,
  OptionalAuth,
  Permission,
  Public,
  Require,
  Roles,
  Scopes,
} from '../../packages/guard/src/adapters/nest/index.ts';
import { decorate } from '../support/without-syntax.ts';
import {
  answerOf,
  appsOf,
  GUARDED,
  isOfGraphql,
  type KindOfHandler,
  namesEach,
  namesOf,
  type Subject,
  together,
  toSubject,
  UNGUARDED,
} from './kinds.ts';
import { startApp } from './start-app.ts';

const DECORATORS: readonly (() => AccessDecorator)[] = [
  () => Require({}),
  () => Roles('admin'),
  () => ClientRoles('boss'),
  () => Scopes('orders:read'),
  () => Permission('orders#view'),
];
const OPTIONS = {
  permissions: { clientSecret: 'a-secret' },
  tokenFrom: {
    rpc: (context: { switchToRpc(): { getData(): unknown } }) => tokenOf(context.switchToRpc().getData()),
  },
};
const tokenOf = (data: unknown) => (data as { token?: string }).token;
const GOOD = { realm_access: { roles: ['admin'] }, resource_access: { 'my-api': { roles: ['boss'] } } };

/** Each method gets another decorator. */
function decorateEach(subject: Subject): Subject {
  for (const [index, name] of subject.methods.entries()) {
    decorate(subject.type, name, DECORATORS[index]?.() as MethodDecorator);
  }
  return subject;
}

function start(t: TestContext, metadata: ModuleMetadata, { prepare }: Pick<KindOfHandler, 'prepare'> = {}) {
  return startApp(t, metadata, { options: OPTIONS as never, ...(prepare && { prepare }) });
}

describe('a decorator guards, or stops the start', () => {
  for (const kind of GUARDED) {
    // Nest has one way to the guards of a class for each of these.
    const places = /^(?:a route|a route that .* inherits|a GraphQL query|a message of .*)$/.test(kind.name)
      ? ['its method', 'its class']
      : ['its method'];
    for (const place of places) {
      test(`${kind.name}, by ${place}: nobody is admitted without a token`, async (t) => {
        const subject = toSubject(place === 'its method' ? DECORATORS.length : 1, answerOf(kind));
        if (place === 'its method') decorateEach(subject);
        else decorate(subject.type, Require({}));
        const { app, realm } = await start(t, kind.register(subject), kind);
        for (const name of subject.methods) await kind.call?.(app, name);
        for (const name of subject.methods) await kind.call?.(app, name, 'garbage');
        assert.deepEqual([...subject.ran], []);
        // Otherwise the rest says nothing.
        await kind.call?.(app, 'run0', realm.mint(GOOD));
        assert.deepEqual([...subject.ran], ['run0']);
      });
    }
  }

  for (const kinds of appsOf(UNGUARDED)) {
    test(`${namesOf(kinds)}: the start is refused, and names each method`, async (t) => {
      const all = kinds.map((kind, at) =>
        kind.register(decorateEach(toSubject(DECORATORS.length, 'in', `Subject${at}`))),
      );
      await assert.rejects(start(t, together(all)), namesEach(kinds, DECORATORS.length, '\\S'));
    });
  }
});

describe('a decorator on a class that has nothing to guard', () => {
  test('stops the start, whatever the class is', async (t) => {
    const kinds = UNGUARDED.filter((one) => !isOfGraphql(one) && !one.name.includes('controller'));
    const metadata = kinds.map((kind, at) => {
      const subject = toSubject(1, 'in', `Subject${at}`);
      decorate(subject.type, OptionalAuth());
      return kind.register(subject);
    });
    await assert.rejects(start(t, together(metadata)), ({ message }: Error) => {
      for (const [at, { name }] of kinds.entries())
        assert.match(message, new RegExp(`- Subject${at}: it has no route, message or resolver`), name);
      return true;
    });
  });

  test('its fields of GraphQL stop the start, unless each says that it is public', async (t) => {
    const [field] = UNGUARDED;
    if (field === undefined) return assert.fail();
    const closed = toSubject(1);
    decorate(closed.type, Roles('admin'));
    await assert.rejects(
      start(t, field.register(closed)),
      /Subject\.run0: set fieldResolverEnhancers: \['guards'\]/,
    );
    const open = toSubject(1);
    decorate(open.type, 'run0', Public());
    decorate(open.type, Roles('admin'));
    await start(t, field.register(open));
  });
});

describe('a handler that only APP_GUARD guards', () => {
  const everywhere = { provide: APP_GUARD, useClass: KeycloakGuard };

  for (const kind of GUARDED) {
    test(`${kind.name}: nobody is admitted without a token, but where it is public`, async (t) => {
      const subject = toSubject(2, answerOf(kind));
      decorate(subject.type, 'run1', Public());
      const { providers = [], ...rest } = kind.register(subject);
      const metadata = { ...rest, providers: [...providers, everywhere] };
      const { app, realm } = await start(t, metadata, kind);
      for (const token of [undefined, 'garbage'])
        for (const name of subject.methods) await kind.call?.(app, name, token);
      // The query of a field is guarded too.
      const open = kind.name.startsWith('a field') ? [] : ['run1'];
      assert.deepEqual([...subject.ran], open);
      await kind.call?.(app, 'run0', realm.mint());
      assert.deepEqual([...subject.ran], [...open, 'run0']);
    });
  }

  test('a reference that Nest does not guard: the log says that everybody may call it', async (t) => {
    const lines: string[] = [];
    t.mock.method(Logger.prototype, 'warn', (line: string) => void lines.push(line));
    const kind = UNGUARDED.find(({ name }) => name === 'a reference of a federated entity');
    if (kind === undefined) return assert.fail();
    const subject = toSubject(2);
    decorate(subject.type, 'run1', Public());
    const { providers = [], ...rest } = kind.register(subject);
    await start(t, { ...rest, providers: [...providers, everywhere] });
    const warnings = lines.filter((line) => line.includes('Everybody may call: Subject.run0'));
    assert.equal(warnings.length, 1, lines.join());
    assert.doesNotMatch(warnings.join(), /run1/);
  });
});
