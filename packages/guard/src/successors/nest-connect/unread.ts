import type { Type } from '@nestjs/common';
import type { ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import {
  appGuardsIn,
  findMarkedTypes,
  findReplaced,
  findUnguarded,
  GlobalGuards,
  globalGuardsOf,
  type Handler,
  refuseUnguarded,
  registeredIn,
} from '../../adapters/nest/internal.ts';
import { AuthGuard, ResourceGuard, RoleGuard } from './guards.ts';
import { isMarkLost, type Reader, readersOf } from './marks.ts';

const READERS: Readonly<Record<Reader, Type>> = { RoleGuard, ResourceGuard } as never;

/**
 * Refuses the start if no guard reads what a decorator wrote: the handler would admit everybody. A guard of the application
 * may read it: then this warns.
 *
 * @throws {Error} naming each of these handlers
 */
export function assertRead(
  modules: ModulesContainer,
  contexts: ExternalContextCreator | undefined,
  warn: (line: string) => void,
): void {
  const global = [...new Set([...appGuardsIn(modules), ...globalGuardsOf(contexts).map(({ type }) => type)])];
  const classes = registeredIn(modules);
  const unread = classes.flatMap(({ handlers }) =>
    handlers
      .filter(({ kinds, unguarded }) => kinds.length > unguarded.length)
      .flatMap((handler) => findUnread(handler, global)),
  );
  refuseUnguarded('KeycloakConnectModule', [
    ...classes.flatMap((one) => [
      ...findUnguarded(one, isMarked, () => false),
      ...findReplaced(one, isMarkLost),
    ]),
    ...unread.filter(({ others }) => others.length === 0).map(({ line }) => line),
  ]);
  for (const { line, others } of unread.filter((one) => one.others.length > 0)) {
    warn(`${line}. Does ${others.map(({ name }) => name).join(', ')} read the decorator?`);
  }
}

/** The same for types of GraphQL. Must be called when the application has its schema. @throws {Error} naming each of them */
export function assertTypesUnmarked(modules: ModulesContainer): void {
  refuseUnguarded('KeycloakConnectModule', findMarkedTypes(modules, isMarked));
}

const isMarked = (on: object): boolean => readersOf(on).length > 0;

/** A decorator that no guard of this package reads. */
interface Unread {
  readonly line: string;
  /** Guards of the application that stand before the handler. */
  readonly others: readonly Type[];
}

function findUnread({ controller, method, name }: Handler, global: readonly Type[]): Unread[] {
  const standing = [...global, ...guardsOn(controller), ...guardsOn(method)];
  const others = standing.filter((guard) => !isOurs(guard));
  return [...new Set([...readersOf(controller), ...readersOf(method)])]
    .filter((reader) => !standing.some((guard) => isKindOf(guard, READERS[reader])))
    .map((reader) => ({
      line: `${name}: no ${reader} stands before it. Add @UseGuards(AuthGuard, ${reader}), or the guard as APP_GUARD`,
      others,
    }));
}

const isOurs = (guard: Type): boolean =>
  [AuthGuard, RoleGuard, ResourceGuard, GlobalGuards].some((one) => isKindOf(guard, one as Type));

const isKindOf = (guard: Type, base: Type): boolean => guard === base || guard.prototype instanceof base;

function guardsOn(on: object): Type[] {
  return toClasses((Reflect.getMetadata('__guards__', on) as readonly unknown[] | undefined) ?? []);
}

const toClasses = (guards: readonly unknown[]): Type[] =>
  guards.map((guard) => (typeof guard === 'function' ? guard : (guard as object).constructor) as Type);
