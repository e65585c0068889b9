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

/** Methods that applications replace, and with how many arguments keycloak-connect and the drop-in call them. */
export const HOOKS: Readonly<Record<string, number>> = {
  ...{ accessDenied: 3, redirectToLogin: 1 },
  ...{ authenticated: 1, deauthenticated: 1 },
};

/** Why a hook does not work as it is: some forks of keycloak-connect hand it a callback. */
export function refusedHook(name: string, hook: unknown): string | null {
  const most = HOOKS[name];
  const parameters = isNode(hook) ? (hook.params as readonly SyntaxNode[] | undefined) : undefined;
  const callback = most === undefined ? undefined : parameters?.[most];
  if (callback === undefined || callback.type === 'AssignmentPattern' || callback.type === 'RestElement')
    return null;
  return `The drop-in calls ${name} as keycloak-connect on npm does, without \`${lastNameOf(callback) ?? 'a callback'}\`: a call of it fails. Remove the parameter; the answer is sent when the function has returned.`;
}

/** Whether a value is the name of a role of the realm, whatever role that is: `'realm:' + role`, or a template that says the same. */
function isRealmRole(spec: SyntaxNode): boolean {
  if (spec.type === 'BinaryExpression' && spec.operator === '+') return textOf(spec.left) === 'realm:';
  if (spec.type !== 'TemplateLiteral') return false;
  const texts = (spec.quasis as { value: { cooked?: string } }[]).map(({ value }) => value.cooked);
  return texts.length === 2 && texts[0] === 'realm:' && texts[1] === '';
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

/** The methods of `Keycloak` whose calls behave differently, or may be refused. */
export const METHODS: Readonly<Record<string, Judge>> = {
  middleware: judgeMiddleware,
  protect: judgeProtect,
  enforcer: judgeEnforcer,
  checkSso: () => ({ differs: ['login-bound'] }),
  checkPermissions: () => ({ differs: ['granted-whole', 'asked-by-id'] }),
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
    differs: [...(hasLogins ? (['logout-here'] as const) : []), 'admin-messages'],
  };
}

function judgeProtect(call: SyntaxNode, { passed }: ConnectFacts, scope: Scope): Partial<Verdict> {
  const [argument] = call.arguments as (SyntaxNode | undefined)[];
  if (argument === undefined) return { differs: ['status-401'] };
  const spec = evaluate(argument, scope);
  if (spec !== UNKNOWN) return toSpecVerdict(spec);
  const specs = passed.get(call) ?? [];
  const isSure = isRealmRole(argument) || (specs.length > 0 && specs.every((one) => one.spec !== UNKNOWN));
  return {
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
    return { ...verdict, differs };
  }
  if (typeof spec === 'function') return { differs, blocked: verdict.blocked && ASYNC };
  const roles = [spec].flat().filter((one): one is string => typeof one === 'string');
  return {
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
    differs: ['status-401', 'granted-whole', 'asked-by-id'],
  };
}

const isNothing = (permissions: unknown): boolean =>
  permissions === undefined || (Array.isArray(permissions) && permissions.length === 0);
