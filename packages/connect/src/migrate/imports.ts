import {
  isNode,
  lastNameOf,
  type SourceFile,
  type SyntaxNode,
  textOf,
  walk,
} from '@keycloak-guard/cli/unstable';
import { AS_IT_IS, type Finding, quoteUse } from './finding.ts';

/** Replacements of the deprecated packages. */
export const REPLACEMENTS: Readonly<Record<string, string>> = {
  'keycloak-connect': '@keycloak-guard/connect',
  'nest-keycloak-connect': '@keycloak-guard/connect/nest',
};

/** The packages that a project then depends on: the drop-in asks for the library of the same version. */
export const NEW_PACKAGES = ['@keycloak-guard/connect', 'keycloak-guard'];

/** The packages that a project no longer needs: the types, too. */
export const REPLACED_PACKAGES: ReadonlySet<string> = new Set([
  ...Object.keys(REPLACEMENTS),
  '@types/keycloak-connect',
]);

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Every name that a drop-in exports. */
export const EXPORTS: Readonly<Record<string, ReadonlySet<string>>> = {
  'keycloak-connect': words(`
    Keycloak Config Grant GrantManager Token Callback EnforcerOptions GrantProperties GrantData
    KeycloakConfig MiddlewareOptions KeycloakOptions AuthZRequest GuardFn GaurdFn ConnectHandler
    ConnectRequest ConnectResponse Kauth KauthRequest Next GrantStore TokenContent TokenPermission
    PolicyEnforcerConfig PathConfig MethodConfig
  `),
  'nest-keycloak-connect': words(`
    KeycloakConnectModule KeycloakConnectModuleAsyncOptions KeycloakConnectService KeycloakConnectConfig
    KeycloakConnectOptions KeycloakConnectOptionsFactory NestKeycloakConfig MultiTenantOptions
    KeycloakMultiTenantService ConnectToken ConnectDecorator AuthGuard ResourceGuard RoleGuard Public
    Unprotected Roles RoleMatchingMode RoleDecoratorOptionsInterface Resource Scopes ConditionalScopes
    ConditionalScopeFn ResolvedScopes EnforcerOptions EnforcerOptionsInterface KeycloakUser
    AuthenticatedUser AccessToken TokenValidation PolicyEnforcementMode RoleMatch RoleMerge
    KEYCLOAK_INSTANCE KEYCLOAK_CONNECT_OPTIONS KEYCLOAK_LOGGER KEYCLOAK_MULTITENANT_SERVICE
    KEYCLOAK_COOKIE_DEFAULT META_ROLES META_ROLE_MATCHING_MODE META_UNPROTECTED META_SKIP_AUTH META_PUBLIC
    META_RESOURCE META_SCOPES META_CONDITIONAL_SCOPES META_ENFORCER_OPTIONS
  `),
};

/** Files inside nest-keycloak-connect whose names its drop-in exports at its door. */
const AT_INDEX = /^(constants|keycloak-connect\.module|(interface|services|decorators|guards)\/[\w.-]+)$/;

/** A fork, or a wrapper: published in a scope of its own. */
const FORK = /^@(?!types\/|keycloak-guard\/)[\w.~-]+\/(?=(nest-)?keycloak-connect(\/|$))/;

/** The old package of which a package is a fork, by its name. */
export const forkOf = (name: string): string | undefined =>
  FORK.test(name) ? name.replace(FORK, '').replace(/\/.*$/, '') : undefined;

