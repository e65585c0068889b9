import {
  evaluate,
  isFunction,
  isNode,
  lastNameOf,
  OPEN,
  type Project,
  readProgram,
  type SourceFile,
  type SyntaxNode,
  scopeOf,
  textOf,
  UNKNOWN,
  walk,
} from '@keycloak-guard/cli/unstable';
import { type KeycloakConfig, toAdapterSettings } from '../express/config.ts';
import type { Mention } from './imports.ts';

/** Methods that a `Keycloak` alone is likely to have. */
const METHOD = /^(protect|enforcer|checkSso)$/;

/** Names of variables, members and parameters that hold a project's `Keycloak`. */
function findInstanceNames(program: SyntaxNode, mentions: readonly Mention[]): string[] {
  const classes = classNamesOf(mentions);
  const names: string[] = [];
  const parameters = new Set<string>();
  const called = new Set<string>();
  for (const { node, around } of walk(program)) {
    // `module.exports = (app, sso) => app.get('/', sso.protect())`
    for (const name of parameterNamesOf(node)) parameters.add(name);
    const callee = node.callee as SyntaxNode | undefined;
    if (isCall(node) && callee && isMember(callee) && METHOD.test(lastNameOf(callee.property) ?? ''))
      called.add(lastNameOf(callee.object) ?? '');
    // `const sso = getKeycloak()`
    if (node.type === 'VariableDeclarator' && isInstance(node.init, NO_NAMES))
      names.push(lastNameOf(node.id) ?? '');
    if (node.type !== 'NewExpression' || !isClass(node.callee, classes)) continue;
    const [parent] = around.filter(
      ({ type }) => !type.startsWith('TS') && type !== 'ParenthesizedExpression',
    );
    const target = parent?.type === 'VariableDeclarator' ? parent.id : (parent?.left ?? parent?.key);
    const name = lastNameOf(target);
    if (name !== undefined) names.push(name);
  }
  return [...names, ...[...called].filter((name) => parameters.has(name))];
}

