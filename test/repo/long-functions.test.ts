import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from '@babel/parser';
import { ROOT, sourceFiles } from './source-imports.ts';

/** Longer ones are cut, by what their parts are about. Unit: lines. */
const MOST = 120;

interface Node {
  readonly type: string;
  readonly loc?: { readonly start: { readonly line: number }; readonly end: { readonly line: number } };
}

const FUNCTION =
  /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression|ObjectMethod|ClassMethod)$/;

/** The lines of each function that is too long, nested ones too. */
function longFunctions(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(longFunctions);
  if (typeof value !== 'object' || value === null || typeof (value as Node).type !== 'string') return [];
  const { type, loc } = value as Node;
  const lines = loc === undefined ? 0 : loc.end.line - loc.start.line + 1;
  const own = FUNCTION.test(type) && lines > MOST ? [`line ${loc?.start.line}: ${lines} lines`] : [];
  return [...own, ...Object.values(value).flatMap(longFunctions)];
}

const parsed = (text: string) =>
  parse(text, { sourceType: 'module', plugins: ['typescript', 'decorators'], attachComment: false }).program;

test(`no function of the packages has more than ${MOST} lines`, () => {
  const long = sourceFiles().flatMap((file) => {
    const text = readFileSync(join(ROOT, 'packages', file), 'utf8');
    if (text.split('\n').length <= MOST) return [];
    return longFunctions(parsed(text)).map((one) => `${file}, ${one}`);
  });
  assert.deepEqual(long, []);
});

test('a function that is too long is seen wherever it stands', () => {
  const lines = (count: number) => '\n'.repeat(count - 1);
  assert.deepEqual(longFunctions(parsed(`const a = { b: () => {${lines(MOST)}} };`)), []);
  assert.deepEqual(longFunctions(parsed(`const a = { b: () => {${lines(MOST + 1)}} };`)), [
    'line 1: 121 lines',
  ]);
  assert.deepEqual(longFunctions(parsed(`class A { @x() b() {${lines(200)}} }`)), ['line 1: 200 lines']);
});
