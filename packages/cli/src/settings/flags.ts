import { type ParseArgsConfig, parseArgs } from 'node:util';
import { nearestOf } from 'keycloak-guard/unstable';
import { UsageError } from './usage-error.ts';

export type Flags = NonNullable<ParseArgsConfig['options']>;
export type Parsed<F extends Flags> = ReturnType<
  typeof parseArgs<{ args: string[]; options: F; strict: true; allowPositionals: true }>
>;

const toFlags = <N extends string, const T>(names: readonly N[], flag: T) =>
  Object.fromEntries(names.map((name) => [name, flag])) as { readonly [K in N]: T };

export const values = <N extends string>(...names: readonly N[]) => toFlags(names, { type: 'string' });

/** Flags with a value that can be repeated. */
export const lists = <N extends string>(...names: readonly N[]) =>
  toFlags(names, { type: 'string', multiple: true });

export const switches = <N extends string>(...names: readonly N[]) => toFlags(names, { type: 'boolean' });

export const YES = { yes: { type: 'boolean', short: 'y' } } as const;

/**
 * Never name a flag `--env-file`: Node 20 reads that flag itself, wherever it stands.
 *
 * @param help a line below the problem
 * @throws {UsageError} naming the argument that is wrong
 */
export function parseFlags<F extends Flags>(
  args: string[],
  options: F,
  { help, allowPositionals = true }: { readonly help?: string; readonly allowPositionals?: boolean } = {},
): Parsed<F> {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: allowPositionals as true });
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
