// What test runs are told by, and which files failed in one.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const at = (file) => new URL(file, import.meta.url);

/**
 * Flags for `node --test`.
 *
 * @param {string} [failed] an empty folder of this run, where {@link filesToTryAgain} finds what failed
 * @param {number} [limitMs] for each process
 */
export function reporters(failed, limitMs) {
  if (failed !== undefined) {
    rmSync(failed, { recursive: true, force: true });
    mkdirSync(failed, { recursive: true });
  }
  return [
    ...(failed === undefined
      ? []
      : [
          '--import',
          `${at('failed-process.mjs')}?${new URLSearchParams({ folder: failed, limit: limitMs })}`,
        ]),
    // A terminal shows each test; a log says what failed, at its end.
    `--test-reporter=${process.stdout.isTTY ? 'spec' : at('summary.mjs')}`,
    '--test-reporter-destination=stdout',
  ];
}

/**
 * Whether a second try is due: where CI is set, and no more than `most` failed. More of them together are no accident of a busy
 * machine.
 *
 * @param {number} failed
 * @param {number} most
 */
export const mayTryAgain = (failed, most) => process.env.CI !== undefined && failed <= most;

/**
 * @param {string} failed the folder
 * @param {number} most
 * @returns {string[]} the files that a second try is for
 */
export function filesToTryAgain(failed, most) {
  const marks = readdirSync(failed).filter((name) => !name.endsWith('.spent'));
  const files = marks.map((mark) => readFileSync(join(failed, mark), 'utf8'));
  return mayTryAgain(files.length, most) ? files : [];
}
