import { isAuthError, OptionsError } from '../../core/index.ts';
import { findOptionProblems, type OptionRules, optionRules } from '../../core/internal.ts';
import { deny, fail } from './hooks.ts';
import type { Exchange, KeycloakHost } from './host.ts';
import { type AskedResource, grantsAll, isUnknownResource, toNoSecret } from './permissions.ts';
import { outageOf } from './refusal.ts';
import { type ConnectHandler, type ConnectRequest, kauthOf, keepPermissions } from './request.ts';
import { tellOncePermissionsImpossible, withoutIgnored } from './setting-notices.ts';
import type { Token } from './token.ts';

/** Options of `keycloak.enforcer(permissions, options)`. */
export interface EnforcerOptions {
  /**
   * `permissions`: asks Keycloak at each request, and puts the granted permissions in `request.permissions`. `token`: trades the
   * session's access token for one that carries the permissions. Default `permissions`.
   */
  readonly response_mode?: string | undefined;
  /** Client id of the resource server. Default: this client. */
  readonly resource_server_id?: string | undefined;
  /** Secret of that client, required if it is not this client: the ids of its resources are looked up with it. */
  readonly resource_server_secret?: string | undefined;
  /** Makes claims for the policies from the request: a list of strings for each name. Default none. */
  // biome-ignore lint/suspicious/noExplicitAny: the application's own request type
  readonly claims?: ((request: any) => any) | undefined;
}

const RULES: OptionRules<EnforcerOptions & { permissions: unknown }> = {
  permissions: optionRules.required({
    rule: 'must be resource or resource:scope, or a list of these that is not empty: an empty one would admit every caller',
    example: "'item:read'",
    isMet: (value) => [value].flat().length > 0 && [value].flat().every(optionRules.isTrimmed),
  }),
  response_mode: optionRules.oneOf('permissions', 'token'),
  resource_server_id: optionRules.string('must be the client id of the resource server', "'my-api'"),
  resource_server_secret: optionRules.CLIENT_SECRET,
  claims: optionRules.callable("(request) => ({ 'http.uri': [request.url] })"),
};

/** @throws {OptionsError} naming every option that is missing or wrong */
export function createEnforcer(
  keycloak: KeycloakHost,
  permissions: string | readonly string[],
  given: EnforcerOptions = {},
): ConnectHandler {
  const { verifier } = keycloak.grantManager.engine;
  const options = withoutIgnored('keycloak.enforcer', given, RULES, verifier);
  const problems = findOptionProblems({ ...options, permissions }, RULES);
  if (problems.length > 0) throw new OptionsError('enforcer', problems);
  const wanted = [permissions].flat().map(toResource);
  const { response_mode = 'permissions', claims } = options;
  const server = {
    audience: options.resource_server_id ?? keycloak.config.clientId,
    audience_secret: options.resource_server_secret,
  };
  assertPossible(keycloak, server);
  // An enforcer that is called as soon as it is made serves one request, and may name what the caller chose.
  let isFixed = false;
  queueMicrotask(() => {
    isFixed = true;
  });

  async function decide(request: ConnectRequest, token: Token): Promise<boolean> {
    const { authorization } = keycloak.grantManager;
    const asked = await authorization.toIds(wanted, server);
    // What a token carries was decided without the claims of this request.
    if (claims === undefined && authorization.carries(token.token, asked, server)) return true;
    const authzRequest = {
      ...server,
      ...(response_mode === 'permissions' ? { response_mode } : {}),
      permissions: asked,
      ...toClaimToken(claims?.(request) as object | undefined),
    };
    const granted: unknown = await keycloak.checkPermissions(authzRequest, request, () => {});
    if (response_mode === 'permissions') {
      keepPermissions(request, granted);
      return grantsAll(granted, asked);
    }
    const grant = granted as { access_token: Token };
    if (!grantsAll(grant.access_token.content.authorization?.permissions, asked)) return false;
    kauthOf(request).grant = grant as never;
    return true;
  }

  return function enforcer(request, response, next) {
    const kauth = kauthOf(request);
    const token = kauth.grant?.access_token;
    const isOfCaller = !isFixed;
    if (token === undefined) {
      deny({ keycloak, request, response, next });
    } else {
      decide(request, token)
        .then(
          (isGranted) => (isGranted ? next() : deny({ keycloak, request, response, next })),
          (error: unknown) => {
            if (isOfCaller && isUnknownResource(error)) deny({ keycloak, request, response, next });
            else refuse({ keycloak, request, response, next }, error);
          },
        )
        .catch((error: unknown) => fail(error, response));
    }
  };
}

/** @throws {OptionsError} if the resources belong to another client whose secret is not given */
function assertPossible(keycloak: KeycloakHost, server: { readonly audience: string | undefined }): void {
  if (keycloak.grantManager.authorization.isPossible(server)) return;
  const reason = toNoSecret(server.audience ?? '');
  if (server.audience === keycloak.config.clientId) {
    // Without a secret, this client is not a resource server. keycloak-connect starts all the same, and refuses every request.
    tellOncePermissionsImpossible(keycloak.grantManager.engine.verifier, reason);
  } else {
    throw new OptionsError('enforcer', [
      {
        option: 'resource_server_secret',
        rule: `must be given. ${reason}`,
        example: "'…'",
      },
    ]);
  }
}

function refuse(exchange: Exchange, error: unknown): void {
  const { keycloak, request } = exchange;
  const outage = outageOf(error);
  if (outage?.code === 'provider_misconfigured') {
    tellOncePermissionsImpossible(keycloak.grantManager.engine.verifier, outage.reason);
  }
  const refusal = outage ?? (isAuthError(error) && error.statusCode === 401 ? error : undefined);
  // The grant stays: the application's own `accessDenied` may read it.
  if (refusal !== undefined) kauthOf(request).error = refusal;
  // Never `next(error)`: callers that ignore its argument would take it for a yes.
  deny(exchange);
}

function toResource(text: string): AskedResource {
  const colon = text.indexOf(':');
  return colon === -1
    ? { id: text, scopes: [] }
    : { id: text.slice(0, colon), scopes: [text.slice(colon + 1)] };
}

function toClaimToken(claims: object | undefined) {
  if (!claims) return {};
  return {
    claim_token: Buffer.from(JSON.stringify(claims)).toString('base64'),
    claim_token_format: 'urn:ietf:params:oauth:token-type:jwt',
  };
}
