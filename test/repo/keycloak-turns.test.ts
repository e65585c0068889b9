import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONFIGURATIONS, configurationsOfDay, NEWEST } from '../../tools/check/keycloak/configurations.ts';

const DAY_MS = 86_400_000;

test('each day has the newest Keycloak, and a week has every configuration', () => {
  for (const first of [0, Date.UTC(2026, 11, 31), Date.UTC(2028, 1, 28)]) {
    const days = [0, 1, 2, 3, 4, 5, 6].map((day) =>
      configurationsOfDay(first + day * DAY_MS).map(({ name }) => name),
    );
    for (const names of days) assert.equal(names[0], NEWEST.name);
    const all = CONFIGURATIONS.map(({ name }) => name);
    assert.deepEqual([...new Set(days.flat())].toSorted(), all.toSorted());
  }
});
