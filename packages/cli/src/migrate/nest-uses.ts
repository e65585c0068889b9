import type { DifferenceId, Finding } from './finding.ts';
import type { Mention } from './imports.ts';
import type { SourceFile } from './project.ts';
import { quoteUse } from './quote-use.ts';
import { isNode, lastNameOf, type SyntaxNode, textOf, walk } from './syntax.ts';

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
  RoleMatching: { native: 'anyOf or allOf' },
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
};

/** Finds every use of a name of nest-keycloak-connect, mostly decorators. */
export function findNestUses({ file, text, program }: SourceFile, mentions: readonly Mention[]): Finding[] {
  const names = new Map(
    mentions.filter(({ name }) => name === 'nest-keycloak-connect').flatMap(({ names: bound }) => [...bound]),
  );
  if (names.size === 0) return [];
  const namespaces = new Set([...names].filter(([, from]) => from === '*').map(([local]) => local));
  const found: Finding[] = [];
  for (const { node, around } of walk(program)) {
    const name = usedName(node, around, names, namespaces);
    if (name === undefined) continue;
    const shown = shownOf(node, around);
    const { native, differs = [] } = NAMES[name] ?? { native: null };
    found.push({
      file,
      line: shown.loc.start.line,
      use: quoteUse(text, shown),
      dropIn: null,
      native,
      differs,
      blocked: blockedOf(name, around) ?? null,
    });
  }
  return found;
}

function usedName(
  node: SyntaxNode,
  around: readonly SyntaxNode[],
  names: ReadonlyMap<string, string>,
  namespaces: ReadonlySet<string>,
): string | undefined {
  if (node.type !== 'Identifier' || isBinding(node, around)) return undefined;
  const [parent] = around;
  if (namespaces.has(node.name as string)) {
    return parent !== undefined && parent.object === node ? lastNameOf(parent.property) : undefined;
  }
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
function shownOf(node: SyntaxNode, around: readonly SyntaxNode[]): SyntaxNode {
  let shown = node;
  for (const one of around) {
    const grows =
      one.type === 'Decorator' ||
      (one.type === 'CallExpression' && one.callee === shown) ||
      (one.type === 'MemberExpression' && one.object === shown);
    if (!grows) break;
    shown = one;
  }
  return shown;
}

function blockedOf(name: string, around: readonly SyntaxNode[]): string | undefined {
  const [member, call] = around;
  if (name === 'Roles' && member?.type === 'CallExpression' && namesNoRole(member))
    return '@Roles() without a role lets in whoever is signed in. The drop-in refuses it when the class is loaded: name a role, or take it away.';
  if (name === 'KeycloakConnectModule' && call?.type === 'CallExpression' && leavesAudienceOff(call))
    return "verifyTokenAudience: false accepts every token of the realm. The drop-in refuses it at the start: name the audiences, `verifier: { audience: ['my-api', 'account'] }`.";
  if (name === 'TokenValidation' && member !== undefined && isNode(member.property)) {
    if ((lastNameOf(member.property) ?? textOf(member.property)) === 'NONE') {
      return 'TokenValidation.NONE accepts tokens that anybody wrote. The drop-in refuses it at the start: use ONLINE or OFFLINE.';
    }
  }
  return undefined;
}

/** `@Roles()`, or `@Roles({ roles: [] })`. */
function namesNoRole(call: SyntaxNode): boolean {
  const [given] = call.arguments as SyntaxNode[];
  if (given === undefined) return true;
  const roles = (given.properties as SyntaxNode[] | undefined)?.find(
    (one) => lastNameOf(one.key) === 'roles',
  );
  return isNode(roles?.value) && (roles.value.elements as unknown[] | undefined)?.length === 0;
}

function leavesAudienceOff(call: SyntaxNode): boolean {
  return [...walk(call)].some(
    ({ node }) =>
      node.type === 'ObjectProperty' &&
      (lastNameOf(node.key) ?? textOf(node.key)) === 'verifyTokenAudience' &&
      (node.value as SyntaxNode).value === false,
  );
}
