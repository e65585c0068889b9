import { findConnectUses, findInstanceNames } from './connect-uses.ts';
import type { Finding } from './finding.ts';
import { findMentions, type Mention } from './imports.ts';
import { findNestUses } from './nest-uses.ts';
import { REPLACEMENTS, REPLACING_PACKAGE } from './packages.ts';
import type { Project, SourceFile } from './project.ts';
import { quoteUse } from './quote-use.ts';
import { findSettingsUses } from './settings-uses.ts';

/** A piece of text, and its replacement. */
export interface Edit {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The result of examining a project. */
export interface Analysis {
  /** Names of the old packages that are used. */
  readonly packages: readonly string[];
  readonly findings: readonly Finding[];
  readonly edits: readonly Edit[];
}

export function analyse({ sources, settings, manifests }: Project): Analysis {
  const withMentions = sources.map((source) => ({ source, mentions: findMentions(source.program) }));
  const named = new Set(withMentions.flatMap(({ mentions }) => mentions.map(({ name }) => name)));
  const dependencies = [...manifests].flatMap(([file, text]) => findDependencies(file, text));
  for (const { name } of dependencies) named.add(name);
  const instances = new Set(
    withMentions.flatMap(({ source, mentions }) => findInstanceNames(source.program, mentions)),
  );
  const findings: Finding[] = dependencies.map(({ finding }) => finding);
  const edits: Edit[] = [];
  for (const { source, mentions } of withMentions) {
    for (const mention of mentions) {
      const finding = judgeMention(source, mention);
      findings.push(finding);
      if (finding.blocked === null) edits.push(editOf(source, mention));
    }
    if (named.has('keycloak-connect')) findings.push(...findConnectUses(source, mentions, instances));
    findings.push(...findNestUses(source, mentions));
  }
  if (named.size > 0) {
    for (const [file, text] of settings) findings.push(...findSettingsUses(file, text));
  }
  return { packages: [...named].sort(), findings: findings.sort(byPlace), edits };
}

/** Finds the lines of a `package.json` that name an old package. */
function findDependencies(file: string, text: string): { name: string; finding: Finding }[] {
  return text.split('\n').flatMap((line, at) => {
    const name = /^\s*"([^"]+)"\s*:/.exec(line)?.[1];
    if (name === undefined || !Object.hasOwn(REPLACEMENTS, name)) return [];
    const use = line.trim().replace(/,$/, '');
    const dropIn = `"${REPLACING_PACKAGE}"`;
    return [
      { name, finding: { file, line: at + 1, use, dropIn, native: dropIn, differs: [], blocked: null } },
    ];
  });
}

function judgeMention({ file, text }: SourceFile, { name, inside, node }: Mention): Finding {
  const target = inside === '' ? REPLACEMENTS[name] : undefined;
  return {
    file,
    line: node.loc.start.line,
    use: quoteUse(text, node),
    dropIn: target === undefined ? null : `'${target}'`,
    native: name === 'keycloak-connect' ? "'keycloak-guard/express'" : "'keycloak-guard/nest'",
    differs: [],
    blocked: target === undefined ? wayOutOf(name, inside) : null,
  };
}

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
    ? `'${name}/${inside}' is a file inside the package, and no part of its public surface: take what you need from 'keycloak-guard'.`
    : `'${name}/${inside}' is a file inside the package: take { ${member} } from '${REPLACEMENTS[name]}'.`;
}

function editOf({ file, text }: SourceFile, { name, specifier }: Mention): Edit {
  const quoteMark = text[specifier.start] ?? "'";
  return {
    file,
    start: specifier.start,
    end: specifier.end,
    text: `${quoteMark}${REPLACEMENTS[name]}${quoteMark}`,
  };
}

const byPlace = (a: Finding, b: Finding): number =>
  a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1;
