import { once } from 'node:events';
import { get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

type App = { listen(port: number): Server };

/** Sends a request to the app, which listens until it has answered. (`fetch` cannot send a browser's headers.) */
export async function ask(app: App, path: string, headers: Record<string, string> = {}) {
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
