import {
  createPermissions,
  engineOf,
  type Permissions,
  type Permit,
  toPermit,
} from '../../authz/internal.ts';
import { AuthError, isAuthError, type Principal } from '../../core/index.ts';
import {
  checkOptions,
  getOrMake,
  isPlainObject,
  type OptionRules,
  optionRules,
  readingsOf,
  settleAll,
} from '../../core/internal.ts';

import { checkEnforcerConfig, type PolicyEnforcerConfig, permissionsOf, ruleFor } from './enforcer-config.ts';
import { deny, fail } from './hooks.ts';
import type { KeycloakHost } from './host.ts';
import { createPathList, type EnforcedPath } from './path-list.ts';
import { headerOf, type PathRequest, parametersOf, readClaimPoints } from './path-request.ts';
import { type ConnectHandler, type ConnectRequest, kauthOf, urlOf } from './request.ts';
import { tellOncePermissionsImpossible } from './setting-notices.ts';

/** Options of {@link createPathEnforcer}. */
export interface PathEnforcerOptions {
  /** Made by {@link createPermissions}. */
  readonly permissions: Permissions;
  /** Paths, methods and scopes. Default: the URIs of the resources that the API's client owns in Keycloak. */
  readonly config?: PolicyEnforcerConfig | undefined;
  /**
   * The scope of each method, for example `{ GET: 'view', POST: 'edit' }`, if the paths come from Keycloak. Other methods are
   * refused. Default: every method needs every scope of the resource.
   */
  readonly methodScopes?: Readonly<Record<string, string>> | undefined;
  /** Refuses with 404 instead of 403. Default false. */
  readonly hide?: boolean | undefined;
}

const RULES: OptionRules<PathEnforcerOptions> = {
  permissions: optionRules.required(
    optionRules.having(
      'the permissions of createPermissions',
      ['check', 'has', 'list'],
      'createPermissions(…)',
    ),
  ),
  config: {
    rule: 'must be the part policy-enforcer of a keycloak.json, as an object',
    example: "{ paths: [{ path: '/orders/*', name: 'orders', scopes: ['view'] }] }",
    isMet: isPlainObject,
  },
  methodScopes: {
    rule: 'must be an object of scopes by method',
    example: "{ GET: 'view' }",
    isMet: (value) =>
      typeof value === 'object' &&
      value !== null &&
      Object.entries(value).length > 0 &&
      Object.entries(value).every(
        ([method, scope]) => /^[A-Z]+$/.test(method) && optionRules.isTrimmed(scope),
      ),
  },
  hide: optionRules.trueOrFalse(false),
};

type Somebody = Principal | null | undefined;

/** What makes some frameworks handle a request as another method: headers, and a parameter of the query or a form. */
const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override'];
const PARAMETER = '_method';

/**
 * Decides by path and method, as the policy enforcer of Keycloak's Java adapters does, but more strictly: every way in which
 * a router can read the path must be permitted, and an ambiguous path is refused. Call `decide` before the router, after a
 * guard. It throws an `AuthError`, or rejects with one, as `Permit.decide` does; also `path_ambiguous`.
 *
 * @throws {OptionsError} naming every wrong option and every wrong part of the configuration
 * @throws {TypeError} for permissions that `createPermissions` did not make
 * @see Keycloak, Authorization Services Guide: "Policy enforcers"
 * @example
 * const enforcer = createPathEnforcer({ permissions, config: keycloakJson['policy-enforcer'] });
 * await enforcer.decide({ method: request.method, url: request.url, headers: request.headers }, principal);
 */
