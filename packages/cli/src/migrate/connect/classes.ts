import { isNode, lastNameOf, type SyntaxNode, textOf, walk } from '../../source/syntax.ts';
import type { Mention } from '../imports.ts';

/** Names of variables, members and parameters that hold a project's `Keycloak`. */
export function findInstanceNames(program: SyntaxNode, mentions: readonly Mention[]): string[] {
  const classes = classNamesOf(mentions);
  const names: string[] = [];
  for (const { node, around } of walk(program)) {
    if (node.type !== 'NewExpression' || !isClass(node.callee, classes)) continue;
    const [parent] = around.filter(
      ({ type }) => !type.startsWith('TS') && type !== 'ParenthesizedExpression',
    );
    const target = parent?.type === 'VariableDeclarator' ? parent.id : (parent?.left ?? parent?.key);
    const name = lastNameOf(target);
    if (name !== undefined) names.push(name);
  }
  return names;
}

/** Local names of the constructor. */
export function classNamesOf(mentions: readonly Mention[]): Set<string> {
  return new Set(
    mentions
      .filter(({ name, inside }) => name === 'keycloak-connect' && /^$|keycloak(\.js)?$|index/.test(inside))
      .flatMap(({ names }) =>
        [...names].filter(([, from]) => from === 'default' || from === '*').map(([local]) => local),
      ),
  );
}

/** Whether the callee of a `new` is the constructor. */
export function isClass(callee: unknown, classes: ReadonlySet<string>): boolean {
  if (!isNode(callee)) return false;
  if (callee.type === 'Identifier') return classes.has(callee.name as string);
  // `new module.default(…)` and `new (require('keycloak-connect'))(…)`.
  if (callee.type === 'MemberExpression') return isClass(callee.object, classes);
  return (
    callee.type === 'CallExpression' && textOf((callee.arguments as unknown[])[0]) === 'keycloak-connect'
  );
}

/** Whether an expression is, by its name, a `Keycloak`. */
export function isInstance(node: unknown, instances: ReadonlySet<string>): boolean {
  const name = lastNameOf(node);
  return name !== undefined && (instances.has(name) || /keycloak/i.test(name));
}

export const isCall = (node: SyntaxNode): boolean =>
  node.type === 'CallExpression' || node.type === 'OptionalCallExpression';

export const isMember = (node: SyntaxNode): boolean =>
  node.type === 'MemberExpression' || node.type === 'OptionalMemberExpression';

/** The method of a `Keycloak` that is called, if it is one. */
export function methodOf(node: SyntaxNode, instances: ReadonlySet<string>): string | undefined {
  const callee = node.callee as SyntaxNode;
  if (!isCall(node) || !isMember(callee) || !isInstance(callee.object, instances)) return undefined;
  return lastNameOf(callee.property);
}
