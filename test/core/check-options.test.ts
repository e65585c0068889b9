import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveAdapterOptions } from '../../packages/guard/src/adapters/engine/internal.ts';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { checkOptions, findOptionProblems, optionRules } from '../../packages/guard/src/core/internal.ts';
import { createRedisRevocationStore, openRedis } from '../../packages/guard/src/redis/index.ts';
import { createMemorySessionStore, createSessions } from '../../packages/guard/src/session/index.ts';
import { resolveSessionOptions } from '../../packages/guard/src/session/resolved-options.ts';

const rules = {
  clientId: optionRules.required(optionRules.string('must be a client id', "'my-api'")),
  clientSecret: optionRules.CLIENT_SECRET,
  idleSeconds: optionRules.whole(1, 10, 5),
  oxn: optionRules.trueOrFalse(true),
  on: optionRules.trueOrFalse(true),
};

describe('options of a factory', () => {
  it('that are not known are refused, with the nearest name that is', () => {
    for (const [typed, near] of [
      ['clientSecert', 'clientSecret'], // swapped
      ['clientSecrt', 'clientSecret'], // left out
      ['clientSecrets', 'clientSecret'], // put in
      ['clientsecret', 'clientSecret'], // case
      ['client_secret', 'clientSecret'],
      ['idleSecond', 'idleSeconds'],
      ['idle', undefined],
      ['o', 'on'], // nearer than oxn
      ['onab', 'on'], // two letters
      ['onabc', undefined],
      ['no', 'on'],
      ['toString', undefined],
      ['__proto__x', undefined],
      // As keycloak.json has it.
      ['credentials', 'clientSecret'],
      ['auth-server-url', undefined], // there is no serverUrl here
    ] as const) {
      const problems = findOptionProblems({ clientId: 'x', [typed]: undefined }, rules);
      const expected =
        near === undefined
          ? { rule: 'is not an option', example: 'clientId, clientSecret, idleSeconds, oxn, on' }
          : { rule: `is not an option: did you mean ${near}?`, example: near };
      assert.deepEqual(problems, [{ option: typed, ...expected }]);
    }
  });

  it('are refused all at once, each with its rule and an example', () => {
    assert.throws(
      () => checkOptions('createX', { idleSeconds: 0, on: 'false', clientID: 'x' } as never, rules as never),
      new OptionsError('createX', [
        { option: 'clientId', rule: 'is missing', example: "'my-api'" },
        { option: 'idleSeconds', rule: 'must be a whole number from 1 to 10', example: '5' },
        { option: 'on', rule: 'must be true or false', example: 'true' },
        { option: 'clientID', rule: 'is not an option: did you mean clientId?', example: 'clientId' },
      ]),
    );
  });

  it('that are empty, as a variable of the environment may be, are called empty', () => {
    assert.deepEqual(findOptionProblems({ clientId: 'x', clientSecret: '' }, rules), [
      {
        option: 'clientSecret',
        rule: 'is empty, and must be a string without surrounding spaces',
        example: rules.clientSecret.example,
      },
    ]);
  });

  it('must be an object; none at all are no options', () => {
    for (const none of ['x', 1, [], new Map(), Promise.resolve({})]) {
      assert.deepEqual(findOptionProblems(none, {}), [
        { option: 'options', rule: 'must be an object, no promise and no Map', example: '{ … }' },
      ]);
    }
    assert.deepEqual(findOptionProblems(undefined, {}), []);
    assert.deepEqual(findOptionProblems(null, { on: rules.on }), []);
  });

  const keycloak = { serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'x' };
  const connection = {} as never;
  const factories: readonly [string, (more: object) => unknown, string, string][] = [
    ['createClient', (more) => createClient({ ...keycloak, ...more }), 'clientSecert', 'clientSecret'],
    [
      'keycloakSession',
      (more) =>
        resolveSessionOptions(
          { client: createClient(keycloak), secret: '0123456789'.repeat(4), ...more },
          'keycloakSession',
        ),
      'idleSecond',
      'idleSeconds',
    ],
    [
      'createSessions',
      (more) =>
        createSessions({
          verifier: { verify() {}, load() {} } as never,
          client: createClient(keycloak),
          secret: '0123456789'.repeat(4),
          ...more,
        }),
      'idleSecond',
      'idleSeconds',
    ],
    ['createMemorySessionStore', (more) => createMemorySessionStore(more), 'maxSession', 'maxSessions'],
    [
      'createRedisRevocationStore',
      (more) => createRedisRevocationStore(connection, more),
      'rememberSecond',
      'rememberSeconds',
    ],
    ['openRedis', (more) => openRedis({ url: 'redis://127.0.0.1:1', ...more }), 'timeoutMS', 'timeoutMs'],
  ];
  for (const [factory, make, typed, meant] of factories) {
    it(`of ${factory} are checked: ${typed} is refused`, () => {
      assert.throws(
        () => make({ [typed]: 'x' }),
        new OptionsError(factory, [
          { option: typed, rule: `is not an option: did you mean ${meant}?`, example: meant },
        ]),
      );
    });
  }

  it('of sessions are checked, every one', () => {
    const wrong = {
      client: {},
      secret: [],
      publicUrl: 'https://user@app.example.com',
      store: {},
      idleSeconds: 59,
      maxSeconds: 1.5,
      prefix: '/',
      afterLogout: '//evil.test',
      scope: ' openid',
      maxCachedSessions: -1,
      onEvent: 'log',
      clock: 1,
    };
    assert.throws(
      () => resolveSessionOptions(wrong as never),
      (error) => {
        assert.ok(error instanceof OptionsError);
        assert.deepEqual(
          error.problems.map(({ option }) => option),
          Object.keys(wrong),
        );
        return true;
      },
    );
  });
});

describe('options of an adapter', () => {
  it('that are not there at all are named, and so is what they must be', () => {
    for (const none of [undefined, null])
      assert.throws(
        () => resolveAdapterOptions(none as never, { factory: 'keycloak' }),
        /serverUrl: is missing/,
      );
    assert.throws(
      () => resolveAdapterOptions('x' as never, { factory: 'keycloak' }),
      /options: must be an object/,
    );
  });
});
