import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import websocket from '@fastify/websocket';
import { WebSocket } from 'ws';
import { start } from './guarded-app.ts';

it('a WebSocket of @fastify/websocket ends with its token, and goes on with a new one', async (t) => {
  const { realm, verifier, app } = await start();
  await app.register(websocket);
  app.get('/ws', { websocket: true, onRequest: app.guard() }, async (socket, request) => {
    const connection = await app.guardConnection(request);
    connection.signal.addEventListener('abort', () => socket.close(4401, 'signed out'));
    socket.once('close', connection.end);
    socket.on('message', (token: Buffer) => {
      connection.renew(String(token)).then(({ email }) => socket.send(email ?? ''));
    });
    socket.send(connection.principal.username ?? '');
  });
  const url = (await app.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws');
  t.after(async () => {
    await app.close();
    await verifier.close();
  });
  const open = (seconds: number) =>
    new WebSocket(`${url}/ws`, {
      headers: { authorization: `Bearer ${realm.mint({ exp: realm.now + seconds })}` },
    });
  const ends = open(1);
  const [code] = await once(ends, 'close');
  assert.equal(code, 4401);
  const stays = open(5);
  assert.equal(String((await once(stays, 'message'))[0]), 'abdullah');
  stays.send(realm.mint({ email: 'new@example.com' }));
  assert.equal(String((await once(stays, 'message'))[0]), 'new@example.com');
  await new Promise((resolve) => setTimeout(resolve, 5_200));
  assert.equal(stays.readyState, WebSocket.OPEN);
  stays.close();
});
