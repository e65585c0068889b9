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
  type WithParser,
} from '../core/index.ts';
import { findOptionProblems, type OptionRule, optionRules, VERIFIER_RULES } from '../core/internal.ts';

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
   * Whether answers to refused requests say why, in the body and in the header `x-auth-error`: for development, as it
   * helps attackers too. Never the token. Default false.
   */
  readonly explain?: boolean | undefined;
  /**
   * Where notices and lines about sessions and messages go; pino's loggers and `console` fit. Default: what is wrong is a
   * line on the standard error output.
   */
  readonly log?: Log | undefined;
}

/** Options of an adapter: those of a verifier, or a verifier made before. */
export type KeycloakOptions<Incoming, C extends object = AppClaims> = AdapterOptions<Incoming> &
  (
    | (VerifierOptions<C> & WithParser<C>)
    | {
        /** A verifier that others use too, or `combineVerifiers`; whoever made it closes it. */
        readonly verifier: TokenVerifier<C>;
      }
  );

const OWN_RULES = {
  onDenied: optionRules.callable('(request, error) => audit(error.code)'),
  explain: optionRules.trueOrFalse(false),
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

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function resolveAdapterOptions<Incoming, C extends object>(
  factory: string,
  options: KeycloakOptions<Incoming, C>,
): AdapterOptions<Incoming> & {
  readonly verifier: TokenVerifier<C>;
  /** Whoever made the verifier closes it. */
  readonly isOwn: boolean;
} {
  const isOwn = !('verifier' in options);
  const problems = isOwn
    ? findOptionProblems(options, { ...VERIFIER_RULES, ...OWN_RULES, verifier: VERIFIER })
    : findOptionProblems(options, { ...OWN_RULES, verifier: optionRules.required(VERIFIER) }).map(
        explainUseless,
      );
  if (problems.length > 0) throw new OptionsError(factory, problems);
  const { onDenied, explain, log, ...rest } = options;
  const verifier =
    'verifier' in rest
      ? rest.verifier
      : createVerifier<C>({ ...rest, onNotice: rest.onNotice ?? toLog(log) } as VerifierOptions<C> &
          WithParser<C>);
  return { onDenied, explain, log, verifier, isOwn };
}

/** An option of the verifier is one for whoever makes it. */
function explainUseless(problem: OptionProblem): OptionProblem {
  if (!Object.hasOwn(VERIFIER_RULES, problem.option)) return problem;
  const example = 'verifier, onDenied, explain, log';
  return { ...problem, rule: 'is not an option beside a verifier', example };
}

function toLog(log: Log | undefined): VerifierOptions['onNotice'] {
  return log && (({ level, code, message, fix }) => log[level]({ code, fix }, message));
}
