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
  /** Runs it; resolves to the exit code. */
  run(args: string[], desk: Desk): Promise<number>;
}
