// Proof of possession at gateways: a message cannot have a proof of its own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WebSocketGateway } from '@nestjs/websockets';
import { KeycloakService } from '../../packages/guard/src/adapters/nest/index.ts';
import { createDpopClient } from '../support/dpop.ts';
import { closing, connect, startSocketIo, startWs, toGateway } from './gateways.ts';
import { PLATFORMS } from './start-app.ts';

const REFUSED = { status: 'error', code: 'UNAUTHENTICATED', detail: 'Could not validate credentials' };
const DENIED = { status: 'error', code: 'FORBIDDEN', detail: 'Not enough permissions' };
type Started = Pick<Awaited<ReturnType<typeof startWs>>, 'realm' | 'url'>;

function toHandshake({ realm, url }: Started, path: string, token?: string) {
  const client = createDpopClient();
  const bound = token ?? realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt }, sid: 's1' });
  const proof = client.proof({ token: bound, uri: `${url}${path}`, now: realm.now });
  return { headers: { authorization: `DPoP ${bound}`, dpop: proof } };
}

for (const platform of PLATFORMS) {
  describe(`a gateway of ws on ${platform} and a token that is bound to a key`, () => {
    for (const dpop of ['accepted', 'required'] as const) {
      test(`(${dpop}) its proof is good for the connection: messages are admitted after it is too old for another`, async (t) => {
        const app = await startWs(t, platform, { dpop });
        const handshake = toHandshake(app, '/chat');
        const { client, ask } = await connect(t, `${app.url}/chat`, handshake);
        assert.equal(await ask('me'), 'abdullah');
        app.realm.advance(60);
        assert.equal(await ask('me'), 'abdullah');
        assert.deepEqual(await ask('admin'), DENIED);
        const again = await connect(t, `${app.url}/chat`, handshake);
        assert.deepEqual(await again.ask('me'), REFUSED);
        const [member] = app.app.get(KeycloakService).verifier.members;
        await member?.revoke({ type: 'session', issuer: app.realm.issuer, sessionId: 's1' });
        assert.deepEqual(await closing(client), [4401, 'Could not validate credentials']);
      });
    }

    test('is refused without its key, and where proofs are not accepted', async (t) => {
      const app = await startWs(t, platform, { dpop: 'accepted' });
      const bound = app.realm.mint({ typ: 'DPoP', cnf: { jkt: createDpopClient().jkt } });
      const handshakes = [
        toHandshake(app, '/chat', bound),
        toHandshake(app, '/other'),
        { headers: { authorization: `Bearer ${bound}` } },
      ];
      for (const handshake of handshakes) {
        const { ask } = await connect(t, `${app.url}/chat`, handshake);
        assert.deepEqual(await ask('me'), REFUSED);
        assert.deepEqual(await ask('me'), REFUSED);
      }
      const off = await startWs(t, platform, { dpop: 'off' });
      const { ask } = await connect(t, `${off.url}/chat`, toHandshake(off, '/chat'));
      assert.equal(((await ask('me')) as { code: string }).code, 'UNAUTHENTICATED');
    });
  });
}

test('a connection of Socket.IO is proved by its handshake', async (t) => {
  const app = await startSocketIo(t, { dpop: 'accepted' }, toGateway(WebSocketGateway()));
  const client = createDpopClient();
  const token = app.realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt } });
  const proof = client.proof({ token, uri: `${app.url}/socket.io/`, now: app.realm.now });
  const { ask } = app.open({ extraHeaders: { authorization: `DPoP ${token}`, dpop: proof } });
  assert.equal(await ask('me'), 'abdullah');
  app.realm.advance(60);
  assert.equal(await ask('me'), 'abdullah');
});
