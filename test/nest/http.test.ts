import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  type HttpException,
  Inject,
  Logger,
  UnauthorizedException,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, ExternalContextCreator } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  KeycloakGuard,
  KeycloakModule,
  type KeycloakModuleOptions,
  KeycloakService,
  Principal,
  Require,
  Roles,
} from '../../packages/guard/src/adapters/nest/index.ts';
import { isAuthError, OptionsError } from '../../packages/guard/src/core/index.ts';
import { eventually } from '../support/eventually.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';
import { createApp, moduleOf, PLATFORMS, startApp } from './start-app.ts';

class MeController {
  me(username: string) {
    return { username };
  }
  admin() {
    return {};
  }
}
decorate(MeController, Controller());
decorate(MeController, 'me', Get('me'), Require({}));
decorate(MeController, 'admin', Get('admin'), Roles('admin'));
decorateParameter(MeController, 'me', Principal('username'));

/** What is written to Nest's log while the test runs. */
function keepLog(t: TestContext): string[] {
  const lines: string[] = [];
  for (const level of ['error', 'warn'] as const) {
    t.mock.method(Logger.prototype, level, (line: string) => void lines.push(line));
  }
  return lines;
}

for (const platform of PLATFORMS) {
  describe(`Nest on ${platform}`, () => {
    test('an exception filter sees one of its own exceptions, with the reason as its cause', async (t) => {
      const seen: { exception?: HttpException } = {};
      class Filter implements ExceptionFilter {
        catch(exception: HttpException, host: ArgumentsHost) {
          seen.exception = exception;
          host.switchToHttp().getResponse().status(exception.getStatus()).send({ mine: true });
        }
      }
      decorate(Filter, Catch(UnauthorizedException));
      const { get } = await startApp(
        t,
        { controllers: [MeController], providers: [{ provide: APP_FILTER, useClass: Filter }] },
        { platform },
      );
      const answer = await get('/me');
      assert.deepEqual([answer.status, await answer.json()], [401, { mine: true }]);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
      assert.ok(isAuthError(seen.exception?.cause));
      assert.deepEqual(seen.exception?.getResponse(), { detail: 'Not authenticated' });
      // What Nest itself would say, which filters hand on.
      assert.equal(seen.exception?.message, 'Unauthorized');
    });

    test('who listens to refusals gets the context, the error, and who was refused', async (t) => {
      const told: [string, string, string | undefined][] = [];
      const onDenied: KeycloakModuleOptions['onDenied'] = (context, error, principal) =>
        void told.push([context.getHandler().name, error.code, principal?.username ?? undefined]);
      const { realm, get } = await startApp(
        t,
        { controllers: [MeController] },
        { platform, options: { onDenied } },
      );
      await get('/me');
      await get('/admin', realm.mint());
      assert.deepEqual(told, [
        ['me', 'missing_token', undefined],
        ['admin', 'role_missing', 'abdullah'],
      ]);
    });

    test('a guard of the app and one of a decorator ask Keycloak once', async (t) => {
      const { realm, get } = await startApp(
        t,
        { controllers: [MeController], providers: [{ provide: APP_GUARD, useClass: KeycloakGuard }] },
        { platform, options: { tokenCheck: 'remote', clientSecret: 'a-secret' } },
      );
      assert.equal((await get('/me', realm.mint())).status, 200);
      assert.equal(realm.calls.introspection, 1);
    });

    test('the keys of the realm are fetched when the app starts, not by its first request', async (t) => {
      const { realm } = await startApp(t, { controllers: [MeController] }, { platform });
      await eventually('they are fetched', () => realm.calls.jwks === 1);
    });

    test('an outage is 503, and is told to the log of Nest', async (t) => {
      const lines = keepLog(t);
      const { realm, get } = await startApp(
        t,
        { controllers: [MeController] },
        {
          platform,
          options: { onNotice: undefined, tokenCheck: 'remote', clientSecret: 'a-secret' },
        },
      );
      const token = realm.mint();
      assert.equal((await get('/me', token)).status, 200);
      realm.setAll('down');
      const answer = await get('/me', token);
      assert.deepEqual(
        [answer.status, answer.headers.get('retry-after'), await answer.json()],
        [503, '5', { detail: 'Identity provider unavailable' }],
      );
      assert.match(lines.join('\n'), /provider_unavailable/);
      assert.ok(!lines.join('\n').includes(token));
    });
  });
}

