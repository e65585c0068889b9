import {
  type AuthzModel,
  type Item,
  isObject,
  membersOf,
  namesIn,
  POLICY_TYPES,
  SECTIONS,
  type Section,
  SWITCHES,
  toItem,
} from './model.ts';

export type ReadFile = { readonly model: AuthzModel } | { readonly problems: readonly string[] };

/** Reads an `authz.json`. Refuses unknown members by name, because a typing mistake must not open a door. */
export function readAuthzFile(text: string): ReadFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { problems: [`is no JSON: ${error instanceof Error ? error.message : error}`] };
  }
  return readAuthzValue(json);
}

/** The same for what a program exports: a member that is `undefined` is left out. */
export function readAuthzValue(value: unknown): ReadFile {
  if (!isObject(value)) return { problems: ['must hold one object'] };
  const json = withoutUndefined(value) as Record<string, unknown>;
  const problems: string[] = [];
  const switches: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(json)) {
    const kind = Object.hasOwn(SWITCHES, name) ? SWITCHES[name] : undefined;
    if (kind?.is(value)) switches[name] = value;
    else if (kind) problems.push(`${name} must be ${kind.words}`);
    else if (!SECTIONS.includes(name as Section))
      problems.push(
        `unknown member ${JSON.stringify(name)}; there are: ${[...Object.keys(SWITCHES), ...SECTIONS].join(', ')}`,
      );
  }
  const list = (section: Section) => readList(section, json[section] ?? [], problems);
  const lists = {
    scopes: list('scopes'),
    resources: list('resources'),
    policies: list('policies'),
    permissions: list('permissions'),
  };
  if (problems.length === 0) problems.push(...findLoose(lists));
  return problems.length > 0 ? { problems } : { model: { switches, lists } };
}

function readList(section: Section, value: unknown, problems: string[]): Map<string, Item> {
  const items = new Map<string, Item>();
  if (!Array.isArray(value)) {
    problems.push(`${section} must be a list`);
    return items;
  }
  for (const [index, entry] of value.entries()) {
    const object: unknown = section === 'scopes' && typeof entry === 'string' ? { name: entry } : entry;
    const where = `${section}[${index}]`;
    if (!isObject(object) || typeof object.name !== 'string' || object.name === '') {
      problems.push(`${where} must be an object with a name`);
      continue;
    }
    const wrong = findWrong(section, object);
    problems.push(...wrong.map((problem) => `${where} ${JSON.stringify(object.name)}: ${problem}`));
    if (items.has(object.name)) problems.push(`${where}: there are two named ${JSON.stringify(object.name)}`);
    if (wrong.length === 0) items.set(object.name, toItem(section, object));
  }
  return items;
}

function findWrong(section: Section, object: Readonly<Record<string, unknown>>): string[] {
  const shape = membersOf(section, object.type);
  if (shape === undefined) return [`type must be one of ${POLICY_TYPES.join(', ')}`];
  const { needs, members } = shape;
  const wrong = Object.entries(object).flatMap(([name, value]) => {
    const kind = Object.hasOwn(members, name) ? members[name] : undefined;
    if (kind === undefined)
      return [`unknown member ${JSON.stringify(name)}; there are: ${Object.keys(members).join(', ')}`];
    return kind.is(value) ? [] : [`${name} must be ${kind.words}`];
  });
  if (wrong.length > 0) return wrong;
  const item = toItem(section, object);
  const missing = needs.filter((name) => item[name] === undefined).map((name) => `${name} is missing`);
  const isAboutNothing =
    section === 'permissions' && !('resources' in item || 'resourceType' in item || 'scopes' in item);
  return isAboutNothing ? [...missing, 'resources, resourceType or scopes is missing'] : missing;
}

/** Names that lead nowhere inside the file, and those that Keycloak cannot tell apart. */
function findLoose(lists: AuthzModel['lists']): string[] {
  const problems: string[] = [];
  const check = (section: Section, member: Section) => {
    for (const item of lists[section].values())
      for (const name of namesIn(item, member))
        if (!lists[member].has(name))
          problems.push(`${section} ${JSON.stringify(item.name)}: ${member} has no ${JSON.stringify(name)}`);
  };
  check('resources', 'scopes');
  check('permissions', 'resources');
  check('permissions', 'scopes');
  for (const name of lists.permissions.keys())
    if (lists.policies.has(name))
      problems.push(`${JSON.stringify(name)} is a policy and a permission: Keycloak needs two names`);
  for (const item of lists.policies.values())
    if (isCircle(lists.policies, item.name, item.name, new Set()))
      problems.push(`policies ${JSON.stringify(item.name)}: it is a part of itself`);
  return problems;
}

function isCircle(
  policies: ReadonlyMap<string, Item>,
  start: string,
  at: string,
  seen: Set<string>,
): boolean {
  return namesIn(policies.get(at), 'policies').some((next) => {
    if (next === start) return true;
    if (seen.has(next)) return false;
    seen.add(next);
    return isCircle(policies, start, next, seen);
  });
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([name, one]) => [name, withoutUndefined(one)]));
}
