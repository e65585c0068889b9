// Small mistakes that somebody could make in a source: each is one change of its text.
import { parse } from '@babel/parser';

/** @typedef {{ file: string, start: number, end: number, line: number, column: number, from: string, to: string }} Mutant */

const COMPARISONS = {
  ...{ '===': ['!=='], '!==': ['==='], '==': ['!='], '!=': ['=='] },
  ...{ '<': ['<=', '>='], '<=': ['<', '>'], '>': ['>=', '<='], '>=': ['>', '<'] },
};
const OTHERS = { '+': ['-'], '-': ['+'], '*': ['/'], '/': ['*'], '&&': ['||'], '||': ['&&'], '??': ['&&'] };
const TESTS = ['IfStatement', 'WhileStatement', 'DoWhileStatement', 'ForStatement', 'ConditionalExpression'];

/**
 * Every mutant of a source: a comparison turned or its bound moved, a condition negated, an operator exchanged, a statement or an
 * `await` left out, a number or a truth value changed. Texts stay: most are messages.
 *
 * @param {string} file
 * @param {string} source
 * @returns {Mutant[]}
 */
export function mutantsOf(file, source) {
  const mutants = [];
  const put = ({ start, end, loc }, to) =>
    mutants.push({
      ...{ file, start, end, line: loc.start.line, column: loc.start.column + 1 },
      ...{ from: source.slice(start, end), to },
    });
  // The brackets around an operand are no part of its node.
  const textOf = ({ start, end, extra }) =>
    extra?.parenthesized ? `(${source.slice(start, end)})` : source.slice(start, end);

  function visit(node) {
    if (TESTS.includes(node.type) && node.test != null && node.test.type !== 'BinaryExpression')
      put(node.test, `!(${textOf(node.test)})`);
    switch (node.type) {
      case 'BinaryExpression':
      case 'LogicalExpression':
        for (const other of COMPARISONS[node.operator] ?? OTHERS[node.operator] ?? [])
          put(node, `(${textOf(node.left)} ${other} ${textOf(node.right)})`);
        break;
      case 'UnaryExpression':
        if (node.operator === '!') put(node, `(${textOf(node.argument)})`);
        break;
      case 'AwaitExpression':
        put(node, `(${textOf(node.argument)})`);
        break;
      case 'ExpressionStatement':
      case 'ThrowStatement':
        put(node, ';');
        break;
      case 'BooleanLiteral':
        put(node, String(!node.value));
        break;
      case 'NumericLiteral':
        put(node, node.value < 100 ? `(${textOf(node)} + 1)` : `(${textOf(node)} * 2)`);
        break;
    }
    for (const child of childrenOf(node)) visit(child);
  }
  visit(parse(source, { sourceType: 'module', plugins: ['typescript'] }).program);
  return mutants.filter((one) => isReadable(source, one));
}

/** Types are none of the program. */
function* childrenOf(node) {
  for (const [name, value] of Object.entries(node)) {
    if (name === 'loc' || /[cC]omments$/.test(name)) continue;
    // A key cannot be an expression.
    if (name === 'key' && !node.computed) continue;
    for (const one of Array.isArray(value) ? value : [value])
      if (typeof one?.type === 'string' && (!one.type.startsWith('TS') || 'expression' in one)) yield one;
  }
}

/** @param {string} source @param {Mutant} mutant */
export const mutate = (source, { start, end, to }) => source.slice(0, start) + to + source.slice(end);

function isReadable(source, mutant) {
  try {
    parse(mutate(source, mutant), { sourceType: 'module', plugins: ['typescript'] });
    return true;
  } catch {
    return false;
  }
}

/** The same numbers for the same seed: mulberry32. */
function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @template T @param {readonly T[]} all @returns {T[]} `count` of them, drawn by the seed */
export function draw(all, count, seed) {
  const [left, random] = [[...all], createRandom(seed)];
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const at = Math.floor(random() * left.length);
    const [one] = left.splice(at, 1);
    return one;
  });
}
