// A decorator either guards its handler or stops the start: generated for every kind of handler, decorator and platform.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type INestApplication, Logger, type ModuleMetadata } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { of } from 'rxjs';
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
import { createTestRealm } from '../support/test-realm.ts';
import { decorate } from '../support/without-syntax.ts';
import { GUARDED, type KindOfHandler, type Subject, toSubject, UNGUARDED } from './kinds.ts';
import { PLATFORMS, type Platform, startApp } from './start-app.ts';

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

const answerOf = ({ name }: KindOfHandler) =>
  name === 'server-sent events' ? of({ data: 'in' }) : name === 'a GraphQL subscription' ? nothing() : 'in';

async function* nothing() {}

/** Each method gets another decorator. */
function decorateEach(subject: Subject): Subject {
  for (const [index, name] of subject.methods.entries()) {
    decorate(subject.type, name, DECORATORS[index]?.() as MethodDecorator);
  }
  return subject;
}

function start(t: TestContext, platform: Platform, kind: KindOfHandler, metadata: ModuleMetadata) {
  const { prepare } = kind;
  const given: { prepare?: (app: INestApplication) => unknown } = prepare ? { prepare } : {};
  return startApp(t, metadata, { platform, realm: createTestRealm(), options: OPTIONS as never, ...given });
}

/** Apollo's driver needs another package for Fastify. What guards a resolver does not depend on the platform. */
const isOn =
  (platform: Platform) =>
  ({ name }: KindOfHandler): boolean =>
    platform === 'express' || !/GraphQL|entity/.test(name);

for (const platform of PLATFORMS) {
  describe(`a decorator of nest guards, or stops the start, on ${platform}`, () => {
    for (const kind of GUARDED.filter(isOn(platform))) {
      for (const place of ['its method', 'its class']) {
        test(`${kind.name}, by ${place}: nobody is admitted without a token`, async (t) => {
          const subject = toSubject(place === 'its method' ? DECORATORS.length : 1, answerOf(kind));
          if (place === 'its method') decorateEach(subject);
          else decorate(subject.type, Require({}));
          const { app, realm } = await start(t, platform, kind, kind.register(subject));
          for (const name of subject.methods) await kind.call?.(app, name);
          for (const name of subject.methods) await kind.call?.(app, name, 'garbage');
          assert.deepEqual([...subject.ran], []);
          // Otherwise the rest says nothing.
          await kind.call?.(app, 'run0', realm.mint(GOOD));
          assert.deepEqual([...subject.ran], ['run0']);
        });
      }
    }

    for (const kind of UNGUARDED.filter(isOn(platform))) {
      test(`${kind.name}: the start is refused, and names each method`, async (t) => {
        const subject = decorateEach(toSubject(DECORATORS.length));
        await assert.rejects(start(t, platform, kind, kind.register(subject)), ({ message }: Error) => {
          for (const name of subject.methods) assert.match(message, new RegExp(`- Subject\\.${name}: \\S`));
          return true;
        });
      });
    }
  });
}

describe('a decorator on a class that has nothing to guard', () => {
  for (const kind of UNGUARDED.filter(({ name }) => !/controller|GraphQL|entity/.test(name))) {
    test(`${kind.name}: the start is refused`, async (t) => {
      const subject = toSubject(1);
      decorate(subject.type, OptionalAuth());
      const name = /- Subject: it has no route, message or resolver/;
      await assert.rejects(start(t, 'express', kind, kind.register(subject)), name);
    });
  }

  test('its fields of GraphQL stop the start, unless each says that it is public', async (t) => {
    const [field] = UNGUARDED;
    if (field === undefined) return assert.fail();
    const closed = toSubject(1);
    decorate(closed.type, Roles('admin'));
    await assert.rejects(
      start(t, 'express', field, field.register(closed)),
      /Subject\.run0: set fieldResolverEnhancers: \['guards'\]/,
    );
    const open = toSubject(1);
    decorate(open.type, 'run0', Public());
    decorate(open.type, Roles('admin'));
    await start(t, 'express', field, field.register(open));
  });
});

describe('a handler that only APP_GUARD guards', () => {
  const everywhere = { provide: APP_GUARD, useClass: KeycloakGuard };

  for (const kind of GUARDED) {
    test(`${kind.name}: nobody is admitted without a token, but where it is public`, async (t) => {
      const subject = toSubject(2, answerOf(kind));
      decorate(subject.type, 'run1', Public());
      const { providers = [], ...rest } = kind.register(subject);
      const { app, realm } = await start(t, 'express', kind, {
        ...rest,
        providers: [...providers, everywhere],
      });
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
    await start(t, 'express', kind, { ...rest, providers: [...providers, everywhere] });
    const warnings = lines.filter((line) => line.includes('Everybody may call: Subject.run0'));
    assert.equal(warnings.length, 1, lines.join());
    assert.doesNotMatch(warnings.join(), /run1/);
  });
});
