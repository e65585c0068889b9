import type { Principal } from './principal.ts';

/** Beside the principals, not in them: a printed principal shows no token. */
const tokens = new WeakMap<Principal<never>, string>();

/** Gives the principal back. */
export function rememberToken<C extends object>(principal: Principal<C>, token: string): Principal<C> {
  tokens.set(principal as Principal<never>, token);
  return principal;
}

/** The access token that a principal was made of; `undefined` where no verifier of this package made it. */
export function tokenOf<C extends object>(principal: Principal<C>): string | undefined {
  return tokens.get(principal as Principal<never>);
}
