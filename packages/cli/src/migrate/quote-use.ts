import { lastNameOf, type SyntaxNode, textOf, walk } from '../source/syntax.ts';

const SECRET = /secret|password|public-?key/i;

/** A part of the source, on one line, without the secrets that it contains: the report goes into a pull request. */
export function quoteUse(text: string, node: SyntaxNode): string {
  let shown = '';
  let at = node.start;
  const secrets = [...walk(node)].filter(({ node: one, around }) => isText(one) && isSecret(one, around));
  for (const { node: one } of secrets.sort((a, b) => a.node.start - b.node.start)) {
    // Within another one.
    if (one.start < at) continue;
    shown += `${text.slice(at, one.start)}'…'`;
    at = one.end;
  }
  return (shown + text.slice(at, node.end)).replace(/\s+/g, ' ');
}

const isText = ({ type }: SyntaxNode): boolean => type === 'StringLiteral' || type === 'TemplateLiteral';

function isSecret(one: SyntaxNode, around: readonly SyntaxNode[]): boolean {
  // A URL with a name and a password.
  if (/:\/\/[^/\s]*@/.test(textOf(one) ?? '')) return true;
  return around.some(({ type, key, callee }) => {
    if (type === 'ObjectProperty') return key !== one && SECRET.test(lastNameOf(key) ?? textOf(key) ?? '');
    return type === 'CallExpression' && lastNameOf(callee) === 'obtainDirectly';
  });
}
