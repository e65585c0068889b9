import { isNode, lastNameOf, type SyntaxNode, textOf, walk } from '../source/syntax.ts';
import { toOldPackage } from './packages.ts';

/** A mention of an old package in a program. */
export interface Mention {
  readonly name: string;
  readonly inside: string;
  /** The string with its name, which is rewritten. */
  readonly specifier: SyntaxNode;
  /** The statement or expression around it, for the report. */
  readonly node: SyntaxNode;
  /** Names in the package by local name; `default` and `*` included. */
  readonly names: ReadonlyMap<string, string>;
}

/** Finds every import, re-export, `require`, `import()` and mock of an old package. */
export function findMentions(program: SyntaxNode): Mention[] {
  const found: Mention[] = [];
  for (const { node, around } of walk(program)) {
    const specifier = specifierOf(node);
    const old = specifier === undefined ? undefined : toOldPackage(textOf(specifier) ?? '');
    if (specifier === undefined || old === undefined) continue;
    found.push({ ...old, specifier, node: statementOf(node, around), names: namesOf(node, around) });
  }
  return found;
}

/** Functions that take the name of a module as their first argument. */
const LOADERS = new Set([
  'require',
  'require.resolve',
  'jest.mock',
  'jest.unmock',
  'jest.requireActual',
  'jest.requireMock',
  'jest.doMock',
  'vi.mock',
  'vi.unmock',
  'vi.doMock',
  'vi.importActual',
  'proxyquire',
  'rewire',
  'mock',
]);

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
      const isLoader = callee.type === 'Import' || LOADERS.has(calleeText(callee));
      return isLoader && first !== undefined && textOf(first) !== undefined ? first : undefined;
    }
    default:
      return undefined;
  }
}

function calleeText(callee: SyntaxNode): string {
  if (callee.type === 'Identifier') return callee.name as string;
  if (callee.type !== 'MemberExpression') return '';
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
