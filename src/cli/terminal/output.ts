import { createPaint, type Paint } from './style.ts';

/** Where a command writes. */
export interface Output {
  readonly paint: Paint;
  /** Writes a line. */
  line(text?: string): void;
  /** Shows what is going on; only on a terminal, and gone with the next line. */
  progress(text: string): void;
}

/** Lines for people, on a stream. Progress is shown on a terminal alone, so a pipe gets plain lines. */
export function createOutput(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Output {
  const isTerminal = stream.isTTY === true;
  let isDirty = false;
  const clear = () => {
    if (isDirty) stream.write('\r\u001b[2K');
    isDirty = false;
  };
  const paint = createPaint(stream, env);
  return {
    paint,
    line(text = '') {
      clear();
      stream.write(`${text}\n`);
    },
    progress(text) {
      if (!isTerminal || env.TERM === 'dumb') return;
      clear();
      stream.write(paint('dim', `… ${text}`.slice(0, (stream.columns ?? 80) - 1)));
      isDirty = true;
    },
  };
}
