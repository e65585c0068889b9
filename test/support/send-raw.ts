import { once } from 'node:events';
import { connect } from 'node:net';

/** As an attacker writes it: no client normalises the path. */
export async function sendRaw(
  port: number,
  target: string,
  token: string,
): Promise<{ status: number; body: string }> {
  const socket = connect(port, '127.0.0.1');
  const head = `GET ${target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\nconnection: close\r\n\r\n`;
  let text = '';
  socket.on('data', (data) => {
    text += data.toString();
  });
  socket.on('error', () => {});
  socket.write(head);
  await once(socket, 'close');
  return { status: Number(text.slice(9, 12)), body: text.slice(text.indexOf('\r\n\r\n') + 4) };
}
