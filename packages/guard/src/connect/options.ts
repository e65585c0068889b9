import type { VerifierOptions } from '../core/index.ts';
import { findOptionProblems, type OptionRules, optionRules, VERIFIER_RULES } from '../core/internal.ts';

/** Options of `new Keycloak(options, config)`. */
export interface KeycloakOptions
  extends Pick<
    VerifierOptions,
    | 'tokenCheck'
    | 'recheckSeconds'
    | 'whenUnavailable'
    | 'timeoutMs'
    | 'clockToleranceSeconds'
    | 'revocationStore'
    | 'onNotice'
  > {
  /** The store of express-session, the same that the application gave to `session({ store })`. */
  // biome-ignore lint/suspicious/noExplicitAny: every store of express-session has types of its own
  readonly store?: any;
  /** Keeps the tokens in a cookie of the browser instead. Not together with `store`. */
  readonly cookies?: boolean | undefined;
  /** Scopes to ask for beside `openid`, separated by one space. */
  readonly scope?: string | undefined;
  /** Alias of the identity provider that Keycloak sends people on to. */
  readonly idpHint?: string | undefined;
}

/** The part that goes to the engine. */
export type EngineOptions = Omit<KeycloakOptions, 'store' | 'cookies' | 'scope' | 'idpHint'>;

const { tokenCheck, recheckSeconds, whenUnavailable, timeoutMs, clockToleranceSeconds } = VERIFIER_RULES;
const { revocationStore, onNotice } = VERIFIER_RULES;

export const ENGINE_RULES: OptionRules<EngineOptions> = {
  tokenCheck,
  recheckSeconds,
  whenUnavailable,
  timeoutMs,
  clockToleranceSeconds,
  revocationStore,
  onNotice,
};

const RULES: OptionRules<KeycloakOptions> = {
  ...ENGINE_RULES,
  store: optionRules.having('a store of express-session', ['get', 'set'], 'new session.MemoryStore()'),
  cookies: optionRules.trueOrFalse(true),
  scope: optionRules.text('must be scopes, separated by one space', "'profile email'"),
  idpHint: optionRules.text('must be the alias of an identity provider', "'github'"),
};

/** Every option that is wrong, and apart the names that mean nothing here: applications got away with those. */
export function judgeOptions(options: KeycloakOptions) {
  // What is `false` or `null` was taken for not given.
  const given = Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value || !(name in RULES)),
  );
  const unknown = Object.keys(given).filter((name) => !(name in RULES));
  const known = Object.fromEntries(Object.entries(given).filter(([name]) => name in RULES));
  return { problems: findOptionProblems(known, RULES), unknown };
}
