import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keycloak, type NodeKeycloak } from '../../../packages/guard/src/adapters/node/index.ts';
import { createClient, type KeycloakClient, type Tokens } from '../../../packages/guard/src/client/index.ts';
import type { CredentialOptions, Notice, VerifierOptions } from '../../../packages/guard/src/core/index.ts';
import { SECRET, USER } from '../../support/calling-realm.ts';
import { decodePart } from '../../support/signing-keys.ts';

/** A provider with the realm of `test/support/calling-realm.ts`. */
export interface CallingProvider {
  readonly url: string;
  readonly realm: string;
  /** Ends every session of a user, as an administrator does. */
  logoutUser(username: string): Promise<unknown>;
  close(): Promise<unknown>;
}

/** What a service saw of a call. */
export interface SeenCall {
  readonly claims: Record<string, unknown>;
  readonly headers: IncomingMessage['headers'];
  readonly url: string | undefined;
}

/** A service on loopback, behind a guard. */
export interface Service {
  readonly origin: string;
  readonly kc: NodeKeycloak;
  readonly calls: NodeKeycloak;
  readonly notices: Notice[];
  /** Calls that the guard let in. */
  readonly seen: SeenCall[];
  /** How often Keycloak's token endpoint was called. */
  readonly asked: { count: number };
  /** What it answers with behind the guard. */
  handler: (request: IncomingMessage, response: ServerResponse) => unknown;
  close(): Promise<void>;
}

export const claimsOf = (token: string): Record<string, unknown> =>
  decodePart(token, 1) as Record<string, unknown>;

/** The access token that a request carries. */
export const bearerOf = ({ headers }: Pick<IncomingMessage, 'headers'>): string =>
  String(headers.authorization).slice('Bearer '.length);

export async function startService(
  provider: CallingProvider,
  clientId: string,
  options: Partial<VerifierOptions> & { readonly credential?: CredentialOptions } = {},
): Promise<Service> {
  const notices: Notice[] = [];
  const asked = { count: 0 };
  const kc = keycloak({
    serverUrl: provider.url,
    realm: provider.realm,
    clientId,
    audience: clientId,
    credential: { secret: SECRET },
    tokenCheck: 'remote',
    timeoutMs: 30_000,
    onNotice: (notice) => notices.push(notice),
    fetch: (url, init) => {
      if (String(url).endsWith('/token')) asked.count++;
      return fetch(url, init);
    },
    ...options,
  });
  const self = { notices, asked, kc, calls: kc, seen: [] as SeenCall[] } as unknown as Service;
  self.handler = (_, response) => response.end('here you are');
  const server = createServer(
    kc.guard({}, async (request, response) => {
      self.seen.push({ claims: claimsOf(bearerOf(request)), headers: request.headers, url: request.url });
      await self.handler(request as IncomingMessage, response as ServerResponse);
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(self, {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await kc.close();
    },
  });
}

export function clientOf(provider: CallingProvider, clientId = 'web'): KeycloakClient {
  const credential = { secret: SECRET };
  return createClient({
    ...{ serverUrl: provider.url, realm: provider.realm, clientId, credential, timeoutMs: 30_000 },
  });
}

/** A user signs in at the front end. */
export const signIn = (provider: CallingProvider, user = USER): Promise<Tokens> =>
  clientOf(provider).passwordGrant({ ...user, scope: 'openid' });

/** Calls a service as a front end does. */
export const call = (
  service: Pick<Service, 'origin'>,
  token: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(`${service.origin}/checkout`, { headers: { ...headers, authorization: `Bearer ${token}` } });
