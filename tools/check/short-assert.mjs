// Loaded before tests that tsx compiles. Where `assert.ok(…)` fails without a message, Node 20 reads the file for one, by
// the line and column of what tsx made of it: all in one line. In a long file that takes hours, and looks like a hang.
import assert from 'node:assert/strict';

const { ok } = assert;

assert.ok = function assertOk(value, message = 'The value is not true: see the stack for where') {
  ok(value, message);
};
