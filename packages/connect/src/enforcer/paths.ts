import { getOrMake } from 'keycloak-guard/unstable/connect';

/** Values by path pattern. */
export type PathTree<V> = ReturnType<typeof createPathTree<V>>;

interface Node<V> {
  readonly literals: Map<string, Node<V>>;
  parameter: Node<V> | undefined;
  /** Values of patterns that end here. */
  readonly ends: V[];
  /** Values of `/*` after this. */
  readonly below: V[];
  /** Values of `/*.suffix` after this. */
  readonly suffixes: Map<string, V[]>;
}

interface Match<V> {
  readonly values: readonly V[];
  /** Greater is better: 3 for no variable parts, 2 with parameters, 1 for `/*`, 0 for `/*.suffix`. */
  readonly kind: 0 | 1 | 2 | 3;
  /** `b` for each literal segment, `a` for each parameter. */
  readonly shape: string;
}

const PARAMETER = /^\{[^{}/]+\}$/;
const SUFFIX = /^\*(\.[^*{}/]+)$/;

export const PATTERN_RULE =
  'must be a path without empty segments, with {…} as whole segments, and * or *.suffix only at its end';

export function isPattern(pattern: unknown): pattern is string {
  if (typeof pattern !== 'string' || !pattern.startsWith('/') || /[?#\\]|\/\//.test(pattern)) return false;
  const segments = toSegments(pattern);
  return segments.every((segment, index) => {
    if (segment === '.' || segment === '..') return false;
    if (PARAMETER.test(segment)) return true;
    if (index === segments.length - 1 && (segment === '*' || SUFFIX.test(segment))) return true;
    return !/[{}*]/.test(segment);
  });
}

/**
 * Keycloak's patterns: `/orders`, `/orders/{id}`, `/orders/*` (`/orders` itself and everything below), `/*.html`. A tree, so
 * that the number of patterns costs nothing.
 *
 * @param isCaseBlind ignores case, as some routers do
 */
export function createPathTree<V>(entries: readonly (readonly [string, V])[], isCaseBlind: boolean) {
  const root = createNode<V>();
  const fold = (text: string): string => (isCaseBlind ? text.toLowerCase() : text);

  for (const [pattern, value] of entries) {
    let node = root;
    let list = node.ends;
    for (const segment of toSegments(pattern)) {
      const suffix = SUFFIX.exec(segment)?.[1];
      if (segment === '*') list = node.below;
      else if (suffix !== undefined) list = getOrMake(node.suffixes, fold(suffix), () => []);
      else {
        if (PARAMETER.test(segment)) {
          node.parameter ??= createNode();
          node = node.parameter;
        } else node = getOrMake(node.literals, fold(segment), createNode<V>);
        list = node.ends;
      }
    }
    list.push(value);
  }

  return {
    /** The values of the best-fitting pattern; empty if none fits. */
    find(path: string): readonly V[] {
      const segments = toSegments(fold(path));
      const last = segments.at(-1) ?? '';
      let best: Match<V> | undefined;
      const offer = (values: readonly V[], kind: Match<V>['kind'], shape: string): void => {
        const match = { values, kind, shape };
        if (values.length > 0 && (best === undefined || isBetter(match, best))) best = match;
      };
      const walk = (node: Node<V>, depth: number, shape: string): void => {
        offer(node.below, 1, shape);
        if (depth === segments.length) {
          offer(node.ends, shape.includes('a') ? 2 : 3, shape);
          return;
        }
        for (const [suffix, values] of node.suffixes) if (last.endsWith(suffix)) offer(values, 0, shape);
        const segment = segments[depth] as string;
        const literal = node.literals.get(segment);
        if (literal !== undefined) walk(literal, depth + 1, `${shape}b`);
        if (node.parameter !== undefined && segment !== '') walk(node.parameter, depth + 1, `${shape}a`);
      };
      walk(root, 0, '');
      return best?.values ?? [];
    },
  };
}

/** Prefers the longer pattern, then the one whose first variable part comes later. */
function isBetter<V>(one: Match<V>, other: Match<V>): boolean {
  if (one.kind !== other.kind) return one.kind > other.kind;
  if (one.shape.length !== other.shape.length) return one.shape.length > other.shape.length;
  return one.shape > other.shape;
}

/** `/` has no segments. A slash at the end makes an empty one. */
function toSegments(path: string): string[] {
  return path === '/' ? [] : path.slice(1).split('/');
}

function createNode<V>(): Node<V> {
  return { literals: new Map(), parameter: undefined, ends: [], below: [], suffixes: new Map() };
}
