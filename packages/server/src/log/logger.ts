import fs from 'node:fs';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Config } from '../config/config.ts';
import { toSettingNames } from '../config/credential-settings.ts';

/**
 * Characters that change the look of a text, or the end of a line, and are not seen themselves: controls, directions of writing,
 * spaces without width (Unicode's Cf), separators of lines and paragraphs, and those without a picture (Unicode's
 * Default_Ignorable_Code_Point, and a Braille pattern without dots). JSON escapes the first 32 itself.
 */
const HIDDEN = /[\u007f-\u009f\u2800\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** An escape of JSON, but for the end of a line in a trace. */
const ESCAPE = /\\(?!n {4}at )(u[\da-f]{4}|.)/gi;

/** A line of JSON in which nothing is hidden. It means the same. */
function escapeHidden(json: string): string {
  return json.replace(HIDDEN, (hidden) =>
    hidden
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/**
 * For those who read the line and then write its texts to a terminal: what is hidden in them stays an escape, and so
 * do control characters. It does not mean the same, for it shows what was meant.
 */
export function escapeForTerminal(json: string): string {
  return escapeHidden(json).replace(ESCAPE, (all, escaped: string) =>
    /^["\\/]/.test(escaped) ? all : `\\\\${escaped}`,
  );
}

export type { Logger } from 'pino';

/**
 * JSON lines, or readable ones on a terminal. Headers, bodies and URLs have no way into the log: nobody logs them,
 * and what Fastify itself would write about a request or reply is cut down here.
 */
export async function createLogger(config: Pick<Config, 'logLevel'>): Promise<Logger> {
  return process.stdout.isTTY
    ? createLoggerTo(config, await prettyStream(), escapeForTerminal)
    : createLoggerTo(config, jsonStream());
}

/**
 * Like {@link createLogger}, to a given stream.
 *
 * @param toLine of each line: what people call themselves must not change how the log looks
 */
export function createLoggerTo(
  config: Pick<Config, 'logLevel'>,
  stream: DestinationStream,
  toLine = escapeHidden,
): Logger {
  return pino(
    {
      level: config.logLevel,
      base: null,
      hooks: { streamWrite: toLine },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {
        req: ({ id }) => ({ id }),
        res: ({ statusCode }) => ({ statusCode }),
        err: (error: unknown) => toLoggedError(error),
        fix: (fix: unknown) => (typeof fix === 'string' ? toSettingNames(fix) : fix),
      },
    },
    stream,
  );
}

/** Most that is buffered for a slow reader; further lines are dropped (event `drop`). */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;
/** How long the last flush lets a write in another thread end: what it writes itself must come after. Unit: milliseconds. */
const WRITE_ENDS_MS = 50;
/** How long the end of the process waits for the reader. */
const LAST_FLUSH_MS = 500;

/** Lines are gathered for a moment: writing each alone costs more than making it. */
export function jsonStream(fd = 1) {
  let giveUpAt = Number.POSITIVE_INFINITY;
  const stream = pino.destination({
    ...{ dest: fd, sync: false, minLength: 8192, periodicFlush: 200, maxLength: MAX_KEPT_BYTES },
    retryEAGAIN: () => performance.now() < giveUpAt,
  });
  // A full disk does not end the service: writes are retried, and the buffer is bounded.
  stream.on('error', () => {});
  // pino calls it when the process ends, and it would wait for a reader that hangs for ever.
  const flushSync = stream.flushSync.bind(stream);
  stream.flushSync = () => {
    // Nothing tells when it ended: that would be a callback.
    if ((stream as { _writing?: boolean })._writing) sleepSync(WRITE_ENDS_MS);
    giveUpAt = performance.now() + LAST_FLUSH_MS;
    const { writeSync } = fs;
    // It would try for ever what can never be written, because the reader is gone or the disk is full.
    fs.writeSync = ((...args: Parameters<typeof writeSync>) => {
      try {
        return writeSync(...args);
      } catch (error) {
        if (!mayPass(error)) giveUpAt = Number.NEGATIVE_INFINITY;
        throw Object.assign(error as Error, { code: 'EAGAIN' });
      }
    }) as typeof writeSync;
    try {
      flushSync();
    } catch {
      // No reader is left.
    } finally {
      fs.writeSync = writeSync;
    }
  };
  return stream;
}

const sleepSync = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const mayPass = (error: unknown): boolean =>
  ['EAGAIN', 'EBUSY'].includes(String((error as NodeJS.ErrnoException).code));

/** The stream of a logger. */
export function streamOf(logger: Logger): DestinationStream | undefined {
  return (logger as unknown as Record<symbol, DestinationStream | undefined>)[pino.symbols.streamSym];
}

/** @param destination default: stdout */
export async function prettyStream(destination?: NodeJS.WritableStream): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  const to = destination === undefined ? {} : { destination };
  return pretty({
    ...{ ignore: 'reqId', translateTime: 'HH:MM:ss', singleLine: true, sync: true },
    // In the audit log the name says what a line is, and `msg` says it again.
    messageFormat: ({ name, event, outcome = '', ...line }, key) =>
      name === 'audit' ? `${event} ${outcome}`.trim() : String(line[key] ?? ''),
    ...to,
  });
}

/**
 * An error for the log. Its message may repeat input: one that holds a secret is hidden whole, for what is
 * left around a short one would tell it; whatever looks like a token is taken out. The stack is where it happened.
 */
export function toLoggedError(error: unknown, secrets: readonly string[] = []): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const clean = (text: string): string =>
    secrets.some((secret) => secret !== '' && text.includes(secret))
      ? '***'
      : text.replace(/eyJ[\w-]{10,}(\.[\w-]*){1,4}/g, '***');
  const { name, message, stack = '' } = error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const cause =
    error.cause instanceof Error ? clean(`${error.cause.name}: ${error.cause.message}`) : undefined;
  // It begins with the message, in as many lines as that has.
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line) && !message.includes(line));
  return { type: name, message: clean(message), code, cause, stack: frames.join('\n') };
}
