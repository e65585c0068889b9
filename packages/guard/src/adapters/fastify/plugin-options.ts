import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { AppClaims } from '../../core/index.ts';
import {
  type AdapterOptions,
  type ResolvedAdapter,
  resolveVerifier,
  toNoticeLog,
  type VerifierSource,
} from '../engine/internal.ts';

/** Options of the plugin: those of a verifier, or a verifier made before. Lines go to the app's own logger. */
export type KeycloakGuardOptions = VerifierSource<AppClaims, FastifyRequest> &
  Omit<AdapterOptions<FastifyRequest>, 'log'> & {
    /** Name of the security scheme in OpenAPI documents. Default `bearerAuth`. */
    readonly securityScheme?: string | undefined;
  };

const OWN_RULES = {
  securityScheme: {
    rule: 'must be the name of a security scheme',
    example: "'bearerAuth'",
    isMet: (value: unknown) => typeof value === 'string' && value !== '',
  },
};

/**
 * @param log the app's logger, if it has one
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function resolveGuardOptions(
  options: KeycloakGuardOptions,
  log: FastifyBaseLogger | undefined,
): ResolvedAdapter<FastifyRequest, AppClaims> {
  const onNotice = log && toNoticeLog(log);
  return {
    ...resolveVerifier<FastifyRequest, AppClaims>('keycloakGuard', options, OWN_RULES, onNotice),
    log,
  };
}

/** `undefined` if the app has no logger: what Fastify puts in its place has one function for all levels, and no level. */
export function loggerOf({ log }: { readonly log: FastifyBaseLogger }): FastifyBaseLogger | undefined {
  return log.level === undefined && log.error === log.trace ? undefined : log;
}
