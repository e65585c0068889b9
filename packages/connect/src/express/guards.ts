import type { Request, Response } from 'express';
import { isAuthError, OptionsError } from 'keycloak-guard';
import {
  createPermissions,
  findOptionProblems,
  isThenable,
  type OptionRules,
  optionRules,
} from 'keycloak-guard/unstable/connect';
import { createPathEnforcer, type PathRequest } from '../enforcer/path-enforcer.ts';
import { outageOf, toAuthError } from './grant.ts';
import { deny, type Exchange, fail, type KeycloakHost, settle } from './host.ts';
import { takeMark } from './login.ts';
import { grantsAll, isUnknownResource, type ResourceRequest, toNoSecret } from './permissions.ts';
import {
  type ConnectHandler,
  type ConnectRequest,
  type ConnectResponse,
  kauthOf,
  keepPermissions,
  urlOf,
} from './request.ts';
import { notifyPermissionsImpossible, withoutIgnored } from './setting-notices.ts';
import { forceLogin } from './sign-in.ts';
import { readBearer } from './stores.ts';
import type { Token } from './token.ts';

/**
 * Decides on a request by the access token. A truthy result passes. It must not return a promise.
 *
 * @throws anything it throws goes to Express
 */
export type GuardFn = {
  // Declared as a method, so that a function of a request type of the application fits.
  check(token: Token, request: Request, response: Response): boolean;
}['check'];

/** The name that {@link GuardFn} had in old versions of keycloak-connect. @deprecated Use that. */
export type GaurdFn = GuardFn;

/** @throws {OptionsError} for a `spec` that would admit or refuse every caller */
export function createProtect(keycloak: KeycloakHost, spec: string | GuardFn | undefined): ConnectHandler {
  const check = toCheck(spec);
  return function protect(request, response, next) {
    const { grant } = kauthOf(request);
    if (grant === undefined) askToLogIn({ keycloak, request, response, next });
    else if (allows(check, grant.access_token as Token, request, response)) next();
    else deny({ keycloak, request, response, next });
  };
}

/** Always passes, but first signs in a browser that has a session at Keycloak. */
export function createCheckSso(keycloak: KeycloakHost): ConnectHandler {
  return function checkSso(request, response, next) {
    const { grant, error } = kauthOf(request);
    if (grant !== undefined || isFromElsewhere(error) || takeMark(request, response)) next();
    else askToLogIn({ keycloak, request, response, next }, '&response_mode=query&prompt=none');
  };
}

function askToLogIn(exchange: Exchange, query?: string): void {
  const { keycloak, request } = exchange;
  const { error } = kauthOf(request);
  // During an outage, the login page does not answer: a signed-in caller must not be sent there. A caller that sends a token is
  // a program: it cannot log in, and would take the login page for an answer.
  const mayLogIn =
    outageOf(error) === undefined && !isFromElsewhere(error) && readBearer(request) === undefined;
  const isRedirected: unknown = mayLogIn && keycloak.redirectToLogin(request);
  settle(isRedirected);
  if (isRedirected) forceLogin(exchange, query);
  // Never `next(error)`: callers that ignore its argument would take it for a yes.
  else deny(exchange);
}

/** Whether the caller is signed in, but a page of another origin sent the request. */
function isFromElsewhere(error: unknown): boolean {
  return toAuthError(error)?.code === 'cross_origin_request';
}

function allows(check: GuardFn, token: Token, request: ConnectRequest, response: ConnectResponse): boolean {
  const result: unknown = check(token, request as Request, response as Response);
  if (!isThenable(result)) return Boolean(result);
  Promise.resolve(result).catch(() => {});
  throw new TypeError('protect: the function returned a promise, which has not checked anything yet');
}

