import type { Output } from '../terminal/output.ts';

/** Where a kind of setup runs. */
export interface Desk {
  readonly environment: NodeJS.ProcessEnv;
  readonly out: Output;
}

/** One thing that `setup` can set up, for example an MCP server. */
export interface SetupKind {
  /** One line for the list of kinds. */
  readonly summary: string;
  /** Text of `--help`. */
  readonly usage: string;
  /** For a person who names nothing to set up: this can be chosen, and these are asked first. An empty flag: an argument. */
  readonly asks?: readonly (readonly [question: string, suggestion: string, flag: string])[];
  /** Runs it; resolves to the exit code. */
  run(args: string[], desk: Desk): Promise<number>;
}
