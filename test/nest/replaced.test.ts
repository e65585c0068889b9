// A decorator of somebody else may put another function in the place of a method that ours was on: what guards it must not be lost.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Type } from '@nestjs/common';
import { Public as ConnectPublic, Roles as ConnectRoles } from '../../packages/connect/src/nest/index.ts';
import {
  type AccessDecorator,
  OptionalAuth,
  Permission,
  Public,
  Require,
  Roles,
} from '../../packages/guard/src/adapters/nest/index.ts';
import { GUARDS, startConnectApp } from '../connect/nest/start-connect-app.ts';
import { decorate } from '../support/without-syntax.ts';
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
} from './kinds.ts';
import { startApp } from './start-app.ts';

type Wrap = (method: object) => object;

const around = (method: object) =>
  function (this: unknown, ...given: unknown[]): unknown {
    return (method as (...given: unknown[]) => unknown).apply(this, given);
  };

/** A new function, one that inherits from it, which lets Nest find the route, and a proxy, of which no metadata is read. */
const LOSING: readonly Wrap[] = [
  around,
  (method) => Object.setPrototypeOf(around(method), method) as object,
  (method) => new Proxy(method, {}),
];

/** As telemetry and the like do. */
function copying(method: object): object {
  const copy = around(method);
  for (const key of Reflect.getMetadataKeys(method)) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), copy);
  }
  return copy;
}

function replace({ prototype }: Type, name: string, wrap: Wrap): void {
  const before = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  Object.defineProperty(prototype, name, { ...before, value: wrap(before.value as object) });
}

const OPTIONS = { permissions: { clientSecret: 'a-secret' }, tokenFrom: { rpc: () => undefined } };

function start(t: TestContext, kind: KindOfHandler, subject: Subject) {
  const { prepare } = kind;
  const options = { options: OPTIONS as never, ...(prepare && { prepare }) };
  return startApp(t, kind.register(subject), options);
}

