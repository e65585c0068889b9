// What test runs are told by, and which files failed in one.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (file) => fileURLToPath(new URL(file, import.meta.url));

/**
 * Flags for `node --test`.
 *
 * @param {string} failedFiles where {@link filesToTryAgain} finds them
 */
export const reporters = (failedFiles) => [
  // A terminal shows each test; a log says what failed, at its end.
  `--test-reporter=${process.stdout.isTTY ? 'spec' : at('summary.mjs')}`,
  '--test-reporter-destination=stdout',
  `--test-reporter=${at('failed-files.mjs')}`,
  `--test-reporter-destination=${failedFiles}`,
];

/**
 * The files that a second try is for: where CI is set, and no more than `most` failed. More of them together are no accident of
 * a busy machine.
 *
 * @param {string} failedFiles
 * @param {number} most
 * @returns {string[]}
 */
export function filesToTryAgain(failedFiles, most) {
  if (process.env.CI === undefined || !existsSync(failedFiles)) return [];
  const files = readFileSync(failedFiles, 'utf8').split('\n').filter(Boolean);
  return files.length > most ? [] : files;
}
