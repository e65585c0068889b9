import type { Principal } from '../../core/index.ts';
import type { GuardOptions } from '../../core/internal.ts';

/** Who a guard with these requirements finds: `null` only where the guard also lets requests without anybody pass. */
export type Found<C extends object, R extends GuardOptions> = 'optional' extends keyof R
  ? R['optional'] extends false | undefined
    ? Principal<C>
    : Principal<C> | null
  : Principal<C>;

/** Requirements as they are where none are named. */
export type NotOptional = GuardOptions & { readonly optional?: false };
