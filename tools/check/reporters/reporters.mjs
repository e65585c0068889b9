// What test runs are told by, and which files failed in one.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const at = (file) => new URL(file, import.meta.url);

/**
 * Flags for `node --test`.
 *
 * @param {string} failed an empty folder of this run, where {@link filesToTryAgain} finds what failed
 */
export function reporters(failed) {
  rmSync(failed, { recursive: true, force: true });
  mkdirSync(failed, { recursive: true });
  return [
    '--import',
    `${at('failed-process.mjs')}?${encodeURIComponent(failed)}`,
    // A terminal shows each test; a log says what failed, at its end.
    `--test-reporter=${process.stdout.isTTY ? 'spec' : at('summary.mjs')}`,
    '--test-reporter-destination=stdout',
  ];
}

/**
 * The files that a second try is for: where CI is set, and no more than `most` failed. More of them together are no accident of
 * a busy machine.
 *
 * @param {string} failed the folder
 * @param {number} most
 * @returns {string[]}
 */
export function filesToTryAgain(failed, most) {
  if (process.env.CI === undefined) return [];
  const files = readdirSync(failed).map((mark) => readFileSync(join(failed, mark), 'utf8'));
  return files.length > most ? [] : files;
}