function toCheck(spec: unknown): GuardFn {
  if (spec === undefined) return () => true;
  if (typeof spec === 'string' && isRole(spec)) return (token) => token.hasRole(spec);
  if (typeof spec === 'function' && !/^Async/.test(spec.constructor.name)) return spec as GuardFn;
  throw new OptionsError('protect', [
    {
      option: 'spec',
      rule:
        typeof spec === 'function'
          ? 'must not be an async function: its promise would admit every caller. Await the data that it needs in an earlier handler, and decide in a function that is not async'
          : 'must be one role as a string, or a function; for one of several roles, a function. `npx @keycloak-guard/connect migrate` lists all such calls',
      example: "(token) => token.hasRole('realm:admin') || token.hasRole('editor')",
    },
  ]);
}

function isRole(spec: string): boolean {
  return spec.trim() === spec && spec !== '' && !spec.startsWith(':') && !spec.endsWith(':');
}

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
    accepts: (value) => [value].flat().length > 0 && [value].flat().every(optionRules.isTrimmed),
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
  input: EnforcerOptions = {},
): ConnectHandler {
  const { verifier } = keycloak.grantManager.engine;
  const options = withoutIgnored('keycloak.enforcer', input, RULES, verifier);
  const problems = findOptionProblems({ ...options, permissions }, RULES);
  if (problems.length > 0) throw new OptionsError('enforcer', problems);
  const requests = [permissions].flat().map(toResource);
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
    const resources = await authorization.toIds(requests, server);
    // The permissions in a token were decided without the claims of this request.
    if (claims === undefined && authorization.carries(token.token, resources, server)) return true;
    const authzRequest = {
      ...server,
      ...(response_mode === 'permissions' ? { response_mode } : {}),
      permissions: resources,
      ...toClaimToken(claims?.(request) as object | undefined),
    };
    const granted: unknown = await keycloak.checkPermissions(authzRequest, request, () => {});
    if (response_mode === 'permissions') {
      keepPermissions(request, granted);
      return grantsAll(granted, resources);
    }
    const grant = granted as { access_token: Token };
    if (!grantsAll(grant.access_token.content.authorization?.permissions, resources)) return false;
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
    notifyPermissionsImpossible(keycloak.grantManager.engine.verifier, reason);
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
  if (outage?.code === 'provider_misconfigured')
    notifyPermissionsImpossible(keycloak.grantManager.engine.verifier, outage.reason);
  const refusal = outage ?? (isAuthError(error) && error.statusCode === 401 ? error : undefined);
  // The grant stays: the application's own `accessDenied` may read it.
  if (refusal !== undefined) kauthOf(request).error = refusal;
  // Never `next(error)`: callers that ignore its argument would take it for a yes.
  deny(exchange);
}

function toResource(text: string): ResourceRequest {
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

/** The middleware of `Keycloak.pathEnforcer`. @throws {OptionsError} for a wrong part of the configuration, or without a secret */
export function createPathMiddleware(keycloak: KeycloakHost): ConnectHandler {
  const { verifier, client } = keycloak.grantManager.engine;
  const { credential, timeoutMs } = client;
  const permissions = createPermissions({ verifier, credential, timeoutMs });
  const { decide } = createPathEnforcer(permissions, keycloak.config.policyEnforcer);

  async function decideOn(request: ConnectRequest): Promise<void> {
    const token = kauthOf(request).grant?.access_token?.token;
    await decide(toPathRequest(request), token === undefined ? null : await verifier.verify(token));
  }

  return function pathEnforcer(request, response, next) {
    decideOn(request)
      .then(
        () => next(),
        (error: unknown) => {
          if (!isAuthError(error)) throw error;
          if (error.code === 'provider_misconfigured') notifyPermissionsImpossible(verifier, error.reason);
          kauthOf(request).error = error;
          // Never `next(error)`: callers that ignore its argument would take it for a yes.
          deny({ keycloak, request, response, next });
        },
      )
      .catch((error: unknown) => fail(error, response));
  };
}

/** Express cuts off the part of the target that it has routed. */
function toPathRequest(request: ConnectRequest): PathRequest {
  const { method = '', url = '/', headers, body } = request;
  const { baseUrl = '' } = request as { readonly baseUrl?: string };
  const routedUrl = baseUrl === '' ? url : baseUrl + url.replace(/^\/(?=\?|$)/, '');
  return { method, url: urlOf(request), routedUrl, headers, body };
}
