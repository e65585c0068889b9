import type { SourceFile } from '../source/project.ts';
import { textOf, walk } from '../source/syntax.ts';
import { AS_IT_IS, type Finding } from './finding.ts';
import type { Mention } from './imports.ts';
import { EXPORTS, REPLACEMENTS, toOldPackage } from './packages.ts';
import { quoteUse } from './quote-use.ts';
import type { Edit } from './rewrite.ts';

/** The verdict on an import: whether the drop-in has that file, and exports those names. */
export function judgeMention({ file, text }: SourceFile, { name, inside, node, names }: Mention): Finding {
  const target = inside === '' ? REPLACEMENTS[name] : undefined;
  const missing = [...names.values()].filter(
    (one) => one !== '*' && one !== 'default' && EXPORTS[name]?.has(one) === false,
  );
  return {
    ...AS_IT_IS,
    file,
    line: node.loc.start.line,
    use: quoteUse(text, node),
    dropIn: target === undefined ? null : `'${target}'`,
    native: name === 'keycloak-connect' ? "'keycloak-guard/express'" : "'keycloak-guard/nest'",
    blocked:
      target === undefined
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
