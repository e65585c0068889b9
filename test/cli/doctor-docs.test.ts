import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CHECKS, TOKEN_CHECKS } from '../../packages/cli/src/doctor/checks/index.ts';

test('docs/doctor.md names every check, in the order in which they run, and no other', () => {
  const text = readFileSync(new URL('../../docs/doctor.md', import.meta.url), 'utf8');
  const named = [...text.matchAll(/^\| `([a-z]+\.[a-z-]+)` \|/gm)].map(([, id]) => id);
  const ids = [...new Set([...CHECKS, ...TOKEN_CHECKS].map(({ id }) => id))];
  const own = ids.filter((id) => id.startsWith('token.'));
  assert.deepEqual(named, [...ids.filter((id) => !own.includes(id)), ...own]);
});

test('a check rests only on checks that run before it', () => {
  for (const list of [CHECKS, TOKEN_CHECKS]) {
    list.forEach(({ id, needs }, index) => {
      const before = list.slice(0, index).map((one) => one.id);
      for (const need of needs) assert.ok(before.includes(need), `${id} needs ${need}`);
    });
    assert.equal(new Set(list.map(({ id }) => id)).size, list.length);
  }
});
