import type { VerifierOptions } from '../../core/index.ts';
import { findOptionProblems, type OptionRules, optionRules, VERIFIER_RULES } from '../../core/internal.ts';

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
  /** The express-session store, the same one that the application gave to `session({ store })`. Default: no sessions. */
  // biome-ignore lint/suspicious/noExplicitAny: each express-session store has its own types
  readonly store?: any;
  /** Keeps the tokens in a cookie instead. Cannot be combined with `store`. Default false. */
  readonly cookies?: boolean | undefined;
  /** Scopes to ask for beside `openid`, separated by one space. Default none. */
  readonly scope?: string | undefined;
  /** Alias of the identity provider that Keycloak sends people on to. Default: Keycloak's login page. */
  readonly idpHint?: string | undefined;
}

/** The options that go to the engine. */
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
  scope: optionRules.string('must be scopes, separated by one space', "'profile email'"),
  idpHint: optionRules.string('must be the alias of an identity provider', "'github'"),
};

/** The wrong options, and separately the unknown names: keycloak-connect ignored those, so they are only warned of. */
export function judgeOptions(options: KeycloakOptions) {
  // keycloak-connect treats `false` and `null` as not given.
  const given = Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value || !(name in RULES)),
  );
  const unknown = Object.keys(given).filter((name) => !(name in RULES));
  const known = Object.fromEntries(Object.entries(given).filter(([name]) => name in RULES));
  return { problems: findOptionProblems(known, RULES), unknown };
}
