import type { SyntaxNode } from './syntax.ts';

/** A secret that is written in a program must not get into the report. */
const SECRETS: readonly [RegExp, string][] = [
  [/((?:secret|password|public-?key)['"`]?\s*:\s*)(['"`])(?:(?!\2).)*\2/gi, "$1'…'"],
  [/(obtainDirectly\()[^)]*/g, '$1…'],
];

/** The source at one place of a program, on one line. */
export function quoteUse(text: string, { start, end }: Pick<SyntaxNode, 'start' | 'end'>): string {
  const line = text.slice(start, end).replace(/\s+/g, ' ');
  return SECRETS.reduce((shown, [pattern, instead]) => shown.replace(pattern, instead), line);
}
