import {
  evaluate,
  isNode,
  lastNameOf,
  OPEN,
  type Scope,
  type SourceFile,
  type SyntaxNode,
  scopeOf,
  textOf,
  UNKNOWN,
  walk,
} from '@keycloak-guard/cli/unstable';
import { AS_IT_IS, type DifferenceId, type Finding, quoteUse } from './finding.ts';
import { EXPORTS, type Mention } from './imports.ts';
import type { NestGuards } from './nest-guards.ts';
import { judgeStart, NO_AUDIENCE } from './settings.ts';

/** What behaves differently behind a name of nest-keycloak-connect. */
const DIFFERS: Readonly<Record<string, readonly DifferenceId[]>> = {
  KeycloakConnectModule: ['nest-audience'],
  AuthGuard: ['nest-answers', 'unknown-context'],
  ResourceGuard: ['granted-whole', 'asked-by-id'],
  Roles: ['class-and-handler'],
  RoleMerge: ['class-and-handler'],
  Resource: ['granted-whole'],
  Scopes: ['granted-whole'],
  TokenValidation: ['online-validation'],
  KEYCLOAK_CONNECT_OPTIONS: ['options-without-secret'],
};

/** Finds every use of a name of nest-keycloak-connect, mostly decorators. */
export function findNestUses(
  source: SourceFile,
  mentions: readonly Mention[],
  guards: NestGuards,
): Finding[] {
  const { file, text, program } = source;
  const names = new Map(
    mentions.filter(({ name }) => name === 'nest-keycloak-connect').flatMap(({ names: bound }) => [...bound]),
  );
  const namespaces = new Set([...names].filter(([, from]) => from === '*').map(([local]) => local));
  const scope = scopeOf(program);
  const findings: Finding[] = [];
  for (const { node, around } of walk(program)) {
    const name = names.size === 0 ? undefined : usedName(node, around, names, namespaces);
    // Of each node it would cost the square of the file.
    const locate = () => {
      const quoted = quotedNodeOf(node, around);
      return { file, line: quoted.loc.start.line, use: quoteUse(text, quoted) };
    };
    if (name !== undefined) {
      const differs = DIFFERS[name] ?? [];
      const loose = lacksResource(name, around, names) ? LOOSE : null;
      const unread = guards.judge(name, around, names);
      const remark = unread.remark ?? loose;
      const blocked = blockedOf(name, around, scope) ?? unread.blocked ?? (guards.hasResource ? null : loose);
      findings.push({ ...AS_IT_IS, ...locate(), differs, blocked, remark });
    } else if (isSettingsFactory(node, names)) {
      const blocked = refusedSettings(evaluate(returnedBy(node), scope));
      if (blocked !== undefined) findings.push({ ...AS_IT_IS, ...locate(), blocked });
    }
  }
  return findings;
}

const LOOSE =
  'Scopes without a resource: today Keycloak is not asked, and every signed-in caller gets in. The drop-in answers 500. Add @Resource to the class, or remove the decorator.';

/** Whether neither a handler with scopes nor its class has a resource. */
function lacksResource(
  name: string,
  around: readonly SyntaxNode[],
  names: ReadonlyMap<string, string>,
): boolean {
  if (name !== 'Scopes' && name !== 'ConditionalScopes') return false;
  const decorators = around.flatMap((one) => (one.decorators as SyntaxNode[] | undefined) ?? []);
  // Without them it stands in a decorator of the application. A class may inherit the resource.
  if (decorators.length === 0 || around.some(({ superClass }) => isNode(superClass))) return false;
  const used = decorators.map((one) => lastNameOf(one.expression) ?? '');
  return !used.some((one) => (names.get(one) ?? one) === 'Resource');
}

function usedName(
  node: SyntaxNode,
  around: readonly SyntaxNode[],
  names: ReadonlyMap<string, string>,
  namespaces: ReadonlySet<string>,
): string | undefined {
  if (node.type !== 'Identifier' || isBinding(node, around)) return undefined;
  const [parent] = around;
  if (namespaces.has(node.name as string))
    return parent !== undefined && parent.object === node ? lastNameOf(parent.property) : undefined;
  // Not a member or key of the same name.
  if (parent?.type === 'MemberExpression' && parent.property === node && parent.computed !== true)
    return undefined;
  if (parent?.type === 'ObjectProperty' && parent.key === node && parent.value !== node) return undefined;
  return names.get(node.name as string);
}

const isBinding = (node: SyntaxNode, around: readonly SyntaxNode[]): boolean =>
  around.some(({ type }) => type.startsWith('Import') || type === 'ExportSpecifier') ||
  (around[0]?.type === 'VariableDeclarator' && around[0].id === node) ||
  around.some(({ type }) => type === 'ObjectPattern');

