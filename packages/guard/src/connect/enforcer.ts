import { OptionsError } from '../core/index.ts';
import { findOptionProblems, type OptionRules, optionRules } from '../core/internal.ts';
import type { KeycloakHost } from './host.ts';
import { outageOf } from './refusal.ts';
import { type ConnectHandler, type ConnectRequest, type KauthRequest, kauthOf } from './request.ts';
import { grantsPermission, type Token, type TokenPermission } from './token.ts';

/** Options of `keycloak.enforcer(permissions, options)`. */
export interface EnforcerOptions {
  /**
   * `permissions`: Keycloak is asked for each request, and what it grants is in `request.permissions`. `token`: the access
   * token of the session is traded for one that has the permissions. Default `permissions`.
   */
  readonly response_mode?: 'permissions' | 'token' | undefined;
  /** Client id of the resource server. Default: this client. */
  readonly resource_server_id?: string | undefined;
  /** Claims for the policies, made of the request: a list of texts for each name. */
  readonly claims?: { of(request: ConnectRequest): object | undefined }['of'] | undefined;
}

const RULES: OptionRules<EnforcerOptions & { permissions: unknown }> = {
  permissions: optionRules.required({
    rule: 'must be resource or resource:scope, or a list of these that is not empty: an empty one would let everybody pass',
    example: "'item:read'",
    isMet: (value) => [value].flat().length > 0 && [value].flat().every(optionRules.isText),
  }),
  response_mode: optionRules.oneOf('permissions', 'token'),
  resource_server_id: optionRules.text('must be the client id of the resource server', "'my-api'"),
  claims: optionRules.callable("(request) => ({ 'http.uri': [request.url] })"),
};

interface Permission {
  readonly resource: string;
  readonly scope: string | undefined;
}

/** @throws {OptionsError} naming every option that is missing or wrong */
export function createEnforcer(
  keycloak: KeycloakHost,
  permissions: string | readonly string[],
  options: EnforcerOptions = {},
): ConnectHandler {
  const problems = findOptionProblems({ ...options, permissions }, RULES);
  if (problems.length > 0) throw new OptionsError('enforcer', problems);
  const wanted = [permissions].flat().map(toPermission);
  const { response_mode = 'permissions', resource_server_id, claims } = options;

  async function decide(request: ConnectRequest): Promise<boolean> {
    const authzRequest = {
      audience: resource_server_id ?? keycloak.config.clientId,
      ...(response_mode === 'permissions' ? { response_mode } : {}),
      permissions: wanted.map(({ resource, scope }) => ({
        id: resource,
        scopes: scope === undefined ? [] : [scope],
      })),
      ...toClaimToken(claims?.(request)),
    };
    const granted: unknown = await keycloak.checkPermissions(authzRequest, request, () => {});
    if (response_mode === 'permissions') {
      (request as ConnectRequest & KauthRequest).permissions = granted;
      return wanted.every(({ resource, scope }) =>
        grantsPermission(granted as TokenPermission[], resource, scope),
      );
    }
    const grant = granted as { access_token: Token };
    const isGranted = wanted.every(({ resource, scope }) =>
      grant.access_token.hasPermission(resource, scope),
    );
    if (isGranted) kauthOf(request).grant = granted as never;
    return isGranted;
  }

  return function enforcer(request, response, next) {
    const kauth = kauthOf(request);
    const token = kauth.grant?.access_token;
    if (token === undefined) {
      const outage = outageOf(kauth.error);
      if (outage !== undefined) next(outage);
      else keycloak.accessDenied(request, response, next);
    } else if (wanted.every(({ resource, scope }) => token.hasPermission(resource, scope))) {
      next();
    } else {
      decide(request).then(
        (isGranted) => (isGranted ? next() : keycloak.accessDenied(request, response, next)),
        (error: unknown) => {
          const outage = outageOf(error);
          if (outage?.code === 'provider_unavailable') next(outage);
          else keycloak.accessDenied(request, response, next);
        },
      );
    }
  };
}

function toPermission(text: string): Permission {
  const colon = text.indexOf(':');
  return colon === -1
    ? { resource: text, scope: undefined }
    : { resource: text.slice(0, colon), scope: text.slice(colon + 1) };
}

function toClaimToken(claims: object | undefined) {
  if (!claims) return {};
  return {
    claim_token: Buffer.from(JSON.stringify(claims)).toString('base64'),
    claim_token_format: 'urn:ietf:params:oauth:token-type:jwt',
  };
}
