// Holds the coverage that c8 summed up against what it has to be. Used by `tools/check/test.mjs --coverage`.
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Unit: percent of lines. A file that no test loads counts with 0. */
const LEAST_LINES = 85;
/** Every line and every branch. */
const COMPLETE = 'packages/guard/src/core/';
/** A file without any of these holds types alone: nothing of it ever runs. */
const CODE = /^(?:export )?(?:default |async )*(?:function|const|let|class|await)\b|^export (?:\*|\{)/m;

/**
 * @param {string} root of the repository
 * @returns {string[]} what falls short, a line each
 */
export function findShortfalls(root) {
  const { total: _total, ...summary } = JSON.parse(
    readFileSync(join(root, 'coverage/coverage-summary.json'), 'utf8'),
  );
  const files = Object.entries(summary)
    .filter(([path]) => CODE.test(readFileSync(path, 'utf8')))
    .map(([path, { lines, branches }]) => ({
      file: relative(root, path).split(sep).join('/'),
      lines,
      branches,
    }));
  const shortfalls = files
    .filter(
      ({ file, lines, branches }) => file.startsWith(COMPLETE) && (lines.pct < 100 || branches.pct < 100),
    )
    .map(
      ({ file, lines, branches }) =>
        `${file}: ${lines.pct} % of lines, ${branches.pct} % of branches, not 100 %`,
    );
  const sum = (key) => files.reduce((before, { lines }) => before + lines[key], 0);
  const percent = (100 * sum('covered')) / sum('total');
  console.log(`Coverage of packages: ${percent.toFixed(2)} % of lines`);
  if (percent < LEAST_LINES) shortfalls.push(`packages: not at least ${LEAST_LINES} % of lines`);
  return shortfalls;
}
