import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fastify from 'fastify';
import keycloakGuard, { backchannelLogout } from '../../packages/guard/src/adapters/fastify/index.ts';
import { combineVerifiers, OptionsError, type Verifier } from '../../packages/guard/src/core/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

describe('the options of the plugin', () => {
  it('reports wrong options when it is registered', async () => {
    const app = fastify();
    await assert.rejects(async () => app.register(keycloakGuard, { serverUrl: 'x' } as never), OptionsError);
  });

  const verifierOf = (): { verifier: Verifier } => ({ verifier: createTestRealm().verifier() });
  const { serverUrl, realm: name, clientId } = createTestRealm();
  const keycloak = { serverUrl, realm: name, clientId };
  const wrong: readonly [string, () => object, string[]][] = [
    [
      'every option of its own',
      () => ({ ...verifierOf(), onDenied: 'no', logRefusals: 'false', securityScheme: '' }),
      ['onDenied', 'logRefusals', 'securityScheme'],
    ],
    ['its own alone', () => ({ ...keycloak, securityScheme: 7 }), ['securityScheme']],
  ];
  for (const [what, options, expected] of wrong) {
    it(`names every mistake in ${what}`, async () => {
      await assert.rejects(
        async () => fastify().register(keycloakGuard, options() as never),
        (error) => {
          assert.ok(error instanceof OptionsError, String(error));
          assert.match(error.message, /^keycloakGuard: /);
          assert.deepEqual(
            error.problems.map(({ option }) => option),
            expected,
          );
          return true;
        },
      );
    });
  }

  it('suggests the names of both kinds', async () => {
    await assert.rejects(
      async () =>
        fastify().register(keycloakGuard, { ...keycloak, onDenid: () => {}, tokenChek: 'x' } as never),
      (error) => {
        assert.ok(error instanceof OptionsError);
        assert.deepEqual(
          error.problems.map(({ rule }) => rule),
          ['is not an option: did you mean onDenied?', 'is not an option: did you mean tokenCheck?'],
        );
        return true;
      },
    );
    const app = fastify();
    await app.register(keycloakGuard, verifierOf());
    await assert.rejects(
      async () => app.register(backchannelLogout, { pathh: '/x', path: 'no' } as never),
      new OptionsError('backchannelLogout', [
        { option: 'path', rule: 'must be a path', example: "'/backchannel-logout'" },
        { option: 'pathh', rule: 'is not an option: did you mean path?', example: 'path' },
      ]),
    );
  });

  it('takes what combineVerifiers makes, and options that are undefined', async () => {
    const realms = ['a', 'b'].map((realm) => createTestRealm({ realm }));
    const verifier = combineVerifiers(realms.map((realm) => realm.verifier({ issuer: realm.issuer })));
    const app = fastify();
    const none = { onDenied: undefined, logRefusals: undefined, securityScheme: undefined };
    await app.register(keycloakGuard, { verifier, ...none });
    assert.equal(app.verifier, verifier);
    await app.close();
    await verifier.close();
  });
});
