import { parse } from '@babel/parser';
import type { SyntaxNode } from './syntax.ts';

/** Parses JavaScript or TypeScript with decorators and JSX; `undefined` if it cannot be parsed. */
export function readProgram(text: string, file: string): SyntaxNode | undefined {
  const isTypeScript = /\.[cm]?tsx?$/.test(file);
  const hasTags = !/\.[cm]?ts$/.test(file);
  try {
    return parse(text, {
      sourceType: 'unambiguous',
      errorRecovery: true,
      allowReturnOutsideFunction: true,
      plugins: [
        ...(isTypeScript ? (['typescript'] as const) : (['flow'] as const)),
        ...(hasTags ? (['jsx'] as const) : []),
        'decorators-legacy',
      ],
    }).program as unknown as SyntaxNode;
  } catch {
    return undefined;
  }
}
