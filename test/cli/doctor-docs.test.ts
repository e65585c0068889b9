import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  BEFORE_UPGRADE,
  BROWSER_CHECKS,
  BY_FLAG,
  CHECKS,
  OF_A_TENANT,
  TOKEN_CHECKS,
} from '../../packages/cli/src/doctor/checks/index.ts';

test('docs/doctor.md names every check, in the order in which they run, and no other', () => {
  const text = readFileSync(new URL('../../docs/doctor.md', import.meta.url), 'utf8');
  const named = [...text.matchAll(/^\| `([a-z]+\.[a-z-]+)` \|/gm)].map(([, id]) => id);
  const lists = [CHECKS, TOKEN_CHECKS, BY_FLAG, BROWSER_CHECKS, BEFORE_UPGRADE, OF_A_TENANT];
  assert.deepEqual(named, [...new Set(lists.flat().map(({ id }) => id))]);
});

test('a check rests only on checks that run before it', () => {
  for (const list of [[...CHECKS, ...BY_FLAG], TOKEN_CHECKS, BROWSER_CHECKS, BEFORE_UPGRADE, OF_A_TENANT]) {
    list.forEach(({ id, needs }, index) => {
      const before = list.slice(0, index).map((one) => one.id);
      for (const need of needs) assert.ok(before.includes(need), `${id} needs ${need}`);
    });
    assert.equal(new Set(list.map(({ id }) => id)).size, list.length);
  }
});
