import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import fastify, { type FastifyRequest } from 'fastify';
import keycloakGuard from '../../packages/guard/src/adapters/fastify/index.ts';
import {
  AuthError,
  type createVerifier as Create,
  type Principal,
  type Verifier,
} from '../../packages/guard/src/core/index.ts';
import { createTestRealm, startLoaded } from '../support/test-realm.ts';
import { bearer, body, get, NOT_VALID } from './guarded-app.ts';

/** An API whose verifier answers with whatever it is told. */
async function startWith(verify: (good: Principal) => unknown) {
  const { realm, verifier } = await startLoaded();
  const good = await verifier.verify(realm.mint());
  const own = Object.create(verifier, { verify: { value: () => verify(good) } }) as Verifier;
  const app = fastify();
  await app.register(keycloakGuard, { verifier: own });
  app.get('/any', { onRequest: app.guard() }, (request) => ({ user: request.principal?.username }));
  app.get('/maybe', { onRequest: app.guard({ optional: true }) }, () => 'let in');
  return app;
}

/** A promise of another make, as libraries have them. */
const foreign = (settle: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void) =>
  Object.fromEntries([['then', settle]]);
const forged = () => new AuthError('token_signature', 'The signature does not match');

const nothing: readonly [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['a text', 'abdullah'],
  ['an empty object', {}],
  ['a list', []],
  ['{ active: false }', { active: false }],
  ['an error that it does not throw', forged()],
];

describe('a verifier of somebody else', () => {
  for (const [name, value] of nothing) {
    for (const [how, answer] of [
      ['at once', () => value],
      ['as a promise', async () => value],
      ['as a promise of another make', () => foreign((resolve) => resolve(value))],
    ] as const) {
      it(`that answers a token with ${name}, ${how}, lets nobody in: 500`, async () => {
        const app = await startWith(answer);
        for (const url of ['/any', '/maybe']) {
          const { statusCode, body: text, headers } = await app.inject({ url, ...bearer('forged') });
          assert.equal(statusCode, 500);
          assert.equal(
            text,
            '{"statusCode":500,"error":"Internal Server Error","message":"The verifier gave neither a principal nor an error"}',
          );
          assert.equal(headers['www-authenticate'], undefined);
        }
      });
    }
  }

  for (const [how, answer] of [
    ['of another make', () => foreign((_, reject) => reject(forged()))],
    ['of another realm of code', () => runInNewContext('(e) => Promise.reject(e)')(forged())],
  ] as const) {
    it(`that refuses by a promise ${how} is waited for: 401`, async () => {
      const app = await startWith(answer);
      assert.deepEqual(await get(app, '/any', 'forged'), [
        401,
        body('Could not validate credentials'),
        NOT_VALID,
      ]);
    });
  }

  it('that answers by a promise of another make is waited for', async () => {
    const app = await startWith((good) => foreign((resolve) => setImmediate(resolve, good)));
    assert.deepEqual(await get(app, '/any', 'good'), [200, '{"user":"abdullah"}', undefined]);
  });

  it('whose promise of another make throws instead of rejecting refuses all the same', async () => {
    const app = await startWith(() =>
      foreign(() => {
        throw forged();
      }),
    );
    assert.equal((await get(app, '/any', 'forged'))[0], 401);
  });
});

describe('a verifier of somebody else that cannot load', () => {
  for (const [how, load] of [
    ['rejects', () => Promise.reject(new Error('no keys'))],
    [
      'rejects by a promise of another realm of code',
      () => runInNewContext("Promise.reject(new Error('x'))"),
    ],
  ] as const) {
    it(`and ${how} is told to the log, and the API starts`, async () => {
      const { verifier } = await startLoaded();
      const logged: string[] = [];
      const app = fastify({ logger: { level: 'error', stream: { write: (line) => logged.push(line) } } });
      await app.register(keycloakGuard, { verifier: Object.create(verifier, { load: { value: load } }) });
      await app.ready();
      await new Promise(setImmediate);
      assert.equal(logged.length, 1);
      assert.match(String(logged[0]), /the verifier could not load/);
      await app.close();
      await verifier.close();
    });
  }
});

describe('a listener of somebody else', () => {
  for (const [how, fails] of [
    ['rejects', () => Promise.reject(new Error('full'))],
    [
      'rejects by a promise of another realm of code',
      () => runInNewContext("Promise.reject(new Error('full'))"),
    ],
    ['rejects by a promise of another make', () => foreign((_, reject) => reject(new Error('full')))],
    ['throws', () => assert.fail('full')],
  ] as const) {
    it(`that ${how} changes nothing but the log`, async () => {
      const { verifier } = await startLoaded();
      const logged: string[] = [];
      const app = fastify({ logger: { level: 'error', stream: { write: (line) => logged.push(line) } } });
      await app.register(keycloakGuard, { verifier, onDenied: fails });
      app.get('/any', { onRequest: app.guard() }, () => 'let in');
      assert.equal((await get(app, '/any', 'forged'))[0], 401);
      await new Promise(setImmediate);
      assert.equal(logged.length, 1);
      assert.match(String(logged[0]), /onDenied failed/);
      await app.close();
      await verifier.close();
    });
  }

  for (const [how, onDenied] of [
    ['rejects', () => Promise.reject(new Error('full'))],
    ['throws', () => assert.fail('full')],
  ] as const)
    it(`that ${how} changes nothing where the log fails, too`, async () => {
      const { verifier } = await startLoaded();
      const app = fastify({ logger: { level: 'error', stream: { write: () => assert.fail('full') } } });
      await app.register(keycloakGuard, { verifier, onDenied });
      app.get('/any', { onRequest: app.guard() }, () => 'let in');
      assert.equal((await get(app, '/any', 'forged'))[0], 401);
      await new Promise(setImmediate);
      await app.close();
      await verifier.close();
    });

  it('is told what a verifier of another build of this package refused', async () => {
    const { createVerifier } = createRequire(import.meta.url)(
      '../../packages/guard/dist/cjs/core/index.js',
    ) as { createVerifier: typeof Create };
    const realm = createTestRealm();
    const { serverUrl, realm: name, clientId, fetch, clock } = realm;
    const verifier = createVerifier({ serverUrl, realm: name, clientId, fetch, clock, onNotice: false });
    const app = fastify();
    const denied: string[] = [];
    const onDenied = (_request: FastifyRequest, { code }: AuthError) => denied.push(code);
    await app.register(keycloakGuard, { verifier, onDenied });
    app.get('/any', { onRequest: app.guard() }, () => 'let in');
    assert.equal((await get(app, '/any', 'forged'))[0], 401);
    assert.deepEqual(denied, ['token_malformed']);
    await app.close();
    await verifier.close();
  });
});
