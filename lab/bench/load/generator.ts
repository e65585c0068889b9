import { spawn } from 'node:child_process';
import { hasProgram, here, onCore } from '../processes.ts';

/** What one run of the load generator saw. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers with a status of 400 and above. */
  readonly refused: number;
  /** Requests without an answer. */
  readonly failed: number;
}

export interface Load {
  readonly url: string;
  /** File with a token on each line. */
  readonly tokens: string;
  /** Where the token goes. Default: as a bearer token. */
  readonly header?: { readonly name: string; readonly prefix: string };
  /** A header that is the same with each. */
  readonly also?: { readonly name: string; readonly value: string };
  /** First line that is used, from 1. */
  readonly first: number;
  readonly count: number;
  /** When the tokens are used up: begin again, or stop. */
  readonly whenUsedUp: 'wrap' | 'stop';
  readonly seconds: number;
  readonly connections: number;
}

/** `wrk` where it is installed; `autocannon` costs more than a quick server does, so it flatters nobody. */
export const generator = hasProgram('wrk') ? 'wrk' : 'autocannon';

export async function runLoad(load: Load): Promise<LoadResult> {
  const { name, prefix } = load.header ?? { name: 'authorization', prefix: 'Bearer ' };
  const lua = [load.tokens, load.first, load.count, load.whenUsedUp, name, prefix];
  const [command, args] =
    generator === 'wrk'
      ? onCore('load', 'wrk', [
          ...['-t1', `-c${load.connections}`, `-d${load.seconds}`],
          ...(load.also ? ['-H', `${load.also.name}: ${load.also.value}`] : []),
          ...['-s', here('load/tokens.lua'), load.url],
          '--',
          ...lua.map(String),
        ])
      : onCore('load', process.execPath, [
          here('load/autocannon.mjs'),
          JSON.stringify({ ...load, header: { name, prefix } }),
        ]);
  const output = await run(command, args);
  const line = output.split('\n').find((one) => one.startsWith('{'));
  if (line === undefined) throw new Error(`${generator} gave no result:\n${output}`);
  return JSON.parse(line) as LoadResult;
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${command} ended with ${code}`)),
    );
  });
}
