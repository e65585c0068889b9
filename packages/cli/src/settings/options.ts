import { parseArgs } from 'node:util';
import { nearestOf } from 'keycloak-guard/unstable';
import { readSettings, type Setting, type Settings, withKeycloakJson } from './env-file.ts';
import type { Consent, Word } from './from-folder.ts';
import { UsageError } from './usage-error.ts';

type Kind = 'switch' | 'value' | 'list';

/** An option of a command: its flag, its words in `--help`, and the settings that stand for it. */
export interface Option<K extends Kind = Kind> {
  readonly kind: K;
  /** The value in `--help`, such as `<name>`. In brackets, it may be left out. Empty for a switch. */
  readonly form: string;
  /** `%s` is the first of the settings. */
  readonly help: string;
  /**
   * The first that is set counts, where there is no flag. For a switch that reads a password from the standard input: the
   * settings that hold it otherwise.
   */
  readonly settings: readonly string[];
}

/** By the names of the flags. Never name one `env-file`: Node 20 reads that flag itself, wherever it stands. */
export type Options = Readonly<Record<string, Option>>;

interface Values {
  readonly switch: boolean;
  readonly value: string;
  readonly list: readonly string[];
}
export type Flags<O extends Options> = { readonly [F in keyof O]?: Values[O[F]['kind']] | undefined };

const optionOf =
  <const K extends Kind>(kind: K) =>
  (form: string, help: string, ...settings: readonly string[]): Option<K> => ({ kind, form, help, settings });

export const value = optionOf('value');
/** It can be repeated. */
export const list = optionOf('list');
export const flag = (help: string, ...settings: readonly string[]): Option<'switch'> =>
  optionOf('switch')('', help, ...settings);

export const YES = { yes: flag('apply without asking') };

const COLUMN = 28;
const WIDTH = 124;

/** The lines of `--help` about options, as a part with a heading where there is one. */
export function toHelp(options: Options, heading?: string): string {
  const lines = Object.entries(options).map(
    ([
      name,
      {
        form,
        help,
        settings: [setting = ''],
      },
    ]) => {
      let text = `  ${name === 'yes' ? '-y, ' : ''}--${name} ${form}`.trimEnd();
      text = text.length > COLUMN ? `${text}\n${' '.repeat(COLUMN)}` : `${text} `.padEnd(COLUMN);
      let width = COLUMN;
      for (const word of help.replace('%s', setting).split(' ')) {
        if (width + word.length > WIDTH) {
          text = `${text.trimEnd()}\n${' '.repeat(COLUMN)}`;
          width = COLUMN;
        }
        text += `${word} `;
        width += word.length + 1;
      }
      return text.trimEnd();
    },
  );
  return [...(heading === undefined ? [] : [heading]), ...lines].join('\n');
}

interface Parsing {
  /** A line below the problem. */
  readonly help?: string;
  readonly allowPositionals?: boolean;
}

/** @throws {UsageError} naming the argument that is wrong */
export function parseOptions<O extends Options>(
  args: readonly string[],
  options: O,
  { help, allowPositionals = true }: Parsing = {},
): { readonly flags: Flags<O>; readonly positionals: readonly string[] } {
  const config = Object.entries(options).map(([name, { kind }]) => {
    const type = kind === 'switch' ? ('boolean' as const) : ('string' as const);
    return [name, { type, multiple: kind === 'list', ...(name === 'yes' && { short: 'y' }) }] as const;
  });
  const isBare = (one: string, next = '') =>
    one.startsWith('--') && options[one.slice(2)]?.form.startsWith('[') && !/^[^-]/.test(next);
  try {
    const { values, positionals } = parseArgs({
      args: args.map((one, index) => (isBare(one, args[index + 1]) ? `${one}=` : one)),
      options: Object.fromEntries(config),
      strict: true,
      allowPositionals,
    });
    return { flags: values as Flags<O>, positionals };
  } catch (error) {
    throw new UsageError([toProblem(error, Object.keys(options)), ...(help === undefined ? [] : [help])]);
  }
}

/** Node's words without its advice about `--`, and the flag that is near an unknown one. */
function toProblem(error: unknown, names: readonly string[]): string {
  const [text = ''] = (error instanceof Error ? error.message : String(error)).split('. To specify');
  const unknown = /^Unknown option '--([^']+)'/.exec(text)?.[1];
  return unknown === undefined ? text : text + didYouMean(unknown, names, '--');
}

/** `. Did you mean --user?` for a misspelt name, or one that begins or ends with a known one; nothing where none is near. */
export function didYouMean(name: string, known: readonly string[], prefix = ''): string {
  const longestFirst = known.toSorted((one, other) => other.length - one.length);
  const near =
    nearestOf(name, known) ??
    longestFirst.find((one) => name.startsWith(one)) ??
    longestFirst.find((one) => name.endsWith(`-${one}`));
  return near === undefined ? '' : `. Did you mean ${prefix}${near}?`;
}

/** The options of a run, before a word of a file that nobody named is opened. */
export type Reading<O extends Options = Options> = Awaited<ReturnType<typeof readOptions<O>>>;

/** Where a password comes from. */
export interface Source {
  readonly name: string;
  /** `undefined`: from the standard input. */
  readonly value: Word | undefined;
}

/**
 * Reads flags, the environment and the file with the settings; the first that has a word counts. Passwords are never flags: other
 * users of the machine see those.
 *
 * @param consent with it, the `keycloak.json` that the settings name is read, too
 * @throws {UsageError} naming the argument that is wrong
 */
export async function readOptions<O extends Options>(
  args: readonly string[],
  options: O,
  environment: NodeJS.ProcessEnv,
  { consent, ...parsing }: Parsing & { readonly consent?: Consent } = {},
) {
  const { flags, positionals } = parseOptions(args, options, parsing);
  const { env, 'no-env': hasNone } = flags as { readonly env?: string; readonly 'no-env'?: boolean };
  const envFile = hasNone ? undefined : (env ?? '.env');
  const own = await readSettings(environment, envFile, env !== undefined);
  const settings = consent === undefined ? own : await withKeycloakJson(own, consent);
  return {
    flags,
    positionals,
    /** `undefined`: none. */
    envFile,
    isEnvNamed: env !== undefined,
    settings,
    ...createReader(options, flags, settings),
  };
}

/** Reads by the table: an option's flag, or else its settings. */
export function createReader<O extends Options>(options: O, flags: Flags<O>, settings: Settings) {
  const settingOf = (name: keyof O): Setting | undefined => settings.find(...(options[name]?.settings ?? []));
  return {
    word: (name: keyof O): Word | undefined => (flags[name] as string | undefined) ?? settingOf(name)?.value,
    /** @param name a switch that reads a password from the standard input */
    secret: (name: keyof O & string): Source | undefined =>
      flags[name] ? { name: `--${name}`, value: undefined } : settingOf(name),
  };
}
