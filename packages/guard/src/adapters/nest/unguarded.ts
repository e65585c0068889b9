import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { accessOf, isAccessLost, lineageOf } from './access.ts';
import { findReplaced } from './decorated.ts';
import { appGuardsIn, type Handler, isReference, type Registered, registeredIn } from './handlers.ts';

/**
 * Refuses the start if a decorator requires something of a handler for which Nest runs no guard: it would admit everybody.
 *
 * @throws {Error} naming each of these handlers
 */
export function assertGuarded(modules: ModulesContainer): void {
  refuseUnguarded(
    'KeycloakModule',
    registeredIn(modules).flatMap((one) => [
      ...findUnguarded(one, isGuarding, isOpened),
      ...findReplaced(one, isAccessLost),
    ]),
  );
}

const isGuarding = (on: object): boolean => accessOf(on)?.isPublic === false;
const isOpened = (method: object): boolean => accessOf(method)?.isPublic === true;

/**
 * Handlers that everybody may call although a guard is the app's own: Nest runs no `APP_GUARD` for them, and no decorator and no
 * other guard decides on them.
 *
 * @param guard the class given as `APP_GUARD`
 * @param isMarked whether a decorator decides on a class or a handler
 * @returns a line for the log; `undefined` if there are none
 */
export function findOpen(
  modules: ModulesContainer,
  guard: Type,
  isMarked: (on: object) => boolean,
): string | undefined {
  if (!appGuardsIn(modules).includes(guard)) return undefined;
  const isDecided = (on: object) => isMarked(on) || Reflect.hasMetadata('__guards__', on);
  const isApart = ({ kind, isGuarded, method }: Handler) =>
    isGuarded ? kind === 'ws' || kind === 'rpc' : isReference(method);
  const open = registeredIn(modules)
    .filter(({ controller }) => !lineageOf(controller).some(isDecided))
    .flatMap(({ handlers }) => handlers)
    .filter((handler) => isApart(handler) && !isDecided(handler.method));
  return open.length === 0 ? undefined : `${OPEN}: ${open.map(({ name }) => name).join(', ')}`;
}

const OPEN =
  "APP_GUARD does not reach gateways, nor microservices of a hybrid app without inheritAppConfig: true, nor references of entities without fieldResolverEnhancers: ['guards']. Everybody may call";

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
