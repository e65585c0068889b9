import type {
  AuthorizationSettings,
  PolicyRepresentation,
  ResourceRepresentation,
} from '../realm/authorization-settings.ts';
import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import { stableId } from '../realm/stable-id.ts';
import type {
  EnforcementMode,
  Policy,
  ReadSettings,
  Resource,
  ResourceServer,
  Scope,
  Strategy,
} from './model.ts';

/** Resolves what the settings refer to. */
interface SettingsContext {
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
  const parts = { resources, scopes, policies: settings.policies ?? [] };
  const policies = parts.policies.map((one) => toPolicy(one, parts, clientId, idOf));
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

interface Parts {
  readonly resources: readonly Resource[];
  readonly scopes: readonly Scope[];
  readonly policies: readonly PolicyRepresentation[];
}

/** Replaces names by ids: settings may use either. */
function toPolicy(
  rep: PolicyRepresentation,
  { resources, scopes, policies }: Parts,
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
    resources: namesOf(config, 'resources').flatMap((idOrName) => {
      const matches = resources.filter(
        ({ id, name, ownerId }) => id === idOrName || (name === idOrName && ownerId === clientId),
      );
      return matches.length === 0 ? [idOrName] : matches.map(({ id }) => id);
    }),
    scopes: namesOf(config, 'scopes').map(
      (idOrName) => scopes.find(({ id, name }) => id === idOrName || name === idOrName)?.name ?? idOrName,
    ),
    // An unknown policy denies.
    policies: namesOf(config, 'applyPolicies').map((idOrName) => {
      const matches = policies.find((one) => one.name === idOrName || one.id === idOrName);
      return matches === undefined ? idOrName : policyId(matches);
    }),
    resourceType: config.defaultResourceType || undefined,
    config,
  };
}

/** The content of an `authz.json`, as `keycloak-guard authz export`, `plan` and `apply` write and read it. */
export interface AuthzFile {
  /** `ENFORCING`, `PERMISSIVE` or `DISABLED`. */
  readonly policyEnforcementMode?: string;
  /** `UNANIMOUS` or `AFFIRMATIVE`. */
  readonly decisionStrategy?: string;
  /** Whether the protection API may be used. */
  readonly allowRemoteResourceManagement?: boolean;
  /** Everything that can be done with a resource. */
  readonly scopes?: readonly (string | Readonly<{ name: string; iconUri?: string }>)[];
  /** The protected resources. */
  readonly resources?: readonly Readonly<{ name: string; iconUri?: string; [member: string]: unknown }>[];
  /** Conditions that permissions apply. */
  readonly policies?: readonly Readonly<{ name: string; type: string; [member: string]: unknown }>[];
  /** Permissions: the policies that decide on a resource or a scope. */
  readonly permissions?: readonly Readonly<{
    name: string;
    policies: readonly string[];
    scopes?: readonly string[];
    [member: string]: unknown;
  }>[];
}

/**
 * Converts an `authz.json` to the authorization settings of a realm file, so that tests run with what is applied to
 * Keycloak. It does not check the file.
 *
 * @example
 * const authz = JSON.parse(await readFile('authz.json', 'utf8'));
 * const api = { clientId: 'my-api', serviceAccountsEnabled: true, authorizationSettings: toAuthorizationSettings(authz) };
 */
export function toAuthorizationSettings(file: AuthzFile): AuthorizationSettings {
  const { scopes = [], resources = [], policies = [], permissions = [], ...switches } = file;
  return {
    ...switches,
    scopes: scopes.map((one) => (typeof one === 'string' ? { name: one } : { ...one })),
    resources: resources.map(({ iconUri, ...one }) => ({
      ...one,
      ...(iconUri === undefined ? {} : { icon_uri: iconUri }),
    })),
    policies: [
      ...policies.map(toFilePolicy),
      ...permissions.map((one) =>
        toFilePolicy({ ...one, type: one.scopes === undefined ? 'resource' : 'scope' }),
      ),
    ],
  };
}

type Member = Readonly<Record<string, unknown>>;

/** Members that have another name in Keycloak's settings. */
const NAMES: Readonly<Record<string, string>> = {
  policies: 'applyPolicies',
  resourceType: 'defaultResourceType',
  notBefore: 'nbf',
  notOnOrAfter: 'noa',
};

function toFilePolicy(one: Member & { name: string; type: string }): PolicyRepresentation {
  const { name, type, description, logic, decisionStrategy, ...members } = one;
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  const config = entries.map(([member, value]) => [
    NAMES[member] ?? member,
    Array.isArray(value) ? JSON.stringify(value.map((entry) => toEntry(member, entry))) : String(value),
  ]);
  return {
    ...{ name, type, config: Object.fromEntries(config) },
    ...(description === undefined ? {} : { description }),
    ...(logic === undefined ? {} : { logic: String(logic) }),
    ...(decisionStrategy === undefined ? {} : { decisionStrategy: String(decisionStrategy) }),
  };
}

/** Keycloak names roles and scopes by `id`, groups by `path`, everything else by a text. */
function toEntry(member: string, entry: unknown): unknown {
  if (member === 'groups') return typeof entry === 'string' ? { path: entry } : entry;
  if (member !== 'roles' && member !== 'clientScopes') return entry;
  if (typeof entry === 'string') return { id: entry, required: false };
  const { name, required = false } = entry as { name: string; required?: boolean };
  return { id: name, required };
}

/** Registered resources last until the client gets other settings, or the provider ends. */
export function createResourceServers(realm: Realm) {
  const known = new Map<string, { settings: unknown; server: ResourceServer }>();
  return {
    /** `undefined` if the client has no authorization services. */
    of({ id, clientId, representation, isPublic }: Client): ResourceServer | undefined {
      if (representation.authorizationServicesEnabled !== true || isPublic) {
        known.delete(clientId);
        return undefined;
      }
      const settings = representation.authorizationSettings;
      const before = known.get(clientId);
      if (before !== undefined && before.settings === settings) return before.server;
      const read = readSettings(settings ?? ({} as AuthorizationSettings), {
        clientId: id,
        userId: (idOrName) => (realm.userById(idOrName) ?? realm.userByName(idOrName))?.id,
      });
      const server = { ...read, name: clientId, tickets: new Map() };
      known.set(clientId, { settings, server });
      return server;
    },
  };
}
