export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly loc: { readonly start: { readonly line: number } };
  readonly [member: string]: unknown;
}

/** A node and every node below it, each with the nodes around it, nearest first. */
export function* walk(root: SyntaxNode): Generator<{ node: SyntaxNode; around: readonly SyntaxNode[] }> {
  // No call within a call: a node costs the same at any depth.
  const next: { node: SyntaxNode; around: readonly SyntaxNode[] }[] = [{ node: root, around: [] }];
  for (let at = next.pop(); at !== undefined; at = next.pop()) {
    yield at;
    const { node, around } = at;
    const children: SyntaxNode[] = [];
    for (const [member, value] of Object.entries(node)) {
      if (member === 'loc' || member.endsWith('Comments') || member === 'tokens') continue;
      for (const one of Array.isArray(value) ? value : [value]) if (isNode(one)) children.push(one);
    }
    const inside = [node, ...around];
    for (const one of children.reverse()) next.push({ node: one, around: inside });
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return (
    typeof (value as SyntaxNode | null)?.type === 'string' && typeof (value as SyntaxNode).start === 'number'
  );
}

/** The value of a string literal, or of a template without expressions; otherwise `undefined`. */
export function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'StringLiteral') return String(node.value);
  if (node.type !== 'TemplateLiteral') return undefined;
  const parts = node.quasis as { value: { cooked?: string } }[];
  return parts.length === 1 ? parts[0]?.value.cooked : undefined;
}

/** The name of an identifier, or of the last member: `keycloak` of `this.auth.keycloak`. */
export function lastNameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  switch (node.type) {
    case 'Identifier':
      return node.name as string;
    case 'MemberExpression':
    case 'OptionalMemberExpression':
      return node.computed === true ? textOf(node.property) : lastNameOf(node.property);
    case 'CallExpression':
    case 'OptionalCallExpression':
      return lastNameOf(node.callee);
    case 'TSNonNullExpression':
    case 'TSAsExpression':
    case 'AwaitExpression':
    case 'ParenthesizedExpression':
      return lastNameOf(node.expression ?? node.argument);
    case 'PrivateName':
      return lastNameOf(node.id);
    default:
      return undefined;
  }
}

export function isFunction(node: SyntaxNode): boolean {
  return /^(Arrow)?Function(Expression|Declaration)$/.test(node.type);
}
