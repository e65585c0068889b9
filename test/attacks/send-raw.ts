import { connect } from 'node:net';
import type { Attempt } from './attack.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export const linesOf = (attempt: Attempt): readonly string[] =>
  attempt.lines ?? [`Authorization: Bearer ${attempt.token}`];

/** Sends a GET request byte by byte as given, past every check of an HTTP client. */
export function sendRaw(url: string, lines: readonly string[]): Promise<RawAnswer> {
  const { hostname, port, pathname } = new URL(url);
  const head = [`GET ${pathname} HTTP/1.1`, `Host: ${hostname}:${port}`, 'Connection: close', ...lines];
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let received = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      received += chunk;
    });
    // A server that refuses an oversized request may end the connection before it was read to its end.
    socket.on('error', (error) => (received === '' ? reject(error) : resolve(parse(received))));
    socket.on('close', () => (received === '' ? reject(new Error('no answer')) : resolve(parse(received))));
    socket.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'utf8'));
  });
}

function parse(answer: string): RawAnswer {
  const end = answer.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = answer.slice(0, end).split('\r\n');
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, body: answer.slice(end + 4) };
}
