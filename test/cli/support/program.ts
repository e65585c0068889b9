import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TYPESCRIPT_ANYWHERE, TYPESCRIPT_OF_USERS } from '../../../tools/run/typescript.mjs';

/** As it is shipped: `tools/check/test.mjs` and `test-keycloak.ts` build it first. */
export const MAIN = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));

export interface Program {
  readonly folder: string;
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves when the output matches; rejects when the program ends before. */
  says(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Resolves to the exit code. */
  ended: Promise<number | null>;
  stop(): Promise<number | null>;
}

/** Runs the program in an empty folder, with a cache of its own and none of this machine's settings. */
export const runProgram = (
  args: string[],
  env: Record<string, string> = {},
  folder = emptyFolder(),
  input?: string,
): Program => runCommand([process.execPath, MAIN, ...args], { env, folder, input });

/** The program of `npm start`. */
export const START = fileURLToPath(new URL('../../../tools/run/start.ts', import.meta.url));

/**
 * The same for what `npm start` of a clone runs: on packages as they were built, which start in two thirds of the time, or on their
 * sources. Not by tsx: what that makes of a source has other lines, and coverage would add up both.
 */
export const runStart = (
  env: Record<string, string> = {},
  folder = emptyFolder(),
  { fromSources = false } = {},
): Program =>
  runCommand([process.execPath, ...(fromSources ? TYPESCRIPT_ANYWHERE : TYPESCRIPT_OF_USERS), START], {
    env,
    folder,
  });

/** Runs a command as {@link runProgram} does; with `cwd`, there. Without `input` its standard input is closed. */
export function runCommand(
  [file = '', ...args]: readonly string[],
  {
    env = {},
    folder = emptyFolder(),
    cwd = folder,
    input,
  }: { env?: Record<string, string>; folder?: string; cwd?: string; input?: string | undefined } = {},
): Program {
  const { PATH = '' } = process.env;
  const child: ChildProcess = spawn(file, args, {
    cwd,
    env: { PATH, HOME: folder, XDG_CACHE_HOME: join(folder, 'cache'), ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  // A test that fails before it stops a program would wait for it for ever.
  after(() => child.kill('SIGKILL'));
  // It may end without reading.
  child.stdin?.on('error', () => {}).end(input);
  const text = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      for (const look of watchers) look();
    });
  }
  const ended = new Promise<number | null>((done) => child.on('close', (code) => done(code)));
  return {
    folder,
    pid: child.pid as number,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    ended,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = text.stdout.match(pattern);
          if (match !== null) resolve(match);
        };
        watchers.add(look);
        look();
        void ended.then((code) => reject(new Error(`ended with ${code}: ${text.stderr}${text.stdout}`)));
      }),
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

const folders: string[] = [];
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keycloak-guard-cli-'));
  folders.push(folder);
  return folder;
}
