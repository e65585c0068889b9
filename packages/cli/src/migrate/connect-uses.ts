import type { Finding } from './finding.ts';
import type { Mention } from './imports.ts';
import type { SourceFile } from './project.ts';
import { quoteUse } from './quote-use.ts';
import { isFunction, isNode, lastNameOf, type SyntaxNode, textOf, walk } from './syntax.ts';

type Verdict = Pick<Finding, 'dropIn' | 'native' | 'differs' | 'blocked'>;

const AS_IT_IS: Verdict = { dropIn: null, native: null, differs: [], blocked: null };

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

function classNamesOf(mentions: readonly Mention[]): Set<string> {
  return new Set(
    mentions
      .filter(({ name, inside }) => name === 'keycloak-connect' && /^$|keycloak(\.js)?$|index/.test(inside))
      .flatMap(({ names }) =>
        [...names].filter(([, from]) => from === 'default' || from === '*').map(([local]) => local),
      ),
  );
}

function isClass(callee: unknown, classes: ReadonlySet<string>): boolean {
  if (!isNode(callee)) return false;
  if (callee.type === 'Identifier') return classes.has(callee.name as string);
  // `new module.default(…)` and `new (require('keycloak-connect'))(…)`.
  if (callee.type === 'MemberExpression') return isClass(callee.object, classes);
  return (
    callee.type === 'CallExpression' && textOf((callee.arguments as unknown[])[0]) === 'keycloak-connect'
  );
}

/** Finds every use of a `Keycloak`, of what it sets on requests, and of its classes. */
export function findConnectUses(
  { file, text, program }: SourceFile,
  mentions: readonly Mention[],
  instances: ReadonlySet<string>,
): Finding[] {
  const classes = classNamesOf(mentions);
  const isInstance = (node: unknown): boolean => {
    const name = lastNameOf(node);
    return name !== undefined && (instances.has(name) || /keycloak/i.test(name));
  };
  const found: Finding[] = [];
  const add = (node: SyntaxNode, verdict: Partial<Verdict>, shown = node) =>
    found.push({
      ...AS_IT_IS,
      ...verdict,
      file,
      line: shown.loc.start.line,
      use: quoteUse(text, shown),
    });

  for (const { node, around } of walk(program)) {
    if (node.type === 'NewExpression' && isClass(node.callee, classes)) {
      add(node, judgeConstructor(node));
    } else if (node.type === 'CallExpression' || node.type === 'OptionalCallExpression') {
      const callee = node.callee as SyntaxNode;
      const method = isMember(callee) ? lastNameOf(callee.property) : undefined;
      if (method === undefined || !isMember(callee)) continue;
      if (METHODS[method] !== undefined && isInstance(callee.object))
        add(node, METHODS[method](node, isNested(around)));
      else if (GRANT_MANAGER[method] !== undefined && isGrantManager(callee.object)) {
        add(node, { native: GRANT_MANAGER[method] });
      }
    } else if (isMember(node) && (lastNameOf(node.property) ?? textOf(node.property)) === 'kauth') {
      add(node, { native: nativeOfKauth(text, outermost(node, around)) }, outermost(node, around));
    } else if (node.type === 'AssignmentExpression' && isHook(node.left)) {
      add(
        node,
        { native: HOOKS[lastNameOf(node.left) ?? ''] ?? null, differs: differsOfHook(node.left) },
        node.left as SyntaxNode,
      );
    } else if (node.type === 'AssignmentExpression' && isOfManager(node.left)) {
      add(node, { native: GRANT_MANAGER[lastNameOf(node.left) ?? ''] ?? null }, node.left as SyntaxNode);
    }
  }
  return found;
}

const isMember = (node: SyntaxNode): boolean =>
  node.type === 'MemberExpression' || node.type === 'OptionalMemberExpression';

/** The whole expression, for example `request.kauth.grant.access_token` for `request.kauth`. */
function outermost(node: SyntaxNode, around: readonly SyntaxNode[]): SyntaxNode {
  let whole = node;
  for (const one of around) {
    const goesOn = (isMember(one) && one.object === whole) || one.type === 'TSNonNullExpression';
    if (!goesOn) break;
    whole = one;
  }
  return whole;
}

const isGrantManager = (node: unknown): boolean =>
  lastNameOf(node) === 'grantManager' || /grant_?manager/i.test(lastNameOf(node) ?? '');

const isOfManager = (left: unknown): boolean =>
  isNode(left) &&
  isMember(left) &&
  Object.hasOwn(GRANT_MANAGER, lastNameOf(left.property) ?? '') &&
  isGrantManager(left.object);

/** Whether the call is an argument of another one, such as `app.get('/path', keycloak.protect(), …)`. */
const isNested = ([parent]: readonly SyntaxNode[]): boolean => parent?.type === 'CallExpression';

