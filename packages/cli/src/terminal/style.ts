import { stripVTControlCharacters, styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Colours a string, or returns it unchanged if colours are off. */
export type Paint = (format: Format, text: string) => string;

/** Colours are for a terminal. `NO_COLOR` switches them off, `FORCE_COLOR` on (no-color.org). */
export function createPaint(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
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
