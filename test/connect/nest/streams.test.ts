import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Public } from '../../../packages/connect/src/nest/index.ts';
import { PLATFORMS } from '../../nest/start-app.ts';
import { openEvents, openSubscription, toStreams } from '../../nest/streams.ts';
import { GUARDS, startConnectApp } from './start-connect-app.ts';

for (const platform of PLATFORMS) {
  test(`server-sent events behind AuthGuard on ${platform} end with their token`, async (t) => {
    const { rest } = toStreams();
    const { realm, get } = await startConnectApp(t, { ...rest, providers: GUARDS }, { platform });
    const stream = await openEvents(await get('/events', realm.mint({ exp: realm.now + 2 })));
    assert.match(String(await stream.next()), /data: one/);
    assert.equal(await stream.next(), undefined);
  });
}

test('a GraphQL subscription behind AuthGuard ends with its token', async (t) => {
  const { graphql } = toStreams();
  const { realm, app } = await startConnectApp(t, {
    ...graphql,
    providers: [...(graphql.providers ?? []), ...GUARDS],
  });
  const stream = await openSubscription(app, realm.mint({ exp: realm.now + 2 }));
  assert.equal(await stream.next(), 'one');
  assert.equal(await stream.next(), undefined);
});

test('server-sent events that are public go on without a token', async (t) => {
  const { rest } = toStreams(Public());
  const { get } = await startConnectApp(t, { ...rest, providers: GUARDS });
  assert.match(String(await (await openEvents(await get('/events'))).next()), /data: one/);
});
