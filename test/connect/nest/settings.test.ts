import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Controller, Get, Injectable, Logger } from '@nestjs/common';
import {
  AuthGuard,
  type KeycloakConnectConfig,
  KeycloakConnectModule,
  KeycloakConnectService,
  KeycloakUser,
  RoleMerge,
  TokenValidation,
} from '../../../packages/connect/src/nest/index.ts';
import { OptionsError } from '../../../packages/guard/src/core/index.ts';
import { createApp, moduleOf } from '../../nest/start-app.ts';
import { eventually } from '../../support/eventually.ts';
import { createTestRealm } from '../../support/test-realm.ts';
import { decorate, decorateParameter } from '../../support/without-syntax.ts';
import { configFor, GUARDS, startConnectApp } from './start-connect-app.ts';

const GOOD = { authServerUrl: 'https://sso.example.com', realm: 'testing', clientId: 'my-api' };

class MeController {
  me(user: { iss: string }) {
    return { iss: user.iss };
  }
}
decorate(MeController, Controller());
decorate(MeController, 'me', Get('me'));
decorateParameter(MeController, 'me', KeycloakUser());

describe('settings of nest-keycloak-connect', () => {
  test('what would open a hole fails when the app starts, with the way out', async () => {
    const wrong: [KeycloakConnectConfig, RegExp][] = [
      [{ ...GOOD, tokenValidation: TokenValidation.NONE }, /tokenValidation: must not be NONE/],
      [{ ...GOOD, tokenValidation: 'offlin' as never }, /tokenValidation: must be ONLINE or OFFLINE/],
      [{ ...GOOD, policyEnforcement: 'enforce' as never }, /policyEnforcement/],
      [{ ...GOOD, realm: '' }, /realm: must be given, or multiTenant.realmResolver/],
      [{ ...GOOD, verifyTokenAudience: false }, /verifyTokenAudience: must not be false.*audience/],
      [{ ...GOOD, 'verify-token-audience': 'false' as never }, /verifyTokenAudience: must not be false/],
      [{ ...GOOD, clientId: '' }, /clientId/],
    ];
    for (const [options, message] of wrong) {
      const module = moduleOf({ imports: [KeycloakConnectModule.register(options)] });
      await assert.rejects(createApp('express', module), (error) => {
        assert.ok(error instanceof OptionsError, `${error}`);
        assert.match(error.message, message);
        return true;
      });
    }
  });

  test('what has no effect any more is told once, at start', async (t) => {
    const lines: string[] = [];
    t.mock.method(Logger.prototype, 'warn', (line: string) => void lines.push(line));
    await startConnectApp(t, {}, { config: { roleMerge: RoleMerge.ALL, 'realm-public-key': 'MIIB' } });
    assert.equal(lines.filter((line) => line.startsWith('roleMerge has no effect')).length, 1);
    assert.equal(lines.filter((line) => line.startsWith('realm-public-key has no effect')).length, 1);
  });

  test('from a keycloak.json with references to the environment', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'keycloak-json-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'keycloak.json');
    const realm = createTestRealm();
    writeFileSync(
      file,
      JSON.stringify({
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as the file has it.
        realm: '${env.KEYCLOAK_GUARD_TEST_REALM:testing}',
        'auth-server-url': realm.serverUrl,
        'ssl-required': 'external',
        resource: realm.clientId,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as the file has it.
        credentials: { secret: '${env.KEYCLOAK_GUARD_TEST_SECRET}' },
      }),
    );
    const service = new KeycloakConnectService(file, {
      verifier: { fetch: realm.fetch, clock: realm.clock, onNotice: false },
    });
    await service.close();
    assert.ok(!JSON.stringify(service).includes('secret'));
  });

  test('OFFLINE asks Keycloak about no token, ONLINE does', async (t) => {
    for (const [tokenValidation, asked] of [
      [TokenValidation.OFFLINE, 0],
      [TokenValidation.ONLINE, 1],
      [undefined, 1],
    ] as const) {
      const { realm, get } = await startConnectApp(
        t,
        { controllers: [MeController], providers: GUARDS },
        { config: { ...(tokenValidation && { tokenValidation }), secret: 'a-secret' } },
      );
      const token = realm.mint();
      assert.equal((await get('/me', token)).status, 200);
      realm.advance(60);
      assert.equal((await get('/me', token)).status, 200);
      await eventually(`${tokenValidation}`, () => realm.calls.introspection === asked);
    }
  });

  test('a token for another client is refused; verifier.audience says what else is good', async (t) => {
    const realm = createTestRealm();
    const foreign = { aud: 'account', azp: 'web-app' };
    const strict = await startConnectApp(t, { controllers: [MeController], providers: GUARDS }, { realm });
    assert.equal((await strict.get('/me', realm.mint(foreign))).status, 401);
    const { get } = await startConnectApp(
      t,
      { controllers: [MeController], providers: GUARDS },
      { realm, config: { verifier: { audience: ['my-api', 'account'] } } },
    );
    assert.equal((await get('/me', realm.mint(foreign))).status, 200);
  });

  test('registerAsync by factory, class and existing provider', async () => {
    class Options {
      createKeycloakConnectOptions() {
        return GOOD;
      }
    }
    Injectable()(Options);
    const holder = { module: class OptionsModule {}, providers: [Options], exports: [Options] };
    const ways = [
      { useFactory: () => GOOD },
      { useFactory: async () => GOOD },
      { useClass: Options },
      { imports: [holder], useExisting: Options },
      {
        imports: [holder],
        inject: [Options],
        useFactory: (one: Options) => one.createKeycloakConnectOptions(),
      },
    ];
    for (const way of ways) {
      const app = await createApp(
        'express',
        moduleOf({ imports: [KeycloakConnectModule.registerAsync(way)] }),
      );
      assert.ok(app.get(AuthGuard, { strict: false }));
      await app.close();
    }
    assert.throws(() => KeycloakConnectModule.registerAsync({}), /useFactory/);
  });
});

