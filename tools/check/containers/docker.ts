import { spawn } from 'node:child_process';

/** What a command of Docker did. */
export interface Ended {
  /** 0 where it did what it was told. */
  readonly code: number;
  readonly stdout: string;
  /** stdout and stderr as they came. */
  readonly output: string;
}

/** Where this repository is for Docker: see docker-engine.sh. */
export const REPOSITORY = '/src';
/** A folder that Docker and this machine share. */
export const SHARED = '/shared';

/** The root of the Docker Engine, as this process sees it. */
export function dockerRoot(): string {
  const root = process.env.DOCKER_ROOT;
  if (root === undefined) throw new Error('there is no Docker Engine: npm run test:containers starts one');
  return root;
}

/** Runs a program in the root of the Docker Engine to its end, whatever that is. */
export function runInRoot(command: readonly string[], signal?: AbortSignal): Promise<Ended> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', BUILDKIT_PROGRESS: 'plain' };
  return new Promise((resolve, reject) => {
    const child = spawn('chroot', [dockerRoot(), ...command], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
    });
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.once('error', (cause) => reject(new Error(`${cause.message}\n${tailOf(output)}`)));
    child.once('close', (code) => resolve({ code: code ?? 1, stdout: stdout.trimEnd(), output }));
  });
}

/** Runs `docker …` to its end, whatever that is. */
export function tryDocker(args: readonly string[], signal?: AbortSignal): Promise<Ended> {
  return runInRoot(['docker', ...args], signal);
}

/**
 * Runs `docker …`.
 *
 * @returns stdout, without the newlines at its end
 * @throws Error with the end of its output, where it does not end with 0
 */
export async function docker(args: readonly string[], signal?: AbortSignal): Promise<string> {
  const { code, stdout, output } = await tryDocker(args, signal);
  if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}:\n${tailOf(output)}`);
  return stdout;
}

function tailOf(text: string): string {
  return text.trimEnd().split('\n').slice(-30).join('\n');
}
