import { spawn } from 'node:child_process';

const COMMAND_MS = 600_000;
/** A machine that does other things too compiles for minutes. */
const START_MS = 300_000;

/** Where and how the commands of a project run. */
export interface Place {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

/** What of this environment a project may have: proxies and certificates, and no settings of another one. */
export function inheritedEnv(): NodeJS.ProcessEnv {
  const own = /^(npm_(?!config_fetch_)|KEYCLOAK_|(NODE_OPTIONS|SESSION_SECRET|PUBLIC_URL|PORT|HOST)$)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

/** Runs a command to its end. @returns its standard output @throws {Error} with all its output, where it fails */
export async function run({ folder, env }: Place, command: string, ...args: string[]): Promise<string> {
  const program = begin({ folder, env }, command, args);
  const timer = setTimeout(() => program.kill('SIGKILL'), COMMAND_MS);
  const code = await program.ended;
  clearTimeout(timer);
  if (code === 0) return program.stdout();
  throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${program.all()}`);
}

/** Starts a command that goes on, and waits until each address answers. */
export async function start(place: Place, urls: readonly string[], command: string, ...args: string[]) {
  const program = begin(place, command, args);
  const until = performance.now() + START_MS;
  let ended = false;
  void program.ended.then(() => {
    ended = true;
  });
  const silent = [...urls];
  while (silent[0] !== undefined && !ended && performance.now() < until) {
    const answer = await fetch(silent[0], { redirect: 'manual', signal: AbortSignal.timeout(10_000) }).catch(
      () => undefined,
    );
    if (answer !== undefined && answer.status < 500) silent.shift();
    else await new Promise((resolve) => setTimeout(resolve, 200));
  }
  if (silent.length === 0) return { stop, stdout: program.stdout };
  await stop();
  throw new Error(`${silent[0]} does not answer\n${program.all()}`);

  async function stop(): Promise<void> {
    program.kill('SIGTERM');
    const timer = setTimeout(() => program.kill('SIGKILL'), 10_000);
    await program.ended;
    clearTimeout(timer);
    // npm may be gone before what it started.
    program.kill('SIGKILL');
  }
}

/** In a group of its own, which ends as a whole. */
function begin({ folder, env }: Place, command: string, args: readonly string[]) {
  const child = spawn(command, args, { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', all: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
    said.all += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.all += text;
  });
  return {
    ended: new Promise<number | null>((resolve) => child.on('exit', resolve)),
    stdout: () => said.stdout,
    all: () => said.all.slice(-4_000),
    kill(signal: NodeJS.Signals) {
      try {
        process.kill(-(child.pid as number), signal);
      } catch {
        // Nobody of the group is left.
      }
    },
  };
}
