import { connect } from 'node:net';

/** As an attacker writes it: no client normalises the path. */
export async function sendRaw(
  port: number,
  target: string,
  token: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: string }> {
  const socket = connect(port, '127.0.0.1');
  const lines = Object.entries({
    ...{ host: 'localhost', authorization: `Bearer ${token}`, connection: 'close', ...headers },
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`;
  let text = '';
  socket.on('data', (data) => {
    text += data.toString();
  });
  // A server may cut the connection of what it cannot read.
  socket.on('error', () => {});
  socket.write(head);
  await new Promise((resolve) => socket.once('close', resolve));
  return { status: Number(text.slice(9, 12)), body: text.slice(text.indexOf('\r\n\r\n') + 4) };
}
