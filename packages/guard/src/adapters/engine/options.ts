import {
  type AppClaims,
  type AuthError,
  createVerifier,
  type Log,
  type OptionProblem,
  OptionsError,
  type Principal,
  type TokenVerifier,
  type VerifierOptions,
} from '../../core/index.ts';
import {
  findOptionProblems,
  type OptionRule,
  optionRules,
  VERIFIER_RULES,
  type WithParser,
} from '../../core/internal.ts';

/** Told of each refusal. What it returns or throws changes nothing. */
export type OnDenied<Incoming> = (
  request: Incoming,
  error: AuthError,
  /** Who is calling where the token is good and a requirement is not met, else `null`. */
  principal: Principal | null,
) => void;

/** What an adapter adds to the options of a verifier. */
export interface AdapterOptions<Incoming> {
  /** Told of each refusal, for an audit log. */
  readonly onDenied?: OnDenied<Incoming> | undefined;
  /**
   * Whether answers to refused requests say why, in the body and in the header `x-auth-error`: for development, because it
   * helps attackers too. Never the token. Default false.
   */
  readonly explain?: boolean | undefined;
  /**
   * Where notices and lines about sessions and messages go; pino's loggers and `console` fit. Default: what is wrong is a
   * line on the standard error output.
   */
  readonly log?: Log | undefined;
}

/** The options of a verifier, or a verifier made before. */
export type VerifierSource<C extends object = AppClaims> =
  | (VerifierOptions<C> & WithParser<C>)
  | {
      /** A verifier that others use too, or `combineVerifiers`; whoever made it closes it. */
      readonly verifier: TokenVerifier<C>;
    };

/** Options of an adapter: those of a verifier, or a verifier made before. */
export type KeycloakOptions<Incoming, C extends object = AppClaims> = AdapterOptions<Incoming> &
  VerifierSource<C>;

/** What adapters have in common. */
export const ADAPTER_RULES = {
  onDenied: optionRules.callable('(request, error) => audit(error.code)'),
  explain: optionRules.trueOrFalse(false),
};
const OWN_RULES = {
  ...ADAPTER_RULES,
  log: optionRules.having('a logger', ['info', 'warn', 'error'], 'pino()'),
};
const VERIFIER: OptionRule = {
  rule: 'must be a verifier',
  example: 'createVerifier(…) or combineVerifiers([…])',
  isMet: (value) => {
    const { members, verify, load } = (value ?? {}) as Partial<TokenVerifier>;
    return Array.isArray(members) && typeof verify === 'function' && typeof load === 'function';
  },
};

interface ResolvedVerifier<C extends object> {
  readonly verifier: TokenVerifier<C>;
  /** Whoever made the verifier closes it. */
  readonly isOwn: boolean;
}

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function resolveAdapterOptions<Incoming, C extends object>(
  factory: string,
  options: KeycloakOptions<Incoming, C>,
): AdapterOptions<Incoming> & ResolvedVerifier<C> {
  const { log, onDenied, explain } = options;
  const onNotice: VerifierOptions['onNotice'] =
    log && (({ level, code, message, fix }) => log[level]({ code, fix }, message));
  return { log, onDenied, explain, ...resolveVerifier(factory, options, OWN_RULES, onNotice) };
}

/**
 * The verifier of an adapter.
 *
 * @param ownRules rules of the options that are the adapter's own
 * @param onNotice told of notices, unless the options say who is; `undefined`: the verifier speaks for itself
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function resolveVerifier<C extends object>(
  factory: string,
  options: VerifierSource<C>,
  ownRules: Readonly<Record<string, OptionRule>>,
  onNotice: VerifierOptions['onNotice'],
): ResolvedVerifier<C> {
  if (!('verifier' in options)) {
    throwFor(factory, findOptionProblems(options, { ...VERIFIER_RULES, ...ownRules, verifier: VERIFIER }));
    const own = Object.entries(options).filter(([name]) => !Object.hasOwn(ownRules, name));
    const given = Object.fromEntries(own) as unknown as VerifierOptions<C>;
    return {
      isOwn: true,
      verifier: createVerifier<C>({ ...given, onNotice: given.onNotice ?? onNotice } as VerifierOptions<C> &
        WithParser<C>),
    };
  }
  const rules = { ...ownRules, verifier: optionRules.required(VERIFIER) };
  const example = ['verifier', ...Object.keys(ownRules)].join(', ');
  throwFor(
    factory,
    findOptionProblems(options, rules).map((problem) => explainUseless(problem, example)),
  );
  return { isOwn: false, verifier: options.verifier };
}

function throwFor(factory: string, problems: readonly OptionProblem[]): void {
  if (problems.length > 0) throw new OptionsError(factory, problems);
}

/** An option of the verifier is one for whoever makes it. */
function explainUseless(problem: OptionProblem, example: string): OptionProblem {
  if (!Object.hasOwn(VERIFIER_RULES, problem.option)) return problem;
  return { ...problem, rule: 'is not an option beside a verifier', example };
}
