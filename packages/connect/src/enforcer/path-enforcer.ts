import type { IncomingHttpHeaders } from 'node:http';
import { AuthError, type Principal } from 'keycloak-guard';
import {
  createSingleFlight,
  engineOf,
  listOwnResources,
  type Permissions,
  type PermissionsEngine,
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
import { createPathTree, isPattern, PATTERN_RULE, type PathTree } from './paths.ts';

/** The parts of a request that a path enforcer reads. */
export interface PathRequest {
  /** The method as it was sent, for example `GET`. */
  readonly method: string;
  /** The request target, undecoded, with its query: Node's `request.url`. */
  readonly url: string;
  /** The target that the router reads, if it may have been rewritten: both must be permitted. Default: `url`. */
  readonly routedUrl?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** The parsed body. */
  readonly body?: unknown;
}

/** Some frameworks handle a request as another method by these headers, or by a parameter of the query or a form. */
const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override'];
const PARAMETER = '_method';

/** @throws {AuthError} `path_ambiguous` */
function assertOneMethod({ method, url, headers, body }: PathRequest): void {
  const assertSame = (other: unknown, by: string): void => {
    if (other === undefined || String(other).toUpperCase() === method) return;
    throw new AuthError('path_ambiguous', `${by} names another method than the request`, {
      expected: method,
      seen: String(other),
    });
  };
  // A copy of a request has it in capitals (Fetch, "normalize a method").
  assertSame(method, 'The request line');
  for (const name of OVERRIDES) assertSame(headers[name], `The header ${name}`);
  const at = url.indexOf('?');
  const query = new URLSearchParams(at === -1 ? '' : url.slice(at + 1));
  for (const other of query.getAll(PARAMETER)) assertSame(other, 'The query');
  assertSame(Object(body)[PARAMETER], 'The body');
}

type Somebody = Principal | null;

/**
 * Decides by path and method, as the policy enforcer of Keycloak's Java adapters does, but more strictly: every way in which
 * a router can read the path must be permitted, and an ambiguous path is refused.
 *
 * @param config default: the URIs of the resources that the API's client owns in Keycloak, each with all of its scopes
 * @returns `decide` rejects with an `AuthError`, as `Permit.decide` does; also `path_ambiguous`
 * @throws {OptionsError} naming every wrong part of the configuration
 * @see Keycloak, Authorization Services Guide: "Policy enforcers"
 */
export function createPathEnforcer(permissions: Permissions, config: PolicyEnforcerConfig = {}) {
  checkEnforcerConfig(config);
  const mode = config['enforcement-mode'] ?? 'ENFORCING';
  const engine = engineOf(permissions);
  const list = createPathList(engine, config);
  const isMethodScope = config['http-method-as-scope'] === true;
  if (mode !== 'DISABLED')
    engine.names.addLater(async () =>
      (await list.all()).flatMap(({ config: path, of }) => permissionsOf(path, of, isMethodScope)),
    );

  function refuse(reason: string, principal: Somebody): never {
    if (principal === null)
      throw new AuthError('missing_token', 'There is no principal: no guard ran before');
    throw new AuthError('permission_denied', reason);
  }

  async function decideOn(path: EnforcedPath, method: string, principal: Somebody): Promise<void> {
    if (path.config['enforcement-mode'] === 'DISABLED') return;
    const rule = ruleFor(path.config, path.of, method, isMethodScope);
    if (rule === 'open') return;
    if (rule === 'closed') refuse('The path is not for this method', principal);
    // The caller chooses the scope by the method: an unknown one is a refusal, not a wrong set-up.
    await toPermit(permissions, isMethodScope ? () => rule : rule, {}).decide({}, principal);
  }

  return {
    async decide(request: PathRequest, principal: Somebody): Promise<void> {
      if (mode === 'DISABLED') return;
      assertOneMethod(request);
      const { method, url, routedUrl = url } = request;
      const readings = readingsOf(url);
      const isSame = readings.includes(routedUrl.split('?', 1)[0] as string);
      const paths = await list.find(isSame ? readings : [...readings, ...readingsOf(routedUrl)]);
      if (paths.length === 0 && mode === 'ENFORCING')
        refuse('No path of a resource fits the request', principal);
      await settleAll(paths.map((path) => decideOn(path, method, principal)));
    },
  };
}

/** A path and its resource. */
interface EnforcedPath {
  readonly config: PathConfig;
  readonly of: ResourceName;
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
function createPathList(engine: PermissionsEngine, { paths = [] }: PolicyEnforcerConfig) {
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
      paths.length === 0 ? resources.flatMap(toPaths) : paths.map((path) => toEnforced(path, resources));
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

  /** Rejects while Keycloak's resources are needed but unknown. */
  async function current(): Promise<Loaded> {
    if (loaded !== undefined) {
      const age = engine.clock() - loaded.readAt;
      if (!needsKeycloak || (age >= 0 && age < engine.permissionMs)) return loaded;
    }
    return once('paths', loadOrKeep);
  }

  return {
    /** The best fits of each reading, without duplicates. */
    async find(readings: readonly string[]): Promise<readonly EnforcedPath[]> {
      const { trees } = await current();
      return [...new Set(trees.flatMap((tree) => readings.flatMap((path) => tree.find(path))))];
    },
    all: async (): Promise<readonly EnforcedPath[]> => (await current()).paths,
  };
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

/** The paths of a resource, which is asked for as a whole, for every method. */
function toPaths({ id, name, uris, scopes }: Resource): EnforcedPath[] {
  return uris.map((path) => {
    if (isPattern(path)) return { config: { path, scopes }, of: { resourceId: id } };
    const text = `The URI ${JSON.stringify(path)} of the resource ${JSON.stringify(name)} ${PATTERN_RULE}`;
    throw new AuthError('provider_misconfigured', text);
  });
}
