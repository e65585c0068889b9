import {
  type Filled,
  fillOptions,
  findOptionProblems,
  type OptionRules,
  type WithDefault,
} from '../options/check-options.ts';
import { oneOf, required, whole } from '../options/option-rules.ts';

/**
 * Whether tokens may be bound to a key of their client (RFC 9449). `off`: bound tokens are refused. `accepted`: bearer
 * tokens and bound ones are, each with its scheme. `required`: bearer tokens are refused.
 */
export type DpopMode = 'off' | 'accepted' | 'required';

/** How DPoP proofs are judged. */
export interface DpopOptions {
  /** `off`: bound tokens are refused. `accepted`: bearer tokens and bound ones are taken. `required`: only bound ones. */
  readonly mode: DpopMode;
  /**
   * Asks clients for a nonce (RFC 9449 §9), so that no proof can be made in advance. At least 32 characters, random, the
   * same in every replica. Default: no nonce.
   */
  readonly nonceSecret?: string | undefined;
  /**
   * Most proofs that one key may use while the oldest of them is remembered, in each process; more get 503. All keys of one
   * user may use twice as many. The default is some 1,200 a second. Default 50,000.
   */
  readonly maxProofsPerKey?: number | undefined;
}

export const DPOP_MODE = oneOf('off', 'accepted', 'required');

/** How old a proof may be, by the clock here, and how far ahead that of its client; Keycloak has the same. Unit: seconds. */
export const [MAX_AGE_SECONDS, MAX_AHEAD_SECONDS] = [25, 15];
/** How long a proof is remembered. Unit: seconds. */
export const PROOF_SECONDS = MAX_AGE_SECONDS + MAX_AHEAD_SECONDS;

export const DPOP_RULES = {
  mode: required(DPOP_MODE),
  nonceSecret: {
    rule: 'must be random and have at least 32 characters',
    example: "'<openssl rand -hex 32>'",
    accepts: (value) => typeof value === 'string' && value.length >= 32,
  },
  maxProofsPerKey: whole(1, 10_000_000, 50_000),
} satisfies OptionRules<DpopOptions>;

/** {@link DpopOptions} with every default filled in. */
export type ResolvedDpopOptions = Filled<DpopOptions, typeof DPOP_RULES>;

export const DPOP: WithDefault<DpopMode> = {
  rule: "must be 'off', 'accepted' or 'required', or an object with that as its mode",
  example: "{ mode: 'accepted', maxProofsPerKey: 50_000 }",
  accepts: (value) =>
    typeof value === 'object' && value !== null
      ? findOptionProblems(value, DPOP_RULES).length === 0
      : DPOP_MODE.accepts(value),
  default: 'off',
};

export function resolveDpopOptions(dpop: DpopMode | DpopOptions): ResolvedDpopOptions {
  return fillOptions('dpop', typeof dpop === 'string' ? { mode: dpop } : dpop, DPOP_RULES);
}
