import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KeycloakClient, Tokens } from 'keycloak-guard/client';

const PATH = '/callback';

/** A login in the browser of this machine (RFC 8252 §7.3). */
export async function startLoopbackLogin(client: KeycloakClient, scope: string) {
  const server = createServer();
  // Nobody who only connects, as browsers do in advance, keeps the program from ending.
  server.on('connection', (socket) => socket.unref());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;
  const close = (): void => {
    server.close();
    server.closeIdleConnections();
  };
  try {
    const { url, ...secrets } = await client.startAuthorization({ redirectUri, scope });
    const finished = new Promise<Tokens>((resolve, reject) => {
      server.on('request', (request, response) => {
        // Not parsed as a URL: a client can send an invalid one, such as `//`.
        const [pathname, query = ''] = (request.url ?? '').split(/\?(.*)/s);
        // Browsers ask for an icon, and anybody may knock: only the answer to this login ends it.
        if (pathname !== PATH || new URLSearchParams(query).get('state') !== secrets.state) {
          say(response, 404, 'Not found.');
          return;
        }
        client.finishAuthorization({ ...secrets, callbackUrl: `${redirectUri}?${query}` }).then(
          (tokens) => {
            say(response, 200, 'Signed in. You can close this window.');
            resolve(tokens);
          },
          (error: unknown) => {
            say(response, 400, 'Not signed in. The terminal says why.');
            reject(error);
          },
        );
      });
    }).finally(close);
    return { url, finished, close };
  } catch (error) {
    close();
    throw error;
  }
}

function say(response: ServerResponse, statusCode: number, text: string): void {
  response.writeHead(statusCode, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(text);
}
