/** The claims of an access token, as Keycloak signed them. */
export type Claims = { readonly [claim: string]: unknown };

/**
 * Says once, for the whole app, what `parseClaims` returns: with a member `claims`, added by declaration merging. Then
 * the claims of every principal are typed, in every framework, and `parseClaims` is a required option.
 *
 * @example
 * declare module 'keycloak-guard' {
 *   interface GuardTypes { claims: { tenant: string } }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: apps declare its members
export interface GuardTypes {}

/** The claims of a principal: what {@link GuardTypes} says, else {@link Claims}. */
export type AppClaims = GuardTypes extends { claims: infer C extends object } ? C : Claims;

/** What options of a verifier must have besides: `parseClaims`, where its claims are more than a token promises. */
export type WithParser<C extends object> = Claims extends C
  ? unknown
  : { readonly parseClaims: (claims: Claims) => C };
