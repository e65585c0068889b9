import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill } from '../../packages/create/src/compose.ts';

const as = (...words: string[]) => new Set(words);

test('a template keeps what one of the words asks for, and what is always there', () => {
  const text = 'a\n  // #if one two\nb\n  // #else\nc\n  // #endif\nd\n';
  assert.equal(fill(text, as('two')), 'a\nb\nd\n');
  assert.equal(fill(text, as('three')), 'a\nc\nd\n');
});

test('marks are comments of the language, and can be within one another', () => {
  const text =
    '# #if out\n<!-- #if in -->\nboth\n<!-- #else -->\nout alone\n<!-- #endif -->\n# #endif\nend\n';
  assert.equal(fill(text, as('out', 'in')), 'both\nend\n');
  assert.equal(fill(text, as('out')), 'out alone\nend\n');
  assert.equal(fill(text, as('in')), 'end\n');
});

test('marks that do not fit together are a mistake', () => {
  for (const text of ['// #if a\n', '// #endif\n', '// #else\n']) assert.throws(() => fill(text, as()), /#/);
});
