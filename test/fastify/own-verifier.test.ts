import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import fastify from 'fastify';
import { AuthError, type Principal, type Verifier } from '../../packages/guard/src/core/index.ts';
import keycloakGuard from '../../packages/guard/src/fastify/index.ts';
import { startLoaded } from '../support/test-realm.ts';
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
        body(401, 'Unauthorized', 'Could not validate credentials', 'token_signature'),
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
