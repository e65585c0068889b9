import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TYPESCRIPT } from '../../tools/run/typescript.mjs';

/** On the packages as they are shipped: each file of theirs that is loaded later is one that may be missing then. */
const SHIPPED = TYPESCRIPT.filter((flag) => !flag.startsWith('--conditions='));

test('what is turned on is loaded then: Node 20 tries no file a second time that could not be opened at the first use', async () => {
  const program = fileURLToPath(new URL('parts-at-start-program.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...SHIPPED, program]);
  const uses = [
    ...['assertions of a key and of a secret', 'proofs of DPoP', 'routes of the library'],
    ...['a certificate whose code cannot be loaded', 'events whose code cannot be loaded'],
  ];
  assert.equal(stdout, uses.map((use) => `${use}: good\n`).join(''));
});
