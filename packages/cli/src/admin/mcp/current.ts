import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientPolicyRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientPolicyRepresentation.js';
import type ClientProfileRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientProfileRepresentation.js';
import type ComponentRepresentation from '@keycloak/keycloak-admin-client/lib/defs/componentRepresentation.js';
import { toJsonObject } from 'keycloak-guard/unstable';
import { trying } from '../admin-error.ts';
import { readClients } from '../callers.ts';
import { readBody } from '../internal.ts';
import { audiencesOf, mappersOf } from '../mappers.ts';
import type { DocumentPolicy } from '../plan/step.ts';
import { MCP_CLIENT_ID, type McpGoal } from './goal.ts';

/** Settings of a realm for clients whose id is the URL of a document about them (feature `cimd`). */
export interface DocumentState {
  readonly isOffered: boolean;
  /** The realm is off and publishes no metadata, so it is unknown whether it takes documents. */
  readonly isRealmOff?: boolean;
  readonly profiles: readonly ClientProfileRepresentation[];
  readonly policies: readonly ClientPolicyRepresentation[];
}

const EXECUTOR = 'client-id-metadata-document';
const CONDITION = 'client-id-uri';
const PERMITTED = {
  executor: 'cimd-allow-permitted-domains',
  condition: 'client-id-uri-allow-permitted-domains',
};

/**
 * A stolen code of a client without a secret is enough for a token, unless the client uses PKCE (RFC 7636). Keycloak checks the
 * condition above only before it fetches a document, not at the sign-in. So PKCE is enforced when Keycloak creates the client
 * from the document, which is a registration without a sign-in. This also applies to clients that register themselves without
 * a token; MCP requires PKCE of all clients.
 */
const PKCE = {
  executor: { executor: 'pkce-enforcer', configuration: { 'auto-configure': true } },
  condition: {
    condition: 'client-updater-context',
    configuration: { 'update-client-source': ['ByAnonymous'] },
  },
};

/** This machine: programs are sent back to it, and documents may come from it by http. */
const HERE: readonly string[] = ['127.0.0.1', 'localhost'];

const NAME = 'mcp-client-documents';
/** A separate policy, because it allows http: from another host, such a document could be forged. */
const NAME_HERE = 'mcp-client-documents-here';

export function toDocumentPolicies(domains: readonly string[]): DocumentPolicy[] {
  return [
    { name: NAME, domains: domains.filter((one) => !HERE.includes(one)) },
    { name: NAME_HERE, domains: domains.filter((one) => HERE.includes(one)) },
  ].filter((one) => one.domains.length > 0);
}

export function takesDocuments({ profiles, policies }: DocumentState): boolean {
  const able = profiles
    .filter(({ executors }) => executors?.some(({ executor }) => executor === EXECUTOR))
    .map(({ name }) => name);
  return policies.some((one) => one.enabled && one.profiles?.some((name) => able.includes(name)));
}

export function missingDomains(state: DocumentState, { name, domains }: DocumentPolicy): string[] {
  const { executors = [] } = state.profiles.find((one) => one.name === name) ?? {};
  const { conditions = [] } = state.policies.find((one) => one.name === name) ?? {};
  const fetched = executors.flatMap(({ configuration }) => listIn(configuration, PERMITTED.executor));
  const noticed = conditions.flatMap(({ configuration }) => listIn(configuration, PERMITTED.condition));
  return domains.filter((one) => !fetched.includes(one) || !noticed.includes(one));
}

export function lacksPkce({ profiles, policies }: DocumentState, name: string): boolean {
  const { executors = [] } = profiles.find((one) => one.name === name) ?? {};
  const { conditions = [] } = policies.find((one) => one.name === name) ?? {};
  const isSet = executors.some(
    ({ executor, configuration }) =>
      executor === PKCE.executor.executor && listIn(configuration, 'auto-configure').includes('true'),
  );
  const isApplied = conditions.some(
    ({ condition, configuration }) =>
      condition === PKCE.condition.condition &&
      listIn(configuration, 'update-client-source').includes('ByAnonymous'),
  );
  return !isSet || !isApplied;
}

