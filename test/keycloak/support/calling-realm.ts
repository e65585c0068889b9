import { type MadeUpKubernetes, startMadeUpKubernetes } from '../../support/made-up-kubernetes.ts';
import { callAdmin, type RealKeycloak, requireKeycloak } from './real-keycloak.ts';
import { toUser } from './user.ts';

/** A realm in which services call services: `web` is a front end, `shop` calls `orders`, `orders` calls `stock`. */
export interface CallingRealm {
  readonly keycloak: RealKeycloak;
  readonly name: string;
  readonly issuer: string;
  readonly kubernetes: MadeUpKubernetes;
  readonly user: { readonly username: string; readonly password: string };
  /** Changes a client. */
  client(clientId: string, change: Record<string, unknown>): Promise<void>;
  admin(method: string, path: string, body?: unknown): Promise<Response>;
  close(): Promise<void>;
}

export const SECRET = 'a-secret-with-32-characters-in-it';
const EXCHANGES = { 'standard.token.exchange.enabled': 'true' };

const audienceScope = (name: string, client: string) => ({
  name,
  protocol: 'openid-connect',
  attributes: { 'include.in.token.scope': 'true' },
  protocolMappers: [
    {
      name: 'audience',
      protocol: 'openid-connect',
      protocolMapper: 'oidc-audience-mapper',
      config: { 'included.client.audience': client, 'access.token.claim': 'true' },
    },
  ],
});

export async function createCallingRealm(name: string): Promise<CallingRealm> {
  const keycloak = requireKeycloak();
  const kubernetes = await startMadeUpKubernetes();
  const admin = (method: string, path: string, body?: unknown) =>
    callAdmin(keycloak, method, `/${name}${path}`, body);
  const user = { username: 'abdullah', password: 'Test#123456' };
  await callAdmin(keycloak, 'DELETE', `/${name}`).catch(() => {});
  await callAdmin(keycloak, 'POST', '', { realm: name, enabled: true, users: [toUser(user)] });
  for (const client of ['shop', 'orders', 'stock']) {
    await admin('POST', '/client-scopes', audienceScope(`to-${client}`, client));
  }
  const scopesOf = {
    web: ['to-shop'],
    shop: ['to-orders', 'to-stock'],
    orders: ['to-stock', 'to-shop'],
    stock: [],
  };
  for (const [clientId, scopes] of Object.entries(scopesOf)) {
    await admin('POST', '/clients', {
      clientId,
      secret: SECRET,
      enabled: true,
      directAccessGrantsEnabled: true,
      serviceAccountsEnabled: true,
      attributes: clientId === 'shop' || clientId === 'orders' ? EXCHANGES : {},
      defaultClientScopes: ['basic', 'acr', 'profile', 'roles', ...(clientId === 'web' ? scopes : [])],
      optionalClientScopes: clientId === 'web' ? [] : scopes,
    });
  }
  await admin('POST', '/identity-provider/instances', {
    alias: 'cluster',
    providerId: 'kubernetes',
    enabled: true,
    config: { issuer: kubernetes.issuer },
  });

  return {
    keycloak,
    name,
    issuer: `${keycloak.url}/realms/${name}`,
    kubernetes,
    user,
    admin,
    async client(clientId, change) {
      const [found] = (await (await admin('GET', `/clients?clientId=${clientId}`)).json()) as {
        id: string;
        attributes: object;
      }[];
      const attributes = { ...found?.attributes, ...(change.attributes as object) };
      await admin('PUT', `/clients/${found?.id}`, { ...found, ...change, attributes });
    },
    async close() {
      kubernetes.close();
      await callAdmin(keycloak, 'DELETE', `/${name}`);
    },
  };
}

/** How a client of the realm authenticates in Keycloak's eyes. */
export const AUTHENTICATORS = {
  secret: { clientAuthenticatorType: 'client-secret' },
  'secret-jwt': { clientAuthenticatorType: 'client-secret-jwt' },
  key: (jwks: object) => ({
    clientAuthenticatorType: 'client-jwt',
    attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify(jwks) },
  }),
  token: (account: string) => ({
    clientAuthenticatorType: 'federated-jwt',
    attributes: {
      'jwt.credential.issuer': 'cluster',
      'jwt.credential.sub': `system:serviceaccount:${account}`,
    },
  }),
} as const;
