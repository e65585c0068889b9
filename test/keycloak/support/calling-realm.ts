import { clientScopes, clients, OTHER_USER, USER } from '../../support/calling-realm.ts';
import { type MadeUpKubernetes, startMadeUpKubernetes } from '../../support/made-up-kubernetes.ts';
import { callAdmin, type RealKeycloak, requireKeycloak } from './real-keycloak.ts';
import { toUser } from './user.ts';

/** The realm of `test/support/calling-realm.ts` in a real Keycloak. */
export interface CallingRealm {
  readonly keycloak: RealKeycloak;
  readonly name: string;
  readonly issuer: string;
  readonly kubernetes: MadeUpKubernetes;
  /** Changes a client. */
  client(clientId: string, change: Record<string, unknown>): Promise<void>;
  admin(method: string, path: string, body?: unknown): Promise<Response>;
  close(): Promise<void>;
}

export async function createCallingRealm(name: string): Promise<CallingRealm> {
  const keycloak = requireKeycloak();
  const kubernetes = await startMadeUpKubernetes();
  const admin = (method: string, path: string, body?: unknown) =>
    callAdmin(keycloak, method, `/${name}${path}`, body);
  await callAdmin(keycloak, 'DELETE', `/${name}`).catch(() => {});
  const users = [
    toUser(USER),
    { ...toUser(OTHER_USER), email: 'sara@example.com', firstName: 'Sara', lastName: 'Example' },
  ];
  await callAdmin(keycloak, 'POST', '', { realm: name, enabled: true, users });
  for (const scope of clientScopes) await admin('POST', '/client-scopes', scope);
  for (const client of clients) await admin('POST', '/clients', client);
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
