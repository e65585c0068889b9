import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './source-imports.ts';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
/** Each command, by the name of its script. */
const commands = Object.entries(scripts).flatMap(([name, line]) =>
  line.split(' && ').map((command) => ({ name, words: command.split(' ') })),
);

test('every program that a script of package.json runs is there', () => {
  const programs = commands.flatMap(({ name, words }) =>
    words.filter((word) => /\.(ts|mjs)$/.test(word)).map((file) => ({ name, file })),
  );
  assert.deepEqual(
    programs.filter(({ file }) => !existsSync(join(ROOT, file))),
    [],
  );
  assert.ok(programs.length > 15);
});

test('tsx is told to watch before anything else: after a flag it takes the word for a program', () => {
  const watching = commands.filter(({ words }) => words[0] === 'tsx' && words.includes('watch'));
  assert.deepEqual(
    watching.map(({ name, words }) => `${name}: ${words.slice(0, 2).join(' ')}`),
    ['dev: tsx watch'],
  );
});

test('CONTRIBUTING.md names every script', () => {
  const text = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const isNamed = (name: string) => new RegExp(`npm (?:run )?${name}(?![\\w:])`).test(text);
  assert.deepEqual(
    Object.keys(scripts).filter((name) => !isNamed(name)),
    [],
  );
});
