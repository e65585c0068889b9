// What comes from outside (a file, a template, an answer) is copied member by member into a request to Keycloak: no spread of it wins over
// what the request is about, and no text of JSON is changed.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from '@babel/parser';
import { ROOT } from './source-imports.ts';

type Node = Record<string, unknown> & { readonly type: string; readonly start: number; readonly end: number };

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

function* walk(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node))
    for (const one of Array.isArray(value) ? value : [value]) if (isNode(one)) yield* walk(one);
}

/** Parts of a program that send what somebody else wrote unread. */
function findCopies(text: string): string[] {
  if (!/\.(create|update|add|put|import)|JSON\.parse|\.replace/.test(text)) return [];
  const program = parse(text, { sourceType: 'module', plugins: ['typescript'], attachComment: false })
    .program as unknown as Node;
  const textOf = ({ start, end }: Node): string => text.slice(start, end).replace(/\s+/g, ' ');
  const found: string[] = [];
  for (const node of walk(program)) {
    if (node.type !== 'CallExpression') continue;
    const callee = textOf(node.callee as Node);
    const args = node.arguments as Node[];
    if (/\.replace(All)?$/.test(callee) && /JSON\.stringify\(|Json?Text/.test(callee))
      found.push(textOf(node));
    if (callee === 'JSON.parse' && args.some((one) => /\.replace(All)?\((?!\/\^\\uFEFF)/.test(textOf(one))))
      found.push(textOf(node));
    if (!/\b(api|clients?|realms|users|organizations)\b.*\.(create|update|add|put|import)\w*$/i.test(callee))
      continue;
    for (const { type, properties } of args) {
      if (type !== 'ObjectExpression') continue;
      const members = properties as Node[];
      const last = members.findLastIndex((one) => one.type === 'SpreadElement');
      const fixed = members.findIndex((one) => one.type !== 'SpreadElement');
      // Members of a literal are those that stand there.
      const spread = members[last]?.argument as Node | undefined;
      if (last > fixed && fixed !== -1 && spread?.type !== 'ObjectExpression') found.push(textOf(node));
    }
  }
  return found;
}

test('the search finds what it is for', () => {
  assert.equal(findCopies('api.clients.create({ realm, ...client })').length, 1);
  assert.equal(findCopies('api.clients.create({ ...client, realm })').length, 0);
  assert.equal(findCopies('api.clients.create({ ...{ realm, id }, name })').length, 0);
  assert.equal(findCopies("JSON.parse(text.replaceAll('{tenant}', name))").length, 1);
});

test('nothing from outside is spread over what a request to Keycloak is about', () => {
  const files = readdirSync(join(ROOT, 'packages/cli/src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `packages/cli/src/${file}`);
  assert.ok(files.length > 100);
  const found = files.flatMap((file) =>
    findCopies(readFileSync(join(ROOT, file), 'utf8')).map((one) => `${file}: ${one}`),
  );
  // The realm file of this package, whose ports follow those of the API.
  assert.deepEqual(
    found.filter((one) => !one.includes('dev/dev-provider.ts')),
    [],
  );
});
