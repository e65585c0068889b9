import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Controller, Get, Logger, Post, type Type } from '@nestjs/common';
import {
  AccessToken,
  AuthenticatedUser,
  type ConnectDecorator,
  KeycloakUser,
  Public,
  RoleMatch,
  RoleMatchingMode,
  Roles,
  Unprotected,
} from '../../../packages/connect/src/nest/index.ts';
import { PLATFORMS } from '../../nest/start-app.ts';
import { decorate, decorateParameter } from '../../support/without-syntax.ts';
import { GUARDS, startConnectApp } from './start-connect-app.ts';

const realmRoles = (...roles: string[]) => ({ realm_access: { roles } });

function toController(onClass: ConnectDecorator[], onHandler: ConnectDecorator[]): Type {
  class OneController {
    read() {
      return {};
    }
  }
  decorate(OneController, 'read', Get(), ...onHandler);
  decorate(OneController, Controller(), ...onClass);
  return OneController;
}

describe('@Roles of nest-keycloak-connect', () => {
  const { ALL, ANY } = RoleMatchingMode;
  const cases: [string, ConnectDecorator[], ConnectDecorator[], number[]][] = [
    // Of nobody, of somebody, of who has `user`, of who has `user` and `admin`.
    ['none: a good token', [], [], [401, 200, 200, 200]],
    ['of 1.x', [], [Roles({ roles: ['realm:admin'] })], [401, 403, 403, 200]],
    ['of 2.0', [], [Roles('realm:admin')], [401, 403, 403, 200]],
    ['one of several', [], [Roles('realm:admin', 'realm:user')], [401, 403, 200, 200]],
    ['all, in 1.x', [], [Roles({ roles: ['realm:admin', 'realm:user'], mode: ALL })], [401, 403, 403, 200]],
    ['any, in 1.x', [], [Roles({ roles: ['realm:admin', 'realm:user'], mode: ANY })], [401, 403, 200, 200]],
    [
      'all, in 2.0',
      [],
      [Roles('realm:admin', 'realm:user'), RoleMatchingMode(RoleMatch.ALL)],
      [401, 403, 403, 200],
    ],
    [
      'all, by the class',
      [RoleMatchingMode(RoleMatch.ALL)],
      [Roles('realm:admin', 'realm:user')],
      [401, 403, 403, 200],
    ],
    [
      'the class does not stand in for the handler',
      [Roles('realm:user')],
      [Roles('realm:admin')],
      [401, 403, 403, 200],
    ],
    [
      'the handler does not stand in for the class',
      [Roles('realm:admin')],
      [Roles('realm:user')],
      [401, 403, 403, 200],
    ],
    ['public does not open what has roles', [Roles('realm:admin')], [Public()], [401, 403, 403, 200]],
  ];
  for (const [title, onClass, onHandler, expected] of cases) {
    test(title, async (t) => {
      const { realm, get } = await startConnectApp(t, {
        controllers: [toController(onClass, onHandler)],
        providers: GUARDS,
      });
      const tokens = [realmRoles(), realmRoles('user'), realmRoles('user', 'admin')].map((one) =>
        realm.mint(one),
      );
      const statuses = [undefined, ...tokens].map(async (token) => (await get('/', token)).status);
      assert.deepEqual(await Promise.all(statuses), expected);
    });
  }

  test('a role of this client, and of another one; a colon in a role of the realm is part of it', async (t) => {
    class OneController {
      own() {}
      other() {}
      colon() {}
    }
    decorate(OneController, Controller());
    decorate(OneController, 'own', Get('own'), Roles('reader'));
    decorate(OneController, 'other', Get('other'), Roles('account:view-profile'));
    decorate(OneController, 'colon', Get('colon'), Roles('realm:user:admin'));
    const { realm, get } = await startConnectApp(t, { controllers: [OneController], providers: GUARDS });
    const bare = realm.mint({ resource_access: {} });
    for (const path of ['/own', '/other']) {
      assert.equal((await get(path, realm.mint())).status, 200, path);
      assert.equal((await get(path, bare)).status, 403, path);
    }
    assert.equal((await get('/colon', realm.mint(realmRoles('user')))).status, 403);
    assert.equal((await get('/colon', realm.mint(realmRoles('user:admin')))).status, 200);
  });

  test('no role at all is a mistake, told when the class is loaded', () => {
    assert.throws(() => toController([], [Roles()]), /needs a role/);
    assert.throws(() => toController([Roles({ roles: [] })], []), /needs a role/);
  });
});

