import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTestRealm } from '../support/test-realm.ts';
import { generateMessages, MESSAGE_TRICKS, type Sent } from './mcp-messages.ts';
import { SERVED } from './mcp-servers.ts';

const URL_OF_SERVER = 'https://tools.example.com/mcp';
/** With other versions of what reads messages, more are sent: see tools/check/test-mcp.ts. */
const GENERATED = Number(process.env.GENERATED_MESSAGES ?? 60);
/** Each server is sent a third of what is generated, and the next one another third; all of it where more was asked for. */
const PARTS = process.env.GENERATED_MESSAGES === undefined ? 3 : 1;
const SDK = process.env.ONLY_SDK;

describe('the tool that the guard counted the scopes of is the one that runs', () => {
  for (const [at, { name, sdk, isParsed, start }] of SERVED.entries()) {
    if (SDK !== undefined && String(sdk) !== SDK) continue;
    test(`${name}, SDK ${sdk}`, async (t) => {
      const realm = createTestRealm({ clientId: 'tools' });
      const ran: string[] = [];
      const verifier = realm.verifier({ audience: URL_OF_SERVER, tokenCheck: 'local' });
      const mcp = { url: URL_OF_SERVER, scopes: ['read'], tools: { wipe: 'write' } };
      const app = await start({ verifier, mcp, ran: (tool) => ran.push(tool) });
      t.after(() => app.close());
      const token = (scope: string) => realm.mint({ aud: URL_OF_SERVER, scope });
      const [reader, writer] = [token('read'), token('read write')];

      const send = async (sent: string | Sent, by: string) => {
        const { body, headers } = typeof sent === 'string' ? { body: sent } : sent;
        const answer = await fetch(`${app.url}/mcp`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${by}`,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            ...headers,
          },
          body: body as string,
        });
        return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
      };

      // The test could not fail otherwise.
      const [wipe, look] = ['wipe', 'look'].map(
        (tool) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${tool}","arguments":{}}}`,
      ) as [string, string];
      await send(wipe, writer);
      await send(look, reader);
      assert.deepEqual(ran, ['wipe', 'look'], 'the server runs tools');
      ran.length = 0;

      const generated = generateMessages(GENERATED).filter((_, place) => (place + at) % PARTS === 0);
      const sent = [...MESSAGE_TRICKS, ...generated];
      const through: string[] = [];
      for (const one of sent) {
        const { status, text } = await send(one, reader);
        if (ran.includes('wipe')) through.push(typeof one === 'string' ? one : JSON.stringify(one));
        ran.length = 0;
        if (!isParsed) assert.doesNotMatch(text, /<html|node_modules/i, 'no page, and no stack');
        assert.notEqual(status, 500, JSON.stringify(one));
      }
      t.diagnostic(`${sent.length} messages, ${through.length} through`);
      assert.deepEqual(through, [], 'a tool ran whose scope the token lacks');
    });
  }
});
