import { evaluate, OPEN, scopeOf, UNKNOWN } from '../../source/evaluate.ts';
import type { Project, SourceFile } from '../../source/project.ts';
import { readProgram } from '../../source/read-program.ts';
import { type SyntaxNode, walk } from '../../source/syntax.ts';
import type { Mention } from '../imports.ts';
import { classNamesOf, findInstanceNames, isClass } from './classes.ts';
import { findPassedSpecs, findWrappers, type PassedSpec } from './wrappers.ts';

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
    clientIds: new Set(settings.map(clientIdOf).filter((one) => typeof one === 'string')),
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

function clientIdOf(settings: object): unknown {
  const { resource, clientId, 'client-id': named } = settings as Record<string, unknown>;
  return resource || named || clientId;
}

function keepsGrants(options: unknown): boolean {
  if (!isObject(options)) return options === UNKNOWN;
  const { store, cookies } = options as Record<string, unknown>;
  return OPEN in options || Boolean(store) || Boolean(cookies);
}

function isBearerOnly(settings: object): boolean {
  const { 'bearer-only': named, bearerOnly } = settings as Record<string, unknown>;
  return [true, 'true'].includes((named ?? bearerOnly) as boolean);
}
