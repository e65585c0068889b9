import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { TokenVerifier, VerifierOptions } from '../../core/index.ts';
import { optionRules } from '../../core/internal.ts';
import { ADAPTER_RULES, type AdapterOptions, resolveVerifier, type VerifierSource } from '../engine/index.ts';

/** Options of the plugin: those of a verifier, or a verifier made before. The app's own logger gets what is to be logged. */
export type KeycloakGuardOptions = VerifierSource &
  Omit<AdapterOptions<FastifyRequest>, 'log'> & {
    /** Whether each refusal is logged at level `debug`. Default true; false where an error handler does it. */
    readonly logRefusals?: boolean | undefined;
    /** Name of the security scheme in OpenAPI documents. Default `bearerAuth`. */
    readonly securityScheme?: string | undefined;
  };

/** The plugin's options with every default filled in. */
export interface ResolvedOptions extends Pick<KeycloakGuardOptions, 'onDenied' | 'explain'> {
  readonly verifier: TokenVerifier;
  /** Whoever made the verifier closes it. */
  readonly isOwn: boolean;
  readonly logRefusals: boolean;
  readonly securityScheme: string;
}

const OWN_RULES = {
  ...ADAPTER_RULES,
  logRefusals: optionRules.trueOrFalse(false),
  securityScheme: {
    rule: 'must be the name of a security scheme',
    example: "'bearerAuth'",
    isMet: (value: unknown) => typeof value === 'string' && value !== '',
  },
};

/**
 * @param log where notices go, unless somebody else is told of them
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function resolveGuardOptions(options: KeycloakGuardOptions, log: FastifyBaseLogger): ResolvedOptions {
  const resolved = resolveVerifier('keycloakGuard', options, OWN_RULES, toLog(log));
  const { onDenied, explain, logRefusals = true, securityScheme = 'bearerAuth' } = options;
  return { ...resolved, onDenied, explain, logRefusals, securityScheme };
}

/** `undefined` where the app has no logger: the verifier then speaks for itself. */
function toLog(log: FastifyBaseLogger): VerifierOptions['onNotice'] {
  // What Fastify puts in place of a logger has one function for all levels, and no level.
  if (log.level === undefined && log.error === log.trace) return undefined;
  return ({ level, code, message, fix }) => log[level]({ code, fix }, message);
}
