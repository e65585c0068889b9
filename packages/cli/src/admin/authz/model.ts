import type { AuthorizationFile } from 'keycloak-guard/authz';
import { attributes, flag, type Kind, names, number, oneOf, switched, text } from './members.ts';

/** The lists of the file, in the order in which their things can be made. */
export const SECTIONS = ['scopes', 'resources', 'policies', 'permissions'] as const;
export type Section = (typeof SECTIONS)[number];

/** A scope, resource, policy or permission in normal form, so that two of them can be compared. */
export type Item = Readonly<Record<string, unknown>> & { readonly name: string };

/** A file, or Keycloak's settings, ready to be compared. */
export interface AuthzModel {
  readonly switches: Pick<
    AuthorizationFile,
    'policyEnforcementMode' | 'decisionStrategy' | 'allowRemoteResourceManagement'
  >;
  readonly lists: Readonly<Record<Section, ReadonlyMap<string, Item>>>;
}

type Members = Readonly<Record<string, Kind>>;

const strategy = oneOf('UNANIMOUS', 'AFFIRMATIVE', 'CONSENSUS');
const TIMES = ['dayMonth', 'month', 'year', 'hour', 'minute'].flatMap((one) => [one, `${one}End`]);
const toPath = (path: string) => `/${path.split('/').filter(Boolean).join('/')}`;

/** The switches of the whole. */
export const SWITCHES: Members = {
  policyEnforcementMode: oneOf('ENFORCING', 'PERMISSIVE', 'DISABLED'),
  decisionStrategy: oneOf('UNANIMOUS', 'AFFIRMATIVE'),
  allowRemoteResourceManagement: flag,
};

/** Members of each type of policy; the first ones are needed. */
const POLICIES: Readonly<Record<string, { readonly needs: readonly string[]; readonly members: Members }>> = {
  role: { needs: ['roles'], members: { roles: switched('name', 'required'), fetchRoles: flag } },
  group: {
    needs: ['groups'],
    members: { groups: switched('path', 'extendChildren', toPath), groupsClaim: text },
  },
  // Keycloak keeps user names in lower case.
  user: { needs: ['users'], members: { users: names((name) => name.toLowerCase()) } },
  client: { needs: ['clients'], members: { clients: names() } },
  'client-scope': { needs: ['clientScopes'], members: { clientScopes: switched('name', 'required') } },
  regex: {
    needs: ['targetClaim', 'pattern'],
    members: { targetClaim: text, pattern: text, targetContextAttributes: flag },
  },
  time: {
    needs: [],
    members: {
      notBefore: text,
      notOnOrAfter: text,
      ...Object.fromEntries(TIMES.map((one) => [one, number])),
    },
  },
  aggregate: { needs: ['policies'], members: { policies: names(), decisionStrategy: strategy } },
};

/** Types of policies that a file can hold. */
export const POLICY_TYPES = Object.keys(POLICIES);

const OTHERS: Readonly<Record<Exclude<Section, 'policies'>, Members>> = {
  scopes: { name: text, displayName: text, iconUri: text },
  resources: {
    ...{ name: text, displayName: text, type: text, uris: names(), scopes: names() },
    ...{ ownerManagedAccess: flag, iconUri: text, attributes },
  },
  permissions: {
    ...{ name: text, description: text, resources: names(), resourceType: text, scopes: names() },
    ...{ policies: names(), decisionStrategy: strategy, logic: oneOf('POSITIVE', 'NEGATIVE') },
  },
};

/** The members of an object of a section, and the required ones. `undefined` for an unknown type of policy. */
export function membersOf(
  section: Section,
  type: unknown,
): { readonly needs: readonly string[]; readonly members: Members } | undefined {
  if (section !== 'policies')
    return { needs: section === 'permissions' ? ['policies'] : [], members: OTHERS[section] };
  const own = typeof type === 'string' && Object.hasOwn(POLICIES, type) ? POLICIES[type] : undefined;
  return (
    own && {
      needs: own.needs,
      members: {
        ...{ name: text, type: oneOf('', ...POLICY_TYPES), description: text },
        ...{ logic: oneOf('POSITIVE', 'NEGATIVE'), ...own.members },
      },
    }
  );
}

/** Brings an object whose values are good into its one form. */
export function toItem(section: Section, value: Readonly<Record<string, unknown>>): Item {
  const members = Object.entries(membersOf(section, value.type)?.members ?? {});
  return Object.fromEntries(
    members.flatMap(([name, kind]) => {
      const normal = value[name] === undefined ? undefined : kind.normal(value[name]);
      return normal === undefined ? [] : [[name, normal]];
    }),
  ) as Item;
}

/** `scope` or `resource`, as Keycloak names the two. */
export function permissionType(item: Item): 'scope' | 'resource' {
  return item.scopes === undefined ? 'resource' : 'scope';
}

/** The names of other items in a member. */
export function namesIn(item: Item | undefined, member: string): readonly string[] {
  return ((item?.[member] ?? []) as (string | { name?: string; path?: string })[]).map((one) =>
    typeof one === 'string' ? one : (one.name ?? one.path ?? ''),
  );
}

/** The same as a file. Its order does not depend on the order of Keycloak's answers. */
export function toFile({ switches, lists }: AuthzModel): AuthorizationFile {
  const sorted = (section: Section) =>
    [...lists[section].values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const scopes = sorted('scopes').map((one) => (Object.keys(one).length === 1 ? one.name : one));
  const rest = Object.fromEntries(SECTIONS.slice(1).map((section) => [section, sorted(section)]));
  return { ...switches, scopes, ...rest } as AuthorizationFile;
}