function judgeConstructor(node: SyntaxNode): Partial<Verdict> {
  const [options, config] = node.arguments as (SyntaxNode | undefined)[];
  const members = new Map(
    [options, config].flatMap((one) =>
      one?.type === 'ObjectExpression'
        ? (one.properties as SyntaxNode[]).map(
            (p) => [lastNameOf(p.key) ?? textOf(p.key) ?? '', p.value] as const,
          )
        : [],
    ),
  );
  const verifies = (members.get('verify-token-audience') as SyntaxNode | undefined)?.value === true;
  return {
    dropIn: 'new Keycloak(…), from keycloak-guard/connect',
    native: 'keycloak({ serverUrl, realm, clientId, … }), from keycloak-guard/express',
    differs: [
      ...(verifies ? [] : (['audience'] as const)),
      'login-bound',
      ...(members.has('cookies') ? (['cookie-flags'] as const) : []),
      ...(members.has('realm-public-key') || members.has('realmPublicKey') ? (['pinned-key'] as const) : []),
    ],
  };
}

const METHODS: Readonly<Record<string, (call: SyntaxNode, isNested: boolean) => Partial<Verdict>>> = {
  middleware: () => ({
    native: 'kc.session({ secret }) and kc.backchannelLogout()',
    differs: ['logout-here', 'admin-messages'],
  }),
  protect: judgeProtect,
  enforcer: (call) => ({ ...judgeEnforcer(call), differs: ['status-401', 'granted-whole', 'asked-by-id'] }),
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

const GRANT_MANAGER: Readonly<Record<string, string>> = {
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

function judgeProtect(call: SyntaxNode): Partial<Verdict> {
  const [wanted] = call.arguments as (SyntaxNode | undefined)[];
  const differs = ['status-401'] as const;
  if (wanted === undefined) return { native: 'kc.guard()', differs };
  const role = textOf(wanted);
  if (role !== undefined) {
    const colons = role.split(':').length > 2 ? (['role-colons'] as const) : [];
    return { native: `kc.guard(${requirementOf(role)})`, differs: [...differs, ...colons] };
  }
  const expression = realmRoleOf(wanted);
  if (expression !== undefined) return { native: `kc.guard({ realmRole: ${expression} })`, differs };
  if (wanted.type === 'ArrayExpression' || wanted.type === 'ObjectExpression') {
    const roles = ((wanted.elements as unknown[]) ?? []).map(textOf).filter((one) => one !== undefined);
    const native =
      roles.length > 0
        ? `kc.guard({ anyOf: [${roles.map(requirementOf).join(', ')}] }), or allOf`
        : 'kc.guard({ anyOf: […] })';
    return {
      native,
      differs,
      blocked:
        'The adapter ignored a list or an object: everybody who is signed in gets in today. Say which roles are meant: the drop-in refuses this at the start.',
    };
  }
  if (isFunction(wanted) && wanted.async === true) {
    return {
      native: 'kc.guard({ check: (principal) => … })',
      differs,
      blocked:
        'An async function returns a promise, which is true: everybody who is signed in gets in today. Make the check synchronous, or put what it waits for into a middleware of its own.',
    };
  }
  return { native: 'kc.guard({ check: (principal) => … })', differs };
}

/** `role` of `'realm:' + role`, and of a template that says the same. */
function realmRoleOf(wanted: SyntaxNode): string | undefined {
  if (wanted.type === 'BinaryExpression' && wanted.operator === '+')
    return textOf(wanted.left) === 'realm:' ? pathOf(wanted.right) : undefined;
  if (wanted.type !== 'TemplateLiteral') return undefined;
  const texts = (wanted.quasis as { value: { cooked?: string } }[]).map(({ value }) => value.cooked);
  if (texts.length !== 2 || texts[0] !== 'realm:' || texts[1] !== '') return undefined;
  return pathOf((wanted.expressions as unknown[])[0]);
}

/** `config.roles.admin`, where it is no more than that. */
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

function judgeEnforcer(call: SyntaxNode): Partial<Verdict> {
  const [wanted] = call.arguments as (SyntaxNode | undefined)[];
  const one = textOf(wanted);
  if (one !== undefined) return { native: `permit(${quote(one.replace(':', '#'))})` };
  if (wanted?.type === 'ArrayExpression') {
    const elements = wanted.elements as unknown[];
    if (elements.length === 0) {
      return {
        native: null,
        blocked:
          'An empty list lets everybody in today, without a token: say what is meant. The drop-in refuses it at the start.',
      };
    }
    const all = elements.map(textOf);
    return {
      native: all.every((text) => text !== undefined)
        ? `permit({ allOf: [${all.map((text) => quote(text.replace(':', '#'))).join(', ')}] })`
        : 'permit({ allOf: […] })',
    };
  }
  return { native: 'permit(…)' };
}

function nativeOfKauth(text: string, node: SyntaxNode): string | null {
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

/** Methods that applications replace. */
const HOOKS: Readonly<Record<string, string>> = {
  accessDenied: 'an error handler of the app, or onDenied',
  redirectToLogin: 'session({ redirectToLogin: false })',
  authenticated: 'session({ onLogin })',
  deauthenticated: 'session({ onEvent })',
};

function isHook(left: unknown): boolean {
  if (!isNode(left) || !isMember(left)) return false;
  const name = lastNameOf(left.property) ?? '';
  return Object.hasOwn(HOOKS, name) && /keycloak|prototype|^kc$/i.test(lastNameOf(left.object) ?? '');
}

const differsOfHook = (left: unknown) =>
  lastNameOf(left) === 'accessDenied' ? (['status-401'] as const) : [];
