import {
  isNode,
  lastNameOf,
  type Scope,
  type SourceFile,
  type SyntaxNode,
  scopeOf,
  textOf,
  UNKNOWN,
  walk,
} from '@keycloak-guard/cli/unstable';
import {
  type ConnectFacts,
  classNamesOf,
  findConstructorCalls,
  isCall,
  isClass,
  isInstance,
  isMember,
  methodOf,
} from './connect-facts.ts';
import { HOOKS, judgeConstructor, METHODS, refusedHook, toSpecVerdict } from './connect-verdicts.ts';
import { AS_IT_IS, type Finding, quoteUse, type Verdict } from './finding.ts';
import { EXPORTS, type Mention } from './imports.ts';

/** Finds the uses of a `Keycloak` and of its classes that behave differently, or may be refused. */
export function findConnectUses(
  source: SourceFile,
  mentions: readonly Mention[],
  facts: ConnectFacts,
): Finding[] {
  const { file, text, program } = source;
  const scope = scopeOf(program);
  const classes = classNamesOf(mentions);
  const calls = new Map(findConstructorCalls(source, mentions).map((call) => [call.node, call]));
  const findings: Finding[] = [];
  const add = (node: SyntaxNode, verdict: Partial<Verdict>, quoted = node) =>
    findings.push({
      ...AS_IT_IS,
      ...verdict,
      file,
      line: quoted.loc.start.line,
      use: quoteUse(text, quoted),
    });

  for (const { node, around } of walk(program)) {
    const call = calls.get(node);
    const hook = hookOf(node, around, classes, facts);
    if (call !== undefined) {
      add(node, judgeConstructor(call, facts));
    } else if (hook !== undefined) {
      const { name, quoted, value } = hook;
      const blocked = refusedHook(name, functionOf(value, scope));
      const differs = name === 'accessDenied' ? (['status-401'] as const) : [];
      add(node, { differs, blocked }, quoted);
    } else if (isCall(node)) {
      const name = methodOf(node, facts.instances) ?? '';
      if (Object.hasOwn(METHODS, name)) add(node, METHODS[name]?.(node, facts, scope) ?? {});
    } else if (node.type === 'TSQualifiedName' && classes.has(lastNameOf(node.left) ?? '')) {
      const name = lastNameOf(node.right) ?? '';
      if (EXPORTS['keycloak-connect']?.has(name) === false)
        add(node, { blocked: `'@keycloak-guard/connect' has no type ${name}. Write it in the application.` });
    }
  }
  return findings;
}

/** Finds the calls of the application's functions whose argument reaches `protect`, and is refused there. */
export function findPassedUses({ passed }: ConnectFacts): Finding[] {
  return [...passed.values()].flat().flatMap(({ source: { file, text }, node, spec }) => {
    const verdict = spec === UNKNOWN ? {} : toSpecVerdict(spec);
    const location = { file, line: node.loc.start.line, use: quoteUse(text, node) };
    return verdict.blocked ? [{ ...AS_IT_IS, ...verdict, ...location }] : [];
  });
}

/** A function of the application in the place of one of `Keycloak`'s. */
interface Hook {
  readonly name: string;
  readonly quoted: SyntaxNode;
  readonly value: unknown;
}

/** `keycloak.authenticated = …`, on the prototype too, a method of a subclass, or a member in `Object.assign(keycloak, { … })`. */
function hookOf(
  node: SyntaxNode,
  around: readonly SyntaxNode[],
  classes: ReadonlySet<string>,
  { instances }: ConnectFacts,
): Hook | undefined {
  const toHook = (key: unknown, quoted: unknown, value: unknown): Hook | undefined => {
    const name = lastNameOf(key) ?? textOf(key) ?? '';
    return Object.hasOwn(HOOKS, name) ? { name, quoted: quoted as SyntaxNode, value } : undefined;
  };
  const isOf = (object: unknown): boolean =>
    /^(prototype|kc)$/.test(lastNameOf(object) ?? '') || isInstance(object, instances);
  if (node.type === 'AssignmentExpression') {
    const left = node.left as SyntaxNode;
    return isMember(left) && isOf(left.object) ? toHook(left.property, left, node.right) : undefined;
  }
  if (node.type === 'ClassMethod' || node.type === 'ClassProperty') {
    const isOurs = isClass(
      around.find(({ type }) => /^Class(Declaration|Expression)$/.test(type))?.superClass,
      classes,
    );
    return isOurs ? toHook(node.key, node.key, node.type === 'ClassMethod' ? node : node.value) : undefined;
  }
  if (node.type === 'ObjectMethod' || node.type === 'ObjectProperty') {
    const call = around[1];
    const isAssigned = call !== undefined && isCall(call) && lastNameOf(call.callee) === 'assign';
    const [target] = isAssigned ? (call.arguments as SyntaxNode[]) : [];
    return isOf(target)
      ? toHook(node.key, node.key, node.type === 'ObjectMethod' ? node : node.value)
      : undefined;
  }
  return undefined;
}

/** The function itself, where the file has it. */
function functionOf(value: unknown, scope: Scope): unknown {
  return isNode(value) && value.type === 'Identifier' ? scope.get(value.name as string) : value;
}
