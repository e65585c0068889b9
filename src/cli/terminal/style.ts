import { stripVTControlCharacters, styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Colours a text, or leaves it as it is where colours are not wanted. */
export type Paint = (format: Format, text: string) => string;

/** Colours are for a terminal. `NO_COLOR` switches them off, `FORCE_COLOR` on (no-color.org). */
export function createPaint(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0';
  const wanted = !env.NO_COLOR && env.TERM !== 'dumb' && stream.isTTY === true;
  return forced || wanted ? (format, text) => styleText(format, text) : (_, text) => text;
}

/** Takes out what a terminal would obey: escape sequences and other control characters. For text that others wrote. */
export function toPlainText(text: string): string {
  return stripVTControlCharacters(text).replace(/[^\P{Cc}\n]/gu, ' ');
}
