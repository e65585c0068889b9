import { UsageError } from '../settings/usage-error.ts';

/** Flags that chose the kind of setup, before `setup` had subcommands. */
const KIND_FLAGS: Readonly<Record<string, string>> = {
  '--mcp': 'mcp',
  '--audience-for': 'audience',
  '--export': 'export',
};

/** Old names of the flags for an MCP server, with the new ones. */
const MCP_FLAGS: Readonly<Record<string, string>> = {
  '--mcp-scope': '--scope',
  '--mcp-registration': '--registration',
  '--mcp-documents': '--documents',
};

/** A call of `setup`: the kind, and its arguments. */
export interface SetupCall {
  readonly kind: string;
  readonly args: string[];
  /** Nothing says it. */
  readonly isGuessed?: boolean;
}

/**
 * Reads the kind of setup: the first argument, if it is one of `kinds`; else by the flags of the old form, `--mcp <url>`,
 * `--audience-for <ids>` and `--export <file>`; else `guide`.
 *
 * @throws {UsageError} where they say two things
 */
export function toSetupCall(given: readonly string[], kinds: readonly string[]): SetupCall {
  const [first = '', ...rest] = given;
  if (kinds.includes(first)) return { kind: first, args: rest };
  const args = given.flatMap(splitValue);
  const [flag, other] = Object.keys(KIND_FLAGS).filter((one) => args.includes(one));
  if (flag === undefined) return { kind: 'guide', args: [...given], isGuessed: true };
  if (other !== undefined) throw new UsageError([`${flag} and ${other} exclude each other`]);
  const made = withPositionals(args, flag).map((one) => MCP_FLAGS[one] ?? one);
  return { kind: KIND_FLAGS[flag] as string, args: made };
}

/** `--mcp=https://…` is `--mcp https://…`. */
function splitValue(argument: string): string[] {
  const [, flag, value] = /^(--(?:mcp(?:-[a-z]+)?|audience-for|export))=(.*)$/s.exec(argument) ?? [];
  return flag === undefined ? [argument] : [flag, value as string];
}

/** The values of a flag that can be repeated, in front and without the flag. */
function withPositionals(args: readonly string[], flag: string): string[] {
  const values: string[] = [];
  const others: string[] = [];
  for (let index = 0; index < args.length; index++) {
    if (args[index] !== flag) others.push(args[index] as string);
    else values.push(args[++index] ?? '');
  }
  return [...values, ...others];
}
