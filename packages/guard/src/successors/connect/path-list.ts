import { listOwnResources, type PermissionsEngine, type Resource } from '../../authz/internal.ts';
import { AuthError } from '../../core/index.ts';
import { createSingleFlight } from '../../core/internal.ts';
import type { PathConfig, PolicyEnforcerConfig, ResourceName } from './enforcer-config.ts';
import { createPathTree, type PathTree, whyNoPattern } from './path-tree.ts';

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
  const [found, ...others] = resources.filter(({ uris }) => uris.includes(path.path));
  if (found !== undefined && others.length === 0) return { config: path, of: { resourceId: found.id } };
  throw new AuthError(
    'provider_misconfigured',
    `${found === undefined ? 'No resource has' : 'Several resources have'} the URI ${JSON.stringify(path.path)} in Keycloak: give the path the name of its resource`,
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