describe('several realms', () => {
  async function start(t: TestContext) {
    const [staff, guests] = [createTestRealm({ realm: 'staff' }), createTestRealm({ realm: 'guests' })];
    const { fetch: _, ...verifier } = configFor(staff).verifier as { fetch: unknown };
    const both: typeof fetch = (input, init) =>
      String(input).includes('/realms/guests/') ? guests.fetch(input, init) : staff.fetch(input, init);
    const { get } = await startConnectApp(
      t,
      { controllers: [MeController], providers: GUARDS },
      {
        realm: staff,
        config: {
          realm: undefined as never,
          multiTenant: {
            realmResolver: (request) => (request.headers as Record<string, string>)['x-tenant'],
            realmClientIdResolver: (realm) => (realm === 'staff' ? 'my-api' : 'guest-api'),
          },
          verifier: { ...verifier, fetch: both },
        },
      },
    );
    const as = async (tenant: string, token?: string) =>
      (await get('/me', token, { headers: tenant === '' ? {} : { 'x-tenant': tenant } })).status;
    return { staff, guests, as };
  }

  test('a token counts in the realm that the resolver names, whatever it says itself', async (t) => {
    const { staff, guests, as } = await start(t);
    const [ofStaff, ofGuests] = [staff.mint(), guests.mint({ aud: 'guest-api' })];
    assert.equal(await as('staff', ofStaff), 200);
    assert.equal(await as('guests', ofGuests), 200);
    assert.equal(await as('guests', ofStaff), 401);
    assert.equal(await as('staff', ofGuests), 401);
    // What one was made with stays with it, in every order.
    assert.equal(await as('staff', ofStaff), 200);
    assert.equal(await as('guests', guests.mint({ aud: 'my-api' })), 401);
  });

  test('no realm, or what cannot be one: nobody gets in', async (t) => {
    const { staff, as } = await start(t);
    for (const tenant of ['', '../master', 'a/b', '..'])
      assert.equal(await as(tenant, staff.mint()), 401, tenant);
    assert.equal(await as('staff'), 401);
  });
});
