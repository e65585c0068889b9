import { evaluate, scopeOf } from '../../source/evaluate.ts';
import type { SourceFile } from '../../source/project.ts';
import { isFunction, isNode, lastNameOf, type SyntaxNode, walk } from '../../source/syntax.ts';
import { isCall, isMember, methodOf } from './classes.ts';

/** The argument of one call of a function that hands it on to `keycloak.protect`. */
export interface PassedSpec {
  readonly source: SourceFile;
  readonly node: SyntaxNode;
  readonly spec: unknown;
}

/** A function that hands one of its parameters on. */
export interface Wrapper {
  readonly call: SyntaxNode;
  readonly name: string;
  readonly index: number;
  /** Whether the parameter is the list of all further arguments. */
  readonly isRest: boolean;
}

/** The arguments of all calls of the wrappers, by the call of `protect` in them. */
export function findPassedSpecs(
  sources: readonly SourceFile[],
  wrappers: readonly Wrapper[],
): ReadonlyMap<SyntaxNode, readonly PassedSpec[]> {
  const found = new Map<SyntaxNode, PassedSpec[]>(wrappers.map(({ call }) => [call, []]));
  for (const source of sources) {
    const scope = scopeOf(source.program);
    for (const { node } of walk(source.program)) {
      if (!isCall(node)) continue;
      const name = lastNameOf(node.callee);
      for (const wrapper of wrappers) {
        if (wrapper.name !== name || wrapper.call === node) continue;
        const given = (node.arguments as SyntaxNode[]).slice(wrapper.index);
        const values = given.map((one) => evaluate(one, scope));
        if (!wrapper.isRest && given.length === 0) continue;
        found.get(wrapper.call)?.push({ source, node, spec: wrapper.isRest ? values : values[0] });
      }
    }
  }
  return found;
}

export function findWrappers(program: SyntaxNode, instances: ReadonlySet<string>): Wrapper[] {
  const found: Wrapper[] = [];
  for (const { node, around } of walk(program)) {
    const callee = node.callee as SyntaxNode | undefined;
    // `const protect = keycloak.protect.bind(keycloak)`
    if (isCall(node) && callee !== undefined && isMember(callee) && lastNameOf(callee.property) === 'bind') {
      const name =
        methodOf({ ...node, callee: callee.object }, instances) === 'protect' ? nameOf(around) : undefined;
      if (name !== undefined) found.push({ call: node, name, index: 0, isRest: false });
    }
    if (methodOf(node, instances) !== 'protect') continue;
    const [argument] = node.arguments as (SyntaxNode | undefined)[];
    const at = around.findIndex((one) => isFunction(one) || /Method$/.test(one.type));
    const wrapper = around[at];
    if (argument?.type !== 'Identifier' || wrapper === undefined) continue;
    const parameters = wrapper.params as SyntaxNode[];
    const index = parameters.findIndex((one) => lastNameOf(parameterOf(one)) === argument.name);
    const name = lastNameOf(wrapper.id ?? wrapper.key) ?? nameOf(around.slice(at + 1));
    const isRest = parameters[index]?.type === 'RestElement';
    if (index !== -1 && name !== undefined) found.push({ call: node, name, index, isRest });
  }
  return found;
}

/** The parameter itself, without its default. */
function parameterOf(node: SyntaxNode): unknown {
  if (node.type === 'RestElement') return node.argument;
  return node.type === 'AssignmentPattern' ? node.left : node;
}

/** The name that a value is given: of its variable, its property or the member that it is assigned to. */
function nameOf([parent]: readonly SyntaxNode[]): string | undefined {
  const target = parent?.type === 'VariableDeclarator' ? parent.id : (parent?.left ?? parent?.key);
  return isNode(target) ? lastNameOf(target) : undefined;
}
