import type { FastifyBaseLogger } from 'fastify';
import {
  type AppClaims,
  createVerifier,
  type OptionProblem,
  OptionsError,
  type TokenVerifier,
  type VerifierOptions,
  type WithParser,
} from '../core/index.ts';
import { findOptionProblems, type OptionRule, optionRules, VERIFIER_RULES } from '../core/internal.ts';
import type { OnDenied } from './guard-hook.ts';

/** Options of the plugin: those of a verifier, or a verifier made before. */
export type KeycloakGuardOptions = (
  | (VerifierOptions<AppClaims> & WithParser<AppClaims>)
  | {
      /** A verifier that is used by others too, or `combineVerifiers`; whoever made it closes it. */
      readonly verifier: TokenVerifier;
    }
) & {
  /** Told of each refusal. */
  readonly onDenied?: OnDenied | undefined;
  /** Whether each refusal is logged at level `debug`. Default true; false where an error handler does it. */
  readonly logRefusals?: boolean | undefined;
  /** Name of the security scheme in OpenAPI documents. Default `bearerAuth`. */
  readonly securityScheme?: string | undefined;
};

interface ResolvedOptions {
  readonly verifier: TokenVerifier;
  /** Whoever made the verifier closes it. */
  readonly isOwn: boolean;
  readonly onDenied: OnDenied | undefined;
  readonly logRefusals: boolean;
  readonly securityScheme: string;
}

const OWN_RULES = {
  onDenied: optionRules.callable('(request, error) => audit(error.code)'),
  logRefusals: optionRules.trueOrFalse(false),
  securityScheme: {
    rule: 'must be the name of a security scheme',
    example: "'bearerAuth'",
    isMet: (value: unknown) => typeof value === 'string' && value !== '',
  },
};
const VERIFIER: OptionRule = {
  rule: 'must be a verifier',
  example: 'createVerifier(…) or combineVerifiers([…])',
  isMet: (value) => {
    const { members, verify, load } = (value ?? {}) as Partial<TokenVerifier>;
    return Array.isArray(members) && typeof verify === 'function' && typeof load === 'function';
  },
};

/**
 * @param log where notices go, unless somebody else is told of them
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function resolveGuardOptions(options: KeycloakGuardOptions, log: FastifyBaseLogger): ResolvedOptions {
  const isOwn = !('verifier' in options);
  const problems = isOwn
    ? findOptionProblems(options, { ...VERIFIER_RULES, ...OWN_RULES, verifier: VERIFIER })
    : findOptionProblems(options, { ...OWN_RULES, verifier: optionRules.required(VERIFIER) }).map(
        explainUseless,
      );
  if (problems.length > 0) throw new OptionsError('keycloakGuard', problems);

  const { onDenied, logRefusals = true, securityScheme = 'bearerAuth', ...rest } = options;
  const verifier =
    'verifier' in rest
      ? rest.verifier
      : createVerifier<AppClaims>({ ...rest, onNotice: rest.onNotice ?? toLog(log) });
  return { verifier, isOwn, onDenied, logRefusals, securityScheme };
}

/** An option of the verifier is one for whoever makes it. */
function explainUseless(problem: OptionProblem): OptionProblem {
  if (!Object.hasOwn(VERIFIER_RULES, problem.option)) return problem;
  const example = 'verifier, onDenied, logRefusals, securityScheme';
  return { ...problem, rule: 'is not an option beside a verifier', example };
}

/** `undefined` where the app has no logger: the verifier then speaks for itself. */
function toLog(log: FastifyBaseLogger): VerifierOptions['onNotice'] {
  // What Fastify puts in place of a logger has one function for all levels, and no level.
  if (log.level === undefined && log.error === log.trace) return undefined;
  return ({ level, code, message, fix }) => log[level]({ code, fix }, message);
}
