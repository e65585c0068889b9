import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ROOT, sourceFiles } from './source-imports.ts';

const doors = sourceFiles().filter((file) =>
  // What adapters are made of, and servers of MCP in them, is nobody else's.
  /^(?:guard\/src\/[\w-]+|connect\/src(?:\/nest)?)\/index\.ts$/.test(file),
);

/** The declaration of each name that a room of the library exports, with the comment before it. */
function publicDeclarations(): { name: string; comment: string; isFunction: boolean }[] {
  return doors.flatMap((door) => {
    const text = readFileSync(join(ROOT, 'packages', door), 'utf8');
    return [...text.matchAll(/export (?:type )?\{([^}]*)\} from '([^']+)'/g)].flatMap(
      ([, names = '', from = '']) => {
        const file = join(ROOT, 'packages', dirname(door), from);
        return names
          .split(',')
          .map((name) =>
            name
              .trim()
              .replace(/^type /, '')
              .replace(/ as .*/, ''),
          )
          .filter((name) => name !== '')
          .map((name) => ({ name: `${door}: ${name}`, ...declarationIn(file, name) }));
      },
    );
  });
}

/** Where it is exported from another room, that has it from one of its own files. */
function declarationIn(file: string, name: string): { comment: string; isFunction: boolean } {
  const text = readFileSync(file, 'utf8');
  const passedOn = new RegExp(`export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from '([^']+)'`).exec(
    text,
  )?.[1];
  return passedOn === undefined
    ? declarationOf(text, name)
    : declarationIn(join(dirname(file), passedOn), name);
}

function declarationOf(text: string, name: string): { comment: string; isFunction: boolean } {
  const found = new RegExp(
    `(/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n(?://.*\\n)?)?^export (?:abstract )?(async function|function|class|const|interface|type) ${name}\\b`,
    'm',
  ).exec(text);
  return { comment: found?.[1] ?? '', isFunction: found?.[2]?.endsWith('function') ?? false };
}

test('every public name of the library says what it is', () => {
  const declarations = publicDeclarations();
  assert.ok(declarations.length > 80);
  assert.deepEqual(
    declarations.filter(({ comment }) => comment === '').map(({ name }) => name),
    [],
  );
});

test('every public function of the library shows how it is called', () => {
  const functions = publicDeclarations().filter(({ isFunction }) => isFunction);
  assert.ok(functions.length > 20);
  assert.deepEqual(
    functions.filter(({ comment }) => !comment.includes('@example')).map(({ name }) => name),
    [],
  );
});
