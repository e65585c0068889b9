import {
  evaluate,
  isNode,
  lastNameOf,
  type Scope,
  type SyntaxNode,
  textOf,
  UNKNOWN,
} from '@keycloak-guard/cli/unstable';
import { type ConnectFacts, type ConstructorCall, canLogIn } from './connect-facts.ts';
import type { DifferenceId, Verdict } from './finding.ts';
import { judgePermissions, judgeSpec, judgeStart, type StartVerdict } from './settings.ts';

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
function realmRoleOf(spec: SyntaxNode): string | undefined {
  if (spec.type === 'BinaryExpression' && spec.operator === '+')
    return textOf(spec.left) === 'realm:' ? pathOf(spec.right) : undefined;
  if (spec.type !== 'TemplateLiteral') return undefined;
  const texts = (spec.quasis as { value: { cooked?: string } }[]).map(({ value }) => value.cooked);
  if (texts.length !== 2 || texts[0] !== 'realm:' || texts[1] !== '') return undefined;
  return pathOf((spec.expressions as unknown[])[0]);
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
function requirementOf(role: string): string {
  const at = role.indexOf(':');
  const [app, name] = at === -1 ? ['', role] : [role.slice(0, at), role.slice(at + 1)];
  if (app === 'realm') return `{ realmRole: ${quote(name)} }`;
  return app === '' ? `{ clientRole: ${quote(name)} }` : `{ clientRole: { ${quote(app)}: ${quote(name)} } }`;
}

const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** Judges the call of a method of `Keycloak`. */
type Judge = (call: SyntaxNode, facts: ConnectFacts, scope: Scope) => Partial<Verdict>;

export function judgeConstructor(call: ConstructorCall, { files, hasFile }: ConnectFacts): Partial<Verdict> {
  const { options, settings } = call;
  const has = (...names: string[]) =>
    [options, settings].some((one) => isRecord(one) && names.some((name) => one[name]));
  const isLogin = canLogIn(call, files);
  const verdict = toVerdict(judgeStart(options, isRecord(settings) ? settings : UNKNOWN));
  const lacksFile = (settings === undefined || typeof settings === 'string') && !hasFile;
  return {
    ...verdict,
    remark: verdict.remark ?? (lacksFile ? NO_FILE : null),
    dropIn: 'new Keycloak(…), from @keycloak-guard/connect',
    native: 'keycloak({ serverUrl, realm, clientId, … }), from keycloak-guard/express',
    differs: [
      ...(isRecord(settings) && settings['verify-token-audience'] === true ? [] : (['audience'] as const)),
      ...(isLogin ? (['login-bound'] as const) : []),
      ...(isLogin && has('cookies') ? (['cookie-flags'] as const) : []),
      ...(has('realm-public-key', 'realmPublicKey') ? (['pinned-key'] as const) : []),
    ],
  };
}

const NO_FILE =
  'It reads its settings from a file at the start, and this folder has no such file: run this command where the file is, too.';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function toVerdict({ problems, ignored }: StartVerdict): Pick<Verdict, 'blocked' | 'remark'> {
  return {
    blocked: problems.length === 0 ? null : `The drop-in refuses to start: ${problems.join('; ')}.`,
    remark: ignored.length === 0 ? null : `${ignored.join('; ')}, and had none before.`,
  };
}

export const METHODS: Readonly<Record<string, Judge>> = {
  middleware: judgeMiddleware,
  protect: judgeProtect,
  enforcer: judgeEnforcer,
  checkSso: () => ({
    native: 'kc.guard({ optional: true }), and /auth/login?prompt=none',
    differs: ['login-bound'],
  }),
  getGrant: () => ({ native: 'request.principal' }),
  storeGrant: () => ({}),
  unstoreGrant: () => ({ native: 'POST /auth/logout' }),
  getGrantFromCode: () => ({ native: 'client.finishAuthorization(…)' }),
  checkPermissions: () => ({ native: 'permissions.check(…)', differs: ['granted-whole', 'asked-by-id'] }),
  loginUrl: () => ({ native: '/auth/login' }),
  logoutUrl: () => ({ native: 'POST /auth/logout' }),
  accountUrl: () => ({ native: 'verifier.issuer.baseUrl + "/account"' }),
  redirectToLogin: () => ({ native: 'session({ redirectToLogin })' }),
};

const PATHS = ['logout', 'admin'];

function judgeMiddleware(call: SyntaxNode, { hasLogins }: ConnectFacts, scope: Scope): Partial<Verdict> {
  const [argument] = call.arguments as (SyntaxNode | undefined)[];
  const options = argument === undefined ? {} : evaluate(argument, scope);
  const entries = isRecord(options) ? Object.entries(options) : [];
  const wrong = entries.filter(
    ([name, value]) =>
      PATHS.includes(name) && typeof value === 'string' && value !== '' && !/^\/[^\s?#]*$/.test(value),
  );
  const unknown = entries.map(([name]) => name).filter((name) => !PATHS.includes(name));
  return {
    ...toVerdict({
      problems: wrong.map(([name]) => `${name}: must be a path (for example '/${name}')`),
      ignored:
        unknown.length === 0
          ? []
          : [`keycloak.middleware ignores ${unknown.join(', ')}: it has no such option`],
    }),
    native: 'kc.session({ secret }) and kc.backchannelLogout()',
    differs: [...(hasLogins ? (['logout-here'] as const) : []), 'admin-messages'],
  };
}

function judgeProtect(call: SyntaxNode, { passed }: ConnectFacts, scope: Scope): Partial<Verdict> {
  const [argument] = call.arguments as (SyntaxNode | undefined)[];
  if (argument === undefined) return { native: 'kc.guard()', differs: ['status-401'] };
  const spec = evaluate(argument, scope);
  if (spec !== UNKNOWN) return toSpecVerdict(spec);
  const role = realmRoleOf(argument);
  const specs = passed.get(call) ?? [];
  const isSure = role !== undefined || (specs.length > 0 && specs.every((one) => one.spec !== UNKNOWN));
  return {
    native: role === undefined ? 'kc.guard({ check: (principal) => … })' : `kc.guard({ realmRole: ${role} })`,
    differs: ['status-401'],
    remark: isSure ? null : toUnsure('a string or a function: with a list or an async function'),
  };
}

const toUnsure = (must: string): string =>
  `Only the running program knows this value. It must be ${must}, the drop-in refuses to start; keycloak-connect admits every signed-in user then.`;

/** The verdict on a value that `protect` gets. */
export function toSpecVerdict(spec: unknown): Partial<Verdict> {
  const verdict = toVerdict(judgeSpec(spec));
  const differs: DifferenceId[] = ['status-401'];
  if (typeof spec === 'string') {
    if (spec.split(':').length > 2) differs.push('role-colons');
    return { ...verdict, native: `kc.guard(${requirementOf(spec)})`, differs };
  }
  if (typeof spec === 'function')
    return {
      native: 'kc.guard({ check: (principal) => … })',
      differs,
      blocked: verdict.blocked && ASYNC,
    };
  const roles = [spec].flat().filter((one): one is string => typeof one === 'string');
  return {
    native:
      roles.length > 0 ? `kc.guard({ anyOf: [${roles.map(requirementOf).join(', ')}] }), or allOf` : null,
    differs,
    blocked:
      verdict.blocked &&
      `keycloak-connect ignores a list or an object: every signed-in user gets in today. Name the roles, for example ${toSpec(roles)}.`,
  };
}

const ASYNC =
  'An async function returns a promise, which counts as yes: every signed-in user gets in today. Make the check synchronous, or await its data in an earlier handler.';

/** A function that does what the list seems to say. */
function toSpec(roles: readonly string[]): string {
  const names = roles.length > 0 ? roles : ['realm:admin', 'editor'];
  return `(token) => ${names.map((role) => `token.hasRole(${quote(role)})`).join(' || ')}`;
}

function judgeEnforcer(call: SyntaxNode, { clientIds }: ConnectFacts, scope: Scope): Partial<Verdict> {
  const [first, second] = call.arguments as (SyntaxNode | undefined)[];
  const permissions = first === undefined ? undefined : evaluate(first, scope);
  const options = second === undefined ? {} : evaluate(second, scope);
  const [clientId = 'the client of this application'] = clientIds;
  const server = isRecord(options) ? options.resource_server_id : undefined;
  const own = typeof server === 'string' && clientIds.has(server) ? server : clientId;
  const verdict = toVerdict(judgePermissions(permissions, options, own));
  const isSure = ![permissions].flat().includes(UNKNOWN) || Array.isArray(permissions);
  return {
    ...verdict,
    remark: isSure
      ? (verdict.remark ?? null)
      : toUnsure('a string or a list that is not empty: with an empty list'),
    blocked: isNothing(permissions)
      ? 'An enforcer without permissions admits every caller today, even without a token. Name a permission, or remove the guard.'
      : (verdict.blocked ?? null),
    native: nativeOfPermissions(permissions),
    differs: ['status-401', 'granted-whole', 'asked-by-id'],
  };
}

const isNothing = (permissions: unknown): boolean =>
  permissions === undefined || (Array.isArray(permissions) && permissions.length === 0);

function nativeOfPermissions(permissions: unknown): string | null {
  const toText = (one: unknown) => (typeof one === 'string' ? quote(one.replace(':', '#')) : '…');
  if (typeof permissions === 'string') return `permit(${toText(permissions)})`;
  if (!Array.isArray(permissions)) return isNothing(permissions) ? null : 'permit(…)';
  return permissions.length === 0 ? null : `permit({ allOf: [${permissions.map(toText).join(', ')}] })`;
}