/** Of a function: of what it takes apart, too. */
function parameterNamesOf({ params }: SyntaxNode): string[] {
  if (!Array.isArray(params)) return [];
  return params.filter(isNode).flatMap((one) => {
    const parameter = parameterOf((one.parameter as SyntaxNode | undefined) ?? one) as SyntaxNode;
    const parts = parameter.type === 'ObjectPattern' ? (parameter.properties as SyntaxNode[]) : [parameter];
    return parts.flatMap((part) => lastNameOf(part.value ?? part) ?? []);
  });
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Local names of the constructor. */
export function classNamesOf(mentions: readonly Mention[]): Set<string> {
  return new Set(
    mentions
      .filter(({ name, inside }) => name === 'keycloak-connect' && /^$|keycloak(\.js)?$|index/.test(inside))
      .flatMap(({ names }) =>
        [...names].filter(([, from]) => from === 'default' || from === '*').map(([local]) => local),
      ),
  );
}

/** Whether the callee of a `new` is the constructor. */
export function isClass(callee: unknown, classes: ReadonlySet<string>): boolean {
  if (!isNode(callee)) return false;
  if (callee.type === 'Identifier') return classes.has(callee.name as string);
  // `new module.default(…)` and `new (require('keycloak-connect'))(…)`.
  if (callee.type === 'MemberExpression') return isClass(callee.object, classes);
  return (
    callee.type === 'CallExpression' && textOf((callee.arguments as unknown[])[0]) === 'keycloak-connect'
  );
}

/** Whether an expression is, by its name, a `Keycloak`. */
export function isInstance(node: unknown, instances: ReadonlySet<string>): boolean {
  const name = lastNameOf(node);
  return name !== undefined && (instances.has(name) || /keycloak/i.test(name));
}

export const isCall = (node: SyntaxNode): boolean =>
  node.type === 'CallExpression' || node.type === 'OptionalCallExpression';

export const isMember = (node: SyntaxNode): boolean =>
  node.type === 'MemberExpression' || node.type === 'OptionalMemberExpression';

/** The method of a `Keycloak` that is called, if it is one. */
export function methodOf(node: SyntaxNode, instances: ReadonlySet<string>): string | undefined {
  const callee = node.callee as SyntaxNode;
  if (!isCall(node) || !isMember(callee) || !isInstance(callee.object, instances)) return undefined;
  return lastNameOf(callee);
}

/** The argument of one call of a function that hands it on to `keycloak.protect`. */
export interface PassedSpec {
  readonly source: SourceFile;
  readonly node: SyntaxNode;
  readonly spec: unknown;
}

/** A function that hands one of its parameters on. */
export interface Wrapper {
  readonly call: SyntaxNode;
  readonly name: string;
  readonly index: number;
  /** Whether the parameter is the list of all further arguments. */
  readonly isRest: boolean;
}

/** The arguments of all calls of the wrappers, by the call of `protect` in them. */
function findPassedSpecs(
  sources: readonly SourceFile[],
  wrappers: readonly Wrapper[],
): ReadonlyMap<SyntaxNode, readonly PassedSpec[]> {
  const specs = new Map<SyntaxNode, PassedSpec[]>(wrappers.map(({ call }) => [call, []]));
  for (const source of sources) {
    const scope = scopeOf(source.program);
    for (const { node } of walk(source.program)) {
      if (!isCall(node)) continue;
      const name = lastNameOf(node.callee);
      for (const wrapper of wrappers) {
        if (wrapper.name !== name || wrapper.call === node) continue;
        const passed = (node.arguments as SyntaxNode[]).slice(wrapper.index);
        const values = passed.map((one) => evaluate(one, scope));
        if (!wrapper.isRest && passed.length === 0) continue;
        specs.get(wrapper.call)?.push({ source, node, spec: wrapper.isRest ? values : values[0] });
      }
    }
  }
  return specs;
}

function findWrappers(program: SyntaxNode, instances: ReadonlySet<string>): Wrapper[] {
  const wrappers: Wrapper[] = [];
  for (const { node, around } of walk(program)) {
    const callee = node.callee as SyntaxNode | undefined;
    // `const protect = keycloak.protect.bind(keycloak)`
    if (isCall(node) && callee !== undefined && isMember(callee) && lastNameOf(callee.property) === 'bind') {
      const name =
        methodOf({ ...node, callee: callee.object }, instances) === 'protect' ? nameOf(around) : undefined;
      if (name !== undefined) wrappers.push({ call: node, name, index: 0, isRest: false });
    }
    if (methodOf(node, instances) !== 'protect') continue;
    const [argument] = node.arguments as (SyntaxNode | undefined)[];
    const at = around.findIndex((one) => isFunction(one) || /Method$/.test(one.type));
    const wrapper = around[at];
    if (argument?.type !== 'Identifier' || wrapper === undefined) continue;
    const parameters = wrapper.params as SyntaxNode[];
    const index = parameters.findIndex((one) => lastNameOf(parameterOf(one)) === argument.name);
    const name = lastNameOf(wrapper.id ?? wrapper.key) ?? nameOf(around.slice(at + 1));
    const isRest = parameters[index]?.type === 'RestElement';
    if (index !== -1 && name !== undefined) wrappers.push({ call: node, name, index, isRest });
  }
  return wrappers;
}

/** The parameter itself, without its default. */
function parameterOf(node: SyntaxNode): unknown {
  if (node.type === 'RestElement') return node.argument;
  return node.type === 'AssignmentPattern' ? node.left : node;
}

/** The name that a value is given: of its variable, its property or the member that it is assigned to. */
function nameOf([parent]: readonly SyntaxNode[]): string | undefined {
  const target = parent?.type === 'VariableDeclarator' ? parent.id : (parent?.left ?? parent?.key);
  return isNode(target) ? lastNameOf(target) : undefined;
}

/** Facts about a project's use of keycloak-connect, from all its files. */
export interface ConnectFacts {
  /** Names of variables, members and parameters that hold a `Keycloak`. */
  readonly instances: ReadonlySet<string>;
  /** Client ids of the application, as far as its files name them. */
  readonly clientIds: ReadonlySet<string>;
  /** Adapter settings that stand in files. */
  readonly files: readonly object[];
  /** Whether there is a file with adapter settings, even one that cannot be read. */
  readonly hasFile: boolean;
  /** Arguments that functions of the application hand on to `protect`. */
  readonly passed: ReadonlyMap<SyntaxNode, readonly PassedSpec[]>;
  /** Whether browsers can log in: there is a store or cookie, and the application is not bearer-only. */
  readonly hasLogins: boolean;
}

/** The arguments of a `new Keycloak(options, settings)`, as far as the file says them. */
export interface ConstructorCall {
  readonly node: SyntaxNode;
  readonly options: unknown;
  readonly settings: unknown;
}

export function findConstructorCalls(
  { program }: Pick<SourceFile, 'program'>,
  mentions: readonly Mention[],
): ConstructorCall[] {
  const classes = classNamesOf(mentions);
  const scope = scopeOf(program);
  return [...walk(program)]
    .filter(({ node }) => node.type === 'NewExpression' && isClass(node.callee, classes))
    .map(({ node }) => {
      const [options, settings] = node.arguments as (SyntaxNode | undefined)[];
      return {
        node,
        options: evaluate(options, scope),
        settings: settings === undefined ? undefined : evaluate(settings, scope),
      };
    });
}

/**
 * @param files adapter settings of the project, as objects
 * @param project its other files
 */
export function learnFacts(
  sources: readonly { readonly source: SourceFile; readonly mentions: readonly Mention[] }[],
  files: readonly object[],
  { others, unread }: Pick<Project, 'others' | 'unread'>,
): ConnectFacts {
  const calls = sources.flatMap(({ source, mentions }) => findConstructorCalls(source, mentions));
  const settings = [...files, ...calls.map((call) => call.settings)].filter(isObject);
  const instances = new Set(
    sources.flatMap(({ source, mentions }) => findInstanceNames(source.program, mentions)),
  );
  return {
    ...{ files, instances },
    hasFile: files.length > 0 || unread.some((file) => file.endsWith('.json')),
    passed: passedTo(
      sources.map(({ source }) => source),
      others,
      instances,
    ),
    clientIds: new Set(
      settings.map((one): unknown => settingsOf(one).clientId).filter((one) => typeof one === 'string'),
    ),
    hasLogins: calls.length === 0 || calls.some((call) => canLogIn(call, files)),
  };
}

/** Callers of a function that hands a role on need not mention Keycloak: their files are parsed now. */
function passedTo(
  sources: readonly SourceFile[],
  others: Project['others'],
  instances: ReadonlySet<string>,
): ConnectFacts['passed'] {
  const wrappers = sources.flatMap(({ program }) => findWrappers(program, instances));
  const callers = [...others].flatMap(([file, text]): SourceFile[] => {
    if (!wrappers.some(({ name }) => text.includes(name))) return [];
    const program = readProgram(text, file);
    return program === undefined ? [] : [{ file, text, program }];
  });
  return findPassedSpecs([...sources, ...callers], wrappers);
}

/** Whether an application with this constructor signs browsers in. */
export function canLogIn({ options, settings }: ConstructorCall, files: readonly object[]): boolean {
  if (!keepsGrants(options)) return false;
  if (isObject(settings)) return !isBearerOnly(settings);
  return files.length === 0 || !files.every(isBearerOnly);
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function keepsGrants(options: unknown): boolean {
  if (!isObject(options)) return options === UNKNOWN;
  const { store, cookies } = options as Record<string, unknown>;
  return OPEN in options || Boolean(store) || Boolean(cookies);
}

const settingsOf = (settings: object) => toAdapterSettings(settings as KeycloakConfig);
const isBearerOnly = (settings: object): boolean => settingsOf(settings).isBearerOnly === true;
