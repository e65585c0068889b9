import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface AuthorizationStub {
  readonly url: string;
  /** What was asked, as it came. */
  readonly asked: URLSearchParams[];
  /** Names that were looked up, with the owner. */
  readonly lookedUp: URLSearchParams[];
}

export const ALBUM = 'aaaaaaaa-0000-4000-8000-000000000001';
export const PHOTO = 'aaaaaaaa-0000-4000-8000-000000000002';
const VAULT = 'aaaaaaaa-0000-4000-8000-000000000003';

/** What the client has in Keycloak. */
const RESOURCES = [
  { _id: ALBUM, name: 'album', owner: { id: 'c' }, scopes: [{ name: 'view' }, { name: 'delete' }] },
  { _id: VAULT, name: 'vault', owner: { id: 'c' }, scopes: [{ name: 'open' }] },
  { _id: PHOTO, name: 'photo', owner: { id: 'c' }, scopes: [] },
];

/** Stands before the provider, and answers questions about permissions in its place, with whatever a test wants. */
export async function startAuthorization(
  t: TestContext,
  target: string,
  answer: (form: URLSearchParams) => { status?: number; body: object },
): Promise<AuthorizationStub> {
  const asked: URLSearchParams[] = [];
  const lookedUp: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      if (body.includes('uma-ticket')) {
        const form = new URLSearchParams(body.toString());
        asked.push(form);
        const { status = 200, body: said } = answer(form);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said));
        return;
      }
      const say = (json: unknown) =>
        void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(json));
      const url = new URL(request.url ?? '', 'http://stub');
      if (url.pathname.endsWith('/authz/protection/resource_set')) {
        lookedUp.push(url.searchParams);
        return say(RESOURCES.filter(({ name }) => name === url.searchParams.get('name')));
      }
      if (body.includes('client_credentials')) return say({ access_token: 'pat', expires_in: 300 });
      const { method = 'GET', headers } = request;
      send(`${target}${request.url}`, { method, headers }, (passed) => {
        response.writeHead(passed.statusCode ?? 500, passed.headers);
        passed.pipe(response);
      }).end(body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, lookedUp };
}
