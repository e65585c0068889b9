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

interface Meaning {
  readonly native: string | null;
  readonly differs?: readonly DifferenceId[];
}

/** The replacement of each name of nest-keycloak-connect with the module of keycloak-guard. */
const NAMES: Readonly<Record<string, Meaning>> = {
  KeycloakConnectModule: { native: 'KeycloakModule.forRoot({ … })', differs: ['nest-audience'] },
  AuthGuard: { native: 'KeycloakGuard', differs: ['nest-answers', 'unknown-context'] },
  RoleGuard: { native: 'KeycloakGuard, which reads @Roles too' },
  ResourceGuard: { native: 'KeycloakGuard, with @Permission', differs: ['granted-whole', 'asked-by-id'] },
  Public: { native: '@Public()' },
  Unprotected: { native: '@Public()' },
  Roles: { native: '@Roles(…)', differs: ['class-and-handler'] },
  RoleMatchingMode: { native: 'anyOf or allOf' },
  RoleMatch: { native: 'anyOf or allOf' },
  RoleMerge: { native: null, differs: ['class-and-handler'] },
  Resource: { native: '@Permission(…)', differs: ['granted-whole'] },
  Scopes: { native: '@Permission(…)', differs: ['granted-whole'] },
  ConditionalScopes: { native: '@Permission((request) => …)' },
  ResolvedScopes: { native: '@Permission((request) => …)' },
  EnforcerOptions: { native: '@Permission(…)' },
  AuthenticatedUser: { native: '@Principal()' },
  KeycloakUser: { native: '@Principal()' },
  AccessToken: { native: 'kc.accessToken(request)' },
  TokenValidation: { native: 'tokenCheck', differs: ['online-validation'] },
  PolicyEnforcementMode: { native: null },
  KeycloakConnectConfig: { native: 'KeycloakOptions' },
  KeycloakConnectOptions: { native: 'KeycloakOptions' },
  KeycloakConnectOptionsFactory: { native: 'useFactory' },
  KEYCLOAK_CONNECT_OPTIONS: { native: null, differs: ['options-without-secret'] },
};

/**
 * Finds every use of a name of nest-keycloak-connect, mostly decorators, and of the keys of its metadata.
 */
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
    const key = keyOf(node);
    const name = names.size === 0 ? undefined : usedName(node, around, names, namespaces);
    const quoted = key === undefined ? quotedNodeOf(node, around) : node;
    const location = { file, line: quoted.loc.start.line, use: quoteUse(text, quoted) };
    if (key !== undefined) findings.push({ ...AS_IT_IS, ...location, remark: toKeyRemark(key) });
    else if (name !== undefined) {
      const { native, differs = [] } = NAMES[name] ?? { native: null };
      const loose = lacksResource(name, around, names) ? LOOSE : null;
      const unread = guards.judge(name, around, names);
      const remark = unread.remark ?? loose;
      const blocked = blockedOf(name, around, scope) ?? unread.blocked ?? (guards.hasResource ? null : loose);
      findings.push({ ...AS_IT_IS, ...location, native, differs, blocked, remark });
    } else if (isSettingsFactory(node, names)) {
      const blocked = refusedSettings(evaluate(returnedBy(node), scope));
      if (blocked !== undefined) findings.push({ ...AS_IT_IS, ...location, blocked });
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

/** Keys that the decorators write, by the string that public code has for them. */
const KEYS = new Set(['roles', 'unprotected', 'skip-auth', 'public', 'resource', 'scopes']);

/** The key in `reflector.get('roles', …)` and `SetMetadata('roles', …)`. */
function keyOf(node: SyntaxNode): string | undefined {
  if (node.type !== 'CallExpression') return undefined;
  const callee = node.callee as SyntaxNode;
  const isReader =
    /^get(All(AndOverride|AndMerge)?)?$/.test(lastNameOf(callee) ?? '') &&
    callee.type === 'MemberExpression' &&
    /reflector/i.test(lastNameOf(callee.object) ?? '');
  if (!isReader && lastNameOf(callee) !== 'SetMetadata') return undefined;
  const key = textOf((node.arguments as unknown[])[0]);
  return key !== undefined && KEYS.has(key) ? key : undefined;
}

const toKeyRemark = (key: string): string =>
  `The decorators of the package write the key '${key}', and those of the drop-in do, too: a guard or decorator of the application that uses it for itself meets them, as before.`;

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
