import type { Principal } from './principal.ts';

interface Made {
  readonly token: string;
  readonly by: object | undefined;
}

/** Beside the principals, not in them: a printed principal shows no token. */
const made = new WeakMap<Principal<never>, Made>();

/**
 * Gives the principal back.
 *
 * @param by the verifier that made it
 */
export function rememberToken<C extends object>(
  principal: Principal<C>,
  token: string,
  by?: object,
): Principal<C> {
  made.set(principal as Principal<never>, { token, by });
  return principal;
}

/** The access token that a principal was made of; `undefined` where no verifier of this package made it. */
export function tokenOf<C extends object>(principal: Principal<C>): string | undefined {
  return made.get(principal as Principal<never>)?.token;
}

/** The verifier that made a principal, and so its realm; `undefined` where none of this package did. */
export function makerOf<C extends object>(principal: Principal<C>): object | undefined {
  return made.get(principal as Principal<never>)?.by;
}
