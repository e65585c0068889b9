import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { watchAnswer } from '../../packages/guard/src/adapters/engine/parts/mcp-node.ts';

function toCaller() {
  const seen = { sessions: [] as (string | undefined)[], open: 0 };
  const signal = new AbortController().signal;
  const caller = {
    onHead: (_status: number, session: string | undefined) => seen.sessions.push(session),
    follow() {
      seen.open += 1;
      return { signal, end: () => (seen.open -= 1) };
    },
  };
  return { seen, caller: caller as never };
}

const EVENTS = { 'content-type': 'text/event-stream' };

async function listen(t: TestContext, answer: RequestListener, version: 1 | 2) {
  const server = version === 1 ? createServer(answer) : createHttp2Server(answer as never);
  server.listen(0, 'localhost');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

for (const version of [1, 2] as const) {
  test(`HTTP/${version}: a stream whose client left while its caller was decided on is not watched`, async (t) => {
    const { seen, caller } = toCaller();
    const events = new EventEmitter();
    const [arrived, written] = [once(events, 'arrived'), once(events, 'written')];
    const url = await listen(
      t,
      async (_request, response) => {
        events.emit('arrived');
        await once(response, 'close');
        watchAnswer(response, caller);
        response.writeHead(200, EVENTS);
        events.emit('written');
      },
      version,
    );
    if (version === 1) {
      const leaving = new AbortController();
      const asked = fetch(url, { signal: leaving.signal });
      await arrived;
      leaving.abort();
      await assert.rejects(asked);
    } else {
      const session = connect(url);
      const stream = session.request();
      stream.on('error', () => {});
      await arrived;
      stream.destroy();
      session.close();
    }
    await written;
    assert.equal(seen.open, 0);
  });
}

test('the head of an answer is read in every form that writeHead takes', async (t) => {
  const head = { 'Set-Cookie': ['a=1', 'b=2'], 'Mcp-Session-Id': 's1', 'Content-Type': 'text/event-stream' };
  const forms = [head, Object.entries(head), Object.entries(head).flat()];
  for (const form of forms) {
    const { seen, caller } = toCaller();
    let open = 0;
    const url = await listen(
      t,
      (_request, response: ServerResponse) => {
        watchAnswer(response, caller);
        response.writeHead(200, form as never);
        open = seen.open;
        response.end();
      },
      1,
    );
    await (await fetch(url)).text();
    assert.deepEqual([seen.sessions, open], [['s1'], 1]);
  }
});
