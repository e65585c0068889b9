import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { accessOf, findReplaced, isAccessLost, isMcp, lineageOf } from './access.ts';
import { appGuardsIn, type HandlerKind, isReference, type Registered, registeredIn } from './handlers.ts';

/**
 * Refuses the start if a decorator requires something of a handler for which Nest runs no guard: it would admit everybody.
 *
 * @param servesMcp whether the option `mcp` is set; without a handler that `@Mcp()` guards, the MCP server would be open
 * @throws {Error} naming each of these handlers
 */
export function assertGuarded(modules: ModulesContainer, servesMcp: boolean): void {
  const registered = registeredIn(modules);
  refuseUnguarded(
    'KeycloakModule',
    registered.flatMap((one) => [
      ...findUnguarded(one, isGuarding, isOpened),
      ...findReplaced(one, { isLost: isAccessLost, isMarked: (on) => accessOf(on) !== undefined }),
    ]),
  );
  const isServed = registered.some(({ controller, handlers }) =>
    handlers.some(({ method }) => isMcp(controller, method)),
  );
  // A stand-in for the service in tests may not say.
  if (servesMcp === !isServed) throw new Error(isServed ? NO_OPTION : NO_HANDLER);
}

/** The same for types of GraphQL. Must be called when the application has its schema. @throws {Error} naming each of them */
export function assertTypesUnmarked(modules: ModulesContainer): void {
  refuseUnguarded('KeycloakModule', findMarkedTypes(modules, isGuarding));
}

const NO_OPTION = 'KeycloakModule: @Mcp() needs the option mcp, which says what guards the handler';
const NO_HANDLER =
  'KeycloakModule: the option mcp guards nothing. Put @Mcp() on the handler of the MCP server, in a controller';

const isGuarding = (on: object): boolean => accessOf(on)?.isPublic === false;
const isOpened = (method: object): boolean => accessOf(method)?.isPublic === true;

/**
 * References of entities that everybody may ask for although a guard is the app's own: Nest runs no guard for them.
 *
 * @param guard the class given as `APP_GUARD`
 * @param isMarked whether a decorator decides on a class or a handler
 * @returns a line for the log; `undefined` if there are none
 */
export function findOpenReferences(
  modules: ModulesContainer,
  guard: Type,
  isMarked: (on: object) => boolean,
): string | undefined {
  if (!appGuardsIn(modules).includes(guard)) return undefined;
  const open = registeredIn(modules)
    .filter(({ controller }) => !lineageOf(controller).some(isMarked))
    .flatMap(({ handlers }) => handlers)
    .filter(({ unguarded, method }) => unguarded.length > 0 && isReference(method) && !isMarked(method));
  return open.length === 0 ? undefined : `${OPEN}: ${open.map(({ name }) => name).join(', ')}`;
}

const OPEN =
  "Nest runs no guard for references of entities without fieldResolverEnhancers: ['guards']. Everybody may call";

/**
 * Handlers, or the class, that a decorator guards in vain.
 *
 * @param guards whether a decorator on a class or a handler requires something
 * @param opens whether a decorator opens a handler on purpose
 */
export function findUnguarded(
  { controller, isController, isResolver, handlers }: Registered,
  guards: (on: object) => boolean,
  opens: (method: object) => boolean,
): string[] {
  const isOfClass = lineageOf(controller).some(guards);
  const lines = handlers
    .filter(({ kinds, unguarded, method }) => {
      if ((kinds.length > 0 && unguarded.length === 0) || opens(method)) return false;
      return guards(method) || (isOfClass && unguarded.includes('field'));
    })
    .map(({ name, unguarded }) => `${name}: ${adviceOf(name, unguarded)}`);
  const protectsNothing =
    !isController &&
    !isResolver &&
    handlers.every(({ kinds, unguarded }) => kinds.length === unguarded.length);
  if (protectsNothing && guards(controller)) lines.push(`${controller.name}: ${OF_CLASS}`);
  return lines;
}

