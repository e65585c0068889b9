import { OptionsError } from '../../core/index.ts';
import { findOptionProblems, type OptionRules } from '../../core/internal.ts';
import { takeAdminPush } from './admin-push.ts';
import type { KeycloakHost } from './host.ts';
import { causeOf } from './refusal.ts';
import { beginKauth, type ConnectHandler, type ConnectRequest, kauthOf } from './request.ts';
import { withoutIgnored } from './setting-notices.ts';
import { finishSignIn } from './sign-in.ts';
import { signOut } from './sign-out.ts';
import { readBearer } from './stores.ts';

/** Options of `keycloak.middleware(options)`. */
export interface MiddlewareOptions {
  /** Path that signs the caller out. Default `/logout`. */
  readonly logout?: string | undefined;
  /** Path below which Keycloak's pushes arrive: the client's "Admin URL". Default `/`. */
  readonly admin?: string | undefined;
}

const isPath = (value: unknown): boolean =>
  !value || (typeof value === 'string' && /^\/[^\s?#]*$/.test(value));

const RULES: OptionRules<MiddlewareOptions> = {
  logout: { rule: 'must be a path', example: "'/logout'", isMet: isPath },
  admin: { rule: 'must be a path', example: "'/'", isMet: isPath },
};

/** @throws {OptionsError} for a value that is not a path */
export function createMiddleware(keycloak: KeycloakHost, given: MiddlewareOptions = {}): ConnectHandler {
  const { verifier } = keycloak.grantManager.engine;
  const options = withoutIgnored('keycloak.middleware', given, RULES, verifier);
  const problems = findOptionProblems(options, RULES);
  if (problems.length > 0) throw new OptionsError('middleware', problems);
  const logout = options.logout || '/logout';
  const admin = (options.admin || '/').replace(/\/?$/, '/');

  return function keycloakMiddleware(request, response, next) {
    const kauth = beginKauth(request);
    const exchange = { keycloak, request, response, next };
    if (finishSignIn(exchange) || takeAdminPush(exchange, admin)) return;
    const goOn = (): void => {
      if (!signOut(exchange, logout)) next();
    };
    if (!hasGrant(keycloak, request)) {
      goOn();
      return;
    }
    keycloak
      .getGrant(request, response)
      .then(
        (grant) => {
          kauth.grant = grant;
        },
        (error: unknown) => {
          kauth.error = causeOf(error) ?? (error as Error);
        },
      )
      .then(goOn)
      // The application's `deauthenticated` may throw.
      .catch(next);
  };

  /** Requests without a token or session pass at once. */
  function hasGrant({ stores }: KeycloakHost, request: ConnectRequest): boolean {
    const bearer = readBearer(request);
    if (bearer instanceof Error) {
      // A malformed token must not fall back to the session.
      kauthOf(request).error = bearer;
      return false;
    }
    return typeof bearer === 'string' || stores.some((store) => store.get(request));
  }
}
