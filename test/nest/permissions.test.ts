import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Controller, Get, type Type } from '@nestjs/common';
import {
  type AccessDecorator,
  KeycloakService,
  Permission,
  Public,
  Roles,
} from '../../packages/guard/src/adapters/nest/index.ts';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { BOB, createFakeKeycloak, grant, SECRET } from '../authz/fake-keycloak.ts';
import { decorate } from '../support/without-syntax.ts';
import { startApp } from './start-app.ts';

function toController(onClass: AccessDecorator[], onHandler: AccessDecorator[], base: Type = Object): Type {
  class OneController extends base {
    read() {
      return {};
    }
  }
  decorate(OneController, 'read', Get(), ...onHandler);
  decorate(OneController, Controller(), ...onClass);
  return OneController;
}

async function start(t: TestContext, controller: Type, permissionsOn = true) {
  const fake = createFakeKeycloak();
  const permissions = { clientSecret: SECRET, fetch: fake.fetch, permissionSeconds: 0 };
  const options = { fetch: fake.fetch, tokenCheck: 'local', ...(permissionsOn && { permissions }) } as const;
  const { app, get } = await startApp(t, { controllers: [controller] }, { realm: fake.realm, options });
  return { fake, app, status: async (token?: string) => (await get('/', token)).status };
}

describe('@Permission', () => {
  test('of a class and of its handler must both be granted, and so must the roles', async (t) => {
    const controller = toController(
      [Permission('orders#view'), Roles('clerk')],
      [
        Permission(
          (_request, _principal, context) => `reports#${context.getType() === 'http' ? 'view' : 'x'}`,
        ),
      ],
    );
    const { fake, status } = await start(t, controller);
    const clerk = fake.tokenOf(BOB, { realm_access: { roles: ['clerk'] } });
    grant(fake, BOB, 'orders#view');
    assert.equal(await status(clerk), 403);
    fake.grants.clear();
    grant(fake, BOB, 'reports#view');
    assert.equal(await status(clerk), 403);
    grant(fake, BOB, 'orders#view');
    assert.equal(await status(clerk), 200);
    const asked = fake.questions.length;
    assert.equal(await status(fake.tokenOf(BOB)), 403);
    assert.equal(fake.questions.length, asked, 'who lacks the role is not asked about');
  });

  test('of a class is taken away by @Public of a handler, and that of a handler is not by one of its class', async (t) => {
    const open = await start(t, toController([Permission('orders#view')], [Public()]));
    assert.equal(await open.status(), 200);
    const closed = await start(t, toController([Public()], [Permission('orders#view')]));
    assert.deepEqual([await closed.status(), await closed.status(closed.fake.tokenOf(BOB))], [401, 403]);
    class Base {}
    decorate(Base, Permission('reports#view'));
    const inner = await start(t, toController([Public()], [Permission('orders#view')], Base));
    grant(inner.fake, BOB, 'orders#view');
    assert.equal(await inner.status(inner.fake.tokenOf(BOB)), 200, 'what is further out is taken away');
    assert.throws(() => toController([], [Public(), Permission('orders#view')]), TypeError);
  });

  test('lets nobody in where the module has no permissions, and has its mistakes told when the class is loaded', async (t) => {
    const { fake, app, status } = await start(t, toController([], [Permission('orders#view')]), false);
    grant(fake, BOB, 'orders#view');
    assert.equal(await status(fake.tokenOf(BOB)), 500);
    assert.throws(() => app.get(KeycloakService).permissions, /not turned on/);
    assert.throws(() => Permission('orders#view', { hide: 'yes' } as never), OptionsError);
    assert.throws(() => Permission({ anyOf: [] }), OptionsError);
  });
});
