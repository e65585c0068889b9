import { Readable, Writable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { emptyFolder } from './program.ts';

const MAIN = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url));

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

// The console takes its streams when it writes for the first time: what a provider says in this process is no word of a command.
for (const name of ['_stdout', '_stderr']) Reflect.get(console, name);

/** Of this process there is one of each: one command waits for the other. */
let last: Promise<unknown> = Promise.resolve();
let runs = 0;

/**
 * As `runProgram` of program.ts, for a command that ends by itself: from the sources and without a process, whose start takes
 * ten times as long as most commands. Where `serve` or `dev` begins to serve, it needs one.
 */
export function runInProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  folder = emptyFolder(),
  input = '',
  file = MAIN,
): Promise<Run> {
  const run = last.then(() => runAlone(args, env, folder, input, file));
  last = run.catch(() => {});
  return run;
}

async function runAlone(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  folder: string,
  input: string,
  file: string,
): Promise<Run> {
  const { PATH = '' } = process.env;
  const [argv, exit, cwd, own] = [process.argv, process.exit, process.cwd(), { ...process.env }];
  const { fetch } = globalThis;
  const { exitCode } = process;
  const streams = ['stdin', 'stdout', 'stderr'].map((name) => Object.getOwnPropertyDescriptor(process, name));
  const [stdout, stderr] = [createSink(), createSink()];
  const replace = (values: Record<string, unknown>) => {
    for (const [name, value] of Object.entries(values))
      Object.defineProperty(process, name, { configurable: true, enumerable: true, value });
  };
  try {
    process.exitCode = undefined;
    process.chdir(folder);
    setEnv({ PATH, HOME: folder, XDG_CACHE_HOME: `${folder}/cache`, ...env });
    process.argv = [process.execPath, file, ...args];
    replace({ stdin: Readable.from([Buffer.from(input)]), stdout: stdout.stream, stderr: stderr.stream });
    const code = await new Promise<number>((resolve, reject) => {
      process.exit = ((status: number) => resolve(status)) as typeof process.exit;
      // A module runs once: under another name it runs again.
      import(`${pathToFileURL(file)}?${runs++}`).then(() => {
        // Another way to say how it ended.
        if (typeof process.exitCode === 'number') resolve(process.exitCode);
      }, reject);
    });
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    globalThis.fetch = fetch;
    process.exit = exit;
    process.exitCode = exitCode;
    process.argv = argv;
    setEnv(own);
    process.chdir(cwd);
    ['stdin', 'stdout', 'stderr'].forEach((name, at) => {
      Object.defineProperty(process, name, streams[at] as PropertyDescriptor);
    });
  }
}

function setEnv(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  // `undefined` would be a text.
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value;
}

function createSink() {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}
