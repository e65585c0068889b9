import type { AuthorizationSettings, PolicyRepresentation } from '../realm/authorization-settings.ts';

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
  /** What is protected. */
  readonly resources?: readonly Readonly<{ name: string; iconUri?: string; [member: string]: unknown }>[];
  /** Conditions that permissions apply. */
  readonly policies?: readonly Readonly<{ name: string; type: string; [member: string]: unknown }>[];
  /** Which policies decide on what. */
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
      ...policies.map(toPolicy),
      ...permissions.map((one) =>
        toPolicy({ ...one, type: one.scopes === undefined ? 'resource' : 'scope' }),
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

function toPolicy(one: Member & { name: string; type: string }): PolicyRepresentation {
  const { name, type, description, logic, decisionStrategy, ...members } = one;
  const given = Object.entries(members).filter(([, value]) => value !== undefined);
  const config = given.map(([member, value]) => [
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
