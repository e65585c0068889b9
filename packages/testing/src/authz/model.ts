/** A protected resource. */
export interface Resource {
  readonly id: string;
  readonly name: string;
  readonly displayName: string | undefined;
  readonly type: string | undefined;
  readonly uris: readonly string[];
  readonly iconUri: string | undefined;
  /** Id of the client, or of a user. */
  readonly ownerId: string;
  /** Whether the owner may share it. */
  readonly isOwnerManaged: boolean;
  /** By name. */
  readonly scopes: readonly string[];
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

export interface Scope {
  readonly id: string;
  readonly name: string;
  readonly iconUri: string | undefined;
}

export type Strategy = 'UNANIMOUS' | 'AFFIRMATIVE' | 'CONSENSUS';
export type EnforcementMode = 'ENFORCING' | 'PERMISSIVE' | 'DISABLED';

/** A policy names who; a permission (type `resource`, `scope` or `uma`) applies policies to resources and scopes. */
export interface Policy {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** `undefined`: the settings say neither, and it denies. */
  readonly isNegative: boolean | undefined;
  /** `undefined` the same. */
  readonly strategy: Strategy | undefined;
  /** Ids of resources. */
  readonly resources: readonly string[];
  /** Names of scopes. */
  readonly scopes: readonly string[];
  /** Ids of the policies that it applies. */
  readonly policies: readonly string[];
  /** A permission for all resources of a type. */
  readonly resourceType: string | undefined;
  readonly config: Readonly<Record<string, string>>;
}

/** A scope that a user asked the owner for, or was given. */
export interface Ticket {
  readonly id: string;
  readonly resourceId: string;
  /** `undefined` for a resource that has no scopes. */
  readonly scope: string | undefined;
  readonly ownerId: string;
  readonly requesterId: string;
  isGranted: boolean;
}

/** Everything that a decision reads. It does not change meanwhile. */
export interface DecisionModel {
  /** Id of the client that the resources belong to. */
  readonly clientId: string;
  readonly mode: EnforcementMode;
  readonly strategy: Strategy;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly policies: ReadonlyMap<string, Policy>;
}

/** The settings, with Keycloak's defaults. */
export interface ReadSettings extends DecisionModel {
  readonly resources: Map<string, Resource>;
  readonly policies: Map<string, Policy>;
  /** By name. */
  readonly scopes: Map<string, Scope>;
  readonly allowsManagement: boolean;
}

/** A client with authorization services: its settings, and what the protection API added. */
export interface ResourceServer extends ReadSettings {
  /** The client's `clientId` on the wire. */
  readonly name: string;
  readonly tickets: Map<string, Ticket>;
}

/** Resources with this exact path, ignoring case; or else, with patterns, the client's resource that fits best. */
export function findByUri(model: DecisionModel, uri: string, isPattern: boolean): Resource[] {
  const all = [...model.resources.values()];
  const exact = all.filter(({ uris }) => uris.some((one) => one.toLowerCase() === uri.toLowerCase()));
  if (exact.length > 0 || !isPattern) return exact;
  const own = all.filter(({ ownerId }) => ownerId === model.clientId);
  const best = matchPath(
    new Map(own.flatMap((resource) => resource.uris.map((one) => [one, resource]))),
    uri,
  );
  return best === undefined ? [] : [best];
}

/**
 * Finds the best pattern for a path: the path itself, then the longest template (`/orders/{id}/lines`), then an ending
 * (`/*.html`), then a beginning (`/orders/*`).
 */
function matchPath<T>(patterns: ReadonlyMap<string, T>, uri: string): T | undefined {
  const path = normalize(uri);
  if (path === undefined) return undefined;
  let template: { entry: T; parts: number; braces: number } | undefined;
  let prefix: { entry: T; parts: number } | undefined;
  let ending: T | undefined;
  for (const [pattern, entry] of patterns) {
    if (pattern === path) return entry;
    const parts = pattern.split('/').length;
    if (pattern.includes('{')) {
      const braces = pattern.split('{').length;
      const isBetter =
        template === undefined ||
        parts > template.parts ||
        (parts === template.parts && braces < template.braces);
      if (isBetter && fillsTemplate(pattern, path)) template = { entry, parts, braces };
    } else if (pattern.endsWith('*')) {
      const root = pattern.slice(0, -1);
      const isUnder = path.startsWith(root) || path === root.slice(0, -1);
      if (isUnder && (prefix === undefined || prefix.parts < parts)) prefix = { entry, parts };
    } else if (pattern.includes('/*.')) {
      if (path.endsWith(pattern.slice(pattern.indexOf('/*.') + 2))) ending = entry;
    }
  }
  return template?.entry ?? ending ?? prefix?.entry;
}

function fillsTemplate(pattern: string, path: string): boolean {
  const isOpen = pattern.endsWith('/*');
  const segments = (isOpen ? pattern.slice(0, -2) : pattern).split('/');
  const actual = path.split('/');
  if (isOpen ? actual.length < segments.length : actual.length !== segments.length) return false;
  return segments.every((part, at) => part === actual[at] || (/^\{[^}]*\}$/.test(part) && actual[at] !== ''));
}

/** Normalises as Keycloak 26.7 does: drops matrix parameters and query, resolves slashes and dots, decodes once. */
function normalize(uri: string): string | undefined {
  const plain = uri
    .split('/')
    .map((part) => part.split(';', 1)[0] as string)
    .join('/')
    .replaceAll(/\/{2,}/g, '/');
  const [path = ''] = plain.split(/[?#]/, 1);
  // A text that Java does not accept as a URI matches nothing.
  if (/[\s"<>\\^`|]/.test(path) || /%(?![0-9a-f]{2})/i.test(path)) return undefined;
  try {
    const decoded = decodeURIComponent(withoutDots(path)).replaceAll(/\/{2,}/g, '/');
    return decoded.length > 1 && decoded.endsWith('/') ? decoded.slice(0, -1) : decoded;
  } catch {
    return undefined;
  }
}

/** RFC 3986 §5.2.4, except that Java keeps segments that lead above the root. */
function withoutDots(path: string): string {
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..' && kept.length > 1 && kept.at(-1) !== '..') kept.pop();
    else if (part !== '.') kept.push(part);
  }
  return kept.length === 1 && kept[0] === '' ? '/' : kept.join('/');
}
