import type { Type } from '@nestjs/common';
import type { ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import {
  appGuardsIn,
  findReplaced,
  findUnguarded,
  type Handler,
  refuseUnguarded,
  registeredIn,
} from '../../adapters/nest/internal.ts';
import { AuthGuard, ResourceGuard, RoleGuard } from './guards.ts';
import { isMarkLost, type Reader, readersOf } from './marks.ts';

const READERS: Readonly<Record<Reader, Type>> = { RoleGuard, ResourceGuard } as never;

interface Global {
  readonly guards: readonly Type[];
  /** Whether the application serves HTTP: global guards then do not reach microservices. */
  readonly isHybrid: boolean;
}

/**
 * Refuses the start if no guard reads what a decorator wrote: the handler would admit everybody. A guard of the application
 * may read it: then this warns.
 *
 * @throws {Error} naming each of these handlers
 */
export function assertRead(modules: ModulesContainer, global: Global, warn: (line: string) => void): void {
  const classes = registeredIn(modules);
  const unread = classes.flatMap(({ handlers }) =>
    handlers.filter(({ isGuarded }) => isGuarded).flatMap((handler) => findUnread(handler, global)),
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

const isMarked = (on: object): boolean => readersOf(on).length > 0;

/** A decorator that no guard of this package reads. */
interface Unread {
  readonly line: string;
  /** Guards of the application that stand before the handler. */
  readonly others: readonly Type[];
}

function findUnread({ controller, method, kind, name }: Handler, { guards, isHybrid }: Global): Unread[] {
  const isReached = kind !== 'ws' && !(kind === 'rpc' && isHybrid);
  const standing = [...(isReached ? guards : []), ...guardsOn(controller), ...guardsOn(method)];
  const others = standing.filter((guard) => !isOurs(guard));
  const more = isReached ? ', or the guard as APP_GUARD' : ': APP_GUARD does not reach it';
  return [...new Set([...readersOf(controller), ...readersOf(method)])]
    .filter((reader) => !standing.some((guard) => isKindOf(guard, READERS[reader])))
    .map((reader) => ({
      line: `${name}: no ${reader} stands before it. Add @UseGuards(AuthGuard, ${reader})${more}`,
      others,
    }));
}

const isOurs = (guard: Type): boolean =>
  [AuthGuard, RoleGuard, ResourceGuard].some((one) => isKindOf(guard, one as Type));

const isKindOf = (guard: Type, base: Type): boolean => guard === base || guard.prototype instanceof base;

function guardsOn(on: object): Type[] {
  return toClasses((Reflect.getMetadata('__guards__', on) as readonly unknown[] | undefined) ?? []);
}

/**
 * Guards of the application, registered as `APP_GUARD` or by `useGlobalGuards`.
 *
 * @param contexts `undefined` in Nest 8
 */
export function globalGuardsOf(
  modules: ModulesContainer,
  contexts: ExternalContextCreator | undefined,
): Type[] {
  // Nest has no public list of the latter. If it moves one day, the start is refused, and `@UseGuards` helps.
  const { guardsContextCreator } = (contexts ?? {}) as unknown as Partial<WithGuards>;
  const used = toClasses(guardsContextCreator?.config?.getGlobalGuards() ?? []);
  return [...new Set([...appGuardsIn(modules), ...used])];
}

interface WithGuards {
  readonly guardsContextCreator: { readonly config?: { getGlobalGuards(): readonly unknown[] } };
}

const toClasses = (guards: readonly unknown[]): Type[] =>
  guards.map((guard) => (typeof guard === 'function' ? guard : (guard as object).constructor) as Type);
