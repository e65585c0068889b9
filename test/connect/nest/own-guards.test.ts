// Applications of nest-keycloak-connect have guards and decorators of their own, by its metadata and injection tokens.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Inject,
  Logger,
  SetMetadata,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { Keycloak } from '../../../packages/connect/src/index.ts';
import * as connect from '../../../packages/connect/src/nest/index.ts';
import { startTestIdp } from '../../support/dev-idp.ts';
import { createTestRealm } from '../../support/test-realm.ts';
import { decorate, decorateParameter } from '../../support/without-syntax.ts';
import { configFor, GUARDS, startConnectApp } from './start-connect-app.ts';

const ADMIN = { realm_access: { roles: ['admin'] } };

function toController(...onHandler: MethodDecorator[]): Type {
  class OneController {
    read() {
      return {};
    }
  }
  decorate(OneController, 'read', Get(), ...onHandler);
  decorate(OneController, Controller());
  return OneController;
}

/** A guard that reads what decorators of the package wrote, as those of public projects do. */
class RolesOfTheirOwn implements CanActivate {
  readonly #reflector = new Reflector();

  canActivate(context: ExecutionContext): boolean {
    const on = [context.getHandler(), context.getClass()];
    if (this.#reflector.getAllAndOverride<boolean>('unprotected', on) === true) return true;
    const found = this.#reflector.getAllAndOverride<{ roles: string[] } | string[] | undefined>('roles', on);
    const roles = Array.isArray(found) ? found : (found?.roles ?? []);
    const { user } = context.switchToHttp().getRequest<{ user?: { realm_access?: { roles: string[] } } }>();
    return roles.every((role) => user?.realm_access?.roles.includes(role.slice('realm:'.length)));
  }
}

describe('the metadata of nest-keycloak-connect', () => {
  const { META_ROLES, META_UNPROTECTED, META_SCOPES, META_RESOURCE, ...others } = connect;

  test('has its keys and its shapes', () => {
    assert.deepEqual(
      [META_ROLES, META_UNPROTECTED, META_SCOPES, META_RESOURCE],
      [...['roles', 'unprotected', 'scopes', 'resource']],
    );
    const { RoleMatch, RoleMatchingMode, Roles } = connect;
    const resolver = () => ['edit'];
    const written: [decorator: MethodDecorator, key: string, value: unknown][] = [
      [Roles({ roles: ['realm:admin'] }), 'roles', { roles: ['realm:admin'] }],
      [Roles('realm:admin', 'editor'), 'roles', ['realm:admin', 'editor']],
      [RoleMatchingMode(RoleMatch.ALL), others.META_ROLE_MATCHING_MODE, 'all'],
      [connect.Unprotected(), 'unprotected', true],
      [connect.Unprotected(), others.META_SKIP_AUTH, true],
      [connect.Public(false), others.META_SKIP_AUTH, false],
      [connect.Public(), others.META_PUBLIC, true],
      [connect.Resource('orders'), 'resource', 'orders'],
      [connect.Scopes('view', 'edit'), 'scopes', ['view', 'edit']],
      [connect.ConditionalScopes(resolver), others.META_CONDITIONAL_SCOPES, resolver],
      [connect.EnforcerOptions({}), others.META_ENFORCER_OPTIONS, {}],
    ];
    for (const [decorator, key, value] of written) {
      const handler = Object.getOwnPropertyDescriptor(toController(decorator).prototype, 'read')?.value;
      assert.deepEqual(Reflect.getMetadata(key, handler), value, key);
    }
  });

  for (const [version, Roles] of [
    ['1.x', connect.Roles({ roles: ['realm:admin'] })],
    ['2.0', connect.Roles('realm:admin')],
  ] as const) {
    test(`a guard of the application that reads what @Roles of ${version} wrote lets nobody in without the role`, async (t) => {
      const providers = [GUARDS[0] as object, { provide: APP_GUARD, useClass: RolesOfTheirOwn }] as never[];
      const { realm, get } = await startConnectApp(t, { controllers: [toController(Roles)], providers });
      assert.equal((await get('/', realm.mint())).status, 403);
      assert.equal((await get('/', realm.mint(ADMIN))).status, 200);
    });
  }

  for (const [shape, value] of [
    ['of 1.x', { roles: ['realm:admin'] }],
    ['of 2.0', ['realm:admin']],
    ['of 1.x, all of several', { roles: ['realm:admin', 'realm:user'], mode: 'all' }],
  ] as const) {
    test(`RoleGuard reads what a decorator of the application wrote, in the shape ${shape}`, async (t) => {
      const controllers = [toController(SetMetadata('roles', value))];
      const { realm, get } = await startConnectApp(t, { controllers, providers: GUARDS });
      const both = { realm_access: { roles: ['admin', 'user'] } };
      const statuses = [{}, { realm_access: { roles: ['user'] } }, both].map(async (claims) => {
        return (await get('/', realm.mint(claims))).status;
      });
      assert.deepEqual(await Promise.all(statuses), [403, 403, 200]);
    });
  }

  for (const value of [
    [],
    {},
    null,
    '',
    'admin',
    { roles: [] },
    { roles: 'admin' },
    [undefined],
    new Set(['a']),
    1,
  ]) {
    test(`roles that are ${inspect(value)} admit nobody, and the log names the handler`, async (t) => {
      const lines: string[] = [];
      t.mock.method(Logger.prototype, 'error', (...said: unknown[]) => void lines.push(inspect(said)));
      const controllers = [toController(SetMetadata('roles', value))];
      const { realm, get } = await startConnectApp(t, { controllers, providers: GUARDS });
      assert.equal((await get('/', realm.mint(ADMIN))).status, 500);
      assert.match(lines.join('\n'), /OneController\.read: @Roles\(\) needs a role/);
    });
  }

  test('a decorator of the application opens by the key of 1.x; the key `public` opens nothing', async (t) => {
    const open = await startConnectApp(t, {
      controllers: [toController(SetMetadata('unprotected', true))],
      providers: GUARDS,
    });
    assert.equal((await open.get('/')).status, 200);
    const closed = await startConnectApp(t, {
      controllers: [toController(SetMetadata('public', true))],
      providers: GUARDS,
    });
    assert.equal((await closed.get('/')).status, 401);
  });
});

describe('the injection tokens of nest-keycloak-connect', () => {
  const { AuthGuard, RoleGuard } = connect;
  const TOKENS_1 = [
    connect.KEYCLOAK_INSTANCE,
    connect.KEYCLOAK_CONNECT_OPTIONS,
    connect.KEYCLOAK_LOGGER,
    connect.KEYCLOAK_MULTITENANT_SERVICE,
    Reflector,
  ];
  const TOKENS_2 = TOKENS_1.filter((one) => one !== connect.KEYCLOAK_LOGGER && one !== Reflector);

  for (const [version, tokens] of [
    ['1.x', TOKENS_1],
    ['2.0', TOKENS_2],
  ] as const) {
    test(`a guard that extends or wraps those of ${version} takes what it injected there`, async (t) => {
      class TheirAuthGuard extends AuthGuard {
        override async canActivate(context: ExecutionContext) {
          const isIn = await super.canActivate(context);
          const request = context.switchToHttp().getRequest();
          return isIn && request.accessTokenJWT === request.headers.authorization.slice('Bearer '.length);
        }
      }
      class TheirRoleGuard implements CanActivate {
        readonly #guard: CanActivate;
        constructor(...injected: unknown[]) {
          this.#guard = new RoleGuard(...injected);
        }
        canActivate(context: ExecutionContext) {
          return this.#guard.canActivate(context);
        }
      }
      for (const guard of [TheirAuthGuard, TheirRoleGuard]) {
        for (const [index, token] of tokens.entries()) {
          decorateParameter(guard, undefined, Inject(token) as ParameterDecorator, index);
        }
      }
      const controllers = [
        toController(connect.Roles('realm:admin'), UseGuards(TheirAuthGuard, TheirRoleGuard)),
      ];
      const { realm, get } = await startConnectApp(t, { controllers });
      const statuses = [undefined, realm.mint(), realm.mint(ADMIN)].map(async (token) => {
        return (await get('/', token)).status;
      });
      assert.deepEqual(await Promise.all(statuses), [401, 403, 200]);
    });
  }

  test('a guard that gets something else does not start', () => {
    assert.throws(() => new AuthGuard(), /needs KeycloakConnectService/);
    assert.throws(() => new AuthGuard({}, null), /needs KeycloakConnectService/);
  });

  test('the instance gets and validates tokens; neither it nor the options show the secret', async (t) => {
    const idp = await startTestIdp();
    t.after(() => idp.close());
    const service = new connect.KeycloakConnectService({
      ...{ authServerUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' },
      ...{ secret: 'for-development-only', cookieKey: 'token' },
    });
    t.after(() => service.close());
    const { instance, options, multiTenant } = service.forApplication;
    assert.ok(instance instanceof Keycloak);
    const grant = await instance.grantManager.obtainDirectly('abdullah', 'Test#123456');
    assert.ok(await instance.grantManager.validateAccessToken(grant.access_token as never));
    assert.deepEqual([options.cookieKey, options.realm], ['token', 'testing']);
    for (const one of [instance, options, multiTenant]) {
      assert.ok(!inspect(one, { depth: 9 }).includes('for-development-only'));
      assert.ok(!JSON.stringify(one).includes('for-development-only'));
    }
    await assert.rejects(multiTenant.get('testing'), /no multiTenant/);
  });

  test('with several realms there is an instance for each, and none for all', async () => {
    const realm = createTestRealm();
    const { realm: _, secret: __, ...settings } = configFor(realm) as Record<string, unknown>;
    const service = new connect.KeycloakConnectService({
      ...settings,
      multiTenant: {
        realmResolver: () => 'one',
        realmSecretResolver: (name: string) => `secret-of-${name}`,
        realmClientIdResolver: (name: string) => `client-of-${name}`,
      },
    });
    const { instance, multiTenant } = service.forApplication;
    assert.equal(instance, null);
    const [one, again, other] = await Promise.all(
      ['one', 'one', 'other'].map((name) => multiTenant.get(name)),
    );
    assert.equal(one, again);
    assert.notEqual(one, other);
    assert.deepEqual(
      [other?.config.realm, other?.config.clientId, await multiTenant.resolveSecret('other')],
      ['other', 'client-of-other', 'secret-of-other'],
    );
    assert.equal(await multiTenant.resolveAuthServerUrl('one'), realm.serverUrl);
    multiTenant.clear();
    assert.notEqual(await multiTenant.get('one'), one);
    await service.close();
  });
});
