import type { ExecutionContext } from '@nestjs/common';
import type { Decide, Door, PermitOptions, PermitRule, PushedClaims } from '../adapter/internal.ts';
import type { Principal } from '../core/index.ts';
import type { Call } from './call.ts';

/** A function of `@Permission`: with Express's or Fastify's request, and Nest's context for what is not in it. */
export type OfRequest<T> = (
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  request: any,
  principal: Principal,
  context: ExecutionContext,
) => T | Promise<T>;

/** Options of `@Permission`: see those of `createPermit`. */
export type PermissionOptions = Omit<PermitOptions<never>, 'owner' | 'claims'> & {
  readonly owner?: OfRequest<string | null | undefined> | undefined;
  readonly claims?: OfRequest<PushedClaims> | undefined;
};

/** What one `@Permission` requires. */
export interface RequiredPermission {
  readonly rule: PermitRule | OfRequest<PermitRule>;
  readonly options: PermissionOptions;
}

/** One after the other; `undefined` where none is required. @throws {Error} where permissions are not turned on */
export function toPermit(
  permits: Door<Call, Call>['permits'],
  required: readonly RequiredPermission[],
): Decide<Call> | undefined {
  const [first, ...others] = required.map(({ rule, options }) =>
    permits.permit(rule as PermitRule, options as PermitOptions<unknown>),
  );
  return first && others.reduce(toBoth, first);
}

/** First the one, then the other. */
export function toBoth(first: Decide<Call>, second: Decide<Call>): Decide<Call> {
  return (...asked) => {
    const decided = first(...asked);
    return decided === undefined ? second(...asked) : decided.then(() => second(...asked));
  };
}