/** All profiles and policies of the realm, which Keycloak takes together, with those that take the documents. */
export function withDocuments({ profiles, policies }: DocumentState, { name, domains }: DocumentPolicy) {
  const isHere = name === NAME_HERE;
  const profile = profiles.find((one) => one.name === name) ?? { name };
  const policy = policies.find((one) => one.name === name) ?? { name, enabled: true, profiles: [name] };
  const executor = { executor: EXECUTOR, configuration: { 'cimd-allow-http-scheme': isHere } };
  const condition = {
    condition: CONDITION,
    configuration: { 'client-id-uri-scheme': isHere ? ['http', 'https'] : ['https'] },
  };
  const fetching = permit(profile.executors, executor, PERMITTED.executor, [...domains, ...HERE]);
  const enforcer = fetching.find((one) => one.executor === PKCE.executor.executor) ?? PKCE.executor;
  const configuration = { ...enforcer.configuration, ...PKCE.executor.configuration };
  const executors = put(fetching, enforcer, { ...enforcer, configuration });
  const noticing = permit(policy.conditions, condition, PERMITTED.condition, domains);
  const conditions = permit(noticing, PKCE.condition, 'update-client-source', ['ByAnonymous']);
  return {
    profiles: put(profiles, profile, { ...profile, executors }),
    policies: put(policies, policy, { ...policy, conditions }),
  };
}

type Part = { readonly executor?: string; readonly condition?: string; readonly configuration?: object };

/** The list, with the domains permitted in the part of the same kind as `wanted`. Everything else stays. */
function permit<T extends Part>(
  list: readonly T[] = [],
  part: T,
  key: string,
  domains: readonly string[],
): T[] {
  const isSame = (one: Part) => one.executor === part.executor && one.condition === part.condition;
  const there = list.find(isSame) ?? part;
  const all = [...new Set([...listIn(there.configuration, key), ...domains])];
  return put(list, there, { ...there, configuration: { ...there.configuration, [key]: all } });
}

function put<T>(list: readonly T[], old: T, made: T): T[] {
  return list.includes(old) ? list.map((one) => (one === old ? made : one)) : [...list, made];
}

function listIn(configuration: object | undefined, key: string): string[] {
  const value: unknown = (configuration as Record<string, unknown> | undefined)?.[key];
  return [value ?? []].flat().map(String);
}

export type McpState = Awaited<ReturnType<typeof readMcp>>;

const TIMEOUT_MS = 10_000;
const POLICY = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy';

export async function readRegistrationPolicies(
  api: AdminClient,
  realm: string,
): Promise<ComponentRepresentation[]> {
  const all = await api.components.find({ realm, type: POLICY });
  return all.filter(({ subType }) => subType === 'anonymous');
}

export const policyIn = (policies: readonly ComponentRepresentation[], id: string) =>
  policies.find(({ providerId }) => providerId === id);

export async function readMcp(api: AdminClient, goal: McpGoal) {
  const { realm, url } = goal;
  return trying(`see what the realm ${realm} holds`, async () => {
    const own = { realm, clientId: url };
    const all = await readClients(api, own, [MCP_CLIENT_ID], 'run setup api first');
    const [policies, documents] = await Promise.all([
      goal.registration ? readRegistrationPolicies(api, realm) : [],
      readDocuments(api, realm, all.realm.enabled === false),
    ]);
    const program = all.others.get(MCP_CLIENT_ID);
    return {
      server: all.client,
      program,
      scopes: all.scopes.filter(({ name = '' }) => goal.scopes.includes(name)),
      offered: [...all.usual, ...all.byDefault],
      programIsFor: audiencesOf(mappersOf(program, all.scopes)),
      byDefault: all.byDefault,
      /** The policy that says from where clients may register without a token. */
      trustedHosts: policyIn(policies, 'trusted-hosts'),
      /** The policy that says whose pages may register clients; `undefined` before Keycloak 26.5. */
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
  if (metadata.client_id_metadata_document_supported !== true)
    return { isOffered: false, isRealmOff, profiles: [], policies: [] };
  const [{ profiles = [] }, { policies = [] }] = await Promise.all([
    api.clientPolicies.listProfiles({ realm }),
    api.clientPolicies.listPolicies({ realm }),
  ]);
  return { isOffered: true, profiles, policies };
}

async function readMetadata(realmUrl: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(`${realmUrl}/.well-known/openid-configuration`, {
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return toJsonObject(await readBody(answer)) ?? {};
}
