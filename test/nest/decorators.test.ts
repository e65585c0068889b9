import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import { Controller, Get, type Type, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  type AccessDecorator,
  ClientRoles,
  KeycloakGuard,
  OptionalAuth,
  Principal,
  Public,
  Require,
  Roles,
  Scopes,
} from '../../packages/guard/src/adapters/nest/index.ts';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { afterAll } from '../support/after-all.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';
import { startApp } from './start-app.ts';

const GUARD_ALL = { provide: APP_GUARD, useClass: KeycloakGuard };

/** A controller with one handler, each decorated. */
function toController(
  onClass: AccessDecorator[],
  onHandler: AccessDecorator[],
  { base = Object, path = '/' }: { base?: Type; path?: string } = {},
): Type {
  class OneController extends base {
    read(name: string | undefined) {
      return { name: name ?? null };
    }
  }
  decorate(OneController, 'read', Get(), ...onHandler);
  decorateParameter(OneController, 'read', Principal('username'));
  decorate(OneController, Controller(path), ...onClass);
  return OneController;
}

const ROLES = (...roles: string[]) => ({ realm_access: { roles } });

/** Statuses of nobody, of somebody, and of who has the roles `user` and `admin`, at a path. */
async function startFor(t: TestContext, controllers: Type[], isGuardedAll: boolean) {
  const providers = isGuardedAll ? [GUARD_ALL] : [];
  const { realm, get } = await startApp(t, { controllers, providers });
  const tokens = [
    undefined,
    realm.mint(ROLES()),
    realm.mint(ROLES('user')),
    realm.mint(ROLES('user', 'admin')),
  ];
  return (path = '/') => Promise.all(tokens.map(async (token) => (await get(path, token)).status));
}

const statuses = async (t: TestContext, controller: Type, isGuardedAll: boolean) =>
  (await startFor(t, [controller], isGuardedAll))();

describe('what class and handler require', () => {
  const cases: [title: string, onClass: AccessDecorator[], onHandler: AccessDecorator[], number[]][] = [
    ['nothing at all: a good token, by the guard of the app', [], [], [401, 200, 200, 200]],
    ['a role of the class', [Roles('user')], [], [401, 403, 200, 200]],
    ['a role of the handler', [], [Roles('admin')], [401, 403, 403, 200]],
    [
      'a role of each: the class does not stand in for the handler',
      [Roles('user')],
      [Roles('admin')],
      [401, 403, 403, 200],
    ],
    [
      'a role of each: the handler does not stand in for the class',
      [Roles('admin')],
      [Roles('user')],
      [401, 403, 403, 200],
    ],
    ['one of several roles', [], [Roles('admin', 'user')], [401, 403, 200, 200]],
    ['two roles, one after the other', [], [Roles('admin'), Roles('user')], [401, 403, 403, 200]],
    ['public on the handler opens it', [Roles('admin')], [Public()], [200, 200, 200, 200]],
    ['public on the class opens its handlers', [Public()], [], [200, 200, 200, 200]],
    [
      'public on the class opens none that requires something',
      [Public()],
      [Roles('admin')],
      [401, 403, 403, 200],
    ],
    [
      'optional on the handler: nobody, or who meets the class',
      [Roles('admin')],
      [OptionalAuth()],
      [200, 403, 403, 200],
    ],
    [
      'optional on the class is not optional for a handler with a role',
      [OptionalAuth()],
      [Roles('user')],
      [401, 403, 200, 200],
    ],
    ['optional on the class', [OptionalAuth()], [], [200, 200, 200, 200]],
  ];
  const controllers = () =>
    cases.map(([_, onClass, onHandler], at) => toController(onClass, onHandler, { path: `/${at}` }));
  let guarded: Awaited<ReturnType<typeof startFor>>;
  let bare: typeof guarded;
  const t = afterAll();
  before(async () => {
    guarded = await startFor(t, controllers(), true);
    bare = await startFor(t, controllers(), false);
  });

  for (const [at, [title, onClass, onHandler, expected]] of cases.entries()) {
    test(title, async () => {
      assert.deepEqual(await guarded(`/${at}`), expected);
      if (onClass.length + onHandler.length === 0) return;
      // A decorator that requires something brings the guard along.
      assert.deepEqual(await bare(`/${at}`), expected, 'without APP_GUARD');
    });
  }

  test('a class that extends another one requires what that one does', async (t) => {
    const base = toController([Roles('user')], []);
    assert.deepEqual(
      await statuses(t, toController([Roles('admin')], [], { base }), false),
      [401, 403, 403, 200],
    );
    assert.deepEqual(await statuses(t, toController([], [], { base }), true), [401, 403, 200, 200]);
  });

  test('client roles, scopes, and whatever a requirement can say', async (t) => {
    class OneController {
      client() {}
      scopes() {}
      all() {}
      used() {}
    }
    decorate(OneController, Controller());
    decorate(OneController, 'client', Get('client'), ClientRoles('writer', 'reader'));
    decorate(OneController, 'scopes', Get('scopes'), Scopes('email', 'orders:read'));
    decorate(OneController, 'all', Get('all'), Require({ clientRole: { account: 'view-profile' } }));
    decorate(OneController, 'used', Get('used'), UseGuards(KeycloakGuard));
    const { realm, get } = await startApp(t, { controllers: [OneController] });
    assert.equal((await get('/client', realm.mint())).status, 200);
    assert.equal((await get('/client', realm.mint({ resource_access: {} }))).status, 403);
    const refused = await get('/scopes', realm.mint());
    assert.equal(refused.status, 403);
    assert.match(
      refused.headers.get('www-authenticate') ?? '',
      /insufficient_scope.*scope="email orders:read"/,
    );
    assert.equal((await get('/scopes', realm.mint({ scope: 'email orders:read' }))).status, 200);
    assert.equal((await get('/all', realm.mint())).status, 200);
    assert.equal((await get('/all', realm.mint({ resource_access: {} }))).status, 403);
    assert.equal((await get('/used')).status, 401);
    assert.equal((await get('/used', realm.mint())).status, 200);
  });
});

describe('a mistake in a decorator', () => {
  test('is told when the class is loaded: misspelt, empty', () => {
    assert.throws(() => Require({ realmRoles: 'admin' } as never), OptionsError);
    assert.throws(() => Roles(), OptionsError);
    assert.throws(() => Roles('admin', ''), OptionsError);
    assert.throws(() => Scopes(), OptionsError);
  });

  test('what opens and what guards cannot stand on the same class or handler', () => {
    for (const guarding of [Roles('admin'), OptionalAuth(), Require({})]) {
      for (const both of [
        [Public(), guarding],
        [guarding, Public()],
      ]) {
        assert.throws(() => toController([], both), /@Public\(\) stands beside/);
        assert.throws(() => toController(both, []), /OneController: @Public\(\) stands beside/);
      }
    }
  });
});
