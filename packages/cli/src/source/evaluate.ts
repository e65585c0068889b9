import { isFunction, isNode, lastNameOf, type SyntaxNode, textOf, walk } from './syntax.ts';

/** The value of an expression that only a running program knows. */
export const UNKNOWN = Symbol('unknown');
/** A member of each object that may have others, because something is spread into it. */
export const OPEN = Symbol('open');

/** The constants and functions of a file, by name. One that is declared twice, or by `let`, has no value. */
export type Scope = ReadonlyMap<string | undefined, unknown>;

export function scopeOf(program: SyntaxNode): Scope {
  const declarations = new Map<string | undefined, unknown>();
  for (const { node, around } of walk(program)) {
    if (node.type !== 'VariableDeclarator' && node.type !== 'FunctionDeclaration') continue;
    const name = lastNameOf(node.id);
    const isOpen = declarations.has(name) || around[0]?.kind === 'let';
    declarations.set(name, isOpen ? undefined : (node.init ?? node));
  }
  return declarations;
}

/** Names that lead to one another could do so for ever. */
const DEEPEST = 20;
/** Names that stand several times in one another grow without end long before that. */
const MOST_NODES = 10_000;

/** The value of an expression, as far as the file says it. Nothing is run: a function becomes an empty one of its kind. */
export function evaluate(node: unknown, scope: Scope, depth = 0, seen = { nodes: 0 }): unknown {
  if (!isNode(node) || depth > DEEPEST || ++seen.nodes > MOST_NODES) return UNKNOWN;
  const inside = (part: unknown) => evaluate(part, scope, depth + 1, seen);
  const text = textOf(node);
  if (text !== undefined) return text;
  if (isFunction(node)) return node.async === true ? async () => {} : () => {};
  switch (node.type) {
    case 'NumericLiteral':
    case 'BooleanLiteral':
      return node.value;
    case 'NullLiteral':
      return null;
    case 'Identifier':
      if (node.name === 'undefined') return undefined;
      return inside(scope.get(node.name as string));
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'ParenthesizedExpression':
      return inside(node.expression);
    case 'ArrayExpression':
      return (node.elements as unknown[]).map((one) =>
        isNode(one) && one.type === 'SpreadElement' ? UNKNOWN : inside(one),
      );
    case 'ObjectExpression':
      return toObject(node.properties as SyntaxNode[], inside);
    default:
      return UNKNOWN;
  }
}

function toObject(properties: readonly SyntaxNode[], inside: (part: unknown) => unknown): object {
  const made: Record<string | symbol, unknown> = {};
  for (const one of properties) {
    const name = one.computed === true ? textOf(one.key) : (textOf(one.key) ?? lastNameOf(one.key));
    if (one.type === 'SpreadElement') {
      const spread = inside(one.argument);
      if (typeof spread === 'object' && spread !== null) Object.assign(made, spread);
      else made[OPEN] = true;
    } else if (name === undefined) made[OPEN] = true;
    else if (one.type === 'ObjectMethod') made[name] = inside({ ...one, type: 'FunctionExpression' });
    else made[name] = inside(one.value);
  }
  return made;
}
