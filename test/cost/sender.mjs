// Sends requests and reads their answers, so that the processor time of the process under test is that of the server alone.
// Started by measure.ts.
import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/** @returns {Promise<number>} the status; 0 without an answer */
function send(port, { method = 'GET', target = '/guarded', headers = {}, body }, mark) {
  const marked = (text) =>
    text
      .replaceAll('00000000', mark)
      .replace(/<<(.*?)>>/gs, (_, part) => Buffer.from(part).toString('base64url'));
  const sentBody = body === undefined ? undefined : marked(body);
  const all = {
    ...{ host: 'localhost', ...headers },
    ...(sentBody !== undefined && { 'content-length': Buffer.byteLength(sentBody) }),
  };
  return new Promise((resolve) => {
    const one = request(
      {
        ...{ agent, port, host: '127.0.0.1', method, path: marked(target), setHost: false },
        headers: Object.fromEntries(
          Object.entries(all).map(([name, value]) => [name, marked(String(value))]),
        ),
      },
      (answer) => {
        answer.resume();
        answer.on('close', () => resolve(answer.statusCode));
      },
    );
    one.on('error', () => resolve(0));
    one.end(sentBody);
  });
}

let marks = 0;
process.on('message', async ({ port, sent, count, atOnce }) => {
  const statuses = {};
  let left = count;
  async function work() {
    while (left-- > 0) {
      const status = await send(port, sent, String(++marks).padStart(8, '0'));
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work));
  process.send(statuses);
});
process.on('disconnect', () => process.exit());