/** The decorator, call or member around a name. */
function quotedNodeOf(node: SyntaxNode, around: readonly SyntaxNode[]): SyntaxNode {
  let quoted = node;
  for (const one of around) {
    const grows =
      one.type === 'Decorator' ||
      (one.type === 'CallExpression' && one.callee === quoted) ||
      (one.type === 'MemberExpression' && one.object === quoted);
    if (!grows) break;
    quoted = one;
  }
  return quoted;
}

function blockedOf(name: string, around: readonly SyntaxNode[], scope: Scope): string | undefined {
  const [member, call] = around;
  if (EXPORTS['nest-keycloak-connect']?.has(name) === false) return `The drop-in has no ${name}.`;
  if (name === 'Roles' && member?.type === 'CallExpression' && namesNoRole(member, scope))
    return '@Roles() without a role admits every signed-in user. The drop-in refuses it when the class is loaded: name a role, or remove the decorator.';
  if (name === 'KeycloakConnectModule' && member?.type === 'MemberExpression') {
    if (lastNameOf(member.property) === 'logger') return 'The drop-in has no KeycloakConnectModule.logger.';
    return call?.type === 'CallExpression' ? refusedModule(call, scope) : undefined;
  }
  if (name === 'TokenValidation' && member !== undefined && isNode(member.property)) {
    const isNone = (lastNameOf(member.property) ?? textOf(member.property)) === 'NONE';
    if (isNone && !isCompared(around))
      return 'TokenValidation.NONE accepts forged tokens. The drop-in refuses it at the start: use ONLINE or OFFLINE.';
  }
  return undefined;
}

/** Whether a member is looked for, and set nowhere: `case TokenValidation.NONE:`, `mode === TokenValidation.NONE`. */
function isCompared([member, whole]: readonly SyntaxNode[]): boolean {
  if (whole?.type === 'SwitchCase') return whole.test === member;
  if (whole?.type === 'BinaryExpression') return true;
  return whole?.type === 'CallExpression' && /^(includes|has|indexOf)$/.test(lastNameOf(whole.callee) ?? '');
}

/** `@Roles()`, or `@Roles({ roles: [] })`. */
function namesNoRole(call: SyntaxNode, scope: Scope): boolean {
  const [first, ...more] = (call.arguments as SyntaxNode[]).map((one) => evaluate(one, scope));
  if (typeof first !== 'object' || first === null) return first === undefined && more.length === 0;
  const { roles } = first as { roles?: unknown };
  return Array.isArray(roles) && roles.length === 0;
}

/** Why the drop-in refuses the settings of `register(…)`, or of the factory of `registerAsync(…)`. */
function refusedModule(call: SyntaxNode, scope: Scope): string | undefined {
  const [options] = call.arguments as (SyntaxNode | undefined)[];
  if (lastNameOf(call.callee) === 'register') return refusedSettings(evaluate(options, scope));
  const factory = (options?.properties as SyntaxNode[] | undefined)?.find(
    (one) => lastNameOf(one.key) === 'useFactory',
  );
  return factory === undefined ? undefined : refusedSettings(evaluate(returnedBy(factory), scope));
}

/** A method `createKeycloakConnectOptions`, in a file that imports from the package. */
const isSettingsFactory = (node: SyntaxNode, names: ReadonlyMap<string, string>): boolean =>
  names.size > 0 &&
  (node.type === 'ClassMethod' || node.type === 'ClassProperty') &&
  lastNameOf(node.key) === 'createKeycloakConnectOptions';

/** The expression that a function returns, if it has one `return`. */
function returnedBy(node: SyntaxNode): unknown {
  const whole = isNode(node.value) ? node.value : node;
  const body = whole.body;
  if (isNode(body) && body.type !== 'BlockStatement') return body;
  const returns = [...walk(whole)].filter((one) => one.node.type === 'ReturnStatement');
  return returns.length === 1 ? returns[0]?.node.argument : undefined;
}

/** Switches of the module, which the settings of keycloak-connect do not have. */
function refusedSettings(settings: unknown): string | undefined {
  if (settings === UNKNOWN || typeof settings !== 'object' || settings === null) return undefined;
  const members = settings as Record<string | symbol, unknown>;
  if (members.verifyTokenAudience === false || members['verify-token-audience'] === false) return NO_AUDIENCE;
  if (members[OPEN] !== true && members.multiTenant !== undefined) return undefined;
  const { problems } = judgeStart(
    {},
    { ...members, realmPublicKey: undefined, 'realm-public-key': undefined },
  );
  return problems.length === 0 ? undefined : `The drop-in refuses to start: ${problems.join('; ')}.`;
}
