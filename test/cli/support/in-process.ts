import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import { PassThrough, Readable, Writable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
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
 *
 * @param watch is told all of the error output whenever there is more of it
 */
export function runInProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  folder = emptyFolder(),
  input = '',
  file = MAIN,
  watch: (stderr: string) => void = () => {},
): Promise<Run> {
  const stderr = createSink(() => watch(stderr.text()));
  const streams = { stdin: Readable.from([Buffer.from(input)]), stdout: createSink(), stderr };
  return inTurn(() => runAlone(args, env, folder, streams, file));
}

function inTurn<T>(run: () => Promise<T>): Promise<T> {
  const result = last.then(run);
  last = result.catch(() => {});
  return result;
}

/**
 * The same where somebody sits at a terminal, and types each answer when its question is there. Whether the screen hides what is
 * typed is for a terminal of the system: token.test.ts.
 */
export function runAtTerminal(
  args: readonly string[],
  answers: readonly (readonly [question: RegExp, typed: string])[],
  env: Readonly<Record<string, string>> = {},
  folder = emptyFolder(),
): Promise<{ code: number; stdout: string; screen: string; raw: string }> {
  const left = [...answers];
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin });
  let seen = 0;
  const plain = () => stripVTControlCharacters(screen.text()).replace(/[\s│]+/g, ' ');
  const screen = createSink(() => {
    const [next] = left;
    if (next === undefined || !next[0].test(plain().slice(seen))) return;
    seen = plain().length;
    left.shift();
    setImmediate(() => stdin.write(next[1]));
  });
  const terminal = { isTTY: true, columns: 80, rows: 24 };
  const stdout = createSink((chunk) => screen.stream.write(chunk));
  for (const { stream } of [screen, stdout]) Object.assign(stream, terminal);
  const streams = { stdin, stdout, stderr: screen };
  return inTurn(async () => {
    const { code } = await runAlone(args, { TERM: 'xterm', ...env }, folder, streams, MAIN);
    assert.deepEqual(left, [], plain());
    return { code, stdout: stdout.text(), screen: plain(), raw: screen.text() };
  });
}

async function runAlone(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  folder: string,
  { stdin, stdout, stderr }: { stdin: Readable; stdout: Sink; stderr: Sink },
  file: string,
): Promise<Run> {
  const { PATH = '' } = process.env;
  const [argv, exit, cwd, own] = [process.argv, process.exit, process.cwd(), { ...process.env }];
  const { fetch } = globalThis;
  const { exitCode } = process;
  const streams = ['stdin', 'stdout', 'stderr'].map((name) => Object.getOwnPropertyDescriptor(process, name));
  const replace = (values: Record<string, unknown>) => {
    for (const [name, value] of Object.entries(values))
      Object.defineProperty(process, name, { configurable: true, enumerable: true, value });
  };
  try {
    process.exitCode = undefined;
    process.chdir(folder);
    setEnv({ PATH, HOME: folder, XDG_CACHE_HOME: `${folder}/cache`, ...env });
    process.argv = [process.execPath, file, ...args];
    replace({ stdin, stdout: stdout.stream, stderr: stderr.stream });
    // For who imports them by name.
    syncBuiltinESMExports();
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
    syncBuiltinESMExports();
  }
}

function setEnv(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  // `undefined` would be a text.
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value;
}

type Sink = ReturnType<typeof createSink>;

function createSink(onWrite: (chunk: Buffer) => void = () => {}) {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      onWrite(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}
