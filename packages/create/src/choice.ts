import { FRAMEWORK_NAMES, type FrameworkName, frameworkOf } from './frameworks.ts';

/** The application to create. */
export interface Choice {
  /** Of the package, of the realm and of its client. */
  readonly name: string;
  readonly framework: FrameworkName;
  readonly login: 'bearer' | 'browser';
  readonly language: 'ts' | 'js';
  readonly tests: boolean;
  readonly docker: boolean;
}

/** The mistake in a name, if any. It becomes the name of a package, a realm, a client and an image. */
export function findNameProblem(name: string): string | undefined {
  if (!/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(name))
    return 'a name has lower-case letters, digits, and - . _ between them';
  if (name.length > 100) return 'a name has at most 100 characters';
  return RESERVED.has(name) ? 'npm keeps this name for itself' : undefined;
}

/** Names that npm or Keycloak reserve. */
const RESERVED: ReadonlySet<string> = new Set(['node_modules', 'favicon.ico', 'master']);

export const isFrameworkName = (text: string): text is FrameworkName =>
  (FRAMEWORK_NAMES as readonly string[]).includes(text);

/** What of a choice cannot be, if anything. */
export function findConflict({ framework, login, language }: Choice): string | undefined {
  const { hasLogin = false, onlyTypeScript = false, title } = frameworkOf(framework);
  if (login === 'browser' && !hasLogin) return `${title} has no choice of sign-in: leave --login out`;
  return language === 'js' && onlyTypeScript
    ? `${title} is for TypeScript: its decorators need it`
    : undefined;
}

/** The words that `#if` in a template asks for. */
export function toWords(choice: Choice, withArchives: boolean): ReadonlySet<string> {
  const { framework, login, language, tests, docker } = choice;
  const { hasLogin = false, hasPage = false } = frameworkOf(framework);
  return new Set([
    framework,
    ...(hasPage ? ['spa'] : []),
    language,
    ...(hasLogin ? [login] : []),
    ...(tests ? ['tests'] : []),
    ...(docker ? ['docker'] : []),
    ...(withArchives ? ['vendor'] : []),
  ]);
}
