import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { APP_GUARD } from '@nestjs/core';
import {
  KeycloakGuard,
  KeycloakService,
  OptionalAuth,
  Require,
} from '../../packages/guard/src/adapters/nest/index.ts';
import { PLATFORMS, startApp } from './start-app.ts';
import { openEvents, openSubscription, toStreams } from './streams.ts';

const SESSION = { sid: 's1' };
const EVERYWHERE = { provide: APP_GUARD, useClass: KeycloakGuard };

for (const platform of PLATFORMS) {
  for (const [title, decorators, providers] of [
    ['a decorator', [Require({})], []],
    ['APP_GUARD', [], [EVERYWHERE]],
  ] as const) {
    test(`server-sent events on ${platform}, guarded by ${title}, end with the session, and others go on`, async (t) => {
      const { rest } = toStreams(...decorators);
      const { app, realm, get } = await startApp(t, { ...rest, providers: [...providers] }, { platform });
      const ended = await openEvents(await get('/events', realm.mint(SESSION)));
      const other = await openEvents(await get('/events', realm.mint({ sid: 's2' })));
      assert.match(String(await ended.next()), /data: one/);
      assert.match(String(await other.next()), /data: one/);
      const [member] = app.get(KeycloakService).verifier.members;
      await member?.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
      assert.equal(await ended.next(), undefined);
      const still = Symbol('still open');
      assert.equal(
        await Promise.race([other.next(), new Promise((resolve) => setImmediate(resolve, still))]),
        still,
      );
      assert.equal((await get('/events', realm.mint(SESSION))).status, 401);
    });
  }
}

describe('a stream in Nest', () => {
  test('a GraphQL subscription ends with the session', async (t) => {
    const { graphql } = toStreams(Require({}));
    const { app, realm } = await startApp(t, graphql);
    const stream = await openSubscription(app, realm.mint(SESSION));
    assert.equal(await stream.next(), 'one');
    const [member] = app.get(KeycloakService).verifier.members;
    await member?.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
    assert.equal(await stream.next(), undefined);
  });

  test('ends at the end of its token', async (t) => {
    const { rest } = toStreams(Require({}));
    const { realm, get } = await startApp(t, rest);
    const stream = await openEvents(await get('/events', realm.mint({ exp: realm.now + 2 })));
    await stream.next();
    assert.equal(await stream.next(), undefined);
  });

  test('of nobody goes on', async (t) => {
    const { rest } = toStreams(OptionalAuth());
    const { get } = await startApp(t, rest);
    const answer = await get('/events');
    assert.match(String(await (await openEvents(answer)).next()), /data: one/);
  });
});
