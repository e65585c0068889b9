import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSessionOwners } from '../../packages/guard/src/adapters/engine/parts/mcp-sessions.ts';

describe('whose the sessions of MCP clients are', () => {
  test('one that was not used for a day is nobody’s any more, though the server may still know it', () => {
    let now = 0;
    const owners = createSessionOwners(() => now);
    owners.give('session', 'one');
    assert.equal(owners.groups, 2);
    now += 86_399_999;
    assert.equal(owners.isFor('session', 'one'), true);
    now += 86_399_999;
    assert.equal(owners.isFor('session', 'two'), false);
    now += 1;
    assert.deepEqual(
      [owners.isFor('session', 'two'), owners.isFor('session', 'one'), owners.size, owners.groups],
      [false, false, 0, 0],
    );
  });

  test('who opens many pushes out their own, and nobody else’s', () => {
    const owners = createSessionOwners(() => 0, 100, 3);
    owners.give('mine', 'one');
    for (let i = 0; i < 50; i++) owners.give(`flood-${i}`, 'two');
    assert.equal(owners.size, 4);
    assert.equal(owners.isFor('mine', 'two'), false);
    for (const id of ['flood-46', 'flood-47', 'flood-49']) assert.equal(owners.isFor(id, 'one'), false, id);
    assert.deepEqual(
      [owners.isFor('flood-46', 'two'), owners.isFor('flood-47', 'two'), owners.isFor('mine', 'one')],
      [false, true, true],
    );
  });

  test('there are never more than a number of them; what was used longest ago goes first', () => {
    const owners = createSessionOwners(() => 0, 2);
    owners.give('a', 'one');
    owners.give('b', 'two');
    owners.isFor('a', 'one');
    owners.give('c', 'three');
    assert.deepEqual(
      [owners.size, owners.isFor('a', 'one'), owners.isFor('c', 'three'), owners.isFor('b', 'two')],
      [2, true, true, false],
    );
    assert.equal(owners.isFor('b', 'x'), false, 'what was pushed out is open to nobody');
  });

  test('if there are too many, the tenant that has most loses its own, and no other one', () => {
    const owners = createSessionOwners(() => 0, 10, 3);
    owners.give('of acme', 'ann', 'acme');
    for (let person = 0; person < 50; person++) owners.give(`flood-${person}`, `p${person}`, 'hostile');
    assert.deepEqual([owners.size, owners.isFor('of acme', 'ann')], [10, true]);
    const left = Array.from({ length: 50 }, (_, at) => owners.isFor(`flood-${at}`, `p${at}`));
    assert.deepEqual(left, [...Array(41).fill(false), ...Array(9).fill(true)]);
  });

  test('an id that was never given out is nobody’s, and is not kept', () => {
    const owners = createSessionOwners(() => 0);
    assert.equal(owners.isFor('made-up', 'one'), false);
    assert.equal(owners.size, 0);
  });
});
