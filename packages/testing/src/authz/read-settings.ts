import type {
  AuthorizationSettings,
  PolicyRepresentation,
  ResourceRepresentation,
} from '../realm/authorization-settings.ts';
import { stableId } from '../realm/stable-id.ts';
import type { DecisionModel, EnforcementMode, Policy, Resource, Scope, Strategy } from './model.ts';

/** The settings, with Keycloak's defaults. */
export interface ReadSettings extends DecisionModel {
  readonly resources: Map<string, Resource>;
  readonly policies: Map<string, Policy>;
  /** By name. */
  readonly scopes: Map<string, Scope>;
  readonly allowsManagement: boolean;
}

/** Resolves what the settings refer to. */
export interface SettingsContext {
  /** Id of the client. */
  readonly clientId: string;
  /** Id of a user by id or name; `undefined` if there is none. */
  userId(idOrName: string): string | undefined;
}

type Config = Readonly<Record<string, string>>;

/** The values of these members of the settings: Keycloak imports nothing if one has another value. */
export const WORDS = {
  policyEnforcementMode: ['ENFORCING', 'PERMISSIVE', 'DISABLED'] satisfies EnforcementMode[],
  decisionStrategy: ['UNANIMOUS', 'AFFIRMATIVE'] satisfies Strategy[],
  ofPolicy: {
    logic: ['POSITIVE', 'NEGATIVE'],
    decisionStrategy: ['UNANIMOUS', 'AFFIRMATIVE', 'CONSENSUS'] satisfies Strategy[],
  },
};

/** The first of the known words is the default. `undefined` for an unknown word. */
function toWord<T extends string>(known: readonly T[], word: string | undefined): T | undefined {
  return known.find((one) => one === (word ?? known[0]));
}

/** Reads a list, which a policy's settings hold as JSON in a text. `undefined` for anything else. */
export function readList<T>(config: Config, name: string): readonly T[] | undefined {
  try {
    const value: unknown = JSON.parse(config[name] || '[]');
    return Array.isArray(value) ? (value as T[]) : undefined;
  } catch {
    return undefined;
  }
}

export const listOf = <T = string>(config: Config, name: string): readonly T[] =>
  readList<T>(config, name) ?? [];

/** Reads a list of names. Anything else counts as one unknown name, because an empty list would mean everything. */
export const namesOf = (config: Config, name: string): readonly string[] =>
  readList<string>(config, name) ?? [`no JSON list: ${config[name]}`];

export function readSettings(settings: AuthorizationSettings, context: SettingsContext): ReadSettings {
  const { clientId } = context;
  const idOf = (kind: string, name: string) => stableId(clientId, kind, name);
  const resources = (settings.resources ?? []).map((one) => toResource(one, context));
  const scopeNames = new Set([
    ...(settings.scopes ?? []).map(({ name }) => name),
    ...resources.flatMap(({ scopes }) => scopes),
  ]);
  const scopes = [...scopeNames].map((name): Scope => {
    const known = settings.scopes?.find((one) => one.name === name);
    return { id: known?.id ?? idOf('authz-scope', name), name, iconUri: known?.iconUri };
  });
  const named = { resources, scopes, policies: settings.policies ?? [] };
  const policies = named.policies.map((one) => toPolicy(one, named, clientId, idOf));
  return {
    clientId,
    mode: toWord(WORDS.policyEnforcementMode, settings.policyEnforcementMode) ?? 'ENFORCING',
    strategy: toWord(WORDS.decisionStrategy, settings.decisionStrategy) ?? 'UNANIMOUS',
    allowsManagement: settings.allowRemoteResourceManagement ?? true,
    resources: new Map(resources.map((one) => [one.id, one])),
    policies: new Map(policies.map((one) => [one.id, one])),
    scopes: new Map(scopes.map((one) => [one.name, one])),
  };
}

const scopeName = (scope: string | { name: string }): string =>
  typeof scope === 'string' ? scope : scope.name;

/** The owner's id or name. */
export const ownerText = (owner: ResourceRepresentation['owner']): string | undefined =>
  typeof owner === 'string' ? owner : (owner?.id ?? owner?.name);

function toResource(rep: ResourceRepresentation, { clientId, userId }: SettingsContext): Resource {
  const owner = ownerText(rep.owner);
  const ownerId = (owner === undefined ? undefined : userId(owner)) ?? clientId;
  return {
    id: rep._id ?? stableId(clientId, 'authz-resource', ownerId, rep.name),
    name: rep.name,
    displayName: rep.displayName,
    type: rep.type,
    uris: rep.uris ?? [],
    iconUri: rep.icon_uri,
    ownerId,
    isOwnerManaged: rep.ownerManagedAccess ?? false,
    scopes: [...new Set((rep.scopes ?? []).map(scopeName))],
    attributes: rep.attributes ?? {},
  };
}

interface Named {
  readonly resources: readonly Resource[];
  readonly scopes: readonly Scope[];
  readonly policies: readonly PolicyRepresentation[];
}

/** Replaces names by ids: settings may use either. */
function toPolicy(
  rep: PolicyRepresentation,
  { resources, scopes, policies }: Named,
  clientId: string,
  idOf: (kind: string, name: string) => string,
): Policy {
  const config = rep.config ?? {};
  const logic = toWord(WORDS.ofPolicy.logic, rep.logic);
  const policyId = (one: PolicyRepresentation) => one.id ?? idOf('authz-policy', one.name);
  return {
    id: policyId(rep),
    name: rep.name,
    type: rep.type,
    isNegative: logic === undefined ? undefined : logic === 'NEGATIVE',
    strategy: toWord(WORDS.ofPolicy.decisionStrategy, rep.decisionStrategy),
    // Unknown resources stay in the list: a permission about them must not become one about everything.
    resources: namesOf(config, 'resources').flatMap((named) => {
      const found = resources.filter(
        ({ id, name, ownerId }) => id === named || (name === named && ownerId === clientId),
      );
      return found.length === 0 ? [named] : found.map(({ id }) => id);
    }),
    scopes: namesOf(config, 'scopes').map(
      (named) => scopes.find(({ id, name }) => id === named || name === named)?.name ?? named,
    ),
    // An unknown policy denies.
    policies: namesOf(config, 'applyPolicies').map((named) => {
      const found = policies.find((one) => one.name === named || one.id === named);
      return found === undefined ? named : policyId(found);
    }),
    resourceType: config.defaultResourceType || undefined,
    config,
  };
}