describe('KeycloakModule', () => {
  const good = { serverUrl: 'https://sso.example.com', realm: 'testing', clientId: 'my-api' };

  test('tells every mistake in its options when the app starts', async () => {
    const wrong: [object, RegExp][] = [
      [{ ...good, realm: '' }, /realm/],
      [{ ...good, tokenFrom: { http: () => 'x' } }, /tokenFrom/],
      [{ ...good, securityScheme: '' }, /securityScheme: .*must be the name of a security scheme/],
      [{ ...good, securityScheme: 7 }, /securityScheme: .*must be the name of a security scheme/],
      [{ ...good, backchannelLogout: 'yes' }, /backchannelLogout/],
      [{ ...good, session: true }, /session/],
      [{ ...good, session: { secret: 'short' } }, /secret/],
      [{ ...good, relm: 'x' }, /did you mean realm/],
    ];
    for (const [options, message] of wrong) {
      const module = moduleOf({ imports: [KeycloakModule.forRoot(options as never)] });
      await assert.rejects(createApp('express', module), (error) => {
        assert.ok(error instanceof OptionsError, `${error}`);
        assert.match(error.message, message);
        return true;
      });
    }
  });

  test('takes options from what is injected, and closes its verifier with the app', async (t) => {
    class Config {
      readonly realm = 'testing';
    }
    const module = moduleOf({
      imports: [
        KeycloakModule.forRootAsync({
          imports: [{ module: class ConfigModule {}, providers: [Config], exports: [Config] }],
          inject: [Config],
          useFactory: async (config: Config) => ({ ...good, realm: config.realm, onNotice: false }),
        }),
      ],
    });
    const app = await createApp('express', module);
    const { verifier } = app.get(KeycloakService);
    const close = t.mock.method(verifier, 'close');
    await app.init();
    assert.equal(verifier.members[0]?.issuer.baseUrl, 'https://sso.example.com/realms/testing');
    await app.close();
    assert.equal(close.mock.callCount(), 1);
  });

  test('its service is injected, and says yes or no', async (t) => {
    class HasController {
      readonly keycloak: KeycloakService;
      constructor(keycloak: KeycloakService) {
        this.keycloak = keycloak;
      }
      may(principal: Parameters<KeycloakService['has']>[0]) {
        return { may: this.keycloak.has(principal, { realmRole: 'admin' }) };
      }
    }
    decorate(HasController, Controller());
    decorate(HasController, 'may', Get(), Require({}));
    decorateParameter(HasController, 'may', Principal());
    decorateParameter(HasController, undefined, Inject(KeycloakService) as ParameterDecorator);
    const { realm, get } = await startApp(t, { controllers: [HasController] });
    assert.deepEqual(await (await get('/', realm.mint())).json(), { may: false });
    const admin = realm.mint({ realm_access: { roles: ['admin'] } });
    assert.deepEqual(await (await get('/', admin)).json(), { may: true });
  });

  test('is replaced in a test by a service with a verifier of one’s own', async (t) => {
    const { realm } = await startApp(t, {});
    const keycloak = new KeycloakService({ verifier: realm.verifier() });
    const options = { ...good, serverUrl: 'http://127.0.0.1:9' };
    const module = { imports: [KeycloakModule.forRoot(options)], controllers: [MeController] };
    const compiled = await Test.createTestingModule(module)
      .overrideProvider(KeycloakService)
      .useValue(keycloak)
      .compile();
    const app = compiled.createNestApplication();
    t.after(() => app.close());
    await app.listen(0, '127.0.0.1');
    const answer = await fetch(`${await app.getUrl()}/me`, {
      headers: { authorization: `Bearer ${realm.mint()}` },
    });
    assert.deepEqual(await answer.json(), { username: 'abdullah' });
  });
});

describe('what a guard does not know', () => {
  test('without KeycloakModule every guarded handler is refused, and the log says why', async (t) => {
    const lines = keepLog(t);
    const compiled = await Test.createTestingModule({ controllers: [MeController] }).compile();
    const app = compiled.createNestApplication();
    t.after(() => app.close());
    await app.listen(0, '127.0.0.1');
    const answer = await fetch(`${await app.getUrl()}/me`);
    assert.deepEqual([answer.status, await answer.json()], [500, { detail: 'Internal Server Error' }]);
    assert.match(lines.join('\n'), /KeycloakModule is not imported/);
    // A controller can be tested by itself.
    assert.deepEqual(compiled.get(MeController).me('sara'), { username: 'sara' });
  });

  test('a context of another type is refused, whatever is in it, and the log says why', async (t) => {
    const lines = keepLog(t);
    const { realm, app } = await startApp(t, { providers: [Jobs, GUARD_ALL] });
    const creator = app.get(ExternalContextCreator, { strict: false });
    const jobs = app.get(Jobs);
    const token = realm.mint();
    const run = (type: string) =>
      creator.create(
        jobs,
        jobs.run,
        'run',
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        type,
      )({
        headers: { authorization: `Bearer ${token}` },
      });
    await assert.rejects(run('queue'), (error: HttpException) => {
      assert.deepEqual([error.getStatus(), error.getResponse()], [500, { detail: 'Internal Server Error' }]);
      return true;
    });
    assert.match(lines.join('\n'), /A context of type "queue" is unknown/);
    assert.ok(!lines.join('\n').includes(token));
  });

  test('a context that says it is http and has no request is refused', async (t) => {
    const lines = keepLog(t);
    const { app } = await startApp(t, { providers: [Jobs, GUARD_ALL] });
    const creator = app.get(ExternalContextCreator, { strict: false });
    const jobs = app.get(Jobs);
    await assert.rejects(creator.create(jobs, jobs.run, 'run')('a message'), { message: /./ });
    assert.match(lines.join('\n'), /is not a request/);
  });
});

class Jobs {
  run() {
    return 'done';
  }
}
const GUARD_ALL = { provide: APP_GUARD, useClass: KeycloakGuard };
