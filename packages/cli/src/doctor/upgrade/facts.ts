import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js';
import { type AdminConnection, BUILT_IN } from '../../admin/index.ts';

export interface RealmFacts {
  /** Keycloak's version, `26.0.8`; `undefined` if this admin may not see it. */
  readonly version: string | undefined;
  readonly ssoSessionIdle: number;
  readonly ssoSessionMax: number;
  readonly clients: readonly ClientRepresentation[];
  readonly mappersOf: (client: ClientRepresentation) => readonly ProtocolMapperRepresentation[];
  readonly identityProviders: readonly string[];
  /** Clients, groups, roles or users have permissions of fine-grained administration, version 1. */
  readonly hasAdminPermissions: boolean;
  readonly exchangePermissions: readonly string[];
  readonly policyTypes: ReadonlySet<string>;
}

export async function readRealmFacts({ api }: AdminConnection, realm: string): Promise<RealmFacts> {
  const info = (await api.serverInfo.find().catch(() => undefined)) as
    | { systemInfo?: { version?: string } }
    | undefined;
  const settings = await api.realms.findOne({ realm });
  const all = await api.clients.find({ realm });
  const scopes = await api.clientScopes.find({ realm });
  const providers = await api.identityProviders.find({ realm }).catch(() => []);
  const policies = (id: string) => api.clients.listPolicies({ id, realm, max: 1000 }).catch(() => []);
  const management = all.find(({ clientId }) => clientId === 'realm-management');
  const ofManagement =
    management?.authorizationServicesEnabled === true
      ? ((await policies(management.id ?? '')) as object[])
      : [];
  const names = ofManagement.map((one) => (one as { name?: string }).name ?? '');
  const types = new Set<string>();
  for (const { id = '', authorizationServicesEnabled: has, clientId = '' } of all) {
    if (has !== true || BUILT_IN.test(clientId)) continue;
    for (const one of (await policies(id)) as { type?: string }[]) types.add(one.type ?? '');
  }
  return {
    version: info?.systemInfo?.version,
    ssoSessionIdle: settings?.ssoSessionIdleTimeout ?? Number.POSITIVE_INFINITY,
    ssoSessionMax: settings?.ssoSessionMaxLifespan ?? Number.POSITIVE_INFINITY,
    clients: all.filter(
      ({ clientId = '', enabled, protocol = 'openid-connect' }) =>
        enabled === true && protocol === 'openid-connect' && !BUILT_IN.test(clientId),
    ),
    mappersOf: ({ protocolMappers = [], defaultClientScopes = [], optionalClientScopes = [] }) => [
      ...protocolMappers,
      ...scopes
        .filter(({ name = '' }) => [...defaultClientScopes, ...optionalClientScopes].includes(name))
        .flatMap((one) => one.protocolMappers ?? []),
    ],
    identityProviders: providers.map(({ providerId = '' }) => providerId),
    hasAdminPermissions: names.some((name) => /\.permission\.(client|users?|group|role|idp)\b/.test(name)),
    exchangePermissions: names.filter((name) => name.startsWith('token-exchange.permission')),
    policyTypes: types,
  };
}