class UserController {
  me(user: object, again: object, token: string) {
    return { user, isSame: user === again, token };
  }
  open(user: { preferred_username?: string } | undefined) {
    return { user: user?.preferred_username ?? null };
  }
  strict(user: { preferred_username?: string } | undefined) {
    return { user: user?.preferred_username ?? null };
  }
  change() {
    return { changed: true };
  }
}
decorate(UserController, Controller());
decorate(UserController, 'me', Get('me'));
decorate(UserController, 'open', Get('open'), Unprotected());
decorate(UserController, 'strict', Get('strict'), Public(false));
decorate(UserController, 'change', Post('me'));
decorateParameter(UserController, 'me', KeycloakUser(), 0);
decorateParameter(UserController, 'me', AuthenticatedUser(), 1);
decorateParameter(UserController, 'me', AccessToken(), 2);
decorateParameter(UserController, 'open', KeycloakUser());
decorateParameter(UserController, 'strict', KeycloakUser());

for (const platform of PLATFORMS) {
  describe(`AuthGuard in Nest on ${platform}`, () => {
    const start = (t: TestContext, more: Partial<Parameters<typeof startConnectApp>[2]> = {}) =>
      startConnectApp(t, { controllers: [UserController], providers: GUARDS }, { platform, ...more });

    test('hands out the claims and the token; a refusal has its challenge', async (t) => {
      const { realm, get } = await start(t);
      const token = realm.mint();
      const {
        user,
        isSame,
        token: seen,
      } = (await (await get('/me', token)).json()) as Record<string, unknown>;
      assert.equal((user as { preferred_username: string }).preferred_username, 'abdullah');
      assert.deepEqual([isSame, seen], [true, token]);
      const refused = await get('/me');
      assert.deepEqual(
        [refused.status, refused.headers.get('www-authenticate'), await refused.json()],
        [401, 'Bearer', { detail: 'Not authenticated' }],
      );
    });

    test('where it is open, a good token is taken note of, and a bad one is not', async (t) => {
      const { realm, get } = await start(t);
      assert.deepEqual(await (await get('/open')).json(), { user: null });
      assert.deepEqual(await (await get('/open', 'garbage')).json(), { user: null });
      assert.deepEqual(await (await get('/open', realm.mint())).json(), { user: 'abdullah' });
    });

    test('@Public(false) admits callers without a token, and refuses a bad one', async (t) => {
      const { realm, get } = await start(t);
      assert.deepEqual(await (await get('/strict')).json(), { user: null });
      assert.deepEqual(await (await get('/strict', realm.mint())).json(), { user: 'abdullah' });
      const refused = await get('/strict', 'garbage');
      assert.deepEqual(
        [refused.status, await refused.json()],
        [401, { detail: 'Could not validate credentials' }],
      );
      assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token"/);
    });

    test('no token is in the log, whatever becomes of it', async (t) => {
      const lines: string[] = [];
      for (const level of ['log', 'warn', 'error', 'verbose', 'debug'] as const)
        t.mock.method(Logger.prototype, level, (...said: unknown[]) => void lines.push(JSON.stringify(said)));
      const { realm, get } = await start(t);
      const tokens = [realm.mint(), `${realm.mint().slice(0, -4)}AAAA`];
      for (const token of tokens) await get('/me', token);
      for (const token of tokens) assert.ok(!lines.join('\n').includes(token.slice(0, 40)));
    });

    test('a token in the cookie counts where no header is, and from a page of this origin alone', async (t) => {
      const { realm, get, url } = await start(t, {
        prepare: (app) => {
          const parse = (request: { headers: { cookie?: string }; cookies?: object }) => {
            request.cookies = Object.fromEntries(
              (request.headers.cookie ?? '').split('; ').map((one) => one.split('=', 2)),
            );
          };
          if (platform === 'fastify') {
            app
              .getHttpAdapter()
              .getInstance()
              .addHook('onRequest', async (request: never) => parse(request));
          } else
            app.use((request: never, _response: unknown, next: () => void) => {
              parse(request);
              next();
            });
        },
      });
      const cookie = `KEYCLOAK_JWT=${realm.mint()}`;
      assert.equal((await get('/me', undefined, { headers: { cookie } })).status, 200);
      assert.equal((await get('/me', 'garbage', { headers: { cookie } })).status, 401);
      const post = (headers: Record<string, string>) =>
        get('/me', undefined, { method: 'POST', headers: { cookie, ...headers } });
      assert.equal((await post({ origin: url })).status, 201);
      assert.equal((await post({ origin: 'https://evil.example.com' })).status, 403);
      assert.equal((await post({})).status, 403);
    });
  });
}
