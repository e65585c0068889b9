/** The values of a member of the file: which ones are valid, their description, and the form in which they are compared. */
export interface Kind {
  readonly words: string;
  is(value: unknown): boolean;
  /** `undefined` where it says no more than leaving it out. Called with good values alone. */
  normal(value: unknown): unknown;
}

const text: Kind = {
  words: 'a text',
  is: (value) => typeof value === 'string',
  normal: (value) => (value === '' ? undefined : value),
};

const flag: Kind = {
  words: 'true or false',
  is: (value) => typeof value === 'boolean',
  normal: (value) => value || undefined,
};

const number: Kind = {
  words: 'a whole number',
  is: (value) => Number.isInteger(value),
  normal: (value) => value,
};

/** One of these words. The first is what Keycloak takes for none. */
function oneOf(...words: readonly string[]): Kind {
  return {
    words: `one of ${words.join(', ')}`,
    is: (value) => words.includes(value as string),
    normal: (value) => (value === words[0] ? undefined : value),
  };
}

function names(toName: (name: string) => string = (name) => name): Kind {
  return {
    words: 'a list of texts',
    is: (value) => Array.isArray(value) && value.every(isName),
    normal: (value) => orNone([...new Set((value as string[]).map(toName))].sort()),
  };
}

/** A list of strings, or of objects with the string as `key`, and a switch. */
function switched(key: string, toggle: string, toName: (name: string) => string = (name) => name): Kind {
  type Entry = string | Record<string, unknown>;
  const nameOf = (entry: Entry) => toName(typeof entry === 'string' ? entry : String(entry[key]));
  return {
    words: `a list of texts, or of { "${key}": …, "${toggle}": true }`,
    is: (value) =>
      Array.isArray(value) &&
      value.every(
        (entry: unknown) =>
          isName(entry) ||
          (isObject(entry) &&
            isName(entry[key]) &&
            Object.keys(entry).every((one) => one === key || one === toggle) &&
            (entry[toggle] === undefined || typeof entry[toggle] === 'boolean')),
      ),
    normal: (value) => {
      const entries = new Map<string, unknown>();
      for (const entry of value as Entry[]) {
        const isOn = typeof entry !== 'string' && entry[toggle] === true;
        entries.set(nameOf(entry), isOn ? { [key]: nameOf(entry), [toggle]: true } : nameOf(entry));
      }
      return orNone(byName(entries));
    },
  };
}

const attributes: Kind = {
  words: 'an object of lists of texts',
  is: (value) =>
    isObject(value) &&
    Object.values(value).every((list) => Array.isArray(list) && list.every((one) => typeof one === 'string')),
  normal: (value) => {
    const lists = value as Record<string, unknown>;
    const names = orNone(Object.keys(lists).sort());
    return names && Object.fromEntries(names.map((name) => [name, lists[name]]));
  },
};

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function byName<T>(named: ReadonlyMap<string, T>): T[] {
  return [...named.keys()].sort().map((name) => named.get(name) as T);
}

function orNone<T>(list: T[]): T[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** The lists of the file, in the order in which their things can be made. */
export const SECTIONS = ['scopes', 'resources', 'policies', 'permissions'] as const;
export type Section = (typeof SECTIONS)[number];

/** A scope, resource, policy or permission in normal form, so that two of them can be compared. */
export type Item = Readonly<Record<string, unknown>> & { readonly name: string };

export interface AuthzModel {
  readonly switches: {
    readonly policyEnforcementMode?: 'ENFORCING' | 'PERMISSIVE' | 'DISABLED';
    readonly decisionStrategy?: 'UNANIMOUS' | 'AFFIRMATIVE';
    readonly allowRemoteResourceManagement?: boolean;
  };
  readonly lists: Readonly<Record<Section, ReadonlyMap<string, Item>>>;
}

type Members = Readonly<Record<string, Kind>>;

const strategy = oneOf('UNANIMOUS', 'AFFIRMATIVE', 'CONSENSUS');
const TIMES = ['dayMonth', 'month', 'year', 'hour', 'minute'].flatMap((one) => [one, `${one}End`]);
/** A path of groups, as Keycloak has it. */
export const toGroupPath = (path: string): string => `/${path.split('/').filter(Boolean).join('/')}`;

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
    members: { groups: switched('path', 'extendChildren', toGroupPath), groupsClaim: text },
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

export function namesIn(item: Item | undefined, member: string): readonly string[] {
  return ((item?.[member] ?? []) as (string | { name?: string; path?: string })[]).map((one) =>
    typeof one === 'string' ? one : (one.name ?? one.path ?? ''),
  );
}

/** The same as a file. Its order does not depend on the order of Keycloak's answers. */
export function toFile({ switches, lists }: AuthzModel): Readonly<Record<string, unknown>> {
  const scopes = byName(lists.scopes).map((one) => (Object.keys(one).length === 1 ? one.name : one));
  const rest = Object.fromEntries(SECTIONS.slice(1).map((section) => [section, byName(lists[section])]));
  return { ...switches, scopes, ...rest };
}
