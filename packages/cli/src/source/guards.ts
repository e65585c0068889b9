import { evaluate, OPEN, type Scope, scopeOf } from './evaluate.ts';
import { readProject, type SourceFile } from './project.ts';
import { isNode, lastNameOf, type SyntaxNode, walk } from './syntax.ts';

/** The names in the guards of an application. Each list has a name once. */
export type Guards = ReturnType<typeof noGuards>;

const noGuards = (unread: readonly string[]) => ({
  realmRoles: [] as string[],
  clientRoles: [] as string[],
  groups: [] as string[],
  scopes: [] as string[],
  organizations: [] as string[],
  /** Groups that guards require in organizations, as paths within one. */
  organizationGroups: [] as string[],
  permissions: [] as string[],
  /** Other APIs that the application calls or accepts tokens of, by audience. */
  audiences: [] as string[],
  /** The program's own settings for Keycloak, and the file that they stand in. */
  options: {} as { readonly realm?: string; readonly clientId?: string; readonly file?: string },
  /** The claims about organizations that guards read: membership, groups or roles in them, ids. */
  reads: {} as { readonly organizations?: true; readonly groups?: true; readonly ids?: true },
  /** Places that only a running program knows, as `file:line`. */
  unread: [...unread],
});

type List = Exclude<keyof Guards, 'options' | 'reads'>;

/** Members of a requirement, with the list of their names. */
const MEMBERS: Readonly<Record<string, List>> = {
  realmRole: 'realmRoles',
  clientRole: 'clientRoles',
  group: 'groups',
  groupTree: 'groups',
  scope: 'scopes',
  organization: 'organizations',
  audience: 'audiences',
};

/** Functions and decorators that take a requirement, with its place among the arguments. */
const REQUIRES: Readonly<Record<string, number>> = {
  guard: 0,
  guardAll: 0,
  guardConnection: 0,
  Require: 0,
  has: 1,
  strategy: 2,
};

const NAMES: Readonly<Record<string, List>> = {
  Roles: 'realmRoles',
  ClientRoles: 'clientRoles',
  Scopes: 'scopes',
  permit: 'permissions',
  Permission: 'permissions',
};

/** Own modules pass a guard on: their files need not mention Keycloak. */
const MENTION = /keycloak|guard|Require\(|Roles\(|Scopes\(|\.(permit|has)\(/;

/**
 * Reads which roles, groups, scopes, organizations, permissions and audiences the guards of a folder name. Nothing is run: what
 * a program makes up while it runs is named with its place.
 */
export async function readGuards(folder: string): Promise<Guards> {
  const { sources, unread } = await readProject(folder, () => {}, MENTION);
  const guards = noGuards(unread);
  for (const source of sources) readFile(source, guards);
  for (const [name, list] of Object.entries(guards))
    if (Array.isArray(list)) Object.assign(guards, { [name]: [...new Set(list)] });
  return guards;
}

function readFile({ file, text, program }: SourceFile, guards: Guards): void {
  const scope = scopeOf(program);
  // Its decorators have the names of keycloak-connect: a role of the client, unless it begins with `realm:`.
  const isSuccessor =
    /['"](nest-keycloak-connect|keycloak-connect|@keycloak-guard\/connect(\/nest)?)['"]/.test(text);
  for (const { node } of walk(program)) {
    const read = createReader(guards, `${file}:${node.loc.start.line}`);
    if (node.type === 'ObjectProperty' && lastNameOf(node.key) === 'guard' && isObject(node.value))
      read.requirement(evaluate(node.value, scope));
    if (node.type !== 'CallExpression' && node.type !== 'OptionalCallExpression') continue;
    const name = lastNameOf(node.callee) ?? '';
    const args = node.arguments as SyntaxNode[];
    if (isSuccessor && (name === 'Roles' || name === 'protect')) read.specs(args, scope);
    else if (Object.hasOwn(REQUIRES, name)) {
      const argument = args[REQUIRES[name] as number];
      // Others have functions of these names, too.
      const isOurs = argument !== undefined && name !== 'strategy' && name !== 'has';
      if (isOurs || isObject(argument)) read.requirement(evaluate(argument, scope));
    } else if (Object.hasOwn(NAMES, name)) {
      for (const one of args) read.names(NAMES[name] as List, evaluate(one, scope));
    } else if (name === 'keycloak' || name === 'forRoot' || name === 'register')
      read.options(evaluate(args.at(-1), scope), file);
    else if (name === 'fetchFor' || name === 'fetchAs')
      read.requirement(only(evaluate(args[0], scope), 'audience'));
  }
}

const isObject = (node: unknown): boolean => isNode(node) && node.type === 'ObjectExpression';
const isRecord = (value: unknown): value is Record<string | symbol, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const only = (value: unknown, member: string): unknown =>
  isRecord(value) ? { [member]: value[member] } : undefined;

/** Adds what one place names. */
function createReader(guards: Guards, location: string) {
  const miss = () => guards.unread.push(location);
  const names = (list: List, value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) names(list, one);
    else if (typeof value !== 'string') miss();
    // `:org` is a parameter of the route.
    else if (!value.startsWith(':')) guards[list].push(value);
  };
  const requirement = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) requirement(one);
    else if (!isRecord(value)) {
      if (value !== undefined) miss();
    } else {
      if (value[OPEN]) miss();
      for (const nested of [value.allOf, value.anyOf]) if (nested !== undefined) requirement(nested);
      for (const [member, list] of Object.entries(MEMBERS)) {
        const part = value[member];
        if (part === undefined) continue;
        if (member === 'organization') Object.assign(guards.reads, { organizations: true });
        if (!isRecord(part)) names(list, part);
        else if (member === 'organization') withinOrganization(part);
        else if (member === 'clientRole') for (const client of Object.keys(part)) names('audiences', client);
      }
    }
  };
  /** Roles in an organization are those of realm and client, which its groups have; the groups are its own. */
  const withinOrganization = ({ alias, id, group, groupTree, ...roles }: Record<string, unknown>): void => {
    if (alias !== undefined) names('organizations', alias);
    for (const one of [group, groupTree]) if (one !== undefined) names('organizationGroups', one);
    requirement(roles);
    const readsGroups = group !== undefined || groupTree !== undefined || Object.keys(roles).length > 0;
    Object.assign(guards.reads, id !== undefined && { ids: true }, readsGroups && { groups: true });
  };
  return {
    names,
    requirement,
    options(value: unknown, file: string): void {
      if (!isRecord(value)) return;
      for (const member of ['realm', 'clientId'] as const)
        if (typeof value[member] === 'string')
          Object.assign(guards.options, { [member]: value[member], file });
      if (value.tenants === 'organizations') Object.assign(guards.reads, { organizations: true });
    },
    /** `realm:admin`, `reader`, `other-client:reader`; in a list, or as `{ roles: [ … ] }`. */
    specs(nodes: readonly SyntaxNode[], scope: Scope): void {
      for (const one of nodes
        .map((node) => evaluate(node, scope))
        .flatMap((value) => (isRecord(value) ? value.roles : value))
        .flat())
        if (typeof one !== 'string') miss();
        else if (one.startsWith('realm:')) names('realmRoles', one.slice(6));
        else if (!one.includes(':')) names('clientRoles', one);
    },
  };
}
