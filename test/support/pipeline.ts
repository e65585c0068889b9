import { connect } from 'node:net';

/** Requests sent one behind the other on one connection, without waiting: so a client costs next to nothing. */
export interface Pipelined {
  readonly path: string;
  readonly token: string | undefined;
}

/** @returns the status of each answer, in the order of the requests */
export function sendPipelined(url: string, requests: readonly Pipelined[], atOnce = 100): Promise<number[]> {
  const { hostname, port } = new URL(url);
  const statuses: number[] = [];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let sent = 0;
    let rest = '';
    const sendMore = () => {
      const batch = requests.slice(sent, sent + atOnce);
      sent += batch.length;
      const lines = batch.map(({ path, token }) => {
        const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
        return `GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n${authorization}\r\n`;
      });
      socket.write(lines.join(''));
    };
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the connection ended after ${statuses.length} answers`)));
    socket.on('data', (chunk: string) => {
      const text = rest + chunk;
      // As much of a status line as may have come by halves.
      rest = text.slice(-12);
      for (const [, status] of text.slice(0, -12).matchAll(/HTTP\/1\.1 (\d{3})/g))
        statuses.push(Number(status));
      if (statuses.length < sent) return;
      if (sent < requests.length) sendMore();
      else {
        resolve(statuses);
        socket.destroy();
      }
    });
    sendMore();
  });
}