/** @throws {Error} if there are any lines */
export function refuseUnguarded(module: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  throw new Error(
    [`${module}: the app does not start, because a decorator would guard nothing:`, ...lines].join('\n- '),
  );
}

const OF_CLASS =
  'it has no route, message or resolver. Remove the decorator; in handleConnection of a gateway, call connect of KeycloakService';

const ADVICE: Readonly<Record<HandlerKind, string>> = {
  field:
    "set fieldResolverEnhancers: ['guards'] in the options of GraphQLModule, or put the decorator on the queries instead",
  ws: 'its class is no gateway. Add @WebSocketGateway()',
  http: 'its class is no controller. List it in controllers, not in providers',
  sse: 'its class is no controller. List it in controllers, not in providers',
  rpc: 'its class is no controller. List it in controllers, not in providers',
  graphql: 'Nest never guards it. Put the decorator on the queries',
  subscription: 'Nest never guards it. Put the decorator on the queries',
};

function adviceOf(name: string, [kind]: readonly HandlerKind[]): string {
  if (name.endsWith('.__resolveType')) return ADVICE.graphql;
  return kind === undefined ? 'it is no route, message or resolver. Remove the decorator' : ADVICE[kind];
}

interface Typed {
  readonly target?: object;
  readonly typeFn?: () => unknown;
  readonly methodArgs?: readonly Typed[];
  readonly properties?: readonly Typed[];
}

/** Where `@nestjs/graphql`, which need not be installed, keeps what its decorators say. */
interface TypesOfGraphql {
  getQueriesMetadata(): readonly Typed[];
  getMutationsMetadata(): readonly Typed[];
  getSubscriptionsMetadata(): readonly Typed[];
  getObjectTypeMetadataByTarget(target: object): Typed | undefined;
  getInterfaceMetadataByTarget(target: object): Typed | undefined;
  getInputTypeMetadataByTarget(target: object): Typed | undefined;
}

/**
 * Types of an application's GraphQL schema that a decorator guards in vain.
 *
 * @param guards whether a decorator on a class or a method requires something
 */
export function findMarkedTypes(modules: ModulesContainer, guards: (on: object) => boolean): string[] {
  const { GqlTypeMetadataStorage: all } = globalThis as { GqlTypeMetadataStorage?: TypesOfGraphql };
  if (all === undefined) return [];
  const resolvers = new Set<unknown>(registeredIn(modules).map(({ controller }) => controller));
  const types = new Set<object>();
  function add({ typeFn, methodArgs = [] }: Typed): void {
    for (const one of methodArgs) add(one);
    for (const type of [typeFn?.()].flat(3)) {
      if (typeof type !== 'function' || types.has(type)) continue;
      types.add(type);
      for (const level of lineageOf(type)) {
        for (const kind of ['ObjectType', 'Interface', 'InputType'] as const)
          for (const one of all?.[`get${kind}MetadataByTarget`](level)?.properties ?? []) add(one);
      }
    }
  }
  const operations = [all.getQueriesMetadata(), all.getMutationsMetadata(), all.getSubscriptionsMetadata()];
  for (const one of operations.flat()) if (resolvers.has(one.target)) add(one);
  return [...types]
    .filter((type) => isMarked(type as Type, guards))
    .map((type) => `${(type as Type).name}: ${OF_TYPE}`);
}

function isMarked(type: Type, guards: (on: object) => boolean): boolean {
  const methods = Object.values(Object.getOwnPropertyDescriptors(type.prototype ?? {})).map(
    ({ value }) => value,
  );
  return [type, ...methods].some((one) => typeof one === 'function' && guards(one));
}

const OF_TYPE =
  "it is a type of GraphQL, for which Nest runs no guard. Put the decorator on the queries, or on @ResolveField() methods with fieldResolverEnhancers: ['guards']";
