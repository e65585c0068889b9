import { randomBytes } from 'node:crypto';
import { stripVTControlCharacters, styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Colours a string, or returns it unchanged if colours are off. */
export type Paint = (format: Format, text: string) => string;

/** Colours are for a terminal. `NO_COLOR` switches them off, `FORCE_COLOR` on (no-color.org). */
function createPaint(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0';
  const isColoured = !env.NO_COLOR && env.TERM !== 'dumb' && stream.isTTY === true;
  return forced || isColoured
    ? (format, text) => styleText(format, text, { validateStream: false })
    : (_, text) => text;
}

/**
 * Removes characters that a terminal would obey or that disguise a string: escape sequences, control characters except the
 * line break, line and paragraph separators, invisible characters, and those that change the direction of writing.
 */
export function toPlainText(text: string): string {
  return stripVTControlCharacters(text).replace(UNSEEN, ' ');
}

const UNSEEN = /[^\P{Cc}\n]|[\u2800\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** The same on one line: for texts of others, so that no line of theirs looks like one of this program. */
export function toPlainLine(text: string): string {
  return toPlainText(text).replace(/\s+/g, ' ').trim();
}

/** The same within a question: a long value is cut in its middle, so that what stands beside it is seen. */
export function toShortValue(text: string): string {
  const line = toPlainLine(text);
  return line.length > LONGEST_VALUE ? `${line.slice(0, 40)}…${line.slice(-59)}` : line;
}

const LONGEST_VALUE = 100;

/** The same JSON, in which every character that a terminal would obey, or that disguises others, is escaped (RFC 8259 §7). */
export function toPlainJson(json: string): string {
  const toEscape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return json.replace(UNSEEN, (seen) => seen.split('').map(toEscape).join(''));
}

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
      write(paint('dim', `… ${toPlainLine(text)}`.slice(0, (stream.columns ?? 80) - 1)));
      isDirty = true;
    },
  };
}

/** A word of a command that is printed to be copied into a shell: what others chose is in it as it is, and runs nothing. */
export function toShellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) && !word.startsWith('-') ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** ✓, ✗, or ? where it is not known. */
export const toMark = ({ paint }: Output, isGood: boolean | undefined): string =>
  isGood === undefined ? paint('dim', '?') : isGood ? paint('green', '✓') : paint('red', '✗');
