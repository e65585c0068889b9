import { parseArgs } from 'node:util';
import { nearestOf } from 'keycloak-guard/unstable';
import { UsageError } from './usage-error.ts';

type Kind = 'switch' | 'value' | 'list';

/** An option of a command: its flag, its words in `--help`, and the settings that stand for it. */
export interface Option<K extends Kind = Kind> {
  readonly kind: K;
  /** The value in `--help`, such as `<name>`. In brackets, it may be left out. Empty for a switch. */
  readonly form: string;
  /** Where there is no flag, the first that is set counts. A switch that reads a password has those that hold it otherwise. */
  readonly settings: readonly string[];
  readonly help: string;
}

/** By the names of the flags. Never name one `env-file`: Node 20 reads that flag itself, wherever it stands. */
export type Options = Readonly<Record<string, Option>>;

type Rows<Text extends string> = Text extends `${infer Row}\n${infer Rest}` ? Row | Rows<Rest> : Text;
type KindOf<Form extends string> = Form extends '' ? 'switch' : Form extends `${string}… ` ? 'list' : 'value';
type Table<Text extends string> = {
  readonly [Row in Rows<Text> as Row extends `--${infer Name} ${string}` ? Name : never]: Option<
    Row extends `--${string} ${infer Form}|${string}` ? KindOf<Form> : never
  >;
};

interface Values {
  readonly switch: boolean;
  readonly value: string;
  readonly list: readonly string[];
}
export type Flags<O extends Options> = { readonly [F in keyof O]?: Values[O[F]['kind']] | undefined };

/**
 * The options of a table: a line for each, with its flag, its settings and its words, in which `%s` is the first of the settings. A
 * flag without a value is a switch; `…` behind the value says that it can be repeated.
 *
 * @example
 * const OPTIONS = table(`
 * --user <name> | SETUP_USER | user to create or complete (%s)
 * --role <name>… | | role of the realm; can be repeated
 * --no-user | | make no user
 * `);
 */
export function table<const Text extends string>(text: Text): Table<Text> {
  const rows = text.trim().split('\n');
  const entries = rows.map((row): [string, Option] => {
    const [flag = '', settings = '', help = ''] = row.split('|').map((cell) => cell.trim());
    const [, name = '', form = ''] = /^--(\S+) ?(.*)$/.exec(flag) ?? [];
    const kind = form === '' ? 'switch' : form.endsWith('…') ? 'list' : 'value';
    const names = settings.split(', ').filter(Boolean);
    return [name, { kind, form: form.replace('…', ''), settings: names, help }];
  });
  return Object.fromEntries(entries) as unknown as Table<Text>;
}

const COLUMN = 28;
const WIDTH = 124;

/** The lines of `--help` about options, as a part with a heading where there is one. */
export function toHelp(options: Options, heading?: string): string {
  const lines = Object.entries(options).map(([name, { form, help, settings }]) => {
    let text = `  ${name === 'yes' ? '-y, ' : ''}--${name} ${form}`.trimEnd();
    text = text.length > COLUMN ? `${text}\n${' '.repeat(COLUMN)}` : `${text} `.padEnd(COLUMN);
    let width = COLUMN;
    for (const word of help.replace('%s', settings[0] ?? '').split(' ')) {
      if (width + word.length > WIDTH) {
        text = `${text.trimEnd()}\n${' '.repeat(COLUMN)}`;
        width = COLUMN;
      }
      text += `${word} `;
      width += word.length + 1;
    }
    return text.trimEnd();
  });
  return [...(heading === undefined ? [] : [heading]), ...lines].join('\n');
}

export interface Parsing {
  /** A line below the problem. */
  readonly help?: string;
  readonly allowPositionals?: boolean;
}

/** @throws {UsageError} naming the argument that is wrong, or the flag whose value is empty */
export function parseOptions<O extends Options>(
  args: readonly string[],
  options: O,
  { help, allowPositionals = true }: Parsing = {},
): { readonly flags: Flags<O>; readonly positionals: readonly string[] } {
  const config = Object.entries(options).map(([name, { kind }]) => {
    const type = kind === 'switch' ? ('boolean' as const) : ('string' as const);
    return [name, { type, multiple: kind === 'list', ...(name === 'yes' && { short: 'y' }) }] as const;
  });
  const mayBeBare = (name: string) => Object.hasOwn(options, name) && options[name]?.form.startsWith('[');
  const isBare = (one: string, next = '') =>
    one.startsWith('--') && mayBeBare(one.slice(2)) && !/^[^-]/.test(next);
  try {
    const { values, positionals, tokens } = parseArgs({
      args: args.map((one, index) => (isBare(one, args[index + 1]) ? `${one}=` : one)),
      options: Object.fromEntries(config),
      strict: true,
      allowPositionals,
      tokens: true,
    });
    // One of them would be passed over without a word. A list keeps all.
    const repeated = tokens.flatMap((token) =>
      token.kind === 'option' && typeof values[token.name] === 'string' && token.value !== values[token.name]
        ? [`--${token.name} is there twice, with different values`]
        : [],
    );
    if (repeated.length > 0) throw new UsageError([...new Set(repeated)]);
    const isEmpty = (name: string) => !mayBeBare(name) && [values[name]].flat().includes('');
    const empty = Object.keys(values).filter(isEmpty);
    if (empty.length > 0)
      throw new UsageError(empty.map((name) => `--${name} is empty: is a variable not set?`));
    return { flags: values as Flags<O>, positionals };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError([toProblem(error, Object.keys(options)), ...(help === undefined ? [] : [help])]);
  }
}

/** Node's words without its advice about `--`, and the flag that is near an unknown one. */
function toProblem(error: unknown, names: readonly string[]): string {
  const [text = ''] = (error instanceof Error ? error.message : String(error)).split('. To specify');
  if (text.startsWith('Unexpected argument')) return `${text}: a text of several words stands in quotes`;
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
