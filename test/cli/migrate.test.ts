import assert from 'node:assert/strict';
import childProcess, { spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../packages/cli/src/commands/migrate.ts';
import { ROOT } from '../repo/source-imports.ts';

test('migrate of the command line says where it comes from, and runs once @keycloak-guard/connect is installed beside it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'keycloak-guard-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const modules = join(folder, 'node_modules/@keycloak-guard');
  for (const part of ['package.json', 'dist'])
    cpSync(join(ROOT, 'packages/cli', part), join(modules, 'cli', part), { recursive: true });
  writeFileSync(join(folder, 'app.js'), "const Keycloak = require('keycloak-connect');\n");
  const migrate = (...args: string[]) =>
    spawnSync(process.execPath, [join(modules, 'cli/dist/main.js'), 'migrate', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });

  // A project that somebody else wrote has no program that runs.
  const stranger = join(folder, 'shop/node_modules/@keycloak-guard/connect/dist/migrate');
  mkdirSync(stranger, { recursive: true });
  writeFileSync(join(stranger, 'main.js'), "console.log('mine');\n");
  writeFileSync(join(stranger, '../../package.json'), '{ "bin": { "x": "./dist/migrate/main.js" } }');
  for (const args of [[], ['shop']]) {
    const { status, stdout, stderr } = migrate(...args);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(
      stderr,
      /^keycloak-guard migrate: this is the command of @keycloak-guard\/connect, which is not/,
    );
    assert.match(stderr, /Install it, or run: npx @keycloak-guard\/connect migrate\n/);
  }
  assert.equal(migrate('--help').status, 0);

  symlinkSync(join(ROOT, 'packages/connect'), join(modules, 'connect'));
  const { status, stdout, stderr } = migrate();
  assert.equal(status, 0, stderr);
  assert.match(stdout, /\n1 use of keycloak-connect in 1 file\. Nothing must be changed by hand\.\n/);
  const slip = migrate('--wite');
  assert.equal(slip.status, 2);
  assert.match(slip.stderr, /^migrate: Unknown option '--wite'\. Did you mean --write\?\n/);
});

test('migrate hands on its arguments, and ends as the program does; one that was killed is no success', async (t) => {
  const started: unknown[] = [];
  const ends = [0, 2, null];
  t.mock.method(childProcess, 'spawn', ((...call: unknown[]) => {
    started.push(call);
    const child = new EventEmitter();
    process.nextTick(() => child.emit('exit', ends.shift()));
    return child;
  }) as never);
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  assert.deepEqual([await run(['--write']), await run([]), await run([])], [0, 2, 1]);
  const program = join(ROOT, 'packages/connect/dist/migrate/main.js');
  assert.deepEqual(started[0], [
    process.execPath,
    [...process.execArgv, program, 'migrate', '--write'],
    { stdio: 'inherit' },
  ]);
});
