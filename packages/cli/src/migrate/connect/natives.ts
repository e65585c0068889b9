import { isNode, lastNameOf, type SyntaxNode, textOf } from '../../source/syntax.ts';

/** Methods of the grant manager. */
export const GRANT_MANAGER: Readonly<Record<string, string>> = {
  obtainDirectly: 'client.passwordGrant({ username, password })',
  obtainFromCode: 'client.finishAuthorization(…)',
  obtainFromClientCredentials: 'a service account of your own: see the client room',
  ensureFreshness: 'client.refresh(refreshToken)',
  validateAccessToken: 'verifier.verify(token)',
  validateToken: 'verifier.verify(token)',
  validateGrant: 'verifier.verify(token)',
  userInfo: 'principal.claims',
  createGrant: 'verifier.verify(token)',
  isGrantRefreshable: 'tokens.refreshToken',
};

/** Methods that applications replace. */
export const HOOKS: Readonly<Record<string, string>> = {
  accessDenied: 'an error handler of the app, or onDenied',
  redirectToLogin: 'session({ redirectToLogin: false })',
  authenticated: 'session({ onLogin })',
  deauthenticated: 'session({ onEvent })',
};

/** The arguments with which keycloak-connect and the drop-in call a hook. */
const ARGUMENTS: Readonly<Record<string, number>> = {
  ...{ accessDenied: 3, redirectToLogin: 1 },
  ...{ authenticated: 1, deauthenticated: 1 },
};

/** Why a hook does not work as it is: some forks of keycloak-connect hand it a callback. */
export function refusedHook(name: string, hook: unknown): string | null {
  const most = ARGUMENTS[name];
  const parameters = isNode(hook) ? (hook.params as readonly SyntaxNode[] | undefined) : undefined;
  const callback = most === undefined ? undefined : parameters?.[most];
  if (callback === undefined || callback.type === 'AssignmentPattern' || callback.type === 'RestElement')
    return null;
  return `The drop-in calls ${name} as keycloak-connect on npm does, without \`${lastNameOf(callback) ?? 'a callback'}\`: a call of it fails. Remove the parameter; the answer is sent when the function has returned.`;
}

/** The replacement of an expression with `request.kauth`. */
export function nativeOfKauth(text: string, node: SyntaxNode): string | null {
  const path = text.slice(node.start, node.end).replace(/[\s?!]/g, '');
  const claim = /\.content(?:\.([\w$.]+)|\[(.+)\])$/.exec(path);
  if (claim?.[1] === 'preferred_username') return 'request.principal.username';
  if (claim?.[1] === 'email' || claim?.[1] === 'name') return `request.principal.${claim[1]}`;
  if (claim?.[1] === 'sub') return 'request.principal.subject';
  if (claim !== null)
    return `request.principal.claims${claim[1] === undefined ? `[${claim[2]}]` : `.${claim[1]}`}`;
  if (/\.content$/.test(path)) return 'request.principal.claims';
  if (/\.hasRealmRole$/.test(path)) return "kc.has(request.principal, { realmRole: '…' })";
  if (/\.has(Application)?Role$/.test(path)) return "kc.has(request.principal, { clientRole: '…' })";
  if (/_token\.(header|signature|signed)\b/.test(path)) return null;
  if (/access_token\.token$/.test(path)) return 'kc.accessToken(request)';
  return 'request.principal';
}

/** `role` of `'realm:' + role`, and of a template that says the same. */
export function realmRoleOf(wanted: SyntaxNode): string | undefined {
  if (wanted.type === 'BinaryExpression' && wanted.operator === '+')
    return textOf(wanted.left) === 'realm:' ? pathOf(wanted.right) : undefined;
  if (wanted.type !== 'TemplateLiteral') return undefined;
  const texts = (wanted.quasis as { value: { cooked?: string } }[]).map(({ value }) => value.cooked);
  if (texts.length !== 2 || texts[0] !== 'realm:' || texts[1] !== '') return undefined;
  return pathOf((wanted.expressions as unknown[])[0]);
}

/** `config.roles.admin`: names and dots only. */
function pathOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Identifier') return node.name as string;
  if (node.type !== 'MemberExpression' || node.computed === true) return undefined;
  const object = pathOf(node.object);
  return object === undefined ? undefined : `${object}.${lastNameOf(node.property)}`;
}

/** `realm:admin`, `app:reader`, or a role of this client. */
export function requirementOf(role: string): string {
  const at = role.indexOf(':');
  const [app, name] = at === -1 ? ['', role] : [role.slice(0, at), role.slice(at + 1)];
  if (app === 'realm') return `{ realmRole: ${quote(name)} }`;
  return app === '' ? `{ clientRole: ${quote(name)} }` : `{ clientRole: { ${quote(app)}: ${quote(name)} } }`;
}

export const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
