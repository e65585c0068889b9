import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type ComponentRepresentation from '@keycloak/keycloak-admin-client/lib/defs/componentRepresentation.js';
import { trying } from '../admin-error.ts';
import { findClient, findRealm } from '../look-up.ts';
import { audiencesOf, mappersOf } from '../plan/audiences.ts';
import { readJson } from '../read-json.ts';
import type { DocumentState } from './documents.ts';
import { MCP_CLIENT_ID, type McpGoal } from './goal.ts';

/** The current state, as far as an MCP server needs it. */
export interface McpState {
  readonly server: ClientRepresentation | undefined;
  readonly program: ClientRepresentation | undefined;
  /** Audiences that tokens of the program always have. */
  readonly programIsFor: readonly string[];
  readonly scopes: readonly ClientScopeRepresentation[];
  /** Names of the scopes that new clients get, by default or where they ask. */
  readonly offered: readonly string[];
  /** Those of them that every client gets unasked. */
  readonly byDefault: readonly string[];
  /** The policy that says from where clients may register without a token. */
  readonly trustedHosts: ComponentRepresentation | undefined;
  /** The policy that says whose pages may register clients; `undefined` before Keycloak 26.5. */
  readonly webOrigins: ComponentRepresentation | undefined;
  readonly documents: DocumentState;
}

const TIMEOUT_MS = 10_000;
const POLICY = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy';

/** Policies for those who register without a token. */
export async function readRegistrationPolicies(
  api: AdminClient,
  realm: string,
): Promise<ComponentRepresentation[]> {
  const all = await api.components.find({ realm, type: POLICY });
  return all.filter(({ subType }) => subType === 'anonymous');
}

export const policyIn = (policies: readonly ComponentRepresentation[], wanted: string) =>
  policies.find(({ providerId }) => providerId === wanted);

/**
 * Reads the current state. Changes nothing.
 *
 * @throws {AdminError} where Keycloak does not answer, the admin may not see it, or the realm does not exist
 */
export async function readMcp(api: AdminClient, goal: McpGoal): Promise<McpState> {
  const { realm, url } = goal;
  return trying(`see what the realm ${realm} holds`, async () => {
    const there = await findRealm(api, realm, 'run setup api first');
    // The types of these two know nothing of the realm.
    const [server, program, scopes, optional, byDefault, policies, documents] = await Promise.all([
      findClient(api, realm, url),
      findClient(api, realm, MCP_CLIENT_ID),
      api.clientScopes.find({ realm }),
      api.clientScopes.listDefaultOptionalClientScopes({ realm } as never),
      api.clientScopes.listDefaultClientScopes({ realm } as never),
      goal.registration ? readRegistrationPolicies(api, realm) : [],
      readDocuments(api, realm, there.enabled === false),
    ]);
    return {
      server,
      program,
      scopes: scopes.filter(({ name = '' }) => goal.scopes.includes(name)),
      offered: [...optional, ...byDefault].map(({ name = '' }) => name),
      programIsFor: audiencesOf(mappersOf(program, scopes)),
      byDefault: byDefault.map(({ name = '' }) => name),
      trustedHosts: policyIn(policies, 'trusted-hosts'),
      webOrigins: policyIn(policies, 'registration-web-origins'),
      documents,
    };
  });
}

export async function readDocuments(
  api: AdminClient,
  realm: string,
  isRealmOff = false,
): Promise<DocumentState> {
  const metadata = await readMetadata(`${api.baseUrl}/realms/${encodeURIComponent(realm)}`);
  if (metadata.client_id_metadata_document_supported !== true) {
    return { isOffered: false, isRealmOff, profiles: [], policies: [] };
  }
  const [{ profiles = [] }, { policies = [] }] = await Promise.all([
    api.clientPolicies.listProfiles({ realm }),
    api.clientPolicies.listPolicies({ realm }),
  ]);
  return { isOffered: true, profiles, policies };
}

/** The metadata for clients. A realm that is off does not answer. */
async function readMetadata(realmUrl: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(`${realmUrl}/.well-known/openid-configuration`, {
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return (await readJson(answer)) ?? {};
}
