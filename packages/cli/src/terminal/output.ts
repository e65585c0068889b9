import { randomBytes } from 'node:crypto';
import { createPaint, type Paint, toPlainText } from './style.ts';

export type Output = ReturnType<typeof createOutput>;

/** Lines for people, on a stream. Progress is shown on a terminal alone, so a pipe gets plain lines. */
export function createOutput(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
  const isTerminal = stream.isTTY === true;
  let isDirty = false;
  const clear = () => {
    if (isDirty) stream.write('\r\u001b[2K');
    isDirty = false;
  };
  const style = createPaint(stream, env);
  // Stands for the escape character of our colours. A server cannot know it.
  const own = `\u0000${randomBytes(8).toString('hex')}`;
  const clean = (text: string) => text.split(own).map(toPlainText).join(own);
  const write = (text: string) => stream.write(clean(text).replaceAll(own, '\u001b'));
  const paint: Paint = (format, text) => style(format, clean(text)).replaceAll('\u001b', own);
  return {
    paint,
    /**
     * Writes a line. Only the colours of `paint` reach the terminal; all other escape sequences are removed.
     */
    line(text = ''): void {
      clear();
      write(`${text}\n`);
    },
    /** Shows the current action; only on a terminal, until the next line. An empty string removes it. */
    progress(text: string): void {
      if (!isTerminal || env.TERM === 'dumb') return;
      clear();
      if (text === '') return;
      write(paint('dim', `… ${text}`.slice(0, (stream.columns ?? 80) - 1)));
      isDirty = true;
    },
  };
}
