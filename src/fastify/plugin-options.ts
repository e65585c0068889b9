import {
  createVerifier,
  type OptionProblem,
  OptionsError,
  type TokenVerifier,
  type VerifierOptions,
} from '../core/index.ts';
import type { OnDenied } from './guard-hook.ts';

/** Options of the plugin: those of a verifier, or a verifier made before. */
export type KeycloakGuardOptions = (
  | VerifierOptions
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

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function resolveGuardOptions(options: KeycloakGuardOptions): ResolvedOptions {
  const { onDenied, logRefusals = true, securityScheme = 'bearerAuth', ...rest } = options;
  const problems: OptionProblem[] = [];
  const check = (isMet: boolean, option: string, rule: string, example: string): void => {
    if (!isMet) problems.push({ option, rule, example });
  };
  const isFunction = (value: unknown): boolean => typeof value === 'function';
  check(
    onDenied === undefined || isFunction(onDenied),
    'onDenied',
    'must be a function',
    '(request, error) => audit(error.code)',
  );
  check(typeof logRefusals === 'boolean', 'logRefusals', 'must be true or false', 'false');
  check(
    typeof securityScheme === 'string' && securityScheme !== '',
    'securityScheme',
    'must be the name of a security scheme',
    "'bearerAuth'",
  );

  const isOwn = !('verifier' in rest);
  let verifier: TokenVerifier | undefined;
  if ('verifier' in rest) {
    const { verifier: given, ...useless } = rest;
    verifier = given;
    const isVerifier = Array.isArray(given?.members) && isFunction(given.verify) && isFunction(given.load);
    check(isVerifier, 'verifier', 'must be a verifier', 'createVerifier(…) or combineVerifiers([…])');
    for (const option of Object.keys(useless)) {
      check(
        false,
        option,
        'is not an option beside a verifier',
        'verifier, onDenied, logRefusals, securityScheme',
      );
    }
  } else {
    verifier = make(rest, problems);
  }
  if (verifier !== undefined && problems.length === 0) {
    return { verifier, isOwn, onDenied, logRefusals, securityScheme };
  }
  if (isOwn) void verifier?.close();
  throw new OptionsError('keycloakGuard', problems);
}

function make(options: VerifierOptions, problems: OptionProblem[]): TokenVerifier | undefined {
  try {
    return createVerifier(options);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
