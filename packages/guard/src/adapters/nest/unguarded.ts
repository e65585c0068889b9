import type { ModulesContainer } from '@nestjs/core';
import { accessOf, lineageOf } from './access.ts';
import { type Handler, type Registered, registeredIn } from './handlers.ts';

/**
 * Refuses the start if a decorator requires something of a handler for which Nest runs no guard: it would admit everybody.
 *
 * @throws {Error} naming each of these handlers
 */
export function assertGuarded(modules: ModulesContainer): void {
  refuseUnguarded(
    'KeycloakModule',
    registeredIn(modules).flatMap((one) => findUnguarded(one, isGuarding, isOpened)),
  );
}

const isGuarding = (on: object): boolean => accessOf(on)?.isPublic === false;
const isOpened = (method: object): boolean => accessOf(method)?.isPublic === true;

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
  const found = handlers
    .filter(({ kind, isGuarded, method }) => {
      if (isGuarded || opens(method)) return false;
      return guards(method) || (isOfClass && kind === 'field');
    })
    .map((handler) => `${handler.name}: ${adviceOf(handler)}`);
  const protectsNothing = !isController && !isResolver && !handlers.some(({ isGuarded }) => isGuarded);
  if (protectsNothing && guards(controller)) found.push(`${controller.name}: ${OF_CLASS}`);
  return found;
}

/** @throws {Error} if anything was found */
export function refuseUnguarded(module: string, found: readonly string[]): void {
  if (found.length === 0) return;
  throw new Error(
    [`${module}: the app does not start, because a decorator would guard nothing:`, ...found].join('\n- '),
  );
}

const OF_CLASS =
  'it has no route, message or resolver. Remove the decorator; in handleConnection of a gateway, call connect of KeycloakService';

function adviceOf({ kind, name }: Handler): string {
  if (name.endsWith('.__resolveType')) return 'Nest never guards it. Put the decorator on the queries';
  if (kind === 'field') {
    return "set fieldResolverEnhancers: ['guards'] in the options of GraphQLModule, or put the decorator on the queries instead";
  }
  if (kind === undefined) return 'it is no route, message or resolver. Remove the decorator';
  if (kind === 'ws') return 'its class is no gateway. Add @WebSocketGateway()';
  return 'its class is no controller. List it in controllers, not in providers';
}
