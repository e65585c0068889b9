import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { otherFiles, ROOT, sourceFiles } from './source-imports.ts';

/** Reads a clock, or sets a timer. */
const TAKES_TIME =
  /\b(?:performance|Date)\.now\(|\bnew Date\(\)|\bset(?:Timeout|Interval)\(|node:timers|hrtime/g;
/** A test that waits for a time that it names. */
const WAITS =
  /setTimeout\((?:resolve|done|go|r), *(?:[0-9_]{3,}|[A-Za-z(])|\b(?:sleep|wait|pause)\((?:[0-9_]{3,})\)/;

const LASTS =
  'counts how long something lasts, which the clock of the options does not, and sets timers: tests stop both with stopTime';
const WAITS_FOR_ANOTHER = 'waits for another program';
const PROGRAM = 'measures or ends its own process';
const ONCE = 'runs once, and compares what it is shown with now';
/** By room: how often it takes time by itself at most, and why. Elsewhere it is `clock` of the options, or `startBackgroundTimer`. */
const EXCEPTIONS: Readonly<Record<string, readonly [most: number, why: string]>> = {
  'cli/src/dev': [1, PROGRAM],
  'cli/src/doctor': [11, ONCE],
  'cli/src/keycloak': [5, ONCE],
  'guard/src/adapters': [8, LASTS],
  'guard/src/client': [2, WAITS_FOR_ANOTHER],
  'guard/src/core': [28, LASTS],
  'guard/src/events': [18, LASTS],
  'guard/src/limits': [1, LASTS],
  'guard/src/observability': [1, LASTS],
  'guard/src/outgoing': [2, LASTS],
  'guard/src/redis': [15, WAITS_FOR_ANOTHER],
  'guard/src/session': [8, LASTS],
  'connect/src/express': [3, 'has the interface of keycloak-connect, which takes no clock'],
  'guard/src/tenants': [8, LASTS],
  'server/src': [4, PROGRAM],
  'server/src/limits': [4, PROGRAM],
  'server/src/log': [2, PROGRAM],
  'server/src/observability': [5, PROGRAM],
  'server/src/readiness': [1, WAITS_FOR_ANOTHER],
  'server/src/services': [3, WAITS_FOR_ANOTHER],
  'server/src/shared': [4, WAITS_FOR_ANOTHER],
  'testing/src': [1, 'is the clock that a test sets'],
  'testing/src/cluster': [1, 'stands for machines whose clocks differ'],
  'testing/src/http': [1, 'answers late because a test says so'],
};

const textOf = (file: string) =>
  readFileSync(join(ROOT, 'packages', file), 'utf8').replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');

test('a source takes time from its options; the exceptions have a reason and become no more', () => {
  const counts = new Map<string, number>();
  for (const file of sourceFiles()) {
    const room = file.split('/').slice(0, -1).slice(0, 3).join('/');
    const count = textOf(file).match(TAKES_TIME)?.length ?? 0;
    counts.set(room, (counts.get(room) ?? 0) + count);
  }
  const more = [...counts].filter(([room, count]) => count > (EXCEPTIONS[room]?.[0] ?? 0));
  assert.deepEqual(more, []);
});

test('no test waits for a time, but for those that test/README.md names', () => {
  const text = readFileSync(join(ROOT, 'test/README.md'), 'utf8');
  const [, section = ''] = /^## Tests that wait$([\s\S]*?)^## /m.exec(text) ?? [];
  const [, list = ''] = section.split(':\n\n');
  const named = [...list.matchAll(/`(test\/[^`]+)`/g)].map(([, file]) => `../${file}`);
  const waiting = otherFiles().filter((file) => file.startsWith('../test/') && WAITS.test(textOf(file)));
  const ofReal = (file: string) => /^\.\.\/test\/(?:keycloak\/|redis\/|support\/eventually)/.test(file);
  assert.deepEqual(waiting.filter((file) => !ofReal(file)).sort(), named.sort());
});
