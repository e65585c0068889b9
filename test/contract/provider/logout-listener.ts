import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A client that takes back-channel logout calls. */
export async function startLogoutListener() {
  const tokens: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      tokens.push(new URLSearchParams(body).get('logout_token') ?? '');
      response.writeHead(500).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return { tokens, url: `http://127.0.0.1:${port}/logout`, close: () => server.close() };
}
