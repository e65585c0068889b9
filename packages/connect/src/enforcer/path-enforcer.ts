import { AuthError, type Principal } from 'keycloak-guard';
import {
  checkOptions,
  createSingleFlight,
  engineOf,
  getOrMake,
  isPlainObject,
  listOwnResources,
  type OptionRules,
  optionRules,
  type Permissions,
  type PermissionsEngine,
  type Permit,
  type Resource,
  readingsOf,
  settleAll,
  toPermit,
} from 'keycloak-guard/unstable/connect';
import {
  checkEnforcerConfig,
  type PathConfig,
  type PolicyEnforcerConfig,
  permissionsOf,
  type ResourceName,
  ruleFor,
} from './config.ts';
import { createPathTree, type PathTree, whyNoPattern } from './paths.ts';
import { assertOneMethod, type PathRequest, readClaimPoints } from './request.ts';

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
    accepts: isPlainObject,
  },
  methodScopes: {
    rule: 'must be an object of scopes by method',
    example: "{ GET: 'view' }",
    accepts: (value) =>
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
  if (mode !== 'DISABLED')
    engine.names.addLater(async () =>
      (await list.all()).flatMap(({ config: path, of }) => permissionsOf(path, of, isMethodScope)),
    );
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
      const matches = list.find(isSame ? readings : [...readings, ...readingsOf(routedUrl)]);
      return matches instanceof Promise
        ? matches.then((paths) => decideOn(paths, request, principal))
        : decideOn(matches, request, principal);
    },
  };
}

/** A path and its resource. */
export interface EnforcedPath {
  readonly config: PathConfig;
  readonly of: ResourceName;
  /** Set if no method has any of the resource's scopes. */
  readonly isClosed?: boolean;
}

interface Loaded {
  readonly paths: readonly EnforcedPath[];
  /** One case-sensitive, one not: how the router compares is unknown here. */
  readonly trees: readonly PathTree<EnforcedPath>[];
  /** Unit: milliseconds since 1970. */
  readonly readAt: number;
}

/**
 * The enforced paths.
 *
 * Reads Keycloak's resources if they are needed, again after `permissionSeconds`.
 */
export function createPathList(
  engine: PermissionsEngine,
  config: PolicyEnforcerConfig,
  methodScopes: Readonly<Record<string, string>> | undefined,
) {
  const { paths = [] } = config;
  const isOpen = (path: PathConfig) => path['enforcement-mode'] === 'DISABLED';
  const needsKeycloak =
    paths.length === 0 || paths.some((path) => nameOf(path) === undefined && !isOpen(path));
  let loaded: Loaded | undefined = needsKeycloak
    ? undefined
    : toLoaded(paths.map((path) => toEnforced(path, [])));
  const once = createSingleFlight<Loaded>();

  function toLoaded(enforced: readonly EnforcedPath[]): Loaded {
    const entries = enforced.map((one) => [one.config.path, one] as const);
    const trees = [createPathTree(entries, false), createPathTree(entries, true)];
    return { paths: enforced, trees, readAt: engine.clock() };
  }

  async function load(): Promise<Loaded> {
    const resources = await listOwnResources(engine.api, engine.clientId);
    const enforced =
      paths.length === 0
        ? resources.flatMap((resource) => toPaths(resource, methodScopes))
        : paths.map((path) => toEnforced(path, resources));
    return toLoaded(enforced);
  }

  async function loadOrKeep(): Promise<Loaded> {
    try {
      loaded = await load();
    } catch (error) {
      // The known paths stay in use while Keycloak does not answer.
      if (loaded === undefined || (error as AuthError).code !== 'provider_unavailable') throw error;
    }
    return loaded;
  }

  const loadOnce = () => once('paths', loadOrKeep);

  /** The fresh value; `undefined`: load it. */
  function current(): Loaded | undefined {
    const age = loaded === undefined ? Number.POSITIVE_INFINITY : engine.clock() - loaded.readAt;
    return !needsKeycloak || (age >= 0 && age < engine.permissionMs) ? loaded : undefined;
  }

  return {
    /** The best fits of each reading, without duplicates. Rejects while Keycloak's resources are needed but unknown. */
    find(readings: readonly string[]): readonly EnforcedPath[] | Promise<readonly EnforcedPath[]> {
      const known = current();
      return known === undefined
        ? loadOnce().then((fresh) => findIn(fresh, readings))
        : findIn(known, readings);
    },
    /** Rejects the same. */
    all: async (): Promise<readonly EnforcedPath[]> => (current() ?? (await loadOnce())).paths,
  };
}

function findIn({ trees }: Loaded, readings: readonly string[]): EnforcedPath[] {
  return [...new Set(trees.flatMap((tree) => readings.flatMap((path) => tree.find(path))))];
}

function nameOf({ id, name }: PathConfig): ResourceName | undefined {
  if (id !== undefined) return { resourceId: id };
  return name === undefined ? undefined : { resource: name };
}

/** @throws {AuthError} `provider_misconfigured` if no resource has the path, or several have */
function toEnforced(path: PathConfig, resources: readonly Resource[]): EnforcedPath {
  const of = nameOf(path);
  if (of !== undefined) return { config: path, of };
  // An open path needs no resource.
  if (path['enforcement-mode'] === 'DISABLED') return { config: path, of: { resource: path.path } };
  const [owner, ...others] = resources.filter(({ uris }) => uris.includes(path.path));
  if (owner !== undefined && others.length === 0) return { config: path, of: { resourceId: owner.id } };
  throw new AuthError(
    'provider_misconfigured',
    `${owner === undefined ? 'No resource has' : 'Several resources have'} the URI ${JSON.stringify(path.path)} in Keycloak: give the path the name of its resource`,
  );
}

function toPaths(
  { id, name, uris, scopes }: Resource,
  methodScopes: Readonly<Record<string, string>> | undefined,
): EnforcedPath[] {
  return uris.map((path) => {
    const why = whyNoPattern(path);
    if (why !== undefined) {
      const text = `The URI ${JSON.stringify(path)} of the resource ${JSON.stringify(name)} ${why}`;
      throw new AuthError('provider_misconfigured', text);
    }
    const methods = Object.entries(methodScopes ?? {})
      .filter(([, scope]) => scopes.includes(scope))
      .map(([method, scope]) => ({ method, scopes: [scope] }));
    // A resource without scopes is asked for as a whole, for every method.
    if (methodScopes === undefined || scopes.length === 0)
      return { config: { path, scopes }, of: { resourceId: id } };
    return { config: { path, methods }, of: { resourceId: id }, isClosed: methods.length === 0 };
  });
}
