import { connect, type Socket } from 'node:net';

/** An answer to a target that was sent as it is written. */
export interface Answered {
  readonly target: string;
  readonly status: number;
  readonly body: string;
}

/** Sends targets byte for byte, on several connections at once, each of which is used until the server ends it. */
export async function sendTargets(
  port: number,
  targets: readonly string[],
  token: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly Answered[]> {
  const waiting = targets.values();
  const answered: Answered[] = [];
  const lines = Object.entries({ host: 'localhost', authorization: `Bearer ${token}`, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const work = async () => {
    const open = () => connect(port, '127.0.0.1').setEncoding('utf8');
    let socket = open();
    for (const target of waiting) {
      const request = `GET ${target} HTTP/1.1\r\n${lines}\r\n`;
      let text = await ask(socket, request);
      if (text === '') {
        // It was ended behind the last answer.
        socket = open();
        text = await ask(socket, request);
      }
      const status = Number(text.slice(9, 12));
      answered.push({ target, status, body: text.slice(text.indexOf('\r\n\r\n') + 4) });
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: Math.min(8, targets.length) }, work));
  return answered;
}

/** What comes back for it: a whole answer, or whatever there was when the server ended the connection. */
function ask(socket: Socket, request: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const done = () => {
      socket.removeAllListeners();
      // A server may cut the connection of what it cannot read.
      socket.on('error', () => {});
      resolve(text);
    };
    socket.on('error', () => {});
    socket.once('close', done);
    socket.on('data', (chunk) => {
      text += chunk;
      if (isWhole(text)) done();
    });
    if (socket.destroyed) done();
    else socket.write(request);
  });
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, end);
  if (end === -1 || /^connection: *close/im.test(head)) return false;
  if (/^transfer-encoding: *chunked/im.test(head)) return text.endsWith('\r\n0\r\n\r\n');
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  return Buffer.byteLength(text) >= end + 4 + length;
}
