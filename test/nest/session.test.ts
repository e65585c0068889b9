import assert from 'node:assert/strict';
import { type OutgoingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  ForbiddenException,
  Get,
  HttpException,
  NotFoundException,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { KeycloakModule, Principal, Require } from '../../packages/guard/src/adapters/nest/index.ts';
import { toHeaders } from '../../packages/guard/src/core/http/request.ts';
import { isAuthError } from '../../packages/guard/src/core/index.ts';
import type { SessionEvent } from '../../packages/guard/src/session/index.ts';
import { mintLogoutToken } from '../core/signed-messages.ts';
import { ORIGIN, PASSWORD } from '../session/browser.ts';
import { SECRET, startIdp } from '../support/dev-idp.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';
import { createApp, moduleOf, PLATFORMS, type Platform, startApp } from './start-app.ts';

class MeController {
  me(username: string) {
    return { username };
  }
}
decorate(MeController, Controller());
decorate(MeController, 'me', Get('me'), Require({}));
decorateParameter(MeController, 'me', Principal('username'));

const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' };

/** An app with browser sessions under a global prefix, and as much of a browser as is needed. */
async function openSessionApp(t: TestContext, platform: Platform) {
  const idp = await startIdp(t);
  const events: [SessionEvent['type'], string | undefined][] = [];
  const app = await createApp(
    platform,
    moduleOf({
      imports: [
        KeycloakModule.forRoot({
          ...{ serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak', clientSecret: SECRET },
          session: {
            secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
            onEvent: (event, request) => void events.push([event.type, request?.url]),
          },
        }),
      ],
      controllers: [MeController],
    }),
  );
  t.after(() => app.close());
  app.setGlobalPrefix('api');
  app.enableCors({ origin: 'https://pages.example.com' });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const jar = new Map<string, string>();
  const visit = async (path: string, init: RequestInit = {}) => {
    const target = new URL(path.replace(ORIGIN, ''), url);
    const answer = await send(target, init.method, `${init.body ?? ''}`, {
      ...(target.origin === url && { host: new URL(ORIGIN).host }),
      cookie: [...jar].map((one) => one.join('=')).join('; '),
      ...(init.body && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...(init.headers as Record<string, string>),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  };
  return { visit, events, jar };
}

/** Node's `fetch` says itself that it is no page. */
function send(url: URL, method = 'GET', body = '', headers: OutgoingHttpHeaders = {}): Promise<Response> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (answer) => {
      const { statusCode: status = 0 } = answer;
      text(answer).then(
        (read) => resolve(new Response(read === '' ? null : read, { status, headers: toHeaders(answer) })),
        reject,
      );
    });
    sent.on('error', reject).end(body);
  });
}

for (const platform of PLATFORMS) {
  describe(`browser sessions in Nest on ${platform}, with a global prefix`, () => {
    test('who wants a page signs in and comes back to it, a program gets 401, and a logout ends it', async (t) => {
      const { visit, events, jar } = await openSessionApp(t, platform);
      const refused = await visit('/api/me');
      assert.deepEqual([refused.status, await refused.json()], [401, { detail: 'Not authenticated' }]);

      const invited = await visit('/api/me?tab=1', { headers: PAGE });
      assert.equal(invited.status, 303);
      assert.equal(invited.headers.get('cache-control'), 'no-store');
      const login = await visit(invited.headers.get('location') ?? '');
      assert.equal(login.status, 303);
      const form = await visit(login.headers.get('location') ?? '');
      const action = /action="([^"]+)"/.exec(await form.text())?.[1]?.replaceAll('&amp;', '&') ?? '';
      const signedIn = await visit(new URL(action, login.headers.get('location') ?? '').href, {
        method: 'POST',
        body: new URLSearchParams({ username: 'abdullah', password: PASSWORD }),
      });
      const back = await visit(signedIn.headers.get('location') ?? '');
      assert.equal(back.headers.get('location'), `${ORIGIN}/api/me?tab=1`);

      const me = await visit('/api/me');
      assert.deepEqual([me.status, await me.json()], [200, { username: 'abdullah' }]);
      const session = await visit('/auth/session');
      assert.equal(((await session.json()) as { authenticated: boolean }).authenticated, true);
      assert.equal(session.headers.get('access-control-allow-origin'), 'https://pages.example.com');

      const fromElsewhere = await visit('/auth/logout', {
        method: 'POST',
        headers: { origin: 'https://evil.example.com' },
      });
      assert.equal(fromElsewhere.status, 403);
      const out = await visit('/auth/logout', { method: 'POST', headers: { origin: ORIGIN } });
      assert.equal(out.status, 303);
      assert.deepEqual(
        [...jar.keys()].filter((name) => name.startsWith('session-')),
        [],
      );
      assert.equal((await visit('/api/me')).status, 401);
      assert.deepEqual(
        events.map(([type]) => type),
        ['started', 'logout_refused', 'ended'],
      );
      assert.equal(events[2]?.[1], '/auth/logout');
      assert.equal((await visit('/auth/nothing')).status, 404);
    });
  });

  test(`filters in Nest on ${platform} get the exception of a page's status, and the page comes where there is none`, async (t) => {
    const exceptions: HttpException[] = [];
    class Filter implements ExceptionFilter {
      catch(exception: HttpException, host: ArgumentsHost) {
        exceptions.push(exception);
        host.switchToHttp().getResponse().status(exception.getStatus()).send(exception.getResponse());
      }
    }
    const startFor = async (how: 'useGlobalFilters' | 'APP_FILTER', ...caught: (typeof HttpException)[]) => {
      class OwnFilter extends Filter {}
      decorate(OwnFilter, Catch(...caught));
      const module = moduleOf({
        imports: [
          KeycloakModule.forRoot({
            ...{ serverUrl: 'http://127.0.0.1:9', clientId: 'web', clientSecret: SECRET, onNotice: false },
            tenants: { of: () => undefined, get: async () => undefined },
            session: { secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826' },
          }),
        ],
        controllers: [MeController],
        providers: how === 'APP_FILTER' ? [{ provide: APP_FILTER, useClass: OwnFilter }] : [],
      });
      const app = await createApp(platform, module);
      if (how === 'useGlobalFilters') app.useGlobalFilters(new OwnFilter());
      t.after(() => app.close());
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      return send(new URL('/me', url), 'GET', '', PAGE);
    };
    for (const how of ['useGlobalFilters', 'APP_FILTER'] as const) {
      const filtered = await startFor(how, HttpException);
      assert.deepEqual([filtered.status, await filtered.json()], [404, { detail: 'Not Found' }], how);
      const exception = exceptions.pop();
      assert.ok(exception instanceof NotFoundException);
      assert.equal(isAuthError(exception.cause) && exception.cause.code, 'tenant_unknown');
      const page = await startFor(how, ForbiddenException as never);
      assert.equal(page.status, 404);
      assert.match(await page.text(), /<h1>Not Found<\/h1>/);
      assert.equal(exceptions.length, 0);
    }
  });

  test(`back-channel logout in Nest on ${platform}: the session is over at once, under its own path too`, async (t) => {
    const { realm, get } = await startApp(
      t,
      { controllers: [MeController] },
      {
        platform,
        options: {
          backchannelLogout: { path: '/keycloak/logout' },
        },
      },
    );
    const token = realm.mint({ sid: 's1' });
    assert.equal((await get('/me', token)).status, 200);
    const send = (path: string) =>
      get(path, undefined, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: mintLogoutToken(realm, { sid: 's1' }) }),
      });
    assert.equal((await send('/backchannel-logout')).status, 404);
    assert.equal((await send('/keycloak/logout')).status, 204);
    assert.equal((await get('/me', token)).status, 401);
  });
}
