import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { mintLogoutToken } from '../../core/signed-messages.ts';
import { openRawClient } from '../../support/raw-client.ts';
import type { Adapter, Given } from './adapter.ts';
import { assertRefused, assertUser, invalid, setUp, without } from './set-up.ts';

const FORM = 'application/x-www-form-urlencoded';
const PATH = '/backchannel-logout';

async function setUpLogout(t: TestContext, adapter: Adapter, more: Partial<Given> = {}) {
  const { get, ...rest } = await setUp(t, adapter, more);
  const send = (body: string | undefined, type: string | undefined = FORM) =>
    get(PATH, undefined, {
      method: 'POST',
      headers: type === '' ? {} : { 'content-type': type },
      ...(body === undefined ? {} : { body }),
    });
  return { get, send, ...rest, logOut: (token: string) => send(`logout_token=${token}`) };
}

/** What Keycloak tells of sessions that ended, and what others send there. */
export function describeMessages(adapter: Adapter): void {
  for (const hasBodyParsers of [false, true]) {
    const how = hasBodyParsers ? 'behind body parsers' : 'by itself';
    const options = hasBodyParsers ? without(adapter, 'bodyParsers') : {};

    test(
      `${adapter.name}, back-channel logout ${how}: 204, and the session is over at once`,
      options,
      async (t) => {
        const { realm, get, logOut, send } = await setUpLogout(t, adapter, { hasBodyParsers });
        const [ended, other] = [realm.mint({ sid: 's1' }), realm.mint({ sid: 's2' })];
        await assertUser(await get('/guarded', ended));
        const answer = await logOut(mintLogoutToken(realm, { sid: 's1' }));
        assert.deepEqual([answer.status, await answer.text()], [204, '']);
        assert.equal(answer.headers.get('cache-control'), 'no-store');
        const revoked = invalid('The access token was revoked');
        await assertRefused(await get('/guarded', ended), 401, revoked, 'Could not validate credentials');
        await assertUser(await get('/guarded', other));

        const refused = await send('logout_token=garbage');
        assert.equal(refused.status, 400);
        assert.deepEqual(await refused.json(), {
          error: 'invalid_request',
          error_description: 'Invalid logout token',
          detail: 'Invalid logout token',
        });
      },
    );

    test(
      `${adapter.name}, back-channel logout ${how}: refuses what is no such message`,
      options,
      async (t) => {
        const { realm, get, send } = await setUpLogout(t, adapter, { hasBodyParsers });
        const token = mintLogoutToken(realm, { sid: 's1' });
        const bodies: [string | undefined, string, number][] = [
          ['', FORM, 400],
          [`logout_token=${token}&logout_token=${token}`, FORM, 400],
          [`logout_token[]=${token}`, FORM, 400],
          [JSON.stringify({ logout_token: token }), 'application/json', 415],
          [`logout_token=${token}`, 'multipart/form-data', 415],
          [`logout_token=${token}&padding=${'x'.repeat(17_000)}`, FORM, 413],
        ];
        for (const [body, type, status] of bodies) {
          const answer = await send(body, type);
          const text = await answer.text();
          assert.deepEqual([answer.status, typeof JSON.parse(text)], [status, 'object'], `${type}: ${text}`);
        }
        await assertUser(await get('/guarded', realm.mint({ sid: 's1' })));
        assert.notEqual((await get(PATH)).status, 204);
      },
    );
  }

  describe(`${adapter.name}, messages over a socket`, without(adapter, 'http1'), () => {
    test('a body without a declared length and without an end is refused when it is too long', async (t) => {
      const { app, get, realm } = await setUpLogout(t, adapter);
      const { socket, received, ended } = await openRawClient(app.url);
      t.after(() => socket.destroy());
      const head = [
        `POST ${PATH} HTTP/1.1`,
        'Host: x',
        `Content-Type: ${FORM}`,
        'Transfer-Encoding: chunked',
      ];
      socket.write(`${head.join('\r\n')}\r\n\r\n`);
      const sending = setInterval(() => socket.write(`1000\r\n${'x'.repeat(4096)}\r\n`), 5);
      await ended.finally(() => clearInterval(sending));
      // The reset of a connection that is still written to may overtake the answer.
      assert.match(received(), /^(?:HTTP\/1\.1 413 |$)/);
      await assertUser(await get('/guarded', realm.mint()));
    });

    test('a message that breaks off harms nobody', async (t) => {
      const { app, get, realm } = await setUpLogout(t, adapter);
      const { socket, ended } = await openRawClient(app.url);
      const head = [`POST ${PATH} HTTP/1.1`, 'Host: x', `Content-Type: ${FORM}`, 'Content-Length: 500'];
      socket.write(`${head.join('\r\n')}\r\n\r\nlogout_token=`);
      setTimeout(() => socket.resetAndDestroy(), 20);
      await ended;
      await assertUser(await get('/guarded', realm.mint()));
    });
  });
}