describe('a method that was replaced behind a decorator that guards it', () => {
  for (const kinds of appsOf(GUARDED)) {
    test(`${namesOf(kinds)}, by what loses it: the start is refused`, async (t) => {
      const all = kinds.map((kind, at) => {
        const subject = toSubject(LOSING.length, answerOf(kind), `Subject${at}`);
        for (const name of subject.methods) decorate(subject.type, name, Roles('admin'));
        for (const [at, name] of subject.methods.entries()) replace(subject.type, name, LOSING[at] as Wrap);
        return kind.register(subject);
      });
      await assert.rejects(
        startApp(t, together(all), { options: OPTIONS as never }),
        namesEach(kinds, LOSING.length, 'another decorator replaced it'),
      );
    });
  }

  for (const kind of GUARDED) {
    test(`${kind.name}, by one with its metadata: nobody is admitted without a token`, async (t) => {
      const subject = toSubject(1, answerOf(kind));
      decorate(subject.type, 'run0', Roles('admin'));
      replace(subject.type, 'run0', copying);
      const { app } = await start(t, kind, subject);
      await kind.call?.(app, 'run0');
      assert.deepEqual([...subject.ran], []);
    });
  }

  const [controller] = GUARDED as [KindOfHandler];
  const others: readonly AccessDecorator[] = [Require({}), Permission('orders#view'), OptionalAuth()];
  test('that asks for anything: the start is refused', async (t) => {
    const subject = toSubject(others.length);
    for (const [at, name] of subject.methods.entries()) {
      decorate(subject.type, name, others[at] as AccessDecorator);
      replace(subject.type, name, around);
    }
    await assert.rejects(start(t, controller, subject), ({ message }: Error) => {
      for (const name of subject.methods)
        assert.match(message, new RegExp(`Subject\\.${name}: another decorator replaced it`));
      return true;
    });
  });

  test('one of two requirements is lost: the start is refused', async (t) => {
    const subject = toSubject(1);
    decorate(subject.type, 'run0', Roles('admin'));
    replace(subject.type, 'run0', around);
    decorate(subject.type, 'run0', Require({}));
    await assert.rejects(start(t, controller, subject), /Subject\.run0: another decorator replaced it/);
  });

  test('that opens it: what is lost closes it, and the app starts', async (t) => {
    const subject = toSubject(1);
    decorate(subject.type, 'run0', Public());
    decorate(subject.type, Require({}));
    replace(subject.type, 'run0', around);
    const { app } = await start(t, controller, subject);
    await controller.call?.(app, 'run0');
    assert.deepEqual([...subject.ran], []);
  });

  test('by an accessor, which Nest takes for no handler: the app starts', async (t) => {
    const subject = toSubject(1);
    decorate(subject.type, 'run0', Roles('admin'));
    const registered = controller.register(subject);
    const { value } = Object.getOwnPropertyDescriptor(subject.type.prototype, 'run0') as PropertyDescriptor;
    Object.defineProperty(subject.type.prototype, 'run0', { configurable: true, get: () => value });
    const { app } = await startApp(t, registered, { options: OPTIONS as never });
    await controller.call?.(app, 'run0');
    assert.deepEqual([...subject.ran], []);
  });

  function extend(name: string, ...decorators: MethodDecorator[]) {
    const parent = toSubject(1);
    decorate(parent.type, 'run0', ...decorators);
    const child = toSubject(1, 'in', name);
    Object.setPrototypeOf(child.type.prototype, parent.type.prototype);
    Object.setPrototypeOf(child.type, parent.type);
    return child;
  }
  const OVERRIDDEN = 'it stands in the place of a guarded method';

  for (const kinds of appsOf(GUARDED)) {
    test(`${namesOf(kinds)}, by a method of a class that extends its own, which says nothing: the start is refused`, async (t) => {
      const all = kinds.map((kind, at) => kind.register(extend(`Subject${at}`, Roles('admin'))));
      await assert.rejects(
        startApp(t, together(all), { options: OPTIONS as never }),
        namesEach(kinds, 1, OVERRIDDEN),
      );
    });
  }

  for (const [what, decorator] of [
    ['opens it', Public()],
    ['asks for something else', Roles('user')],
  ] as const) {
    test(`by one of a class that extends its own, which ${what}, or whose class does: that counts`, async (t) => {
      const child = extend('Subject', Roles('admin'));
      decorate(child.type, 'run0', decorator);
      await start(t, controller, child);
      const other = extend('Subject', Roles('admin'));
      decorate(other.type, decorator);
      await start(t, controller, other);
    });
  }

  test('of the drop-in, by one of a class that extends its own: it says something, or the start is refused', async (t) => {
    const silent = extend('Subject', ConnectRoles('realm:admin') as MethodDecorator);
    await assert.rejects(
      startConnectApp(t, controller.register(silent)),
      new RegExp(`- \\w+\\.run0: ${OVERRIDDEN}`),
    );
    for (const decorator of [ConnectPublic(), ConnectRoles('realm:user')] as MethodDecorator[]) {
      const child = extend('Subject', ConnectRoles('realm:admin') as MethodDecorator);
      decorate(child.type, 'run0', decorator);
      await startConnectApp(t, { ...controller.register(child), providers: GUARDS });
    }
  });

  test('of the drop-in: the start is refused', async (t) => {
    const subject = toSubject(1);
    decorate(subject.type, 'run0', ConnectRoles('realm:admin'));
    replace(subject.type, 'run0', around);
    await assert.rejects(
      startConnectApp(t, controller.register(subject)),
      /- Subject\.run0: another decorator replaced it/,
    );
  });

  test('a property that is no method cannot be decorated', () => {
    for (const decorator of [Require({}), ConnectRoles('realm:admin')] as ((...on: unknown[]) => void)[]) {
      assert.throws(() => decorator({}, 'name', undefined), /name is no method/);
    }
  });
});
