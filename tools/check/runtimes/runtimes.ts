import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** A runtime that the app is tried on. */
export interface Runtime {
  readonly name: string;
  /** Of the test app: `serve-<entry>.ts`. */
  readonly entry: 'node' | 'bun' | 'deno' | 'workerd';
  /** The npm package that has it, with its version; `undefined`: the Node that runs this. */
  readonly npm?: string;
  /** What has to be set for the library. */
  readonly needs: string;
  /** Arguments for a program that is at `file`, to listen at `port`. */
  args(file: string, port: number, env: Readonly<Record<string, string>>): readonly string[];
}

const node = (version: string): Runtime => ({
  name: `Node.js ${version.split('.')[0]}`,
  entry: 'node',
  npm: `node@${version}`,
  needs: '',
  args: (file) => [file],
});

/** workerd can be asked for nothing newer than it is. */
const COMPATIBILITY_DATE = '2026-04-01';

const workerd = (name: string, ...flags: string[]): Runtime => ({
  name,
  entry: 'workerd',
  npm: 'workerd@1.20261117.1',
  needs: '`compatibility_flags = ["nodejs_compat"]`',
  args(file, port, env) {
    const config = join(dirname(file), `workerd-${port}.capnp`);
    writeFileSync(config, workerdConfig(file, port, env, ['nodejs_compat', ...flags]));
    return ['serve', config];
  },
});

export const RUNTIMES: readonly Runtime[] = [
  node('20.19.0'),
  node('22'),
  node('24'),
  node('26'),
  { name: 'Bun', entry: 'bun', npm: 'bun@1.4.5', needs: '', args: (file) => ['run', file] },
  {
    name: 'Deno',
    entry: 'deno',
    npm: 'deno@2.9.6',
    needs: '`--allow-net --allow-env`',
    args: (file) => ['run', '--no-config', '--allow-net', '--allow-env', file],
  },
  workerd('Cloudflare Workers (workerd)'),
  // There, `fetch` throws if it is asked to keep nothing.
  workerd('Cloudflare Workers, dates before 2024-11-11', 'cache_option_disabled'),
];

/** Runs a program to its end, while others run. */
export const run = promisify(execFile);

/** Path of a runtime's program, fetched where it is not there. */
export async function findProgram({ npm, entry }: Runtime): Promise<string> {
  if (npm === undefined) return process.execPath;
  const find = ['-y', '-p', npm, '-c', `command -v ${entry}`];
  return (await run('npx', find, { timeout: 600_000 })).stdout.trim();
}

function workerdConfig(
  file: string,
  port: number,
  env: Readonly<Record<string, string>>,
  flags: readonly string[],
): string {
  const bindings = Object.entries(env).map(([name, text]) => `(name = "${name}", text = "${text}")`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .app),
    (name = "internet", network = (allow = ["private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const app :Workerd.Worker = (
  modules = [(name = "app.mjs", esModule = embed "${file.split('/').at(-1)}")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  compatibilityFlags = ${JSON.stringify(flags)},
  bindings = [${bindings.join(', ')}],
);
`;
}
