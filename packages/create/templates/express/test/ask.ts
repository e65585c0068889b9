import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Express } from 'express';

/** Sends a request to the app, which listens for as long as it takes. (`fetch` cannot ask as a browser does.) */
export async function ask(app: Express, path: string, headers: Record<string, string> = {}) {
  const server = app.listen(0);
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const [answer] = (await once(get({ port, path, headers }), 'response')) as [IncomingMessage];
    const sent = Object.entries(answer.headers).map(
      ([name, value]) => [name, String(value)] as [string, string],
    );
    return new Response(await text(answer), { status: answer.statusCode, headers: sent });
  } finally {
    server.close();
  }
}
