// Tables of options for the pages in docs/: the default of each from the table of rules that also checks it, what it means from
// the doc comment of the interface.
import { readFileSync } from 'node:fs';
import { PERMISSIONS_RULES } from '../../packages/guard/src/authz/asking/options.ts';
import { DPOP_RULES } from '../../packages/guard/src/core/binding/dpop-options.ts';
import type { OptionRule } from '../../packages/guard/src/core/options/check-options.ts';
import { VERIFIER_RULES } from '../../packages/guard/src/core/options.ts';
import { EVENTS_RULES } from '../../packages/guard/src/events/options.ts';
import { LOGIN_LIMIT_RULES } from '../../packages/guard/src/limits/options.ts';
import { SESSION_RULES } from '../../packages/guard/src/session/options.ts';

/** An interface of options with its rules. */
export interface OptionSource {
  /** Below `packages/guard/src/`. */
  readonly file: string;
  readonly name: string;
  readonly rules: Readonly<Record<string, OptionRule>>;
}

export const VERIFIER: OptionSource = {
  file: 'core/options.ts',
  name: 'VerifierOptions',
  rules: VERIFIER_RULES,
};
export const SESSION: OptionSource = {
  file: 'session/options.ts',
  name: 'SessionOptions',
  rules: SESSION_RULES,
};
export const PERMISSIONS: OptionSource = {
  file: 'authz/asking/options.ts',
  name: 'PermissionsOptions',
  rules: PERMISSIONS_RULES,
};
export const DPOP: OptionSource = {
  file: 'core/binding/dpop-options.ts',
  name: 'DpopOptions',
  rules: DPOP_RULES,
};
export const EVENTS: OptionSource = {
  file: 'events/options.ts',
  name: 'EventsOptions',
  rules: EVENTS_RULES,
};
/** Their defaults depend on others, so that only the comments say them. */
const LOGIN_LIMITS: OptionSource = {
  ...{ file: 'limits/options.ts', name: 'LoginLimitOptions', rules: LOGIN_LIMIT_RULES },
};
const LOGIN_SETTINGS: OptionSource = {
  ...{ file: 'adapters/engine/parts/login-limits.ts', name: 'LoginLimitSettings', rules: {} },
};
const ADAPTER: OptionSource = { file: 'adapters/engine/options.ts', name: 'AdapterOptions', rules: {} };

/** Pages that say more about an option. */
const SEE: Readonly<Record<string, string>> = {
  credential: '[calling other services](calling-other-services.md#no-secret-to-steal)',
  dpop: '[proof of possession](sensitive-routes.md#proof-of-possession)',
  acrLevels: '[step-up](sensitive-routes.md#step-up)',
  observers: '[observability](observability.md)',
  onNotice: '[notices](errors.md#notices)',
};

/** Tables of options, by page and by the name between their marks. */
export const OPTION_TABLES: Readonly<Record<string, Readonly<Record<string, () => readonly string[]>>>> = {
  'docs/library.md': { options: () => [...toRows(VERIFIER), ...toRows(ADAPTER)] },
  'docs/permissions.md': { options: () => toRows(PERMISSIONS) },
  'docs/sensitive-routes.md': { options: () => toRows(DPOP) },
  'docs/sessions.md': { options: () => toRows(SESSION) },
  'docs/production.md': {
    options: () => [...toRows(LOGIN_LIMITS), ...toRows(LOGIN_SETTINGS)],
  },
  'docs/events.md': {
    options: () => toRows(EVENTS),
  },
};

/** One option as its interface describes it. */
export interface DescribedOption {
  readonly name: string;
  readonly meaning: string;
  /** The words behind "Default" in the comment. */
  readonly saidDefault: string | undefined;
}

const DEFAULT = / ?Default:? (.*?)\.(?= |$)/;

export function describeOptions({ file, name }: OptionSource): DescribedOption[] {
  const text = readFileSync(new URL(`../../packages/guard/src/${file}`, import.meta.url), 'utf8');
  const body = new RegExp(`\\nexport interface ${name}\\b.*\\{\\n([\\s\\S]*?)\\n\\}`).exec(text)?.[1] ?? '';
  return [...body.matchAll(/\/\*\*([\s\S]*?)\*\/\s*readonly (\w+)/g)].map(([, comment = '', option = '']) => {
    const words = comment
      .replace(/\s*\n\s*\* ?/g, ' ')
      .replace(/\{@link (\w+)\}/g, '`$1`')
      .trim();
    return {
      name: option,
      meaning: words.replace(DEFAULT, '').trim(),
      saidDefault: DEFAULT.exec(words)?.[1],
    };
  });
}

/** A default as the comments write it; `undefined` for one that is made or has no short form. */
export function writeDefault(value: unknown): string | undefined {
  if (typeof value === 'number') return value.toLocaleString('en-US');
  if (typeof value === 'string') return `\`${value}\``;
  return typeof value === 'boolean' ? String(value) : undefined;
}

function toRows(source: OptionSource): string[] {
  return describeOptions(source).map(({ name, meaning, saidDefault = 'none' }) => {
    const rule = source.rules[name];
    const preset = rule?.isRequired ? 'required' : (writeDefault(rule?.default) ?? saidDefault);
    const see = SEE[name] === undefined ? '' : ` See ${SEE[name]}.`;
    return `\`${name}\` | ${preset} | ${meaning.replaceAll('|', '\\|')}${see}`;
  });
}
