import type { SyntaxNode } from './syntax.ts';

/** Hides secrets that a program contains, so that the report does not. */
const SECRETS: readonly [RegExp, string][] = [
  [/((?:secret|password|public-?key)['"`]?\s*:\s*)(['"`])(?:(?!\2).)*\2/gi, "$1'…'"],
  [/(obtainDirectly\()[^)]*/g, '$1…'],
];

/** A part of the source, on one line. */
export function quoteUse(text: string, { start, end }: Pick<SyntaxNode, 'start' | 'end'>): string {
  const line = text.slice(start, end).replace(/\s+/g, ' ');
  return SECRETS.reduce((shown, [pattern, instead]) => shown.replace(pattern, instead), line);
}
