import { ALGORITHMS } from '../jwt/signature.ts';
import {
  type Filled,
  fillOptions,
  findOptionProblems,
  type OptionRules,
  type WithDefault,
} from '../options/check-options.ts';
import { between, oneOf, required, whole } from '../options/option-rules.ts';

/**
 * Whether tokens may be bound to a key of their client (RFC 9449). `off`: bound tokens are refused. `accepted`: bearer
 * tokens and bound ones are, each with its scheme. `required`: bearer tokens are refused.
 */
export type DpopMode = 'off' | 'accepted' | 'required';

/** How DPoP proofs are judged. */
export interface DpopOptions {
  /** `off`: bound tokens are refused. `accepted`: bearer tokens and bound ones are taken. `required`: only bound ones. */
  readonly mode: DpopMode;
  /** Algorithms that a proof may be signed with; the challenge names them. Default: every asymmetric one that is known. */
  readonly algorithms?: readonly string[] | undefined;
  /** How old a proof may be, by the clock here. Unit: seconds, 1 to 300. Keycloak has the same. Default 25. */
  readonly maxAgeSeconds?: number | undefined;
  /** How far ahead the clock of a client may be. Unit: seconds, 0 to 300. Keycloak has the same. Default 15. */
  readonly maxAheadSeconds?: number | undefined;
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

export const ALGORITHM_LIST: WithDefault<readonly string[]> = {
  rule: `must be a list that is not empty, of ${ALGORITHMS.join(', ')}`,
  example: "['RS256']",
  accepts: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((one) => ALGORITHMS.includes(one as string)),
  default: ALGORITHMS,
};

export const DPOP_RULES = {
  mode: required(DPOP_MODE),
  algorithms: ALGORITHM_LIST,
  maxAgeSeconds: between(1, 300, 25),
  maxAheadSeconds: between(0, 300, 15),
  nonceSecret: {
    rule: 'must be random and have at least 32 characters',
    example: "'<openssl rand -hex 32>'",
    accepts: (value) => typeof value === 'string' && value.length >= 32,
  },
  maxProofsPerKey: whole(1, 10_000_000, 50_000),
} satisfies OptionRules<DpopOptions>;

/** {@link DpopOptions} with every default filled in. */
export interface ResolvedDpopOptions extends Omit<Filled<DpopOptions, typeof DPOP_RULES>, 'algorithms'> {
  readonly algorithms: ReadonlySet<string>;
}

export const DPOP: WithDefault<DpopMode> = {
  rule: "must be 'off', 'accepted' or 'required', or an object with that as its mode",
  example: "{ mode: 'accepted', maxAgeSeconds: 25 }",
  accepts: (value) =>
    typeof value === 'object' && value !== null
      ? findOptionProblems(value, DPOP_RULES).length === 0
      : DPOP_MODE.accepts(value),
  default: 'off',
};

export function resolveDpopOptions(dpop: DpopMode | DpopOptions): ResolvedDpopOptions {
  const filled = fillOptions('dpop', typeof dpop === 'string' ? { mode: dpop } : dpop, DPOP_RULES);
  return { ...filled, algorithms: new Set(filled.algorithms) };
}
