import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FRAMEWORK_NAMES, type FrameworkName, frameworkOf } from './frameworks.ts';

/** The application to create. */
export interface Choice {
  /** Of the package, of the realm and of its client. */
  readonly name: string;
  readonly framework: FrameworkName;
  readonly login: 'bearer' | 'browser';
  readonly language: 'ts' | 'js';
  /** Files to run it elsewhere with. Default: none. */
  readonly deploy?: readonly Deploy[];
}

const DEPLOYS = ['kubernetes', 'compose'] as const;
type Deploy = (typeof DEPLOYS)[number];
const isDeploy = (text: string): text is Deploy => (DEPLOYS as readonly string[]).includes(text);

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

/** The part of a choice that cannot be, if any. */
export function findConflict({ framework, login, language, name, deploy = [] }: Choice): string | undefined {
  const { hasLogin = false, onlyTypeScript = false, title } = frameworkOf(framework);
  if (login === 'browser' && !hasLogin) return `${title} has no choice of sign-in: leave --login out`;
  if (deploy.includes('kubernetes') && !/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
    return `${name}: in Kubernetes a name begins with a letter and has letters, digits and -. --name gives another one`;
  return language === 'js' && onlyTypeScript
    ? `${title} is for TypeScript: its decorators need it`
    : undefined;
}

/** Whether its sessions are shared by Redis. */
export const hasRedis = ({ framework, login, deploy = [] }: Choice): boolean =>
  deploy.length > 0 && (framework === 'service' || login === 'browser');

/** The words that `#if` in a template asks for. */
export function toWords(choice: Choice, withArchives: boolean): ReadonlySet<string> {
  const { framework, login, language, deploy = [] } = choice;
  const { hasLogin = false, hasPage = false } = frameworkOf(framework);
  return new Set([
    framework,
    ...(hasPage ? ['spa'] : []),
    language,
    ...(hasLogin ? [login] : []),
    ...deploy,
    ...(hasRedis(choice) ? ['redis'] : []),
    // `setup mcp` makes a client with a secret.
    ...(deploy.includes('kubernetes') && framework !== 'mcp' ? ['token'] : []),
    ...(withArchives ? ['vendor'] : []),
  ]);
}

export const usage = `create-keycloak-guard: an application with sign-in by Keycloak

Usage: npm create keycloak-guard [folder] -- [options]

  --framework <name>     ${FRAMEWORK_NAMES.join(', ')}
  --login <way>          bearer: programs send tokens; browser: people sign in, too
  --js                   JavaScript; default TypeScript
  --name <name>          of the package, the realm and its client (default: that of the folder)
  --deploy <where>       ${DEPLOYS.join(', ')} or both: what runs it there, and Redis for sessions
  --packages <folder>    take the packages of keycloak-guard from the archives in this folder ("npm run pack")
  --overwrite            write into a folder that is not empty; files with other names stay, and so does .env
  -y, --yes              ask nothing: Express, bearer, TypeScript, where no option says otherwise
  -h, --help
  -v, --version

It asks for what no option says. Exit code: 0 done, 1 nothing was made, 2 wrong usage.
`;

/** Wrong usage, in words for the person at the terminal. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The options of the command line; the person is asked those that are `undefined`. */
export interface Options {
  readonly folder: string | undefined;
  readonly choice: Partial<Choice>;
  readonly packages: string | undefined;
  readonly overwrite: boolean;
  readonly yes: boolean;
  readonly shows: 'help' | 'version' | undefined;
}

/** @throws {UsageError} with all that is wrong */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals, tokens } = parse(args);
  const [folder, ...others] = positionals;
  const { framework, login, name } = values;
  const deploy = values.deploy?.flatMap((one) => one.split(','));
  const problems: string[] = [];
  if (others.length > 0) problems.push('there can be one folder');
  if (folder === '') problems.push('the folder has a name');
  for (const one of tokens)
    if (one.kind === 'option' && one.name !== 'deploy' && one.value && one.value !== values[one.name])
      problems.push(`${one.rawName} is there twice, with different values`);
  if (framework !== undefined && !isFrameworkName(framework))
    problems.push(`--framework must be one of ${FRAMEWORK_NAMES.join(', ')}`);
  if (login !== undefined && login !== 'bearer' && login !== 'browser')
    problems.push('--login must be bearer or browser');
  if (deploy?.every(isDeploy) === false) problems.push(`--deploy must be ${DEPLOYS.join(', ')} or both`);
  const nameProblem = name === undefined ? undefined : findNameProblem(name);
  if (nameProblem !== undefined) problems.push(`--name: ${nameProblem}`);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return {
    folder,
    // All that is wrong was refused above.
    choice: { name, framework, login, deploy, language: values.js ? 'js' : undefined } as Partial<Choice>,
    packages: values.packages,
    overwrite: values.overwrite ?? false,
    yes: values.yes ?? false,
    shows: values.help ? 'help' : values.version ? 'version' : undefined,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      tokens: true,
      options: {
        framework: { type: 'string' },
        login: { type: 'string' },
        js: { type: 'boolean' },
        name: { type: 'string' },
        deploy: { type: 'string', multiple: true },
        packages: { type: 'string' },
        overwrite: { type: 'boolean' },
        yes: { type: 'boolean', short: 'y' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    const [problem = ''] = (error as Error).message.split('. To specify');
    throw new UsageError(`${problem}: --help names all options`);
  }
}

/** The name that a folder gives: its own, in the letters that a name may have. */
export function toName(folder: string): string {
  return basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
}

/** The whole choice, with defaults. @throws {UsageError} */
export function completeChoice(choice: Partial<Choice>, folder: string): Choice {
  const framework = choice.framework ?? 'express';
  const name = choice.name ?? toName(folder);
  const whole: Choice = {
    framework,
    name,
    login: choice.login ?? 'bearer',
    language: choice.language ?? 'ts',
    ...(choice.deploy && { deploy: choice.deploy }),
  };
  const problem = findNameProblem(name);
  if (problem !== undefined) throw new UsageError(`${name || folder}: ${problem}. --name gives another one`);
  const conflict = findConflict(whole);
  if (conflict !== undefined) throw new UsageError(conflict);
  return whole;
}

/** The questions that are open, for this framework. */
export function questionsFor({ framework = 'express', login, language }: Partial<Choice>) {
  const { hasLogin = false, onlyTypeScript = false } = frameworkOf(framework);
  return {
    login: hasLogin && login === undefined,
    language: !onlyTypeScript && language === undefined,
  };
}