/** The old package of a module specifier, and the inner file that it names; empty if the drop-in exports its names. */
function toOldPackage(specifier: string): Pick<Mention, 'name' | 'inside' | 'isFork'> | undefined {
  if (FORK.test(specifier)) {
    const old = toOldPackage(specifier.replace(FORK, ''));
    return old && { ...old, isFork: true };
  }
  const path = specifier.replace(/^.*node_modules\//, '');
  const name = Object.keys(REPLACEMENTS).find((one) => path === one || path.startsWith(`${one}/`));
  if (name === undefined) return undefined;
  const inside = path.slice(name.length + 1);
  if (path !== specifier) return { name, inside };
  const file = inside.replace(/^dist\//, '').replace(/\.js$/, '');
  const isAtIndex = name === 'nest-keycloak-connect' && AT_INDEX.test(file);
  return { name, inside: isAtIndex ? '' : inside };
}

/** A mention of an old package in a program. */
export interface Mention {
  readonly name: string;
  readonly inside: string;
  /** By its name a fork of the package: what it exports is not known, and nothing is rewritten. */
  readonly isFork?: boolean;
  /** The string with its name, which is rewritten. */
  readonly specifier: SyntaxNode;
  /** The statement or expression around it, for the report. */
  readonly node: SyntaxNode;
  /** Names in the package by local name; `default` and `*` included. */
  readonly names: ReadonlyMap<string, string>;
}

/** Finds every import, re-export, `require`, `import()` and mock of an old package. */
export function findMentions(program: SyntaxNode): Mention[] {
  const mentions: Mention[] = [];
  for (const { node, around } of walk(program)) {
    const specifier = specifierOf(node);
    const old = specifier === undefined ? undefined : toOldPackage(textOf(specifier) ?? '');
    if (specifier === undefined || old === undefined) continue;
    mentions.push({ ...old, specifier, node: statementOf(node, around), names: namesOf(node, around) });
  }
  return mentions;
}

/** Functions whose first argument is the name of a module: `module.require`, `createRequire(…)`, `jest.setMock`, `td.replace`. */
const LOADER = /quire|import|mock|rewire|^td\.replace/i;

function specifierOf(node: SyntaxNode): SyntaxNode | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
    case 'ImportExpression':
      return isNode(node.source) ? node.source : undefined;
    case 'StringLiteral':
      // A path that a program joins by hand.
      return /(^|\/)node_modules\/(nest-)?keycloak-connect\/./.test(String(node.value)) ? node : undefined;
    case 'TSExternalModuleReference':
      return node.expression as SyntaxNode;
    case 'TSImportType':
      return node.argument as SyntaxNode;
    case 'CallExpression': {
      const callee = node.callee as SyntaxNode;
      const [first] = node.arguments as SyntaxNode[];
      const isLoader = callee.type === 'Import' || LOADER.test(calleeText(callee));
      return isLoader && first !== undefined && textOf(first) !== undefined ? first : undefined;
    }
    default:
      return undefined;
  }
}

function calleeText(callee: SyntaxNode): string {
  if (callee.type !== 'MemberExpression') return lastNameOf(callee) ?? '';
  return `${lastNameOf(callee.object) ?? ''}.${lastNameOf(callee.property) ?? ''}`;
}

function statementOf(node: SyntaxNode, around: readonly SyntaxNode[]): SyntaxNode {
  return (
    around.find(({ type }) => type === 'VariableDeclaration' || type === 'TSImportEqualsDeclaration') ?? node
  );
}

function namesOf(node: SyntaxNode, around: readonly SyntaxNode[]): Map<string, string> {
  const names = new Map<string, string>();
  const add = (local: unknown, imported: string | undefined) => {
    const name = lastNameOf(local);
    if (name !== undefined && imported !== undefined) names.set(name, imported);
  };
  if (node.type === 'ImportDeclaration') {
    for (const one of node.specifiers as SyntaxNode[]) {
      if (one.type === 'ImportDefaultSpecifier') add(one.local, 'default');
      else if (one.type === 'ImportNamespaceSpecifier') add(one.local, '*');
      else add(one.local, lastNameOf(one.imported) ?? textOf(one.imported));
    }
    return names;
  }
  if (node.type === 'ExportNamedDeclaration') {
    for (const { local } of node.specifiers as SyntaxNode[]) add(local, lastNameOf(local) ?? textOf(local));
    return names;
  }
  const binding = around.find(
    ({ type }) => type === 'VariableDeclarator' || type === 'TSImportEqualsDeclaration',
  );
  const target = binding?.id as SyntaxNode | undefined;
  // `require('keycloak-connect').Something` binds a member, not the module.
  const member = around[0]?.type === 'MemberExpression' ? lastNameOf(around[0].property) : undefined;
  if (target?.type === 'Identifier') add(target, member ?? '*');
  if (target?.type === 'ObjectPattern') {
    for (const one of target.properties as SyntaxNode[]) {
      if (one.type === 'ObjectProperty') add(one.value, lastNameOf(one.key) ?? textOf(one.key));
    }
  }
  return names;
}

