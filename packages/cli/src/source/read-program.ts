import { parse } from '@babel/parser';
import { isNode, type SyntaxNode } from './syntax.ts';

/** Parses JavaScript or TypeScript with decorators and JSX; `undefined` if it cannot be parsed, or is nested too deep. */
export function readProgram(text: string, file: string): SyntaxNode | undefined {
  const isTypeScript = /\.[cm]?tsx?$/.test(file);
  const hasTags = !/\.[cm]?ts$/.test(file);
  try {
    const program = parse(text, {
      sourceType: 'unambiguous',
      errorRecovery: true,
      plugins: [
        ...(isTypeScript ? (['typescript'] as const) : (['flow'] as const)),
        ...(hasTags ? (['jsx'] as const) : []),
        'decorators-legacy',
      ],
    }).program as unknown as SyntaxNode;
    return isDeep(program) ? undefined : program;
  } catch {
    return undefined;
  }
}

/** Deeper trees would not fit the stack of those that walk through them. Unit: nodes. */
const DEEPEST = 1_000;

function isDeep(program: SyntaxNode): boolean {
  let row: SyntaxNode[] = [program];
  for (let depth = 0; row.length > 0; depth++) {
    if (depth > DEEPEST) return true;
    row = row.flatMap((node) => Object.values(node).flat().filter(isNode));
  }
  return false;
}