export function createPathEnforcer(options: PathEnforcerOptions): Pick<Permit<PathRequest>, 'decide'> {
  checkOptions('createPathEnforcer', options, RULES);
  const { permissions, config = {}, methodScopes, hide = false } = options;
  checkEnforcerConfig(config);
  const mode = config['enforcement-mode'] ?? 'ENFORCING';
  const ticket = config['user-managed-access'] !== undefined;
  const engine = engineOf(permissions);
  const list = createPathList(engine, config, methodScopes);
  const isMethodScope = config['http-method-as-scope'] === true;
  if (mode !== 'DISABLED') {
    engine.names.addLater(async () =>
      (await list.all()).flatMap(({ config: path, of }) => permissionsOf(path, of, isMethodScope)),
    );
  }
  const permits = new WeakMap<EnforcedPath, Map<string, Permit<PathRequest> | 'open' | 'closed'>>();

  function permitFor(path: EnforcedPath, method: string): Permit<PathRequest> | 'open' | 'closed' {
    const byMethod = getOrMake(permits, path, () => new Map());
    const make = () => makePermit(path, method);
    // Bounded, because the caller chooses the method.
    return byMethod.size < 32 ? getOrMake(byMethod, method, make) : (byMethod.get(method) ?? make());
  }

  function makePermit(path: EnforcedPath, method: string): Permit<PathRequest> | 'open' | 'closed' {
    const rule = ruleFor(path.config, path.of, method, isMethodScope);
    if (rule === 'open' || rule === 'closed') return rule;
    // The caller chooses the scope by the method: an unknown one is a refusal, not a wrong set-up.
    const ofRequest = isMethodScope ? () => rule : rule;
    const points = {
      ...config['claim-information-point']?.claims,
      ...path.config['claim-information-point']?.claims,
    };
    const isPlain = Object.keys(points).length === 0;
    const claims = isPlain ? {} : { claims: (request: PathRequest) => readClaimPoints(points, request) };
    return toPermit<PathRequest>(permissions, ofRequest, {
      ...claims,
      ...(ticket ? { ticket } : { hide }),
    });
  }

  function refuse(reason: string, principal: Somebody): never {
    if (principal === null || principal === undefined)
      throw new AuthError('missing_token', 'There is no principal: no guard ran before');
    throw new AuthError(hide ? 'not_found' : 'permission_denied', reason);
  }

  function decideOn(paths: readonly EnforcedPath[], request: PathRequest, principal: Somebody) {
    if (paths.length === 0 && mode === 'ENFORCING')
      refuse('No path of a resource fits the request', principal);
    const late: Promise<void>[] = [];
    try {
      for (const path of paths) {
        if (path.config['enforcement-mode'] === 'DISABLED') continue;
        const permit = path.isClosed ? 'closed' : permitFor(path, request.method);
        if (permit === 'open') continue;
        if (permit === 'closed') refuse('The path is not for this method', principal);
        const decided = permit.decide(request, principal);
        if (decided !== undefined) late.push(decided);
      }
    } catch (error) {
      // The decisions under way have nobody left to handle their failure.
      for (const one of late) one.catch(() => {});
      throw error;
    }
    return late.length === 0 ? undefined : settleAll(late).then(() => {});
  }

  return {
    decide(request, principal) {
      if (mode === 'DISABLED') return;
      assertOneMethod(request);
      const { url, routedUrl = url } = request;
      const readings = readingsOf(url);
      const isSame = readings.includes(routedUrl.split('?', 1)[0] as string);
      const found = list.find(isSame ? readings : [...readings, ...readingsOf(routedUrl)]);
      return found instanceof Promise
        ? found.then((paths) => decideOn(paths, request, principal))
        : decideOn(found, request, principal);
    },
  };
}

function assertOneMethod(request: PathRequest): void {
  const { method } = request;
  const assertSame = (named: unknown, by: string): void => {
    if (named === undefined || String(named).toUpperCase() === method) return;
    throw new AuthError('path_ambiguous', `${by} names another method than the request`, {
      expected: method,
      seen: String(named),
    });
  };
  // Deno hands it over as it was sent, and a copy of a request has it in capitals (Fetch, "normalize a method").
  assertSame(method, 'The request line');
  for (const name of OVERRIDES) assertSame(headerOf(request, name), `The header ${name}`);
  if (request.url.includes('?'))
    for (const named of parametersOf(request).getAll(PARAMETER)) assertSame(named, 'The query');
  assertSame(Object(request.body)[PARAMETER], 'The body');
}

/** The middleware of `Keycloak.pathEnforcer`. @throws {OptionsError} for a wrong option or part of the configuration, or without a secret */
export function createPathMiddleware(
  keycloak: KeycloakHost,
  options: Omit<PathEnforcerOptions, 'permissions'> = {},
): ConnectHandler {
  const { verifier, client } = keycloak.grantManager.engine;
  const { credential, timeoutMs } = client;
  const permissions = createPermissions({ verifier, credential, timeoutMs });
  const config = keycloak.config.policyEnforcer as PolicyEnforcerConfig | undefined;
  const { decide } = createPathEnforcer({ config, ...options, permissions });

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
          if (error.code === 'provider_misconfigured') tellOncePermissionsImpossible(verifier, error.reason);
          kauthOf(request).error = error;
          // Never `next(error)`: callers that ignore its argument would take it for a yes.
          deny({ keycloak, request, response, next });
        },
      )
      .catch((error: unknown) => fail(error, response));
  };
}

/** With the address and the scheme that Express knows, by its `trust proxy`. Express cuts off the part of the target that it has routed. */
function toPathRequest(request: ConnectRequest): PathRequest {
  const { method = '', url = '/', headers, protocol, body } = request;
  const { baseUrl = '', ip } = request as { readonly baseUrl?: string; readonly ip?: string };
  const routedUrl = baseUrl === '' ? url : baseUrl + url.replace(/^\/(?=\?|$)/, '');
  return {
    method,
    url: urlOf(request),
    routedUrl,
    headers,
    remoteAddress: ip,
    isSecure: protocol === 'https',
    body,
  };
}