/** A part of a file, and its replacement. */
export interface Edit {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies edits to the content of a file. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((changed, { start, end, text: put }) => changed.slice(0, start) + put + changed.slice(end), text);
}

/** The verdict on an import: whether the drop-in has that file, and exports those names. */
export function judgeMention(
  { file, text }: SourceFile,
  { name, inside, isFork, node, names }: Mention,
): Finding {
  const target = inside === '' ? REPLACEMENTS[name] : undefined;
  const missing = [...names.values()].filter(
    (one) => one !== '*' && one !== 'default' && EXPORTS[name]?.has(one) === false,
  );
  return {
    ...AS_IT_IS,
    file,
    line: node.loc.start.line,
    use: quoteUse(text, node),
    blocked: isFork
      ? `By its name a fork of ${name}, and the drop-in is made after ${name} of npm. Compare them, and where the fork adds nothing that you need, write '${REPLACEMENTS[name]}'.`
      : target === undefined
        ? wayOutOf(name, inside)
        : missing.length > 0
          ? `'${target}' has no ${missing.join(', ')}. ${WAYS_OUT[missing[0] ?? ''] ?? 'Write it in the application.'}`
          : null,
  };
}

const WAYS_OUT: Readonly<Record<string, string>> = {
  parseToken: 'It decodes unchecked tokens: read `request.user`.',
};

/** Classes in inner files of keycloak-connect, which the drop-in exports beside its constructor. */
const INSIDE: Readonly<Record<string, string>> = {
  token: 'Token',
  grant: 'Grant',
  'grant-manager': 'GrantManager',
  config: 'Config',
};

function wayOutOf(name: string, inside: string): string {
  const file = inside.slice(inside.lastIndexOf('/') + 1).replace(/\.js$/, '');
  const member = name === 'keycloak-connect' ? INSIDE[file] : undefined;
  return member === undefined
    ? `'${name}/${inside}' is a file inside the package, and not part of its public surface: take what you need from 'keycloak-guard'.`
    : `'${name}/${inside}' is a file inside the package: take { ${member} } from '${REPLACEMENTS[name]}'.`;
}

/** The declarations that add to the types of an old package: the drop-in's cannot be added to. */
export function findDeclarations({ file, text, program }: SourceFile): Finding[] {
  return [...walk(program)].flatMap(({ node }) => {
    const name = textOf(node.id) ?? '';
    if (node.type !== 'TSModuleDeclaration' || toOldPackage(name) === undefined) return [];
    const [use = ''] = quoteUse(text, node).split(' {');
    // In a module, the name must be that of a package that is there.
    const why =
      program.sourceType === 'module'
        ? 'Without the old package it does not compile'
        : 'It has no effect any more';
    const said = `${why}: remove it. The drop-in has types for the content of tokens, \`request.kauth\` and hooks; for more, write a type of your own.`;
    const verdict = program.sourceType === 'module' ? { blocked: said } : { remark: said };
    return [{ ...AS_IT_IS, file, line: node.loc.start.line, use, ...verdict }];
  });
}

/** Where a program names an old package otherwise, for example as a key of `proxyquire`, or in a variable. */
export function findNames({ file, text, program }: SourceFile, mentions: readonly Mention[]): Finding[] {
  const known = new Set(mentions.map(({ specifier }) => specifier));
  return [...walk(program)].flatMap(({ node, around: [parent = node] }) => {
    const name = textOf(node) ?? '';
    if (!Object.hasOwn(REPLACEMENTS, name) || known.has(node) || parent.type === 'TSModuleDeclaration')
      return [];
    const remark = `It stays as it is: where it loads the package, or stands in for it in a test, write '${REPLACEMENTS[name]}'.`;
    return [{ ...AS_IT_IS, file, line: node.loc.start.line, use: quoteUse(text, parent), remark }];
  });
}

/** The edit that makes an import lead to the drop-in. */
export function editOf({ file, text }: SourceFile, { name, specifier }: Mention): Edit {
  const quoteMark = text[specifier.start] ?? "'";
  return {
    file,
    start: specifier.start,
    end: specifier.end,
    text: `${quoteMark}${REPLACEMENTS[name]}${quoteMark}`,
  };
}
