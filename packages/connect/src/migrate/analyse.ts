import { type Project, toPlainLine } from '@keycloak-guard/cli/unstable';
import { learnFacts } from './connect-facts.ts';
import { findConnectUses, findPassedUses } from './connect-uses.ts';
import type { Finding } from './finding.ts';
import {
  type Edit,
  editOf,
  findDeclarations,
  findMentions,
  findNames,
  judgeMention,
  REPLACEMENTS,
} from './imports.ts';
import { findDependencies, findTooOld, isUnreadable } from './manifests.ts';
import { learnGuards } from './nest-guards.ts';
import { findNestUses } from './nest-uses.ts';
import { findSettingsFiles, findSettingsUses } from './settings.ts';

/** The result of examining a project. */
export interface Analysis {
  /** Names of the old packages that are used. */
  readonly packages: readonly string[];
  readonly findings: readonly Finding[];
  readonly edits: readonly Edit[];
  /** Files that cannot be parsed: they may need changes. */
  readonly unread: readonly string[];
}

export function analyse(project: Project): Analysis {
  const { sources, settings, manifests } = project;
  const unread = [
    ...project.unread,
    ...[...manifests].filter(([, text]) => isUnreadable(text)).map(([file]) => file),
  ].map(toPlainLine);
  const read = sources.map((source) => ({ source, mentions: findMentions(source.program) }));
  const names = new Set(read.flatMap(({ mentions }) => mentions.map(({ name }) => name)));
  const dependencies = [...manifests].flatMap(([file, text]) => findDependencies(file, text));
  for (const { name } of dependencies) if (Object.hasOwn(REPLACEMENTS, name)) names.add(name);
  if (names.size === 0) return { packages: [], findings: [], edits: [], unread };

  const files = findSettingsFiles(settings);
  const facts = learnFacts(
    read,
    files.map((one) => one.settings),
    project,
  );
  const isNest = names.has('nest-keycloak-connect');
  const mentions = read.flatMap(({ source, mentions: all }) =>
    all.map((mention) => ({ source, mention, finding: judgeMention(source, mention) })),
  );
  const guards = learnGuards(read, project.others.values());
  const findings = [
    ...dependencies.map(({ finding }) => finding),
    ...[...manifests].flatMap(([file, text]) => findTooOld(file, text)),
    ...mentions.map(({ finding }) => finding),
    ...sources.flatMap(findDeclarations),
    ...read.flatMap(({ source, mentions: all }) => [
      ...findNames(source, all),
      ...(names.has('keycloak-connect') ? findConnectUses(source, all, facts) : []),
      ...(isNest ? findNestUses(source, all, guards) : []),
    ]),
    ...findPassedUses(facts),
    ...files.flatMap((file) => findSettingsUses(file, isNest)),
  ];
  return {
    packages: [...names].sort(),
    findings: findings.sort(byLine).map(toPlainFinding),
    edits: mentions.flatMap(({ source, mention }) =>
      mention.inside === '' && !mention.isFork ? [editOf(source, mention)] : [],
    ),
    unread,
  };
}

/** Names of files and texts of programs are anybody's: no line of theirs looks like one of the report. */
function toPlainFinding(finding: Finding): Finding {
  const { file, use, blocked, remark } = finding;
  const texts = { file, use, blocked, remark };
  const lines = Object.entries(texts).map(([name, text]) => [name, text === null ? null : toPlainLine(text)]);
  return { ...finding, ...Object.fromEntries(lines) };
}

const byLine = (a: Finding, b: Finding): number =>
  a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1;
