import type { Principal } from '../../core/index.ts';
import type { GuardOptions } from '../../core/internal.ts';

/** The principal that a guard with these requirements finds: `null` only under an optional guard. */
export type Found<C extends object, R> = R extends { readonly optional?: unknown }
  ? 'optional' extends keyof R
    ? R['optional'] extends false | undefined
      ? Principal<C>
      : Principal<C> | null
    : Principal<C>
  : Principal<C>;

/** The type of requirements that are not given. */
export type NotOptional = GuardOptions & { readonly optional?: false };
