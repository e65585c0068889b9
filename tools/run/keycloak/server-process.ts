import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** A program with everything it started. */
export interface ServerProcess {
  /** Id of the process group that all of it is in. */
  readonly groupId: number | undefined;
  /** Exit code once it ended by itself, else `undefined`. */
  readonly exitCode: () => number | undefined;
  /** Ends the whole process group: asks first, kills after `graceMs`. Resolves when nothing is left of it. */
  stop(graceMs?: number): Promise<void>;
  /** As when the machine dies: `kill -9` for the whole group. Resolves when nothing is left of it. */
  crash(): Promise<void>;
  /** The same at once and without waiting, for the last moment of this process. */
  kill(): void;
}

// The pipe on stdin closes with this process, however it ends, and takes the group with it.
const WATCHED = 'exec 3<&0; (cat <&3 >/dev/null; kill -TERM 0) & "$0" "$@" </dev/null 3<&-';

const running = new Set<() => void>();
let watching = false;

/**
 * Starts a program in a process group of its own, its output in `logFile`. The group never outlives this process:
 * not after Ctrl-C, not after a crash, not after `kill -9`.
 */
export function startProcess(
  command: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly logFile: string; readonly onKill?: () => void },
): ServerProcess {
  const log = openSync(options.logFile, 'a');
  const child = spawn('sh', ['-c', WATCHED, command, ...args], {
    detached: true,
    env: options.env,
    stdio: ['pipe', log, log],
  });
  closeSync(log);
  child.stdin?.on('error', () => {});
  let exitCode: number | undefined;
  child.once('exit', (code) => {
    exitCode = code ?? 1;
  });
  child.once('error', () => {
    exitCode = 127;
  });
  const kill = () => {
    signalGroup(child, 'SIGKILL');
    options.onKill?.();
  };
  running.add(kill);
  watchOwnEnd();
  async function waitUntilGone(killAt: number): Promise<void> {
    while (isGroupAlive(child)) {
      if (performance.now() > killAt) signalGroup(child, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    running.delete(kill);
  }
  return {
    groupId: child.pid,
    exitCode: () => exitCode,
    kill,
    async stop(graceMs = 10_000) {
      signalGroup(child, 'SIGTERM');
      child.stdin?.destroy();
      await waitUntilGone(performance.now() + graceMs);
    },
    async crash() {
      signalGroup(child, 'SIGKILL');
      child.stdin?.destroy();
      await waitUntilGone(performance.now());
    },
  };
}

function watchOwnEnd(): void {
  if (watching) return;
  watching = true;
  const killAll = () => {
    for (const kill of running) kill();
    running.clear();
  };
  process.once('exit', killAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Whoever listens too stops in its own way; otherwise the signal does what it does without us.
      if (process.listenerCount(signal) > 1) return;
      killAll();
      process.exit(signal === 'SIGINT' ? 130 : 143);
    });
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It ended in the meantime.
  }
}

function isGroupAlive(child: ChildProcess): boolean {
  if (child.pid === undefined) return false;
  try {
    process.kill(-child.pid, 0);
    return true;
  } catch {
    return false;
  }
}
