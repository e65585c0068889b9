import type { ExecutionContext } from '@nestjs/common';
import type { Principal } from '../../core/index.ts';
import type { Decide, Door, PermitOptions, PermitRule, PushedClaims } from '../engine/internal.ts';
import type { Call } from './call.ts';

/** A function given to `@Permission`. It gets Express's or Fastify's request, and Nest's context for everything else. */
export type OfRequest<T> = (
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  request: any,
  principal: Principal,
  context: ExecutionContext,
) => T | Promise<T>;

/** Options of `@Permission`; see `PermitOptions` of `keycloak-guard/authz`. */
export type PermissionOptions = Omit<PermitOptions<never>, 'owner' | 'claims'> & {
  readonly owner?: OfRequest<string | null | undefined> | undefined;
  readonly claims?: OfRequest<PushedClaims> | undefined;
};

/** What one `@Permission` requires. */
export interface RequiredPermission {
  readonly rule: PermitRule | OfRequest<PermitRule>;
  readonly options: PermissionOptions;
}

/** All permissions, asked in order; `undefined` if none is required. @throws {Error} if permissions are not turned on */
export function toPermit(
  permits: Door<Call, Call>['permits'],
  required: readonly RequiredPermission[],
): Decide<Call> | undefined {
  const [first, ...others] = required.map(({ rule, options }) =>
    permits.permit(rule as PermitRule, options as PermitOptions<unknown>),
  );
  return first && others.reduce(toBoth, first);
}

/** Asks the second only if the first is granted. */
function toBoth(first: Decide<Call>, second: Decide<Call>): Decide<Call> {
  return (...asked) => {
    const decided = first(...asked);
    return decided === undefined ? second(...asked) : decided.then(() => second(...asked));
  };
}
