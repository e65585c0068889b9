// A decorator of the drop-in is read by a guard, or stops the start: generated for every kind of handler.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Logger, type ModuleMetadata, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  AuthGuard,
  ConditionalScopes,
  type ConnectDecorator,
  EnforcerOptions,
  KeycloakConnectModule,
  Public,
  Resource,
  ResourceGuard,
  RoleGuard,
  Roles,
  Scopes,
} from '../../../packages/connect/src/nest/index.ts';
import {
  answerOf,
  appsOf,
  GUARDED,
  type KindOfHandler,
  namesEach,
  namesOf,
  type Subject,
  together,
  toSubject,
  UNGUARDED,
} from '../../nest/kinds.ts';
import { decorate } from '../../support/without-syntax.ts';
import { GUARDS, startConnectApp } from './start-connect-app.ts';

const DECORATORS: readonly (() => ConnectDecorator)[] = [
  () => Roles('realm:admin'),
  () => Roles({ roles: ['realm:admin'] }),
  () => Resource('orders'),
  () => Scopes('view'),
  () => ConditionalScopes(() => ['view']),
  () => EnforcerOptions({}),
];
const ADMIN = { realm_access: { roles: ['admin'] } };
const CONFIG = {
  tokenFrom: {
    rpc: (context: { switchToRpc(): { getData(): unknown } }) =>
      (context.switchToRpc().getData() as { token?: string }).token,
  },
};

function start(t: TestContext, metadata: ModuleMetadata, { prepare }: Pick<KindOfHandler, 'prepare'> = {}) {
  return startConnectApp(t, metadata, { config: CONFIG as never, ...(prepare && { prepare }) });
}

function decorateEach(subject: Subject): Subject {
  for (const [index, name] of subject.methods.entries()) {
    decorate(subject.type, name, DECORATORS[index]?.() as MethodDecorator);
  }
  return subject;
}

const withGuards = ({ providers = [], ...rest }: ModuleMetadata, guards: object[]): ModuleMetadata => ({
  ...rest,
  providers: [...providers, ...(guards as never[])],
});

describe('a decorator of the successor is read, or stops the start', () => {
  for (const kind of GUARDED) {
    // Nest has one way to the guards of a class for each of these.
    const places = /^(?:a route|a GraphQL query|a message of .*)$/.test(kind.name)
      ? (['APP_GUARD', '@UseGuards'] as const)
      : (['APP_GUARD'] as const);
    for (const place of places) {
      test(`${kind.name}, with ${place}: nobody is admitted without a token`, async (t) => {
        const subject = decorateEach(toSubject(DECORATORS.length, answerOf(kind)));
        const metadata = kind.register(subject);
        if (place === '@UseGuards') decorate(subject.type, UseGuards(AuthGuard, ResourceGuard, RoleGuard));
        const guarded = withGuards(metadata, place === 'APP_GUARD' ? GUARDS : []);
        const { app, realm } = await start(t, guarded, kind);
        for (const name of subject.methods) await kind.call?.(app, name);
        for (const name of subject.methods) await kind.call?.(app, name, 'garbage');
        assert.deepEqual([...subject.ran], []);
        await kind.call?.(app, 'run0', realm.mint(ADMIN));
        assert.deepEqual([...subject.ran], ['run0']);
      });
    }
  }

  for (const kinds of appsOf(GUARDED)) {
    test(`${namesOf(kinds)}, without the guard that reads it: the start is refused`, async (t) => {
      const all = kinds.map((kind, at) => {
        const subject = decorateEach(toSubject(DECORATORS.length, answerOf(kind), `Subject${at}`));
        decorate(subject.type, UseGuards(AuthGuard));
        return kind.register(subject);
      });
      await assert.rejects(
        start(t, together(all)),
        namesEach(kinds, DECORATORS.length, 'no \\w+ stands before it'),
      );
    });
  }

  for (const kinds of appsOf(UNGUARDED)) {
    test(`${namesOf(kinds)}: the start is refused, and names each method`, async (t) => {
      const all = kinds.map((kind, at) =>
        kind.register(decorateEach(toSubject(DECORATORS.length, 'in', `Subject${at}`))),
      );
      await assert.rejects(
        start(t, withGuards(together(all), GUARDS)),
        namesEach(kinds, DECORATORS.length, '\\S'),
      );
    });
  }
});

test('where a guard of the application may read a decorator, the log names the handler', async (t) => {
  const [kind] = GUARDED;
  if (kind === undefined) return assert.fail();
  class TheirGuard {
    canActivate() {
      return false;
    }
  }
  const lines: string[] = [];
  t.mock.method(Logger.prototype, 'warn', (line: string) => void lines.push(line));
  const subject = toSubject(1);
  decorate(subject.type, Roles('realm:admin'));
  await start(t, withGuards(kind.register(subject), [{ provide: APP_GUARD, useClass: TheirGuard }]));
  assert.match(
    lines.join('\n'),
    /Subject\.run0: no RoleGuard stands before it\..* Does TheirGuard read the decorator\?/,
  );
});

test('a guard given to useGlobalGuards counts, and one that extends another', async (t) => {
  const [kind] = GUARDED;
  if (kind === undefined) return assert.fail();
  class TheirRoleGuard extends RoleGuard {}
  const subject = toSubject(1);
  decorate(subject.type, Roles('realm:admin'));
  const { get, realm } = await startConnectApp(t, kind.register(subject), {
    prepare: (app) => app.useGlobalGuards(new TheirRoleGuard(app.get('KEYCLOAK_INSTANCE'))),
  });
  const statuses = [undefined, realm.mint(), realm.mint(ADMIN)].map(
    async (token) => (await get('/run0', token)).status,
  );
  assert.deepEqual(await Promise.all(statuses), [401, 403, 200]);
});

test('a module of the drop-in without a decorated handler starts', async (t) => {
  await startConnectApp(t, { imports: [], providers: [{ provide: 'nothing', useValue: null }] });
  assert.equal(typeof KeycloakConnectModule.register, 'function');
});

test('a reference that Nest does not guard: the log says that everybody may call it', async (t) => {
  const lines: string[] = [];
  t.mock.method(Logger.prototype, 'warn', (line: string) => void lines.push(line));
  const kind = UNGUARDED.find(({ name }) => name === 'a reference of a federated entity');
  if (kind === undefined) return assert.fail();
  const subject = toSubject(2);
  decorate(subject.type, 'run1', Public());
  await start(t, withGuards(kind.register(subject), GUARDS));
  const warnings = lines.filter((line) => line.includes('Everybody may call: Subject.run0'));
  assert.equal(warnings.length, 1, lines.join());
  assert.doesNotMatch(warnings.join(), /run1/);
});
