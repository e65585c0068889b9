import type { SyntaxNode } from './syntax.ts';

/** A secret that is written into a program does not get into a report too. */
const SECRETS: readonly [RegExp, string][] = [
  [/((?:secret|password|public-?key)['"`]?\s*:\s*)(['"`])(?:(?!\2).)*\2/gi, "$1'…'"],
  [/(obtainDirectly\()[^)]*/g, '$1…'],
];

/** What is written at a place of a program, on one line. */
export function quoteUse(text: string, { start, end }: Pick<SyntaxNode, 'start' | 'end'>): string {
  const line = text.slice(start, end).replace(/\s+/g, ' ');
  return SECRETS.reduce((shown, [pattern, instead]) => shown.replace(pattern, instead), line);
}
