import { spawn } from 'node:child_process';
import { once } from 'node:events';

const LOOK_MS = 500;

/**
 * Ends this process as SIGTERM does when the script of npm in which it runs is over. npm passes SIGTERM to its shell alone, and
 * a shell that ends passes nothing on: provider and application would go on without anybody who knows of them.
 */
export function endWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_MS);
  timer.unref();
}

/**
 * Runs a command in this terminal until it ends. A signal to this process is passed on, and waits for the command to end.
 *
 * @returns its exit code; 1 where a signal ended it
 * @throws {Error} where it cannot be started
 */
export async function runBeside(
  [program = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  // Windows starts what npm installs, files for its shell, by the shell alone.
  const child = spawn(program, args, { stdio: 'inherit', env, shell: process.platform === 'win32' });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  // Ctrl-C reaches the command by itself: it is in the same group.
  const wait = () => {};
  process.on('SIGINT', wait).on('SIGTERM', pass);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  } catch (error) {
    throw new Error(`${program} cannot be started (${(error as NodeJS.ErrnoException).code})`);
  } finally {
    process.off('SIGINT', wait).off('SIGTERM', pass);
  }
}
